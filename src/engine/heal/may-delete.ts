// Why a file that matched must stay (R14): the engine's home, a database, git's own, a link, a file that somebody holds open.
// Reads the machine, changes nothing. Where the answer can't be had, the file stays.
import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, opendir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { OpenFile, RemedyContext } from '../../contract/ports.ts';
import { isGitDir } from './git-repositories.ts';

export type KeepReason =
  | 'symlink'
  | 'not-a-regular-file'
  | 'hard-linked'
  | 'mtime-in-future'
  | 'age-in-doubt'
  | 'home'
  | 'database'
  | 'git-internal'
  | 'git-tracked'
  | 'git-cannot-tell'
  | 'open'
  | 'changed-meanwhile'
  | 'folder-changed'
  | 'folder-unreadable'
  | 'name-not-utf8';

/** LevelDB and RocksDB as R14 names them, and others whose data files are called `.log` too: Kafka, WiredTiger, Berkeley DB, ActiveMQ. */
const DATABASE_FILES = new Set(['CURRENT', 'WiredTiger', 'partition.metadata', 'leader-epoch-checkpoint', '__db.001', 'db.redo']);
/** RocksDB; Cassandra. */
const DATABASE_NAMES = /^(MANIFEST|CommitLog)-/;
const SQLITE_SIDES = ['-wal', '-shm', '-journal'];
const SQLITE_HEADER = Buffer.from('SQLite format 3\0');
const MAX_REMEMBERED = 10_000;
const DAY_MS = 86_400_000;

export interface FolderFacts {
  readonly dev: bigint;
  readonly ino: bigint;
  /** Could be listed, so that the absence of a database is certain. */
  readonly isReadable: boolean;
  readonly holdsDatabase: boolean;
  readonly isInHome: boolean;
  readonly isInGit: boolean;
}

/** Remembers what it learned of a folder for one run of a remedy. */
export class Folders {
  readonly #homes: string[] = [];
  readonly #homeKeys = new Set<string>();
  readonly #known = new Map<string, FolderFacts>();

  private constructor() {}

  /** The home is known by its path and by its identity: a bind mount or another spelling leads to the same folder. */
  static async besides(home: string): Promise<Folders> {
    const folders = new Folders();
    folders.#homes.push(path.resolve(home), await realpath(home).catch(() => path.resolve(home)));
    const stats = await stat(home, { bigint: true }).catch(() => undefined);
    if (stats) folders.#homeKeys.add(`${stats.dev}:${stats.ino}`);
    return folders;
  }

  /** Rejects when the folder is gone. `folder` is a real path. */
  async facts(folder: string): Promise<FolderFacts> {
    const known = this.#known.get(folder);
    if (known) return known;
    const parent = folder === '/' ? undefined : await this.facts(path.dirname(folder));
    const stats = await lstat(folder, { bigint: true });
    const listing = await markersOf(folder);
    // A database's folder may keep old logs one level below (RocksDB's `archive`, LevelDB's `lost`).
    const facts: FolderFacts = {
      dev: stats.dev,
      ino: stats.ino,
      isReadable: listing !== undefined,
      holdsDatabase: listing?.hasDatabase ?? false,
      isInHome: (parent?.isInHome ?? false) || this.#homes.includes(folder) || this.#homeKeys.has(`${stats.dev}:${stats.ino}`),
      // Also a bare repository: a branch may be called `old.log`, and is a file then.
      isInGit: (parent?.isInGit ?? false) || path.basename(folder) === '.git' || (await isGitDir(folder).catch(() => true)),
    };
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(folder, facts);
    return facts;
  }

  /** What is known of the folder, or why nothing in it may be deleted or rotated. */
  async judge(folder: string): Promise<FolderFacts | KeepReason> {
    const facts = await this.facts(folder).catch(() => undefined);
    if (!facts) return 'folder-changed';
    if (facts.isInHome) return 'home';
    if (facts.isInGit) return 'git-internal';
    if (!facts.isReadable) return 'folder-unreadable';
    const above = await this.facts(path.dirname(folder)).catch(() => undefined);
    return facts.holdsDatabase || above?.holdsDatabase ? 'database' : facts;
  }
}

