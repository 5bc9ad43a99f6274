// Opens history.db: for its user only, whole (`quick_check`), of a version that is known. What is damaged is moved aside
// with its journal, told, and a new one begins; the logs can fill it again. Touches history.db and its two companions.
import { statSync } from 'node:fs';
import { chmod, lstat, open } from 'node:fs/promises';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { errorText, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import type { TimersPort } from '../../contract/ports.ts';
import { homeUnusable, moveAside, type OnQuarantine, realFs } from './durable-file.ts';

/** One step each; `user_version` counts those that were done. Only ever appended to. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- will: the state that it keeps while the engine is off (paused, stopped). rolled: the readings before it are in the roll-ups.
  CREATE TABLE service (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, unit TEXT, value_since INTEGER NOT NULL DEFAULT 0,
    will INTEGER, rolled INTEGER NOT NULL) STRICT;
  -- latency in tenths of a millisecond; NULL where nothing answered.
  CREATE TABLE reading (
    service INTEGER NOT NULL, at INTEGER NOT NULL, status INTEGER NOT NULL, latency INTEGER, value REAL,
    PRIMARY KEY (service, at)) STRICT, WITHOUT ROWID;
  CREATE TABLE span (
    service INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, state INTEGER NOT NULL,
    PRIMARY KEY (service, start)) STRICT, WITHOUT ROWID;
  CREATE TABLE open_span (service INTEGER PRIMARY KEY, start INTEGER NOT NULL, state INTEGER NOT NULL) STRICT;
  -- key: service, level, place in time (history-chunks.ts); data: history-bytes.ts.
  CREATE TABLE chunk (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
  CREATE TABLE day (
    service INTEGER NOT NULL, day INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    failures INTEGER NOT NULL, warnings INTEGER NOT NULL, incidents INTEGER NOT NULL,
    up INTEGER NOT NULL, down INTEGER NOT NULL, unknown INTEGER NOT NULL, paused INTEGER NOT NULL, asleep INTEGER NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY (service, day)) STRICT, WITHOUT ROWID;
  CREATE TABLE incident (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, service INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
    reason TEXT NOT NULL, message TEXT NOT NULL, strikes INTEGER NOT NULL, alerted TEXT) STRICT;
  CREATE INDEX incident_by_service ON incident (service, started_at);
  CREATE INDEX incident_by_time ON incident (started_at);
  CREATE INDEX incident_open ON incident (service) WHERE ended_at IS NULL;
  CREATE TABLE attempt (
    id TEXT PRIMARY KEY, service INTEGER NOT NULL, incident INTEGER, remedy TEXT NOT NULL, "trigger" TEXT NOT NULL,
    started_at INTEGER NOT NULL, outcome TEXT, reason TEXT NOT NULL, seconds REAL, output TEXT NOT NULL) STRICT;
  CREATE INDEX attempt_by_incident ON attempt (incident) WHERE incident IS NOT NULL;
  CREATE INDEX attempt_by_time ON attempt (started_at);
  CREATE TABLE alert (
    at INTEGER NOT NULL, service INTEGER NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (at, service, id, event)) STRICT, WITHOUT ROWID;
  `,
  // What was run, what the look before saw, and the one that told the outcome. NULL: told by an older version.
  'ALTER TABLE attempt ADD COLUMN action TEXT; ALTER TABLE attempt ADD COLUMN before TEXT; ALTER TABLE attempt ADD COLUMN after TEXT;',
];

interface OpenedDatabase<T> {
  readonly db: DatabaseSync;
  readonly tables: T;
  /** It had to be made: the logs may know what was in it. */
  readonly isNew: boolean;
}
export interface PlaceOptions {
  readonly home: string;
  readonly onQuarantine: OnQuarantine;
  readonly clock: { now(): { readonly wallMs: number } };
  readonly timers: Pick<TimersPort, 'sleep'>;
  /** Loaded when it is needed: most commands never need it. */
  readonly sqlite?: undefined | (() => Promise<Pick<typeof import('node:sqlite'), 'DatabaseSync'>>);
}

