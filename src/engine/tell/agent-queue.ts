// The queue that an agent works from (PRODUCT section 8, R7): one alert per incident, never twice, never two
// claimers. Writes alert-pending.json through the file port it is handed, and nothing else.
import { isDeepStrictEqual } from 'node:util';
import { HealthError } from '../../contract/errors.ts';
import type { AlertKind } from '../../contract/flow.ts';
import type { ClockPort, JsonFilePort } from '../../contract/ports.ts';
import type { Queue, QueueAlert } from '../../contract/queue.ts';
import { isoTime, type Moment, remainingMs, type Stamp, stampOf } from '../../contract/time.ts';

const CLAIM_MS = 30 * 60_000;
const KEEP_DONE_MS = 24 * 3_600_000;
/** A claim's written end is corrected when the wall clock has moved away from it by more than this. */
const DRIFT_MS = 60_000;
const BADNESS: Record<QueueAlert['kind'], number> = { recovered: 0, unknown: 1, down: 2, 'gave-up': 3 };
const NOBODY = { claimedBy: null, claimedAt: null, expiresAt: null } as const;

type Handling = 'state' | 'claimedBy' | 'claimedAt' | 'expiresAt' | 'doneAt' | 'result';
/** What the engine knows of an alert; who works on it is the queue's own matter. */
export type QueueRaise = Omit<QueueAlert, Handling | 'kind'> & { readonly kind: AlertKind };

/** Why an alert is over by itself: its service is well again, or nobody watches that any more. Both may turn out to be too early. */
type Ended = (typeof ENDED)[number];
const ENDED = ['recovered', 'not-watched'] as const;

export interface AgentQueue {
  /** Puts the alert in, or brings the one with this id up to date. Doing it again changes nothing (R7). */
  raise(alert: QueueRaise): Promise<void>;
  /** The incident is over: pending → done, claimed → kind `recovered`, still its claimer's. An unknown id is no error. */
  recovered(id: string, result?: Ended): Promise<void>;
  /** Takes an alert for 30 min; again by the same agent: 30 min from now. `not-found`, `conflict`. */
  claim(id: string, by: string): Promise<QueueAlert>;
  /** Takes the alert that waits longest, decided in the queue's own turn: two who ask at once get two alerts. undefined: none waits. */
  claimOldest(by: string): Promise<QueueAlert | undefined>;
  /** Finishes it. Without `by` it is a person who does, and may finish anybody's. `not-found`, `conflict`. */
  done(id: string, by?: string, result?: string): Promise<QueueAlert>;
  /** Gives it back. Without `by` as above. `not-found`, `conflict`. */
  release(id: string, by?: string): Promise<QueueAlert>;
  /** As it stands now, expired claims already given back. */
  list(): Promise<QueueAlert[]>;
  /** Writes down what time alone has changed. */
  sweep(): Promise<void>;
  /** Milliseconds until time alone changes something; undefined when nothing waits or nothing was read yet. */
  nextSweepMs(): number | undefined;
}

