// What readings and attempts make of the recovery state: outcome, escalation, giving up, re-arming (R3-R5). Pure.
import type { RecoveryConfig, RemedyConfig, ServiceConfig } from '../../contract/config.ts';
import type { Attempt, HealthState, Outcome, Plan, ProcessIdentity, Reading, RecoveryState, Verdict } from '../../contract/flow.ts';
import { plainLines } from '../../contract/plain-text.ts';
import type { RemedyResult } from '../../contract/ports.ts';
import { scrub } from '../../contract/scrub.ts';
import { elapsedMs, type Moment, type Stamp, stampOf } from '../../contract/time.ts';
import { isRearmed, prunedAttempts } from './budget.ts';
import { isEvidenceRemedy } from './plan.ts';
import { windowAt } from './window.ts';

export function newRecovery(): RecoveryState {
  return { attempts: [], current: undefined, cursor: 0, cursorIncident: undefined, gaveUp: undefined, started: [], lastSkip: undefined };
}

/** Records kept of started processes; the oldest go first. */
const STARTED_KEPT = 8;

export interface BeginInput {
  readonly recovery: RecoveryState;
  readonly service: ServiceConfig;
  readonly health: HealthState;
  readonly plan: Extract<Plan, { kind: 'attempt' }>;
  readonly id: string;
  readonly isDryRun: boolean;
  /** What the last look saw. */
  readonly before?: string | undefined;
  readonly now: Moment;
}

/** The intent: an attempt that is about to have its first effect. To be durable before that (R3). */
export function beginAttempt(input: BeginInput): RecoveryState {
  const { recovery, plan, now, health } = input;
  const remedy = input.service.recovery[plan.remedyIndex] as RemedyConfig;
  const at = stampOf(now);
  const isEvidence = isEvidenceRemedy(remedy);
  const attempt: Attempt = {
    id: input.id,
    service: input.service.id,
    incident: health.incident?.id,
    remedyIndex: plan.remedyIndex,
    remedy: remedy.type,
    trigger: plan.trigger,
    reason: plan.reason,
    startedAt: at,
    counts: plan.trigger === 'auto' && !isEvidence && !input.isDryRun,
    isEvidence,
    startWindowMs: 'startWindowMs' in remedy ? remedy.startWindowMs : 0,
    returnedAt: undefined,
    outcome: undefined,
    outcomeReason: undefined,
    secondsToHealthy: undefined,
    finishedAt: undefined,
    output: undefined,
    before: input.before,
  };
  const isPersons = plan.trigger === 'person';
  return {
    ...recovery,
    // A person's restart gives the whole budget back (R5); cooldown still counts from it.
    attempts: isPersons ? recovery.attempts.map((old) => (old.counts ? { ...old, counts: false } : old)) : recovery.attempts,
    current: attempt,
    cursor: plan.remedyIndex,
    cursorIncident: health.incident?.id,
    gaveUp: isPersons || !recovery.gaveUp ? undefined : { since: at, standDowns: recovery.gaveUp.standDowns + 1 },
    lastSkip: undefined,
  };
}

/** The remedy has returned: its start window opens, unless nothing was touched (R4, R18). */
export function returnAttempt(recovery: RecoveryState, result: RemedyResult, now: Moment, isDryRun: boolean): RecoveryState {
  const attempt = recovery.current;
  if (!attempt) return recovery;
  const at = stampOf(now);
  const started = result.started
    ? [...recovery.started, { pid: result.started.pid, startId: result.started.startId }].slice(-STARTED_KEPT)
    : recovery.started;
  const returned: Attempt = { ...attempt, returnedAt: at, outcomeReason: result.reason, output: joined(result.message, result.output) };
  const next = { ...recovery, started, current: returned };
  if (isDryRun) return finish(next, 'dry-run', result.reason, undefined, now);
  if (result.kind === 'refused')
    return finish({ ...next, current: { ...returned, counts: false } }, 'refused', result.reason, undefined, now);
  if (result.kind === 'not-started') return finish(next, 'failed', result.reason, undefined, now);
  if (attempt.isEvidence) return finish(next, 'succeeded', result.reason, undefined, now);
  return next;
}

/** A remedy that was cut off by the end of the engine: nobody knows how far it came, so its start window opens now (R3, R4, R8). */
export function resumeInterrupted(recovery: RecoveryState, now: Moment): RecoveryState {
  const attempt = recovery.current;
  if (!attempt) return recovery;
  // The machine has booted anew: the service starts anew too (R4).
  if (attempt.returnedAt) return attempt.returnedAt.boot === now.boot ? recovery : reopenWindow(recovery, now);
  if (attempt.isEvidence)
    return finish({ ...recovery, current: { ...attempt, returnedAt: stampOf(now) } }, 'failed', 'interrupted', undefined, now);
  return { ...recovery, current: { ...attempt, returnedAt: stampOf(now), outcomeReason: 'interrupted' } };
}

