// The order of a round, written once: look → judge → advance → plan → intent → alert → record (DESIGN "The value that travels").
// It decides nothing itself and touches the machine only through what it is handed.
import type { Plan, Reading, ServiceState, Verdict } from '../contract/flow.ts';
import type { Keeping } from '../contract/keeper.ts';
import { elapsedMs, type Moment, stampOf } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { noteOk, notePlan, noteTimes } from './cell.ts';
import { advanceHealth, parentRecoveredSettle, youngLeftMs, youngProcessSettle } from './decide/advance-health.ts';
import { advanceRecovery, giveUp } from './decide/advance-recovery.ts';
import { decideAlert } from './decide/alert.ts';
import { afterBuildLook, holdLeftMs, holdNews, isHeldAt, withoutBuildLook } from './decide/hold.ts';
import { judge, statusOf } from './decide/judge.ts';
import { planRecovery } from './decide/plan.ts';
import { phaseOf } from './decide/summary.ts';
import { stop } from './decide/will.ts';
import { begin } from './intent.ts';
import { type BuildLook, isWellAtSight, lookForBuilds, NOT_ASKED, suppressed, whoIsBehind, withProcessAge } from './round-asks.ts';
import type { RoundDeps, RoundDepth } from './round-deps.ts';
import { recordAgain, recordCheck, recordFinished } from './round-record.ts';

/** `epoch`: as it is now, when the look begins. `over` is called once, with what broke the round if something did; within the turn in
 * which the look is told where that saw nothing new, as nearly all do. */
export function round(cell: Cell, deps: RoundDeps, depth: RoundDepth, epoch: number, over: (failure?: { error: unknown }) => void): void {
  let isTold = false;
  let { probe } = cell;
  const broke = (error: unknown): void => over({ error });
  const look = (): void => {
    probe = cell.probe;
    deps.look(cell, told, broke);
  };
  const lookAnew = (): void => {
    try {
      look();
    } catch (error) {
      broke(error);
    }
  };
  const told = (looked: Reading): void => {
    isTold = true;
    let whole: Promise<boolean> | undefined;
    try {
      // A new configuration has given it another check meanwhile: what was seen is not of this one, and is no reason to repair anything.
      if (cell.probe !== probe && !cell.isGone && !deps.isClosing()) {
        look();
        return;
      }
      const seen = deps.epoch(looked.endedAt) === epoch ? looked : cutShort(looked);
      if (!isNothingNew(cell, seen)) whole = wholeRound(cell, deps, depth, seen, probe);
      else if (!cell.isGone && !deps.isClosing()) {
        noteLook(cell, seen);
        recordAgain(cell, deps, seen, depth);
      }
    } catch (error) {
      broke(error);
      return;
    }
    if (whole) whole.then((isDecided) => (isDecided ? over() : lookAnew()), broke);
    else over();
  };
  try {
    look();
  } catch (error) {
    if (isTold) throw error;
    broke(error);
  }
}

