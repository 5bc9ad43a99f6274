// The order of a round, written once: look → judge → advance → plan → intent → alert → record (DESIGN "The value that travels").
// It decides nothing itself and touches the machine only through what it is handed.
import type { CheckEvent } from '../contract/audit.ts';
import type { Config, RemedyConfig } from '../contract/config.ts';
import { actionOf } from '../contract/describe-remedy.ts';
import type { Build, Phase, Plan, PlanReason, Reading, ServiceState, Verdict } from '../contract/flow.ts';
import type { Keeping } from '../contract/keeper.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type { AuditPort, ClockPort, IdsPort } from '../contract/ports.ts';
import { elapsedMs, type Moment, stampOf } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { noteOk, notePlan, noteTimes } from './cell.ts';
import { advanceHealth, parentRecoveredSettle, youngLeftMs, youngProcessSettle } from './decide/advance-health.ts';
import { advanceRecovery, beginAttempt, giveUp } from './decide/advance-recovery.ts';
import { type AlertDecision, decideAlert } from './decide/alert.ts';
import { afterBuildLook, asksForBuilds, holdLeftMs, holdNews, isHeldAt, withoutBuildLook } from './decide/hold.ts';
import { judge, statusOf } from './decide/judge.ts';
import { planRecovery } from './decide/plan.ts';
import { phaseOf } from './decide/summary.ts';
import { stop } from './decide/will.ts';
import { windowAt } from './decide/window.ts';

export interface RoundDeps {
  readonly clock: ClockPort;
  readonly ids: IdsPort;
  readonly audit: AuditPort;
  readonly isDryRun: boolean;
  config(): Config;
  /** Tells the reading once, also at once; or what broke the look, which is no reading. */
  look(cell: Cell, told: (reading: Reading) => void, broke: (error: unknown) => void): void;
  /** Grows with every sleep or wake that is noticed (R9), also by this moment, which was read just now. */
  epoch(now: Moment): number;
  /** Ids of what it needs, said or plain to see, that is down: checked anew (R11). Asked only when the service fails. */
  dependenciesDown(cell: Cell, depth: RoundDepth): Promise<readonly string[]>;
  /** The engine is about to end: nothing new is begun. */
  isClosing(): boolean;
  /** The build at work in the folders of this service when it failed (R10). Asked only then, and where it counts. */
  buildAtWork(cell: Cell, failedAt: Moment): Promise<Build | undefined>;
  /** The end of this build brings the next look forward; undefined: none is waited for. */
  watchBuild(cell: Cell, build: Build | undefined): void;
  /** Age of the youngest process that is this service, where its check names none; undefined when there is none, or nobody knows. */
  processAge(cell: Cell): Promise<number | undefined>;
  /** What the keeper of a failing service says of it (R4, R12); undefined where nobody keeps it, or nobody knows. */
  askKeeping(cell: Cell): Promise<Keeping | undefined>;
  /** Who holds its port though it is not the service. */
  portHolder(cell: Cell): Promise<PortHolder | undefined>;
  /** Remembers the state; nothing is written when nothing changed (R8). */
  put(cell: Cell): void;
  /** Makes all that was put durable now. Rejects when the home can't be written. */
  flush(): Promise<void>;
  /** The intent is durable: run the remedy that it names. Its outcome belongs to a later round. */
  startAttempt(cell: Cell, remedy: RemedyConfig): void;
  attemptFinished(cell: Cell): void;
  /** Deliver, or close, as decided. Runs on its own. */
  tell(cell: Cell, decision: Extract<AlertDecision, { kind: 'tell' | 'recovered' }>): void;
  /** Brings the alert's entry in the queue up to date, without a notice. */
  requeue(cell: Cell): void;
  /** The incident of an alert that was never told is over: should a crash have left it in the queue, it is closed there. */
  forget(alertId: string): void;
  stateTrouble(error: unknown | undefined): void;
}

/** `full`: recovery and alerts too. `look`: see and record only (a person's `check` without an engine). */
export type RoundDepth = 'full' | 'look';

/** A wait that is nearly over may be over when the plan is made: asked then too. */
const ASK_BEFORE_MS = 5_000;
/** Waits that nothing but time ends: where one of them still runs, this look can begin nothing. */
const TIME_ALONE: ReadonlySet<PlanReason | undefined> = new Set(['cooldown', 'gave-up', 'build-running']);
const NOBODY: readonly string[] = Object.freeze([]);

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
  const told = (looked: Reading): void => {
    isTold = true;
    let whole: Promise<void> | undefined;
    try {
      // A new configuration has given it another check meanwhile: what was seen is not of this one, and is no reason to repair anything.
      if (cell.probe !== probe && !cell.isGone && !deps.isClosing()) {
        look();
        return;
      }
      const seen = deps.epoch(looked.endedAt) === epoch ? looked : cutShort(looked);
      if (!isNothingNew(cell, seen)) whole = wholeRound(cell, deps, depth, seen);
      else if (!cell.isGone && !deps.isClosing()) {
        noteLook(cell, seen);
        recordAgain(cell, deps, seen, depth);
      }
    } catch (error) {
      broke(error);
      return;
    }
    if (whole) whole.then(() => over(), broke);
    else over();
  };
  try {
    look();
  } catch (error) {
    if (isTold) throw error;
    broke(error);
  }
}

