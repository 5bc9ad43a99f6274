import { describe, expect, test } from 'vitest';
import { createClock, createIds } from './system.ts';

/** Clocks that are moved by hand. */
function hands() {
  const at = { wall: 1_000_000, awake: 500, uptime: 60_000 };
  return {
    at,
    source: { wall: () => at.wall, awake: () => at.awake, uptimeMs: () => at.uptime },
    pass(ms: number) {
      at.wall += ms;
      at.awake += ms;
      at.uptime += ms;
    },
  };
}

describe('R9 the clocks', () => {
  test('on Linux a sleep shows: the boot clock goes on, the awake clock stands', () => {
    const { at, source, pass } = hands();
    const clock = createClock('b', 'linux', source);
    const before = clock.now();
    pass(200);
    at.wall += 3_600_000;
    at.uptime += 3_600_000;
    const after = clock.now();
    expect(after.bootMs - before.bootMs).toBe(3_600_200);
    expect(after.awakeMs - before.awakeMs).toBe(200);
  });

  test('a wall clock that jumps moves neither of the others', () => {
    const { at, source, pass } = hands();
    const clock = createClock('b', 'linux', source);
    const before = clock.now();
    pass(100);
    at.wall -= 86_400_000;
    const after = clock.now();
    expect(after.bootMs - before.bootMs).toBe(100);
    expect(after.wallMs).toBeLessThan(before.wallMs);
  });

  test('on macOS the uptime comes in whole seconds, and the boot clock still runs evenly', () => {
    const { at, source, pass } = hands();
    const clock = createClock('b', 'darwin', { ...source, uptimeMs: () => Math.floor(at.uptime / 1_000) * 1_000 });
    let last = clock.now().bootMs;
    for (let step = 0; step < 200; step += 1) {
      pass(337);
      const now = clock.now().bootMs;
      expect(now - last).toBe(337);
      last = now;
    }
  });
});

test('ids sort by time and are never the same, also in one millisecond and after a step back', () => {
  let now = 1_000;
  const ids = createIds(() => now);
  const made = [ids.next('a'), ids.next('a'), ids.next('a')];
  now = 500;
  made.push(ids.next('a'));
  expect(new Set(made).size).toBe(4);
  expect([...made].sort()).toEqual(made);
});