const REST_MS = 5;
/** The main file comes first: once it is gone, its companions are nobody's. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/** `prepare` makes ready what will be asked of the tables: where one is not as it should be, the file is damaged.
 * Rejects `home-unusable` when there can be no database here, and when this Node has no SQLite. */
export async function openDatabase<T>(options: PlaceOptions, prepare: (db: DatabaseSync) => T): Promise<OpenedDatabase<T>> {
  const { home, sqlite = () => import('node:sqlite') } = options;
  const file = path.join(home, HOME_FILES.history);
  try {
    const { DatabaseSync: Database } = await sqlite();
    const found = await lstat(file).catch(() => undefined);
    let isNew = found === undefined;
    let opened: { db: DatabaseSync; tables: T };
    try {
      if (found && !found.isFile()) throw new Damage('it is no file');
      if (found) await refuseLater(file);
      opened = await openFile(Database, file, options, prepare);
    } catch (error) {
      if (isNew || !(isDamage(error) || sqliteCode(error) === SQLITE_ERROR)) throw error;
      await quarantine(options, errorText(error));
      isNew = true;
      opened = await openFile(Database, file, options, prepare);
    }
    await tighten(file);
    return { ...opened, isNew };
  } catch (error) {
    throw homeUnusable(file, "can't be used", error);
  }
}

/** Moves the database and its journal aside, under names that belong together, and tells it once. */
export async function quarantine({ home, clock, onQuarantine }: PlaceOptions, why: string): Promise<void> {
  const file = path.join(home, HOME_FILES.history);
  const movedTo = await moveAside(realFs, file, clock.now().wallMs);
  for (const companion of COMPANIONS) {
    await realFs.rename(file + companion, movedTo + companion).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }
  onQuarantine(file, movedTo, why);
}

/** Which file stands at the database's place; undefined when there is none. A connection works on with one that is long gone. */
export function fileAtPlace(home: string): string | undefined {
  const found = statSync(path.join(home, HOME_FILES.history), { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

const SQLITE_ERROR = 1; // among others: no such table, no such column
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** What is in the file is wrong, as against a full disk, a missing right, another process at work. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return error instanceof Damage || error instanceof RangeError || code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}
class Damage extends Error {}

async function openFile<T>(
  Database: typeof DatabaseSync,
  file: string,
  { timers }: PlaceOptions,
  prepare: (db: DatabaseSync) => T,
): Promise<{ db: DatabaseSync; tables: T }> {
  const db = new Database(file, { timeout: 5_000 });
  try {
    // Little is read twice: 1 MB of pages is enough for one stretch after another. Checkpoints are made between rounds.
    db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;`);
    // A table at a time, and rounds in between.
    for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()) {
      const [check] = Object.values(db.prepare(`PRAGMA quick_check("${String(name)}")`).get() ?? {});
      if (check !== 'ok') throw new Damage(`quick_check says: ${String(check)}`);
      await timers.sleep(REST_MS);
    }
    migrate(db);
    const tables = prepare(db);
    // SQLite waits in the thread. Nobody else writes here; should somebody, the lines wait, not the engine.
    db.exec('PRAGMA busy_timeout = 20');
    return { db, tables };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A file of a later version of this program is left as it is, to the byte: opening it would bring its journal home.
 * Source of the place: sqlite.org/fileformat2.html, "User Version Number". */
async function refuseLater(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    const isSound = bytesRead === 64 && buffer.toString('latin1', 0, 15) === 'SQLite format 3' && buffer.readUIntBE(21, 3) === 0x402020;
    if (isSound) refuse(buffer.readUInt32BE(60), MIGRATIONS.length);
  } finally {
    await handle.close();
  }
}
function refuse(version: number, known: number): void {
  if (version > known) throw new Error(`it was written by a later version of this program (${version}, known is ${known})`);
}

/** Brings the tables up to date, all steps or none. */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = Number((db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);
  refuse(version, migrations.length);
  if (version === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite makes its companions with the mode of the main file. */
async function tighten(file: string): Promise<void> {
  for (const name of ['', ...COMPANIONS]) await chmod(file + name, 0o600).catch(() => undefined);
}
