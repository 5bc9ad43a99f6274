// Turns readings into roll-ups, an hour of one service at a step: five minutes from the readings, the hour and the day from
// their five minutes. A step can be cut off and done again: what it writes depends on the readings alone. What is told
// late (the clock was set back, the machine had slept) sets the mark `rolled` back. Touches `chunk`, `day`, `service.rolled`.
import type { DatabaseSync } from 'node:sqlite';
import { addBucket, type Bucket, isEmpty, newBucket } from './history-bucket.ts';
import { decodeBucket, encodeBucket, type Wanted } from './history-bytes.ts';
import { clearBuckets, HOUR, LEVELS, MINUTES_5, replaceBuckets, storedBuckets } from './history-chunks.ts';
import { type Day, dayOf } from './history-days.ts';
import { type RawDeps, rawBuckets } from './history-raw.ts';
import type { ServiceRow, Tables } from './history-tables.ts';

/** A look that ended in the old five minutes may be told a moment later. */
const SLACK_MS = 5_000;

export interface StoredDay {
  readonly day: number;
  readonly start: number;
  readonly end: number;
  readonly failures: number;
  readonly warnings: number;
  readonly incidents: number;
  readonly up: number;
  readonly down: number;
}

export type DayTable = ReturnType<typeof prepareDays>;
export function prepareDays(db: DatabaseSync) {
  const put = db.prepare('INSERT OR REPLACE INTO day VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const drop = db.prepare('DELETE FROM day WHERE service = ? AND day = ?');
  const one = db.prepare('SELECT start, "end" FROM day WHERE service = ? AND day = ?');
  const endBefore = db.prepare('SELECT max("end") AS "end" FROM day WHERE service = ? AND day < ?');
  const since = db.prepare(
    'SELECT day, start, "end", failures, warnings, incidents, up, down FROM day WHERE service = ? AND day >= ? ORDER BY day',
  );
  const data = db.prepare('SELECT start, "end", data FROM day WHERE service = ? AND "end" > ? AND start < ? ORDER BY day');
  const sum = db.prepare(
    `SELECT min(start) AS start, max("end") AS "end", total(up) AS up, total(down) AS down, total(unknown) AS unknown,
      total(paused) AS paused, total(asleep) AS asleep FROM day WHERE service = ? AND start >= ? AND "end" <= ?`,
  );
  const incidents = db.prepare('SELECT count(*) AS n FROM incident WHERE service = ? AND started_at >= ? AND started_at < ?');
  const incidentsIn = (service: number, from: number, to: number): number =>
    (incidents.get(service, from, to) as unknown as { n: number }).n;
  return {
    incidentsIn,
    /** Where this day's row begins and ends: a journey to another time zone makes days longer or shorter, never doubled. */
    extent(service: number, day: Day): { start: number; end: number } {
      const known = one.get(service, day.label) as unknown as { start: number; end: number } | undefined;
      const before = (endBefore.get(service, day.label) as unknown as { end: number | null }).end;
      return {
        start: Math.max(before ?? 0, Math.min(known?.start ?? day.start, day.start)),
        end: Math.max(known?.end ?? day.end, day.end),
      };
    },
    put(service: number, label: number, start: number, end: number, bucket: Bucket): void {
      if (isEmpty(bucket)) {
        drop.run(service, label);
        return;
      }
      const counts = [bucket.failures, bucket.warnings, incidentsIn(service, start, end)];
      put.run(service, label, start, end, ...counts, ...bucket.ms, encodeBucket(bucket, end - start));
    },
    since: (service: number, label: number): StoredDay[] => since.all(service, label) as unknown as StoredDay[],
    *buckets(service: number, from: number, to: number, wanted: Wanted): Generator<readonly [start: number, end: number, bucket: Bucket]> {
      for (const row of data.iterate(service, from, to)) {
        const { start, end, data: bytes } = row as unknown as { start: number; end: number; data: Uint8Array };
        yield [start, end, decodeBucket(bytes, end - start, wanted)];
      }
    },
    /** Whole days within [from, to). */
    sum: (service: number, from: number, to: number) =>
      sum.get(service, from, to) as unknown as {
        start: number | null;
        end: number | null;
        up: number;
        down: number;
        unknown: number;
        paused: number;
        asleep: number;
      },
  };
}

export interface RollDeps extends RawDeps {
  readonly tables: Tables;
  readonly days: DayTable;
}

export const floor5 = (atMs: number): number => Math.floor(atMs / MINUTES_5) * MINUTES_5;

/** One step for one service. False when there is nothing more to do for now. Belongs into a transaction. */
export function rollStep(deps: RollDeps, service: ServiceRow): boolean {
  const { tables } = deps;
  const from = service.rolled;
  const until = floor5(deps.nowMs() - SLACK_MS);
  if (from >= until) return false;
  const today = dayOf(from);
  const skipTo = nextWorth(deps, service, from, until);
  let end = Math.min(nextFull(from, HOUR), today.end, until);
  if (skipTo > end) {
    // Nothing but the end of a begun hour or day is left to be written until then.
    if (from % HOUR === 0) end = Math.min(Math.floor(skipTo / HOUR) * HOUR, today.end);
    // There may have been more, before the mark was set back: a span that a crash has cut short, say.
    for (const level of [LEVELS['5m'], LEVELS['1h']]) clearBuckets(tables, service.key, level, from, end);
  } else replaceBuckets(tables, service.key, LEVELS['5m'], from, end, rawBuckets(deps, service, from, end, MINUTES_5));
  if (end % HOUR === 0) {
    const hour = sumOf(storedBuckets(tables, service.key, LEVELS['5m'], end - HOUR, end));
    replaceBuckets(tables, service.key, LEVELS['1h'], end - HOUR, end, new Map([[end - HOUR, hour]]));
  }
  if (end === today.end) sealDay(deps, service, today);
  service.rolled = end;
  tables.setRolled(service.key, end);
  return true;
}

function sealDay({ tables, days }: RollDeps, service: ServiceRow, day: Day): void {
  const { start, end } = days.extent(service.key, day);
  if (end > start) days.put(service.key, day.label, start, end, sumOf(storedBuckets(tables, service.key, LEVELS['5m'], start, end)));
}

/** The next instant, from `from` on, of which anything is known. */
function nextWorth({ tables, open }: RollDeps, { key }: ServiceRow, from: number, until: number): number {
  const stands = open.get(key);
  const known = [tables.nextReading(key, from), tables.nextSpan(key, from), stands && Math.max(stands.from, from)];
  return Math.min(until, ...known.filter((at) => at !== undefined));
}

/** The next multiple after `at`. */
function nextFull(at: number, stepMs: number): number {
  return (Math.floor(at / stepMs) + 1) * stepMs;
}

function sumOf(buckets: Iterable<readonly [number, Bucket]>): Bucket {
  const sum = newBucket();
  for (const [, bucket] of buckets) addBucket(sum, bucket);
  return sum;
}
