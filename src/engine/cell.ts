// One watched service in a running engine: its configuration, the state that survives, and what is known only while it runs.

import type { ToldCheck } from '../contract/audit.ts';
import type { ServiceConfig } from '../contract/config.ts';
import type { NotifyReason, Plan, PlanReason, ProcessIdentity, ServiceState, Verdict } from '../contract/flow.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type { ProbeContext } from '../contract/ports.ts';
import type { Moment } from '../contract/time.ts';

export interface Cell {
  service: ServiceConfig;
  state: ServiceState;
  /** Handed to its probe at every look. */
  probe: ProbeContext;
  /** Written over at each look: copy what is to be kept. */
  lastLook: { readonly startedAt: Noted; readonly endedAt: Noted; latencyMs: number } | undefined;
  /** Written over likewise. */
  lastOkAt: Noted | undefined;
  /** The line of the last look in the health log, where it was healthy: most often the next one says the same. */
  healthyLine: ToldCheck | undefined;
  /** The state in which another look that finds all well changes nothing (round.ts, `isAtRest`); undefined when not known to be such. */
  restState: ServiceState | undefined;
  verdict: Verdict | undefined;
  /** Why nothing is done, and until when. */
  planReason: PlanReason | undefined;
  planWaitMs: number | undefined;
  /** When the plan's wait was told, so that it can be counted down. */
  planAt: Moment | undefined;
  /** Until when a notice is held back, told at the same time. */
  alertWaitMs: number | undefined;
  /** Why somebody was told, or was not, at the last decision (R16). */
  alertReason: NotifyReason | undefined;
  alertAt: Moment | undefined;
  /** A person's stop is at work (R12). */
  isStopping: boolean;
  /** A round is under way, or waits for the one that was (R1: never overlaps itself). */
  hasRounds: boolean;
  /** Rounds that wait, to be begun one after the other. */
  nextRounds: (() => void)[];
  /** Who waits until no round is left. */
  onRoundsOver: (() => void)[];
  /** The next look: when it is planned on the boot clock, and how to take it back. Shared with others that are due then. */
  next: { readonly atMs: number; cancel(cell: Cell): void } | undefined;
  /** A notice is on its way; it is not sent twice meanwhile (R7). */
  isTelling: boolean;
  /** Attempts that somebody waits for. */
  waiting: Array<() => void>;
  /** Processes that the last look identified. */
  processes: readonly ProcessIdentity[];
  /** Processes whose end brings the next look forward (R1). */
  watched: readonly ProcessIdentity[];
  /** Who matched and listened on its port when it was last identified (R13). */
  listening: readonly ProcessIdentity[];
  /** The processes whose keeper has been learned, by pid and start. */
  keeperOf: string;
  /** Who holds the port of this service though it is not its own (PRODUCT section 4, R13). */
  portHolder: PortHolder | undefined;
  /** Look anew at who they are: a remedy or the configuration may have changed them. */
  mayHaveChanged: boolean;
  isGone: boolean;
}

/** A moment that is written over by the next: what lives for a whole interval and is new at each is what a garbage collector is
 * slowest with, and cost an eighth of a look at a port (bench/tcp-checks.ts). */
type Noted = { -readonly [K in keyof Moment]: Moment[K] };

/** Remembers when the last look was. */
export function noteTimes(cell: Cell, startedAt: Moment, endedAt: Moment, latencyMs: number): void {
  const known = cell.lastLook;
  if (!known) {
    cell.lastLook = { startedAt: { ...startedAt }, endedAt: { ...endedAt }, latencyMs };
    return;
  }
  writeOver(known.startedAt, startedAt);
  writeOver(known.endedAt, endedAt);
  known.latencyMs = latencyMs;
}

/** Remembers when the service was last seen to be ok. */
export function noteOk(cell: Cell, at: Moment): void {
  if (cell.lastOkAt) writeOver(cell.lastOkAt, at);
  else cell.lastOkAt = { ...at };
}

function writeOver(noted: Noted, at: Moment): void {
  noted.wallMs = at.wallMs;
  noted.bootMs = at.bootMs;
  noted.awakeMs = at.awakeMs;
  noted.boot = at.boot;
}

export function newCell(service: ServiceConfig, state: ServiceState, probe: ProbeContext): Cell {
  return {
    service,
    state,
    probe,
    lastLook: undefined,
    lastOkAt: undefined,
    healthyLine: undefined,
    restState: undefined,
    verdict: undefined,
    planReason: undefined,
    planWaitMs: undefined,
    planAt: undefined,
    alertWaitMs: undefined,
    alertReason: undefined,
    alertAt: undefined,
    isStopping: false,
    hasRounds: false,
    nextRounds: [],
    onRoundsOver: [],
    next: undefined,
    isTelling: false,
    waiting: [],
    processes: [],
    watched: [],
    listening: [],
    keeperOf: '',
    portHolder: undefined,
    mayHaveChanged: true,
    isGone: false,
  };
}

/** Remembers what the last decision about repairing was. */
export function notePlan(cell: Cell, plan: Plan, now: Moment): void {
  cell.planReason = plan.reason;
  cell.planWaitMs = plan.kind === 'wait' ? plan.waitMs : undefined;
  cell.planAt = cell.planWaitMs === undefined ? undefined : now;
}
