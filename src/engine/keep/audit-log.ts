// The audit trail (R17): one JSON line for each event, in order, append-only, never lost while this process lives. Writing
// is into memory and cheap; lines reach the file within 100 ms (recovery and alerts at once) and the disk at `flush`.
// Touches health.log, recovery.log, alerts.log; their rotation is audit-archive.ts.
import type { AuditEvent, AuditLog, CheckEvent, ToldCheck } from '../../contract/audit.ts';
import type { HealthError } from '../../contract/errors.ts';
import type { AuditPort, ClockPort, TimersPort } from '../../contract/ports.ts';
import { isoTime, type Moment } from '../../contract/time.ts';
import { openArchive } from './audit-archive.ts';
import { createLogWriter, type LogWriter, type Tell, type Trouble } from './audit-writer.ts';
import type { FsPort, OnQuarantine } from './durable-file.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { Reserve } from './reserve.ts';

export interface AuditLogsOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly timers: TimersPort;
  readonly fs?: FsPort | undefined;
  /** Given up for recovery and alerts only, when the disk is full (R3). */
  readonly reserve?: Pick<Reserve, 'giveUp'> | undefined;
  /** A log is rotated when it has reached this size. */
  readonly maxBytes?: number;
  /** Archives kept of each log. */
  readonly keep?: number;
  /** Told once when a log can't be written (or rotated), and with undefined once when it can again. */
  readonly onTrouble: (log: AuditLog, trouble: HealthError | undefined) => void;
  readonly onQuarantine?: OnQuarantine;
}

const AFTER_TIME: Uint8Array = Buffer.from('Z",');

/** Opens the three logs. Trouble with one of them is told and does not reject: the engine works on, lines wait in memory. */
export async function openAuditLogs(options: AuditLogsOptions): Promise<AuditPort & { close(): Promise<void> }> {
  const standing: Record<AuditLog, Set<Trouble>> = { health: new Set(), recovery: new Set(), alerts: new Set() };
  const tell: Tell = (log, what, trouble) => {
    const known = standing[log];
    if (trouble !== undefined && !known.has(what)) {
      known.add(what);
      options.onTrouble(log, trouble);
    } else if (trouble === undefined && known.delete(what) && known.size === 0) options.onTrouble(log, undefined);
  };
  const archive = openArchive({ ...options, onTrouble: (log, trouble) => tell(log, 'archive', trouble) });
  const writers: Record<AuditLog, LogWriter> = {
    health: createLogWriter('health', options, archive, tell),
    recovery: createLogWriter('recovery', options, archive, tell),
    alerts: createLogWriter('alerts', options, archive, tell),
  };
  const all = Object.values(writers);
  await Promise.allSettled(all.map((writer) => writer.flush())); // opens the files, and closes a line torn by a crash
  let second = Number.NaN;
  let secondBytes = new Uint8Array();
  async function everyone(act: (writer: LogWriter) => Promise<void>): Promise<void> {
    for (const result of await Promise.allSettled(all.map(act))) if (result.status === 'rejected') throw result.reason;
  }
  /** As `isoTime` says it. Most lines are of the same second as the one before, and a date for each took as long as all else here. */
  function putTime(line: LineBuffer, { wallMs }: Moment): void {
    const own = Math.floor(wallMs / 1_000);
    if (own !== second) {
      const text = isoTime({ wallMs: own * 1_000 });
      secondBytes = Buffer.from(`{"at":"${text.slice(0, -'000Z'.length)}`);
      second = own;
    }
    line.bytes(secondBytes);
    line.threeDigits(Math.floor(wallMs) - own * 1_000);
    line.bytes(AFTER_TIME);
  }
  return {
    write(log: AuditLog, event: AuditEvent, at: Moment): void {
      const body = bodyOf(event);
      const line = writers[log].next(at.wallMs);
      if (!line) return;
      putTime(line, at);
      line.text(body);
    },
    again(told: ToldCheck, latencyMs: number, at: Moment): void {
      const line = writers.health.next(at.wallMs);
      if (!line) return;
      told.bytes ??= aroundLatency(told.event);
      putTime(line, at);
      line.bytes(told.bytes.before);
      line.number(latencyMs);
      line.bytes(told.bytes.after);
    },
    flush: () => everyone((writer) => writer.flush()),
    async close(): Promise<void> {
      try {
        await everyone((writer) => writer.close());
      } finally {
        await archive.close();
      }
    },
  };
}

/** A name with its quotes stands nowhere else in JSON: within a text they are escaped. */
function aroundLatency(check: CheckEvent): NonNullable<ToldCheck['bytes']> {
  const name = '"latencyMs":';
  const [before = '', after = ''] = bodyOf({ ...check, latencyMs: 0 }).split(`${name}0`);
  return { before: Buffer.from(before + name), after: Buffer.from(after) };
}

/** The event without its opening brace. An event that JSON can't hold is still told of. */
function bodyOf(event: AuditEvent): string {
  try {
    return `${JSON.stringify(event).slice(1)}\n`;
  } catch (error) {
    return `${JSON.stringify({ event: event.event, unreadable: String(error) }).slice(1)}\n`;
  }
}
