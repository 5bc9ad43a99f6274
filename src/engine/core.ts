// The running engine without its house: cells, their rounds, timers, sleep and wake, dependencies. Everything that touches
// the machine comes in as a port, so that a year can be simulated in seconds (R1, R8, R9, R11).
// Longer than 250 lines: it is the one place that knows when a round begins; what happens in it is round.ts.
import pLimit from 'p-limit';
import type { BuildsConfig, CheckConfig, Config, RemedyConfig, ServiceConfig } from '../contract/config.ts';
import { errorText } from '../contract/errors.ts';
import type { Build, ProcessIdentity, Reading, ServiceState } from '../contract/flow.ts';
import type { Keeper, Keeping } from '../contract/keeper.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type {
  AuditPort,
  ChannelPort,
  ClockPort,
  IdsPort,
  OtherServices,
  ProbeContext,
  RemedyContext,
  RemedyResult,
  TimersPort,
} from '../contract/ports.ts';
import { elapsedMs, type Moment, remainingMs } from '../contract/time.ts';
import { inTime } from './ask-once.ts';
import { type AttemptDeps, type RemedyTools, runAttempt } from './attempt.ts';
import { createCauses } from './causes.ts';
import { type Cell, newCell } from './cell.ts';
import { newHealth } from './decide/advance-health.ts';
import { newRecovery, reopenWindow, resumeInterrupted, withoutEnded } from './decide/advance-recovery.ts';
import { newAlertState } from './decide/alert.ts';
import { firstDueMs, nextDue } from './decide/due.ts';
import { isHeldAt } from './decide/hold.ts';
import { engineStart, isPauseOver, resume, wake, withoutFuture } from './decide/will.ts';
import { WAKE_SETTLE_MS } from './decide/window.ts';
import { type Identified, othersOf, placeOf } from './identify-service.ts';
import { createNotices, type Notices } from './notices.ts';
import { followAlert, round } from './round.ts';
import type { RoundDeps, RoundDepth } from './round-deps.ts';
import { recordFinished } from './round-record.ts';
import { createSharedTimers } from './shared-timers.ts';
import type { AgentQueue, QueueRaise } from './tell/agent-queue.ts';
import { createWakefulness } from './wakefulness.ts';
import { createWatching } from './watching.ts';

/** The part of the state store that the core uses. */
export interface CoreStore {
  readonly loaded: ReadonlyMap<string, Partial<ServiceState>>;
  put(service: string, state: ServiceState): void;
  flush(options?: { urgent?: boolean }): Promise<void>;
}

export interface CoreDeps {
  readonly clock: ClockPort;
  readonly timers: TimersPort;
  readonly ids: IdsPort;
  readonly audit: AuditPort;
  readonly store: CoreStore;
  readonly queue: AgentQueue;
  readonly channels: ReadonlyMap<string, ChannelPort>;
  readonly isDryRun: boolean;
  /** false: nothing is looked at by itself, except to verify an attempt (`check` without an engine). */
  readonly isScheduled: boolean;
  readonly tools: RemedyTools;
  probeContext(): Omit<ProbeContext, 'memory'>;
  /** Tells the reading once, also at once. Not by a promise: making and settling those of a look was a tenth of its cost. */
  look(check: CheckConfig, ctx: ProbeContext, told: (reading: Reading) => void): void;
  startsProgram(check: CheckConfig): boolean;
  runRemedy(remedy: RemedyConfig, ctx: RemedyContext): Promise<RemedyResult>;
  evidence(cell: Cell): Promise<QueueRaise['evidence']>;
  /** Watches exactly these processes for this service; tells once when one has ended (R1). */
  watch(service: string, identities: readonly ProcessIdentity[], onEnd: (identity: ProcessIdentity) => void): void;
  unwatch(service: string): void;
  /** Age of the youngest process that is this service (R4); undefined when there is none, or nobody knows. */
  processAge(cell: Cell, others: OtherServices): Promise<number | undefined>;
  /** The build at work in the folders of this service (R10), by the programs that are known and those of the configuration. */
  buildAtWork(cell: Cell, builds: BuildsConfig, failedAt: Moment): Promise<Build | undefined>;
  /** Processes that belong to a service by its `find`, where its check identifies none. */
  identify(cell: Cell): Promise<Identified>;
  /** Who keeps these processes; undefined where nobody can tell or nothing is to be learned (R12). */
  learnKeeper(cell: Cell, identities: readonly ProcessIdentity[]): Promise<Keeper | undefined>;
  /** What the keeper of a failing service says of it (R4, R12). */
  askKeeping(cell: Cell): Promise<Keeping | undefined>;
  /** Who holds its port, if that is not the service itself. */
  portHolder(cell: Cell): Promise<PortHolder | undefined>;
  isAlive(identity: ProcessIdentity): boolean;
  /** Ids of the services among these whose full disk may be why this one fails (R11); asked only when it fails. */
  fullDisks(service: ServiceConfig, disks: readonly ServiceConfig[]): Promise<readonly string[]>;
  /** The clocks at a beat, and where one was set: for whoever must know how old something is (R9, R14). */
  clockSeen?(now: Moment): void;
  /** By how many times everyday looks come more rarely now (on battery); default 1. */
  slower?(): number;
  problem(code: string, message: string | undefined): void;
  /** Something that a view shows has changed. `isNews` false: only a time or a number, of which views may hear a little later. */
  changed(isNews?: boolean): void;
}

