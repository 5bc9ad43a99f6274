// One timer for all that is due at nearly the same moment: waking up costs more than a look at a port, and a thousand services
// would wake the engine a thousand times for what it can do in forty (bench/tcp-checks.ts). Touches nothing but its timers.
import type { TimersPort } from '../contract/ports.ts';

/** Moments are moved to the nearest multiple of this: a fortieth of the shortest interval there is. */
const SLOT_MS = 25;

export interface SharedTimers {
  /** Calls `fn` once at the slot nearest to `atMs`, on the clock that says `nowMs` now. */
  at(atMs: number, nowMs: number, fn: () => void): { readonly atMs: number; readonly cancel: () => void };
  close(): void;
}

export function createSharedTimers(timers: Pick<TimersPort, 'after'>): SharedTimers {
  const slots = new Map<number, { readonly calls: Set<() => void>; cancel: () => void }>();

  function open(slot: number, inMs: number) {
    const calls = new Set<() => void>();
    const cancel = timers.after(inMs, () => {
      slots.delete(slot);
      // Read while it is called: one of them may take another back.
      for (const call of calls) call();
    });
    const opened = { calls, cancel };
    slots.set(slot, opened);
    return opened;
  }

  return {
    at(atMs, nowMs, fn) {
      const slot = Math.round(atMs / SLOT_MS);
      const own = slots.get(slot) ?? open(slot, Math.max(0, slot * SLOT_MS - nowMs));
      own.calls.add(fn);
      return {
        atMs: slot * SLOT_MS,
        cancel() {
          if (!own.calls.delete(fn) || own.calls.size > 0 || slots.get(slot) !== own) return;
          own.cancel();
          slots.delete(slot);
        },
      };
    },
    close() {
      for (const { cancel } of slots.values()) cancel();
      slots.clear();
    },
  };
}
