import { expect, it } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

it('gives a minute at once, then evenly, to each caller alone', () => {
  let now = 0;
  const limit = createRateLimit(60, () => now);
  for (let count = 0; count < 60; count += 1) expect(limit('one')).toBe(0);
  expect(limit('one')).toBe(1);
  expect(limit('two')).toBe(0);
  now += 500;
  expect(limit('one')).toBe(1);
  now += 500;
  expect(limit('one')).toBe(0);
  expect(limit('one')).toBe(1);
  now += 3_600_000;
  for (let count = 0; count < 60; count += 1) expect(limit('one')).toBe(0);
  expect(limit('one')).toBeGreaterThan(0);
});

it('slower than once a second it says how long', () => {
  const limit = createRateLimit(2, () => 0);
  expect([limit('a'), limit('a'), limit('a')]).toEqual([0, 0, 30]);
});

it('forgets callers that have been quiet', () => {
  let now = 0;
  const limit = createRateLimit(1, () => now);
  for (let caller = 0; caller < 5_000; caller += 1) {
    now += 60_000;
    expect(limit(`session ${caller}`)).toBe(0);
  }
});
