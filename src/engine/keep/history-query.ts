// Answers from history.db: graphs, day bars, uptime. What is rolled up is read from the roll-ups, the newest rest from the
// readings themselves, so that an answer never waits for the roller. Only reads.
import type { Overview, Series, SeriesPoint, Uptime } from '../../contract/history.ts';
import { isoTime } from '../../contract/time.ts';
import { addBucket, type Bucket, isEmpty, newBucket, SPAN, STATUS } from './history-bucket.ts';
import type { Wanted } from './history-bytes.ts';
import { chunkKey, chunkStart, DAY, HOUR, LEVELS, type Level, MINUTES_5, storedBuckets } from './history-chunks.ts';
import { type Day, dayOf, daysLater, dayText, lastDays } from './history-days.ts';
import { rawBuckets, spansOf } from './history-raw.ts';
import { floor5, type RollDeps, type StoredDay } from './history-rollup.ts';
import { p95Of } from './history-sketch.ts';
import type { ServiceRow } from './history-tables.ts';

export interface SeriesInput {
  readonly service: string;
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly points?: number | undefined;
  readonly metric?: 'value' | 'latency' | undefined;
}
type Metric = Series['metric'];

const DEFAULT_POINTS = 300;
const SPARK_PARTS = 48;
const SPARK_MS = 1_800_000;
const TENTHS = 10;
/** So many roll-ups are added up in some milliseconds; a longer stretch is answered by the next coarser ones. */
const MOST_FIVES = 10_000;
const MOST_HOURS = 4_000;

// ------------------------------------------------------------------- buckets of any width
/** Everything is one multiple of it. */
const ALL = 2 ** 50;
type Stretch = readonly [start: number, bucket: Bucket];

/** Those of one multiple of `stepMs` may come in two parts, where the readings begin. */
function* fiveMinutes(deps: RollDeps, service: ServiceRow, from: number, to: number, stepMs: number, wanted: Wanted): Generator<Stretch> {
  yield* storedBuckets(deps.tables, service.key, LEVELS['5m'], from, Math.min(to, service.rolled), stepMs, wanted);
  if (to > service.rolled) yield* rawBuckets(deps, service, Math.max(from, service.rolled), to, MINUTES_5);
}

/** From, to: full hours, or the present. The hour that is just passing is put together from its parts. */
function* hours(deps: RollDeps, service: ServiceRow, from: number, to: number, stepMs: number, wanted: Wanted): Generator<Stretch> {
  const rolled = Math.floor(service.rolled / HOUR) * HOUR;
  yield* storedBuckets(deps.tables, service.key, LEVELS['1h'], from, Math.min(to, rolled), stepMs, wanted);
  yield* fiveMinutes(deps, service, Math.max(from, rolled), to, stepMs, wanted);
}

function* days(deps: RollDeps, service: ServiceRow, from: number, to: number, wanted: Wanted): Generator<Stretch> {
  let end = from;
  for (const [start, dayEnd, bucket] of deps.days.buckets(service.key, from, to, wanted)) {
    if (dayEnd > service.rolled) break;
    end = dayEnd;
    yield [start, bucket];
  }
  for (let day = dayOf(Math.max(end, Math.min(to, service.rolled))); day.start < to; day = dayOf(day.end)) {
    const bucket = between(deps, service, Math.max(day.start, end), Math.min(day.end, to), wanted);
    if (!isEmpty(bucket)) yield [day.start, bucket];
  }
}

function* grouped(buckets: Iterable<Stretch>, stepMs: number): Generator<Stretch> {
  let group: [number, Bucket] | undefined;
  for (const [at, bucket] of buckets) {
    const start = Math.floor(at / stepMs) * stepMs;
    if (group && group[0] !== start) yield group;
    if (group?.[0] !== start) group = [start, newBucket()];
    addBucket((group as [number, Bucket])[1], bucket);
  }
  if (group) yield group;
}