/** `probe`: of the look. Tells false where the service has got another check meanwhile: then nothing was decided, and it is looked at anew. */
async function wholeRound(cell: Cell, deps: RoundDeps, depth: RoundDepth, seen: Reading, probe: Cell['probe']): Promise<boolean> {
  const reading = isWellAtSight(seen) ? seen : await withProcessAge(cell, seen, deps);
  const suppressedBy = await suppressed(cell, reading, deps, depth);
  const buildLook = isWellAtSight(seen) ? NOT_ASKED : await lookForBuilds(cell, reading, suppressedBy, deps);
  const keeping = await whoIsBehind(cell, reading, suppressedBy, deps);
  if (cell.isGone || deps.isClosing()) return true;
  if (cell.probe !== probe) return false;
  // From here to the intent nothing waits, so that no other word (a pause, a returning remedy) is overwritten.
  const before = cell.state;
  const config = deps.config();
  const now = deps.clock.now();

  // Starts that were not ours get their window before anything is judged (R4, R11).
  const status = statusOf(reading, before.health.isLatched);
  const youngMs = suppressedBy.length > 0 ? undefined : youngLeftMs(cell.service, reading, status, cell.lastOkAt);
  const health = withBuildLook(settled(cell, reading, status, suppressedBy, youngMs), cell, buildLook, now);
  const isHeld = buildLook.isAsked && isHeldAt(health, now);
  const { verdict, isLatched, countsAsUnknown } = judge({
    reading,
    service: cell.service,
    health,
    recovery: before.recovery,
    suppressedBy,
    isHeld,
  });
  const nextHealth = advanceHealth({
    health,
    service: cell.service,
    reading,
    verdict,
    isLatched,
    suppressedBy,
    countsAsUnknown,
    isStopping: cell.isStopping,
    // Asked for only where an incident may begin: nearly all looks see that all is well.
    newIncidentId: verdict.status === 'ok' || verdict.status === 'warning' ? '' : deps.ids.next('i'),
  });
  const nextRecovery = advanceRecovery({ recovery: before.recovery, health: nextHealth, config: config.recovery, reading, verdict });
  cell.state = withParts(before, nextHealth, nextRecovery);
  // The old one where it says the same: what lives for an interval is dear to collect.
  if (!cell.verdict || !isSameVerdict(cell.verdict, verdict)) cell.verdict = verdict;
  noteLook(cell, reading);
  const isAttemptOver = before.recovery.current !== undefined && nextRecovery.current === undefined;
  if (isAttemptOver) recordFinished(cell, deps, now);

  const isFoundStopped = findStopped(cell, verdict, keeping, deps, now);
  const plan = planRecovery({
    service: cell.service,
    config: config.recovery,
    health: cell.state.health,
    recovery: cell.state.recovery,
    verdict,
    isHeld,
    holdLeftMs: isHeld ? holdLeftMs(nextHealth.hold, now) : undefined,
    youngMs,
    kept: isFoundStopped ? undefined : keeping?.state,
    now: stampOf(now),
  });
  if (nextHealth.hold || before.health.hold) followHold(cell, before.health.hold, deps, now);
  notePlan(cell, plan, now);
  const begun = depth === 'full' ? followPlan(cell, plan, deps, now) : undefined;
  if (begun) await begun;
  if (depth === 'full') followAlert(cell, deps, isHeld, now);
  recordCheck(cell, deps, phaseOf(cell.state, isHeld, reading.endedAt), reading, depth);
  cell.restState = cell.state === before && plan.reason === 'not-failing' && isAtRest(before) ? before : undefined;
  if (cell.state !== before) deps.put(cell);
  if (isAttemptOver) deps.attemptFinished(cell);
  return true;
}

/** A look that spans a sleep has seen nothing (R9). */
function cutShort(reading: Reading): Reading {
  return { ...reading, level: 'unknown', reason: 'cut-short', message: 'The machine slept during this look', measures: [] };
}

/** Nearly all looks: well, by the very words of the last one, in a state that this leaves as it is. Deciding it all again would
 * be most of what a look at a port costs (bench/tcp-checks.ts). */
function isNothingNew(cell: Cell, reading: Reading): boolean {
  const { verdict } = cell;
  return (
    cell.restState === cell.state &&
    reading.level === 'ok' &&
    reading.measures.length === 0 &&
    verdict?.status === 'ok' &&
    verdict.reason === reading.reason &&
    verdict.message === reading.message
  );
}

/** Well, and nothing that runs out by itself or that another look could end: no incident, window, attempt, pause, stop or alert. */
function isAtRest({ health, recovery, alert }: ServiceState): boolean {
  return (
    health.status === 'ok' &&
    !health.isLatched &&
    health.strikes === 0 &&
    health.unknowns === 0 &&
    !health.incident &&
    !health.settle &&
    !health.paused &&
    !health.stopped &&
    health.suppressedBy.length === 0 &&
    !recovery.current &&
    !recovery.gaveUp &&
    !recovery.lastSkip &&
    !alert.alert
  );
}

function noteLook(cell: Cell, reading: Reading): void {
  noteTimes(cell, reading.startedAt, reading.endedAt, reading.latencyMs);
  cell.processes = reading.processes;
  if (cell.verdict?.status === 'ok') noteOk(cell, reading.endedAt);
}

function withBuildLook(health: ServiceState['health'], cell: Cell, look: BuildLook, now: Moment): ServiceState['health'] {
  if (!look.isAsked && !health.hold) return health;
  const at = stampOf(now);
  return look.isAsked ? afterBuildLook(health, cell.service, look.build, at) : withoutBuildLook(health, at);
}

/** Writes down what holds it, and what ended that; waits for the end of the build. */
function followHold(cell: Cell, before: ServiceState['health']['hold'], deps: RoundDeps, now: Moment): void {
  const { hold } = cell.state.health;
  deps.watchBuild(cell, hold?.build);
  const news = holdNews(before, hold, now);
  const service = cell.service.id;
  if (news?.kind === 'held') {
    const { name, pid, folder, since } = news.build;
    const ageMs = Math.round(elapsedMs(since, now));
    deps.audit.write(
      'recovery',
      { event: 'held', service, build: name, pid: pid ?? null, folder, ageMs, leftMs: Math.round(news.leftMs) },
      now,
    );
  } else if (news) {
    deps.audit.write('recovery', { event: 'hold-ended', service, reason: news.reason, heldMs: Math.round(news.heldMs) }, now);
  }
}

