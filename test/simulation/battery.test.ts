// On battery everyday looks come more rarely, if wanted; a service that fails is looked at as ever (R1, `battery.slower`).
import { expect, test } from 'vitest';
import { configSchema, resolveConfig } from '../../src/contract/config.ts';
import { createEnergy } from '../../src/engine/energy.ts';
import { handTimers } from '../fixtures/hand-timers.ts';
import { createSim, HOUR, MINUTE, simService } from './sim.ts';

test('three times as rarely while it is well; a failing one is repaired as quickly as ever', async () => {
  const sim = await createSim({ services: [simService('app')] });
  const looksIn = async (ms: number): Promise<number> => {
    const before = sim.service('app').looks.length;
    await sim.pass(ms);
    return sim.service('app').looks.length - before;
  };
  await sim.pass(10 * MINUTE);
  expect(await looksIn(3 * HOUR)).toBe(36);
  sim.slower = 3;
  await sim.pass(20 * MINUTE);
  expect(await looksIn(3 * HOUR)).toBe(12);

  sim.service('app').die();
  await sim.until('noticed', () => sim.view('app').status === 'error', 16 * MINUTE);
  await sim.until('repaired', () => sim.view('app').status === 'ok', 2 * MINUTE);
  sim.slower = 1;
  sim.engine().core.reschedule(sim.cell('app'));
  await sim.pass(10 * MINUTE);
  expect(await looksIn(HOUR)).toBe(12);
});

test('R1: first looks stay spread out when it turns out meanwhile that the machine is on battery', async () => {
  const sim = await createSim({ services: Array.from({ length: 100 }, (_, n) => simService(`app-${n}`)) });
  const looked = () => [...sim.services.values()].filter(({ looks }) => looks.length > 0).length;
  await sim.pass(1_000);
  sim.slower = 3;
  sim.engine().core.rescheduleAll();
  await sim.pass(1_000);
  expect(looked()).toBeLessThan(30);
  await sim.pass(10_000);
  expect(looked()).toBe(100);
});

test('the source of power is asked for only if it matters, and what is planned is planned anew when it changes', async () => {
  let nowMs = 0;
  const { timers, passUntil } = handTimers(() => nowMs);
  let battery: boolean | undefined = false;
  let [asked, changed] = [0, 0];
  const energy = createEnergy({
    timers,
    commands: {} as never,
    platform: 'linux',
    changed: () => {
      changed += 1;
    },
    isOnBattery: async () => {
      asked += 1;
      return battery;
    },
  });
  const config = (slower: number) => resolveConfig(configSchema.parse({ services: [], battery: { slower } }));
  const pass = async (ms: number) => {
    for (const end = nowMs + ms; nowMs < end; nowMs += 10_000) {
      passUntil(nowMs + 10_000, (_at, fn) => fn());
      await new Promise(setImmediate);
    }
  };
  energy.take(config(1));
  await pass(10 * MINUTE);
  expect([asked, energy.slower(), energy.isOnBattery()]).toEqual([0, 1, undefined]);

  energy.take(config(4));
  await pass(MINUTE);
  expect([energy.slower(), changed]).toEqual([1, 0]);
  battery = true;
  await pass(4 * MINUTE);
  expect([energy.slower(), changed]).toEqual([4, 1]);
  battery = undefined; // what is not told is no reason to look more rarely
  await pass(4 * MINUTE);
  expect([energy.slower(), changed]).toEqual([1, 2]);
  energy.close();
  const before = asked;
  await pass(10 * MINUTE);
  expect(asked).toBe(before);
});
