// What is certain of an age when the wall clock was set meanwhile: stories by hand, then any order of jumps, starts and writes
// against what is true (R9, R14).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageOf, type ClockSpan, lookAtClock, trustedWallMs } from './clock-spans.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
/** What drift and small steps are allowed to cost. */
const SLACK = 2 * MINUTE;
const START = Date.UTC(2026, 0, 1);

/** True time, a clock that may be wrong, an engine that looks at it when told. */
class World {
  trueMs = START;
  wrongMs = 0;
  spans: readonly ClockSpan[] = [];
  #boot = 1;
  #bootAtMs = START - HOUR;

  get wallMs(): number {
    return this.trueMs + this.wrongMs;
  }
  look(): this {
    const bootMs = this.trueMs - this.#bootAtMs;
    this.spans = lookAtClock(this.spans, { wallMs: this.wallMs, bootMs, awakeMs: bootMs, boot: String(this.#boot) });
    return this;
  }
  /** An engine that looks every hour at most; what lies between is for the tests to leave out. */
  pass(ms: number): this {
    this.trueMs += ms;
    return this.look();
  }
  unseen(ms: number): this {
    this.trueMs += ms;
    return this;
  }
  set(byMs: number): this {
    this.wrongMs += byMs;
    return this;
  }
  /** Off for so long, then on for as long as it takes until the engine looks. */
  restart(offMs: number, upMs = MINUTE): this {
    this.#boot += 1;
    this.#bootAtMs = this.trueMs + offMs;
    this.trueMs += offMs + upMs;
    return this;
  }
  age(atMs: number, awayMs = 7 * DAY): number {
    return ageOf(this.look().spans, atMs, awayMs);
  }
}

describe('a clock that was never set', () => {
  it('tells the age as it is', () => {
    const world = new World().look().pass(3 * DAY);
    expect(world.age(START)).toBe(3 * DAY);
    expect(world.age(START - YEAR)).toBe(YEAR + 3 * DAY);
    expect(world.age(world.wallMs + 30_000)).toBe(-30_000);
    expect(world.age(world.wallMs + DAY)).toBe(-DAY);
  });
  it('needs no look before: where nothing is known it is believed', () => {
    expect(new World().age(START - 40 * DAY)).toBe(40 * DAY);
  });
  it('may drift', () => {
    const world = new World().look();
    for (let n = 0; n < 1_000; n += 1) world.set(100).pass(HOUR);
    expect(world.spans).toHaveLength(1);
  });
});

describe('a clock that jumps years ahead', () => {
  it('makes nothing older than it is, until the time has really passed', () => {
    const world = new World().look().pass(DAY);
    const justWritten = world.wallMs;
    world.set(3 * YEAR).pass(15_000);
    expect(world.age(justWritten)).toBe(15_000);
    expect(world.age(START)).toBe(DAY + 15_000);
    // What was there before the engine was.
    expect(world.age(START - 5 * DAY)).toBe(6 * DAY + 15_000);
    const written = world.wallMs;
    world.pass(29 * DAY);
    expect(world.age(justWritten)).toBe(29 * DAY + 15_000);
    expect(world.age(written)).toBe(29 * DAY);
    world.pass(2 * DAY);
    expect(world.age(justWritten)).toBeGreaterThan(30 * DAY);
  });
  it('and nobody looked meanwhile: what was written before and after it is young', () => {
    const world = new World().look().unseen(5 * DAY);
    const before = world.wallMs;
    world.set(3 * YEAR).unseen(5 * DAY);
    const after = world.wallMs;
    world.unseen(MINUTE);
    expect(world.age(before)).toBeLessThanOrEqual(5 * DAY + MINUTE);
    expect(world.age(after)).toBe(MINUTE);
  });
  it('and back: what was written meanwhile carries a time to come, and gets older all the same', () => {
    const world = new World()
      .look()
      .pass(DAY)
      .set(3 * YEAR)
      .pass(15_000);
    const ahead = world.wallMs;
    world
      .pass(HOUR)
      .set(-3 * YEAR)
      .pass(15_000);
    expect(world.age(ahead)).toBe(HOUR + 15_000);
    expect(world.age(START)).toBe(DAY + HOUR + 30_000);
    // By no clock of then.
    expect(world.age(ahead + YEAR)).toBeLessThan(-YEAR);
    world.pass(40 * DAY);
    expect(world.age(ahead)).toBe(40 * DAY + HOUR + 15_000);
  });
});

describe('a clock that jumps back', () => {
  it('makes nothing older, and nothing young for ever', () => {
    const world = new World().look().pass(10 * DAY);
    const written = world.wallMs;
    world.set(-6 * YEAR).pass(MINUTE);
    expect(world.age(written)).toBe(MINUTE);
    expect(world.age(START)).toBe(10 * DAY + MINUTE);
    world.pass(40 * DAY);
    expect(world.age(written)).toBe(40 * DAY + MINUTE);
  });
  it('and is corrected: what it wrote meanwhile is not six years old', () => {
    const world = new World()
      .look()
      .pass(10 * DAY)
      .set(-6 * YEAR)
      .pass(15_000);
    const meanwhile = world.wallMs;
    world
      .pass(MINUTE)
      .set(6 * YEAR)
      .pass(15_000);
    expect(world.age(meanwhile)).toBe(MINUTE + 15_000);
    expect(world.age(START - 40 * DAY)).toBeGreaterThan(50 * DAY);
  });
});

describe('a machine that starts anew', () => {
  it('may have been off for a while, and the clock tells for how long', () => {
    const world = new World()
      .look()
      .pass(DAY)
      .restart(3 * DAY);
    expect(world.age(START)).toBe(4 * DAY + MINUTE);
  });
  it('every night: nothing stays young by it', () => {
    const world = new World().look();
    for (let n = 0; n < 40; n += 1) world.pass(8 * HOUR).restart(16 * HOUR - MINUTE);
    expect(world.age(START)).toBe(40 * DAY);
  });
  it('with a clock that is years ahead: only what it has lasted since is certain, until it has really lasted so long', () => {
    const world = new World().look().pass(DAY);
    const before = world.wallMs - HOUR;
    world.set(3 * YEAR).restart(HOUR);
    expect(world.age(before)).toBe(HOUR + MINUTE);
    // Nobody looked when it was written: after the last look, and before this one.
    expect(world.age(before + 2 * DAY)).toBe(0);
    expect(world.age(START - 40 * DAY)).toBe(41 * DAY + MINUTE);
    world.pass(31 * DAY);
    expect(world.age(before)).toBeGreaterThan(30 * DAY);
    expect(world.age(before + 2 * DAY)).toBe(31 * DAY);
  });
  it('with a clock of 1970, which is corrected soon after', () => {
    const world = new World().look().pass(DAY);
    const before = world.wallMs;
    const lag = -(world.wallMs - 1_000);
    world.restart(HOUR).set(lag).look();
    const of1970 = world.wallMs;
    world.pass(20_000).set(-lag).pass(20_000);
    expect(world.age(of1970)).toBe(40_000);
    expect(world.age(before)).toBeLessThanOrEqual(HOUR + 2 * MINUTE);
    expect(world.age(START - 40 * DAY)).toBeGreaterThan(40 * DAY);
  });
  it('and calls it the same boot, as a container may: its boot clock went back', () => {
    const world = new World().look().pass(DAY);
    const bootMs = MINUTE;
    world.trueMs += 3 * DAY;
    world.spans = lookAtClock(world.spans, { wallMs: world.wallMs, bootMs, awakeMs: bootMs, boot: '1' });
    expect(ageOf(world.spans, START, 7 * DAY)).toBe(4 * DAY);
  });
  it('is believed for any time where it is asked so (R9)', () => {
    const world = new World()
      .look()
      .pass(DAY)
      .restart(100 * DAY);
    expect(world.age(START, Number.POSITIVE_INFINITY)).toBe(101 * DAY + MINUTE);
  });
  it('after a record without a boot: nothing is known of how long it has lasted since', () => {
    const world = new World();
    world.spans = [{ boot: '', fromBootMs: 0, toBootMs: 0, aheadMs: START - YEAR }];
    expect(world.age(START - YEAR - DAY)).toBe(DAY);
    expect(world.age(START - YEAR - 40 * DAY)).toBe(40 * DAY);
    expect(world.age(START - DAY)).toBe(0);
  });
});

it('forgets the oldest of many spans', () => {
  const world = new World().look();
  for (let n = 0; n < 300; n += 1) world.set(DAY).pass(HOUR);
  expect(world.spans).toHaveLength(100);
});

/** Whatever happens within boots, and between them as long as a clock is not wrong by less than is believed. */
const events = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1_000, max: 20 * DAY }) }),
    fc.record({ do: fc.constant('unseen' as const), ms: fc.integer({ min: 1_000, max: DAY }) }),
    fc.record({ do: fc.constant('write' as const), ms: fc.constant(0) }),
    fc.record({ do: fc.constant('jump' as const), ms: fc.integer({ min: -4 * YEAR, max: 4 * YEAR }) }),
    fc.record({ do: fc.constant('restart' as const), ms: fc.integer({ min: 1_000, max: 60 * DAY }) }),
    fc.record({ do: fc.constant('restart-ahead' as const), ms: fc.integer({ min: 8 * DAY, max: 4 * YEAR }) }),
    fc.record({ do: fc.constant('restart-behind' as const), ms: fc.integer({ min: -60 * YEAR, max: -1_000 }) }),
  ),
  { maxLength: 40 },
);

