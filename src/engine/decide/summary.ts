// What views may know: phases, colour, counts and the status sentence (PRODUCT section 2, DESIGN "Snapshot"). Pure.
import type { ServiceConfig } from '../../contract/config.ts';
import type { NotifyReason, Phase, PlanReason, ServiceState, Status, Verdict } from '../../contract/flow.ts';
import type { PortHolder } from '../../contract/port-holder.ts';
import type { Problem, ServiceView, Snapshot } from '../../contract/snapshot.ts';
import { elapsedMs, isoTime, type Moment, remainingMs, type Stamp } from '../../contract/time.ts';
import { durationText } from '../../contract/units.ts';
import { holdLeftMs } from './hold.ts';
import { windowAt } from './window.ts';

/** What is known of a service only while the engine runs. */
interface Sight {
  readonly lastLook: { readonly startedAt: Moment; readonly endedAt: Moment; readonly latencyMs: number } | undefined;
  readonly verdict: Verdict | undefined;
  readonly nextCheckInMs: number | undefined;
  readonly planReason: PlanReason | undefined;
  readonly planWaitMs: number | undefined;
  readonly alertReason: NotifyReason | undefined;
  readonly isHeld: boolean;
  /** Names of the services in `suppressedBy`. */
  readonly waitsFor: readonly string[];
  /** Who holds its port (R13). */
  readonly portHolder?: PortHolder | undefined;
}
export interface ServiceSight {
  readonly service: ServiceConfig;
  readonly state: ServiceState;
  readonly sight: Sight;
  readonly can: ServiceView['can'];
  /** Uptime in percent over 24 h, 7 d, 30 d; null where nothing is recorded. */
  readonly uptime: ServiceView['uptime'];
  readonly repairs?: ServiceView['repairs'] | undefined;
}

export function phaseOf(state: ServiceState, isHeld: boolean, now: Stamp): Phase {
  const { health, recovery } = state;
  if (health.paused) return 'paused';
  if (health.stopped) return 'stopped';
  if (recovery.current && !recovery.current.returnedAt) return 'recovering';
  if (health.suppressedBy.length > 0) return 'suppressed';
  const window = windowAt(health, recovery, now);
  if (window.kind === 'open' && (window.why === 'attempt' || health.status === 'error')) return 'settling';
  if (isHeld && health.status === 'error') return 'held';
  if (recovery.gaveUp && health.status === 'error') return 'gave-up';
  return health.status === 'error' || health.strikes > 0 ? 'failing' : 'healthy';
}

/** Whether what depends on it has to wait (R11). */
export function isDown(state: ServiceState, now: Stamp): boolean {
  if (state.health.paused) return false;
  // What is held is failing, so its status says it already.
  return state.health.status === 'error' || DOWN.has(phaseOf(state, false, now));
}
const DOWN: ReadonlySet<Phase> = new Set(['recovering', 'settling', 'gave-up', 'stopped']);

export function viewOf({ service, state, sight, can, uptime, repairs }: ServiceSight, now: Moment): ServiceView {
  const { health, recovery, alert } = state;
  const last = recovery.current ?? recovery.attempts.at(-1);
  const isSeen = sight.lastLook !== undefined;
  const verdict = sight.verdict;
  const paused = health.paused;
  return {
    id: service.id,
    name: service.name,
    type: service.check.type,
    status: isSeen ? health.status : 'unknown',
    phase: phaseOf(state, sight.isHeld, now),
    reason: isSeen ? health.reason : 'not-yet-checked',
    message: isSeen ? (verdict?.message ?? health.message) : 'Not checked yet',
    since: isSeen ? isoTime(health.since) : null,
    lastCheckAt: sight.lastLook ? isoTime(sight.lastLook.endedAt) : null,
    nextCheckAt: sight.nextCheckInMs === undefined ? null : isoTime({ wallMs: now.wallMs + sight.nextCheckInMs }),
    latencyMs: sight.lastLook ? Math.round(sight.lastLook.latencyMs * 10) / 10 : null,
    value: verdict?.value ?? null,
    unit: verdict?.unit ?? null,
    limit: verdict?.limit ?? null,
    consecutiveFailures: health.strikes,
    // What is left of an incident that is over only waits for its last notice.
    alerting: isAlerting(state),
    acknowledged: isAlerting(state) && alert.alert?.acknowledgedAt !== undefined,
    lastAttempt: last
      ? {
          id: last.id,
          at: isoTime(last.startedAt),
          remedy: last.remedy,
          trigger: last.trigger,
          outcome: last.outcome ?? null,
          reason: last.outcomeReason ?? last.reason,
          secondsToHealthy: last.secondsToHealthy ?? null,
        }
      : null,
    nextAttemptAt: health.status === 'error' && sight.planWaitMs !== undefined ? isoTime({ wallMs: now.wallMs + sight.planWaitMs }) : null,
    recoveryReason: health.status === 'error' ? (sight.planReason ?? null) : null,
    hold: holdOf(state, sight.isHeld, now),
    strikeReason: health.status === 'error' ? (verdict?.whyNoStrike ?? null) : null,
    waitsFor: health.suppressedBy.length > 0 ? [...sight.waitsFor] : [],
    alertReason: sight.alertReason ?? null,
    uptime,
    forecast: null,
    url: service.url ?? (service.check.type === 'http' ? service.check.url : null),
    logs: service.logs ?? null,
    pausedUntil: paused?.forMs === undefined ? null : isoTime({ wallMs: now.wallMs + remainingMs(paused.since, paused.forMs, now) }),
    ...(repairs ? { repairs } : {}),
    stoppedBy: health.stopped ? (health.stopped.by ?? 'person') : null,
    portHolder: health.status === 'error' && !health.stopped ? (sight.portHolder ?? null) : null,
    can,
  };
}