/** Opens on the first call. All calls run one after another; a write that fails leaves memory as the file is. */
export function createAgentQueue(deps: { file: JsonFilePort<Queue>; clock: ClockPort }): AgentQueue {
  const { file, clock } = deps;
  const ends = createEnds();
  let alerts: readonly QueueAlert[] | undefined;
  let chain: Promise<unknown> = Promise.resolve();

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = chain.then(step, step);
    chain = turn.catch(() => undefined);
    return turn;
  }
  async function current(now: Moment): Promise<readonly QueueAlert[]> {
    alerts ??= (await file.read())?.alerts ?? [];
    return alerts.flatMap((alert) => afterTime(alert, now, ends));
  }
  /** Replaces one alert (or adds it), and writes if that, or time, changed anything. */
  function change(
    which: string | ((alerts: readonly QueueAlert[]) => QueueAlert | undefined),
    edit: (old: QueueAlert | undefined, now: Moment) => QueueAlert | undefined,
  ): Promise<QueueAlert | undefined> {
    return inTurn(async () => {
      const now = clock.now();
      const before = await current(now);
      const old = typeof which === 'string' ? before.find((alert) => alert.id === which) : which(before);
      const edited = edit(old, now);
      const next = !edited ? before : old ? before.map((alert) => (alert === old ? edited : alert)) : [...before, edited];
      if (!isDeepStrictEqual(next, alerts)) await file.write({ version: 1, alerts: [...next] });
      alerts = next;
      if (edited && begins(edited) !== (old && begins(old))) ends.forget(edited.id);
      ends.keep(next, now);
      return edited;
    });
  }
  async function handle(id: string, edit: (old: QueueAlert, now: Moment) => QueueAlert): Promise<QueueAlert> {
    const alert = await change(id, (old, now) => {
      if (!old) throw new HealthError('not-found', `There is no alert ${id}.`, { hint: 'jarvis-health alerts lists them.' });
      return edit(old, now);
    });
    return structuredClone(alert as QueueAlert);
  }

  return {
    async raise(alert) {
      await change(alert.id, (old) => raised(old, alert));
    },
    async recovered(id, result = 'recovered') {
      await change(id, (old, now) => {
        if (!old || old.state === 'done') return undefined;
        return old.state === 'claimed' ? { ...old, kind: 'recovered' } : finished(old, now, result);
      });
    },
    claim: (id, by) =>
      handle(id, (old, now) => {
        if (old.state === 'done') throw conflict(old, 'is already done');
        if (old.state === 'claimed' && old.claimedBy !== by) throw conflict(old, 'is taken');
        return claimed(old, by, now);
      }),
    async claimOldest(by) {
      return structuredClone(await change(oldestPending, (old, now) => old && claimed(old, by, now)));
    },
    done: (id, by, result) =>
      handle(id, (old, now) => {
        if (by !== undefined && old.claimedBy !== null && old.claimedBy !== by) throw conflict(old, 'is not yours');
        // Finishing again is no mistake (the first answer may have been lost), nor is finishing what recovered meanwhile.
        if (old.state === 'done') return old;
        return { ...finished(old, now, result ?? null), claimedBy: by ?? old.claimedBy, claimedAt: old.claimedAt };
      }),
    release: (id, by) =>
      handle(id, (old, now) => {
        if (old.state === 'done') throw conflict(old, 'is already done');
        if (old.state === 'pending') return old;
        if (by !== undefined && old.claimedBy !== by) throw conflict(old, 'is not yours');
        return givenBack(old, now);
      }),
    list: () => inTurn(async () => structuredClone([...(await current(clock.now()))])),
    async sweep() {
      await change('', () => undefined);
    },
    nextSweepMs() {
      const now = clock.now();
      const waits = (alerts ?? []).map((alert) => ends.leftMs(alert, now)).filter((ms) => ms !== undefined);
      return waits.length === 0 ? undefined : Math.min(...waits);
    },
  };
}

function raised(old: QueueAlert | undefined, alert: QueueRaise): QueueAlert {
  const fresh: QueueAlert = { ...alert, state: 'pending', ...NOBODY, doneAt: null, result: null };
  if (!old) return fresh;
  // The first telling of an incident stays its time, whatever the engine forgot in a crash.
  const news = { ...alert, raisedAt: old.raisedAt, firstFailureAt: old.firstFailureAt };
  if (old.state !== 'done') return { ...old, ...news };
  // Finished by recovery, yet the incident stands (a crash between this file and the state): it must not be lost (R7).
  const wasRecovery = old.claimedBy === null && ENDED.some((result) => result === old.result);
  return wasRecovery || BADNESS[alert.kind] > BADNESS[old.kind] ? { ...fresh, ...news } : old;
}

function oldestPending(alerts: readonly QueueAlert[]): QueueAlert | undefined {
  return alerts.filter((alert) => alert.state === 'pending').sort((a, b) => a.raisedAt.localeCompare(b.raisedAt))[0];
}

