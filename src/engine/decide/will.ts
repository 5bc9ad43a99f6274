// What a person's word changes: pause, resume, stop, start, acknowledge; and what sleep, wake and boot change (R2, R4, R9, R12). Pure.
import type { ServiceConfig } from '../../contract/config.ts';
import type { AlertState, HealthState, ServiceState, Settle, SettleReason } from '../../contract/flow.ts';
import { type Moment, remainingMs, type Stamp, stampOf } from '../../contract/time.ts';
import { endByStop } from './advance-recovery.ts';
import { startWindowOf, WAKE_SETTLE_MS } from './window.ts';

/** `forMs` undefined: until the person resumes. What was counted stays; unbroken ok ends, since nobody looks. */
export function pause(health: HealthState, forMs: number | undefined, now: Moment): HealthState {
  return { ...health, paused: { since: stampOf(now), forMs }, okSince: undefined };
}
export function resume(health: HealthState): HealthState {
  return health.paused ? { ...health, paused: undefined } : health;
}
export function isPauseOver(health: HealthState, now: Stamp): boolean {
  return health.paused?.forMs !== undefined && remainingMs(health.paused.since, health.paused.forMs, now) === 0;
}

/** Stopped on purpose: only a person starts it again (R12). Its incident is over, and nobody is told of it any more.
 * `by`: named reason, where it was found so. */
export function stop(state: ServiceState, now: Moment, by?: string): ServiceState {
  return {
    health: {
      ...state.health,
      stopped: { since: stampOf(now), ...(by === undefined ? {} : { by }) },
      strikes: 0,
      unknowns: 0,
      lastUnknownAt: undefined,
      lastStrikeAt: undefined,
      incident: undefined,
      okSince: undefined,
      settle: undefined,
      hold: undefined,
    },
    recovery: { ...endByStop(state.recovery, now), gaveUp: undefined },
    alert: {
      ...state.alert,
      alert: undefined,
      outbox: state.alert.outbox.filter((entry) => entry.notice.alertId !== state.alert.alert?.id),
    },
  };
}
export function unstop(health: HealthState): HealthState {
  return health.stopped ? { ...health, stopped: undefined } : health;
}

/** Acknowledges what stands; a failing service may be acknowledged before its third strike, and then stays quiet (R6). */
export function acknowledge(state: ServiceState, service: ServiceConfig, now: Moment): AlertState | undefined {
  const { health, alert } = state;
  if (!health.incident) return undefined;
  const at = stampOf(now);
  const ofThis = alert.alert?.incident === health.incident.id ? alert.alert : undefined;
  const standing = ofThis ?? {
    id: `${service.id}.${health.incident.id}`,
    incident: health.incident.id,
    kind: health.status === 'unknown' ? ('unknown' as const) : ('down' as const),
    raisedAt: at,
    firstFailureAt: health.incident.startedAt,
    strikes: health.strikes,
    reason: health.reason,
    message: health.message,
    told: undefined,
    acknowledgedAt: undefined,
  };
  return { ...alert, alert: { ...standing, acknowledgedAt: standing.acknowledgedAt ?? at } };
}

/** After a wake: settle first, strikes survive, unbroken ok starts anew since nobody looked meanwhile (R9). */
export function wake(health: HealthState, service: ServiceConfig, now: Moment): HealthState {
  return { ...health, okSince: undefined, settle: settle('wake', Math.max(WAKE_SETTLE_MS, startWindowOf(service)), now) };
}

/** At the engine's start: unbroken ok ends, and shortly after the machine's boot services may still be starting (R4). */
export function engineStart(health: HealthState, service: ServiceConfig, now: Moment): HealthState {
  const left = startWindowOf(service) - now.bootMs;
  const isFresh = left > 0 && health.settle?.since.boot !== now.boot;
  if (!isFresh && health.okSince === undefined) return health;
  return { ...health, okSince: undefined, settle: isFresh ? settle('boot', left, now) : health.settle };
}

/** What was written while the clock was ahead lies in the future, once that is corrected and the machine has booted anew: it counts from
 * now on, or every wait that began with it would last until the clock is there again (R9: never more than the whole). The same object
 * where nothing does. */
export function withoutFuture<T>(value: T, now: Moment): T {
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutFuture(item, now));
    return items.some((item, index) => item !== value[index]) ? (items as T) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (isStamp(value)) return value.boot !== now.boot && value.wallMs > now.wallMs ? (stampOf(now) as T) : value;
  const entries = Object.entries(value).map(([key, part]) => [key, withoutFuture(part, now)] as const);
  return entries.some(([key, part]) => part !== (value as Record<string, unknown>)[key]) ? (Object.fromEntries(entries) as T) : value;
}
function isStamp(value: object): value is Stamp {
  return 'wallMs' in value && 'bootMs' in value && 'boot' in value;
}

export function settle(why: SettleReason, forMs: number, now: Moment): Settle {
  return { why, since: stampOf(now), forMs };
}
