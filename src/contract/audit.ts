// The lines of the three audit logs (R17, PRODUCT section 6). `at` and the order are added by the writer.
import type { Outcome, Phase, Status, Trigger } from './flow.ts';

export type AuditLog = 'health' | 'recovery' | 'alerts';

/** What a remedy does to the machine, told while it happens (R17). */
export type EffectEvent =
  | { event: 'file-deleted'; path: string; bytes: number; ageDays: number }
  | { event: 'file-kept'; path: string; reason: string }
  | { event: 'file-rotated'; path: string; archive: string; bytes: number; lossless: boolean }
  | { event: 'process-signalled'; pid: number; signal: string; match: string }
  | { event: 'process-started'; pid: number; startId: string; command: string }
  | {
      event: 'top-processes';
      /** What they are the top of. */
      by: 'memory' | 'cpu';
      processes: readonly { pid: number; name: string; rssBytes: number; cpuPercent: number; command: string }[];
    };

type RecoveryEvent =
  | {
      event: 'recovery-started';
      service: string;
      attempt: string;
      remedy: string;
      trigger: Trigger;
      reason: string;
      /** What is run, and what the look before it saw. */
      action?: string;
      before?: string;
    }
  | {
      event: 'recovery-finished';
      service: string;
      attempt: string;
      remedy: string;
      outcome: Outcome;
      secondsToHealthy: number | null;
      reason: string;
      output: string;
      /** What the look that told the outcome saw; how long the remedy itself ran. */
      after?: string;
      ranMs?: number;
    }
  | { event: 'recovery-skipped'; service: string; reason: string }
  /** A build holds the restart (R10): who, where, for how long it has worked, and how long it may hold yet. */
  | { event: 'held'; service: string; build: string; pid: number | null; folder: string; ageMs: number; leftMs: number }
  | { event: 'hold-ended'; service: string; reason: 'build-ended' | 'time-over' | 'well-again'; heldMs: number }
  | ({ service: string; attempt: string } & EffectEvent);

export interface CheckEvent {
  event: 'check';
  service: string;
  status: Status;
  phase: Phase;
  reason: string;
  message: string;
  latencyMs: number;
  value: number | null;
  unit: string | null;
  consecutiveFailures: number;
  /** Why a failing look was no strike (R2). */
  noStrike?: string;
  /** Why somebody was told, or was not (R6). */
  alert?: string;
  /** Age of its youngest process, where a failing look asked for it (R4). */
  processAgeMs?: number;
  /** Only looked: no repair, no alert (a `check` without an engine). */
  isOnlyLook?: true;
  /** The incident that stands open after this look, if any. */
  incident?: string | undefined;
}
/** What the engine itself went through: start, end, sleep, clock jumps, a configuration taken or refused. */
interface EngineEvent {
  event:
    | 'engine-started'
    | 'engine-stopped'
    | 'slept'
    | 'clock-jumped'
    | 'config-loaded'
    | 'config-refused'
    | 'file-quarantined'
    | 'history-rebuilt'
    | 'found-stopped'
    | 'command';
  [key: string]: unknown;
}
type HealthEvent = CheckEvent | EngineEvent;

type AlertEvent =
  | { event: 'alert'; service: string; id: string; kind: string; strikes: number; reason: string; channels: readonly string[] }
  | { event: 'recovered'; service: string; id: string; channels: readonly string[] }
  | { event: 'alert-failed'; service: string; id: string; channel: string; error: string }
  | { event: 'acknowledged'; service: string; id: string };

export type AuditEvent = HealthEvent | RecoveryEvent | AlertEvent;

/** A check that was written, and may be told again: its event never changes. Whoever it passes keeps a note of its own here, which
 * would else have to be looked for at each look: there is one tally and one log, and a line belongs to them alone. */
export interface ToldCheck {
  readonly event: CheckEvent;
  /** Of the tally. */
  counter?: { value: number };
  /** Of the log. */
  bytes?: { readonly before: Uint8Array; readonly after: Uint8Array };
}
