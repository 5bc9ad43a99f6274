import { expect, it } from 'vitest';
import { lazily } from './lazily.ts';

it('loads once, and what could not be loaded is loaded the next time', async () => {
  let loads = 0;
  const get = lazily(async () => {
    loads += 1;
    if (loads === 1) throw new Error('EMFILE');
    return loads;
  });
  await expect(get()).rejects.toThrow('EMFILE');
  expect(await Promise.all([get(), get()])).toEqual([2, 2]);
  expect(await get()).toBe(2);
});
