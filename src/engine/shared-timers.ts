// One timer for all that is due at nearly the same moment: waking up costs more than a look at a port, and a thousand services
// would wake the engine a thousand times for what it can do in forty (bench/tcp-checks.ts). Touches nothing but its timers.
import type { TimersPort } from '../contract/ports.ts';

/** Moments are moved to the nearest multiple of this: a fortieth of the shortest interval there is. */
const SLOT_MS = 25;

/** A moment, and those that are due at it: one object for all of them, since each would live for a whole interval. */
interface Slot<T> {
  readonly atMs: number;
  /** Takes one back. */
  cancel(item: T): void;
}
export interface SharedTimers<T> {
  /** Makes `item` due at the slot nearest to `atMs`, on the clock that says `nowMs` now. */
  at(atMs: number, nowMs: number, item: T): Slot<T>;
  close(): void;
}

/** `due` is called with those of a slot that were not taken back; it may take back one that it has not come to yet. */
export function createSharedTimers<T>(timers: Pick<TimersPort, 'after'>, due: (items: Iterable<T>, atMs: number) => void): SharedTimers<T> {
  const slots = new Map<number, { readonly slot: Slot<T>; readonly items: Set<T>; readonly cancel: () => void }>();

  function open(number: number, inMs: number) {
    const atMs = number * SLOT_MS;
    const items = new Set<T>();
    const cancel = timers.after(inMs, () => {
      slots.delete(number);
      due(items, atMs);
    });
    const slot = {
      atMs,
      cancel(item: T): void {
        if (!items.delete(item) || items.size > 0 || slots.get(number) !== opened) return;
        cancel();
        slots.delete(number);
      },
    };
    const opened = { slot, items, cancel };
    slots.set(number, opened);
    return opened;
  }

  return {
    at(atMs, nowMs, item) {
      const number = Math.round(atMs / SLOT_MS);
      const { slot, items } = slots.get(number) ?? open(number, Math.max(0, number * SLOT_MS - nowMs));
      items.add(item);
      return slot;
    },
    close() {
      for (const { cancel } of slots.values()) cancel();
      slots.clear();
    },
  };
}
