// Looks that are due together share one timer, and each can still be taken back.
import { expect, it } from 'vitest';
import { createSharedTimers } from './shared-timers.ts';

function fakeTimers() {
  const set = new Map<number, { inMs: number; fn: () => void }>();
  let last = 0;
  return {
    set,
    after(inMs: number, fn: () => void) {
      last += 1;
      const id = last;
      set.set(id, { inMs, fn });
      return () => void set.delete(id);
    },
    fireAll() {
      for (const [id, { fn }] of [...set]) {
        set.delete(id);
        fn();
      }
    },
  };
}

it('what is due within the same moment shares one timer, set for that moment', () => {
  const timers = fakeTimers();
  const heard: (string | number)[] = [];
  const shared = createSharedTimers<string>(timers, (due, atMs) => heard.push(atMs, ...due));
  expect(shared.at(10_003, 9_000, 'a').atMs).toBe(10_000);
  expect(shared.at(9_990, 9_100, 'b').atMs).toBe(10_000);
  shared.at(10_020, 9_100, 'c');
  expect([...timers.set.values()].map(({ inMs }) => inMs)).toEqual([1_000, 925]);
  timers.fireAll();
  expect(heard).toEqual([10_000, 'a', 'b', 10_025, 'c']);
});

it('one is taken back, also by another that is called before it; the last takes the timer with it', () => {
  const timers = fakeTimers();
  const heard: string[] = [];
  const shared = createSharedTimers<string>(timers, (due) => {
    for (const item of due) {
      heard.push(item);
      slot.cancel('b');
    }
  });
  const slot = shared.at(1_000, 0, 'a');
  expect(shared.at(1_000, 0, 'b')).toBe(slot);
  timers.fireAll();
  expect(heard).toEqual(['a']);
  const alone = shared.at(2_000, 1_000, 'c');
  alone.cancel('c');
  alone.cancel('c');
  expect(timers.set.size).toBe(0);
  shared.at(2_000, 1_000, 'd');
  shared.close();
  expect(timers.set.size).toBe(0);
});
