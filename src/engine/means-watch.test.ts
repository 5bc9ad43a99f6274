import { expect, test } from 'vitest';
import type { Config } from '../contract/config.ts';
import { watchMeans } from './means-watch.ts';
import type { Means } from './probe/means.ts';

test('what was told as missing does not stand for a day when it is there again', async () => {
  const planned: { inMs: number; run: () => void }[] = [];
  const told: (string | undefined)[] = [];
  let found: Means[] = [{ component: 'port 3000', services: ['web'], ok: false, found: 'held by x', mend: 'end it' }];
  const watch = watchMeans({
    timers: {
      after(inMs, run) {
        const one = { inMs, run };
        planned.push(one);
        return () => void planned.splice(planned.indexOf(one), planned.includes(one) ? 1 : 0);
      },
    },
    processes: {} as never,
    userHome: '/',
    searchPath: '/bin',
    problem: (_, message) => void told.push(message),
    check: async function* () {
      yield* found;
    },
  });
  const next = async (): Promise<number> => {
    const [one] = planned.splice(0);
    one?.run();
    const before = told.length;
    await expect.poll(() => told.length).toBe(before + 1);
    return one?.inMs ?? 0;
  };
  watch.look({} as Config);
  await next();
  expect(told).toEqual([expect.stringContaining('port 3000 held by x (web)')]);
  found = [];
  const againMs = await next();
  expect(againMs).toBeLessThan(600_000);
  expect(told.at(-1)).toBeUndefined();
  expect(planned.map(({ inMs }) => inMs)).toEqual([86_400_000]);
  watch.close();
  expect(planned).toEqual([]);
});
