// R10 under the whole engine: what only rounds, timers, crashes and other services together can show.
import { expect, test } from 'vitest';
import { breaches, unfinished } from './rules.ts';
import { createSim, MINUTE, type Sim, simService } from './sim.ts';

const lookedFor = (sim: Sim, id: string) =>
  sim.log.filter((line) => line.kind === 'build' && line.service === id && /seen/.test(line.step));
const holds = (sim: Sim, id: string) => sim.events('hold-ended', id).map(({ event }) => (event as { reason?: string }).reason);

test('held while the build works; its end is noticed within a second, then a start window, then healed; nobody is told', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(10 * MINUTE);
  sim.build('app', true);
  sim.service('app').die();
  await sim.until('held', () => sim.view('app').phase === 'held');
  expect(sim.view('app').hold).toMatchObject({ build: 'npm install', folder: '/sim/app' });
  await sim.pass(20 * MINUTE);
  expect(sim.remedies('app')).toEqual([]);
  sim.build('app', false);
  const endedAt = sim.time.trueMs();
  await sim.pass(1_000);
  expect(sim.view('app')).toMatchObject({ phase: 'settling', hold: null, consecutiveFailures: 0 });
  await sim.until('healed', () => sim.view('app').phase === 'healthy');
  const [remedy] = sim.remedies('app');
  expect((remedy?.atMs ?? 0) - endedAt).toBeGreaterThan(59_000);
  expect((remedy?.atMs ?? 0) - endedAt).toBeLessThan(65_000);
  expect(sim.told()).toEqual([]);
  expect(holds(sim, 'app')).toEqual(['build-ended']);
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('what the build starts again by itself is left alone', async () => {
  const sim = await createSim({ services: [simService('app')] });
  sim.build('app', true);
  sim.service('app').die();
  await sim.until('held', () => sim.view('app').phase === 'held', 10 * MINUTE);
  sim.build('app', false);
  await sim.pass(10_000);
  sim.service('app').start();
  await sim.until('well', () => sim.view('app').phase === 'healthy');
  await sim.pass(10 * MINUTE);
  expect(sim.remedies('app')).toEqual([]);
});

test('30 min an incident: a build that never ends holds no longer, over a crash of the engine too, and then it is healed', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(10 * MINUTE);
  sim.build('app', true);
  sim.service('app').die();
  await sim.until('held', () => sim.view('app').phase === 'held');
  const heldAt = sim.time.trueMs();
  await sim.pass(12 * MINUTE);
  await sim.crash(3 * MINUTE);
  await sim.until('healed', () => sim.view('app').phase === 'healthy');
  const [remedy] = sim.remedies('app');
  const minutes = ((remedy?.atMs ?? 0) - heldAt) / MINUTE;
  expect(minutes).toBeGreaterThan(29.5);
  expect(minutes).toBeLessThan(31);
  expect(holds(sim, 'app')).toEqual(['time-over']);
});

test('nobody is told within the 30 min; after them the strikes count and the alert comes', async () => {
  const sim = await createSim({ services: [simService('app', { recovery: [] })] });
  sim.build('app', true);
  sim.service('app').die();
  await sim.until('held', () => sim.view('app').phase === 'held', 10 * MINUTE);
  await sim.pass(29 * MINUTE);
  expect(sim.told()).toEqual([]);
  await sim.pass(4 * MINUTE);
  expect(sim.told('app').map(({ notice }) => notice)).toEqual(['down']);
});

test("a person's Restart passes over the hold; cooldown counts from it", async () => {
  const sim = await createSim({ services: [simService('app')] });
  sim.build('app', true);
  sim.service('app').die();
  await sim.until('held', () => sim.view('app').phase === 'held', 10 * MINUTE);
  await sim.say('app', 'heal');
  await sim.until('well', () => sim.view('app').phase === 'healthy');
  expect(sim.remedies('app').map(({ trigger }) => trigger)).toEqual(['person']);
});

test('what depends on a held service waits behind it, and nobody is told of either (R11)', async () => {
  const sim = await createSim({ services: [simService('base'), simService('child', { dependsOn: ['base'] })] });
  sim.build('base', true);
  for (const id of ['base', 'child']) sim.service(id).die();
  await sim.until('held', () => sim.view('base').phase === 'held' && sim.view('child').phase === 'suppressed', 10 * MINUTE);
  await sim.pass(20 * MINUTE);
  expect(sim.log.filter((line) => line.kind === 'remedy')).toEqual([]);
  sim.build('base', false);
  await sim.until('both are well', () => sim.view('base').phase === 'healthy' && sim.view('child').phase === 'healthy');
  expect(sim.told()).toEqual([]);
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('nobody looks for builds while all is well, paused, stopped, suppressed, or in a start window', async () => {
  const services = [simService('app'), simService('base'), simService('child', { dependsOn: ['base'] })];
  const sim = await createSim({ services }, { base: { isCurable: false } });
  for (const { id } of services) sim.build(id, true);
  await sim.pass(60 * MINUTE);
  expect(services.flatMap(({ id }) => lookedFor(sim, id))).toEqual([]);
  await sim.say('app', 'pause');
  sim.service('app').die();
  sim.service('base').die();
  sim.service('child').die();
  await sim.pass(20 * MINUTE);
  expect(lookedFor(sim, 'base').length).toBeGreaterThan(0);
  expect([...lookedFor(sim, 'app'), ...lookedFor(sim, 'child')]).toEqual([]);
});

test('where the configuration says so, a build holds nothing', async () => {
  const sim = await createSim({ services: [simService('app', { holdDuringBuilds: false })] });
  sim.build('app', true);
  await sim.pass(10 * MINUTE);
  sim.service('app').die();
  await sim.until('healed', () => sim.remedies('app').length === 1 && sim.view('app').phase === 'healthy');
  expect(lookedFor(sim, 'app')).toEqual([]);
});