function claimed(old: QueueAlert, by: string, now: Moment): QueueAlert {
  return { ...old, state: 'claimed', claimedBy: by, claimedAt: isoTime(now), expiresAt: isoAfter(now, CLAIM_MS) };
}

function finished(old: QueueAlert, now: Moment, result: string | null): QueueAlert {
  return { ...old, state: 'done', ...NOBODY, doneAt: isoTime(now), result };
}

/** A claim ends unfinished: back to pending, unless there is nothing left to do. */
function givenBack(old: QueueAlert, now: Moment): QueueAlert {
  return old.kind === 'recovered' ? finished(old, now, 'recovered') : { ...old, state: 'pending', ...NOBODY };
}

/** What time alone makes of an alert: an expired claim is given back, one done for a day is gone. */
function afterTime(alert: QueueAlert, now: Moment, ends: Ends): QueueAlert[] {
  const leftMs = ends.leftMs(alert, now);
  if (leftMs === undefined) return [alert];
  if (leftMs <= 0) return alert.state === 'claimed' ? [givenBack(alert, now)] : [];
  if (alert.state !== 'claimed') return [alert];
  const expiresAt = isoAfter(now, leftMs);
  const isRight = Math.abs(Date.parse(expiresAt) - Date.parse(alert.expiresAt ?? '')) <= DRIFT_MS;
  return [isRight ? alert : { ...alert, expiresAt }];
}

interface Ends {
  leftMs(alert: QueueAlert, now: Moment): number | undefined;
  forget(id: string): void;
  keep(alerts: readonly QueueAlert[], now: Moment): void;
}

/** When claims expire and done alerts leave (R9). Within one engine this counts on the clock that includes sleep, so
 * that a jump of the wall clock neither ends a claim early nor holds it for ever. The file holds wall times only:
 * after a restart of the engine what is left is read from those, never less than nothing, never more than the whole. */
function createEnds(): Ends {
  const known = new Map<string, { began: string; since: Stamp; forMs: number }>();
  return {
    leftMs(alert, now) {
      if (alert.state === 'pending') return undefined;
      const began = begins(alert);
      const found = known.get(alert.id);
      if (found?.began === began) return remainingMs(found.since, found.forMs, now);
      const wholeMs = alert.state === 'claimed' ? CLAIM_MS : KEEP_DONE_MS;
      const endMs = alert.state === 'claimed' ? Date.parse(alert.expiresAt ?? '') : Date.parse(alert.doneAt ?? '') + KEEP_DONE_MS;
      const forMs = Math.min(wholeMs, Math.max(0, endMs - now.wallMs || 0));
      known.set(alert.id, { began, since: stampOf(now), forMs });
      return forMs;
    },
    forget(id) {
      known.delete(id);
    },
    keep(alerts, now) {
      for (const id of known.keys()) if (!alerts.some((alert) => alert.id === id)) known.delete(id);
      for (const alert of alerts) this.leftMs(alert, now);
    },
  };
}

/** Which wait an alert is in. After a jump of the wall clock two waits may begin at the same written time. */
function begins(alert: QueueAlert): string {
  return `${alert.state} ${alert.claimedBy} ${alert.claimedAt} ${alert.doneAt}`;
}

function isoAfter(now: Moment, ms: number): string {
  return isoTime({ wallMs: now.wallMs + ms });
}

function conflict(alert: QueueAlert, why: string): HealthError {
  const who =
    alert.claimedBy === null
      ? ''
      : alert.state === 'claimed'
        ? `, held by ${alert.claimedBy} until ${alert.expiresAt}`
        : `, by ${alert.claimedBy}`;
  return new HealthError('conflict', `Alert ${alert.id} ${why}${who}.`, {
    details: { state: alert.state, claimedBy: alert.claimedBy, expiresAt: alert.expiresAt },
  });
}