function holdOf(state: ServiceState, isHeld: boolean, now: Moment): ServiceView['hold'] {
  const { hold } = state.health;
  if (!hold?.build || phaseOf(state, isHeld, now) !== 'held') return null;
  const { name, pid, folder, since } = hold.build;
  const until = isoTime({ wallMs: now.wallMs + holdLeftMs(hold, now) });
  return { build: name, pid: pid ?? null, folder, since: isoTime(since), until };
}

function isAlerting({ alert, health }: ServiceState): boolean {
  return alert.alert !== undefined && alert.alert.incident === health.incident?.id;
}

export interface SummaryInput {
  readonly services: readonly ServiceSight[];
  readonly isAsleep: boolean;
  readonly problems: Snapshot['problems'];
  readonly now: Moment;
}
export type Summary = Pick<Snapshot, 'overall' | 'sentence' | 'counts' | 'services'>;

export function summarize(input: SummaryInput): Summary {
  const services = input.services.map((sight) => viewOf(sight, input.now));
  const counts = { ok: 0, warning: 0, error: 0, unknown: 0, paused: 0, stopped: 0 };
  for (const view of services) counts[view.phase === 'paused' || view.phase === 'stopped' ? view.phase : view.status] += 1;
  const overall = overallOf(services, input);
  return { overall, sentence: sentenceOf(services, input, overall), counts, services };
}

/** Red: needs you. Yellow: anything else that is not ok. Green: all well. `unknown`: nothing has been seen yet, or asleep (PRODUCT section 2). */
function overallOf(services: readonly ServiceView[], input: SummaryInput): Status {
  if (input.isAsleep) return 'unknown';
  const counted = services.filter((view) => view.phase !== 'paused' && view.phase !== 'stopped');
  if (counted.some(needsPerson)) return 'error';
  if (counted.some((view) => view.reason !== 'not-yet-checked' && view.status !== 'ok') || input.problems.some(colours)) return 'warning';
  if (services.length === 0 || counted.some((view) => view.reason === 'not-yet-checked')) return 'unknown';
  return 'ok';
}

/** A notice that could not be shown is told in the view; what keeps the app itself from its work colours it too. */
function colours(problem: Problem): boolean {
  return problem.code === 'config-refused' || problem.code === 'home-unusable';
}

function needsPerson(view: ServiceView): boolean {
  return (view.alerting || view.phase === 'gave-up') && !view.acknowledged;
}

/** "1 of 6 needs you: Gateway, 4 min". */
function sentenceOf(services: readonly ServiceView[], input: SummaryInput, overall: Status): string {
  if (services.length === 0) return 'Nothing is watched yet';
  if (input.isAsleep) return 'Asleep';
  const needing = input.services.filter((_, index) => needsPerson(services[index] as ServiceView));
  const first = needing[0];
  if (overall === 'error' && first) {
    const since = elapsedMs(first.state.health.incident?.startedAt ?? first.state.health.since, input.now);
    const rest = needing.length > 1 ? ` and ${needing.length - 1} more` : '';
    return `${needing.length} of ${services.length} ${needing.length === 1 ? 'needs' : 'need'} you: ${first.service.name}${rest}, ${durationText(since)}`;
  }
  const restless = services.filter(
    (view) => view.status !== 'ok' && view.reason !== 'not-yet-checked' && view.phase !== 'paused' && view.phase !== 'stopped',
  );
  if (overall === 'warning' && restless[0]) {
    const rest = restless.length > 1 ? ` and ${restless.length - 1} more` : '';
    return `${restless[0].name}${rest}: ${wordOf(restless[0])}`;
  }
  if (overall === 'warning') return input.problems.find(colours)?.message ?? 'Something is not as it should be';
  if (overall === 'unknown') return 'Taking a first look';
  const idle = services.filter((view) => view.phase === 'paused' || view.phase === 'stopped').length;
  return idle === 0
    ? services.length === 1
      ? '1 service, and it is well'
      : `All ${services.length} are well`
    : `All well, ${idle} paused or stopped`;
}

const PHASE_WORD: Record<Phase, string> = {
  healthy: 'worth a look',
  failing: 'failing',
  recovering: 'being repaired',
  settling: 'starting',
  held: 'waiting for a build to end',
  suppressed: 'waiting for what it depends on',
  'gave-up': 'given up',
  paused: 'paused',
  stopped: 'stopped',
};
function wordOf(view: ServiceView): string {
  if (view.acknowledged) return 'acknowledged';
  if (view.status === 'unknown') return 'cannot be looked at';
  return view.status === 'warning' ? 'warning' : PHASE_WORD[view.phase];
}
