// Locks that mean "at work now" though no process of a build was seen, as from a library, a container or a path elsewhere (R10):
// a young `index.lock` of git, and cargo's lock while somebody holds it. npm has none that means it: its files are there
// before and after as well. Looks at files, changes nothing.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** git, libgit2 and JGit hold the index for the moment of a write; what is older was left behind by a crash. */
const YOUNG_MS = 2 * 60_000;

export interface LockSight {
  readonly name: string;
  readonly pid: number | undefined;
  readonly folder: string;
  readonly ageMs: number;
}

/** The top of the work tree that holds this folder, with its git folder; undefined when it is in none. */
export async function workTreeOf(folder: string): Promise<{ readonly top: string; readonly gitFolder: string } | undefined> {
  for (let top = folder; ; top = path.dirname(top)) {
    const git = path.join(top, '.git');
    const found = await stat(git).catch(() => undefined);
    if (found?.isDirectory()) return { top, gitFolder: git };
    // A worktree or submodule: a file that names its folder (gitrepository-layout(5)).
    const named = found && /^gitdir: (.+)$/m.exec(await readFile(git, 'utf8').catch(() => ''))?.[1];
    if (named) return { top, gitFolder: path.resolve(top, named) };
    if (path.dirname(top) === top) return undefined;
  }
}

export async function indexLock(tree: { readonly top: string; readonly gitFolder: string }, nowMs: number): Promise<LockSight | undefined> {
  const lock = await stat(path.join(tree.gitFolder, 'index.lock')).catch(() => undefined);
  if (!lock) return undefined;
  const ageMs = Math.max(0, nowMs - lock.mtimeMs);
  return ageMs < YOUNG_MS ? { name: 'git (index.lock)', pid: undefined, folder: tree.top, ageMs } : undefined;
}

/** Who holds the lock of a cargo target folder: cargo keeps the file for ever, and locks it (flock(2)) while it builds. Linux only,
 * by /proc/locks (proc_locks(5)); where there is none, the processes alone tell. */
export async function cargoLockHolder(folder: string, procRoot: string): Promise<number | undefined> {
  for (const profile of ['debug', 'release']) {
    const lock = await stat(path.join(folder, 'target', profile, '.cargo-lock'), { bigint: true }).catch(() => undefined);
    if (!lock) continue;
    const locks = await readFile(`${procRoot}/locks`, 'utf8').catch(() => '');
    for (const line of locks.split('\n')) {
      // "1: FLOCK  ADVISORY  WRITE 708 00:13:16453 0 EOF"; waiters have an arrow, and hold nothing.
      const fields = line.trim().split(/\s+/);
      if (fields[1] === 'FLOCK' && fields[5]?.endsWith(`:${lock.ino}`) && Number(fields[4]) > 0) return Number(fields[4]);
    }
  }
  return undefined;
}
