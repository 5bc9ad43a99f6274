// One engine owns a home at a time (PRODUCT section 3). The lock is an exclusive SQLite transaction on `engine.lock`,
// which the kernel frees with its process, however that ends; `engine.json` only says who it is.
// Trap: these are POSIX locks. A process loses them as soon as it closes ANY file of its own on `engine.lock` (fcntl(2)),
// so nothing in the engine may open that file except SQLite, which knows of it. By path (stat, chmod) it is safe.
import { closeSync, openSync, renameSync, statSync, truncateSync } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { homeUnusable, isRunning, realFs, replaceFile } from './durable-file.ts';

export interface OwnerInfo {
  readonly pid: number;
  readonly mode: 'app' | 'headless' | 'once';
  /** ISO 8601 UTC. */
  readonly startedAt: string;
}
export interface Ownership {
  /** Frees the home. Safe twice. */
  release(): Promise<void>;
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
/** A look by `readOwner` holds a shared lock for microseconds, and two claimants can meet: only who stays is the owner.
 * SQLite waits in the thread, so this is also the longest that a refused start stands still. */
const MEETING_MS = 200;

async function lock(file: string, waitMs: number, statement: string): Promise<DatabaseSync> {
  const sqlite = await import('node:sqlite'); // lazy: most commands never need it
  const database = new sqlite.DatabaseSync(file, { timeout: waitMs });
  try {
    // Else a rollback journal would lie beside the lock.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec(statement);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** The lock file is always empty. All that is done to it here is harmless to somebody who holds it at that moment. */
function prepareLockFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600)); // only a new file is opened: nobody can hold a lock on it yet
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function clearAway(file: string, error: unknown): boolean {
  // Emptied, never renamed: a rename could move a fresh file that somebody has just locked.
  if (sqliteCode(error) === SQLITE_NOTADB) truncateSync(file, 0);
  else {
    try {
      // The closing slash makes the system refuse anything but a folder (ENOTDIR, rename(2)).
      renameSync(`${file}/`, `${file}.corrupt-${process.pid}`);
      prepareLockFile(file);
    } catch {
      return false;
    }
  }
  return true;
}

/** Takes the home for this process until `release`, or its end. Rejects `home-owned` with `pid`, `mode` and `since`
 * of the owner (where already known) in message and details; `home-unusable` when the lock itself can't be used. */
export async function claimHome(home: string, info: OwnerInfo): Promise<Ownership> {
  const file = path.join(home, HOME_FILES.lock);
  let held: DatabaseSync | undefined;
  for (let isRetry = false; held === undefined; isRetry = true) {
    try {
      prepareLockFile(file);
      held = await lock(file, MEETING_MS, 'BEGIN EXCLUSIVE');
    } catch (error) {
      if (sqliteCode(error) === SQLITE_BUSY) throw ownedError(home, await readInfo(home));
      if (isRetry || !clearAway(file, error)) throw homeUnusable(file, "can't be locked", error);
    }
  }
  const database = held;
  const infoFile = path.join(home, HOME_FILES.owner);
  // Only information: a full disk must not keep the engine from owning its home (R3).
  await replaceFile(realFs, infoFile, Buffer.from(`${JSON.stringify(info)}\n`)).catch(() => unlink(infoFile).catch(() => {}));
  let isHeld = true;
  return {
    async release() {
      if (!isHeld) return;
      isHeld = false;
      await unlink(infoFile).catch(() => {});
      database.close();
    },
  };
}

function ownedError(home: string, owner: Partial<OwnerInfo>): HealthError {
  const who = owner.pid === undefined ? 'which has only just started' : `pid ${owner.pid} (${owner.mode}), since ${owner.startedAt}`;
  return new HealthError('home-owned', `Another engine owns ${home}: ${who}`, {
    hint: 'Use that engine, stop it first, or choose another folder with --home.',
    details: { home, pid: owner.pid, mode: owner.mode, since: owner.startedAt },
  });
}

/** What the owner wrote of itself; nothing when that is missing or of a process that is gone. */
async function readInfo(home: string): Promise<Partial<OwnerInfo>> {
  try {
    const info = JSON.parse(await readFile(path.join(home, HOME_FILES.owner), 'utf8')) as OwnerInfo;
    if (!Number.isInteger(info.pid) || info.pid < 1 || !isRunning(info.pid)) return {};
    return { pid: info.pid, mode: info.mode, startedAt: info.startedAt };
  } catch {
    return {};
  }
}

/** Who holds the lock at this moment, or undefined when nobody does. Disturbs nobody. Its fields are missing in the
 * moment between locking and telling. Rejects `home-unusable` when that can't be known. */
export async function readOwner(home: string): Promise<Partial<OwnerInfo> | undefined> {
  const file = path.join(home, HOME_FILES.lock);
  try {
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined; // opening it would make it
    // Reading takes the shared lock, which an owner excludes; a claimant waits out those microseconds (MEETING_MS).
    (await lock(file, 0, 'SELECT 1 FROM sqlite_master')).close();
    return undefined;
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) return readInfo(home);
    if (sqliteCode(error) === SQLITE_NOTADB) return undefined; // garbage that nobody has locked
    throw homeUnusable(file, "can't be looked at", error);
  }
}