/** So long a round waits for an answer about the machine; about a disk, which is told at once or not at all; and by a supervisor, which
 * has its own time. What is not known then stays so until the next look. */
const MACHINE_ASKED_MS = 10_000;
const DISKS_ASKED_MS = 2_000;
const KEEPER_ASKED_MS = 45_000;
/** What could not be written is tried again so often, also when nothing new is to be written. */
const REWRITE_MS = 10_000;

export interface Core {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly notices: Notices;
  config(): Config;
  /** Takes a configuration: at the start, and again while running. State of services that stay is kept. */
  apply(config: Config): void;
  runRound(cell: Cell, depth: RoundDepth): Promise<void>;
  /** Resolves when no round is under way or waits. */
  roundsOver(): Promise<void>;
  /** Plans the next look anew, after somebody's word changed the state. */
  reschedule(cell: Cell): void;
  /** The same for all, when an everyday look has become rarer or more frequent. First looks stay spread out (R1). */
  rescheduleAll(): void;
  put(cell: Cell): void;
  readonly roundDeps: RoundDeps;
  readonly attemptDeps: AttemptDeps;
  /** The machine has slept, or a power event says so (R9). */
  slept(now: Moment, forMs: number): void;
  isAsleep(): boolean;
  close(): Promise<void>;
}

