// The configuration is changed while the engine runs: good edits, bad edits, a file that goes away, services that come and go.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, readHome, status, untilService, writeConfig } from './helpers/home.ts';
import { freePort, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

it.concurrent('a good edit is taken; a bad one keeps the last good configuration and says so', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  await web.startByHand();
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'One' })] });
  const engine = await startEngine(place);
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');

  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Two' }), { id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  await untilService(place, 'memory', 'the added one is looked at', (view) => view.status === 'ok');
  await untilService(place, 'web', 'the new name', (view) => view.name === 'Two');

  writeConfig(place, JSON.stringify({ ...QUICK, servces: [] }, null, 2));
  await until('the refusal is shown', async () => (await status(place)).problems.some((problem) => problem.code === 'config-refused'));
  const shown = await run(place, ['status']);
  expect(shown.code, 'yellow: a person has to act, but nothing is red').toBe(1);
  expect(shown.out).toMatch(/config\.json is refused, the last good one is in force\. Line \d+: .*servces/);
  expect((await status(place)).services.map((view) => view.id)).toEqual(['web', 'memory']);
  await until('the refusal is in the log', () => logLines(place, 'health', 'config-refused').length === 1);
  expect(String(logLines(place, 'health', 'config-refused')[0]?.['problems'])).toContain('servces');
  // Written in place this time, as some editors do.
  writeFileSync(inHome(place, 'config.json'), JSON.stringify({ ...QUICK, services: [web.service({ name: 'Three' })] }));
  await untilService(place, 'web', 'the mended file', (view) => view.name === 'Three');
  const after = await status(place);
  expect(after.problems).toEqual([]);
  expect(after.services).toHaveLength(1);
  expect(logLines(place, 'alerts'), 'a reload makes no sound (R19)').toEqual([]);
  await engine.end('SIGTERM');
});

it.concurrent('the file goes away and comes back: the engine goes on, says so, and stops saying so', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  const config = { ...QUICK, services: [web.service()] };
  writeConfig(place, config);
  const engine = await startEngine(place);
  await web.up();
  rmSync(inHome(place, 'config.json'));
  await until('the loss is shown', async () => (await status(place)).problems.some((problem) => problem.code === 'config-refused'));
  await untilService(place, 'web', 'still watched', (view) => view.phase === 'healthy');
  const edited = { ...config, services: [web.service({ name: 'Back' })] };
  writeConfig(place, edited);
  await untilService(place, 'web', 'the new file', (view) => view.name === 'Back');
  expect((await status(place)).problems).toEqual([]);

  rmSync(inHome(place, 'config.json'));
  await until('the loss is shown again', async () => (await status(place)).problems.length > 0);
  writeConfig(place, edited);
  await until('the same text is well too', async () => (await status(place)).problems.length === 0, 8_000);
  expect((await engine.end('SIGTERM')).code).toBe(0);
});

it.concurrent('a service that is renamed, removed and comes back while it fails keeps its own past, and only that', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const port = await freePort();
  const dead = (id: string) => ({ id, check: { type: 'tcp' as const, port } });
  const other = { id: 'memory', check: { type: 'memory' as const, maxUsed: '99%' } };
  writeConfig(place, { ...QUICK, services: [dead('old'), other] });
  const engine = await startEngine(place);
  await untilService(place, 'old', 'told', (view) => view.alerting);

  writeConfig(place, { ...QUICK, services: [dead('new'), other] });
  await untilService(place, 'new', 'begins with no past', (view) => view.consecutiveFailures === 1 && !view.alerting);
  expect((await status(place)).services.map((view) => view.id)).toEqual(['new', 'memory']);
  const unknown = await run(place, ['check', 'old']);
  expect(unknown.code).toBe(64);
  expect(unknown.err).toContain('Watched are: new, memory.');

  writeConfig(place, { ...QUICK, services: [other, dead('old')] });
  const back = await untilService(place, 'old', 'has its past again', (view) => view.reason !== 'not-yet-checked');
  expect(back).toMatchObject({ alerting: true });
  expect(back.consecutiveFailures).toBeGreaterThanOrEqual(3);
  expect(
    (await status(place)).services.map((view) => view.id),
    'the order of the file',
  ).toEqual(['memory', 'old']);
  const told = logLines(place, 'alerts', 'alert').filter((line) => line['service'] === 'old');
  expect(told, 'told once').toHaveLength(1);
  expect(readdirSync(place.home).filter((name) => name.includes('corrupt'))).toEqual([]);
  expect(JSON.parse(readHome(place, 'alert-pending.json')).version).toBe(1);
  await engine.end('SIGTERM');
});
