// `replay` as people call it: against a running engine and against the files alone, the same answer; the configuration in force
// gives what happened, another what it would have made of it. Nothing of the home is changed by it.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ReplayReport } from '../../src/contract/replay.ts';
import { run, startEngine } from './helpers/command.ts';
import { client, inHome, logLines, QUICK, writeConfig } from './helpers/home.ts';
import { freePort, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';

test('a week with one outage: as it was, and as it would have been', async () => {
  const place = newPlace();
  const port = await freePort();
  const config = (afterFailures: number) => ({
    ...QUICK,
    alerts: { ...QUICK.alerts, afterFailures },
    services: [
      { id: 'shop', check: { type: 'tcp' as const, port }, recovery: [] },
      { id: 'memory', check: { type: 'memory' as const, maxUsed: '100%' } },
    ],
  });
  writeConfig(place, config(2));
  const engine = await startEngine(place);
  await until('told', () => logLines(place, 'alerts', 'alert').length > 0);
  const write = (name: string, value: object) => {
    writeFileSync(path.join(place.dir, name), JSON.stringify(value));
    return path.join(place.dir, name);
  };
  const patient = write('patient.json', config(500));
  const ask = async (...args: string[]): Promise<ReplayReport> => (await run(place, ['replay', '--json', ...args])).json;

  const same = await ask('--since', '1h');
  expect(same.was.alerts).toBeGreaterThan(0);
  expect(same.would).toEqual(same.was);
  expect(same.events.filter(({ was, would }) => was === null || would === null)).toEqual([]);
  expect(same.exactFrom).toBe(same.from);

  const fewer = await ask('--config', patient);
  expect(fewer.would.alerts).toBeLessThan(fewer.was.alerts);
  expect(fewer.sentence).toMatch(/alerts? instead of/);

  const broken = write('broken.json', { services: [{ id: 'shop' }] });
  expect((await run(place, ['replay', '--config', broken])).code).toBe(78);
  await expect((await client(place)).ask('replay', { text: '{' })).rejects.toMatchObject({ code: 'config-invalid' });

  await engine.end('SIGTERM');
  const before = readdirSync(place.home);
  const log = readFileSync(inHome(place, 'health.log'), 'utf8');
  const offline = await ask('--config', patient);
  expect(offline.would.alerts).toBe(fewer.would.alerts);
  const text = await run(place, ['replay', '--config', patient]);
  expect(text.code).toBe(0);
  expect(text.out).toMatch(/would have had/);
  expect(readdirSync(place.home)).toEqual(before);
  expect(readFileSync(inHome(place, 'health.log'), 'utf8')).toBe(log);
});

test('a record with holes says which parts are missing, and what is there is played all the same', async () => {
  const place = newPlace();
  const port = await freePort();
  writeConfig(place, { ...QUICK, services: [{ id: 'shop', check: { type: 'tcp' as const, port }, recovery: [] }] });
  // Five hours, a look a minute, an hour a file; a repair and an alert in each.
  const [MINUTE, HOURS] = [60_000, 5];
  const beginMs = Date.now() - 6 * 60 * MINUTE;
  const iso = (minute: number) => new Date(beginMs + minute * MINUTE).toISOString();
  const look = (minute: number) => {
    const isDown = minute % 60 === 30;
    return {
      at: iso(minute),
      event: 'check',
      service: 'shop',
      status: isDown ? 'error' : 'ok',
      phase: isDown ? 'failing' : 'healthy',
      reason: isDown ? 'refused' : 'answered',
      message: '',
      latencyMs: 1,
      value: null,
      unit: null,
      consecutiveFailures: isDown ? 1 : 0,
      ...(isDown ? { incident: `i-${minute}` } : {}),
    };
  };
  const repair = (minute: number) => ({
    at: iso(minute),
    event: 'recovery-started',
    service: 'shop',
    attempt: `a-${minute}`,
    remedy: 'command',
    trigger: 'auto',
    reason: 'first-strike',
  });
  const archive = inHome(place, 'archive');
  mkdirSync(archive, { mode: 0o700 });
  const file = (log: string, hour: number) =>
    hour === HOURS - 1
      ? inHome(place, `${log}.log`)
      : path.join(archive, `${log}-${iso(hour * 60 + (log === 'health' ? 59 : 31)).replaceAll(':', '-')}.log.gz`);
  for (let hour = 0; hour < HOURS; hour += 1) {
    const minutes = Array.from({ length: 60 }, (_, index) => hour * 60 + index);
    for (const [log, lines] of [
      ['health', minutes.map(look)],
      ['recovery', [repair(hour * 60 + 31)]],
    ] as const) {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      writeFileSync(file(log, hour), hour === HOURS - 1 ? text : gzipSync(text), { mode: 0o600 });
    }
  }
  // The engine makes its history of them.
  const engine = await startEngine(place);
  const known = async () =>
    (await (await client(place)).ask('history', { service: 'shop', from: iso(-10), to: iso(310), points: 50 })).points.reduce(
      (sum, { count }) => sum + count,
      0,
    );
  await until('the history knows all of it', async () => (await known()) >= 300);
  await engine.end('SIGTERM');
  const ask = async (): Promise<ReplayReport> => (await run(place, ['replay', '--since', '6h', '--json'])).json;
  const whole = await ask();
  expect(whole.missing).toEqual([]);
  expect(whole.was.repairs).toBe(5);

  const packed = readFileSync(file('health', 0));
  writeFileSync(file('health', 0), packed.subarray(0, packed.length / 2)); // cut by a full disk, say
  rmSync(file('health', 2));
  rmSync(file('recovery', 3));
  const lines = readFileSync(inHome(place, 'health.log'), 'utf8').split('\n');
  lines[5] = (lines[5] as string).slice(0, 40);
  lines[6] = '\0'.repeat(200);
  writeFileSync(inHome(place, 'health.log'), lines.join('\n'));
  const name = (log: string, hour: number) => path.relative(place.home, file(log, hour));
  const holed = await ask();
  expect(holed.missing).toMatchObject([
    {
      kind: 'broken-archive',
      file: name('health', 0),
      to: iso(59),
      lines: null,
      message: expect.stringContaining('unexpected end of file'),
    },
    {
      kind: 'missing-file',
      file: 'health.log',
      from: iso(119),
      to: iso(180),
    },
    { kind: 'missing-file', file: 'recovery.log', from: iso(151), to: iso(271) },
    { kind: 'damaged-lines', file: 'health.log', lines: 2, from: iso(244), to: iso(247) },
  ]);
  expect(holed.looks).toBeGreaterThan(100);
  const text = (await run(place, ['replay', '--since', '6h'])).out;
  expect(text).toMatch(/Parts of the record could not be read/);
  for (const { message } of holed.missing) expect(text).toContain(message);
  // Where the history is damaged too, that is said as well, and nothing breaks.
  const db = readFileSync(inHome(place, 'history.db'));
  db.fill(0x55, 100, 8_000);
  writeFileSync(inHome(place, 'history.db'), db);
  expect((await run(place, ['replay', '--since', '30d', '--json'])).json.missing).toContainEqual(
    expect.objectContaining({ kind: 'broken-history', file: 'history.db' }),
  );
});
