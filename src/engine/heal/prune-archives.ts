// Deletes the oldest archives of a log beyond the number that is kept: only files with exactly our name for that log, regular,
// with one link, and not tracked by git. Touches nothing else.
import { lstat, opendir } from 'node:fs/promises';
import type { RemedyContext } from '../../contract/ports.ts';
import { byAge, nameOf, type OurName, readOurName } from './archive-name.ts';
import type { Repositories } from './git-repositories.ts';
import { trackedAmong } from './git-tracked.ts';
import type { KeptFiles } from './kept-files.ts';
import { ageDays, type FolderFacts, whyKeepFile } from './may-delete.ts';
import { unlinkSame } from './unlink-same.ts';

interface ArchivedLog {
  readonly folder: string;
  readonly name: string;
  readonly facts: FolderFacts;
}

/** The newest `keep` stay. */
export async function pruneArchives(
  log: ArchivedLog,
  keep: number,
  repositories: Repositories,
  context: RemedyContext,
  kept: KeptFiles,
): Promise<void> {
  const archives = (await archivesOf(log)).sort(byAge);
  const surplus = archives.slice(0, Math.max(0, archives.length - keep)).map((ours) => nameOf(log.name, ours, 'archive'));
  const tracked = await trackedAmong(
    surplus.map((name) => `${log.folder}/${name}`),
    repositories,
    context,
  );
  for (const name of surplus) {
    const path = `${log.folder}/${name}`;
    const stats = await lstat(path, { bigint: true }).catch(() => undefined);
    if (!stats) continue;
    const file = { folder: log.folder, name, folderDev: log.facts.dev, folderIno: log.facts.ino, stats };
    const why = tracked.get(path) ?? whyKeepFile(stats) ?? unlinkSame(file, context.platform);
    if (why) {
      kept.keep(path, why);
      continue;
    }
    context.record({ event: 'file-deleted', path, bytes: Number(stats.blocks) * 512, ageDays: ageDays(stats, context) });
  }
}

async function archivesOf(log: ArchivedLog): Promise<OurName[]> {
  const archives: OurName[] = [];
  for await (const entry of await opendir(log.folder, { bufferSize: 256 })) {
    const ours = readOurName(entry.name);
    if (ours?.source === log.name && ours.kind === 'archive') archives.push(ours);
  }
  return archives;
}
