// Uptimes for every snapshot: remembered for some minutes, since a window asks for those of all services several times a second.
import type { ClockPort } from '../../contract/ports.ts';
import { uptime } from './history-query.ts';
import type { RollDeps } from './history-rollup.ts';
import type { ServiceRow } from './history-tables.ts';

const DAY_MS = 86_400_000;
const FRESH_MS = 60_000;
const STALE_MS = 600_000;
/** Made anew at a commit: nobody is to wait for the numbers of a thousand services. */
const MOST_A_COMMIT = 50;
const SLICE_MS = 5;

/** Percent, not rounded up: 100 is said when it was never down. null where nothing was observed. */
export interface Uptimes {
  readonly '24h': number | null;
  readonly '7d': number | null;
  readonly '30d': number | null;
}
export const NO_UPTIMES: Uptimes = { '24h': null, '7d': null, '30d': null };

export interface UptimeCache {
  /** Some minutes old at most. */
  of(deps: RollDeps, service: ServiceRow): Uptimes;
  /** Makes some of these anew whose numbers are a minute old; who was never asked for is left out. */
  refresh(deps: RollDeps, services: Iterable<ServiceRow | undefined>): void;
  clear(): void;
}

export function createUptimeCache(clock: ClockPort): UptimeCache {
  const cache = new Map<string, { atMs: number; value: Uptimes }>();

  function make(deps: RollDeps, service: ServiceRow): Uptimes {
    const over = (ms: number): number | null => {
      const { percent } = uptime(deps, service, clock.now().wallMs - ms);
      return percent === null ? null : Math.floor(percent * 1_000) / 1_000;
    };
    const value = { '24h': over(DAY_MS), '7d': over(7 * DAY_MS), '30d': over(30 * DAY_MS) };
    cache.set(service.id, { atMs: clock.now().bootMs, value });
    return value;
  }

  return {
    of(deps, service) {
      const known = cache.get(service.id);
      return known && clock.now().bootMs - known.atMs < STALE_MS ? known.value : make(deps, service);
    },
    refresh(deps, services) {
      if (cache.size === 0) return;
      const { bootMs: now, awakeMs } = clock.now();
      let left = MOST_A_COMMIT;
      for (const service of services) {
        const known = service && cache.get(service.id);
        if (!service || !known || now - known.atMs <= FRESH_MS) continue;
        // The others at a later commit.
        if (left === 0 || clock.now().awakeMs - awakeMs > SLICE_MS) return;
        left -= 1;
        make(deps, service);
      }
    },
    clear: () => cache.clear(),
  };
}
