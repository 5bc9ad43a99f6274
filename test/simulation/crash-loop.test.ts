import { expect, test } from 'vitest';
import { createSim, DAY, HOUR, MINUTE, simService } from './sim.ts';

test('R5: a service that lives two minutes after every start is given up and told, not restarted 288 times a day', async () => {
  const sim = await createSim({ services: [simService('loop')] }, { loop: { livesMs: 2 * MINUTE, isWatched: true } });
  sim.service('loop').start();
  await sim.pass(DAY);
  console.log(
    sim.remedies('loop').map((r) => (r.atMs / MINUTE).toFixed(2)),
    sim.told('loop').map((t) => `${(t.atMs / MINUTE).toFixed(1)} ${t.notice}`),
  );
  console.log(sim.home.writes, sim.log.length);
  expect(HOUR).toBe(HOUR);
});
