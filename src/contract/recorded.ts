// What was recorded of the past, as a rehearsal plays it (engine/replay.ts): looks, what befell the engine, somebody's word,
// repairs and alerts. Shapes only; read from the audit logs, and for older times from history.db. Times are Unix time.
import type { Outcome, Status, Trigger } from './flow.ts';

export interface RecordedLook {
  readonly kind: 'look';
  /** The end of the look. */
  readonly at: number;
  readonly service: string;
  readonly status: Status;
  readonly reason: string;
  readonly message: string;
  readonly latencyMs: number;
  readonly value: number | null;
  readonly unit: string | null;
  /** The incident that stood open after it. */
  readonly incident: string | undefined;
  readonly isPaused: boolean;
  readonly isStopped: boolean;
  readonly isHeld: boolean;
  /** It waited for something else then (R11). */
  readonly isSuppressed: boolean;
  readonly processAgeMs: number | undefined;
  readonly isOnlyLook: boolean;
}

export type RecordedLine =
  | RecordedLook
  | { readonly kind: 'slept' | 'stopped'; readonly at: number }
  | { readonly kind: 'jumped'; readonly at: number; readonly byMs: number }
  /** `upMs`: since the machine's boot; undefined where an older version wrote the line. */
  | {
      readonly kind: 'started';
      readonly at: number;
      readonly boot: string | undefined;
      readonly upMs: number | undefined;
      readonly isDryRun: boolean;
    }
  | { readonly kind: 'configured'; readonly at: number }
  | { readonly kind: 'word'; readonly at: number; readonly service: string; readonly word: string; readonly forMs: number | undefined };

export interface RecordedAttempt {
  readonly id: string;
  readonly at: number;
  readonly service: string;
  readonly remedy: string;
  readonly trigger: Trigger;
  /** undefined: its end is not on record. */
  outcome: Outcome | undefined;
  reason: string;
  /** How long the remedy itself ran. */
  ranMs: number | undefined;
}
export interface RecordedAlert {
  readonly at: number;
  readonly service: string;
  /** Service and incident (R7). */
  readonly id: string;
  readonly kind: string;
}
/** An attempt that was not begun, because its intent could not be written (R3). */
interface RecordedRefusal {
  readonly at: number;
  readonly service: string;
}

/** What happened, oldest first. */
export interface RecordedDeeds {
  readonly attempts: RecordedAttempt[];
  readonly alerts: RecordedAlert[];
  readonly unwritable: RecordedRefusal[];
}
