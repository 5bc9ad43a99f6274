// Which of these files does git track? Asks git itself, read-only, in batches, with nothing of our environment that could
// point it elsewhere. Changes nothing. What git can't be asked about is not known to be untracked (R14).
import path from 'node:path';
import type { CommandPort } from '../../contract/ports.ts';

/** The answer must fit well into a command's capped output (R18): a cut answer would make a tracked file look untracked. */
const BATCH_BYTES = 8_000;
const ASK_TIMEOUT_MS = 30_000;

interface GitOptions {
  readonly commands: CommandPort;
  readonly userHome: string;
  readonly signal: AbortSignal;
}
type GitAnswer = 'tracked' | 'untracked' | 'cannot-tell';

export interface FileInRepositories {
  /** Real path. */
  readonly path: string;
  /** Folders above it that hold a `.git`. */
  readonly repositories: readonly string[];
}

/** Those of the files that some repository above tracks, or may track. */
export async function trackedAmong(
  files: readonly FileInRepositories[],
  options: GitOptions,
): Promise<ReadonlyMap<string, 'git-tracked' | 'git-cannot-tell'>> {
  const byRepository = new Map<string, string[]>();
  for (const { path, repositories } of files) {
    for (const repository of repositories) {
      const paths = byRepository.get(repository);
      if (paths) paths.push(path);
      else byRepository.set(repository, [path]);
    }
  }
  const found = new Map<string, 'git-tracked' | 'git-cannot-tell'>();
  for (const [repository, paths] of byRepository) {
    const answers = await askGit(repository, paths, options);
    for (const file of paths) {
      const answer = answers.get(file) ?? 'cannot-tell';
      if (answer === 'tracked') found.set(file, 'git-tracked');
      else if (answer === 'cannot-tell' && !found.has(file)) found.set(file, 'git-cannot-tell');
    }
  }
  return found;
}

async function askGit(repository: string, files: readonly string[], options: GitOptions): Promise<ReadonlyMap<string, GitAnswer>> {
  const answers = new Map<string, GitAnswer>();
  for (const batch of batches(repository, files)) {
    const tracked = await trackedOf(repository, batch, options);
    for (const relative of batch) {
      const answer = tracked === undefined ? 'cannot-tell' : tracked.has(folded(relative)) ? 'tracked' : 'untracked';
      answers.set(path.join(repository, relative), answer);
    }
  }
  return answers;
}

function* batches(repository: string, files: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const relative = path.relative(repository, file);
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
async function trackedOf(repository: string, batch: readonly string[], options: GitOptions): Promise<ReadonlySet<string> | undefined> {
  const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';
  const result = await options.commands.run({
    // `env -i`: GIT_DIR, GIT_INDEX_FILE and their kin would make git answer for another repository.
    argv: [
      '/usr/bin/env',
      '-i',
      `PATH=${searchPath}`,
      `HOME=${options.userHome}`,
      'LC_ALL=C',
      'GIT_OPTIONAL_LOCKS=0',
      'GIT_TERMINAL_PROMPT=0',
      // A broken `.git` must not make git answer for the repository above.
      `GIT_CEILING_DIRECTORIES=${path.dirname(repository)}`,
      'git',
      '-c',
      'core.fsmonitor=false',
      '-C',
      repository,
      'ls-files',
      '-z',
      '--full-name',
      '--',
      // `icase`: on a file system that ignores case the index may spell the same file otherwise.
      ...batch.map((relative) => `:(top,literal,icase)${relative}`),
    ],
    timeoutMs: ASK_TIMEOUT_MS,
    signal: options.signal,
    ends: 'tree',
  });
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
