// Which of these files does git track? Asks git itself, read-only, in batches. Changes nothing. What git can't be asked about is
// not known to be untracked (R14).
import path from 'node:path';
import type { RemedyContext } from '../../contract/ports.ts';
import { askGit } from './git-command.ts';
import type { Repositories, Repository } from './git-repositories.ts';
import { isUnder } from './remote-mounts.ts';

/** The answer must fit well into a command's capped output (R18): a cut answer would make a tracked file look untracked. */
const BATCH_BYTES = 8_000;

type Options = Pick<RemedyContext, 'commands' | 'userHome' | 'signal'>;
type GitAnswer = 'tracked' | 'untracked' | 'cannot-tell';

/** Those of the files (real paths) that some repository tracks, or may track. */
export async function trackedAmong(
  files: readonly string[],
  repositories: Repositories,
  options: Options,
): Promise<ReadonlyMap<string, 'git-tracked' | 'git-cannot-tell'>> {
  const found = new Map<string, 'git-tracked' | 'git-cannot-tell'>();
  const byRepository = new Map<string, { repository: Repository; files: string[] }>();
  for (const file of files) {
    const above = await repositories.above(path.dirname(file));
    if (above.isUnclear) found.set(file, 'git-cannot-tell');
    for (const repository of above.repositories) {
      if (!isUnder(file, repository.workTree)) continue;
      const key = `${repository.gitDir}\0${repository.workTree}`;
      const asked = byRepository.get(key);
      if (asked) asked.files.push(file);
      else byRepository.set(key, { repository, files: [file] });
    }
  }
  for (const { repository, files: asked } of byRepository.values()) {
    const answers = await ask(repository, asked, options);
    for (const file of asked) {
      const answer = answers.get(file) ?? 'cannot-tell';
      if (answer === 'tracked') found.set(file, 'git-tracked');
      else if (answer === 'cannot-tell' && !found.has(file)) found.set(file, 'git-cannot-tell');
    }
  }
  return found;
}

async function ask(repository: Repository, files: readonly string[], options: Options): Promise<ReadonlyMap<string, GitAnswer>> {
  const answers = new Map<string, GitAnswer>();
  for (const batch of batches(repository.workTree, files)) {
    const tracked = await trackedOf(repository, batch, options);
    for (const relative of batch) {
      const answer = tracked === undefined ? 'cannot-tell' : tracked.has(folded(relative)) ? 'tracked' : 'untracked';
      answers.set(path.join(repository.workTree, relative), answer);
    }
  }
  return answers;
}

function* batches(workTree: string, files: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const relative = path.relative(workTree, file);
    const size = Buffer.byteLength(relative) + 1;
    if (batch.length > 0 && bytes + size > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(relative);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** undefined: git could not be asked, or answered something that was not asked for. */
async function trackedOf(
  { workTree, gitDir }: Repository,
  batch: readonly string[],
  options: Options,
): Promise<ReadonlySet<string> | undefined> {
  const where = gitDir === undefined ? [] : [`--git-dir=${gitDir}`, `--work-tree=${workTree}`];
  // `icase`: on a file system that ignores case the index may spell the same file otherwise.
  const pathspecs = batch.map((relative) => `:(literal,icase)${relative}`);
  // Names are told from the folder where it is asked. A broken `.git` must not make git answer for the repository above.
  const result = await askGit(options, ['-C', workTree, ...where, 'ls-files', '-z', '--', ...pathspecs], path.dirname(workTree));
  if (result.kind !== 'exited' || result.exitCode !== 0) return undefined;
  const asked = new Set(batch.map(folded));
  const tracked = new Set<string>();
  if (result.output === '') return tracked;
  // Every name ends with a NUL, also the last one; anything else is a message or a cut answer.
  if (!result.output.endsWith('\0')) return undefined;
  for (const name of result.output.slice(0, -1).split('\0')) {
    if (!asked.has(folded(name))) return undefined;
    tracked.add(folded(name));
  }
  return tracked;
}

/** Same name for git's purposes: case and Unicode form aside (core.ignorecase, core.precomposeunicode). */
function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