/** Everything from `from` (to the five minutes) to `to`, by as few roll-ups as there are. */
function between(deps: RollDeps, service: ServiceRow, from: number, to: number, wanted: Wanted): Bucket {
  const sum = newBucket();
  const add = (stretches: Iterable<Stretch>): void => {
    for (const [, bucket] of stretches) addBucket(sum, bucket);
  };
  const [firstHour, lastHour] = [Math.ceil(from / HOUR) * HOUR, Math.floor(to / HOUR) * HOUR];
  if (firstHour >= lastHour) {
    add(fiveMinutes(deps, service, from, to, ALL, wanted));
    return sum;
  }
  add(fiveMinutes(deps, service, from, firstHour, ALL, wanted));
  add(hours(deps, service, firstHour, lastHour, ALL, wanted));
  add(fiveMinutes(deps, service, lastHour, to, ALL, wanted));
  return sum;
}

// ------------------------------------------------------------------- uptime
/** Share of the observed time, from `sinceMs` (Unix time, to the five minutes) until now. Stopped time counts as paused. */
export function uptime(deps: RollDeps, service: ServiceRow, sinceMs: number): Uptime {
  const now = deps.nowMs();
  const from = floor5(sinceMs + MINUTES_5 - 1);
  const whole = deps.days.sum(service.key, from, Math.min(now, service.rolled));
  const ms = [whole.up, whole.down, whole.unknown, whole.paused, whole.asleep];
  const add = (bucket: Bucket): void => {
    for (const [state, spent] of bucket.ms.entries()) ms[state] = (ms[state] ?? 0) + spent;
  };
  if (whole.start === null || whole.end === null) add(between(deps, service, Math.min(from, now), now, 'none'));
  else {
    add(between(deps, service, from, whole.start, 'none'));
    add(between(deps, service, whole.end, now, 'none'));
  }
  const [up = 0, down = 0, unknown = 0, paused = 0, asleep = 0] = ms.map((spent) => spent / 1_000);
  return {
    percent: up + down > 0 ? (100 * up) / (up + down) : null,
    observedSeconds: up + down,
    downSeconds: down,
    leftOutSeconds: { paused, unknown, asleep },
  };
}

// ------------------------------------------------------------------- graphs
/** At most `points` buckets that begin in [from, to]; buckets without a look and without downtime are left out. */
export function series(deps: RollDeps, service: ServiceRow, input: SeriesInput): Series {
  const from = Date.parse(input.from);
  const to = Math.max(from, Date.parse(input.to));
  const points = input.points ?? DEFAULT_POINTS;
  const metric: Metric = input.metric ?? (service.unit === null ? 'latency' : 'value');
  const head = {
    service: service.id,
    from: isoTime({ wallMs: from }),
    to: isoTime({ wallMs: to }),
    metric,
    unit: metric === 'latency' ? ('ms' as const) : (service.unit as Series['unit']),
    limit: null,
  };
  const end = Math.min(to + 1, deps.nowMs() + 1);
  const single = singleReadings(deps, service, from, end, points, metric);
  if (single) return { ...head, ...single };
  const { source, stepMs, start } = stepFor(deps, service, from, end, points);
  // The last bucket is as whole as the present allows, like the first.
  const inStep = stepMs / DAY;
  const last = source === '1d' ? daysLater(start, (placeOf(to, start, inStep) + 1) * inStep) : (Math.floor(to / stepMs) + 1) * stepMs;
  const until = Math.min(last, deps.nowMs() + 1);
  const found =
    source === '1d'
      ? groupedDays(days(deps, service, start, until, metric), start, inStep)
      : grouped((source === '1h' ? hours : fiveMinutes)(deps, service, start, until, stepMs, metric), stepMs);
  const told: SeriesPoint[] = [];
  for (const [at, bucket] of found) if (bucket.count > 0 || bucket.ms[SPAN.down] > 0) told.push(pointOf(at, bucket, metric));
  return { ...head, source, stepMs, points: told };
}