async function wholeRound(cell: Cell, deps: RoundDeps, depth: RoundDepth, seen: Reading): Promise<void> {
  const reading = isWellAtSight(seen) ? seen : await withProcessAge(cell, seen, deps);
  const suppressedBy = await suppressed(cell, reading, deps, depth);
  const buildLook = isWellAtSight(seen) ? NOT_ASKED : await lookForBuilds(cell, reading, suppressedBy, deps);
  const keeping = await whoIsBehind(cell, reading, suppressedBy, deps);
  if (cell.isGone || deps.isClosing()) return;
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

function suppressed(cell: Cell, reading: Reading, deps: RoundDeps, depth: RoundDepth): readonly string[] | Promise<readonly string[]> {
  const status = statusOf(reading, cell.state.health.isLatched);
  return status === 'ok' || status === 'warning' ? NOBODY : deps.dependenciesDown(cell, depth);
}

/** The quick answer for nearly all looks: nothing failed, and no limit is there to be judged. */
function isWellAtSight(reading: Reading): boolean {
  return (reading.level === 'ok' || reading.level === 'warning') && reading.measures.length === 0;
}

/** A failing look that does not know its process asks for it, unless a window is open anyway (R4). */
async function withProcessAge(cell: Cell, reading: Reading, deps: RoundDeps): Promise<Reading> {
  if (reading.processAgeMs !== undefined || statusOf(reading, cell.state.health.isLatched) !== 'error') return reading;
  const window = windowAt(cell.state.health, cell.state.recovery, reading.startedAt);
  if (window.kind === 'running' || window.kind === 'open') return reading;
  const processAgeMs = await deps.processAge(cell);
  return processAgeMs === undefined ? reading : { ...reading, processAgeMs };
}

interface BuildLook {
  readonly isAsked: boolean;
  readonly build: Build | undefined;
}
const NOT_ASKED: BuildLook = { isAsked: false, build: undefined };

/** Who builds is looked for only where it counts (R10): nothing is scanned while all is well. */
async function lookForBuilds(cell: Cell, reading: Reading, suppressedBy: readonly string[], deps: RoundDeps): Promise<BuildLook> {
  const { health, recovery } = cell.state;
  const status = statusOf(reading, health.isLatched);
  if (!asksForBuilds({ service: cell.service, health, recovery, status, suppressedBy, at: reading.startedAt })) return NOT_ASKED;
  return { isAsked: true, build: await deps.buildAtWork(cell, reading.startedAt) };
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

/** Of a failing service: what its keeper says, and who else holds its port. Asked when an incident may begin, and whenever an attempt
 * may; not in a window, and not while a wait runs that would forbid the attempt anyway. */
async function whoIsBehind(cell: Cell, reading: Reading, suppressedBy: readonly string[], deps: RoundDeps): Promise<Keeping | undefined> {
  const { health, recovery } = cell.state;
  if (statusOf(reading, health.isLatched) !== 'error') {
    cell.portHolder = undefined;
    return undefined;
  }
  if (health.paused || health.stopped || cell.isStopping || suppressedBy.length > 0) return undefined;
  const window = windowAt(health, recovery, reading.startedAt);
  if (window.kind === 'running' || window.kind === 'open') return undefined;
  const waitMs = cell.planAt && cell.planWaitMs !== undefined ? cell.planWaitMs - elapsedMs(cell.planAt, deps.clock.now()) : 0;
  if (health.incident && waitMs > ASK_BEFORE_MS && TIME_ALONE.has(cell.planReason)) {
    // Who was named may be gone; nobody else is looked for.
    if (cell.portHolder) cell.portHolder = await deps.portHolder(cell);
    return undefined;
  }
  const [keeping, holder] = await Promise.all([deps.askKeeping(cell), deps.portHolder(cell)]);
  cell.portHolder = holder;
  return keeping;
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

/** Puts the intent on disk, then starts (R3). Gives a reason, and nothing is begun, when it can't be written or when a
 * person's word came meanwhile (R12). */
export async function begin(cell: Cell, plan: Extract<Plan, { kind: 'attempt' }>, deps: RoundDeps): Promise<PlanReason | undefined> {
  const before = cell.state;
  if (before.recovery.current) return 'attempt-running'; // they never overlap, whoever asks (R3)
  // Named now: a new configuration may come while the intent is written.
  const remedy = cell.service.recovery[plan.remedyIndex];
  if (!remedy) return 'no-remedy';
  const now = deps.clock.now();
  const recovery = beginAttempt({
    recovery: before.recovery,
    service: cell.service,
    health: before.health,
    plan,
    id: deps.ids.next('a'),
    isDryRun: deps.isDryRun,
    before: cell.verdict?.message,
    now,
  });
  cell.state = { ...before, recovery };
  cell.planWaitMs = undefined; // what was waited for has been passed over
  deps.put(cell);
  const takeBack = (reason: PlanReason): PlanReason => {
    cell.state = { ...cell.state, recovery: { ...before.recovery, started: cell.state.recovery.started } };
    deps.put(cell);
    notePlan(cell, { kind: 'wait', reason, waitMs: undefined, givesUp: false }, now);
    return reason;
  };
  try {
    await deps.flush();
    deps.stateTrouble(undefined);
  } catch (error) {
    deps.stateTrouble(error);
    return takeBack('state-unwritable');
  }
  const attempt = recovery.current;
  if (!attempt) return 'no-remedy';
  if (deps.isClosing() || cell.isGone) return takeBack('stopped');
  if (plan.trigger === 'auto' && cell.state.health.paused) return takeBack('paused');
  if (plan.trigger === 'auto' && cell.state.health.stopped) return takeBack('stopped');
  deps.audit.write(
    'recovery',
    {
      event: 'recovery-started',
      service: attempt.service,
      attempt: attempt.id,
      remedy: attempt.remedy,
      trigger: attempt.trigger,
      reason: attempt.reason,
      action: actionOf(remedy),
      ...(attempt.before === undefined ? {} : { before: attempt.before }),
    },
    now,
  );
  deps.startAttempt(cell, remedy);
  return undefined;
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

export function recordFinished(cell: Cell, deps: Pick<RoundDeps, 'audit'>, now: Moment): void {
  const attempt = cell.state.recovery.attempts.at(-1);
  if (!attempt?.outcome) return;
  deps.audit.write(
    'recovery',
    {
      event: 'recovery-finished',
      service: attempt.service,
      attempt: attempt.id,
      remedy: attempt.remedy,
      outcome: attempt.outcome,
      secondsToHealthy: attempt.secondsToHealthy ?? null,
      reason: attempt.outcomeReason ?? '',
      output: attempt.output ?? '',
      ...(attempt.after === undefined ? {} : { after: attempt.after }),
      ...(attempt.returnedAt ? { ranMs: Math.round(elapsedMs(attempt.startedAt, attempt.returnedAt)) } : {}),
    },
    now,
  );
}

function recordCheck(cell: Cell, deps: RoundDeps, phase: Phase, reading: Reading, depth: RoundDepth): void {
  const { verdict, state } = cell;
  if (!verdict) return;
  const line: CheckEvent = {
    event: 'check',
    service: cell.service.id,
    status: verdict.status,
    phase,
    reason: verdict.reason,
    message: verdict.message,
    latencyMs: tenths(reading.latencyMs),
    value: verdict.value ?? null,
    unit: verdict.unit ?? null,
    consecutiveFailures: state.health.strikes,
    incident: state.health.incident?.id,
    // Why it is no strike, and why nobody is told: decisions too (R16).
    ...(verdict.status === 'error' && verdict.whyNoStrike ? { noStrike: verdict.whyNoStrike } : {}),
    ...(cell.alertReason ? { alert: cell.alertReason } : {}),
    // What a rehearsal needs to decide as it was decided here (replay.ts).
    ...(verdict.status === 'error' && reading.processAgeMs !== undefined ? { processAgeMs: Math.round(reading.processAgeMs) } : {}),
    ...(depth === 'look' ? { isOnlyLook: true as const } : {}),
  };
  deps.audit.write('health', line, reading.endedAt);
  cell.healthyLine = phase === 'healthy' && depth === 'full' ? { event: line } : undefined;
}

/** After a look that saw nothing new: the last line says all of it but the time. */
function recordAgain(cell: Cell, deps: RoundDeps, reading: Reading, depth: RoundDepth): void {
  const line = cell.healthyLine;
  if (line && depth === 'full' && line.event.alert === cell.alertReason) deps.audit.again(line, tenths(reading.latencyMs), reading.endedAt);
  else recordCheck(cell, deps, 'healthy', reading, depth);
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
