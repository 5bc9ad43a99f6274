// The start window (R4): is the service still allowed to be starting? Pure; the one place that knows.
import type { ServiceConfig } from '../../contract/config.ts';
import type { HealthState, RecoveryState, SettleReason } from '../../contract/flow.ts';
import type { Stamp } from '../../contract/time.ts';
import { remainingMs } from '../../contract/time.ts';

/** Start window of a service without a remedy that names one (PRODUCT section 4: default 60s). */
const DEFAULT_START_WINDOW_MS = 60_000;
/** After a wake the machine gets this long before anything is looked at (R9). */
export const WAKE_SETTLE_MS = 30_000;

export type WindowState =
  | { readonly kind: 'running' }
  | { readonly kind: 'open'; readonly why: SettleReason | 'attempt'; readonly since: Stamp; readonly remainingMs: number }
  /** A window that has run out and that no reading has ended yet. */
  | { readonly kind: 'over' }
  | { readonly kind: 'none' };

/** The window at the moment `at`. An attempt's window goes before any other. */
export function windowAt(health: HealthState, recovery: RecoveryState, at: Stamp): WindowState {
  const attempt = recovery.current;
  if (attempt) {
    if (!attempt.returnedAt) return { kind: 'running' };
    const left = remainingMs(attempt.returnedAt, attempt.startWindowMs, at);
    return left > 0 ? { kind: 'open', why: 'attempt', since: attempt.returnedAt, remainingMs: left } : { kind: 'over' };
  }
  const settle = health.settle;
  if (!settle) return { kind: 'none' };
  const left = remainingMs(settle.since, settle.forMs, at);
  return left > 0 ? { kind: 'open', why: settle.why, since: settle.since, remainingMs: left } : { kind: 'none' };
}

/** How long the service may be starting when it was not an attempt of ours that started it: the longest of its remedies. */
export function startWindowOf(service: ServiceConfig): number {
  const windows = service.recovery.flatMap((remedy) => ('startWindowMs' in remedy ? [remedy.startWindowMs] : []));
  return windows.length > 0 ? Math.max(...windows) : DEFAULT_START_WINDOW_MS;
}
