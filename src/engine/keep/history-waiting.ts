// The lines that wait to be committed to history.db, and how long each may wait. In memory only; the logs have every line.
import type { AuditEvent, AuditLog, CheckEvent } from '../../contract/audit.ts';
import type { Instant } from './history-timeline.ts';

/** What says nothing new waits so long, or until it is asked for: a crash leaves it to be read from the logs, and the file is spared
 * (a page that ten looks of a service share is written once). */
export const COMMIT_MS = 10_000;
/** Nor do more lines wait: to write them holds the engine for some milliseconds. */
const LINES_A_COMMIT = 4_000;
/** First looks that are well share a commit: a window that has just been opened shows them. */
const FIRST_LOOKS_MS = 1_000;
/** Lines that wait for a disk. */
const MOST_WAITING = 20_000;
/** Kept for the next ones. */
const MOST_SPARE = LINES_A_COMMIT;

/** A line that waits. Used again after its commit: a thousand looks a second would each leave one behind that has lived for a
 * second, and these are what a garbage collector is slowest with (bench/tcp-checks.ts). */
export interface WaitingLine {
  log: AuditLog;
  event: AuditEvent;
  /** Of this look, where `event` tells of an earlier one. */
  latencyMs: number | undefined;
  wallMs: number;
  bootMs: number;
}

export interface WaitingLines {
  /** `latencyMs`: `event` is told once more, with this one. */
  add(log: AuditLog, event: AuditEvent, latencyMs: number | undefined, at: Instant): void;
  size(): number;
  /** All of them; none waits any more. */
  take(): WaitingLine[];
  /** They could not be committed, and wait on before the others. */
  giveBack(batch: readonly WaitingLine[]): void;
  /** They are committed; not to be looked at again. */
  done(batch: readonly WaitingLine[]): void;
  /** Lines were dropped that only the logs have. */
  hasDropped(): boolean;
  /** What was dropped is seen to. */
  forgetDropped(): void;
  /** How long this line may wait, in ms: not at all what begins or ends an incident or another phase, an attempt, an alert, the user's
   * will. Asked once for each. */
  waitFor(log: AuditLog, event: AuditEvent): number;
  /** Of a line that says nothing new. */
  everydayWait(): number;
}

export function createWaitingLines(): WaitingLines {
  let waiting: WaitingLine[] = [];
  let hasDropped = false;
  const spare: WaitingLine[] = [];
  /** Status, phase and incident of the last look, by service. */
  const seenOf = new Map<string, string>();

  function everydayWait(): number {
    // Beyond that many the disk is in trouble, and is tried again at its own time.
    return waiting.length === LINES_A_COMMIT ? 0 : COMMIT_MS;
  }

  return {
    add(log, event, latencyMs, { wallMs, bootMs }) {
      const line = spare.pop();
      if (line) {
        line.log = log;
        line.event = event;
        line.latencyMs = latencyMs;
        line.wallMs = wallMs;
        line.bootMs = bootMs;
      }
      waiting.push(line ?? { log, event, latencyMs, wallMs, bootMs });
      if (waiting.length <= MOST_WAITING) return;
      waiting.shift();
      hasDropped = true;
    },
    size: () => waiting.length,
    take() {
      const batch = waiting;
      waiting = [];
      return batch;
    },
    giveBack(batch) {
      waiting = [...batch, ...waiting];
    },
    done(batch) {
      for (const line of batch) if (spare.length < MOST_SPARE) spare.push(line);
    },
    hasDropped: () => hasDropped,
    forgetDropped() {
      hasDropped = false;
    },
    waitFor(log, event) {
      if (event.event !== 'check') return log !== 'health' || event.event !== 'clock-jumped' ? 0 : COMMIT_MS;
      const { service, status, phase, incident } = event as CheckEvent;
      const seen = `${status} ${phase} ${incident ?? ''}`;
      const before = seenOf.get(service);
      if (before === seen) return everydayWait();
      seenOf.set(service, seen);
      // At a start there are as many first looks as services.
      return before === undefined && status === 'ok' ? FIRST_LOOKS_MS : 0;
    },
    everydayWait,
  };
}
