// How far the writers of a log have written, as the kernel keeps it for each of their open files. Equal before and after a
// moment means that none of them wrote in it: the only evidence there is that emptying a log lost nothing (R15).
// Linux only: `pos` in /proc/PID/fdinfo/N (proc_pid_fdinfo(5)) moves with every write(2). Synchronous, reads only.
import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs';
import type { OpenFile } from '../../contract/ports.ts';

/** Positions as one text; undefined when they are no evidence: somebody can't be looked at, or the last byte of the log
 * (at `size`) was not written by one of them (`pwrite` moves no position). */
export type AppendPositions = (size: number) => string | undefined;

const UNKNOWN: AppendPositions = () => undefined;
/** `O_APPEND`; its number differs on alpha, mips, parisc and sparc only, which Node does not support. */
const O_APPEND = 0o2000;
const ACCESS_MODE = 0o3;

export function appendPositionsOf(
  writers: readonly OpenFile[],
  log: Pick<BigIntStats, 'dev' | 'ino'>,
  platform: NodeJS.Platform,
): AppendPositions {
  if (writers.length === 0) return () => '';
  if (platform !== 'linux') return UNKNOWN;
  const infos: string[] = [];
  for (const pid of new Set(writers.map((writer) => writer.pid))) {
    const found = infosOf(pid, log);
    if (found.length === 0) return UNKNOWN;
    infos.push(...found);
  }
  return (size) => positionsIn(infos, size);
}

function infosOf(pid: number, log: Pick<BigIntStats, 'dev' | 'ino'>): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .filter((fd) => isFile(`/proc/${pid}/fd/${fd}`, log))
      .map((fd) => `/proc/${pid}/fdinfo/${fd}`);
  } catch {
    return [];
  }
}

function isFile(link: string, log: Pick<BigIntStats, 'dev' | 'ino'>): boolean {
  const stats = statSync(link, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && stats.dev === log.dev && stats.ino === log.ino;
}

function positionsIn(infos: readonly string[], size: number): string | undefined {
  const positions: number[] = [];
  try {
    for (const info of infos) {
      const text = readFileSync(info, 'utf8');
      const position = /^pos:\s*(\d+)$/m.exec(text)?.[1];
      const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(text)?.[1] ?? '', 8);
      if (position === undefined || Number.isNaN(flags)) return undefined;
      // A reader's position says nothing.
      if ((flags & ACCESS_MODE) === 0) continue;
      if ((flags & O_APPEND) === 0) return undefined;
      positions.push(Number(position));
    }
  } catch {
    return undefined;
  }
  return Math.max(...positions) === size ? positions.join(' ') : undefined;
}
