// The value that travels through a round: Reading → Verdict → Plan → Attempt → Notice, and the state that
// survives between rounds. Shapes and names only.
// Longer than 250 lines would be wrong here: split before that.
import type { RemedyType } from './config.ts';
import type { Keeper } from './keeper.ts';
import type { Moment, Stamp } from './time.ts';

export type Status = 'ok' | 'warning' | 'error' | 'unknown';
export type Phase = 'healthy' | 'failing' | 'recovering' | 'settling' | 'held' | 'suppressed' | 'gave-up' | 'paused' | 'stopped';

/** Identity of a process: a pid alone is reused, a pid with its start is not (R13). */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process: start ticks and boot on Linux, start time on macOS. */
  readonly startId: string;
}

/** One number that a probe measured, with its limit; whether it fails is judged by `decide/judge` (R2, clearAt). */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'percent' | 'bytes' | 'ms' | 'count';
  readonly limit: number;
  /** Which side of the limit fails. */
  readonly failsWhen: 'above' | 'below';
  readonly clearAt: number | undefined;
  /** Sentence when the limit is passed, and when it is kept. */
  readonly failText: string;
  readonly okText: string;
}

/** Why a reading is what it is. Named, stored and shown (R16). */
export type ReadingReason =
  | 'answered'
  | 'within-limits'
  | 'over-limit'
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'unreachable'
  | 'wrong-answer'
  | 'too-slow'
  | 'tls-failed'
  | 'name-not-resolved'
  | 'process-running'
  | 'process-missing'
  | 'process-too-few'
  | 'process-zombie'
  | 'pressure-warning'
  | 'pressure-critical'
  | 'pattern-found'
  | 'log-stale'
  | 'exit-ok'
  | 'exit-warning'
  | 'exit-error'
  | 'exit-unknown'
  | 'not-found'
  | 'permission-denied'
  | 'no-handles'
  | 'program-missing'
  | 'cut-short'
  | 'not-supported'
  | 'probe-failed';

/** What one look saw. Trouble is data: a probe never throws. */
export interface Reading {
  readonly level: Status;
  readonly reason: ReadingReason;
  /** One sentence for people, without the service's name. */
  readonly message: string;
  readonly startedAt: Moment;
  readonly endedAt: Moment;
  readonly latencyMs: number;
  readonly measures: readonly Measure[];
  /** Processes that this look identified as the service; their end brings the next check forward (R1). */
  readonly processes: readonly ProcessIdentity[];
  /** Age of the youngest of them, for the start window of starts that are not ours (R4). */
  readonly processAgeMs: number | undefined;
}

/** Why a failing reading is no strike (R2). */
export type NoStrikeReason =
  | 'not-failing'
  | 'could-not-look'
  | 'start-window'
  | 'settling'
  | 'paused'
  | 'stopped'
  | 'suppressed'
  | 'held'
  | 'too-soon';

/** A reading judged. */
export interface Verdict {
  readonly status: Status;
  readonly reason: ReadingReason;
  readonly message: string;
  readonly isStrike: boolean;
  readonly whyNoStrike: NoStrikeReason | undefined;
  /** The measure that people see: the worst, else the first. */
  readonly value: number | undefined;
  readonly unit: Measure['unit'] | undefined;
  readonly limit: number | undefined;
}

export type Trigger = 'auto' | 'person';
export type Outcome = 'succeeded' | 'failed' | 'refused' | 'dry-run';

/** Why a remedy is run, or is not (R16). */
export type PlanReason =
  | 'first-strike'
  | 'next-remedy'
  | 'stand-down-over'
  | 'person'
  | 'not-failing'
  | 'no-strike'
  | 'no-remedy'
  | 'recovery-disabled'
  | 'paused'
  | 'stopped'
  | 'dependency-down'
  | 'build-running'
  | 'attempt-running'
  | 'start-window'
  | 'settling'
  | 'cooldown'
  | 'supervisor-first'
  | 'in-a-terminal'
  | 'budget-spent'
  | 'gave-up'
  | 'state-unwritable';

export type Plan =
  | { readonly kind: 'attempt'; readonly remedyIndex: number; readonly trigger: Trigger; readonly reason: PlanReason }
  /** Nothing now. `waitMs`: when to ask again, if time alone changes the answer. `givesUp`: this is the moment of giving up (R5). */
  | { readonly kind: 'wait'; readonly reason: PlanReason; readonly waitMs: number | undefined; readonly givesUp: boolean };

