// Does a build hold this service's restart, since when, and for how much longer (R10)? Pure: what was seen goes in.
import type { ServiceConfig } from '../../contract/config.ts';
import type { Build, HealthState, Hold, RecoveryState, Status } from '../../contract/flow.ts';
import { elapsedMs, remainingMs, type Stamp } from '../../contract/time.ts';
import { startWindowOf, windowAt } from './window.ts';

/** A restart is held at most this long in one incident (R10). */
const HOLD_MAX_MS = 30 * 60_000;

export interface HoldInput {
  readonly service: ServiceConfig;
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  readonly status: Status;
  readonly suppressedBy: readonly string[];
  readonly at: Stamp;
}

/** Whether it matters who builds: this look may become a strike or start a repair, or a hold stands. Else nothing is scanned. */
export function asksForBuilds({ service, health, recovery, status, suppressedBy, at }: HoldInput): boolean {
  if (service.buildFolders.length === 0) return false;
  // What could not be seen is held only where it was held before: "cannot look" is told as often in a row too (R2).
  if (status !== 'error' && !(status === 'unknown' && health.hold?.build)) return false;
  if (health.paused || health.stopped || suppressedBy.length > 0) return false;
  if (holdLeftMs(health.hold, at) === 0) return false;
  const window = windowAt(health, recovery, at);
  return window.kind === 'none' || window.kind === 'over';
}

/** How long builds may hold this incident yet. */
export function holdLeftMs(hold: Hold | undefined, at: Stamp): number {
  return remainingMs(hold?.since ?? at, Math.max(0, HOLD_MAX_MS - (hold?.usedMs ?? 0)), at);
}

export function isHeldAt({ hold }: HealthState, at: Stamp): boolean {
  return hold?.build !== undefined && holdLeftMs(hold, at) > 0;
}

/** The state after somebody has looked for builds. A build that has ended leaves a start window, in which what it made may
 * start (R4); one that has used up the time leaves none, or 30 min would be more. The same object where nothing is new. */
export function afterBuildLook(health: HealthState, service: ServiceConfig, build: Build | undefined, at: Stamp): HealthState {
  const { hold } = health;
  if (build && holdLeftMs(hold, at) > 0) {
    const isSame = hold?.build !== undefined && hold.build.pid === build.pid && hold.build.startId === build.startId;
    if (isSame && hold.since) return health;
    return { ...health, hold: { since: hold?.since ?? at, usedMs: hold?.usedMs ?? 0, build } };
  }
  if (!hold) return health;
  if (hold.build) {
    const settle = { why: 'hold-ended', since: at, forMs: startWindowOf(service) } as const;
    return build ? withoutBuild(health, at) : { ...health, settle, hold: { ...hold, build: undefined } };
  }
  return hold.since ? withoutBuild(health, at) : health;
}

/** Nobody looked for builds. A hold whose time is over has ended all the same. */
export function withoutBuildLook(health: HealthState, at: Stamp): HealthState {
  return health.hold?.since && holdLeftMs(health.hold, at) === 0 ? withoutBuild(health, at) : health;
}

function withoutBuild(health: HealthState, at: Stamp): HealthState {
  const { hold } = health;
  if (!hold?.since) return health;
  const usedMs = Math.min(HOLD_MAX_MS, hold.usedMs + elapsedMs(hold.since, at));
  return { ...health, hold: { since: undefined, usedMs, build: undefined } };
}

export type HoldNews =
  | { readonly kind: 'held'; readonly build: Build; readonly leftMs: number }
  | { readonly kind: 'ended'; readonly reason: 'build-ended' | 'time-over' | 'well-again'; readonly heldMs: number };

/** What is to be written down of it (R16): a build that holds, and each that takes its place; and the end. */
export function holdNews(before: Hold | undefined, after: Hold | undefined, at: Stamp): HoldNews | undefined {
  if (after?.build) return after.build === before?.build ? undefined : { kind: 'held', build: after.build, leftMs: holdLeftMs(after, at) };
  if (!before?.build) return undefined;
  const heldMs = before.since ? elapsedMs(before.since, at) : 0;
  const reason = !after ? 'well-again' : holdLeftMs(before, at) === 0 ? 'time-over' : 'build-ended';
  return { kind: 'ended', reason, heldMs };
}
