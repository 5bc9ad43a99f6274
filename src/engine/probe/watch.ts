// Notices the end of processes that the engine did not start, so that their service is looked at without waiting for its
// interval (R1: within a second; a zombie is dead). One timer for all, none when nothing is watched. Looks, changes nothing.
import type { ProcessIdentity } from '../../contract/flow.ts';
import type { ProcessPort, TimersPort } from '../../contract/ports.ts';

export interface ProcessWatch {
  /** Watches these processes for `key`, instead of those before. `onEnd` is called once for each that ends, also for one
   * that has ended before it was given; giving the same set again costs next to nothing and calls nothing twice. */
  watch(key: string, identities: readonly ProcessIdentity[], onEnd: (identity: ProcessIdentity) => void): void;
  unwatch(key: string): void;
  close(): void;
}
export interface ProcessWatchOptions {
  readonly processes: Pick<ProcessPort, 'isAlive'>;
  readonly timers: Pick<TimersPort, 'after'>;
  /** 900 ms by default: a whole second would leave no time to notice "within a second" (R1). */
  readonly everyMs?: number;
}

/** What has only just been started, or only just been found, ends more often than what has run for long: for about 10 s it is
 * looked at more often. Not for ever, because waking up is nearly all that an idle engine costs. */
const QUICK_MS = 250;
const QUICK_LOOKS = 40;

interface Watched {
  identities: readonly ProcessIdentity[];
  readonly ended: Set<string>;
  onEnd: (identity: ProcessIdentity) => void;
}
/** One process that is looked at, for one who watches it. */
interface Look {
  readonly key: string;
  readonly one: Watched;
  readonly identity: ProcessIdentity;
}

const idOf = (identity: ProcessIdentity) => `${identity.pid}/${identity.startId}`;

function isSame(a: readonly ProcessIdentity[], b: readonly ProcessIdentity[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => one.pid === b[i]?.pid && one.startId === b[i]?.startId));
}

export function createProcessWatch({ processes, timers, everyMs = 900 }: ProcessWatchOptions): ProcessWatch {
  const watched = new Map<string, Watched>();
  let cancel: (() => void) | undefined;
  let quickLooks = 0;

  /** Who is still to be looked at; undefined when that has changed. Kept, so that the everyday look does next to nothing. */
  let looks: readonly Look[] | undefined;

  function waiting(): readonly Look[] {
    looks ??= [...watched].flatMap(([key, one]) =>
      one.identities.filter((identity) => !one.ended.has(idOf(identity))).map((identity) => ({ key, one, identity })),
    );
    return looks;
  }

  /** Found out without making the list: at the start a thousand services begin to be watched one after the other. */
  function isAnyWaiting(): boolean {
    return watched.values().some((one) => one.identities.some((identity) => !one.ended.has(idOf(identity))));
  }

  function arm(): void {
    if (cancel || !isAnyWaiting()) return;
    cancel = timers.after(quickLooks > 0 ? Math.min(QUICK_MS, everyMs) : everyMs, () => {
      cancel = undefined;
      quickLooks -= 1;
      try {
        look();
      } finally {
        arm();
      }
    });
  }
  function rest(): void {
    if (!cancel || isAnyWaiting()) return;
    cancel();
    cancel = undefined;
  }

  function look(): void {
    let failures: unknown[] | undefined;
    for (const { key, one, identity } of waiting()) {
      if (processes.isAlive(identity)) continue;
      const id = idOf(identity);
      // Who was told of an end before this one may watch others now.
      if (watched.get(key) !== one || one.ended.has(id)) continue;
      one.ended.add(id);
      looks = undefined;
      try {
        one.onEnd(identity); // may watch or unwatch
      } catch (error) {
        failures ??= [];
        failures.push(error); // one broken listener does not hide the others' ends
      }
    }
    if (failures) throw failures[0];
  }

  return {
    watch(key, identities, onEnd) {
      const before = watched.get(key);
      if (before && isSame(before.identities, identities)) {
        before.onEnd = onEnd;
        return;
      }
      if (!before && identities.length === 0) return;
      const ids = new Set(identities.map(idOf));
      const unique = ids.size === identities.length ? identities : [...new Map(identities.map((one) => [idOf(one), one])).values()];
      looks = undefined;
      watched.set(key, { identities: unique, ended: before?.ended.intersection(ids) ?? new Set(), onEnd });
      quickLooks = QUICK_LOOKS;
      cancel?.();
      cancel = undefined;
      arm();
    },
    unwatch(key) {
      watched.delete(key);
      looks = undefined;
      rest();
    },
    close() {
      watched.clear();
      looks = undefined;
      rest();
    },
  };
}