/** The readings themselves, where they still exist and are few enough. */
function singleReadings(deps: RollDeps, service: ServiceRow, from: number, to: number, points: number, metric: Metric) {
  const rows = deps.tables.readingsUpTo(service.key, from, to, points + 1);
  if (rows.length > points) return undefined;
  // Older readings may have left: then the roll-ups know more.
  const oldest = deps.tables.nextReading(service.key, 0);
  if (service.rolled > from && (oldest === undefined || oldest > from) && hasBefore(deps, service, from, oldest ?? to)) return undefined;
  const spans = spansOf(deps, service.key, from, to);
  const singles = rows.map(([at, status, latency, value], index): SeriesPoint => {
    const number = metric === 'latency' ? latency && latency / TENTHS : at < service.valueSince ? null : value;
    const next = rows[index + 1]?.[0] ?? to;
    let downMs = 0;
    for (const span of spans) {
      if (span.state === SPAN.down) downMs += Math.max(0, Math.min(span.to, next) - Math.max(span.from, at));
    }
    return {
      at: isoTime({ wallMs: at }),
      count: 1,
      min: number,
      mean: number,
      max: number,
      p95: number,
      failures: status === STATUS.error ? 1 : 0,
      unknowns: status === STATUS.unknown ? 1 : 0,
      secondsDown: downMs / 1_000,
    };
  });
  const gaps = rows.slice(1).map((row, index) => row[0] - (rows[index] as (typeof rows)[number])[0]);
  const stepMs = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  return { source: 'readings' as const, stepMs, points: singles };
}

function hasBefore(deps: RollDeps, service: ServiceRow, from: number, to: number): boolean {
  for (const level of [LEVELS['5m'], LEVELS['1h']]) {
    for (const _ of storedBuckets(deps.tables, service.key, level, from, Math.min(to, service.rolled))) return true;
  }
  return deps.days.since(service.key, dayOf(from).label).some((day) => day.start < Math.min(to, service.rolled));
}

/** The coarsest level that still gives as many points as are wanted, and how many of its buckets make one. */
function stepFor(deps: RollDeps, service: ServiceRow, from: number, to: number, points: number) {
  const wanted = (to - from) / points;
  // 25 hours: a day of two o'clocks is still one day.
  if (wanted > 25 * HOUR || to - from > MOST_HOURS * HOUR) {
    const first = dayOf(from).start;
    let count = Math.max(1, Math.ceil(wanted / DAY));
    while (placeOf(to - 1, first, count) >= points) count += 1;
    return { source: '1d' as const, stepMs: count * DAY, start: first };
  }
  const source = wanted >= HOUR || to - from > MOST_FIVES * MINUTES_5 || !reaches(deps, service, LEVELS['5m'], from) ? '1h' : '5m';
  const { bucketMs } = LEVELS[source];
  let stepMs = Math.max(1, Math.ceil(wanted / bucketMs)) * bucketMs;
  const start = (): number => Math.floor(from / stepMs) * stepMs;
  while (Math.ceil((to - start()) / stepMs) > points) stepMs += bucketMs;
  return { source, stepMs, start: start() } as const;
}

/** False when these buckets were given up for room, and the hours reach back further. */
function reaches(deps: RollDeps, service: ServiceRow, level: Level, from: number): boolean {
  const firstOf = (of: Level): number => {
    const key = deps.tables.firstChunk(chunkKey(service.key, of, 0), chunkKey(service.key, of, Number.MAX_SAFE_INTEGER));
    return key === undefined ? service.rolled : chunkStart(key, of);
  };
  return Math.max(firstOf(LEVELS['1h']), from) + LEVELS['1h'].chunkMs > firstOf(level);
}

/** Days are counted, not measured: one of 23 hours is one. */
function placeOf(atMs: number, firstMs: number, count: number): number {
  return Math.floor(Math.round((dayOf(atMs).start - firstMs) / DAY) / count);
}

