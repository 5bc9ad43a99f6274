// What time does to an engine that really runs (R9): one that the system stops for a while and lets go on, as a sleep, a debugger or
// an overloaded machine does. Both clocks faked, for hours and years: test/simulation.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { bootId, createClock } from '../../src/engine/system.ts';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, readHome, status, untilService, writeConfig } from './helpers/home.ts';
import { freePort, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

/** A beat of 15 s that comes over 30 s late was a sleep. */
const STOPPED_MS = 50_000;

it('an engine that was stopped for most of a minute takes it as a sleep: no strike for what it missed, a settle time, one repair, nobody told', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const [web, steady] = await Promise.all([newWeb(place, 'web'), newWeb(place, 'steady')]);
  const [pid, other] = await Promise.all([web.startByHand(), steady.startByHand()]);
  // Looked at every second and told at the first strike: whatever counts what was missed, shows.
  writeConfig(place, { ...QUICK, services: [web.service({ afterFailures: 2 }), steady.service({ afterFailures: 1 })] });
  const engine = await startEngine(place);
  for (const id of ['web', 'steady']) await untilService(place, id, 'well', (view) => view.status === 'ok');

  process.kill(engine.pid, 'SIGSTOP');
  const stoppedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  await until('stopped for long enough', () => performance.now() - stoppedAt > STOPPED_MS, 2 * STOPPED_MS);
  process.kill(engine.pid, 'SIGCONT');

  await until('the sleep is on record', () => logLines(place, 'health', 'slept').length > 0);
  const slept = logLines(place, 'health', 'slept');
  expect(slept).toHaveLength(1);
  expect(slept[0]?.['forMs']).toBeGreaterThan(30_000);
  await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded', 90_000);
  expect(await web.up(pid)).not.toBe(pid);

  const sleptAt = Date.parse(String(slept[0]?.['at']));
  const started = logLines(place, 'recovery', 'recovery-started');
  expect(started.map(({ service }) => service)).toEqual(['web']);
  expect(Date.parse(String(started[0]?.['at'])) - sleptAt, 'its checks come after one settle time of 30 s').toBeGreaterThanOrEqual(30_000);
  const strikes = logLines(place, 'health', 'check').filter((line) => Number(line['consecutiveFailures']) > 1);
  expect(strikes, 'nothing that was missed is made up for').toEqual([]);
  expect(logLines(place, 'alerts')).toEqual([]);
  expect(await steady.pid(), 'what was well all the time was not touched').toBe(other);
  expect((await status(place)).problems).toEqual([]);
  expect((await engine.end('SIGTERM')).code).toBe(0);
}, 240_000);

it('the whole machine stands still for some seconds while looks are under way: what could not be answered in time is no strike', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const file = path.join(place.work, 'slow.mjs');
  writeFileSync(
    file,
    `import http from 'node:http'; http.createServer((_, response) => setTimeout(() => response.end('slow'), 700)).listen(Number(process.argv[2]), '127.0.0.1');`,
  );
  const port = await freePort();
  const child = spawn(process.execPath, [file, String(port)], { stdio: 'ignore' });
  const pid = child.pid as number;
  const asked = path.join(place.work, 'asked');
  writeConfig(place, {
    ...QUICK,
    services: [
      {
        id: 'slow',
        check: { type: 'http', url: `http://127.0.0.1:${port}/`, timeout: '2s' },
        recovery: [{ type: 'command', run: ['/usr/bin/touch', asked] }],
      },
    ],
  });
  const engine = await startEngine(place);
  await untilService(place, 'slow', 'well', (view) => view.status === 'ok');
  for (let round = 0; round < 3; round += 1) {
    const before = logLines(place, 'health', 'check').length;
    await until('a look has ended', () => logLines(place, 'health', 'check').length > before);
    // The next one begins within 300 ms, and its answer takes 700.
    await new Promise((resolve) => setTimeout(resolve, 650));
    for (const one of [pid, engine.pid]) process.kill(one, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    for (const one of [engine.pid, pid]) process.kill(one, 'SIGCONT');
    await until('it is looked at again', () => logLines(place, 'health', 'check').length > before + 3);
  }
  const lines = logLines(place, 'health', 'check');
  expect(lines.filter((line) => line['status'] === 'error')).toEqual([]);
  expect(lines.some((line) => line['reason'] === 'cut-short')).toBe(true);
  expect(existsSync(asked), 'nothing is repaired that was well').toBe(false);
  child.kill('SIGKILL');
  expect((await engine.end('SIGTERM')).code).toBe(0);
}, 90_000);

it('a clock that was set years ahead while no engine ran: one round of `--once` deletes no log for it, and says why', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const { boot, ...now } = createClock(await bootId(process.platform)).now();
  const logs = path.join(place.work, 'logs');
  mkdirSync(logs);
  const yearsMs = 3 * 365 * 86_400_000;
  const write = (name: string, agoMs: number): void => {
    writeFileSync(path.join(logs, name), 'x');
    utimesSync(path.join(logs, name), (now.wallMs - agoMs) / 1_000, (now.wallMs - agoMs) / 1_000);
  };
  write('young.log', yearsMs + 60_000);
  write('old.log', yearsMs + 40 * 86_400_000);
  const recovery = [{ type: 'delete-old-logs' as const, paths: [`${logs}/*.log`], olderThan: '30d', startWindow: '1s' }];
  const check = { type: 'disk' as const, path: place.work, minFree: '100%' };
  writeConfig(place, { ...QUICK, services: [{ id: 'disk', check, recovery }] });
  // A minute ago, when another engine last looked, it was three years earlier.
  const last = { boot, fromBootMs: now.bootMs - 120_000, toBootMs: now.bootMs - 60_000, aheadMs: now.wallMs - now.bootMs - yearsMs };
  writeFileSync(inHome(place, 'clock-state.json'), JSON.stringify({ version: 1, spans: [last] }));

  await run(place, ['check', '--once', 'disk']);
  expect(readdirSync(logs)).toEqual(['young.log']);
  expect(logLines(place, 'recovery', 'file-kept')[0]).toMatchObject({ path: expect.stringMatching(/young\.log$/), reason: 'age-in-doubt' });
  expect(logLines(place, 'recovery', 'file-deleted')).toMatchObject([{ ageDays: expect.closeTo(40, 0) }]);
  expect(JSON.parse(readHome(place, 'clock-state.json')).spans).toHaveLength(2);
});
