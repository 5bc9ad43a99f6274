// One audit log file: lines wait in memory, are appended in order and in batches, and are never dropped while there is
// room for them (R17). A write that was cut goes on at the very byte; a file that somebody moved is opened anew.
// Touches only that file; it is handed to the archive when it is full.
import path from 'node:path';
import type { AuditLog } from '../../contract/audit.ts';
import type { HealthError } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { isoTime } from '../../contract/time.ts';
import type { Archive } from './audit-archive.ts';
import type { AuditLogsOptions } from './audit-log.ts';
import { type FsHandle, homeUnusable, isDiskFull, moveAside, realFs, syncFolder } from './durable-file.ts';
import { LineBuffer } from './line-buffer.ts';

const FILES: Record<AuditLog, string> = { health: HOME_FILES.healthLog, recovery: HOME_FILES.recoveryLog, alerts: HOME_FILES.alertsLog };
const SHARE_MS = 100;
const RETRY_MS = 1_000;
/** Lines kept while nothing can be written, and while the disk only answers late. Beyond that they are counted. */
const MAX_LINES_IN_TROUBLE = 10_000;
const MAX_LINES = 50_000;
const NEWLINE = 0x0a;

/** What can be wrong with a log at the same time; it is well again when nothing is left. */
export type Trouble = 'write' | 'rotate' | 'archive';
export type Tell = (log: AuditLog, what: Trouble, trouble: HealthError | undefined) => void;

