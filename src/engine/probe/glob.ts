// Finds the regular files that a person's paths and globs name. Reads folders, opens nothing.
// Symlinked folders are followed in the fixed part of a pattern only, so that no walk runs in circles or leaves it.
import { readdir as systemReaddir, stat as systemStat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { troubleOf } from './system-error.ts';

/** One look visits no more folder entries than this; what lies beyond is not seen, and that is said. */
export const MAX_ENTRIES = 50_000;

export interface FoundFile {
  readonly path: string;
  /** `dev:ino`: the same file under two names is found once in a pattern. */
  readonly id: string;
  readonly size: number;
  /** On the disk: allocated blocks, in bytes. */
  readonly allocated: number;
  readonly mtimeMs: number;
}
export interface Found {
  /** By pattern, in the order they were given. */
  readonly byPattern: ReadonlyMap<string, readonly FoundFile[]>;
  /** What could not be read, the first of each path. */
  readonly troubles: readonly { readonly path: string; readonly error: unknown }[];
  /** There were more than MAX_ENTRIES. */
  readonly isCut: boolean;
}
export interface GlobOptions {
  readonly userHome: string;
  readonly signal: AbortSignal;
  readonly maxEntries?: number;
  readonly readdir?: typeof systemReaddir;
  readonly stat?: typeof systemStat;
}

/** A log that a rotation has set aside, and what it was called: it counts as that log while nothing else has its name, or
 * a writer that goes on in it would grow unseen. */
const SET_ASIDE = /^(.+)\.\d{8}T\d{6}Z(?:-[1-9]\d*)?\.jarvis-rotating$/s;

interface Pattern {
  readonly base: string;
  readonly isMatch: (relative: string) => boolean;
  /** Whether a match can lie in this folder, `depth` folders below the base. */
  readonly mayEnter: (name: string, depth: number) => boolean;
}

export async function findFiles(patterns: readonly string[], options: GlobOptions): Promise<Found> {
  const byPattern = new Map<string, readonly FoundFile[]>();
  const walk = new Walk(options);
  for (const pattern of patterns) byPattern.set(pattern, await walk.files(pattern));
  return { byPattern, troubles: walk.troubles, isCut: walk.isCut };
}

class Walk {
  readonly troubles: { path: string; error: unknown }[] = [];
  isCut = false;
  readonly #options: GlobOptions;
  #entriesLeft: number;

  constructor(options: GlobOptions) {
    this.#options = options;
    this.#entriesLeft = options.maxEntries ?? MAX_ENTRIES;
  }

  async files(text: string): Promise<FoundFile[]> {
    const absolute = expandPath(text, this.#options.userHome);
    const { base, glob, isGlob } = picomatch.scan(absolute);
    const found = new Map<string, FoundFile>();
    await statOnce(isGlob ? base : path.dirname(absolute)).catch(() => undefined); // what is wrong with it is told below
    if (isGlob) await this.#folder(patternOf(base, glob), base, '', 0, found);
    else if (!(await this.#file(absolute, found))) await this.#setAside(absolute, found);
    return [...found.values()];
  }

  async #folder(pattern: Pattern, folder: string, relative: string, depth: number, found: Map<string, FoundFile>): Promise<void> {
    if (this.#options.signal.aborted || this.isCut) return;
    const entries = await this.#attempt(folder, () => (this.#options.readdir ?? systemReaddir)(folder, { withFileTypes: true }));
    for (const entry of entries ?? []) {
      if (this.#entriesLeft === 0) {
        this.isCut = true;
        return;
      }
      this.#entriesLeft -= 1;
      const below = relative ? `${relative}/${entry.name}` : entry.name;
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        if (pattern.mayEnter(entry.name, depth)) await this.#folder(pattern, full, below, depth + 1, found);
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        const source = SET_ASIDE.exec(entry.name)?.[1];
        const standsFor = source !== undefined && !entries?.some(({ name }) => name === source) ? path.join(relative, source) : below;
        if (pattern.isMatch(below) || pattern.isMatch(standsFor)) await this.#file(full, found);
      }
    }
  }

  /** For a log that is named outright and not there. A folder that can't be listed is no trouble: the log itself could be read. */
  async #setAside(absolute: string, found: Map<string, FoundFile>): Promise<void> {
    const folder = path.dirname(absolute);
    const entries = await (this.#options.readdir ?? systemReaddir)(folder, { withFileTypes: true }).catch(() => []);
    for (const { name } of entries) {
      if (SET_ASIDE.exec(name)?.[1] === path.basename(absolute)) await this.#file(path.join(folder, name), found);
    }
  }

  /** Whether something is there under this name, or may be. */
  async #file(full: string, found: Map<string, FoundFile>): Promise<boolean> {
    const troublesBefore = this.troubles.length;
    const stats = await this.#attempt(full, () => (this.#options.stat ?? systemStat)(full));
    if (!stats?.isFile()) return stats !== undefined || this.troubles.length > troublesBefore;
    const id = `${stats.dev}:${stats.ino}`;
    if (found.has(id)) return true;
    // st_blocks counts in 512 bytes whatever the filesystem's own block is (stat(2)).
    found.set(id, { path: full, id, size: stats.size, allocated: stats.blocks * 512, mtimeMs: stats.mtimeMs });
    return true;
  }

  /** What is not there (yet, or any more) is no trouble; what may not be read is. */
  async #attempt<T>(full: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (troubleOf(error)?.reason !== 'not-found') this.troubles.push({ path: full, error });
      return undefined;
    }
  }
}

function patternOf(base: string, glob: string): Pattern {
  const isMatch = picomatch(glob);
  // A slash within braces or brackets belongs to no folder of its own: then every folder may hold a match.
  if (/[({[][^)}\]]*\//.test(glob)) return { base, isMatch, mayEnter: (name) => !name.startsWith('.') };
  const folders = glob.split('/').slice(0, -1);
  const firstStar = folders.indexOf('**');
  const hasStars = firstStar !== -1 || glob.includes('**');
  const fixed = (firstStar === -1 ? folders : folders.slice(0, firstStar)).map((part) => picomatch(part));
  const named = folders.some((part) => part.startsWith('.'));
  return {
    base,
    isMatch,
    mayEnter: (name, depth) => fixed[depth]?.(name) ?? (hasStars && (named || !name.startsWith('.'))),
  };
}
