// Carries out what was decided about telling: queue first, then channels, then the record that it was told (R6, R7, R20).
// A channel that fails is tried again with growing pauses, and never holds up another.
import type { Config } from '../contract/config.ts';
import { errorText } from '../contract/errors.ts';
import type { Alert, Delivery, Notice, NoticeKind, NotifyReason } from '../contract/flow.ts';
import { portHolderText } from '../contract/port-words.ts';
import type { AuditPort, ChannelPort, ClockPort, TimersPort } from '../contract/ports.ts';
import { elapsedMs, isoTime, type Moment, remainingMs, stampOf } from '../contract/time.ts';
import { noticeWords } from '../contract/words.ts';
import type { Cell } from './cell.ts';
import type { AlertDecision } from './decide/alert.ts';
import { standDownLeftMs } from './decide/budget.ts';
import type { AgentQueue, QueueRaise } from './tell/agent-queue.ts';

const RETRY_FIRST_MS = 60_000;
const RETRY_LAST_MS = 3_600_000;
/** The alert does not wait longer than this for what is sent beside it: a log on a dead disk never answers. */
const EVIDENCE_MS = 2_000;
const NO_EVIDENCE: QueueRaise['evidence'] = { lastLogLines: [], changesSinceHealthy: [], topProcesses: [] };

export interface NoticeDeps {
  readonly clock: ClockPort;
  readonly timers: TimersPort;
  readonly audit: AuditPort;
  readonly queue: AgentQueue;
  /** By name; the queue is not among them, it always comes first. */
  readonly channels: ReadonlyMap<string, ChannelPort>;
  readonly isDryRun: boolean;
  config(): Config;
  put(cell: Cell): void;
  flush(): Promise<void>;
  /** Names of the services that wait because this one is down (R11). */
  affectedBy(cell: Cell): readonly string[];
  evidence(cell: Cell): Promise<QueueRaise['evidence']>;
  channelTrouble(channel: string, error: string | undefined): void;
  /** A notice has arrived, and its record is made: what happened meanwhile is decided now. */
  decideAgain(cell: Cell): void;
}

type Told = Extract<AlertDecision, { kind: 'tell' | 'recovered' }>;

export interface Notices {
  tell(cell: Cell, decision: Told): void;
  requeue(cell: Cell): void;
  /** Closes an entry of the queue whose incident is over, without a notice. */
  forget(alertId: string): void;
  /** Closes what is in the queue of services that are watched no more: nobody would see that they recover (R7). */
  closeUnwatched(isWatched: (service: string) => boolean): void;
  /** Deliveries that were waiting when the engine ended, and entries of the queue that a crash left behind. */
  resume(cell: Cell): void;
  /** Resolves when nothing is on its way. */
  idle(): Promise<void>;
  close(): void;
}

