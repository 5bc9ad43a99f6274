// What a verdict makes of the health state: strikes, incident, unbroken ok (R2, R4, R5, R11). Pure.
// Gives back the same object when nothing that must survive has changed, so that nothing is written (R8).
import type { ServiceConfig } from '../../contract/config.ts';
import {
  type Attempt,
  type HealthState,
  type Incident,
  JUST_RESTARTED,
  type Reading,
  type Settle,
  type Verdict,
} from '../../contract/flow.ts';
import type { RemedyResult } from '../../contract/ports.ts';
import { elapsedMs, type Moment, type Stamp, stampOf } from '../../contract/time.ts';
import { startWindowOf } from './window.ts';

export interface AdvanceHealthInput {
  readonly health: HealthState;
  readonly service: ServiceConfig;
  readonly reading: Reading;
  readonly verdict: Verdict;
  readonly isLatched: boolean;
  readonly suppressedBy: readonly string[];
  /** This look could not see, and it is one of those that count (R2). */
  readonly countsAsUnknown: boolean;
  /** A person's stop is at work: an answer in its last moments is no start (R12). */
  readonly isStopping?: boolean | undefined;
  /** Id for an incident that this reading may open. */
  readonly newIncidentId: string;
}

/** A service that has never been looked at. */
export function newHealth(now: Moment): HealthState {
  return {
    status: 'unknown',
    reason: 'not-yet-checked',
    message: 'Not checked yet',
    since: stampOf(now),
    strikes: 0,
    lastStrikeAt: undefined,
    unknowns: 0,
    isLatched: false,
    incident: undefined,
    okSince: undefined,
    settle: undefined,
    paused: undefined,
    stopped: undefined,
    suppressedBy: [],
  };
}

export function advanceHealth(input: AdvanceHealthInput): HealthState {
  const { health, reading, verdict } = input;
  if (isWellAsBefore(input)) return health;
  const at = stampOf(reading.endedAt);
  const isWell = verdict.status === 'ok' || verdict.status === 'warning';
  const isSuppressed = !isWell && input.suppressedBy.length > 0;
  const strikes = isWell || isSuppressed ? 0 : health.strikes + (verdict.isStrike ? 1 : 0);
  const unknowns = verdict.status === 'unknown' && !isSuppressed ? health.unknowns + (input.countsAsUnknown ? 1 : 0) : 0;
  const isSameFinding = health.status === verdict.status && health.reason === verdict.reason;
  const next: HealthState = {
    status: verdict.status,
    reason: verdict.reason,
    message: isSameFinding ? health.message : verdict.message,
    since: health.status === verdict.status ? health.since : at,
    strikes,
    lastStrikeAt: strikes === 0 ? undefined : verdict.isStrike ? at : health.lastStrikeAt,
    unknowns,
    lastUnknownAt: unknowns === 0 ? undefined : input.countsAsUnknown ? at : health.lastUnknownAt,
    isLatched: input.isLatched,
    incident: incidentAfter(input, isWell, isSuppressed, unknowns, at),
    okSince: verdict.status === 'ok' ? (health.okSince ?? at) : undefined,
    settle: isWell ? undefined : health.settle,
    hold: isWell ? undefined : health.hold,
    paused: health.paused,
    // The person, or something they did, has started it again (R12): a look that began after the stop saw it well.
    stopped: isWell && !input.isStopping && health.stopped && isAfter(reading.startedAt, health.stopped.since) ? undefined : health.stopped,
    suppressedBy: isSuppressed ? input.suppressedBy : [],
  };
  return isSameHealth(health, next) ? health : next;
}

function isAfter(at: Moment, since: Stamp): boolean {
  return at.boot !== since.boot || at.bootMs > since.bootMs;
}