it('is never more than the truth, whatever happens', () => {
  fc.assert(
    fc.property(events, (story) => {
      const world = new World().look();
      const written: { atMs: number; trueMs: number }[] = [];
      const write = () => written.push({ atMs: world.wallMs, trueMs: world.trueMs });
      for (const { do: what, ms } of story) {
        if (what === 'pass') world.pass(ms);
        else if (what === 'unseen') world.unseen(ms);
        else if (what === 'write') write();
        // Two jumps between two looks are one too many for anybody.
        else if (what === 'jump') {
          world.unseen(HOUR);
          write();
          world.unseen(HOUR).set(ms).unseen(HOUR);
          write();
          world.unseen(HOUR).look();
        } else if (what === 'restart') world.look().restart(ms).look();
        else world.look().set(ms).restart(HOUR).look();
        for (const { atMs, trueMs } of written) {
          const age = world.age(atMs);
          expect(age).toBeLessThanOrEqual(world.trueMs - trueMs + SLACK);
          const limit = 30 * DAY;
          const isOldByTrust = atMs <= trustedWallMs(world.spans, limit, 7 * DAY) - limit;
          if (isOldByTrust) expect(world.trueMs - trueMs).toBeGreaterThanOrEqual(limit - SLACK);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

it('is the truth again when all is well for as long as is asked for', () => {
  fc.assert(
    fc.property(events, (story) => {
      const world = new World().look();
      for (const { do: what, ms } of story) {
        if (what === 'jump') world.set(ms).look();
        else if (what === 'restart') world.restart(ms).look();
        else if (what.startsWith('restart')) world.set(ms).restart(HOUR).look();
        else world.pass(ms);
      }
      const limit = 30 * DAY;
      const atMs = world.look().wallMs;
      world.pass(limit + MINUTE);
      expect(world.age(atMs, limit / 4)).toBeGreaterThan(limit);
      expect(trustedWallMs(world.spans, limit, limit / 4)).toBe(world.wallMs);
    }),
    { numRuns: 500 },
  );
});

it('makes nothing older, however often the clock is set after a jump ahead', () => {
  const world = new World().look();
  world.pass(DAY);
  const atMs = world.wallMs - HOUR;
  world.set(1_000 * DAY).look();
  for (let n = 0; n < 150; n += 1) {
    world.set(n % 2 ? 3_000 : -3_000).look();
    world.pass(MINUTE);
  }
  expect(world.age(atMs, 7 * DAY)).toBeLessThan(DAY);
});