export function createNotices(deps: NoticeDeps): Notices {
  const underWay = new Set<Promise<void>>();
  /** One timer a service, and one retry at a time. */
  const retries = new Map<Cell, () => void>();
  const retrying = new Map<Cell, Promise<void>>();
  let isClosed = false;

  function run(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => deps.channelTrouble('queue', errorText(error)));
    underWay.add(guarded);
    void guarded.finally(() => underWay.delete(guarded));
  }

  async function tell(cell: Cell, decision: Told): Promise<void> {
    if (cell.isTelling) return;
    cell.isTelling = true;
    try {
      const kind = decision.kind === 'recovered' ? 'recovered' : decision.alert.kind;
      const now = deps.clock.now();
      const notice = noticeOf(cell, decision.alert, kind, now);
      const waitsFor = (name: string): boolean =>
        cell.state.alert.outbox.some(({ channel, notice: { alertId } }) => channel === name && alertId === notice.alertId);
      // Whoever never heard of the trouble need not hear of its end; the queue closes what it may have got all the same.
      const heard = (): string[] =>
        deps.isDryRun ? [] : deps.config().channels.filter((name) => kind !== 'recovered' || name === 'queue' || !waitsFor(name));
      const failed = new Map<string, string>();
      // The incident's id, or its end, is on disk before the queue hears of it: after a crash the same alert has the same id (R7).
      deps.put(cell);
      await deps.flush().catch(() => undefined); // a home that can't be written is a reason more to tell
      const toldQueue = heard().filter((name) => name === 'queue');
      if (toldQueue.length > 0) await attempt('queue', failed, () => toQueue(cell, decision, notice));
      // A delivery of the trouble that is just on its way decides whether its end is news there, and must not come after it (R6).
      if (kind === 'recovered') await retrying.get(cell);
      if (!isDropped(cell, decision)) {
        const others = heard().filter((name) => name !== 'queue');
        await Promise.all(others.map((name) => attempt(name, failed, () => deliver(name, notice))));
        record(
          cell,
          decision,
          notice,
          [...toldQueue, ...others].filter((name) => !failed.has(name)),
          failed,
        );
      }
      await deps.flush().catch(() => undefined);
    } finally {
      cell.isTelling = false;
    }
    planRetry(cell);
    deps.decideAgain(cell);
  }

  async function attempt(name: string, failed: Map<string, string>, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      deps.channelTrouble(name, undefined);
    } catch (error) {
      failed.set(name, errorText(error));
      deps.channelTrouble(name, errorText(error));
    }
  }

  async function toQueue(cell: Cell, decision: Told, notice: Notice): Promise<void> {
    if (decision.kind === 'recovered') return deps.queue.recovered(notice.alertId);
    const raise = await raiseOf(cell, decision.alert, notice, deps);
    if (!isDropped(cell, decision)) await deps.queue.raise(raise);
  }

  function deliver(name: string, notice: Notice): Promise<void> {
    const channel = deps.channels.get(name);
    return channel ? channel.deliver(notice) : Promise.reject(new Error(`There is no channel ${name}.`));
  }

  function record(cell: Cell, decision: Told, notice: Notice, delivered: readonly string[], failed: ReadonlyMap<string, string>): void {
    const now = deps.clock.now();
    const at = stampOf(now);
    const state = cell.state.alert;
    const outbox: Delivery[] = [
      ...state.outbox.filter((entry) => entry.notice.alertId !== notice.alertId),
      ...[...failed.keys()].map((channel) => ({ channel, notice, tries: 1, lastTriedAt: at })),
    ];
    const common = { service: notice.service, id: notice.alertId, channels: delivered };
    if (decision.kind === 'recovered') {
      const stands = state.alert?.id === decision.alert.id ? undefined : state.alert;
      cell.state = { ...cell.state, alert: { ...state, alert: stands, outbox } };
      deps.audit.write('alerts', { event: 'recovered', ...common }, now);
    } else {
      const stands = state.alert?.id === decision.alert.id ? { ...state.alert, told: { kind: decision.alert.kind, at } } : state.alert;
      cell.state = { ...cell.state, alert: { alert: stands, lastNoticeAt: at, outbox } };
      deps.audit.write(
        'alerts',
        { event: 'alert', ...common, kind: decision.alert.kind, strikes: decision.alert.strikes, reason: decision.reason },
        now,
      );
    }
    for (const [channel, error] of failed) {
      deps.audit.write('alerts', { event: 'alert-failed', service: notice.service, id: notice.alertId, channel, error }, now);
    }
    deps.put(cell);
  }

  function planRetry(cell: Cell): void {
    retries.get(cell)?.();
    retries.delete(cell);
    if (cell.state.alert.outbox.length === 0 || isClosed || cell.isGone) return;
    const now = deps.clock.now();
    const waits = cell.state.alert.outbox.map((entry) => remainingMs(entry.lastTriedAt, backoffMs(entry.tries), now));
    // While it is paused nobody is told; what still stands after that is (R12).
    const leastMs = cell.state.health.paused ? RETRY_FIRST_MS : 0;
    const cancel = deps.timers.after(Math.max(leastMs, Math.min(...waits) + 1), () => {
      retries.delete(cell);
      run(retry(cell));
    });
    retries.set(cell, cancel);
  }

  async function retry(cell: Cell): Promise<void> {
    if (cell.isGone || retrying.has(cell) || cell.isTelling) return; // telling plans it anew
    const work = retryDue(cell);
    retrying.set(
      cell,
      work.catch(() => undefined),
    );
    try {
      await work;
      await deps.flush().catch(() => undefined);
    } finally {
      retrying.delete(cell);
    }
    planRetry(cell);
  }

  async function retryDue(cell: Cell): Promise<void> {
    const now = deps.clock.now();
    const seen = new Set<Delivery>();
    // Read anew before each: while one was on its way its alert may have ended, been acknowledged or told anew.
    while (!cell.isTelling && !cell.isGone && !isClosed) {
      const entry = cell.state.alert.outbox.find(
        (waits) => !seen.has(waits) && remainingMs(waits.lastTriedAt, backoffMs(waits.tries), now) === 0,
      );
      if (!entry) return;
      seen.add(entry);
      // What the queue has got is closed there, also when it gets nothing more.
      const isClosing = entry.channel === 'queue' && entry.notice.kind === 'recovered';
      const isWanted = isClosing || deps.config().channels.some((name) => name === entry.channel);
      const needless = isWanted ? whyNeedless(cell, entry) : 'channel-removed';
      if (!isWanted) deps.channelTrouble(entry.channel, undefined);
      if (needless === 'paused') continue;
      const failed = new Map<string, string>();
      if (!needless) await attempt(entry.channel, failed, () => again(cell, entry));
      const failure = failed.get(entry.channel);
      const error = needless ? `no longer needed: ${needless}` : failure;
      const at = deps.clock.now();
      const next = { ...entry, tries: entry.tries + 1, lastTriedAt: stampOf(at) };
      seen.add(next);
      const outbox = cell.state.alert.outbox.flatMap((old) => (old !== entry ? [old] : failure === undefined ? [] : [next]));
      cell.state = { ...cell.state, alert: { ...cell.state.alert, outbox } };
      if (error !== undefined) {
        deps.audit.write(
          'alerts',
          { event: 'alert-failed', service: entry.notice.service, id: entry.notice.alertId, channel: entry.channel, error },
          at,
        );
      }
      deps.put(cell);
    }
  }

  async function again(cell: Cell, entry: Delivery): Promise<void> {
    if (entry.channel !== 'queue') return deliver(entry.channel, entry.notice);
    const alert = cell.state.alert.alert;
    if (entry.notice.kind === 'recovered' || alert?.id !== entry.notice.alertId) return deps.queue.recovered(entry.notice.alertId);
    return raiseStanding(cell, alert, entry.notice);
  }

  /** Gathering takes a moment; what ended meanwhile must not come back into the queue (R7). */
  async function raiseStanding(cell: Cell, alert: Alert, notice: Notice): Promise<void> {
    const raise = await raiseOf(cell, alert, notice, deps);
    if (stands(cell, alert.id)) await deps.queue.raise(raise);
  }

  /** A crash between the end of an incident and the queue's record of it leaves an entry that nobody would close (R7). */
  async function closeLeftBehind(cell: Cell): Promise<void> {
    if (deps.isDryRun) return;
    const { health, alert } = cell.state;
    const current = [alert.alert?.id, health.incident && `${cell.service.id}.${health.incident.id}`];
    for (const entry of await deps.queue.list()) {
      if (entry.service === cell.service.id && entry.state !== 'done' && !current.includes(entry.id)) await deps.queue.recovered(entry.id);
    }
  }

  async function closeUnwatched(isWatched: (service: string) => boolean): Promise<void> {
    if (deps.isDryRun) return;
    for (const entry of await deps.queue.list()) {
      if (entry.state !== 'done' && !isWatched(entry.service)) await deps.queue.recovered(entry.id, 'not-watched');
    }
  }

  async function requeue(cell: Cell): Promise<void> {
    const alert = cell.state.alert.alert;
    if (!alert || deps.isDryRun || !deps.config().channels.includes('queue')) return;
    await raiseStanding(cell, alert, noticeOf(cell, alert, alert.kind, deps.clock.now()));
  }

  function noticeOf(cell: Cell, alert: Alert, kind: NoticeKind, now: Moment): Notice {
    const { recovery } = cell.state;
    const words = noticeWords({
      kind,
      name: cell.service.name,
      message: alert.message,
      reason: alert.reason,
      strikes: alert.strikes,
      sinceMs: elapsedMs(alert.firstFailureAt, now),
      attempts: recovery.attempts.filter((tried) => tried.incident === alert.incident && !tried.isEvidence),
      nextTryMs: recovery.gaveUp ? standDownLeftMs(recovery.gaveUp, deps.config().recovery, now) : undefined,
      portHolder: cell.portHolder && portHolderText(cell.portHolder, now.wallMs),
      affects: deps.affectedBy(cell),
    });
    return {
      alertId: alert.id,
      service: cell.service.id,
      name: cell.service.name,
      kind,
      ...words,
      raisedAt: alert.raisedAt,
      firstFailureAt: alert.firstFailureAt,
      strikes: alert.strikes,
      reason: alert.reason,
    };
  }

  return {
    tell: (cell, decision) => run(tell(cell, decision)),
    requeue: (cell) => run(requeue(cell)),
    closeUnwatched: (isWatched) => run(closeUnwatched(isWatched)),
    forget: (alertId) => run(deps.isDryRun ? Promise.resolve() : deps.queue.recovered(alertId)),
    resume(cell) {
      planRetry(cell);
      run(closeLeftBehind(cell));
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close() {
      isClosed = true;
      for (const cancel of retries.values()) cancel();
      retries.clear();
    },
  };
}

