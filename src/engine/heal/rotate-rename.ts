// Rotates a log by its name: the log is set aside, its writer is told to reopen, and when nobody holds the old file any more
// it is packed whole (R15). Nothing is copied while somebody writes, so nothing can be lost or doubled.
// Touches the log, its archive and their folder.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises';
import type { RemedyContext } from '../../contract/ports.ts';
import { compare, createArchive, packChecked, renameNew, syncFolder } from './archive.ts';
import { type ArchiveId, nameOf } from './archive-name.ts';
import type { OpenNow } from './may-delete.ts';
import { isStill, kept, type Rotated, type Rotation, sawAllProcesses, writersOf } from './rotation.ts';
import { unlinkSame } from './unlink-same.ts';

/** How long a writer may take to let go of the old file. Later the file stays as it is, and the next rotation packs it. */
const LET_GO_LIMIT_MS = 10_000;
const POLL_MS = 100;

export interface SetAside {
  readonly folder: string;
  /** Name of the log. */
  readonly name: string;
  readonly id: ArchiveId;
  readonly context: RemedyContext;
  readonly openNow: OpenNow;
  readonly signal: AbortSignal;
}

/** Gives the log its waiting name. undefined: it is not the chosen file any more. */
export async function setAside(rotation: Rotation): Promise<SetAside | undefined> {
  const { folder, name, path, stats, id, context, openNow, signal } = rotation;
  const now = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!now || !isStill(now, stats)) return undefined;
  await rename(path, `${folder}/${nameOf(name, id, 'rotating')}`);
  await syncFolder(folder);
  return { folder, name, id, context, openNow, signal };
}

/** Gives the log its own name back, if nothing has taken it: the writer was not told, or did not heed it, and still writes here. */
export async function putBack(aside: Pick<SetAside, 'folder' | 'name' | 'id'>): Promise<boolean> {
  try {
    await renameNew(waitingPath(aside), `${aside.folder}/${aside.name}`);
    await syncFolder(aside.folder);
    return true;
  } catch {
    return false;
  }
}

/** Waits until nobody can write to the log that was set aside. */
export async function isLetGo(aside: SetAside, limitMs = LET_GO_LIMIT_MS): Promise<boolean | 'unknown'> {
  const { context, openNow, signal } = aside;
  const sinceMs = context.clock.now().awakeMs;
  for (;;) {
    const stats = await lstat(waitingPath(aside), { bigint: true });
    if (!(await openNow.refresh(0))) return 'unknown';
    if (writersOf(openNow.holders(stats)).length === 0) return true;
    if (signal.aborted || context.clock.now().awakeMs - sinceMs >= limitMs) return false;
    await context.timers.sleep(POLL_MS, signal);
  }
}

/** Packs a log that was set aside, and deletes it when its archive is complete and on the disk. Also takes up what an
 * earlier run left. Rejects with the system's error when the archive can't be written; the log stays as it is then. */
export async function packSetAside(aside: SetAside): Promise<Rotated> {
  const { folder, name, id, context, openNow, signal } = aside;
  const waiting = waitingPath(aside);
  const archivePath = `${folder}/${nameOf(name, id, 'archive')}`;
  const partial = `${folder}/${nameOf(name, id, 'partial')}`;
  if (!(await openNow.refresh(0))) return kept('open-files-unknown');
  const folderStats = await lstat(folder, { bigint: true });
  const log = await open(waiting, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let archive: FileHandle | undefined;
  let unfinished: string | undefined;
  try {
    const stats = await log.stat({ bigint: true });
    if (!stats.isFile() || stats.nlink !== 1n) return kept('changed-meanwhile');
    if (writersOf(openNow.holders(stats)).length > 0) return kept('still-open');
    // A run that ended between its two last steps left the archive, too. What it lacks was written after it was made.
    const earlier = await earlierArchive(archivePath, log, signal);
    if (earlier === 'another') return kept('archive-name-taken');

    archive = await createArchive(partial, stats);
    unfinished = partial;
    if ((await packChecked(log, 0, Number(stats.size), archive, signal)) !== Number(stats.size)) return kept('changed-meanwhile');
    await archive.sync();
    const after = await log.stat({ bigint: true });
    if (!(await openNow.refresh(0))) return kept('open-files-unknown');
    if (writersOf(openNow.holders(stats)).length > 0) return kept('still-open');
    if (!isStill(after, stats) || after.size !== stats.size || after.mtimeNs !== stats.mtimeNs) return kept('changed-meanwhile');
    if (earlier === 'ours') await rename(partial, archivePath);
    else await renameNew(partial, archivePath);
    unfinished = undefined;
    await syncFolder(folder);
    const judged = { folder, name: nameOf(name, id, 'rotating'), folderDev: folderStats.dev, folderIno: folderStats.ino, stats };
    const why = unlinkSame(judged, context.platform);
    if (why) return kept(why);
    await syncFolder(folder);
    return { kind: 'rotated', archive: archivePath, bytes: Number(stats.size), lossless: sawAllProcesses(stats, context.uid) };
  } finally {
    await log.close();
    await archive?.close();
    if (unfinished) await unlink(unfinished).catch(() => undefined);
  }
}

async function earlierArchive(path: string, log: FileHandle, signal: AbortSignal): Promise<'none' | 'ours' | 'another'> {
  const archive = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
  if (!archive) return (await lstat(path).catch(() => undefined)) ? 'another' : 'none';
  try {
    return (await compare(archive, log, signal)) === 'prefix' ? 'ours' : 'another';
  } finally {
    await archive.close();
  }
}

function waitingPath({ folder, name, id }: Pick<SetAside, 'folder' | 'name' | 'id'>): string {
  return `${folder}/${nameOf(name, id, 'rotating')}`;
}