/** After a wake a start window begins anew: the service slept too (R4, R9). */
export function reopenWindow(recovery: RecoveryState, now: Moment): RecoveryState {
  const attempt = recovery.current;
  return attempt?.returnedAt ? { ...recovery, current: { ...attempt, returnedAt: stampOf(now) } } : recovery;
}

export interface AdvanceRecoveryInput {
  readonly recovery: RecoveryState;
  readonly health: HealthState;
  readonly config: RecoveryConfig;
  readonly reading: Reading;
  readonly verdict: Verdict;
}

/** Ends the running attempt if this reading tells its outcome; re-arms; forgets what no longer matters. */
export function advanceRecovery(input: AdvanceRecoveryInput): RecoveryState {
  const { reading, verdict, config } = input;
  let recovery = input.recovery;
  const attempt = recovery.current;
  if (attempt?.returnedAt && isSince(reading.startedAt, attempt.returnedAt)) {
    const isWell = verdict.status === 'ok' || verdict.status === 'warning';
    if (isWell) {
      const seconds = Math.round(elapsedMs(attempt.startedAt, reading.endedAt)) / 1_000;
      recovery = finish(seenAfter(recovery, verdict), 'succeeded', attempt.outcomeReason ?? 'healthy-again', seconds, reading.endedAt);
    } else if (windowAt(input.health, recovery, reading.startedAt).kind === 'over') {
      // What the remedy itself did or said is in its output.
      const why = verdict.status === 'unknown' ? 'could-not-verify' : 'still-failing';
      recovery = finish(seenAfter(recovery, verdict), 'failed', why, undefined, reading.endedAt);
    }
  }
  if (recovery.gaveUp && isRearmed(input.health, config, reading.endedAt)) recovery = { ...recovery, gaveUp: undefined };
  const attempts = prunedAttempts(recovery.attempts, config);
  return attempts === recovery.attempts ? recovery : { ...recovery, attempts };
}

function seenAfter(recovery: RecoveryState, { message }: Verdict): RecoveryState {
  return recovery.current ? { ...recovery, current: { ...recovery.current, after: message } } : recovery;
}

/** A person has stopped the service: nobody waits any longer for what the last remedy achieved (R12). */
export function endByStop(recovery: RecoveryState, now: Moment): RecoveryState {
  return finish(recovery, 'failed', 'stopped', undefined, now);
}

/** This is the moment of giving up: whatever the strikes, until a stand-down, a person or a whole window of ok (R5). */
export function giveUp(recovery: RecoveryState, now: Stamp): RecoveryState {
  return recovery.gaveUp
    ? recovery
    : { ...recovery, gaveUp: { since: { wallMs: now.wallMs, bootMs: now.bootMs, boot: now.boot }, standDowns: 0 } };
}

/** Forgets processes that no longer run. */
export function withoutEnded(recovery: RecoveryState, isAlive: (identity: ProcessIdentity) => boolean): RecoveryState {
  const started = recovery.started.filter(isAlive);
  return started.length === recovery.started.length ? recovery : { ...recovery, started };
}

function finish(recovery: RecoveryState, outcome: Outcome, reason: string, seconds: number | undefined, now: Moment): RecoveryState {
  const attempt = recovery.current;
  if (!attempt) return recovery;
  const done: Attempt = { ...attempt, outcome, outcomeReason: reason, secondsToHealthy: seconds, finishedAt: stampOf(now) };
  // After a failed attempt comes the next remedy; after evidence too, since it repairs nothing (R5).
  const moves = outcome === 'failed' || outcome === 'refused' || (attempt.isEvidence && outcome !== 'dry-run');
  return {
    ...recovery,
    attempts: [...recovery.attempts, done],
    current: undefined,
    cursor: moves ? attempt.remedyIndex + 1 : attempt.remedyIndex,
    gaveUp: recovery.gaveUp && outcome === 'failed' ? { ...recovery.gaveUp, since: stampOf(now) } : recovery.gaveUp,
  };
}

function isSince(at: Moment, since: Stamp): boolean {
  return at.boot !== since.boot || at.bootMs >= since.bootMs;
}
/** What strangers printed: kept, shown and handed to the agent from here on. */
function joined(message: string, output: string): string {
  return scrub(plainLines(output ? `${message}\n${output}` : message));
}