async function markersOf(folder: string): Promise<{ hasDatabase: boolean } | undefined> {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
      if (DATABASE_FILES.has(name) || DATABASE_NAMES.test(name)) return { hasDatabase: true };
    }
    return { hasDatabase: false };
  } catch {
    return undefined;
  }
}

/** What the file itself says; its age aside. */
export function whyKeepFile(stats: BigIntStats): KeepReason | undefined {
  if (stats.isSymbolicLink()) return 'symlink';
  if (!stats.isFile()) return 'not-a-regular-file';
  return stats.nlink !== 1n ? 'hard-linked' : undefined;
}

/** A write of this moment may carry a time a little ahead of the clock that was read before. */
const AHEAD_MS = 60_000;
/** Where the machine was off for more than this share of the age that is asked for, by its clock, that clock must first run on for so
 * long: one that is wrong by less would cost no more than that share. */
const AWAY_SHARE = 1 / 4;

/** Whether the file is older than that (R14), `young`, or why nobody can say. */
export function judgeAge(stats: Pick<BigIntStats, 'mtimeNs'>, olderThanMs: number, context: RemedyContext): 'old' | 'young' | KeepReason {
  const writtenAtMs = mtimeMs(stats);
  if (context.ages.ageMs(writtenAtMs, olderThanMs * AWAY_SHARE) > olderThanMs) return 'old';
  const byWallMs = context.clock.now().wallMs - writtenAtMs;
  if (byWallMs < -AHEAD_MS) return 'mtime-in-future';
  return byWallMs > olderThanMs ? 'age-in-doubt' : 'young';
}

/** Days since the file was written, as the record tells it. */
export function ageDays(stats: Pick<BigIntStats, 'mtimeNs'>, context: RemedyContext): number {
  return Math.floor((Math.max(0, context.ages.ageMs(mtimeMs(stats))) / DAY_MS) * 10) / 10;
}

function mtimeMs({ mtimeNs }: Pick<BigIntStats, 'mtimeNs'>): number {
  return Number(mtimeNs / 1_000n) / 1_000;
}

/** A file of a database that shares its folder with others: of SQLite, or the redo log of HSQLDB. */
export async function isOfDatabase(file: string): Promise<boolean> {
  if (SQLITE_SIDES.some((side) => file.endsWith(side))) return true;
  if (file.endsWith('.log') && (await lstat(file.replace(/log$/, 'script')).catch(() => undefined))) return true;
  for (const side of SQLITE_SIDES) {
    const beside = await lstat(file + side).catch(() => undefined);
    if (beside) return true;
  }
  return hasHeader(file);
}

async function hasHeader(file: string): Promise<boolean> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const start = Buffer.alloc(SQLITE_HEADER.length);
      const { bytesRead } = await handle.read(start, 0, start.length, 0);
      return bytesRead === start.length && start.equals(SQLITE_HEADER);
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

/** How old a list of open files may be when a file is deleted: longer than the deletions between two lists take, shorter than a start of a program. */
const OPEN_FILES_MAX_AGE_MS = 1_000;

/** Who holds what open, asked anew when the last answer is no longer fresh. */
export class OpenNow {
  readonly #context: RemedyContext;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #files: ReadonlyMap<string, readonly OpenFile[]> | undefined;
  why = '';

  constructor(context: RemedyContext) {
    this.#context = context;
  }

  /** Fresh at the moment of return. False: they can't be listed (`why`). */
  async refresh(maxAgeMs = OPEN_FILES_MAX_AGE_MS): Promise<boolean> {
    if (this.#files && this.#context.clock.now().awakeMs - this.#askedAtMs < maxAgeMs) return true;
    const answer = await this.#context.processes.openFiles();
    this.#files = answer.kind === 'known' ? answer.files : undefined;
    this.why = answer.kind === 'known' ? '' : answer.why;
    this.#askedAtMs = this.#context.clock.now().awakeMs;
    return this.#files !== undefined;
  }

  /** Call `refresh` first. Inode numbers above 2^53 are looked up as a plain `fs.stat` rounds them, too. */
  holders(stats: Pick<BigIntStats, 'dev' | 'ino'>): readonly OpenFile[] {
    const exact = `${stats.dev}:${stats.ino}`;
    const rounded = `${Number(stats.dev)}:${Number(stats.ino)}`;
    return this.#files?.get(exact) ?? this.#files?.get(rounded) ?? [];
  }
}
