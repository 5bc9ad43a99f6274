// Free space and inodes of the filesystem that a path lies on, by statfs: no child process, no walk.
// Counts as df does: free is what this user may still write, of what is used and free together.
import { statfs as askStatfs } from 'node:fs/promises';
import type { CheckOf } from '../../contract/config.ts';
import type { Measure } from '../../contract/flow.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { sizeText } from '../../contract/units.ts';
import { statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import type { Finding } from './finding.ts';
import { findingOf } from './system-error.ts';

/** What is used of the system's answer. Blocks are counted in `frsize` (statvfs(3)). */
export interface FileSystemStats {
  readonly bsize: number;
  readonly frsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}
export type StatFs = (path: string) => Promise<FileSystemStats>;
const systemStatfs: StatFs = (path) => statOnce(path).then(() => askStatfs(path));

export async function probeDisk(check: CheckOf<'disk'>, ctx: ProbeContext, statfs: StatFs = systemStatfs): Promise<Finding> {
  const path = expandPath(check.path, ctx.userHome);
  let stats: FileSystemStats;
  try {
    stats = await sharedStatfs(path, ctx, statfs);
  } catch (error) {
    return findingOf(error, `at ${path}`);
  }
  if (stats.blocks === 0) return { level: 'unknown', reason: 'not-supported', message: `${path} lies on a filesystem that tells no size` };
  const space = spaceOf(stats, check);
  const measures = [space, ...inodesOf(stats, check)];
  return { level: 'ok', reason: 'within-limits', message: space.okText, measures };
}

function spaceOf(stats: FileSystemStats, check: CheckOf<'disk'>): Measure {
  const block = stats.frsize || stats.bsize;
  const free = stats.bavail * block;
  // Without the blocks that are reserved for root: df shows 100 % used when a user can write no more.
  const total = (stats.blocks - stats.bfree + stats.bavail) * block;
  const percent = percentOf(free, total);
  const { unit, value: limit } = check.minFree;
  const show = (value: number) => (unit === 'percent' ? `${value} %` : sizeText(value));
  const text = `${wholeText(percent)} % free (${sizeText(free)} of ${sizeText(total)})`;
  const clear = check.clearAt && check.clearAt.value > limit ? `, well again from ${show(check.clearAt.value)}` : '';
  return {
    name: 'free',
    value: unit === 'percent' ? percent : free,
    unit,
    limit,
    failsWhen: 'below',
    clearAt: check.clearAt?.value,
    failText: `Only ${text}; the limit is ${show(limit)}${clear}`,
    okText: text,
  };
}

/** Nothing where the filesystem makes inodes as needed and counts none (btrfs, some network ones). */
function inodesOf(stats: FileSystemStats, check: CheckOf<'disk'>): Measure[] {
  if (check.minInodes === undefined || stats.files === 0) return [];
  const value = percentOf(stats.ffree, stats.files);
  const text = `${wholeText(value)} % of the inodes free`;
  return [
    {
      name: 'inodes',
      value,
      unit: 'percent',
      limit: check.minInodes,
      failsWhen: 'below',
      clearAt: undefined,
      failText: `Only ${text}; the limit is ${check.minInodes} %: too many small files`,
      okText: text,
    },
  ];
}

/** One question per path at a time: a dead network drive holds each for ever in one of the few threads that
 * do all file work of this process, so a second one must not follow the first. */
function sharedStatfs(path: string, ctx: ProbeContext, statfs: StatFs): Promise<FileSystemStats> {
  const key = `statfs ${path}`;
  const pending = ctx.memory.get(key) as Promise<FileSystemStats> | undefined;
  if (pending) return pending;
  const asked = statfs(path).finally(() => ctx.memory.delete(key));
  ctx.memory.set(key, asked);
  return asked;
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1_000) / 10;
}

/** Rounded down: 9.6 % must not read as the 10 % that it is not. */
function wholeText(percent: number): string {
  return percent < 1 ? percent.toFixed(1) : String(Math.floor(percent));
}
