// What is known of one service at this moment, handed to `decide/summary.ts`, which makes a view of it. Reads the cell, changes nothing.
import type { ServiceView } from '../contract/snapshot.ts';
import { elapsedMs, type Moment } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { isHeldAt } from './decide/hold.ts';
import type { ServiceSight } from './decide/summary.ts';
import { knowsHowToStart, knowsHowToStop } from './heal/index.ts';

export interface SightGround {
  /** All of them: who waits for a cause names it. */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly now: Moment;
  readonly uptime: ServiceView['uptime'];
  readonly repairs: ServiceView['repairs'];
}

export function sightOf(cell: Cell, { cells, now, uptime, repairs }: SightGround): ServiceSight {
  const { service, state } = cell;
  return {
    service,
    state,
    sight: {
      lastLook: cell.lastLook,
      verdict: cell.verdict,
      nextCheckInMs: cell.next ? Math.max(0, cell.next.atMs - now.bootMs) : undefined,
      planReason: cell.planReason,
      alertReason: cell.alertReason,
      portHolder: cell.portHolder,
      planWaitMs: cell.planWaitMs === undefined || !cell.planAt ? undefined : Math.max(0, cell.planWaitMs - elapsedMs(cell.planAt, now)),
      isHeld: isHeldAt(state.health, now),
      waitsFor: state.health.suppressedBy.map((id) => cells.get(id)?.service.name ?? id),
    },
    can: {
      heal: service.recovery.length > 0,
      start: knowsHowToStart(service.recovery),
      stop: knowsHowToStop(service.recovery),
    },
    uptime,
    repairs,
  };
}
