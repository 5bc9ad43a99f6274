// Tells the views (window, menu, event streams) of a new snapshot: several news as one, and looks that saw nothing new more rarely.
// Touches nothing; one broken listener does not stop another.
import type { TimersPort } from '../contract/ports.ts';
import type { Snapshot } from '../contract/snapshot.ts';

/** How often views are told at most: of news; and of looks that saw nothing new, where a snapshot costs more the more services
 * it has, so each makes them a little rarer, up to a second. */
const TELL_NEWS_MS = 10;
const TELL_LOOKS_MS_A_SERVICE = 1;
const TELL_LOOKS_MAX_MS = 1_000;

export interface Views {
  /** Something that a view shows has changed. `isNews` false: only a time or a number, of which views may hear a little later. */
  changed(isNews?: boolean): void;
  /** Grows with every change. */
  rev(): number;
  /** Who makes the snapshot. Nobody is told before there is one. */
  source(make: () => Snapshot): void;
  /** `newsOnly`: not after looks that saw nothing new. Returns how to stop. */
  subscribe(listener: (snapshot: Snapshot) => void, options?: { readonly newsOnly?: boolean }): () => void;
}

export function createViews(timers: TimersPort): Views {
  const listeners = new Map<(snapshot: Snapshot) => void, { readonly newsOnly?: boolean }>();
  let rev = 0;
  /** How many the last snapshot had. */
  let services = 0;
  let make: (() => Snapshot) | undefined;
  let planned: { isNews: boolean; cancel: () => void } | undefined;
  /** Some listener wants to hear of looks that saw nothing new. */
  let hearsLooks = false;
  const count = (): void => {
    hearsLooks = listeners.values().some(({ newsOnly }) => !newsOnly);
  };
  const looksMs = (): number => Math.min(TELL_LOOKS_MAX_MS, Math.max(TELL_NEWS_MS, TELL_LOOKS_MS_A_SERVICE * services));
  function tell(): void {
    const isNews = planned?.isNews === true;
    planned = undefined;
    if (!make || listeners.size === 0) return;
    let snapshot: Snapshot;
    try {
      snapshot = make();
      services = snapshot.services.length;
    } catch {
      return; // whoever asks is told why; showing must never be what ends an engine
    }
    for (const [listener, { newsOnly }] of listeners) {
      if (newsOnly && !isNews) continue;
      try {
        listener(snapshot);
      } catch {
        // A view that breaks is its own trouble; the others are told.
      }
    }
  }
  return {
    changed(isNews = true): void {
      rev += 1;
      if (listeners.size === 0 || planned?.isNews || (planned && !isNews)) return;
      if (!isNews && !hearsLooks) return;
      planned?.cancel();
      planned = { isNews, cancel: timers.after(isNews ? TELL_NEWS_MS : looksMs(), tell) };
    },
    rev: () => rev,
    source(fn: () => Snapshot): void {
      make = fn;
    },
    subscribe(listener: (snapshot: Snapshot) => void, options: { readonly newsOnly?: boolean } = {}): () => void {
      listeners.set(listener, options);
      count();
      return () => {
        listeners.delete(listener);
        count();
        if (listeners.size > 0) return;
        planned?.cancel(); // nobody is left to tell, and an engine that is done must not be kept from ending
        planned = undefined;
      };
    },
  };
}
