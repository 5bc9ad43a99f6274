// Searches what was appended to files since the previous look; the first look starts at their ends. Remembers by file
// (dev:ino), not by name: a rotated file keeps its place, its successor is read from the start. Opens files to read only.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { HOME_FILES } from '../../contract/home.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import type { FoundFile } from './glob.ts';
import { LineSearch, type Matcher, matcherOf } from './log-lines.ts';
import { troubleOf } from './system-error.ts';

/** In one look the newest 16 MiB of a file's new text are searched, and 64 MiB of all files together. */
const FILE_CAP = 16 * 1024 * 1024;
const LOOK_CAP = 64 * 1024 * 1024;
const CHUNK = 64 * 1024;
/** So much of what was already read is compared, to know a file that was emptied and has grown again. */
const TAIL = 64;

export interface Search {
  readonly first: { readonly path: string; readonly line: string } | undefined;
  readonly count: number;
  readonly skippedBytes: number;
  readonly troubles: readonly { readonly path: string; readonly error: unknown }[];
}

interface Place {
  readonly offset: number;
  /** The last bytes before `offset`. */
  readonly tail: Buffer;
  /** A line that had no end yet, and was not found to match. */
  readonly openLine: Buffer;
}
interface Memory {
  readonly pattern: string;
  readonly places: Map<string, Place>;
  /** The previous look saw everything: a file that it did not know is new, and all of it counts. */
  readonly isComplete: boolean;
}
const NOTHING = Buffer.alloc(0);
const NOTHING_READ: Place = { offset: 0, tail: NOTHING, openLine: NOTHING };
const KEY = 'log-search';

/** `isComplete`: these are all files of the check. Once the signal has aborted nothing is remembered: the next look reads it again. */
export async function searchAppended(
  files: readonly FoundFile[],
  pattern: string,
  isComplete: boolean,
  ctx: Pick<ProbeContext, 'memory' | 'signal'>,
  caps: { readonly file: number; readonly look: number } = { file: FILE_CAP, look: LOOK_CAP },
): Promise<Search> {
  const kept = ctx.memory.get(KEY) as Memory | undefined;
  const before = kept?.pattern === pattern ? kept : undefined;
  const matcher = matcherOf(pattern);
  const places = new Map<string, Place>(isComplete ? [] : before?.places);
  const troubles: { path: string; error: unknown }[] = [];
  let first: Search['first'];
  let count = 0;
  let skippedBytes = 0;
  let left = caps.look;
  for (const file of files) {
    if (ctx.signal.aborted) break;
    // To close a handle of it would free this engine's own lock on its home (keep/ownership.ts).
    if (path.basename(file.path) === HOME_FILES.lock) continue;
    const known = before?.places.get(file.id);
    const start = known ?? (before?.isComplete ? NOTHING_READ : undefined);
    try {
      const result = await searchFile(file.path, start, matcher, Math.min(caps.file, left), ctx.signal);
      places.set(file.id, result.place);
      left -= result.searchedBytes;
      skippedBytes += result.skippedBytes;
      count += result.count;
      if (!first && result.line !== undefined) first = { path: file.path, line: result.line };
    } catch (error) {
      if (known) places.set(file.id, known);
      if (troubleOf(error)?.reason !== 'not-found') troubles.push({ path: file.path, error });
    }
  }
  if (!ctx.signal.aborted) ctx.memory.set(KEY, { pattern, places, isComplete: isComplete && troubles.length === 0 } satisfies Memory);
  return { first, count, skippedBytes, troubles };
}

interface FileSearch {
  readonly place: Place;
  readonly line: string | undefined;
  readonly count: number;
  readonly searchedBytes: number;
  readonly skippedBytes: number;
}

/** Without a `start` nothing is searched, only the end is remembered. */
async function searchFile(path: string, start: Place | undefined, matcher: Matcher, cap: number, signal: AbortSignal): Promise<FileSearch> {
  // O_NONBLOCK: should a pipe have taken the file's name since, opening it must not wait for a writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    if (!start) {
      const place = { offset: size, tail: await tailAt(handle, size), openLine: NOTHING };
      return { place, line: undefined, count: 0, searchedBytes: 0, skippedBytes: 0 };
    }
    const from = (await isSameText(handle, start, size)) ? start : NOTHING_READ;
    const skippedBytes = Math.max(0, size - from.offset - cap);
    const lines = new LineSearch(matcher, skippedBytes > 0 ? NOTHING : from.openLine);
    const begin = from.offset + skippedBytes;
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size - begin)));
    let offset = begin;
    while (offset < size && !signal.aborted) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - offset), offset);
      if (bytesRead === 0) break;
      lines.add(buffer.subarray(0, bytesRead));
      offset += bytesRead;
    }
    // A line that did not grow since the last look has its end, newline or not.
    lines.endChunk(offset === from.offset);
    const place = { offset, tail: await tailAt(handle, offset), openLine: lines.openLine };
    return { place, line: lines.first, count: lines.count, searchedBytes: offset - begin, skippedBytes };
  } finally {
    await handle.close();
  }
}

async function isSameText(handle: FileHandle, { offset, tail }: Place, size: number): Promise<boolean> {
  if (size < offset) return false;
  return tail.equals(await bytesBefore(handle, offset, tail.length));
}

function tailAt(handle: FileHandle, offset: number): Promise<Buffer> {
  return bytesBefore(handle, offset, Math.min(TAIL, offset));
}

async function bytesBefore(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (length === 0) return NOTHING;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset - length);
  return buffer.subarray(0, bytesRead);
}
