// Plays recorded lines through the real rounds (round.ts) under any configuration: the clock is the one of the record, a look
// gives what was seen then, and a repair runs as long as it ran. Touches nothing (R20). Used by replay.ts.
// Longer than 250 lines: whatever a running engine does around its rounds (core.ts) has its counterpart here.
import type { Config, RemedyConfig, ServiceConfig } from '../contract/config.ts';
import type { Attempt, Reading, ServiceState } from '../contract/flow.ts';
import type { ProbeContext, RemedyResult } from '../contract/ports.ts';
import type { RecordedAlert, RecordedAttempt, RecordedDeeds, RecordedLine, RecordedLook } from '../contract/recorded.ts';
import { type Moment, stampOf } from '../contract/time.ts';
import { type Cell, newCell } from './cell.ts';
import { newHealth, settleAfterShared } from './decide/advance-health.ts';
import { newRecovery, reopenWindow, resumeInterrupted, returnAttempt } from './decide/advance-recovery.ts';
import { newAlertState } from './decide/alert.ts';
import { isHeldAt } from './decide/hold.ts';
import { personsRemedyIndex } from './decide/plan.ts';
import { limitOf, readingOf } from './decide/rehearse.ts';
import { isDown } from './decide/summary.ts';
import { acknowledge, engineStart, isPauseOver, pause, resume, settle, stop, unstop, wake, withoutFuture } from './decide/will.ts';
import { startWindowOf } from './decide/window.ts';
import { begin } from './intent.ts';
import { followAlert, round } from './round.ts';
import type { RoundDeps } from './round-deps.ts';

export interface PlayedRepair {
  readonly at: number;
  readonly service: string;
  readonly remedy: string;
}
/** What would have happened, oldest first. */
export interface Played {
  readonly alerts: readonly RecordedAlert[];
  readonly repairs: readonly PlayedRepair[];
  readonly looks: number;
}
export interface ReplayWorld {
  /** Plays lines in their order; `rest` is awaited now and then. */
  play(lines: readonly RecordedLine[], rest: () => Promise<void>): Promise<void>;
  played(): Played;
}

/** The intent of an attempt and its line are this close to the look that led to it. */
const NEAR_MS = 1_000;
/** An attempt that is on record gives its own length and result, also when it would have come a little sooner or later. */
const SAME_MS = 2_000;
const LIKE_MS = 3_600_000;
const TOLD_MS = 60_000;
/** Of a remedy that never ran before. */
const UNKNOWN_RUN_MS = 1_000;
/** Failures that the service itself tells, after the remedy has acted. */
const SEEN_LATER: ReadonlySet<string> = new Set(['still-failing', 'could-not-verify', 'stopped', 'interrupted']);
/** Timers are never early by more, whatever the interval. */
const EARLY = 0.98;
const ROUNDS_A_REST = 64;

interface Return {
  readonly atBootMs: number;
  readonly cell: Cell;
  readonly attempt: string;
  readonly result: RemedyResult;
}

