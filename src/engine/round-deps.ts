// What a round is handed: its clock, its record, and everything that it asks of the machine or starts on it.
import type { Config, RemedyConfig } from '../contract/config.ts';
import type { Build, Reading } from '../contract/flow.ts';
import type { Keeping } from '../contract/keeper.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type { AuditPort, ClockPort, IdsPort } from '../contract/ports.ts';
import type { Moment } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import type { AlertDecision } from './decide/alert.ts';

export interface RoundDeps {
  readonly clock: ClockPort;
  readonly ids: IdsPort;
  readonly audit: AuditPort;
  readonly isDryRun: boolean;
  config(): Config;
  /** Tells the reading once, also at once; or what broke the look, which is no reading. */
  look(cell: Cell, told: (reading: Reading) => void, broke: (error: unknown) => void): void;
  /** Grows with every sleep or wake that is noticed (R9), also by this moment, which was read just now. */
  epoch(now: Moment): number;
  /** Ids of what it needs, said or plain to see, that is down: checked anew (R11). Asked only when the service fails. */
  dependenciesDown(cell: Cell, depth: RoundDepth): Promise<readonly string[]>;
  /** The engine is about to end: nothing new is begun. */
  isClosing(): boolean;
  /** The build at work in the folders of this service when it failed (R10). Asked only then, and where it counts. */
  buildAtWork(cell: Cell, failedAt: Moment): Promise<Build | undefined>;
  /** The end of this build brings the next look forward; undefined: none is waited for. */
  watchBuild(cell: Cell, build: Build | undefined): void;
  /** Age of the youngest process that is this service, where its check names none; undefined when there is none, or nobody knows. */
  processAge(cell: Cell): Promise<number | undefined>;
  /** What the keeper of a failing service says of it (R4, R12); undefined where nobody keeps it, or nobody knows. */
  askKeeping(cell: Cell): Promise<Keeping | undefined>;
  /** Who holds its port though it is not the service. */
  portHolder(cell: Cell): Promise<PortHolder | undefined>;
  /** Remembers the state; nothing is written when nothing changed (R8). */
  put(cell: Cell): void;
  /** Makes all that was put durable now. Rejects when the home can't be written. */
  flush(): Promise<void>;
  /** The intent is durable: run the remedy that it names. Its outcome belongs to a later round. */
  startAttempt(cell: Cell, remedy: RemedyConfig): void;
  attemptFinished(cell: Cell): void;
  /** Deliver, or close, as decided. Runs on its own. */
  tell(cell: Cell, decision: Extract<AlertDecision, { kind: 'tell' | 'recovered' }>): void;
  /** Brings the alert's entry in the queue up to date, without a notice. */
  requeue(cell: Cell): void;
  /** The incident of an alert that was never told is over: should a crash have left it in the queue, it is closed there. */
  forget(alertId: string): void;
  stateTrouble(error: unknown | undefined): void;
}

/** `full`: recovery and alerts too. `look`: see and record only (a person's `check` without an engine). */
export type RoundDepth = 'full' | 'look';
