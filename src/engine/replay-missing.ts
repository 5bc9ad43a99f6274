// Which parts of the record a rehearsal could not read, in words: damaged lines and archives, files that are gone, lines that the
// engine itself could not write. A file that is gone leaves no trace in the logs; that history.db knows of its time tells that it was
// there. Pure: what was read in, sentences out.
import type { AuditLog } from '../contract/audit.ts';
import type { MissingRecord } from '../contract/replay.ts';
import { isoTime } from '../contract/time.ts';
import type { FileRead } from './keep/audit-reader.ts';

export interface LostLines {
  readonly log: AuditLog;
  readonly lines: number | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number;
}
export interface MissingInput {
  readonly files: readonly FileRead[];
  readonly lost: readonly LostLines[];
  /** What is played. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Before it, history.db is played in place of the logs. */
  readonly logsFromMs: number;
  /** Whether history.db knows something of that log in a time that none of its files is about. */
  isKnown(log: AuditLog, fromMs: number, toMs: number): boolean;
  /** Why history.db could not be read, where it would have been needed. */
  readonly historyTrouble: string | undefined;
}

/** Files follow each other line by line. The times of the history are those of the lines, but for the turn in which they were told. */
const SEAM_MS = 10_000;
const SLACK_MS = 1_000;
const LOGS: readonly AuditLog[] = ['health', 'recovery', 'alerts'];

export function missingRecords(input: MissingInput): MissingRecord[] {
  const { files, lost, fromMs, toMs, historyTrouble } = input;
  const isIn = (from: number | undefined, to: number | undefined): boolean => (to ?? toMs) >= fromMs && (from ?? fromMs) <= toMs;
  const found: MissingRecord[] = [];
  for (const { file, damaged, broken, firstMs, lastMs } of files) {
    // Where an archive breaks off, so does a line.
    const lines = (damaged?.lines ?? 0) - (broken && damaged && damaged.beforeMs === undefined ? 1 : 0);
    if (damaged && lines > 0 && isIn(damaged.afterMs, damaged.beforeMs)) found.push(damagedLines(file, { ...damaged, lines }));
    if (broken && isIn(lastMs ?? firstMs, broken.untilMs)) found.push(brokenArchive(file, broken, lastMs));
  }
  for (const { log, lines, fromMs: from, toMs: to } of lost) if (isIn(from, to)) found.push(lostLines(log, lines, from, to));
  for (const log of LOGS)
    for (const [from, to] of seams(log, input))
      if (input.isKnown(log, from + SLACK_MS, to - SLACK_MS)) found.push(missingFile(log, from, to));
  if (historyTrouble !== undefined)
    found.push(
      record(
        'history.db',
        'broken-history',
        undefined,
        undefined,
        undefined,
        `history.db could not be read (${historyTrouble}), so that times before those of the logs may be missing`,
      ),
    );
  return found.sort((a, b) => (a.from ?? a.to ?? '').localeCompare(b.from ?? b.to ?? ''));
}

/** Times between two files of a log, before its first and after its last, that none of them is about. */
function seams(log: AuditLog, { files, fromMs, toMs, logsFromMs }: MissingInput): [number, number][] {
  const found: [number, number][] = [];
  let endMs = Math.max(fromMs, logsFromMs);
  for (const { firstMs, lastMs, broken } of files.filter((file) => file.log === log)) {
    if (firstMs !== undefined) found.push([endMs, Math.min(firstMs, toMs)]);
    endMs = Math.max(endMs, lastMs ?? 0, broken?.untilMs ?? 0);
  }
  found.push([endMs, toMs]);
  return found.filter(([from, to]) => to - from > SEAM_MS);
}

function damagedLines(file: string, { lines, afterMs, beforeMs }: NonNullable<FileRead['damaged']>): MissingRecord {
  const what = lines === 1 ? 'a line is damaged' : `${lines} lines are damaged`;
  return record(file, 'damaged-lines', lines, afterMs, beforeMs, `${file}: ${what}${spanText(afterMs, beforeMs)}`);
}

function brokenArchive(file: string, { why, untilMs }: NonNullable<FileRead['broken']>, lastMs: number | undefined): MissingRecord {
  const told = lastMs === undefined ? 'nothing of it can be read' : "its end can't be read";
  return record(file, 'broken-archive', undefined, lastMs, untilMs, `${file}: ${told} (${why})${spanText(lastMs, untilMs)}`);
}

function lostLines(log: AuditLog, lines: number | undefined, fromMs: number | undefined, toMs: number): MissingRecord {
  const what = `${lines === undefined ? 'lines' : lines === 1 ? 'a line' : `${lines} lines`} could not be written`;
  return record(`${log}.log`, 'lost-lines', lines, fromMs, toMs, `${log}.log: ${what}${spanText(fromMs, toMs)}`);
}

function missingFile(log: AuditLog, fromMs: number, toMs: number): MissingRecord {
  const message = `${log}.log: a file of it is missing; history.db knows of what happened${spanText(fromMs, toMs)}`;
  return record(`${log}.log`, 'missing-file', undefined, fromMs, toMs, message);
}

function spanText(fromMs: number | undefined, toMs: number | undefined): string {
  if (fromMs !== undefined && toMs !== undefined) return `, between ${iso(fromMs)} and ${iso(toMs)}`;
  return fromMs !== undefined ? `, after ${iso(fromMs)}` : toMs !== undefined ? `, before ${iso(toMs)}` : '';
}

function record(
  file: string,
  kind: MissingRecord['kind'],
  lines: number | undefined,
  fromMs: number | undefined,
  toMs: number | undefined,
  sentence: string,
): MissingRecord {
  const orNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));
  return { file, kind, lines: lines ?? null, from: orNull(fromMs), to: orNull(toMs), message: `${sentence}.` };
}
function iso(wallMs: number): string {
  return isoTime({ wallMs });
}
