// Rotates a log whose writer keeps it open: copies it into an archive, catches up, and empties it in the smallest window
// the platform gives (R15). `lossless` is true only on evidence. Touches the log, its archive and their folder.
// A crash leaves a `partial` (the log is whole: thrown away) or a `pending` archive (rotate-leftovers.ts finds out whether
// the log had been emptied), never a log that shrank before its archive was complete. The archive is on the disk before, too;
// only the last pieces of a writer that never rests, which no fsync can overtake, get there directly after.
import { constants, fstatSync, fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { OpenFile } from '../../contract/ports.ts';
import { type AppendPositions, appendPositionsOf } from './append-positions.ts';
import { createArchive, NOT_AS_WRITTEN, packChecked, renameNew, syncFolder } from './archive.ts';
import { nameOf } from './archive-name.ts';
import { isStill, kept, othersOf, pidsOf, type Rotated, type Rotation, sawAllProcesses, writersOf } from './rotation.ts';

/** Rounds of catching up that let others run between. */
const OPEN_ROUNDS = 20;
/** With less than this left to copy the rest is done in one go; and no log is emptied of more than this that was not copied. */
const CLOSE_BYTES = 64 * 1_024;
/** Rounds in one go that bring each piece to the disk before they look again. */
const SYNCED_ROUNDS = 3;
/** Rounds in one go without that: a writer that never rests is met in the gap between two of its writes, or not at all. */
const QUICK_ROUNDS = 200;
const PIECE_BYTES = 1_024 * 1_024;

/** For tests that change the log, or the list of its writers, directly before it is emptied. */
export interface CopySeam {
  readonly beforeEmptying?: () => void | Promise<void>;
}

/** Rejects with the system's error when the archive can't be written (`ENOSPC`); the log is untouched then. */
export async function rotateByCopy(rotation: Rotation, seam: CopySeam = {}): Promise<Rotated> {
  const { folder, name, path, stats, context, openNow, signal } = rotation;
  if (!(await openNow.refresh(0))) return kept('open-files-unknown');
  const writersBefore = writersOf(openNow.holders(stats));
  if (!areAppending(writersBefore)) return kept('writes-at-own-offset');

  const source = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const partial = `${folder}/${nameOf(name, rotation.id, 'partial')}`;
  const pending = `${folder}/${nameOf(name, rotation.id, 'pending')}`;
  let archive: FileHandle | undefined;
  let unfinished: string | undefined;
  try {
    const opened = await source.stat({ bigint: true });
    if (!isStill(opened, stats)) return kept('changed-meanwhile');
    archive = await createArchive(partial, stats);
    unfinished = partial;
    const bytes = await copyUntilClose(source, Number(opened.size), archive, signal);
    if (bytes === undefined) return kept('changed-meanwhile');
    await archive.sync();
    await rename(partial, pending);
    unfinished = pending;
    await syncFolder(folder);

    // Copying may have taken minutes; whoever has opened the log since counts as well.
    const quietSince = writersBefore.length === 0 ? opened : await source.stat({ bigint: true });
    if (!(await openNow.refresh(0))) return kept('open-files-unknown');
    const writers = othersOf(openNow.holders(stats));
    if (!areAppending(writers)) return kept('writes-at-own-offset');
    const positions = appendPositionsOf(writers, stats, context.platform);
    await seam.beforeEmptying?.();
    if (signal.aborted) return kept('aborted');
    const mustRest = writers.length === 0 ? quietSince.mtimeNs : undefined;
    const emptied = emptyCaughtUp({ source: source.fd, archive: archive.fd, copied: bytes, positions, mustRest });
    if (typeof emptied === 'string') return kept(emptied);

    // From here on the archive is all there is of those lines.
    unfinished = undefined;
    await source.sync();
    await source.close();
    const published = await publish(rotation, pending);
    const isSameWriters = (await openNow.refresh(0)) && pidsOf(othersOf(openNow.holders(stats))) === pidsOf(writers);
    const lossless = emptied.isProven && isSameWriters && sawAllProcesses(stats, context.uid);
    return { kind: 'rotated', archive: published, bytes: emptied.bytes, lossless };
  } finally {
    await source.close().catch(() => undefined);
    await archive?.close();
    if (unfinished) await unlink(unfinished).catch(() => undefined);
  }
}

function areAppending(writers: readonly OpenFile[]): boolean {
  return writers.every((writer) => writer.isAppend === true);
}

async function publish(rotation: Rotation, pending: string): Promise<string> {
  const archive = `${rotation.folder}/${nameOf(rotation.name, rotation.id, 'archive')}`;
  await renameNew(pending, archive);
  await syncFolder(rotation.folder);
  return archive;
}

/** Copies until little is left, and lets others run between. undefined: the log shrank meanwhile. */
async function copyUntilClose(source: FileHandle, size: number, archive: FileHandle, signal: AbortSignal): Promise<number | undefined> {
  let copied = 0;
  let end = size;
  for (let round = 0; round <= OPEN_ROUNDS; round += 1) {
    copied += await packChecked(source, copied, end, archive, signal);
    if (copied !== end) return undefined;
    end = (await source.stat()).size;
    if (end - copied < CLOSE_BYTES) break;
  }
  return copied;
}

interface Closing {
  readonly source: number;
  readonly archive: number;
  readonly copied: number;
  readonly positions: AppendPositions;
  /** Nobody writes: then the log's mtime must still be this. */
  readonly mustRest: bigint | undefined;
}

/** Copies what is left and empties the log directly after a look that finds nothing more. All synchronous: of this process
 * nothing comes between. `isProven`: there is evidence that nobody else wrote between that look and the emptying.
 * `changed-meanwhile`: the log shrank, so somebody else has emptied it; `writes-too-fast`: the copy never came near its end.
 * In both this function empties nothing. */
function emptyCaughtUp(closing: Closing): { readonly bytes: number; readonly isProven: boolean } | 'changed-meanwhile' | 'writes-too-fast' {
  const { source, archive, positions, mustRest } = closing;
  let bytes = closing.copied;
  let isOnDisk = true;
  for (let round = 0; round < SYNCED_ROUNDS + QUICK_ROUNDS; round += 1) {
    const size = fstatSync(source).size;
    if (size < bytes) return 'changed-meanwhile';
    if (size > bytes) {
      bytes = copyPiece(source, archive, bytes, size);
      isOnDisk = round < SYNCED_ROUNDS;
      if (isOnDisk) fsyncSync(archive);
      continue;
    }
    const before = positions(bytes);
    const now = fstatSync(source, { bigint: true });
    if (now.size !== BigInt(bytes)) continue;
    ftruncateSync(source, 0);
    const isProven = before !== undefined && positions(bytes) === before && (mustRest === undefined || now.mtimeNs === mustRest);
    if (!isOnDisk) fsyncSync(archive);
    return { bytes, isProven };
  }
  // The writer never rests, and its log must not fill the disk. What is left now is lost, less than CLOSE_BYTES and what comes in the
  // microseconds before the emptying, and is recorded as such. A writer that runs away from the copy would lose far more: never that.
  const left = fstatSync(source).size - bytes;
  if (left < 0) return 'changed-meanwhile';
  if (left >= CLOSE_BYTES) return 'writes-too-fast';
  ftruncateSync(source, 0);
  fsyncSync(archive);
  return { bytes, isProven: false };
}

/** Returns how far the copy has come. Each piece is a gzip member of its own; members in a row are one valid file (RFC 1952). */
function copyPiece(source: number, archive: number, from: number, to: number): number {
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - from));
  const got = readSync(source, piece, 0, piece.length, from);
  const member = gzipSync(piece.subarray(0, got), { level: 1 });
  const start = fstatSync(archive).size;
  for (let written = 0; written < member.length; ) written += writeSync(archive, member, written, member.length - written, null);
  const back = Buffer.alloc(member.length);
  if (readSync(archive, back, 0, back.length, start) !== member.length || !back.equals(member)) throw new Error(NOT_AS_WRITTEN);
  return from + got;
}
