// What the logs know and the database does not: lines whose engine was killed before it committed them, or that found no
// database. They stand after the line that was committed last, which is known again by its mark. Only reads the logs.
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { AuditLog } from '../../contract/audit.ts';
import { type AuditLine, parseLine, readAudit } from './audit-reader.ts';
import { auditFileName } from './audit-writer.ts';

export const LOGS = ['health', 'recovery', 'alerts'] as const satisfies readonly AuditLog[];
/** Nearly always the marked line is among the last ones (as many as wait for a commit): a start must not read the logs whole. */
const TAIL_BYTES = 2_000_000;
/** The clock may have been set back meanwhile (R9): so far before the last sign of life is read. */
const BEFORE_MS = 86_400_000;

interface MissedQuery {
  readonly home: string;
  /** Of the line of that log that was committed last; undefined where there was none. */
  markOf(log: AuditLog): number | undefined;
  /** When the last line that was committed was told. */
  readonly aliveMs: number;
  /** Lines from here on are told by the engine itself. */
  readonly beforeMs: number;
}
type Line = AuditLine['line'];
export interface MissedLine extends AuditLine {
  readonly atMs: number;
}

/** Tells lines apart: 53 bits of a line as it stands in its log. Stored, so it stays as it is. */
export function markOf(line: Line): number {
  const text = JSON.stringify(line);
  // FNV-1a, twice, from two beginnings.
  let [high, low] = [0x811c9dc5, 0x1b873593];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x01000193);
  }
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

/** Oldest first, those of one log as they stand in it. Rejects when a log is there and can't be read. */
export async function missedLines(query: MissedQuery): Promise<MissedLine[]> {
  const waiting: MissedLine[][] = [];
  for (const log of LOGS) {
    const lines = (await missedOf(query, log)).map((line) => ({ log, line, atMs: timeOf(line) }));
    waiting.push(lines.filter(({ atMs }) => atMs < query.beforeMs).reverse());
  }
  const merged: MissedLine[] = [];
  for (;;) {
    const heads = waiting.filter((lines) => lines.length > 0);
    if (heads.length === 0) return merged;
    const first = heads.reduce((a, b) => ((b.at(-1) as MissedLine).atMs < (a.at(-1) as MissedLine).atMs ? b : a));
    merged.push(first.pop() as MissedLine);
  }
}

async function missedOf({ home, markOf: markIn, aliveMs }: MissedQuery, log: AuditLog): Promise<Line[]> {
  const mark = markIn(log);
  const tail = await tailOf(path.join(home, auditFileName(log)));
  const found = tail.findLastIndex((line) => markOf(line) === mark);
  if (found >= 0) return tail.slice(found + 1);
  const last = tail.at(-1);
  if (mark === undefined && last && timeOf(last) < aliveMs) return [];
  // Many were missed, or the log was rotated, or the crash took the marked line from the log: then the time decides. A line
  // of the other two logs may be told twice, it changes nothing.
  let after: Line[] = [];
  let isFound = false;
  for await (const { line } of readAudit({ home, logs: [log], fromMs: aliveMs - BEFORE_MS })) {
    if (markOf(line) === mark) {
      isFound = true;
      after = [];
    } else if (isFound || timeOf(line) > aliveMs || (log !== 'health' && timeOf(line) === aliveMs)) after.push(line);
  }
  return after;
}

/** The last whole lines of a file; none where there is no file. */
async function tailOf(file: string): Promise<Line[]> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return [];
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const texts = buffer.toString('utf8', 0, bytesRead).split('\n');
    if (from > 0) texts.shift();
    return texts.map(parseLine).filter((line) => line !== undefined);
  } finally {
    await handle.close();
  }
}

/** NaN where it tells none. */
function timeOf(line: Line): number {
  return typeof line['at'] === 'string' ? Date.parse(line['at']) : Number.NaN;
}
