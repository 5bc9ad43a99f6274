// Which git repositories may have a folder's files in their work tree? Those with a `.git` above it, and those that lie elsewhere: bare
// ones beside what they track, as of dotfiles (`git --git-dir=$HOME/.cfg --work-tree=$HOME`), those of yadm and vcsh, and those that name
// another work tree (`core.worktree`). Reads the machine, asks git, changes nothing. What can't be looked at is not known to be none (R14).
// Each folder above a file is looked at once in a run: two system calls, a listing, and two more for each folder in it (strace: 3,008 stat
// and 2,002 open for a thousand folders in one). git is asked once for each repository found, and once for a hundred files of it.
import { constants } from 'node:fs';
import { lstat, opendir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../../contract/errors.ts';
import type { RemedyContext } from '../../contract/ports.ts';
import { askGit } from './git-command.ts';
import { isUnder, remoteMounts } from './remote-mounts.ts';

export interface Repository {
  /** Real path. */
  readonly workTree: string;
  /** undefined: git finds it by the `.git` in the work tree. */
  readonly gitDir: string | undefined;
}
export interface Above {
  readonly repositories: readonly Repository[];
  /** Somewhere above there may be one more. */
  readonly isUnclear: boolean;
}
type Options = Pick<RemedyContext, 'commands' | 'userHome' | 'signal' | 'uid' | 'platform'>;

const MAX_REMEMBERED = 10_000;
/** So many folders are looked into at the same time. */
const AT_ONCE = 32;
/** A pipe in the place of a file would never answer. */
const NOT_WAITING = { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NONBLOCK } as const;
/** macOS asks its user before a program may look into these (TCC); nobody is to be asked for a look that is only careful. */
const MAC_PRIVATE = new Set(['Desktop', 'Documents', 'Downloads', 'Library', 'Movies', 'Music', 'Pictures', '.Trash']);
const NOTHING: Above = { repositories: [], isUnclear: false };

/** Remembers what it learned for one run of a remedy. */
export class Repositories {
  readonly #options: Options;
  readonly #known = new Map<string, Above>();
  #home: Promise<string> | undefined;
  #mounts: Promise<readonly string[]> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** `folder` is a real path. */
  async above(folder: string): Promise<Above> {
    const known = this.#known.get(folder);
    if (known) return known;
    const upper = folder === '/' ? NOTHING : await this.above(path.dirname(folder));
    const dotGit = (await hasDotGit(folder)) ? [{ workTree: folder, gitDir: undefined }] : [];
    this.#home ??= realpath(this.#options.userHome).catch(() => this.#options.userHome);
    const home = await this.#home;
    const isOfApps = this.#options.platform === 'darwin' && isUnder(folder, path.join(home, 'Library'));
    const beside = isOfApps ? [] : [await this.#beside(folder, folder)];
    if (folder === home) {
      for (const place of placesOfTools(folder)) beside.push(await this.#beside(place, folder));
    }
    const found: Above = {
      repositories: [...dotGit, ...beside.flatMap((one) => one.repositories), ...upper.repositories],
      isUnclear: upper.isUnclear || beside.some((one) => one.isUnclear),
    };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(folder, found);
    return found;
  }

  /** Repositories that lie in this folder and may track what is in the work tree. Whose folder is another's has none of this user. */
  async #beside(folder: string, workTree: string): Promise<Above> {
    const { uid } = this.#options;
    try {
      if (uid !== 0 && (await stat(folder)).uid !== uid) return NOTHING;
      const repositories: Repository[] = [];
      let isUnclear = false;
      const inner = await this.#localFolders(folder);
      for (let at = 0; at < inner.length; at += AT_ONCE) {
        for (const found of await Promise.all(inner.slice(at, at + AT_ONCE).map((one) => this.#gitDirIn(one)))) {
          if (!found) continue;
          const repository = found === 'unclear' ? found : await this.#repository(found.gitDir, found.isBare ? workTree : undefined);
          if (repository === 'unclear') isUnclear = true;
          else if (repository) repositories.push(repository);
        }
      }
      return { repositories, isUnclear };
    } catch (error) {
      return { repositories: [], isUnclear: !isAbsent(error) };
    }
  }

  /** Without those that lead to a server: one that does not answer would hold up the whole engine, and has nobody's dotfiles. */
  async #localFolders(folder: string): Promise<string[]> {
    const { platform } = this.#options;
    this.#mounts ??= remoteMounts(platform);
    const mounts = (await this.#mounts).filter((mount) => !isUnder(folder, mount));
    const local: string[] = [];
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      const isLink = entry.isSymbolicLink();
      // Of its own `.git` git is asked by the work tree.
      if ((!isLink && !entry.isDirectory()) || entry.name === '.git') continue;
      if (platform === 'darwin' && MAC_PRIVATE.has(entry.name)) continue;
      const where = path.join(folder, entry.name);
      const to = isLink && mounts.length > 0 ? path.resolve(folder, await readlink(where).catch(() => '')) : where;
      if (!mounts.some((mount) => isUnder(to, mount))) local.push(where);
    }
    return local;
  }

  async #gitDirIn(folder: string): Promise<{ gitDir: string; isBare: boolean } | 'unclear' | undefined> {
    try {
      if (await isGitDir(folder)) {
        // Without an index nothing is tracked: most bare repositories are for others to fetch from.
        return (await isThere(path.join(folder, 'index'))) ? { gitDir: folder, isBare: true } : undefined;
      }
      const gitDir = path.join(folder, '.git');
      const config = await readFile(path.join(gitDir, 'config'), NOT_WAITING).catch(absentAs(''));
      return /^\s*(\[[^\]]*\]\s*)?worktree\s*=/im.test(config) ? { gitDir, isBare: false } : undefined;
    } catch (error) {
      // What belongs to another is no repository of this user; and what macOS keeps from programs (EPERM) is an app's.
      if (this.#options.platform === 'darwin' && systemCode(error) === 'EPERM') return undefined;
      const owner = await lstat(folder).catch(() => undefined);
      return owner?.uid === this.#options.uid ? 'unclear' : undefined;
    }
  }

  /** With its own work tree, if it names one. */
  async #repository(gitDir: string, workTree: string | undefined): Promise<Repository | 'unclear' | undefined> {
    const told = await askGit(this.#options, [`--git-dir=${gitDir}`, 'config', '-z', '--get', 'core.worktree']);
    if (told.kind !== 'exited' || told.exitCode > 1) return 'unclear';
    if (told.exitCode === 1) return workTree === undefined ? undefined : { gitDir, workTree };
    // Anything else is a warning before it.
    if (!/^[^\0\n]+\0$/.test(told.output)) return 'unclear';
    try {
      return { gitDir, workTree: await realpath(path.resolve(gitDir, told.output.slice(0, -1))) };
    } catch (error) {
      return isAbsent(error) ? undefined : 'unclear';
    }
  }
}

/** Where tools keep repositories whose work tree is the user's home. */
function placesOfTools(home: string): string[] {
  const config = process.env['XDG_CONFIG_HOME'] || path.join(home, '.config');
  const data = process.env['XDG_DATA_HOME'] || path.join(home, '.local', 'share');
  return [config, data, path.join(config, 'yadm'), path.join(data, 'yadm'), path.join(home, '.yadm'), path.join(config, 'vcsh', 'repo.d')];
}

/** As git knows one (gitrepository-layout(5)). Rejects when that can't be seen. */
export async function isGitDir(folder: string): Promise<boolean> {
  if (!(await isThere(path.join(folder, 'HEAD')))) return false;
  return (await isThere(path.join(folder, 'objects'))) && (await isThere(path.join(folder, 'refs')));
}

/** A folder, or in a linked work tree and a submodule a file. What can't be looked at counts as there. */
async function hasDotGit(folder: string): Promise<boolean> {
  return lstat(path.join(folder, '.git')).then(
    () => true,
    (error: unknown) => !isAbsent(error),
  );
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(() => true, absentAs(false));
}

const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(systemCode(error) ?? '');
const absentAs =
  <T>(value: T) =>
  (error: unknown): T => {
    if (isAbsent(error)) return value;
    throw error;
  };