/** The service was stopped on purpose while its alert was on its way: nobody is told any more (R12). */
function isDropped(cell: Cell, decision: Told): boolean {
  return decision.kind === 'tell' && cell.state.alert.alert?.id !== decision.alert.id;
}

function stands(cell: Cell, alertId: string): boolean {
  const { alert, health } = cell.state;
  return alert.alert?.id === alertId && alert.alert.incident === health.incident?.id;
}

/** Why a delivery that waited is not made any more; `paused`: not now (R6, R7, R12). What ended is closed in the queue all the same. */
function whyNeedless(cell: Cell, { channel, notice }: Delivery): NotifyReason | undefined {
  const { health, alert } = cell.state;
  if (notice.kind === 'recovered') return health.stopped && channel !== 'queue' ? 'stopped' : undefined;
  if (!stands(cell, notice.alertId)) return channel === 'queue' ? undefined : 'no-incident';
  if (health.stopped) return 'stopped';
  if (alert.alert?.acknowledgedAt) return 'acknowledged';
  return health.paused ? 'paused' : undefined;
}

/** 1 min, then twice as long each time, at most 1 h. */
function backoffMs(tries: number): number {
  return Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** Math.max(0, tries - 1));
}

async function raiseOf(cell: Cell, alert: Alert, notice: Notice, deps: NoticeDeps): Promise<QueueRaise> {
  const tried = cell.state.recovery.attempts.filter((attempt) => attempt.incident === alert.incident);
  return {
    id: alert.id,
    service: notice.service,
    name: notice.name,
    kind: alert.kind,
    severity: notice.severity,
    title: notice.title,
    message: notice.message,
    raisedAt: isoTime(alert.raisedAt),
    firstFailureAt: isoTime(alert.firstFailureAt),
    strikes: alert.strikes,
    tried: tried.map((attempt) => ({
      attempt: attempt.id,
      at: isoTime(attempt.startedAt),
      remedy: attempt.remedy,
      outcome: attempt.outcome ?? 'running',
      reason: attempt.outcomeReason ?? attempt.reason,
      output: attempt.output ?? '',
    })),
    evidence: await evidenceInTime(cell, deps),
    allowedActions: allowedActions(cell),
  };
}

async function evidenceInTime(cell: Cell, deps: NoticeDeps): Promise<QueueRaise['evidence']> {
  const { promise: late, resolve } = Promise.withResolvers<QueueRaise['evidence']>();
  const cancel = deps.timers.after(EVIDENCE_MS, () => resolve(NO_EVIDENCE));
  try {
    return await Promise.race([deps.evidence(cell).catch(() => NO_EVIDENCE), late]);
  } finally {
    cancel();
  }
}

/** What an agent may do about it, as commands. */
function allowedActions(cell: Cell): string[] {
  const id = cell.service.id;
  const actions = [`jarvis-health check ${id}`, `jarvis-health pause ${id} --for 1h`, `jarvis-health ack ${id}`];
  return cell.service.recovery.length > 0 ? [`jarvis-health heal ${id}`, ...actions] : actions;
}
