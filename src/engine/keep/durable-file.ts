// A JSON file of the home that is whole at any instant: temp file, fsync, rename, fsync of the folder (R8). What is
// damaged is moved aside and told, never an end (PRODUCT section 3). Touches only the file it was given, its temp
// files and its quarantined copies. A write rejects only when the value is not durable.
import fsPromises from 'node:fs/promises';
import path from 'node:path';
import { errorText, HealthError, systemCode } from '../../contract/errors.ts';
import type { ClockPort, JsonFilePort } from '../../contract/ports.ts';
import { isoTime } from '../../contract/time.ts';

/** The few calls that touch the disk, as a port, so that a crash or an error can be put between any two of them. */
export interface FsHandle {
  write(data: Uint8Array, offset: number, length: number, position: null): Promise<{ bytesWritten: number }>;
  read(data: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  stat(): Promise<FsStat>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}
interface FsStat {
  readonly size: number;
  readonly ino: number;
  readonly dev: number;
  readonly blocks: number;
  readonly mtimeMs: number;
  isFile(): boolean;
}
export interface FsPort {
  open(file: string, flags: string, mode?: number): Promise<FsHandle>;
  readFile(file: string): Promise<Buffer>;
  rename(from: string, to: string): Promise<void>;
  unlink(file: string): Promise<void>;
  truncate(file: string, length: number): Promise<void>;
  stat(file: string): Promise<FsStat>;
  lstat(file: string): Promise<FsStat>;
  readdir(folder: string): Promise<string[]>;
  mkdir(folder: string, mode: number): Promise<unknown>;
  statfs(folder: string): Promise<{ readonly bavail: number; readonly bsize: number }>;
}
export const realFs: FsPort = fsPromises;

/** Told once for each damaged file: where it was, where it is now, what was wrong. */
export type OnQuarantine = (originalPath: string, movedTo: string, why: string) => void;

interface DurableFileOptions<T> {
  readonly path: string;
  /** Gives the value its type, or throws when it is not of that shape. */
  readonly parse: (value: unknown) => T;
  readonly onQuarantine: OnQuarantine;
  readonly now: ClockPort;
  readonly fs?: FsPort | undefined;
  /** Given up, once for each write, when the disk is full (R3). */
  readonly reserve?: { giveUp(): Promise<boolean> } | undefined;
  /** The `version` that is read and written; another one is moved aside. */
  readonly version?: number;
  readonly format?: (value: T) => string;
}

const HINTS: Record<string, string> = {
  ENOSPC: 'Free some space on this disk.',
  EDQUOT: 'Free some space: the quota of this user is used up.',
  EACCES: 'Give your user the right to read and write it, or choose another folder with --home.',
  EPERM: 'Give your user the right to read and write it, or choose another folder with --home.',
  EROFS: 'The disk is mounted read-only: choose another folder with --home.',
  EIO: 'The disk reports errors: check it, and keep a copy of what is on it.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open on this machine: close some programs.',
};

/** An error of the system about something in the home, as `home-unusable` with what to do. */
export function homeUnusable(file: string, what: string, cause: unknown): HealthError {
  if (cause instanceof HealthError) return cause;
  const code = systemCode(cause);
  return new HealthError('home-unusable', `${file} ${what}: ${errorText(cause)}`, {
    hint: HINTS[code ?? ''] ?? 'Look at this path, or choose another folder with --home.',
    details: { path: file, code },
    cause,
  });
}

export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

async function writeAll(handle: FsHandle, data: Uint8Array): Promise<void> {
  for (let offset = 0; offset < data.length; ) {
    offset += (await handle.write(data, offset, data.length - offset, null)).bytesWritten;
  }
}

/** Makes the names in a folder durable. File systems that can't sync a folder say EINVAL or ENOTSUP (fsync(2)): there it is as good as it gets. */
export async function syncFolder(fs: FsPort, folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

const TEMP_NAME = /^\.[a-z][a-z.-]*\.(\d+)-\d+\.tmp$/;
const inProgress = new Set<string>();
let sequence = 0;

/** Writes a whole new file and puts it in the place of `file`, durably. On any failure `file` is as it was and nothing is left behind. */
export async function replaceFile(fs: FsPort, file: string, data: Uint8Array): Promise<void> {
  const folder = path.dirname(file);
  sequence += 1;
  const temp = path.join(folder, `.${path.basename(file)}.${process.pid}-${sequence}.tmp`);
  inProgress.add(temp);
  try {
    // 'w', not 'wx': an equal name can only be the leftover of a dead process that had our pid.
    const handle = await fs.open(temp, 'w', 0o600);
    try {
      await writeAll(handle, data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temp, file);
  } catch (error) {
    await fs.unlink(temp).catch(() => {});
    throw error;
  } finally {
    inProgress.delete(temp);
  }
  await syncFolder(fs, folder);
}

/** Removes temp files of writers that died in mid-write. Those of a living process are left alone. */
export async function removeLeftoverTemps(fs: FsPort, folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    const writer = TEMP_NAME.exec(name)?.[1];
    const file = path.join(folder, name);
    if (writer === undefined || inProgress.has(file)) continue;
    if (Number(writer) === process.pid || !isRunning(Number(writer))) await fs.unlink(file).catch(() => {});
  }
}

/** Whether a process with this pid exists, also one of another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/** Moves a damaged file to NAME.corrupt-TIME, never over an older one. Returns the new path. */
export async function moveAside(fs: FsPort, file: string, wallMs: number): Promise<string> {
  const base = `${file}.corrupt-${isoTime({ wallMs }).replaceAll(':', '-')}`;
  for (let n = 1; ; n += 1) {
    const target = n === 1 ? base : `${base}-${n}`;
    const isFree = await fs.lstat(target).then(
      () => false,
      (error) => systemCode(error) === 'ENOENT',
    );
    if (!isFree && n < 1_000) continue;
    await fs.rename(file, target);
    return target;
  }
}

/** What is in the file, or why it is damaged. Errors that say nothing about the file itself (permission, no handles) are thrown. */
async function load<T>(fs: FsPort, options: DurableFileOptions<T>): Promise<{ value?: T; damage?: string }> {
  const version = options.version ?? 1;
  let text: string;
  try {
    // Looked at first: opening a fifo would wait for ever.
    if (!(await fs.stat(options.path)).isFile()) return { damage: 'it is not a regular file' };
    text = (await fs.readFile(options.path)).toString('utf8');
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'ENOENT') return {};
    if (['EISDIR', 'ELOOP', 'EIO', 'ERR_FS_FILE_TOO_LARGE', 'ERR_STRING_TOO_LONG'].includes(code)) return { damage: errorText(error) };
    throw homeUnusable(options.path, "can't be read", error);
  }
  if (text.trim() === '') return { damage: 'it is empty' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { damage: `it is not JSON: ${errorText(error)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { damage: 'it is not an object' };
  const found = (value as { version?: unknown }).version;
  if (typeof found === 'number' && found > version)
    return { damage: `it was written by a newer release (version ${found}, known is ${version})` };
  if (found !== version) return { damage: `its version is ${JSON.stringify(found) ?? 'missing'}, known is ${version}` };
  try {
    return { value: options.parse(value) };
  } catch (error) {
    return { damage: `it has the wrong shape: ${errorText(error).slice(0, 500)}` };
  }
}

/** One JSON file, written atomically; its owner is its only writer. Reads and writes happen in the order of the calls. */
export function createDurableFile<T>(options: DurableFileOptions<T>): JsonFilePort<T> {
  const fs = options.fs ?? realFs;
  const format = options.format ?? ((value: T) => `${JSON.stringify(value, null, 2)}\n`);
  let last: Promise<unknown> = Promise.resolve();
  function inOrder<R>(act: () => Promise<R>): Promise<R> {
    const result = last.then(act);
    last = result.catch(() => {});
    return result;
  }
  async function write(data: Uint8Array): Promise<void> {
    try {
      try {
        await replaceFile(fs, options.path, data);
      } catch (error) {
        if (!isDiskFull(error) || !(await options.reserve?.giveUp())) throw error;
        await replaceFile(fs, options.path, data);
      }
    } catch (error) {
      throw homeUnusable(options.path, "can't be written", error);
    }
  }
  async function read(): Promise<T | undefined> {
    const { value, damage } = await load(fs, options);
    if (damage === undefined) return value;
    let movedTo: string;
    try {
      movedTo = await moveAside(fs, options.path, options.now.now().wallMs);
    } catch (error) {
      throw homeUnusable(options.path, `is damaged (${damage}) and can't be moved aside`, error);
    }
    options.onQuarantine(options.path, movedTo, damage);
    return undefined;
  }
  return {
    read: () => inOrder(read),
    // Formatted at the call: what is written is what the value was then.
    write: async (value) => {
      const data = Buffer.from(format(value));
      await inOrder(() => write(data));
    },
  };
}
