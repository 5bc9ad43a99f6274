// Carries out what was decided about telling: queue first, then channels, then the record that it was told (R6, R7, R20).
// A channel that fails is tried again with growing pauses, and never holds up another.
import type { Config } from '../contract/config.ts';
import { errorText } from '../contract/errors.ts';
import type { Alert, Delivery, Notice, NoticeKind } from '../contract/flow.ts';
import type { AuditPort, ChannelPort, ClockPort, TimersPort } from '../contract/ports.ts';
import { elapsedMs, isoTime, type Moment, remainingMs, stampOf } from '../contract/time.ts';
import { noticeWords } from '../contract/words.ts';
import type { Cell } from './cell.ts';
import type { AlertDecision } from './decide/alert.ts';
import { standDownLeftMs } from './decide/budget.ts';
import type { AgentQueue, QueueRaise } from './tell/agent-queue.ts';

const RETRY_FIRST_MS = 60_000;
const RETRY_LAST_MS = 3_600_000;

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
  const retrying = new Set<Cell>();
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
      const waiting = new Set(
        cell.state.alert.outbox.filter((entry) => entry.notice.alertId === notice.alertId).map((entry) => entry.channel),
      );
      // Whoever never heard of the trouble need not hear of its end.
      const names = deps.isDryRun ? [] : deps.config().channels.filter((name) => kind !== 'recovered' || !waiting.has(name));
      const failed = new Map<string, string>();
      // The incident's id, or its end, is on disk before the queue hears of it: after a crash the same alert has the same id (R7).
      deps.put(cell);
      await deps.flush().catch(() => undefined); // a home that can't be written is a reason more to tell
      if (names.includes('queue')) await attempt('queue', failed, () => toQueue(cell, decision, notice));
      const others = names.filter((name) => name !== 'queue');
      await Promise.all(others.map((name) => attempt(name, failed, () => deliver(name, notice))));
      record(
        cell,
        decision,
        notice,
        names.filter((name) => !failed.has(name)),
        failed,
      );
      await deps.flush().catch(() => undefined);
    } finally {
      cell.isTelling = false;
    }
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
    return deps.queue.raise(await raiseOf(cell, decision.alert, notice, deps));
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
    if (failed.size > 0) planRetry(cell);
  }

  function planRetry(cell: Cell): void {
    retries.get(cell)?.();
    retries.delete(cell);
    if (cell.state.alert.outbox.length === 0 || isClosed || cell.isGone) return;
    const now = deps.clock.now();
    const waits = cell.state.alert.outbox.map((entry) => remainingMs(entry.lastTriedAt, backoffMs(entry.tries), now));
    const cancel = deps.timers.after(Math.min(...waits) + 1, () => {
      retries.delete(cell);
      run(retry(cell));
    });
    retries.set(cell, cancel);
  }

  async function retry(cell: Cell): Promise<void> {
    if (cell.isGone || retrying.has(cell)) return;
    retrying.add(cell);
    try {
      await retryDue(cell);
      await deps.flush().catch(() => undefined);
    } finally {
      retrying.delete(cell);
    }
    planRetry(cell);
  }

  async function retryDue(cell: Cell): Promise<void> {
    const now = deps.clock.now();
    for (const entry of cell.state.alert.outbox) {
      if (remainingMs(entry.lastTriedAt, backoffMs(entry.tries), now) > 0) continue;
      const failed = new Map<string, string>();
      await attempt(entry.channel, failed, () => again(cell, entry));
      const error = failed.get(entry.channel);
      const at = deps.clock.now();
      const outbox = cell.state.alert.outbox.flatMap((old) =>
        old !== entry ? [old] : error === undefined ? [] : [{ ...entry, tries: entry.tries + 1, lastTriedAt: stampOf(at) }],
      );
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
    return deps.queue.raise(await raiseOf(cell, alert, entry.notice, deps));
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

  async function requeue(cell: Cell): Promise<void> {
    const alert = cell.state.alert.alert;
    if (!alert || deps.isDryRun || !deps.config().channels.includes('queue')) return;
    await deps.queue.raise(await raiseOf(cell, alert, noticeOf(cell, alert, alert.kind, deps.clock.now()), deps));
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
    evidence: await deps.evidence(cell),
    allowedActions: allowedActions(cell),
  };
}

/** What an agent may do about it, as commands. */
function allowedActions(cell: Cell): string[] {
  const id = cell.service.id;
  const actions = [`jarvis-health check ${id}`, `jarvis-health pause ${id} --for 1h`, `jarvis-health ack ${id}`];
  return cell.service.recovery.length > 0 ? [`jarvis-health heal ${id}`, ...actions] : actions;
}
