// Reads the audit trail back, archives and live files as one stream in the order of time. Works beside a running engine,
// steps over torn lines and broken archives, and holds one line of each log in memory. Only reads.
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { AuditLog } from '../../contract/audit.ts';
import { errorText, HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { type ArchivedLog, listArchives } from './audit-archive.ts';
import { auditFileName } from './audit-writer.ts';
import { homeUnusable } from './durable-file.ts';

export interface AuditQuery {
  readonly home: string;
  readonly logs: readonly AuditLog[];
  readonly service?: string | undefined;
  /** Unix time, both ends included. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Told of each file when it has been read, in the order of each log. */
  readonly onFile?: ((read: FileRead) => void) | undefined;
}
/** What a file of a log had, and what of it could not be read. Unix times of its lines. */
export interface FileRead {
  readonly log: AuditLog;
  /** As seen from the home. */
  readonly file: string;
  /** Oldest and newest line; undefined: it has none that can be read. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Lines that are none, and the whole lines around the first and the last of these. */
  readonly damaged: { readonly lines: number; readonly afterMs: number | undefined; readonly beforeMs: number | undefined } | undefined;
  /** An archive that ends before its end: why, and until when it would have told. */
  readonly broken: { readonly why: string; readonly untilMs: number } | undefined;
}
export interface AuditLine {
  readonly log: AuditLog;
  readonly line: Record<string, unknown>;
}

const NEWLINE = 0x0a;
/** Longer than any line of ours; a file without newlines must not fill the memory. */
const MAX_LINE_BYTES = 16_000_000;
/** The clock may jump back in a file (R9): this far beyond the period is still read on. */
const JUMP_MS = 86_400_000;

/** Lines of the logs, oldest first; within one log in the order they were written. Rejects `home-unusable` when a log is there and can't be read. */
export async function* readAudit(query: AuditQuery): AsyncGenerator<AuditLine> {
  const sources = [...new Set(query.logs)].map((log) => ({ log, lines: linesOf(query, log) }));
  try {
    const heads = await Promise.all(
      sources.map(async ({ log, lines }) => ({ log, lines, head: (await lines.next()).value as Timed | undefined })),
    );
    for (;;) {
      let first: (typeof heads)[number] | undefined;
      for (const source of heads) {
        if (source.head !== undefined && (first?.head === undefined || source.head.atMs < first.head.atMs)) first = source;
      }
      if (first?.head === undefined) return;
      yield { log: first.log, line: first.head.line };
      first.head = (await first.lines.next()).value as Timed | undefined;
    }
  } finally {
    await Promise.allSettled(sources.map(({ lines }) => lines.return(undefined)));
  }
}

interface Timed {
  readonly atMs: number;
  readonly line: Record<string, unknown>;
}

async function* linesOf(
  { home, service, fromMs = -Infinity, toMs = Infinity, onFile }: AuditQuery,
  log: AuditLog,
): AsyncGenerator<Timed, undefined> {
  const { archives, live } = await openSources(home, log);
  let lastMs = 0;
  let tally = newTally();
  function* wanted(text: string): Generator<Timed> {
    const line = parseLine(text);
    if (line === undefined) {
      if (text.trim() !== '') noteDamage(tally);
      return;
    }
    const { at, service: of } = line;
    const atMs = typeof at === 'string' ? Date.parse(at) : Number.NaN;
    // A line without a time belongs to the one before.
    if (!Number.isNaN(atMs)) {
      lastMs = atMs;
      noteTime(tally, atMs);
    }
    if (lastMs < fromMs || lastMs > toMs) return;
    if (service === undefined || of === service) yield { atMs: lastMs, line };
  }
  /** A file that begins well after the period has nothing of it. */
  async function* within(file: string, bytes: AsyncIterable<Buffer>, whyBroken: () => FileRead['broken']): AsyncGenerator<Timed> {
    lastMs = 0;
    tally = newTally();
    for await (const text of textLines(bytes)) {
      yield* wanted(text);
      if (lastMs > toMs + JUMP_MS) break;
    }
    const { firstMs, newestMs, damaged } = tally;
    onFile?.({ log, file, firstMs, lastMs: newestMs, damaged, broken: whyBroken() });
  }
  try {
    for (const archived of archives) {
      if (archived.newestMs < fromMs) continue;
      let why: string | undefined;
      const bytes = openArchived(home, archived, (found) => {
        why = found;
      });
      const broken = () => (why === undefined ? undefined : { why, untilMs: archived.newestMs });
      yield* within(path.posix.join(HOME_FILES.archive, archived.name), bytes, broken);
    }
    if (live !== undefined) yield* within(auditFileName(log), live.createReadStream({ autoClose: false }), () => undefined);
  } finally {
    await live?.close();
  }
  return undefined;
}

interface Tally {
  firstMs: number | undefined;
  newestMs: number | undefined;
  damaged: { lines: number; afterMs: number | undefined; beforeMs: number | undefined } | undefined;
}
const newTally = (): Tally => ({ firstMs: undefined, newestMs: undefined, damaged: undefined });
function noteTime(tally: Tally, atMs: number): void {
  tally.firstMs ??= atMs;
  if (tally.newestMs === undefined || atMs > tally.newestMs) tally.newestMs = atMs;
  if (tally.damaged) tally.damaged.beforeMs ??= atMs;
}
function noteDamage(tally: Tally): void {
  tally.damaged ??= { lines: 0, afterMs: tally.newestMs, beforeMs: undefined };
  tally.damaged.lines += 1;
  tally.damaged.beforeMs = undefined;
}

/** The archives and the live file as they belong together. The engine may rotate in between: then once more. */
async function openSources(home: string, log: AuditLog) {
  const folder = path.join(home, HOME_FILES.archive);
  const file = path.join(home, auditFileName(log));
  const list = async () => listArchives(await orAbsent(folder, readdir(folder), []), log);
  for (;;) {
    const archives = await list();
    const live = await orAbsent(file, openRegular(file), undefined);
    const after = await list();
    if (stems(archives) === stems(after)) return { archives: withoutTwins(after), live };
    await live?.close();
  }
}

const stem = ({ name }: ArchivedLog) => name.replace(/\.gz$/, '');
const stems = (archives: readonly ArchivedLog[]) => archives.map(stem).join();
const withoutTwins = (archives: readonly ArchivedLog[]) =>
  archives.filter((archived, at) => at === 0 || stem(archives[at - 1] as ArchivedLog) !== stem(archived));

/** A pipe would be waited for until somebody writes into it. The engine moves what is no file aside; a reader says so. */
async function openRegular(file: string): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new HealthError('home-unusable', `${file} is not a file`, { hint: 'Move it away; the engine does so at its next start.' });
}

