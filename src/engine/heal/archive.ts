// Packs a log into a gzip archive that is complete, read back and on the disk before anybody shrinks the log (R15).
// Streams, so that memory does not grow with the file. Touches the archive and its folder.
import type { BigIntStats } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32, createGunzip, createGzip } from 'node:zlib';
import { systemCode } from '../../contract/errors.ts';

const CHUNK_BYTES = 64 * 1_024;

export const NOT_AS_WRITTEN = 'the archive does not read back as it was written';

/** What went in, or came out. */
interface Tally {
  readonly bytes: number;
  readonly crc: number;
}

/** A new file; rejects with EEXIST when the name is taken. Readable by whom the log is readable. */
export async function createArchive(path: string, like: Pick<BigIntStats, 'mode' | 'uid' | 'gid'>): Promise<FileHandle> {
  const handle = await open(path, 'wx+', 0o600);
  // Only root may give a file away; for everybody else the archive is their own, as it should be.
  await handle.chown(Number(like.uid), Number(like.gid)).catch(() => undefined);
  await handle.chmod(Number(like.mode) & 0o666).catch(() => undefined);
  return handle;
}

/** Appends the bytes from `start` to `end` of `source` as one gzip member and reads it back. Returns how many there were:
 * fewer where the file ends early. */
export async function packChecked(
  source: FileHandle,
  start: number,
  end: number,
  archive: FileHandle,
  signal: AbortSignal,
): Promise<number> {
  const memberAt = (await archive.stat()).size;
  let tally: Tally = { bytes: 0, crc: 0 };
  const counted = async function* () {
    for await (const chunk of chunksOf(source, start, end)) {
      tally = tallied(tally, chunk);
      yield chunk;
    }
  };
  const write = async (packed: AsyncIterable<Buffer>) => {
    for await (const chunk of packed) await archive.appendFile(chunk);
  };
  await pipeline(counted, createGzip({ chunkSize: CHUNK_BYTES }), write, { signal });
  const back = await readBack(archive, signal, memberAt);
  if (back.bytes !== tally.bytes || back.crc !== tally.crc) throw new Error(NOT_AS_WRITTEN);
  return tally.bytes;
}

/** Reads an archive back, from the member that begins at `start`. Rejects when it is no valid gzip to its last byte. */
export async function readBack(archive: FileHandle, signal: AbortSignal, start = 0): Promise<Tally> {
  let tally: Tally = { bytes: 0, crc: 0 };
  await pipeline(
    () => chunksOf(archive, start, Number.POSITIVE_INFINITY),
    createGunzip({ chunkSize: CHUNK_BYTES }),
    async (plain: AsyncIterable<Buffer>) => {
      for await (const chunk of plain) tally = tallied(tally, chunk);
    },
    { signal },
  );
  return tally;
}

function tallied(before: Tally, chunk: Uint8Array): Tally {
  return { bytes: before.bytes + chunk.length, crc: crc32(chunk, before.crc) };
}

/** How the content of an archive stands to a file: the file begins with it (`prefix`); it does not (`differs`); the archive
 * was cut short, and the file begins with what is there (`cut-prefix`); nothing of it can be read (`unreadable`). */
export type Comparison = 'prefix' | 'differs' | 'cut-prefix' | 'unreadable';

export async function compare(archive: FileHandle, file: FileHandle, signal: AbortSignal): Promise<Comparison> {
  let at = 0;
  let differs = false;
  try {
    await pipeline(
      () => chunksOf(archive, 0, Number.POSITIVE_INFINITY),
      createGunzip({ chunkSize: CHUNK_BYTES }),
      async (plain: AsyncIterable<Buffer>) => {
        for await (const chunk of plain) {
          const same = Buffer.alloc(chunk.length);
          const got = await readFully(file, same, at);
          at += chunk.length;
          if (got === chunk.length && same.equals(chunk)) continue;
          differs = true;
          return;
        }
      },
      { signal },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    if (!differs) return at > 0 ? 'cut-prefix' : 'unreadable';
  }
  return differs ? 'differs' : 'prefix';
}

async function* chunksOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    // A buffer of its own for each chunk: the stream behind may still hold the last one.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readFully(file: FileHandle, into: Buffer, start: number): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const { bytesRead } = await file.read(into, got, into.length - got, start + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/** Gives the file its new name and never takes it from another: rejects with EEXIST. */
export async function renameNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST' || code === 'ENOENT') throw error;
    // A file system without hard links (exFAT): look, then rename.
    if (await lstat(to).catch(() => undefined)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    await rename(from, to);
    return;
  }
  await unlink(from);
}

/** Makes names in a folder durable: created, renamed, deleted. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
