// Should somebody be told? Takes the last record and now, returns the new record, a notice or none, and a named reason (R6, R16, R19). Pure.
import type { ServiceConfig } from '../../contract/config.ts';
import type { Alert, AlertKind, AlertState, HealthState, NotifyReason, RecoveryState } from '../../contract/flow.ts';
import { remainingMs, type Stamp } from '../../contract/time.ts';

export interface AlertInput {
  readonly service: ServiceConfig;
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  readonly alert: AlertState;
  readonly isHeld: boolean;
  readonly now: Stamp;
}

export type AlertDecision =
  | { readonly kind: 'tell'; readonly reason: NotifyReason; readonly alert: Alert }
  /** The incident is over. Told ones get their one recovered notice. */
  | { readonly kind: 'recovered'; readonly reason: NotifyReason; readonly alert: Alert }
  /** `alert` is what stands (undefined: nothing). `waitMs`: when time alone changes the answer. */
  | { readonly kind: 'quiet'; readonly reason: NotifyReason; readonly alert: Alert | undefined; readonly waitMs: number | undefined };

export function newAlertState(): AlertState {
  return { alert: undefined, lastNoticeAt: undefined, outbox: [] };
}

const RANK: Record<AlertKind, number> = { unknown: 0, down: 1, 'gave-up': 2 };
const TELL_REASON: Record<AlertKind, NotifyReason> = { unknown: 'cannot-look', down: 'third-strike', 'gave-up': 'gave-up' };

export function decideAlert(input: AlertInput): AlertDecision {
  const { health, service, now } = input;
  const standing = input.alert.alert;
  // Stopped on purpose: it did not recover, and it needs nobody (R12).
  if (standing && health.stopped) return quiet('stopped', undefined);
  if (standing && standing.incident !== health.incident?.id) {
    return standing.told
      ? { kind: 'recovered', reason: 'recovered', alert: standing }
      : { kind: 'quiet', reason: 'never-told', alert: undefined, waitMs: undefined };
  }
  if (!health.incident) return quiet('no-incident', undefined);
  const silenced = whySilent(input);
  // Its strikes are dropped: what nobody was told, or has answered, is dropped with them (R11).
  if (silenced === 'suppressed' && !standing?.told && !standing?.acknowledgedAt) return quiet(silenced, undefined);
  if (silenced) return quiet(silenced, standing);

  const alert = raised(input, standing);
  if (!alert) return quiet('below-threshold', undefined);
  if (alert.acknowledgedAt) return quiet('acknowledged', alert);
  if (alert.told && RANK[alert.told.kind] >= RANK[alert.kind]) return quiet('already-told', alert);
  const left = input.alert.lastNoticeAt ? remainingMs(input.alert.lastNoticeAt, service.alertCooldownMs, now) : 0;
  if (left > 0) return quiet('alert-cooldown', alert, left);
  return { kind: 'tell', reason: alert.told ? 'kind-changed' : TELL_REASON[alert.kind], alert };
}

function whySilent({ health, isHeld }: AlertInput): NotifyReason | undefined {
  if (health.paused) return 'paused';
  if (health.stopped) return 'stopped';
  if (health.suppressedBy.length > 0) return 'suppressed';
  return isHeld ? 'held' : undefined;
}

/** The alert as the incident now is: raised at the threshold, changing its kind upwards with the incident. */
function raised(input: AlertInput, standing: Alert | undefined): Alert | undefined {
  const { health, recovery, service, now } = input;
  const kind = kindOf(health, recovery, service);
  if (!health.incident || (!kind && !standing)) return undefined;
  const worst = standing && (!kind || RANK[standing.kind] >= RANK[kind]) ? standing.kind : (kind as AlertKind);
  if (standing && standing.kind === worst && standing.strikes === health.strikes) return standing;
  return {
    id: standing?.id ?? `${service.id}.${health.incident.id}`,
    incident: health.incident.id,
    kind: worst,
    raisedAt: standing?.raisedAt ?? { wallMs: now.wallMs, bootMs: now.bootMs, boot: now.boot },
    firstFailureAt: health.incident.startedAt,
    strikes: health.strikes,
    reason: health.reason,
    message: health.message,
    told: standing?.told,
    acknowledgedAt: standing?.acknowledgedAt,
  };
}

function kindOf(health: HealthState, recovery: RecoveryState, service: ServiceConfig): AlertKind | undefined {
  if (recovery.gaveUp && health.status === 'error') return 'gave-up';
  if (health.strikes >= service.afterFailures) return 'down';
  if (health.unknowns >= service.afterFailures) return 'unknown';
  return undefined;
}

function quiet(reason: NotifyReason, alert: Alert | undefined, waitMs?: number): AlertDecision {
  return { kind: 'quiet', reason, alert, waitMs };
}
