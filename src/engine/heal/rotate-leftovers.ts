// Takes up what an earlier rotation left when it was ended in the middle (R15): throws away what is worth nothing, finishes
// what can be finished, and never takes lines away twice or gives them back twice. Touches files with our own names only.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import { systemCode } from '../../contract/errors.ts';
import { compare, readBack, renameNew, syncFolder } from './archive.ts';
import { byAge, nameOf, type OurKind, type OurName } from './archive-name.ts';
import { packSetAside, putBack, type SetAside } from './rotate-rename.ts';
import { kept, othersOf, type Rotated } from './rotation.ts';

const ORDER: readonly OurKind[] = ['partial', 'pending', 'rotating', 'archive'];

export type Leftover = Omit<SetAside, 'id'>;
export type Outcome = { readonly path: string; readonly result: Rotated };

/** `names`: all of ours that stand beside the log. Returns what became archives, and what had to stay. */
export async function takeUpLeftovers(log: Leftover, names: readonly OurName[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  // A `partial` goes first: it may stand where the archive of a `rotating` is to be written.
  const todo = names.filter((name) => name.kind !== 'archive').sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || byAge(a, b));
  if (todo.length === 0) return outcomes;
  if (!(await log.openNow.refresh(0))) return [{ path: `${log.folder}/${log.name}`, result: kept('open-files-unknown') }];
  for (const left of todo) {
    if (log.signal.aborted) break;
    const path = `${log.folder}/${nameOf(left.source, left, left.kind)}`;
    const stats = await lstat(path, { bigint: true }).catch(() => undefined);
    if (!stats?.isFile()) continue;
    const holders = log.openNow.holders(stats);
    // Its writer was never told: without its name it would grow, and nobody look at it. Not where it is in an archive already:
    // its lines would get into a second one.
    const isAdrift = left.kind === 'rotating' && othersOf(holders).length > 0 && !names.some((other) => isArchiveOf(other, left));
    if (left.kind === 'rotating' && (await isSameFile(stats, `${log.folder}/${log.name}`))) {
      // It had been given its own name back and only the waiting one was left.
      await unlink(path);
    } else if (isAdrift && (await putBack({ ...log, id: left }))) {
      outcomes.push({ path, result: kept('name-given-back') });
    } else if (holders.length > 0) {
      // Another engine, on another home, may be at work on the same log.
      outcomes.push({ path, result: kept('still-open') });
    } else if (left.kind === 'partial') {
      await unlink(path);
    } else if (left.kind === 'pending') {
      const result = await settlePending(log, left, path);
      if (result) outcomes.push({ path, result });
    } else {
      outcomes.push({ path, result: await packSetAside({ ...log, id: left }) });
    }
  }
  return outcomes;
}

function isArchiveOf(other: OurName, left: OurName): boolean {
  return other.kind === 'archive' && byAge(other, left) === 0;
}

/** A complete archive whose log may have been emptied or not. The log itself tells: does it still begin with these lines?
 * (A log whose every line is the same could begin with them anew; it would have to grow beyond its old size first.) */
async function settlePending(log: Leftover, left: OurName, pending: string): Promise<Rotated | undefined> {
  const archivePath = `${log.folder}/${nameOf(left.source, left, 'archive')}`;
  const archive = await open(pending, constants.O_RDONLY | constants.O_NOFOLLOW);
  let source: FileHandle | undefined;
  try {
    const stats = await archive.stat({ bigint: true });
    if (await isSameFile(stats, archivePath)) {
      // It had its last name already and only the old one was left.
      await unlink(pending);
      return undefined;
    }
    source = await openIfThere(`${log.folder}/${log.name}`);
    const verdict = source ? await compare(archive, source, log.signal) : 'differs';
    if (verdict === 'unreadable') return kept('archive-damaged');
    if (verdict !== 'differs') {
      await unlink(pending);
      return undefined;
    }
    const whole = await readBack(archive, log.signal).catch(() => undefined);
    if (!whole) return kept('archive-damaged');
    await renameNew(pending, archivePath);
    await syncFolder(log.folder);
    // Whether a line was lost when the log was emptied, nobody can tell any more.
    return { kind: 'rotated', archive: archivePath, bytes: whole.bytes, lossless: false };
  } finally {
    await archive.close();
    await source?.close();
  }
}

async function isSameFile(stats: BigIntStats, path: string): Promise<boolean> {
  const other = await lstat(path, { bigint: true }).catch(() => undefined);
  return other !== undefined && other.dev === stats.dev && other.ino === stats.ino;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
