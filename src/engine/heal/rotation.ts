// What the two ways of rotating share: the log that is rotated, what came of it, and what is known of its writers (R15).
import type { BigIntStats } from 'node:fs';
import type { OpenFile, RemedyContext } from '../../contract/ports.ts';
import type { ArchiveId } from './archive-name.ts';
import type { OpenNow } from './may-delete.ts';

export interface Rotation {
  /** Real folder and name of the log. */
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  /** The log as it was chosen. */
  readonly stats: BigIntStats;
  /** The archive's: no file of ours has this name yet. */
  readonly id: ArchiveId;
  readonly context: RemedyContext;
  readonly openNow: OpenNow;
  readonly signal: AbortSignal;
}
export type Rotated =
  | { readonly kind: 'rotated'; readonly archive: string; readonly bytes: number; readonly lossless: boolean }
  | { readonly kind: 'kept'; readonly reason: string };

export function kept(reason: string): Rotated {
  return { kind: 'kept', reason };
}

export function writersOf(holders: readonly OpenFile[]): readonly OpenFile[] {
  return holders.filter((holder) => holder.isWriter);
}

/** The writers that are not this process, which has the log open while it rotates it. */
export function othersOf(holders: readonly OpenFile[]): readonly OpenFile[] {
  return writersOf(holders).filter((writer) => writer.pid !== process.pid);
}

export function pidsOf(writers: readonly OpenFile[]): string {
  return writers
    .map((writer) => writer.pid)
    .sort((a, b) => a - b)
    .join(' ');
}

/** Whether this is still the regular file with one name that was chosen; it may have grown. */
export function isStill(now: BigIntStats, then: Pick<BigIntStats, 'dev' | 'ino'>): boolean {
  return now.isFile() && now.nlink === 1n && now.dev === then.dev && now.ino === then.ino;
}

/** Whether everybody who may write to this file is among the processes that this user can see; root aside, who may write
 * everywhere. Where that is not so, nothing proves that nobody wrote. */
export function sawAllProcesses(stats: BigIntStats, uid: number): boolean {
  return uid === 0 || (stats.uid === BigInt(uid) && (stats.mode & 0o022n) === 0n);
}