export function createCore(deps: CoreDeps, first: Config): Core {
  const { clock, timers, audit } = deps;
  const cells = new Map<string, Cell>();
  const limit = pLimit(first.concurrency);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const routine = createSharedTimers<Cell>(timers, fireTogether);
  let config = first;
  let isClosed = false;
  /** Services that left the configuration: they may come back, and nothing is forgotten by that (R3, R6). */
  const parked = new Map<string, Cell>();
  let cancelRewrite: (() => void) | undefined;
  /** Whose last round broke: the problem stands until each of them has had a whole one. */
  const broken = new Set<Cell>();
  const wakefulness = createWakefulness({ clock, timers, audit, isScheduled: deps.isScheduled, clockSeen: deps.clockSeen, onSlept });
  const causes = createCauses({
    clock,
    cells,
    fullDisks: async (service, disks) => (await ifTold(deps.fullDisks(service, disks), DISKS_ASKED_MS)) ?? [],
    roundsOver,
    runRound,
    requeue: (cause) => notices.requeue(cause),
    lookNow: (cell) => planLook(cell, 0, clock.now()),
  });
  const watching = createWatching({
    isScheduled: deps.isScheduled,
    isClosed: () => isClosed,
    isAlive: deps.isAlive,
    watch: deps.watch,
    unwatch: deps.unwatch,
    identify: deps.identify,
    learnKeeper: deps.learnKeeper,
    processEnded,
    lookSoon,
    keeperLearnt: (cell) => {
      put(cell);
      flushSoon();
    },
  });

  const put = (cell: Cell): void => {
    if (cell.isGone && parked.get(cell.service.id) !== cell) return; // it is back, and this is its past
    if (!deps.isDryRun) deps.store.put(cell.service.id, cell.state);
    deps.changed();
  };
  const stateTrouble = (error: unknown): void =>
    deps.problem('home-unusable', error === undefined ? undefined : `The state cannot be written: ${errorText(error)}`);
  const flush = async (urgent: boolean): Promise<void> => {
    if (deps.isDryRun) return;
    try {
      await deps.store.flush({ urgent });
    } catch (error) {
      if (!isClosed)
        cancelRewrite ??= timers.after(REWRITE_MS, () => {
          cancelRewrite = undefined;
          flushSoon();
        });
      throw error;
    }
  };
  const flushSoon = (): void => {
    void flush(false).then(() => stateTrouble(undefined), stateTrouble);
  };
  /** What nobody tells in time is unknown: no round waits for ever for a drive that is gone. */
  const ifTold = <T>(asked: Promise<T>, ms = MACHINE_ASKED_MS): Promise<T | undefined> => inTime(asked, ms, timers).catch(() => undefined);
  const attemptFinished = (cell: Cell): void => {
    for (const done of cell.waiting.splice(0)) done();
    deps.changed();
  };
  const track = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };

  const attemptDeps: AttemptDeps = {
    clock,
    audit,
    isDryRun: deps.isDryRun,
    tools: deps.tools,
    signal: stopping.signal,
    others: (cell) => othersOf(cell, cells.values()),
    runRemedy: deps.runRemedy,
    put,
    flushSoon,
    processEnded,
    attemptFinished,
    lookAgain: reschedule,
  };
  const notices = createNotices({
    clock,
    timers,
    audit,
    queue: deps.queue,
    channels: deps.channels,
    isDryRun: deps.isDryRun,
    config: () => config,
    put,
    flush: () => flush(true),
    affectedBy: (cell) => {
      const ids = causes.waitingBelow(cell.service.id);
      return [...cells.values()].filter(({ service }) => ids.has(service.id)).map(({ service }) => service.name);
    },
    evidence: deps.evidence,
    channelTrouble: (channel, error) => deps.problem(`channel-${channel}`, error && `Notices by ${channel} fail: ${error}`),
    decideAgain: (cell) => {
      if (cell.isGone) return;
      const before = cell.state;
      followAlert(cell, roundDeps, isHeldAt(cell.state.health, clock.now()), clock.now());
      if (cell.state === before) return;
      put(cell);
      flushSoon();
    },
  });
  const roundDeps: RoundDeps = {
    clock,
    ids: deps.ids,
    audit,
    isDryRun: deps.isDryRun,
    config: () => config,
    look: (cell, told, broke) => {
      if (!deps.startsProgram(cell.service.check)) deps.look(cell.service.check, cell.probe, told);
      else limit(() => new Promise<Reading>((resolve) => deps.look(cell.service.check, cell.probe, resolve))).then(told, broke);
    },
    epoch: wakefulness.epochAt,
    isClosing: () => isClosed,
    dependenciesDown: causes.down,
    // Who cannot look sees no build: a service that is down is not left so for that.
    buildAtWork: (cell, failedAt) => ifTold(deps.buildAtWork(cell, config.builds, failedAt)),
    watchBuild: watching.build,
    processAge: (cell) => ifTold(deps.processAge(cell, othersOf(cell, cells.values()))),
    askKeeping: (cell) => ifTold(deps.askKeeping(cell), KEEPER_ASKED_MS),
    portHolder: (cell) => ifTold(deps.portHolder(cell)),
    put,
    flush: () => flush(true),
    startAttempt: (cell, remedy) =>
      track(
        runAttempt(cell, remedy, attemptDeps).catch((error: unknown) =>
          broke(cell, `A repair of ${cell.service.name} broke: ${errorText(error)}`),
        ),
      ),
    attemptFinished,
    tell: notices.tell,
    requeue: notices.requeue,
    forget: notices.forget,
    stateTrouble,
  };

  // ------------------------------------------------------------ rounds and their time
  /** Resolves when it is over. */
  function runRound(cell: Cell, depth: RoundDepth): Promise<void> {
    return new Promise((resolve) => {
      const begin = (): void => beginRound(cell, depth, wakefulness.epochAt(clock.now()), resolve);
      if (cell.hasRounds) cell.nextRounds.push(begin);
      else begin();
    });
  }

  /** `epochNow`: as `epochAt` has told it in this very turn. */
  function beginRound(cell: Cell, depth: RoundDepth, epochNow: number, over?: () => void): void {
    const before = cell.state;
    const isFirst = cell.lastLook === undefined;
    cell.hasRounds = true;
    round(cell, roundDeps, depth, epochNow, (failure) => {
      if (failure) broke(cell, `A round of ${cell.service.name} broke: ${errorText(failure.error)}`);
      else if (broken.delete(cell) && broken.size === 0) deps.problem('internal', undefined);
      cell.hasRounds = cell.nextRounds.length > 0;
      // Where it leaves the service at rest it ended with its look, and the clocks need not be asked again.
      const endedAt = !failure && cell.restState === cell.state ? cell.lastLook?.endedAt : undefined;
      try {
        if (!cell.isGone && !isClosed) follow(cell, before, isFirst, endedAt);
      } catch (error) {
        broke(cell, `What follows a round of ${cell.service.name} broke: ${errorText(error)}`);
        reschedule(cell);
      } finally {
        over?.();
        if (cell.hasRounds) cell.nextRounds.shift()?.();
        else if (cell.onRoundsOver.length > 0) for (const tell of cell.onRoundsOver.splice(0)) tell();
      }
    });
  }

  function broke(cell: Cell, message: string): void {
    if (cell.isGone) return; // nobody would ever see a whole round of it
    broken.add(cell);
    deps.problem('internal', message);
  }

  /** Resolves when no round of this service is under way or waits. */
  function roundsOver(cell: Cell): Promise<void> {
    return cell.hasRounds ? new Promise((resolve) => cell.onRoundsOver.push(resolve)) : Promise.resolve();
  }

  /** What comes of a round. */
  function follow(cell: Cell, before: ServiceState, isFirst: boolean, endedAt: Moment | undefined): void {
    if (cell.state !== before) {
      flushSoon();
      causes.note(cell, before.health.suppressedBy);
      if (before.health.status !== cell.state.health.status) {
        cell.mayHaveChanged = true;
        if (cell.state.health.status !== 'error') causes.wakeChildren(cell);
      }
    }
    if ((cell.restState === cell.state || cell.state.health.status === 'ok') && deps.isScheduled) watching.processes(cell);
    deps.changed(isFirst || cell.state !== before);
    reschedule(cell, endedAt);
  }

  function reschedule(cell: Cell, now: Moment = clock.now()): void {
    if (isClosed || cell.isGone) return;
    if (!deps.isScheduled && !cell.state.recovery.current) return;
    if (cell.restState === cell.state && cell.lastLook) {
      // What `nextDue` says of a service at rest.
      planRoutine(cell, now.bootMs + remainingMs(cell.lastLook.startedAt, everydayMs(cell), now), now);
      return;
    }
    const waits = [left(cell.planWaitMs, cell.planAt, now), left(cell.alertWaitMs, cell.alertAt, now)].filter((ms) => ms !== undefined);
    const due = nextDue({
      service: cell.service,
      health: cell.state.health,
      recovery: cell.state.recovery,
      lastLook: cell.lastLook,
      waitMs: waits.length > 0 ? Math.min(...waits) : undefined,
      startsProgram: deps.startsProgram(cell.service.check),
      now,
    });
    if (due.reason === 'interval' && due.inMs && cell.lastLook)
      planRoutine(cell, now.bootMs + remainingMs(cell.lastLook.startedAt, everydayMs(cell), now), now);
    else planLook(cell, due.inMs, now);
  }

  const everydayMs = (cell: Cell): number => cell.service.intervalMs * (deps.slower?.() ?? 1);

  /** The everyday look: together with those that are due at nearly the same moment. */
  function planRoutine(cell: Cell, atBootMs: number, now: Moment): void {
    cell.next?.cancel(cell);
    cell.next = routine.at(atBootMs, now.bootMs, cell);
  }

  function planLook(cell: Cell, inMs: number | undefined, now: Moment): void {
    cell.next?.cancel(cell);
    cell.next = undefined;
    if (inMs === undefined) return;
    const atMs = now.bootMs + inMs;
    cell.next = { atMs, cancel: timers.after(inMs, () => fireTogether([cell], atMs)) };
  }

  /** The first look after a start or a wake; a paused service is not touched before its pause is over (R12). */
  function planFirst(cell: Cell, inMs: number, now: Moment): void {
    const { paused } = cell.state.health;
    if (!paused || cell.state.recovery.current) planLook(cell, inMs, now);
    else planLook(cell, paused.forMs === undefined ? undefined : Math.max(inMs, remainingMs(paused.since, paused.forMs, now)), now);
  }

  function fireTogether(due: Iterable<Cell>, plannedBootMs: number): void {
    const now = clock.now();
    if (wakefulness.notice(now, plannedBootMs)) return; // everything has been planned anew
    const leftMs = plannedBootMs - now.bootMs;
    for (const cell of due) {
      cell.next = undefined;
      if (leftMs > 1_000)
        planLook(cell, leftMs, now); // longer than a timer can be
      else fire(cell, now);
    }
  }

  function fire(cell: Cell, now: Moment): void {
    if (cell.hasRounds) return; // its end plans the next look
    if (cell.restState !== cell.state && isPauseOver(cell.state.health, now)) {
      cell.state = { ...cell.state, health: resume(cell.state.health) };
      put(cell);
    }
    beginRound(cell, 'full', wakefulness.epoch());
  }

  // ------------------------------------------------------------ processes (R1)
  function processEnded(cell: Cell, identity: ProcessIdentity): void {
    if (isClosed || cell.isGone || !deps.isScheduled) return;
    const { recovery } = cell.state;
    if (recovery.started.some((known) => known.pid === identity.pid && known.startId === identity.startId)) {
      cell.state = { ...cell.state, recovery: { ...recovery, started: recovery.started.filter((known) => known.pid !== identity.pid) } };
      put(cell);
    }
    if (recovery.current && !recovery.current.returnedAt) return; // our own remedy is at work
    lookSoon(cell);
  }

  function lookSoon(cell: Cell): void {
    if (isClosed || cell.isGone || cell.state.health.paused) return;
    if (cell.hasRounds) cell.onRoundsOver.push(() => lookSoon(cell));
    else planLook(cell, 0, clock.now());
  }

  /** All wait the settle time, then are looked at, spread as at the start (R9). */
  function onSlept(now: Moment): void {
    const all = [...cells.values()];
    all.forEach((cell, index) => {
      const { state, service } = cell;
      cell.state = { ...state, health: wake(state.health, service, now), recovery: reopenWindow(state.recovery, now) };
      put(cell);
      const isFollowed = deps.isScheduled || cell.state.recovery.current !== undefined;
      if (isFollowed) planFirst(cell, WAKE_SETTLE_MS + firstDueMs(index, all.length, shortestInterval()), now);
    });
    flushSoon();
  }

  const shortestInterval = (): number => Math.min(...config.services.map((service) => service.intervalMs));

  // ------------------------------------------------------------ configuration
  function apply(next: Config): void {
    wakefulness.notice(clock.now());
    config = next;
    limit.concurrency = next.concurrency;
    for (const cell of cells.values()) {
      cell.restState = undefined;
      // How long it waits may be another time now.
      cell.planWaitMs = undefined;
      cell.planAt = undefined;
    }
    const wanted = new Map(next.services.map((service) => [service.id, service]));
    for (const [id, cell] of cells) if (!wanted.has(id)) drop(cell);
    const fresh = next.services.filter((service) => !cells.has(service.id));
    const now = clock.now();
    for (const service of next.services) {
      const cell = cells.get(service.id);
      if (cell) replace(cell, service);
    }
    fresh.forEach((service, index) => {
      add(service, firstDueMs(index, fresh.length, shortestInterval()), now);
    });
    reorder(next.services);
    notices.closeUnwatched((id) => cells.has(id));
    wakefulness.beat();
    deps.changed();
  }

  function add(service: ServiceConfig, inMs: number, now: Moment): void {
    const left = parked.get(service.id);
    parked.delete(service.id);
    // Its remedy or its notice is still on its way: the same one goes on with it, or there would be two (R3, R6).
    const before = left && isAtWork(left) ? left : undefined;
    const saved = withoutFuture(left?.state ?? deps.store.loaded.get(service.id), now);
    // The machine has just woken: what comes back now waits like all the others (R9).
    const wakingMs = wakefulness.wakingMs(now);
    const health = engineStart(saved?.health ?? newHealth(now), service, now);
    const state: ServiceState = {
      health: wakingMs > 0 ? wake(health, service, now) : health,
      recovery: before?.state.recovery ?? withoutEnded(resumeInterrupted(saved?.recovery ?? newRecovery(), now), deps.isAlive),
      alert: saved?.alert ?? newAlertState(),
    };
    const fresh = newCell(service, state, { ...deps.probeContext(), memory: new Map() });
    const { isTelling, hasRounds, nextRounds, onRoundsOver } = before ?? fresh;
    const cell = before ? Object.assign(before, fresh, { isTelling, hasRounds, nextRounds, onRoundsOver }) : fresh;
    cells.set(service.id, cell);
    causes.add(cell);
    put(cell);
    if (saved?.recovery?.current && !state.recovery.current) recordFinished(cell, roundDeps, now);
    notices.resume(cell);
    if (left && cell.state.alert.alert?.told) notices.requeue(cell);
    if (deps.isScheduled) planFirst(cell, wakingMs + inMs, now);
  }

  function isAtWork({ isTelling, state: { recovery } }: Cell): boolean {
    return isTelling || (recovery.current !== undefined && !recovery.current.returnedAt);
  }

  function replace(cell: Cell, service: ServiceConfig): void {
    const isSame = JSON.stringify(cell.service) === JSON.stringify(service);
    if (isSame) return;
    if (JSON.stringify(cell.service.check) !== JSON.stringify(service.check)) cell.probe = { ...deps.probeContext(), memory: new Map() };
    if (isElsewhere(cell, service)) {
      // What was started is another's now, or nobody's: it must not be ended in the name of this one (R13).
      cell.state = { ...cell.state, recovery: { ...cell.state.recovery, started: [] } };
      cell.listening = [];
      put(cell);
    }
    cell.service = service;
    cell.restState = undefined;
    cell.mayHaveChanged = true;
    reschedule(cell);
  }

  /** By another port or folder another process is meant. */
  function isElsewhere({ service, probe }: Cell, next: ServiceConfig): boolean {
    const [before, after] = [placeOf(service, probe.userHome), placeOf(next, probe.userHome)];
    return before?.port !== after?.port || before?.folder !== after?.folder;
  }

  function drop(cell: Cell): void {
    cell.isGone = true;
    cell.next?.cancel(cell);
    watching.end(cell);
    cells.delete(cell.service.id);
    causes.drop(cell);
    if (broken.delete(cell) && broken.size === 0) deps.problem('internal', undefined);
    parked.set(cell.service.id, cell);
    attemptFinished(cell);
  }

  /** The order of the file is the order of every view. */
  function reorder(services: readonly ServiceConfig[]): void {
    for (const service of services) {
      const cell = cells.get(service.id);
      if (!cell) continue;
      cells.delete(service.id);
      cells.set(service.id, cell);
    }
  }

  apply(first);
  return {
    cells,
    notices,
    config: () => config,
    apply,
    runRound,
    roundsOver: async () => void (await Promise.all([...cells.values()].map(roundsOver))),
    reschedule,
    rescheduleAll() {
      for (const cell of cells.values()) if (cell.lastLook) reschedule(cell);
    },
    put,
    roundDeps,
    attemptDeps,
    slept: wakefulness.slept,
    isAsleep: () => wakefulness.wakingMs(clock.now()) > 0,
    async close() {
      isClosed = true;
      wakefulness.close();
      cancelRewrite?.();
      for (const cell of cells.values()) cell.next?.cancel(cell);
      routine.close();
      for (const cell of cells.values()) watching.end(cell);
      notices.close();
      // A remedy that is at work is given a moment to return; it runs on by itself if it needs longer (R18).
      const waited = new AbortController();
      await Promise.race([Promise.all([...running, notices.idle()]), timers.sleep(3_000, waited.signal)]);
      waited.abort(); // a timer that is left would keep the process for as long as it runs
      stopping.abort();
    },
  };
}

/** What is left of a wait that was told at `at`. */
function left(waitMs: number | undefined, at: Moment | undefined, now: Moment): number | undefined {
  return waitMs === undefined || !at ? undefined : Math.max(0, waitMs - elapsedMs(at, now));
}