async function orAbsent<T, A>(file: string, found: Promise<T>, absent: A): Promise<T | A> {
  try {
    return await found;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return absent;
    throw homeUnusable(file, "can't be read", error);
  }
}

/** The bytes of an archive; one that has just been compressed is read compressed, one that is gone or broken ends early, and says why. */
async function* openArchived(home: string, archived: ArchivedLog, onBroken: (why: string) => void): AsyncGenerator<Buffer> {
  const file = path.join(home, HOME_FILES.archive, archived.name);
  let hasBegun = false;
  try {
    const handle = await openRegular(file);
    for await (const chunk of bytesOf(handle, archived.isCompressed)) {
      hasBegun = true;
      yield chunk;
    }
    // No archive is made of nothing; a gzip of no bytes at all is no error to zlib.
    if (!hasBegun) onBroken('it is empty');
  } catch (error) {
    if (hasBegun || archived.isCompressed || systemCode(error) !== 'ENOENT') onBroken(errorText(error));
    else yield* openArchived(home, { ...archived, name: `${archived.name}.gz`, isCompressed: true }, onBroken);
  }
}

/** Closes the file at its end. */
function bytesOf(handle: FileHandle, isCompressed: boolean): Readable {
  const raw = handle.createReadStream();
  if (!isCompressed) return raw;
  const plain = createGunzip();
  raw.on('error', (error) => plain.destroy(error));
  plain.on('close', () => raw.destroy());
  return raw.pipe(plain);
}

/** Split by hand: `readline` also breaks at U+2028, which JSON leaves as it is inside a text. */
async function* textLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
      rest = [];
      restBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length && restBytes <= MAX_LINE_BYTES) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8');
}

/** undefined: it is torn, or none of ours. */
export function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