function* groupedDays(found: Iterable<Stretch>, first: number, count: number): Generator<Stretch> {
  let group: [number, Bucket] | undefined;
  let place = -1;
  for (const [start, bucket] of found) {
    const at = placeOf(start, first, count);
    if (group && at !== place) yield group;
    if (at !== place) group = [daysLater(first, at * count), newBucket()];
    place = at;
    addBucket((group as [number, Bucket])[1], bucket);
  }
  if (group) yield group;
}

function pointOf(at: number, bucket: Bucket, metric: Metric): SeriesPoint {
  const tally = metric === 'latency' ? bucket.latency : bucket.value;
  const unit = metric === 'latency' ? TENTHS : 1;
  const isMeasured = tally.count > 0;
  return {
    at: isoTime({ wallMs: at }),
    count: bucket.count,
    min: isMeasured ? tally.min / unit : null,
    mean: isMeasured ? tally.sum / tally.count / unit : null,
    max: isMeasured ? tally.max / unit : null,
    p95: isMeasured ? (p95Of(tally) as number) / unit : null,
    failures: bucket.failures,
    unknowns: bucket.unknowns,
    secondsDown: bucket.ms[SPAN.down] / 1_000,
  };
}

// ------------------------------------------------------------------- overview
/** Day bars and a sparkline of one service. Parts of the sparkline end now, to the five minutes. */
export function overviewOf(deps: RollDeps, service: ServiceRow, count: number): Overview[number] {
  const now = deps.nowMs();
  const wanted = lastDays(now, count);
  const first = wanted[0] as Day;
  const stored = new Map(deps.days.since(service.key, first.label).map((day) => [day.day, day]));
  const bars = wanted.map((day) => {
    const known = stored.get(day.label);
    return known && known.end <= service.rolled ? barOf(day, known) : barOf(day, liveDay(deps, service, day, now));
  });
  const from = floor5(now) + MINUTES_5 - SPARK_PARTS * SPARK_MS;
  const spark: (number | null)[] = Array.from({ length: SPARK_PARTS }, () => null);
  const sparkFailures = spark.map(() => false);
  let group: { part: number; bucket: Bucket } | undefined;
  const close = (): void => {
    if (!group) return;
    const tally = service.unit === null ? group.bucket.latency : group.bucket.value;
    if (tally.count > 0) spark[group.part] = tally.sum / tally.count / (service.unit === null ? TENTHS : 1);
    sparkFailures[group.part] = group.bucket.failures > 0;
  };
  for (const [at, bucket] of fiveMinutes(deps, service, from, now + 1, MINUTES_5, service.unit === null ? 'latency' : 'value')) {
    const part = Math.min(SPARK_PARTS - 1, Math.floor((at - from) / SPARK_MS));
    if (group?.part !== part) {
      close();
      group = { part, bucket: newBucket() };
    }
    addBucket(group.bucket, bucket);
  }
  close();
  return { service: service.id, days: bars, spark, sparkFailures };
}

/** A day that is not rolled up yet. */
function liveDay(deps: RollDeps, service: ServiceRow, day: Day, now: number): Omit<StoredDay, 'day' | 'start' | 'end'> | undefined {
  // Long before the roller: its days that hold nothing have no row.
  if (day.end <= service.rolled) return undefined;
  const { failures, warnings, ms } = between(deps, service, day.start, Math.min(day.end, now), 'none');
  if (failures + ms[SPAN.up] + ms[SPAN.down] === 0) return undefined;
  const incidents = deps.days.incidentsIn(service.key, day.start, day.end);
  return { failures, warnings, incidents, up: ms[SPAN.up], down: ms[SPAN.down] };
}

function barOf(day: Day, known: Omit<StoredDay, 'day' | 'start' | 'end'> | undefined): Overview[number]['days'][number] {
  const text = dayText(day.label);
  if (!known) return { day: text, status: 'none', secondsDown: 0, failures: 0, incidents: 0 };
  const { failures, warnings, incidents, up, down } = known;
  const status = failures > 0 || down > 0 ? 'error' : warnings > 0 ? 'warning' : up > 0 ? 'ok' : 'none';
  return { day: text, status, secondsDown: down / 1_000, failures, incidents };
}
