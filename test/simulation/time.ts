// Simulated time: three clocks that can drift apart, and one queue of timers. Nothing here waits for real time; after
// every event all promises that can settle do so before the next one (one turn of the event loop).
import type { ClockPort, TimersPort } from '../../src/contract/ports.ts';
import type { Moment } from '../../src/contract/time.ts';

interface Timer {
  readonly dueAwakeMs: number;
  readonly order: number;
  readonly fn: () => void;
  isOff: boolean;
}

export interface SimTime {
  readonly clock: ClockPort;
  readonly timers: TimersPort;
  /** Time as nobody in the simulation can see it: never jumps, runs through sleep and reboots. */
  trueMs(): number;
  /** Lets this much awake time pass, one timer after the other. */
  pass(ms: number): Promise<void>;
  /** The machine sleeps. `isSeen` false: the awake clock runs on, as on macOS, and timers simply come late. */
  sleep(ms: number, isSeen?: boolean): Promise<void>;
  /** Somebody sets the wall clock. */
  jump(ms: number): void;
  /** A new boot, after this much time switched off. */
  reboot(offMs: number): void;
  settle(): Promise<void>;
}

const START = Date.parse('2026-03-01T08:00:00.000Z');

export function createSimTime(options: { bootMs?: number } = {}): SimTime {
  let wallMs = START;
  let bootMs = options.bootMs ?? 3_600_000;
  let awakeMs = 0;
  let trueMs = 0;
  let boot = 1;
  let order = 0;
  const queue: Timer[] = [];

  function advance(ms: number): void {
    wallMs += ms;
    bootMs += ms;
    awakeMs += ms;
    trueMs += ms;
  }
  function add(ms: number, fn: () => void): Timer {
    const timer: Timer = { dueAwakeMs: awakeMs + Math.max(0, ms), order: order++, fn, isOff: false };
    // A binary search keeps the queue sorted by time, then by age.
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((queue[middle] as Timer).dueAwakeMs <= timer.dueAwakeMs) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, timer);
    return timer;
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  return {
    clock: { now: (): Moment => ({ wallMs, bootMs, awakeMs, boot: `boot-${boot}` }) },
    timers: {
      after(ms, fn) {
        const timer = add(ms, fn);
        return () => {
          timer.isOff = true;
        };
      },
      sleep(ms, signal) {
        return new Promise((resolve) => {
          if (signal?.aborted) return resolve();
          const timer = add(ms, resolve);
          signal?.addEventListener('abort', () => {
            timer.isOff = true;
            resolve();
          });
        });
      },
    },
    trueMs: () => trueMs,
    async pass(ms) {
      const end = awakeMs + ms;
      await settle();
      let events = 0;
      for (;;) {
        const next = queue[0];
        if (!next || next.dueAwakeMs > end) break;
        queue.shift();
        if (next.isOff) continue;
        events += 1;
        // A loop that never lets time pass is a defect of its own (R1).
        if (events > 200_000) throw new Error('The simulation does not get on: too many events');
        if (next.dueAwakeMs > awakeMs) advance(next.dueAwakeMs - awakeMs);
        next.fn();
        await settle();
      }
      if (end > awakeMs) advance(end - awakeMs);
    },
    async sleep(ms, isSeen = true) {
      await settle();
      wallMs += ms;
      bootMs += ms;
      trueMs += ms;
      if (!isSeen) awakeMs += ms;
    },
    jump(ms) {
      wallMs += ms;
    },
    reboot(offMs) {
      wallMs += offMs;
      trueMs += offMs;
      boot += 1;
      bootMs = 5_000;
      for (const timer of queue) timer.isOff = true;
      queue.length = 0;
    },
    settle,
  };
}
