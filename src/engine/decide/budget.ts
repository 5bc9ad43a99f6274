// How many repairs are allowed: pace, budget, giving up, stand-down, re-arming (R3, R5). Pure.
import type { RecoveryConfig } from '../../contract/config.ts';
import type { Attempt, HealthState, RecoveryState } from '../../contract/flow.ts';
import { elapsedMs, remainingMs, type Stamp } from '../../contract/time.ts';

/** Automatic repairs that started within the window and were not refused, the running one included (R5). */
function spentAttempts(recovery: RecoveryState, config: RecoveryConfig, now: Stamp): number {
  const counted = recovery.current ? [...recovery.attempts, recovery.current] : recovery.attempts;
  return counted.filter((attempt) => attempt.counts && elapsedMs(attempt.startedAt, now) < config.windowMs).length;
}

/** Nothing is left (R5): another attempt would be one too many in the window, or the last that was allowed has failed in this
 * incident, however long it took to fail. */
export function isBudgetSpent(recovery: RecoveryState, health: HealthState, config: RecoveryConfig, now: Stamp): boolean {
  if (spentAttempts(recovery, config, now) >= config.maxAttempts) return true;
  const last = recovery.attempts.findLast((attempt) => attempt.counts);
  if (last?.outcome !== 'failed' || last.incident === undefined || last.incident !== health.incident?.id) return false;
  const until = recovery.attempts.filter((attempt) => attempt.counts && elapsedMs(attempt.startedAt, last.startedAt) <= config.windowMs);
  return until.length >= config.maxAttempts;
}

/** Until the next attempt may start: `cooldown` since the last start, whatever became of it (R3). */
export function cooldownLeftMs(recovery: RecoveryState, config: RecoveryConfig, now: Stamp): number {
  const last = recovery.current ?? recovery.attempts.at(-1);
  return last ? remainingMs(last.startedAt, config.cooldownMs, now) : 0;
}

/** Until the stand-down that follows giving up is over; the last one repeats (R5). */
export function standDownLeftMs(gaveUp: NonNullable<RecoveryState['gaveUp']>, config: RecoveryConfig, now: Stamp): number {
  const index = Math.min(gaveUp.standDowns, config.standDownMs.length - 1);
  return remainingMs(gaveUp.since, config.standDownMs[index] ?? 0, now);
}

/** A whole `window` of ok without a break gives everything back (R5). */
export function isRearmed(health: HealthState, config: RecoveryConfig, now: Stamp): boolean {
  return health.okSince !== undefined && elapsedMs(health.okSince, now) >= config.windowMs;
}

/** The attempts that still matter to cooldown and budget: the last, and what lay within the window when it began. */
export function prunedAttempts(attempts: readonly Attempt[], config: RecoveryConfig): readonly Attempt[] {
  const last = attempts.at(-1);
  const keepMs = Math.max(config.windowMs, config.cooldownMs);
  const kept = attempts.filter((attempt) => last && elapsedMs(attempt.startedAt, last.startedAt) <= keepMs);
  return kept.length === attempts.length ? attempts : kept;
}
