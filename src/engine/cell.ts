// One watched service in a running engine: its configuration, the state that survives, and what is known only while it runs.
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
  lastLook: { startedAt: Moment; endedAt: Moment; latencyMs: number } | undefined;
  lastOkAt: Moment | undefined;
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
  /** The round under way; a second one waits for it (R1: never overlaps itself). */
  round: Promise<void> | undefined;
  /** The next look: when it is planned on the boot clock, and how to take it back. */
  next: { atBootMs: number; cancel: () => void } | undefined;
  /** A notice is on its way; it is not sent twice meanwhile (R7). */
  isTelling: boolean;
  /** Attempts that somebody waits for. */
  waiting: Array<() => void>;
  /** Processes that the last look identified. */
  processes: readonly ProcessIdentity[];
  /** Processes whose end brings the next look forward (R1). */
  watched: readonly ProcessIdentity[];
  /** The processes whose keeper has been learned, by pid and start. */
  keeperOf: string;
  /** Who holds the port of this service though it is not its own (PRODUCT section 4, R13). */
  portHolder: PortHolder | undefined;
  /** Look anew at who they are: a remedy or the configuration may have changed them. */
  mayHaveChanged: boolean;
  isGone: boolean;
}

export function newCell(service: ServiceConfig, state: ServiceState, probe: ProbeContext): Cell {
  return {
    service,
    state,
    probe,
    lastLook: undefined,
    lastOkAt: undefined,
    restState: undefined,
    verdict: undefined,
    planReason: undefined,
    planWaitMs: undefined,
    planAt: undefined,
    alertWaitMs: undefined,
    alertReason: undefined,
    alertAt: undefined,
    isStopping: false,
    round: undefined,
    next: undefined,
    isTelling: false,
    waiting: [],
    processes: [],
    watched: [],
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