export interface LogWriter {
  /** Where the next line is to be put, whole and with its end, in this very turn; undefined: there is no room, and it is counted as lost. */
  next(wallMs: number): LineBuffer | undefined;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** The file name of a log, for writer and reader. */
export function auditFileName(log: AuditLog): string {
  return FILES[log];
}

/** Nothing is opened before the first flush or write. */
export function createLogWriter(log: AuditLog, options: AuditLogsOptions, archive: Archive, tell: Tell): LogWriter {
  const { home, timers, clock, maxBytes = 10_000_000 } = options;
  const fs = options.fs ?? realFs;
  const reserve = log === 'health' ? undefined : options.reserve;
  const file = path.join(home, auditFileName(log));

  const waiting = new LineBuffer();
  let lines = 0;
  let lost = 0;
  let lostFromMs = 0;
  /** The batch that is being written, and how much of it is in the file. */
  let batch: Buffer<ArrayBuffer> | undefined;
  let written = 0;

  let handle: FsHandle | undefined;
  let identity = '';
  let size = 0;
  let rotateAt = maxBytes;
  /** Latest time of a line in the live file: the archive is named by it. */
  let newestMs = 0;
  let newestWaitingMs = 0;
  let isSynced = true;
  let inTrouble = false;
  let cancelTimer: (() => void) | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function inOrder(act: () => Promise<void>): Promise<void> {
    const result = last.then(act);
    last = result.catch(() => {});
    return result;
  }

  function next(wallMs: number): LineBuffer | undefined {
    if (lines >= (inTrouble ? MAX_LINES_IN_TROUBLE : MAX_LINES)) {
      if (lost === 0) lostFromMs = wallMs;
      lost += 1;
      return undefined;
    }
    if (wallMs > newestWaitingMs) newestWaitingMs = wallMs;
    lines += 1;
    schedule();
    return waiting;
  }

  function schedule(): void {
    if (cancelTimer !== undefined) return;
    const run = () => {
      cancelTimer = undefined;
      inOrder(drain).catch(() => {});
    };
    if (inTrouble) cancelTimer = timers.after(RETRY_MS, run);
    else if (log === 'health') cancelTimer = timers.after(SHARE_MS, run);
    else {
      // At once, but together with what the same turn of the event loop still writes.
      const immediate = setImmediate(run);
      cancelTimer = () => clearImmediate(immediate);
    }
  }

  function nextBatch(): Buffer<ArrayBuffer> | undefined {
    if (batch !== undefined) waiting.giveBack(batch);
    if (lines === 0 && lost === 0) return undefined;
    if (lost > 0) {
      // They were lost after all that is still kept, so this line stands at their place.
      const at = isoTime(clock.now());
      waiting.text(`${JSON.stringify({ at, event: 'lines-lost', count: lost, from: isoTime({ wallMs: lostFromMs }), to: at })}\n`);
      lost = 0;
    }
    lines = 0;
    newestMs = Math.max(newestMs, newestWaitingMs);
    newestWaitingMs = 0;
    written = 0;
    return waiting.take();
  }

  async function drain(): Promise<void> {
    try {
      await orWithReserve(openLive);
      for (batch ??= nextBatch(); batch !== undefined; batch = nextBatch()) {
        await orWithReserve(writeBatch);
        if (size >= rotateAt) await rotate();
      }
    } catch (error) {
      const trouble = homeUnusable(file, "can't be written", error);
      inTrouble = true;
      tell(log, 'write', trouble);
      schedule();
      throw trouble;
    }
    if (!inTrouble) return;
    inTrouble = false;
    cancelTimer?.();
    cancelTimer = undefined;
    tell(log, 'write', undefined);
  }

  async function orWithReserve<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (reserve === undefined || !isDiskFull(error) || !(await reserve.giveUp())) throw error;
      return act();
    }
  }

  /** On an error the file stays open: a line that was cut is continued at the very byte. */
  async function writeBatch(): Promise<void> {
    while (batch !== undefined && written < batch.length) {
      const live = handle ?? (await openLive());
      const rest = batch.subarray(written);
      let bytes = 0;
      try {
        bytes = (await live.write(rest, 0, rest.length, null)).bytesWritten;
      } catch (error) {
        bytes = await arrivedBytes(live, rest);
        throw error;
      } finally {
        written += bytes;
        size += bytes;
        if (bytes > 0) isSynced = false;
      }
    }
  }

  /** How much of a write that failed is in the file nevertheless: an error does not say. */
  async function arrivedBytes(live: FsHandle, rest: Buffer): Promise<number> {
    try {
      const bytes = (await live.stat()).size - size;
      if (bytes <= 0 || bytes > rest.length) return 0;
      const end = Buffer.alloc(bytes);
      const { bytesRead } = await live.read(end, 0, bytes, size);
      return bytesRead === bytes && end.equals(rest.subarray(0, bytes)) ? bytes : 0;
    } catch {
      return 0;
    }
  }

  /** The live file, opened anew when somebody moved or removed it: lines go where a reader looks for them. */
  async function openLive(): Promise<FsHandle> {
    const found = await fs.stat(file).catch(() => undefined);
    if (handle !== undefined) {
      if (found !== undefined && `${found.dev}:${found.ino}` === identity) return handle;
      await shut();
    }
    if (found !== undefined && !found.isFile()) {
      const movedTo = await moveAside(fs, file, clock.now().wallMs);
      options.onQuarantine?.(file, movedTo, 'it is not a regular file');
    }
    const opened = await fs.open(file, 'a+', 0o600);
    try {
      const stat = await opened.stat();
      size = stat.size;
      identity = `${stat.dev}:${stat.ino}`;
      newestMs = Math.max(newestMs, size > 0 ? stat.mtimeMs : 0);
      // A crash in mid-write tore the last line: it is closed, so that the next one can be read.
      if (size > 0 && !(await endsWithNewline(opened))) {
        size += (await opened.write(Buffer.from('\n'), 0, 1, null)).bytesWritten;
        isSynced = false;
      }
      if (found === undefined) await syncFolder(fs, home);
    } catch (error) {
      await opened.close().catch(() => {});
      throw error;
    }
    // What of the batch was cut in the middle of a line is in another file: that line is written whole again.
    if (batch !== undefined && written > 0) written = batch.lastIndexOf(NEWLINE, written - 1) + 1;
    rotateAt = maxBytes;
    handle = opened;
    return handle;
  }

  async function endsWithNewline(opened: FsHandle): Promise<boolean> {
    const end = Buffer.alloc(1);
    await opened.read(end, 0, 1, size - 1);
    return end[0] === NEWLINE;
  }

  async function shut(): Promise<void> {
    const open = handle;
    handle = undefined;
    if (open === undefined) return;
    if (!isSynced) await open.datasync().catch(() => {});
    await open.close().catch(() => {});
  }

  async function rotate(): Promise<void> {
    try {
      await sync();
      await archive.take(log, file, newestMs);
      newestMs = 0;
      await shut();
      tell(log, 'rotate', undefined);
    } catch (error) {
      // The log only grows on: told, and tried again when it has grown by as much again.
      rotateAt = size + maxBytes;
      tell(log, 'rotate', homeUnusable(file, "can't be rotated", error));
    }
  }

  async function sync(): Promise<void> {
    if (isSynced || handle === undefined) return;
    isSynced = true;
    try {
      await handle.datasync();
    } catch (error) {
      isSynced = false;
      throw homeUnusable(file, "can't be made durable", error);
    }
  }

  function flush(): Promise<void> {
    return inOrder(async () => {
      await drain();
      await sync();
    });
  }

  return {
    next,
    flush,
    async close() {
      try {
        await flush();
      } finally {
        cancelTimer?.();
        await inOrder(shut);
      }
    },
  };
}
