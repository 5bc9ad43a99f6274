// A configuration that is taken in the middle of something: a look, an attempt, a question to what a service depends on.
import { expect, test } from 'vitest';
import { breaches, unfinished } from './rules.ts';
import { createSim, HOUR, MINUTE, simService } from './sim.ts';

const watchOnly = (id: string, more = {}) => simService(id, { recovery: [], ...more });

test('R11: who depends on whom is turned round while one asks for the other: neither waits for ever', async () => {
  const a = (more = {}) => watchOnly('a', more);
  const b = (more = {}) => watchOnly('b', more);
  const sim = await createSim({ services: [a({ dependsOn: ['b'] }), b()] }, { b: { lookMs: 5_000 } });
  await sim.pass(10 * MINUTE);
  for (const id of ['a', 'b']) sim.service(id).die();
  await sim.until('a asks for b', () => sim.cell('a').hasRounds && sim.cell('b').hasRounds, 10 * MINUTE);
  sim.reload({ services: [a(), b({ dependsOn: ['a'] })] });
  await sim.pass(10 * MINUTE);
  const before = ['a', 'b'].map((id) => sim.service(id).looks.length);
  await sim.pass(10 * MINUTE);
  for (const [at, id] of ['a', 'b'].entries()) expect(sim.service(id).looks.length).toBeGreaterThan((before[at] as number) + 5);
  expect(breaches(sim)).toEqual([]);
});

test('R2: what was seen of a check that is no longer the check of its service is no strike, and brings no repair', async () => {
  const app = simService('app');
  const sim = await createSim({ services: [app, watchOnly('other')] });
  await sim.pass(MINUTE);
  sim.service('app').sees = 'hangs';
  await sim.until('it is being looked at', () => sim.cell('app').hasRounds, 10 * MINUTE);
  sim.service('app').sees = 'by-life';
  sim.reload({ services: [watchOnly('other'), app] }); // the port of the simulation is the place in the file
  await sim.pass(5 * MINUTE);
  expect(sim.remedies('app')).toEqual([]);
  expect(sim.events('check', 'app').filter(({ event }) => event.event === 'check' && event.consecutiveFailures > 0)).toEqual([]);
  expect(sim.view('app')).toMatchObject({ status: 'ok' });
});

test('R2: nor where the new check comes while its causes are asked', async () => {
  const parent = watchOnly('parent');
  const app = simService('app', { dependsOn: ['parent'] });
  const sim = await createSim({ services: [app, parent] }, { parent: { lookMs: 5_000 } });
  await sim.pass(MINUTE);
  sim.service('app').sees = 'hangs';
  const before = sim.log.length;
  const hasFailed = () => sim.log.slice(before).some((line) => line.kind === 'look' && line.service === 'app');
  const isAsking = () => hasFailed() && sim.cell('app').hasRounds && sim.cell('parent').hasRounds;
  await sim.until('it has failed, and its parent is being looked at', isAsking, 30 * MINUTE);
  sim.service('app').sees = 'by-life';
  sim.reload({ services: [parent, app] });
  await sim.pass(5 * MINUTE);
  expect(sim.remedies('app')).toEqual([]);
  expect(sim.view('app')).toMatchObject({ status: 'ok' });
});

test('R13: what was started for a service is not ended in its name when it becomes another app', async () => {
  const remedy = (cwd: string) => ({
    type: 'restart-process' as const,
    find: { port: 4_000, match: 'app.py' },
    start: ['python3', 'app.py'],
    cwd,
  });
  const at = (cwd: string) => simService('app', { recovery: [remedy(cwd)] });
  const sim = await createSim({ services: [at('/srv/a')] });
  await sim.pass(MINUTE);
  const cell = sim.cell('app');
  const started = [{ pid: 4_711, startId: 'then' }];
  cell.state = { ...cell.state, recovery: { ...cell.state.recovery, started } };
  sim.reload({ services: [simService('app', { recovery: [{ ...remedy('/srv/a'), startWindow: '2m' }] })] });
  expect(sim.state('app').recovery.started, 'the same app, another window').toEqual(started);
  sim.reload({ services: [at('/srv/b')] });
  expect(sim.state('app').recovery.started).toEqual([]);
});

test('R3: a service that leaves the configuration and comes back while its remedy runs does not get a second one beside it', async () => {
  const services = [simService('app', { recovery: [{ type: 'command', run: ['restart', 'app'], timeout: '30m', startWindow: '10s' }] })];
  const recovery = { cooldown: '1s' } as const;
  const other = watchOnly('other');
  const sim = await createSim({ services: [...services, other], recovery }, { app: { remedyMs: 5 * MINUTE } });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('its remedy runs', () => sim.remedies('app').length > 0, 10 * MINUTE);
  sim.reload({ services: [other], recovery });
  await sim.pass(5_000);
  sim.reload({ services: [...services, other], recovery });
  await sim.pass(HOUR);
  const steps = sim.log.filter((line) => line.kind === 'remedy').map((line) => (line.kind === 'remedy' ? line.step : ''));
  expect(steps).toEqual(['begins', 'returns']);
  expect(sim.state('app').recovery.attempts.at(-1)).toMatchObject({ outcome: 'succeeded', outcomeReason: 'command-exited-0' });
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R7: a service that leaves the configuration and comes back while its alert is on its way is told of once', async () => {
  const [app, other] = [watchOnly('app'), watchOnly('other')];
  const sim = await createSim({ services: [app, other] });
  sim.channelMs = 60_000;
  sim.service('app').die();
  await sim.until('it is being told', () => sim.cell('app').isTelling, 20 * MINUTE);
  sim.reload({ services: [other] });
  await sim.pass(1_000);
  sim.reload({ services: [app, other] });
  await sim.pass(HOUR);
  expect(sim.told('app').map(({ notice }) => notice)).toEqual(['down']);
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R7: the alert of a service that is watched no more is not left to the agent for ever, and is there again when the service is', async () => {
  const [app, other] = [watchOnly('app'), watchOnly('other')];
  const sim = await createSim({ services: [app, other] });
  const states = () => sim.home.queue().map(({ state, result }) => [state, result]);
  sim.service('app').die();
  await sim.until('told', () => sim.told('app').length === 1, 20 * MINUTE);
  sim.reload({ services: [other] });
  await sim.pass(MINUTE);
  expect(states()).toEqual([['done', 'not-watched']]);
  sim.reload({ services: [app, other] });
  await sim.pass(10 * MINUTE);
  expect(states()).toEqual([['pending', null]]);
  sim.reload({ services: [other] });
  await sim.crash(); // before that was written
  await sim.pass(MINUTE);
  expect(states()).toEqual([['done', 'not-watched']]);
  expect(sim.told('app').map(({ notice }) => notice)).toEqual(['down']);
});