/** Its user has stopped it by its supervisor: from now on it is `stopped`, and its incident is over (R12). */
function findStopped(cell: Cell, verdict: Verdict, keeping: Keeping | undefined, deps: RoundDeps, now: Moment): boolean {
  const { health, alert, recovery } = cell.state;
  if (keeping?.state.kind !== 'stopped' || verdict.status !== 'error' || health.stopped || health.paused || recovery.current) return false;
  const { state } = keeping;
  if (alert.alert) deps.forget(alert.alert.id);
  cell.state = stop(cell.state, now, state.reason);
  const told = {
    event: 'found-stopped',
    service: cell.service.id,
    by: keeping.keeper.by,
    reason: state.reason,
    message: state.why,
  } as const;
  deps.audit.write('health', told, now);
  return true;
}

function settled(
  cell: Cell,
  reading: Reading,
  status: Verdict['status'],
  suppressedBy: readonly string[],
  youngMs: number | undefined,
): ServiceState['health'] {
  const { health } = cell.state;
  const parent = parentRecoveredSettle(cell.service, health, reading, status, suppressedBy);
  const settle = parent ?? youngProcessSettle(health, reading, youngMs);
  return settle ? { ...health, settle } : health;
}

function withParts(before: ServiceState, health: ServiceState['health'], recovery: ServiceState['recovery']): ServiceState {
  return health === before.health && recovery === before.recovery ? before : { ...before, health, recovery };
}

function isSameVerdict(a: Verdict, b: Verdict): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.isStrike === b.isStrike &&
    a.whyNoStrike === b.whyNoStrike &&
    a.value === b.value &&
    a.unit === b.unit &&
    a.limit === b.limit
  );
}

/** Only an attempt has to be waited for. */
function followPlan(cell: Cell, plan: Plan, deps: RoundDeps, now: Moment): Promise<void> | undefined {
  if (plan.kind === 'wait') {
    if (plan.givesUp) cell.state = { ...cell.state, recovery: giveUp(cell.state.recovery, now) };
    skip(cell, deps, plan.reason, now);
    return undefined;
  }
  return begin(cell, plan, deps).then((whyNot) => {
    if (whyNot) skip(cell, deps, whyNot, now);
  });
}

/** Doing nothing is a decision too: written down once per change of its reason (R16). */
function skip(cell: Cell, deps: RoundDeps, reason: ServiceState['recovery']['lastSkip'], now: Moment): void {
  const { recovery, health } = cell.state;
  const worth = health.status === 'error' ? reason : undefined;
  if (recovery.lastSkip === worth) return;
  cell.state = { ...cell.state, recovery: { ...recovery, lastSkip: worth } };
  if (worth) deps.audit.write('recovery', { event: 'recovery-skipped', service: cell.service.id, reason: worth }, now);
}

/** Also asked again when a notice has arrived: what happened meanwhile waited for it. */
export function followAlert(cell: Cell, deps: RoundDeps, isHeld: boolean, now: Moment): void {
  const { health, recovery, alert } = cell.state;
  cell.alertWaitMs = undefined;
  if (!cell.isTelling) cell.alertReason = undefined;
  if ((!health.incident && !alert.alert) || cell.isTelling) return;
  const decision = decideAlert({ service: cell.service, health, recovery, alert, isHeld, now: stampOf(now) });
  cell.alertReason = decision.reason;
  switch (decision.kind) {
    case 'quiet':
      cell.alertWaitMs = decision.waitMs;
      cell.alertAt = now;
      if (decision.alert === alert.alert) return;
      if (decision.reason === 'never-told' && alert.alert) deps.forget(alert.alert.id);
      cell.state = { ...cell.state, alert: { ...alert, alert: decision.alert } };
      // The queue shows the worse kind at once; the notice waits for its cooldown (R6).
      if (decision.reason === 'alert-cooldown' && decision.alert?.told && decision.alert.kind !== alert.alert?.kind) deps.requeue(cell);
      return;
    case 'tell':
      cell.state = { ...cell.state, alert: { ...alert, alert: decision.alert } };
      deps.tell(cell, decision);
      return;
    case 'recovered':
      deps.tell(cell, decision);
      return;
    default:
      decision satisfies never;
  }
}