/** One run of one remedy (PRODUCT section 1). */
export interface Attempt {
  readonly id: string;
  readonly service: string;
  readonly incident: string | undefined;
  readonly remedyIndex: number;
  readonly remedy: RemedyType;
  readonly trigger: Trigger;
  readonly reason: PlanReason;
  readonly startedAt: Stamp;
  /** Counts against the budget: automatic, a repair, and not refused (R5). */
  readonly counts: boolean;
  readonly isEvidence: boolean;
  readonly startWindowMs: number;
  /** The remedy's own run is over and the start window is open since then (R4). */
  readonly returnedAt: Stamp | undefined;
  readonly outcome: Outcome | undefined;
  readonly outcomeReason: string | undefined;
  readonly secondsToHealthy: number | undefined;
  readonly finishedAt: Stamp | undefined;
  /** What the remedy printed, capped (R18). */
  readonly output: string | undefined;
  /** What the look that led to it saw, and the one that told its outcome. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface Incident {
  readonly id: string;
  readonly startedAt: Stamp;
  readonly firstReason: ReadingReason;
  readonly firstMessage: string;
}

export type SettleReason = 'boot' | 'wake' | 'hold-ended' | 'parent-recovered' | 'young-process' | 'person-start' | 'shared-repair';
/** Why a repair was refused: another service, or a person, had just had the same one. */
export const JUST_RESTARTED = 'just-restarted';
/** A start window that no attempt of ours opened (R4). */
export interface Settle {
  readonly why: SettleReason;
  readonly since: Stamp;
  readonly forMs: number;
}

/** A build at work in a service's folder, as it is shown (R10). */
export interface Build {
  /** What people call it: "npm install", "tsc", "git rebase". Never more words of its command line, which may hold secrets. */
  readonly name: string;
  /** undefined: only its lock was seen. */
  readonly pid: number | undefined;
  readonly startId: string | undefined;
  /** Where it works: inside the service's folder. */
  readonly folder: string;
  readonly since: Stamp;
}
/** What builds have held of this incident, or of the failing stretch before its first strike (R10). Gone with the first ok. */
export interface Hold {
  /** Held since then; undefined: not at the moment. The start window that follows a build counts too, or builds that come and go
   * could put off a repair for ever. */
  readonly since: Stamp | undefined;
  /** Held before that. */
  readonly usedMs: number;
  /** At work at the last look; undefined: it has ended, or the time is over. */
  readonly build: Build | undefined;
}

/** What must survive about looking. Kept in health-state.json. */
export interface HealthState {
  readonly status: Status;
  readonly reason: ReadingReason | 'not-yet-checked';
  readonly message: string;
  readonly since: Stamp;
  readonly strikes: number;
  readonly lastStrikeAt: Stamp | undefined;
  readonly unknowns: number;
  /** When the last of them was counted. */
  readonly lastUnknownAt?: Stamp | undefined;
  /** A `clearAt` has not been passed yet. */
  readonly isLatched: boolean;
  readonly incident: Incident | undefined;
  /** Start of the unbroken time of ok (R5). */
  readonly okSince: Stamp | undefined;
  readonly settle: Settle | undefined;
  readonly hold?: Hold | undefined;
  readonly paused: { readonly since: Stamp; readonly forMs: number | undefined } | undefined;
  /** Stopped on purpose. `by`: named reason, where it was found so and not said here (R12, R16). */
  readonly stopped: { readonly since: Stamp; readonly by?: string | undefined } | undefined;
  /** Ids of what is down below it (R11). */
  readonly suppressedBy: readonly string[];
}

/** What must survive about repairing. Kept in recovery-state.json. */
export interface RecoveryState {
  /** Attempts that still matter to cooldown and budget, oldest first, and always the last one. */
  readonly attempts: readonly Attempt[];
  readonly current: Attempt | undefined;
  /** The remedy that is next in this incident. */
  readonly cursor: number;
  readonly cursorIncident: string | undefined;
  readonly gaveUp: { readonly since: Stamp; readonly standDowns: number } | undefined;
  /** Processes that the engine started for this service and that it may therefore know again (R13). */
  readonly started: readonly ProcessIdentity[];
  /** Who kept the service while it last ran; undefined where nobody has looked (R12). */
  readonly keeper?: Keeper | undefined;
  /** The last reason for doing nothing that was written down (once per change). */
  readonly lastSkip: PlanReason | undefined;
}

export type AlertKind = 'unknown' | 'down' | 'gave-up';
export type NoticeKind = AlertKind | 'recovered';

/** One alert per incident (R6). `id` is service and incident, unique for ever. */
export interface Alert {
  readonly id: string;
  readonly incident: string;
  readonly kind: AlertKind;
  readonly raisedAt: Stamp;
  readonly firstFailureAt: Stamp;
  readonly strikes: number;
  readonly reason: string;
  readonly message: string;
  readonly told: { readonly kind: AlertKind; readonly at: Stamp } | undefined;
  readonly acknowledgedAt: Stamp | undefined;
}

/** A delivery that failed and is tried again (R7). */
export interface Delivery {
  readonly channel: string;
  readonly notice: Notice;
  readonly tries: number;
  readonly lastTriedAt: Stamp;
}

/** What must survive about telling. Kept in alert-state.json. */
export interface AlertState {
  readonly alert: Alert | undefined;
  readonly lastNoticeAt: Stamp | undefined;
  readonly outbox: readonly Delivery[];
}

/** Why somebody is told, or is not (R16). */
export type NotifyReason =
  | 'third-strike'
  | 'gave-up'
  | 'cannot-look'
  | 'recovered'
  | 'kind-changed'
  | 'no-incident'
  | 'below-threshold'
  | 'already-told'
  | 'acknowledged'
  | 'alert-cooldown'
  | 'never-told'
  | 'paused'
  | 'stopped'
  | 'suppressed'
  | 'held'
  | 'channel-removed';

/** What a person and the agent are told. */
export interface Notice {
  readonly alertId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: NoticeKind;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly title: string;
  readonly message: string;
  readonly raisedAt: Stamp;
  readonly firstFailureAt: Stamp;
  readonly strikes: number;
  readonly reason: string;
}

/** All that survives of one service. */
export interface ServiceState {
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  readonly alert: AlertState;
}
