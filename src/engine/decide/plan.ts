// Decides whether a remedy runs now, which one, and why or why not (R2-R5, R10-R12, R16, R20). Pure.
import type { RecoveryConfig, RemedyConfig, ServiceConfig } from '../../contract/config.ts';
import type { HealthState, Plan, PlanReason, RecoveryState, Verdict } from '../../contract/flow.ts';
import type { KeeperState } from '../../contract/keeper.ts';
import { remainingMs, type Stamp } from '../../contract/time.ts';
import { cooldownLeftMs, isBudgetSpent, standDownLeftMs } from './budget.ts';
import { windowAt } from './window.ts';

/** Where a supervisor restarts by itself, the first attempt waits this long for it (R4). */
const SUPERVISOR_FIRST_MS = 15_000;

export interface PlanInput {
  readonly service: ServiceConfig;
  readonly config: RecoveryConfig;
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  readonly verdict: Pick<Verdict, 'status'>;
  readonly isHeld: boolean;
  /** How much longer a build may hold it (R10). */
  readonly holdLeftMs?: number | undefined;
  /** The service's process is still so much younger than its start window, and has not been ok yet (R4). */
  readonly youngMs?: number | undefined;
  /** What its keeper says of it, where one is known (R4, R12). */
  readonly kept?: Pick<KeeperState, 'kind' | 'restartsItself'> | undefined;
  readonly now: Stamp;
}

export function planRecovery(input: PlanInput): Plan {
  const { service, config, health, recovery, now } = input;
  if (input.verdict.status !== 'error') return wait('not-failing');
  const forbidden = whyForbidden(input);
  if (forbidden) return wait(forbidden, forbidden === 'build-running' ? input.holdLeftMs : undefined);
  const window = windowAt(health, recovery, now);
  if (window.kind === 'running') return wait('attempt-running');
  // The attempt is ended by a look that began after its window, never by one that straddles its end (R4).
  if (window.kind === 'over') return wait('start-window', 0);
  if (window.kind === 'open') return wait(window.why === 'attempt' ? 'start-window' : 'settling', window.remainingMs);
  if (input.youngMs !== undefined) return wait('settling', input.youngMs);
  if (health.strikes === 0) return wait('no-strike');
  const remedyIndex = nextRemedyIndex(service, health, recovery);
  const remedy = service.recovery[remedyIndex];
  if (!remedy) return wait('no-remedy');

  if (recovery.gaveUp) {
    const left = standDownLeftMs(recovery.gaveUp, config, now);
    if (left > 0) return wait('gave-up', left);
    const cooling = cooldownLeftMs(recovery, config, now);
    return cooling > 0 ? wait('cooldown', cooling) : attempt(remedyIndex, 'stand-down-over');
  }
  if (service.recovery.some((one) => !isEvidenceRemedy(one)) && isBudgetSpent(recovery, health, config, now)) {
    return { kind: 'wait', reason: 'budget-spent', waitMs: undefined, givesUp: true };
  }
  const cooling = cooldownLeftMs(recovery, config, now);
  if (cooling > 0) return wait('cooldown', cooling);
  const isFirst = recovery.cursorIncident !== health.incident?.id;
  if (isFirst && (input.kept?.restartsItself || isSupervised(service, remedy)) && health.incident) {
    const left = remainingMs(health.incident.startedAt, SUPERVISOR_FIRST_MS, now);
    if (left > 0) return wait('supervisor-first', left);
  }
  return attempt(remedyIndex, isFirst ? 'first-strike' : 'next-remedy');
}

/** launchd restarts what it keeps by itself; known from the remedy, or from the check that asks launchd. */
function isSupervised(service: ServiceConfig, remedy: RemedyConfig): boolean {
  return remedy.type === 'launchd' || (service.check.type === 'process' && service.check.launchdLabel !== undefined);
}

function whyForbidden(input: PlanInput): PlanReason | undefined {
  const { service, config, health, isHeld } = input;
  if (health.paused) return 'paused';
  if (health.stopped) return 'stopped';
  if (service.recovery.length === 0) return 'no-remedy';
  if (!config.enabled) return 'recovery-disabled';
  if (health.suppressedBy.length > 0) return 'dependency-down';
  if (isHeld) return 'build-running';
  // Somebody sits at the terminal that it was started from: that one is told (R12).
  if (input.kept?.kind === 'terminal' && service.recovery.some((remedy) => !isEvidenceRemedy(remedy))) return 'in-a-terminal';
  return undefined;
}

/** The remedy whose turn it is: a new incident starts at the first (R5). After giving up only repairs are worth an attempt. */
function nextRemedyIndex(service: ServiceConfig, health: HealthState, recovery: RecoveryState): number {
  const isSameIncident = recovery.cursorIncident !== undefined && recovery.cursorIncident === health.incident?.id;
  const index = isSameIncident && recovery.cursor < service.recovery.length ? recovery.cursor : 0;
  if (!recovery.gaveUp) return index;
  const order = service.recovery.map((_, step) => (index + step) % service.recovery.length);
  return order.find((at) => !isEvidenceRemedy(service.recovery[at] as RemedyConfig)) ?? index;
}

/** A person's restart passes over all that only paces or protects from repetition (PRODUCT, end of section 5):
 * the first remedy that repairs, else the first of all; undefined where no remedy is written. */
export function personsRemedyIndex(service: ServiceConfig): number | undefined {
  if (service.recovery.length === 0) return undefined;
  return Math.max(
    0,
    service.recovery.findIndex((remedy) => !isEvidenceRemedy(remedy)),
  );
}

/** Evidence is no repair: no start window, no budget, no giving up (PRODUCT section 4). */
export function isEvidenceRemedy(remedy: Pick<RemedyConfig, 'type'>): boolean {
  return remedy.type === 'log-top-processes';
}

function wait(reason: PlanReason, waitMs?: number): Plan {
  return { kind: 'wait', reason, waitMs, givesUp: false };
}
function attempt(remedyIndex: number, reason: PlanReason): Plan {
  return { kind: 'attempt', remedyIndex, trigger: 'auto', reason };
}
