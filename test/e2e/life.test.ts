// The life of one service under the real engine: started, killed, hung, broken, given up, and mended by a person.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, readHome, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

it.concurrent('what does not run is started; killed, hung and answering 500 it is healed, and nobody is told', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '1s', maxAttempts: 20, window: '60s' },
    services: [web.service({ id: 'web', name: 'Web' })],
  });
  const engine = await startEngine(place);
  const first = await web.up();
  await untilService(place, 'web', 'ok after the start', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');

  kill(first, 'SIGKILL');
  const second = await web.up(first);
  await untilService(place, 'web', 'healed after a kill', (view) => view.phase === 'healthy');

  await web.mood('hang');
  const third = await web.up(second);
  await untilService(place, 'web', 'healed after a hang', (view) => view.phase === 'healthy');

  await web.mood('break');
  const fourth = await web.up(third);
  await untilService(place, 'web', 'healed after answering 500', (view) => view.phase === 'healthy');

  expect(web.starts()).toEqual([first, second, third, fourth]);
  await until('all four are recorded', () => logLines(place, 'recovery', 'recovery-finished').length === 4);
  const finished = logLines(place, 'recovery', 'recovery-finished');
  expect(finished.map((line) => line['outcome'])).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded']);
  expect(logLines(place, 'recovery', 'recovery-started').map((line) => line['trigger'])).toEqual(['auto', 'auto', 'auto', 'auto']);
  for (const line of finished) expect(line['secondsToHealthy']).toBeGreaterThan(0);
  // R13: whoever was signalled was the service, by its own pid.
  const signalled = logLines(place, 'recovery', 'process-signalled');
  expect(new Set(signalled.map((line) => line['pid']))).toEqual(new Set([second, third]));
  expect(logLines(place, 'alerts')).toEqual([]);

  const told = await run(place, ['incidents', 'web', '--json']);
  expect(told.json).toHaveLength(4);
  for (const incident of told.json) expect(incident).toMatchObject({ service: 'web', attempts: [{ outcome: 'succeeded' }] });
  expect((await engine.end('SIGTERM')).code).toBe(0);
  expect(await web.pid(), 'a started service outlives the engine').toBe(fourth);
});

it.concurrent('a service without a remedy: one alert at its third strike, and one word when it is well', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ recovery: [], name: 'Shop' })] });
  await startEngine(place);
  await untilService(place, 'web', 'first strike', (view) => view.consecutiveFailures === 1 && !view.alerting);
  await untilService(place, 'web', 'told at the third', (view) => view.alerting);
  await untilService(place, 'web', 'still failing', (view) => view.consecutiveFailures >= 6);
  const alerts = logLines(place, 'alerts');
  expect(alerts).toMatchObject([{ event: 'alert', kind: 'down', strikes: 3, service: 'web', channels: ['queue'] }]);
  const refused = await run(place, ['status']);
  expect(refused.code).toBe(2);
  expect(refused.out).toContain('1 of 1 needs you: Shop');

  await web.startByHand();
  await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy' && !view.alerting);
  await until('the recovered line', () => logLines(place, 'alerts').length === 2);
  expect(logLines(place, 'alerts')[1]).toMatchObject({ event: 'recovered', id: alerts[0]?.['id'] });
  expect((await run(place, ['status'])).code).toBe(0);
  const [queued] = JSON.parse(readHome(place, 'alert-pending.json')).alerts;
  expect(queued).toMatchObject({ id: alerts[0]?.['id'], state: 'done', result: 'recovered' });
});

it.concurrent('broken for good: it is given up, told once with its evidence, and mended by a person', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  const broken = path.join(place.work, 'broken');
  writeFileSync(broken, '');
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '1s', maxAttempts: 2, window: '60s' },
    services: [web.service({ name: 'Shop' }, { startWindow: '1s' })],
  });
  await startEngine(place);
  await untilService(
    place,
    'web',
    'given up, told, and standing down',
    (one) => one.phase === 'gave-up' && one.alerting && one.nextAttemptAt !== null,
  );
  await until('both attempts are recorded', () => logLines(place, 'recovery', 'recovery-finished').length === 2);
  expect(logLines(place, 'recovery', 'recovery-finished').map((line) => line['outcome'])).toEqual(['failed', 'failed']);
  await until('the alert is recorded', () => logLines(place, 'alerts', 'alert').length > 0);

  const listed = await run(place, ['alerts', '--json']);
  expect(listed.json).toHaveLength(1);
  expect(listed.json[0]).toMatchObject({
    service: 'web',
    state: 'pending',
    severity: 'critical',
    tried: [{ outcome: 'failed' }, { outcome: 'failed' }],
  });
  const evidence: string[] = listed.json[0].evidence.lastLogLines;
  expect(evidence.join('\n')).toContain('cannot start');
  expect(evidence.join('\n'), 'secrets stay').not.toContain('hunter2');
  expect(listed.json[0].evidence.topProcesses.length).toBeGreaterThan(0);

  // A person's restart passes over the budget; here it fails, and says so.
  const failed = await run(place, ['heal', 'web']);
  expect(failed.code).toBe(2);
  expect(failed.out).toContain('web: restart-process failed');

  rmSync(broken);
  // A person's restart gives the budget back: an automatic one may have begun before the file was gone, and is the answer then.
  const healed = await until('a person mends it', async () => {
    const ran = await run(place, ['heal', 'web', '--json']);
    return ran.code === 0 && ran;
  });
  expect(healed.json).toMatchObject({ service: 'web', outcome: 'succeeded' });
  await untilService(place, 'web', 'well', (one) => one.phase === 'healthy' && !one.alerting);
  await until('the end is told', () => logLines(place, 'alerts', 'recovered').length === 1);
  expect(logLines(place, 'alerts').map((line) => line['event'])).toEqual(['alert', 'recovered']);
  const [incident] = (await run(place, ['incidents', '--json'])).json;
  const tried = incident.attempts.map((one: { trigger: string; outcome: string }) => `${one.trigger} ${one.outcome}`);
  expect(tried.slice(0, 3)).toEqual(['auto failed', 'auto failed', 'person failed']);
  expect(tried.at(-1)).toMatch(/succeeded$/);
});
