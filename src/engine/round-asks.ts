// What a round asks of the machine when a look has failed, beyond the look itself: how old the service's process is (R4), whether a cause is
// down (R11), who builds (R10), who keeps it and who holds its port (R12). While all is well nothing of it is asked.
import type { Build, PlanReason, Reading } from '../contract/flow.ts';
import type { Keeping } from '../contract/keeper.ts';
import { elapsedMs } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { asksForBuilds } from './decide/hold.ts';
import { statusOf } from './decide/judge.ts';
import { windowAt } from './decide/window.ts';
import type { RoundDeps, RoundDepth } from './round-deps.ts';

/** A wait that is nearly over may be over when the plan is made: asked then too. */
const ASK_BEFORE_MS = 5_000;
/** Waits that nothing but time ends: where one of them still runs, this look can begin nothing. */
const TIME_ALONE: ReadonlySet<PlanReason | undefined> = new Set(['cooldown', 'gave-up', 'build-running']);
const NOBODY: readonly string[] = Object.freeze([]);

export function suppressed(
  cell: Cell,
  reading: Reading,
  deps: RoundDeps,
  depth: RoundDepth,
): readonly string[] | Promise<readonly string[]> {
  const status = statusOf(reading, cell.state.health.isLatched);
  return status === 'ok' || status === 'warning' ? NOBODY : deps.dependenciesDown(cell, depth);
}

/** The quick answer for nearly all looks: nothing failed, and no limit is there to be judged. */
export function isWellAtSight(reading: Reading): boolean {
  return (reading.level === 'ok' || reading.level === 'warning') && reading.measures.length === 0;
}

/** A failing look that does not know its process asks for it, unless a window is open anyway (R4). */
export async function withProcessAge(cell: Cell, reading: Reading, deps: RoundDeps): Promise<Reading> {
  if (reading.processAgeMs !== undefined || statusOf(reading, cell.state.health.isLatched) !== 'error') return reading;
  const window = windowAt(cell.state.health, cell.state.recovery, reading.startedAt);
  if (window.kind === 'running' || window.kind === 'open') return reading;
  const processAgeMs = await deps.processAge(cell);
  return processAgeMs === undefined ? reading : { ...reading, processAgeMs };
}

export interface BuildLook {
  readonly isAsked: boolean;
  readonly build: Build | undefined;
}
export const NOT_ASKED: BuildLook = { isAsked: false, build: undefined };

/** Who builds is looked for only where it counts (R10): nothing is scanned while all is well. */
export async function lookForBuilds(cell: Cell, reading: Reading, suppressedBy: readonly string[], deps: RoundDeps): Promise<BuildLook> {
  const { health, recovery } = cell.state;
  const status = statusOf(reading, health.isLatched);
  if (!asksForBuilds({ service: cell.service, health, recovery, status, suppressedBy, at: reading.startedAt })) return NOT_ASKED;
  return { isAsked: true, build: await deps.buildAtWork(cell, reading.startedAt) };
}

/** Of a failing service: what its keeper says, and who else holds its port. Asked when an incident may begin, and whenever an attempt
 * may; not in a window, and not while a wait runs that would forbid the attempt anyway. */
export async function whoIsBehind(
  cell: Cell,
  reading: Reading,
  suppressedBy: readonly string[],
  deps: RoundDeps,
): Promise<Keeping | undefined> {
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