/** `present`: the configuration of the record; services that another would look at less often are looked at less often here too. */
export function createReplayWorld(config: Config, deeds: RecordedDeeds, present?: Config): ReplayWorld {
  const cells = new Map<string, Cell>();
  const rarer = new Map(config.services.map((service) => [service.id, isRarer(service, present)]));
  const attempts = groupBy(deeds.attempts);
  const unwritable = groupBy(deeds.unwritable);
  const told = new Map(deeds.alerts.map((alert) => [`${alert.id} ${alert.kind}`, alert.at]));
  const persons = deeds.attempts.filter(({ trigger }) => trigger === 'person');
  const used = new Set<RecordedAttempt>();
  /** By service, how many of its attempts lie before the look that is played. */
  const passed = new Map<string, number>();
  const alerts: RecordedAlert[] = [];
  const repairs: PlayedRepair[] = [];
  let returns: Return[] = [];
  let looks = 0;
  let ids = 0;
  let nextPerson = 0;
  let offsetMs = 0;
  let boot = 'recorded';
  let isDryRun = false;
  let now = momentAt(0);
  let look: RecordedLook | undefined;
  let reading: Reading | undefined;
  let hasTold = false;

  function momentAt(wallMs: number): Moment {
    return { wallMs, bootMs: wallMs - offsetMs, awakeMs: wallMs - offsetMs, boot };
  }
  /** Time never goes back within a boot. */
  function reach(wallMs: number): void {
    const next = momentAt(wallMs);
    if (next.boot !== now.boot || next.bootMs > now.bootMs) now = next;
  }

  const deps: RoundDeps = {
    clock: { now: () => now },
    // The incident's own name, where it is on record: so that what happened and what would have can be told apart.
    ids: {
      next: (prefix) => {
        ids += 1;
        return (prefix === 'i' && look?.incident) || `${prefix}-played-${ids}`;
      },
    },
    audit: {
      write(_log, event) {
        if (event.event !== 'recovery-started' || event.remedy === 'log-top-processes') return;
        repairs.push({ at: now.wallMs, service: event.service, remedy: event.remedy });
      },
      again: () => undefined,
      flush: async () => undefined,
    },
    get isDryRun() {
      return isDryRun;
    },
    config: () => config,
    look: (_cell, told) => told(reading as Reading),
    epoch: () => 0, // a look that spanned a sleep is on record as such
    dependenciesDown: async (cell) => causesOf(cell).filter((id) => isParentDown(cells.get(id))),
    isClosing: () => false,
    // Which build it was is of no matter: that there was one, and for how long (R10).
    buildAtWork: async (_cell, failedAt) =>
      look?.isHeld ? { name: 'recorded', pid: undefined, startId: undefined, folder: '', since: stampOf(failedAt) } : undefined,
    watchBuild: () => undefined,
    processAge: async () => look?.processAgeMs,
    // What a supervisor said then is on record by what came of it: a service that it kept stopped was `stopped` (R12).
    askKeeping: async () => undefined,
    portHolder: async () => undefined,
    put: () => undefined,
    async flush() {
      if (look && unwritable.get(look.service)?.some(({ at }) => Math.abs(at - now.wallMs) <= NEAR_MS)) throw new Error('unwritable then');
    },
    startAttempt,
    attemptFinished: () => undefined,
    tell(cell, decision) {
      hasTold = true;
      const state = cell.state.alert;
      if (decision.kind === 'recovered') {
        const stands = state.alert?.id === decision.alert.id ? undefined : state.alert;
        cell.state = { ...cell.state, alert: { ...state, alert: stands } };
        return;
      }
      const { id, kind } = decision.alert;
      alerts.push({ at: now.wallMs, service: cell.service.id, id, kind });
      // A cooldown counts from the record of a notice, which is made when it has arrived.
      const recorded = told.get(`${id} ${kind}`);
      const arrived = recorded !== undefined && recorded >= now.wallMs && recorded - now.wallMs < TOLD_MS ? momentAt(recorded) : now;
      const at = stampOf(arrived);
      cell.state = { ...cell.state, alert: { alert: { ...decision.alert, told: { kind, at } }, lastNoticeAt: at, outbox: [] } };
    },
    requeue: () => undefined,
    forget: () => undefined,
    stateTrouble: () => undefined,
  };

  /** A full disk is a cause too (full-disk.ts): it was one then where the service waited while a disk was down. */
  function causesOf({ service }: Cell): string[] {
    if (!look?.isSuppressed) return [...service.dependsOn];
    const disks = config.services.filter(
      ({ id, check, dependsOn }) => check.type === 'disk' && id !== service.id && dependsOn.length === 0,
    );
    return [...new Set([...service.dependsOn, ...disks.map(({ id }) => id)])];
  }
  function isParentDown(parent: Cell | undefined): boolean {
    return parent !== undefined && isDown(parent.state, now);
  }

  // ------------------------------------------------------------ repairs
  function startAttempt(cell: Cell, remedy: RemedyConfig): void {
    const attempt = cell.state.recovery.current as Attempt;
    const known = attempts.get(attempt.service) ?? [];
    const like = known.filter((one) => one.remedy === remedy.type && Math.abs(one.at - now.wallMs) <= LIKE_MS);
    const same = like.find((one) => !used.has(one) && one.trigger === attempt.trigger && Math.abs(one.at - now.wallMs) <= SAME_MS);
    if (same) used.add(same);
    const nearest = same ?? like.sort((a, b) => Math.abs(a.at - now.wallMs) - Math.abs(b.at - now.wallMs))[0];
    // Cut off by the end of the engine: it never returned.
    if (same && same.outcome === undefined) return;
    const result: RemedyResult = { kind: kindOf(nearest), reason: nearest?.reason || 'played', message: '', output: '' };
    returns.push({ atBootMs: now.bootMs + (nearest?.ranMs ?? UNKNOWN_RUN_MS), cell, attempt: attempt.id, result });
    returns.sort((a, b) => a.atBootMs - b.atBootMs);
  }

  /** Remedies that have returned by then. */
  function comeBack(bootMs: number): void {
    while (returns[0] && returns[0].atBootMs <= bootMs) {
      const { atBootMs, cell, attempt, result } = returns.shift() as Return;
      if (cells.get(cell.service.id) !== cell || cell.state.recovery.current?.id !== attempt) continue;
      const at = momentAt(atBootMs + offsetMs);
      const health = settleAfterShared(cell.state.health, cell.state.recovery.current, result, at);
      cell.state = { ...cell.state, health, recovery: returnAttempt(cell.state.recovery, result, at, isDryRun) };
    }
  }

  async function askedByPersons(untilMs: number): Promise<void> {
    for (; (persons[nextPerson]?.at ?? Number.POSITIVE_INFINITY) <= untilMs; nextPerson += 1) {
      const asked = persons[nextPerson] as RecordedAttempt;
      const cell = cells.get(asked.service);
      const remedyIndex = cell && personsRemedyIndex(cell.service);
      if (!cell || remedyIndex === undefined) continue;
      reach(asked.at);
      comeBack(now.bootMs);
      look = undefined;
      cell.state = { ...cell.state, health: unstop(cell.state.health) };
      await begin(cell, { kind: 'attempt', remedyIndex, trigger: 'person', reason: 'person' }, deps);
    }
  }

  // ------------------------------------------------------------ looks
  /** True: nothing was to be decided. */
  function isEveryday(seen: RecordedLook, cell: Cell): boolean {
    return seen.status === 'ok' && cell.restState === cell.state && limitOf(cell.service.check, seen.unit) === undefined;
  }

  async function playLook(seen: RecordedLook, cell: Cell): Promise<void> {
    const startedAt = momentAt(seen.at - seen.latencyMs);
    const endedAt = momentAt(seen.at);
    willOf(seen, cell, startedAt);
    look = seen;
    reading = readingOf(seen, cell.service.check, startedAt, endedAt);
    reach(startOf(seen));
    hasTold = false;
    await new Promise<void>((resolve, reject) => {
      round(cell, deps, seen.isOnlyLook ? 'look' : 'full', 0, (failure) => (failure ? reject(failure.error) : resolve()));
    });
    // What happened while the notice was on its way.
    if (hasTold) followAlert(cell, deps, isHeldAt(cell.state.health, now), now);
  }

  /** When it was decided: at the start of the attempt that followed, where one is on record. */
  function startOf({ service, at }: RecordedLook): number {
    const all = attempts.get(service) ?? [];
    let index = passed.get(service) ?? 0;
    while (index < all.length && ((all[index] as RecordedAttempt).at < at || all[index]?.trigger === 'person')) index += 1;
    passed.set(service, index);
    const next = all[index];
    return next && next.at - at <= NEAR_MS ? next.at : at;
  }

  /** Pauses and stops are facts: also those that began before the record, or whose length it does not name. */
  function willOf(seen: RecordedLook, cell: Cell, at: Moment): void {
    const { health } = cell.state;
    if (health.paused && (!seen.isPaused || isPauseOver(health, at))) cell.state = { ...cell.state, health: resume(health) };
    else if (seen.isPaused && !health.paused) cell.state = { ...cell.state, health: pause(health, undefined, at) };
    if (seen.isStopped && !cell.state.health.stopped) cell.state = stop(cell.state, at);
  }

  /** Would another interval have looked now? */
  function isTooEarly(seen: RecordedLook, cell: Cell): boolean {
    const { health, recovery } = cell.state;
    if (!rarer.get(seen.service) || !cell.lastLook || recovery.current || health.settle) return false;
    const { service, lastLook } = cell;
    const sinceMs = seen.at - lastLook.endedAt.wallMs;
    return sinceMs >= 0 && sinceMs < EARLY * (health.status === 'error' ? service.retryIntervalMs : service.intervalMs);
  }

  // ------------------------------------------------------------ all else
  function everyCell(change: (state: ServiceState, service: ServiceConfig) => ServiceState): void {
    for (const cell of cells.values()) cell.state = change(cell.state, cell.service);
  }

  function playWord({ service, word, forMs }: Extract<RecordedLine, { kind: 'word' }>): void {
    const cell = cells.get(service);
    if (!cell) return;
    const { state } = cell;
    if (word === 'pause') cell.state = { ...state, health: pause(state.health, forMs, now) };
    else if (word === 'resume') cell.state = { ...state, health: resume(state.health) };
    else if (word === 'stop') cell.state = stop(state, now);
    else if (word === 'start') {
      const health = { ...unstop(state.health), settle: settle('person-start', startWindowOf(cell.service), now) };
      cell.state = { ...state, health };
    } else if (word === 'ack') cell.state = { ...state, alert: acknowledge(state, cell.service, now) ?? state.alert };
  }

  function playStart(line: Extract<RecordedLine, { kind: 'started' }>): void {
    if (line.upMs !== undefined) {
      offsetMs = line.at - line.upMs;
      boot = line.boot ?? boot;
      now = momentAt(line.at);
    }
    isDryRun = line.isDryRun;
    returns = [];
    for (const [id, { service, state: last }] of cells) {
      const state = withoutFuture(last, now);
      const recovery = resumeInterrupted(state.recovery, now);
      cells.set(id, newCell(service, { ...state, health: engineStart(state.health, service, now), recovery }, {} as ProbeContext));
    }
  }

  /** Also for a service that the record has not named yet: an engine that starts knows all of them. */
  function ready(at: number): void {
    if (cells.size > 0) return;
    now = momentAt(at);
    for (const service of config.services) {
      const state: ServiceState = { health: newHealth(now), recovery: newRecovery(), alert: newAlertState() };
      cells.set(service.id, newCell(service, state, {} as ProbeContext));
    }
  }

  async function playLine(line: RecordedLine): Promise<void> {
    ready(line.at);
    await askedByPersons(line.at);
    if (line.kind === 'jumped') {
      // Noticed some seconds after it: what was told in between told the new time already.
      offsetMs += line.byMs;
      now = momentAt(line.at);
    }
    const at = momentAt(line.at);
    comeBack(line.kind === 'look' ? at.bootMs - line.latencyMs : at.bootMs);
    if (line.kind !== 'look') {
      reach(line.at);
      if (line.kind === 'slept')
        everyCell((state, service) => ({
          ...state,
          health: wake(state.health, service, now),
          recovery: reopenWindow(state.recovery, now),
        }));
      else if (line.kind === 'started') playStart(line);
      else if (line.kind === 'word') playWord(line);
      return;
    }
    const cell = cells.get(line.service);
    if (cell) await playLook(line, cell);
  }

  return {
    async play(lines, rest) {
      let rounds = 0;
      for (const line of lines) {
        if (line.kind === 'look') {
          const cell = cells.get(line.service);
          if (cell && isTooEarly(line, cell)) continue;
          if (cell) looks += 1;
          if (cell && isEveryday(line, cell) && !(persons[nextPerson] && (persons[nextPerson] as RecordedAttempt).at <= line.at)) {
            reach(line.at);
            cell.lastLook = { startedAt: momentAt(line.at - line.latencyMs), endedAt: momentAt(line.at), latencyMs: line.latencyMs };
            cell.lastOkAt = momentAt(line.at);
            continue;
          }
        }
        await playLine(line);
        rounds += 1;
        if (rounds % ROUNDS_A_REST === 0) await rest();
      }
      await rest();
    },
    played: () => ({ alerts, repairs, looks }),
  };
}

function kindOf(attempt: RecordedAttempt | undefined): RemedyResult['kind'] {
  if (attempt?.outcome === 'refused') return 'refused';
  return attempt?.outcome === 'failed' && !SEEN_LATER.has(attempt.reason) ? 'not-started' : 'acted';
}

function isRarer(service: ServiceConfig, present: Config | undefined): boolean {
  const now = present?.services.find(({ id }) => id === service.id);
  return now !== undefined && (service.intervalMs > now.intervalMs || service.retryIntervalMs > now.retryIntervalMs);
}

function groupBy<T extends { readonly service: string }>(all: readonly T[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.service);
    if (group) group.push(one);
    else groups.set(one.service, [one]);
  }
  return groups;
}
