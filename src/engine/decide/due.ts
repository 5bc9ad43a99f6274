// When is a service looked at next, and why (R1, R4, R9)? Pure.
import type { ServiceConfig } from '../../contract/config.ts';
import type { HealthState, RecoveryState } from '../../contract/flow.ts';
import { elapsedMs, remainingMs, type Stamp } from '../../contract/time.ts';
import { WAKE_SETTLE_MS, windowAt } from './window.ts';

type DueReason = 'interval' | 'retry' | 'start-window' | 'settling' | 'plan' | 'pause-over';
/** `inMs` from `now`; undefined: not by itself. */
export interface Due {
  readonly inMs: number | undefined;
  readonly reason: DueReason;
}

export interface DueInput {
  readonly service: ServiceConfig;
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  /** When the last look began and ended; undefined before the first. */
  readonly lastLook: { readonly startedAt: Stamp; readonly endedAt: Stamp } | undefined;
  /** Time after which the plan or the alert would say something else. */
  readonly waitMs: number | undefined;
  /** Checks that start a program are not repeated as quickly. */
  readonly startsProgram: boolean;
  readonly now: Stamp;
}

/** Inside a start window: soon at first, then every few seconds (R4). */
const WINDOW_FIRST_MS = 50;
const WINDOW_FIRST_PROGRAM_MS = 1_000;
const WINDOW_LAST_MS = 3_000;

export function nextDue(input: DueInput): Due {
  const { service, health, recovery, now, lastLook } = input;
  if (health.paused && !recovery.current) {
    const { since, forMs } = health.paused;
    return { inMs: forMs === undefined ? undefined : remainingMs(since, forMs, now), reason: 'pause-over' };
  }
  const window = windowAt(health, recovery, now);
  // After a wake nothing is looked at until the machine has settled (R9).
  if (health.settle?.why === 'wake') {
    const settling = remainingMs(health.settle.since, WAKE_SETTLE_MS, now);
    if (settling > 0) return { inMs: settling, reason: 'settling' };
  }
  if (window.kind === 'open' && (window.why === 'attempt' || health.status !== 'ok')) {
    const first = input.startsProgram ? WINDOW_FIRST_PROGRAM_MS : WINDOW_FIRST_MS;
    const pace = Math.min(WINDOW_LAST_MS, Math.max(first, elapsedMs(window.since, now) / 2));
    return { inMs: Math.min(pace, window.remainingMs), reason: window.why === 'attempt' ? 'start-window' : 'settling' };
  }
  if (window.kind === 'over') return { inMs: 0, reason: 'start-window' };
  const isFailing = health.status === 'error' || (health.status === 'unknown' && lastLook !== undefined);
  if (!lastLook) return { inMs: 0, reason: 'interval' };
  if (isFailing) {
    const retry = remainingMs(lastLook.endedAt, service.retryIntervalMs, now);
    if (input.waitMs !== undefined && input.waitMs < retry) return { inMs: Math.max(WINDOW_FIRST_MS, input.waitMs), reason: 'plan' };
    return { inMs: retry, reason: 'retry' };
  }
  return { inMs: remainingMs(lastLook.startedAt, service.intervalMs, now), reason: 'interval' };
}

/** First checks are spread out (R1): the n-th of `count` services waits this long. At most 100 ms apart, all within the shortest interval. */
export function firstDueMs(index: number, count: number, shortestIntervalMs: number): number {
  return Math.round(index * Math.min(100, shortestIntervalMs / Math.max(1, count)));
}
