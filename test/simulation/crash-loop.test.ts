import { expect, test } from 'vitest';
import { createSim, DAY, HOUR, MINUTE, simService } from './sim.ts';

test('R5: a service that lives two minutes after every start is given up and told, not restarted 288 times a day', async () => {
  const sim = await createSim({ services: [simService('loop')] }, { loop: { livesMs: 2 * MINUTE, isWatched: true } });
  sim.service('loop').start();
  await sim.pass(DAY);
  // It is down at the first look: 3 attempts, 5 min apart (0, 5, 10 min), each of which succeeds; at 12 min a fourth would
  // be needed: given up. Then one after each stand-down, counted from giving up or from the last attempt: 30 min (42 min),
  // 2 h (2 h 42), 6 h (8 h 42), 6 h (14 h 42), 6 h (20 h 42); the next would be at 26 h 42. So 3 + 5 = 8 a day.
  const starts = sim.remedies('loop', 'auto').map(({ atMs }) => Math.round(atMs / MINUTE));
  expect(starts).toEqual([0, 5, 10, 42, 162, 522, 882, 1_242]);
  // "down" at the third strike of the first wait for the cooldown (4 min); "gave-up" is true from 12 min on and is told when
  // the hour since then is over. Each stand-down's short life ends one incident and begins the next.
  const told = sim.told('loop');
  expect(told.slice(0, 3).map(({ notice, atMs }) => [notice, Math.round(atMs / MINUTE)])).toEqual([
    ['down', 4],
    ['recovered', 5],
    ['gave-up', 64],
  ]);
  expect(told.filter(({ notice }) => notice === 'gave-up')).toHaveLength(5);
  expect(sim.state('loop').recovery.gaveUp).toBeDefined();
});

test('R5: one that never comes up is given up after three attempts, told once, and tried four times more in a day', async () => {
  const sim = await createSim({ services: [simService('dead')] }, { dead: { isCurable: false } });
  sim.service('dead').die();
  await sim.pass(DAY);
  // 0, 5, 10 min fail, each after its window of 1 min: given up at 11 min. A stand-down begins when the attempt before it has
  // failed, a minute after its start: 41 min, 2 h 42, 8 h 43, 14 h 44, 20 h 45.
  const starts = sim.remedies('dead', 'auto').map(({ atMs }) => atMs / HOUR);
  expect(starts).toHaveLength(8);
  expect(sim.told('dead').map(({ notice }) => notice)).toEqual(['down', 'gave-up']);
});

test('R5: one that was given up and comes back by itself has its whole budget again after a window of being well, not before', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { isCurable: false } });
  const { windowMs } = sim.config.recovery;
  const intervalMs = sim.config.services[0]?.intervalMs ?? 0;
  sim.service('app').die();
  await sim.until('given up', () => sim.state('app').recovery.gaveUp !== undefined, HOUR);
  sim.service('app').start();
  await sim.until('well', () => sim.view('app').status === 'ok', HOUR);
  await sim.pass(windowMs - 2 * MINUTE);
  expect(sim.state('app').recovery.gaveUp).toBeDefined();
  await sim.pass(2 * MINUTE + intervalMs);
  expect(sim.state('app').recovery.gaveUp).toBeUndefined();
  const before = sim.remedies('app', 'auto').length;
  sim.service('app').die();
  await sim.pass(HOUR / 2);
  expect(sim.remedies('app', 'auto').length - before).toBe(3);
});
