// Rotated audit logs: `archive/NAME-TIME.log`, then `.log.gz` when the gzip is proved to hold the same bytes; only then
// the plain one goes. Interrupted at any point, the next opening goes on. Touches only `archive/` and the log handed to it.
// TIME is that of the newest line in it, or later where the clock went back, so that a reader may pass over what is too old.
import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import type { AuditLog } from '../../contract/audit.ts';
import { type HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { isoTime } from '../../contract/time.ts';
import { type FsPort, homeUnusable, moveAside, realFs, syncFolder } from './durable-file.ts';

interface ArchiveOptions {
  readonly home: string;
  readonly clock: { now(): { readonly wallMs: number } };
  readonly fs?: FsPort | undefined;
  readonly keep?: number;
  readonly onTrouble: (log: AuditLog, trouble: HealthError | undefined) => void;
}
export interface Archive {
  /** Moves the live file of a log into the archive; it is compressed in the background. Rejects with the system's error. */
  take(log: AuditLog, file: string, newestMs: number): Promise<void>;
  /** Stops compressing; the next opening goes on. */
  close(): Promise<void>;
}
export interface ArchivedLog {
  readonly name: string;
  readonly log: AuditLog;
  /** No line in it is newer. */
  readonly newestMs: number;
  readonly order: number;
  readonly isCompressed: boolean;
}

const LOGS: readonly AuditLog[] = ['health', 'recovery', 'alerts'];
const NAME = /^(health|recovery|alerts)-(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)(?:-(\d+))?\.log(\.gz)?$/;
const TEMP = /^\.(health|recovery|alerts)-.*\.log\.gz\.tmp$/;
/** At once: in the usual pieces the streams cost more than the packing. */
const CHUNK_BYTES = 262_144;

/** What a file name in `archive/` says, undefined when it is none of ours. */
function parseArchiveName(name: string): ArchivedLog | undefined {
  const found = NAME.exec(name);
  if (!found) return undefined;
  const [, log, day, hours, minutes, seconds, order, gz] = found;
  const newestMs = Date.parse(`${day}${hours}:${minutes}:${seconds}`);
  return { name, log: log as AuditLog, newestMs, order: Number(order ?? 1), isCompressed: gz !== undefined };
}

/** Oldest first. A plain file stands before its own compressed copy (there are both only after a crash). */
export function listArchives(names: readonly string[], log: AuditLog): ArchivedLog[] {
  return names
    .map(parseArchiveName)
    .filter((archived) => archived?.log === log)
    .filter((archived) => archived !== undefined)
    .sort((a, b) => a.newestMs - b.newestMs || a.order - b.order || Number(a.isCompressed) - Number(b.isCompressed));
}

export function openArchive({ home, clock, fs = realFs, keep = 10, onTrouble }: ArchiveOptions): Archive {
  const folder = path.join(home, HOME_FILES.archive);
  const closing = new AbortController();
  let work: Promise<void> = Promise.resolve();

  async function openFolder(): Promise<void> {
    try {
      await fs.mkdir(folder, 0o700);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      if (!(await fs.lstat(folder)).isFile()) return;
      await moveAside(fs, folder, clock.now().wallMs);
      await fs.mkdir(folder, 0o700);
    }
  }

  async function take(log: AuditLog, file: string, newestMs: number): Promise<void> {
    await openFolder();
    // After the last one, also when the clock went back: by name they stay in the order of their lines, and the oldest go first.
    const last = listArchives(await fs.readdir(folder), log).at(-1);
    const order = last && last.newestMs >= Math.floor(newestMs) ? last.order + 1 : 1;
    const base = `${log}-${isoTime({ wallMs: order > 1 && last ? last.newestMs : newestMs }).replaceAll(':', '-')}`;
    const name = order > 1 ? `${base}-${order}` : base;
    await fs.rename(file, path.join(folder, `${name}.log`));
    compressLater(log);
    await syncFolder(fs, folder);
    await syncFolder(fs, home);
  }

  function compressLater(log: AuditLog): void {
    work = work.then(async () => {
      if (closing.signal.aborted) return;
      try {
        await compressAll(log);
        await prune(log);
        onTrouble(log, undefined);
      } catch (error) {
        if (!closing.signal.aborted) onTrouble(log, homeUnusable(folder, `can't keep the archives of ${log}.log`, error));
      }
    });
  }

  async function compressAll(log: AuditLog): Promise<void> {
    const names = await fs.readdir(folder).catch((error) => {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    });
    for (const name of names) if (TEMP.exec(name)?.[1] === log) await fs.unlink(path.join(folder, name));
    for (const { name, isCompressed } of listArchives(names, log)) if (!isCompressed) await compress(name);
  }

  async function compress(name: string): Promise<void> {
    const source = path.join(folder, name);
    const temp = path.join(folder, `.${name}.gz.tmp`);
    const { signal } = closing;
    try {
      const original = process.getBuiltinModule('node:crypto').createHash('sha256');
      const reading = createReadStream(source, { highWaterMark: CHUNK_BYTES });
      reading.on('data', (chunk) => original.update(chunk));
      // Lines that are so alike get hardly smaller by the other levels (3 %), for twice the time. `flush` syncs the file before it is closed.
      const packing = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: CHUNK_BYTES });
      await pipeline(reading, packing, createWriteStream(temp, { flags: 'w', mode: 0o600, flush: true }), { signal });
      const copy = process.getBuiltinModule('node:crypto').createHash('sha256');
      await pipeline(createReadStream(temp), createGunzip({ chunkSize: CHUNK_BYTES }), copy, { signal });
      if (copy.digest('hex') !== original.digest('hex')) throw new Error(`the gzip of ${name} does not hold the same bytes`);
      await fs.rename(temp, `${source}.gz`);
      await syncFolder(fs, folder);
      await fs.unlink(source);
    } catch (error) {
      await fs.unlink(temp).catch(() => {});
      throw error;
    }
  }

  async function prune(log: AuditLog): Promise<void> {
    const archives = listArchives(await fs.readdir(folder).catch(() => []), log);
    for (const { name } of archives.slice(0, Math.max(0, archives.length - keep))) await fs.unlink(path.join(folder, name));
  }

  for (const log of LOGS) compressLater(log);
  return {
    take,
    async close() {
      closing.abort();
      await work;
    },
  };
}
