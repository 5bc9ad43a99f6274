// `check` as a monitoring plugin (exit codes 0-3), with and without an engine; the whole round with --once; exit codes of misuse.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, readHome, writeConfig } from './helpers/home.ts';
import { freePort, newPlace } from './helpers/place.ts';
import { newWeb } from './helpers/web.ts';

const SERVICES = [0, 1, 2, 3].map((code) => ({
  id: `exit-${code}`,
  name: `Exit ${code}`,
  check: {
    type: 'command' as const,
    run: ['/bin/sh', '-c', `echo "load is ${code} | load=${code}"; exit ${code}`] as [string, ...string[]],
  },
}));

it.concurrent('exit code and first line are what a monitoring system expects, without an engine and with one', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, { ...QUICK, services: SERVICES });
  const alone: string[] = [];
  for (const hasEngine of [false, true]) {
    const engine = hasEngine ? await startEngine(place) : undefined;
    const ran = await Promise.all(['exit-0', 'exit-1', 'exit-2', 'exit-3'].map((id) => run(place, ['check', id])));
    const first = ran.map(({ out, code }) => `${code} ${out.split('\n')[0]}`);
    expect(first).toEqual([
      '0 OK: 1 of 1 services are well',
      '1 WARNING: Exit 1: load is 1',
      '2 CRITICAL: Exit 2: load is 2',
      '3 UNKNOWN: Exit 3: load is 3',
    ]);
    for (const { out, err } of ran) {
      expect(out).not.toContain('\u001b');
      expect(err).toBe('');
    }
    const all = await run(place, ['check', '--json']);
    expect(all.code).toBe(2);
    expect(all.json.overall).toBe('error');
    expect(all.json.services.map((view: { status: string }) => view.status)).toEqual(['ok', 'warning', 'error', 'unknown']);
    if (!hasEngine) {
      alone.push(...readdirSync(place.home));
      expect(logLines(place, 'health', 'check').length, 'what was seen is recorded').toBeGreaterThanOrEqual(8);
      expect(logLines(place, 'recovery')).toEqual([]);
      expect(logLines(place, 'alerts')).toEqual([]);
    }
    await engine?.end('SIGTERM');
  }
});

it.concurrent('check --once and --once without an engine: the whole round, with the outcome of its attempt', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  const dead = await freePort();
  writeConfig(place, {
    ...QUICK,
    services: [web.service(), { id: 'dead', afterFailures: 1, check: { type: 'tcp', port: dead } }],
  });
  const once = await run(place, ['check', '--once', 'web', '--json']);
  expect(once.code).toBe(0);
  expect(once.json.services[0]).toMatchObject({ id: 'web', status: 'ok', lastAttempt: { outcome: 'succeeded', trigger: 'auto' } });
  const pid = await web.up();

  const again = await run(place, ['--once']);
  expect(again.code).toBe(2);
  expect(again.out).toMatch(/^CRITICAL: Dead: Connection refused/i);
  expect(await web.pid(), 'nothing is started twice').toBe(pid);
  expect(logLines(place, 'alerts')).toMatchObject([{ event: 'alert', service: 'dead', kind: 'down', strikes: 1 }]);
  expect(JSON.parse(readHome(place, 'alert-pending.json')).alerts).toMatchObject([{ service: 'dead', state: 'pending' }]);
  expect(existsSync(inHome(place, 'engine.json'))).toBe(false);

  // The next round knows of the first: no second alert, nothing started.
  expect((await run(place, ['check', '--once'])).code).toBe(2);
  expect(logLines(place, 'alerts')).toHaveLength(1);
  expect(web.starts()).toHaveLength(1);
});

it.concurrent('heal, pause and ack work on the files when no engine runs, and the engine takes them over', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const healed = await run(place, ['heal', 'web']);
  expect(healed.code).toBe(0);
  expect(healed.err).toContain('No engine runs');
  const pid = await web.up();
  expect((await run(place, ['pause', 'web', '--for', '1h'])).code).toBe(0);
  const engine = await startEngine(place);
  const seen = await run(place, ['status', '--json']);
  expect(seen.json.services[0]).toMatchObject({ phase: 'paused' });
  expect(Date.parse(seen.json.services[0].pausedUntil)).toBeGreaterThan(Date.now() + 3_400_000);
  expect((await run(place, ['resume', 'web'])).code).toBe(0);
  expect((await run(place, ['stop', 'web'])).code, 'what another process of ours started is known').toBe(0);
  expect(await web.pid()).toBeUndefined();
  expect(pid).toBe(web.starts()[0]);
  await engine.end('SIGTERM');
});

it.concurrent('misuse exits 64, no engine 69, a bad configuration 78; nothing is changed by any of them', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const usage = [
    ['frobnicate'],
    ['pause'],
    ['pause', 'web', '--for', 'soon'],
    ['alerts', 'steal', 'x'],
    ['logs', '--lines', '-3'],
    ['history', '--since', '0s'],
    [],
  ];
  for (const ran of await Promise.all(usage.map((words) => run(place, words)))) {
    expect(ran).toMatchObject({ code: 64, out: '' });
    expect(ran.err).not.toBe('');
    expect(ran.err).not.toMatch(/^ {4}at /m);
  }
  for (const ran of await Promise.all([run(place, ['status']), run(place, ['status', '--json'])])) expect(ran.code).toBe(69);
  expect(existsSync(place.home), 'none of these made a home').toBe(false);

  const bad = '{ "services": [ { "id": "web", "chekc": { "type": "tcp", "port": 0 } } ] }';
  writeConfig(place, bad);
  const before = statSync(inHome(place, 'config.json')).mtimeMs;
  for (const words of [['validate'], ['run'], ['check'], ['start'], ['validate', inHome(place, 'config.json')]]) {
    const ran = await run(place, words);
    expect(ran.code, words.join(' ')).toBe(78);
    expect(ran.err, words.join(' ')).toMatch(/chekc|refused/);
  }
  const shown = await run(place, ['validate', '--json']);
  expect(shown.json).toMatchObject({ ok: false, problems: [{ line: 1, nearest: 'check' }] });
  expect(statSync(inHome(place, 'config.json')).mtimeMs).toBe(before);
  expect(readFileSync(inHome(place, 'config.json'), 'utf8')).toBe(bad);
  expect(readdirSync(place.home).filter((name) => name.includes('state') || name.includes('corrupt'))).toEqual([]);

  writeConfig(place, { services: [] });
  expect(await run(place, ['validate'])).toMatchObject({ code: 0, out: `${inHome(place, 'config.json')} is valid: 0 services.\n` });
});
