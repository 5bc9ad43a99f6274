// Roll-ups of five minutes and of an hour, many in one row: six hours, or a day (UTC), of one service. Reads and replaces
// stretches of them. Touches the table `chunk`.
import { type Bucket, isEmpty, newBucket } from './history-bucket.ts';
import { addChunk, decodeChunk, type Entry, encodeChunk, type Wanted } from './history-bytes.ts';
import type { Tables } from './history-tables.ts';

export const MINUTES_5 = 300_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export interface Level {
  readonly code: 0 | 1;
  readonly bucketMs: number;
  readonly chunkMs: number;
}
export const LEVELS = {
  '5m': { code: 0, bucketMs: MINUTES_5, chunkMs: 6 * HOUR },
  '1h': { code: 1, bucketMs: HOUR, chunkMs: DAY },
} as const satisfies Record<string, Level>;

/** Two levels (room for four), and places enough for six-hour chunks of 11,000 years: still a safe integer. */
const PLACES = 2 ** 24;
export function chunkKey(service: number, level: Level, atMs: number): number {
  const place = Math.min(PLACES - 1, Math.max(0, Math.floor(atMs / level.chunkMs)));
  return (service * 4 + level.code) * PLACES + place;
}
export function chunkStart(key: number, level: Level): number {
  return (key % PLACES) * level.chunkMs;
}

/** Buckets that begin in [from, to), oldest first; those of one multiple of `stepMs` together in one. */
export function* storedBuckets(
  tables: Pick<Tables, 'chunks'>,
  service: number,
  level: Level,
  from: number,
  to: number,
  stepMs: number = level.bucketMs,
  wanted: Wanted = 'all',
): Generator<readonly [start: number, bucket: Bucket]> {
  if (to <= from) return;
  let group: readonly [number, Bucket] | undefined;
  for (const [key, data] of tables.chunks(chunkKey(service, level, from), chunkKey(service, level, to - 1))) {
    const chunk = chunkStart(key, level);
    const done: (readonly [number, Bucket])[] = [];
    addChunk(data, level.bucketMs, wanted, (index) => {
      const start = chunk + index * level.bucketMs;
      if (start < from || start >= to) return undefined;
      const place = Math.floor(start / stepMs) * stepMs;
      if (group?.[0] === place) return group[1];
      if (group) done.push(group);
      group = [place, newBucket()];
      return group[1];
    });
    yield* done;
  }
  if (group) yield group;
}

/** Puts these buckets in the place of all that begin in [from, to); both lie in one chunk. */
export function replaceBuckets(
  tables: Pick<Tables, 'chunks' | 'putChunk'>,
  service: number,
  level: Level,
  from: number,
  to: number,
  buckets: ReadonlyMap<number, Bucket>,
): void {
  const key = chunkKey(service, level, from);
  const start = chunkStart(key, level);
  const [first, end] = [(from - start) / level.bucketMs, (to - start) / level.bucketMs];
  const [row] = tables.chunks(key, key);
  const before = row ? decodeChunk(row[1], level.bucketMs) : [];
  const fresh: Entry[] = [...buckets]
    .filter(([, bucket]) => !isEmpty(bucket))
    .map(([at, bucket]) => [(at - start) / level.bucketMs, bucket] as const);
  const entries = [...before.filter(([index]) => index < first || index >= end), ...fresh].sort((a, b) => a[0] - b[0]);
  if (entries.length > 0 || row) tables.putChunk(key, encodeChunk(entries, level.bucketMs));
}

/** Takes away all that begin in [from, to). */
export function clearBuckets(tables: Pick<Tables, 'chunks' | 'putChunk'>, service: number, level: Level, from: number, to: number): void {
  const keys = [...tables.chunks(chunkKey(service, level, from), chunkKey(service, level, to - 1))].map(([key]) => key);
  for (const key of keys) {
    const start = chunkStart(key, level);
    replaceBuckets(tables, service, level, Math.max(from, start), Math.min(to, start + level.chunkMs), new Map());
  }
}