/** From the first strike to the first ok after it; also when nothing could be seen for as long as would alert (R2). */
function incidentAfter(
  input: AdvanceHealthInput,
  isWell: boolean,
  isSuppressed: boolean,
  unknowns: number,
  at: Stamp,
): Incident | undefined {
  const { health, verdict, service } = input;
  if (isWell) return undefined;
  // Also while suppressed: strikes are dropped, but nothing is over before the service itself is ok (R11).
  if (health.incident) return health.incident;
  if (isSuppressed) return undefined;
  if (!verdict.isStrike && unknowns < service.afterFailures) return undefined;
  if (!verdict.isStrike && (health.paused || health.stopped)) return undefined;
  return { id: input.newIncidentId, startedAt: at, firstReason: verdict.reason, firstMessage: verdict.message };
}

/** What it depends on is well again: it gets a fresh start (R4, R11). */
export function parentRecoveredSettle(
  service: ServiceConfig,
  health: HealthState,
  reading: Reading,
  status: Verdict['status'],
  suppressedBy: readonly string[],
): Settle | undefined {
  if (health.suppressedBy.length === 0 || suppressedBy.length > 0 || status === 'ok' || status === 'warning') return undefined;
  return { why: 'parent-recovered', since: stampOf(reading.startedAt), forMs: startWindowOf(service) };
}

/** A start that was not ours: how long the service's process is still younger than its start window, if it has not been
 * ok yet (R4). Whoever started it, no automatic remedy may end it meanwhile. */
export function youngLeftMs(
  service: ServiceConfig,
  reading: Reading,
  status: Verdict['status'],
  lastOkAt: Moment | undefined,
): number | undefined {
  if (status !== 'error' || reading.processAgeMs === undefined) return undefined;
  const left = startWindowOf(service) - reading.processAgeMs;
  if (left <= 0) return undefined;
  const wasOkSinceItsStart = lastOkAt !== undefined && elapsedMs(lastOkAt, reading.endedAt) < reading.processAgeMs;
  return wasOkSinceItsStart ? undefined : left;
}

/** Its window as far as strikes are concerned: opened once per failing stretch, so that a process that dies young again
 * and again still gets its strikes, and somebody hears of it. */
export function youngProcessSettle(health: HealthState, reading: Reading, youngMs: number | undefined): Settle | undefined {
  if (youngMs === undefined || health.settle || health.strikes > 0) return undefined;
  return { why: 'young-process', since: stampOf(reading.startedAt), forMs: youngMs };
}

/** Somebody else's repair has just done what this one was to do: the service may still be starting, and is looked at until its start
 * window ends, as after a repair of its own (R4). */
export function settleAfterShared(
  health: HealthState,
  attempt: Pick<Attempt, 'startWindowMs'> | undefined,
  { reason }: Pick<RemedyResult, 'reason'>,
  now: Moment,
): HealthState {
  if (reason !== JUST_RESTARTED || !attempt) return health;
  return { ...health, settle: { why: 'shared-repair', since: stampOf(now), forMs: attempt.startWindowMs } };
}

/** The answer of nearly all looks, known before anything is built: well, as the last time, and nothing to end by that. */
function isWellAsBefore({ health, verdict, isLatched }: AdvanceHealthInput): boolean {
  return (
    verdict.status === 'ok' &&
    health.status === 'ok' &&
    health.reason === verdict.reason &&
    health.okSince !== undefined &&
    health.strikes === 0 &&
    health.unknowns === 0 &&
    health.isLatched === isLatched &&
    !health.incident &&
    !health.settle &&
    !health.hold &&
    !health.stopped &&
    health.suppressedBy.length === 0
  );
}

function isSameHealth(a: HealthState, b: HealthState): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.strikes === b.strikes &&
    a.unknowns === b.unknowns &&
    a.isLatched === b.isLatched &&
    a.incident === b.incident &&
    a.okSince === b.okSince &&
    a.settle === b.settle &&
    a.hold === b.hold &&
    a.stopped === b.stopped &&
    a.suppressedBy.length === b.suppressedBy.length &&
    a.suppressedBy.every((id, index) => id === b.suppressedBy[index])
  );
}
