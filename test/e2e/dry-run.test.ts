// `--dry-run` decides and records, and touches nothing: no process, no state, no notice (R20). `recovery.enabled: false` alerts as usual.
import { existsSync, readFileSync } from 'node:fs';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const STATE = ['health-state.json', 'recovery-state.json', 'alert-state.json', 'alert-pending.json'];

it.concurrent('a dry run decides everything and touches nothing', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const before = new Map<string, string>();
  for (const name of STATE) if (existsSync(inHome(place, name))) before.set(name, readFileSync(inHome(place, name), 'utf8'));
  const engine = await startEngine(place, ['--dry-run']);
  await untilService(place, 'web', 'three strikes', (view) => view.consecutiveFailures >= 4);
  expect((await status(place)).engine).toMatchObject({ dryRun: true });
  await until('attempts are recorded', () => logLines(place, 'recovery', 'recovery-finished').length >= 2);
  for (const line of logLines(place, 'recovery', 'recovery-finished'))
    expect(line).toMatchObject({ outcome: 'dry-run', remedy: 'restart-process' });
  await until('the alert is decided', () => logLines(place, 'alerts', 'alert').length === 1);
  expect(logLines(place, 'alerts', 'alert')[0]).toMatchObject({ kind: 'down', channels: [] });
  const healed = await run(place, ['heal', 'web', '--json']);
  expect(healed).toMatchObject({ code: 0 });
  expect(healed.json).toMatchObject({ outcome: 'dry-run', output: expect.stringContaining('Would have run') });
  for (const word of ['start', 'stop']) expect((await run(place, [word, 'web'])).err).toContain('With --dry-run nothing is');
  expect((await engine.end('SIGTERM')).code).toBe(0);
  expect(web.starts(), 'nothing was started').toEqual([]);
  for (const name of STATE) expect(existsSync(inHome(place, name)), name).toBe(before.has(name));
  expect((await run(place, ['history', '--json'])).json.length, 'and all of it can be read').toBeGreaterThan(5);
});

it.concurrent('a dry run leaves the state of a real one as it is', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  expect((await run(place, ['pause', 'web'])).code).toBe(0);
  const before = STATE.map((name) => (existsSync(inHome(place, name)) ? readFileSync(inHome(place, name), 'utf8') : undefined));
  const engine = await startEngine(place, ['--dry-run']);
  await untilService(place, 'web', 'paused', (view) => view.phase === 'paused');
  expect((await run(place, ['resume', 'web'])).code).toBe(0);
  await untilService(place, 'web', 'looked at', (view) => view.status === 'error');
  await engine.end('SIGTERM');
  expect(STATE.map((name) => (existsSync(inHome(place, name)) ? readFileSync(inHome(place, name), 'utf8') : undefined))).toEqual(before);
  expect(web.starts()).toEqual([]);
});

it.concurrent('with recovery switched off it alerts as usual, repairs nothing, never gives up; a person still may', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, recovery: { enabled: false }, services: [web.service()] });
  const engine = await startEngine(place);
  const view = await untilService(place, 'web', 'told', (one) => one.alerting && one.consecutiveFailures >= 4);
  expect(view).toMatchObject({ phase: 'failing', recoveryReason: 'recovery-disabled' });
  expect(logLines(place, 'recovery').map((line) => [line['event'], line['reason']])).toEqual([['recovery-skipped', 'recovery-disabled']]);
  expect((await run(place, ['heal', 'web'])).code).toBe(0);
  await web.up();
  await engine.end('SIGTERM');
});
