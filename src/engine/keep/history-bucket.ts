// What is kept of a stretch of time once its single readings are gone: how often was looked, what was seen, how long the
// service was in which state. Buckets add up. Touches nothing; their bytes are history-bytes.ts.
import { addNumber, addTally, newTally, type Tally } from './history-sketch.ts';

/** Stored in the database: never renumber. */
export const STATUS = { ok: 0, warning: 1, error: 2, unknown: 3 } as const;
export const SPAN = { up: 0, down: 1, unknown: 2, paused: 3, asleep: 4, stopped: 5 } as const;
export type SpanState = (typeof SPAN)[keyof typeof SPAN];

export interface Bucket {
  count: number;
  failures: number;
  unknowns: number;
  warnings: number;
  /** Milliseconds up, down, unknown, paused (and stopped: both are the user's will), asleep. The rest: nobody was there to see. */
  readonly ms: [number, number, number, number, number];
  /** Tenths of a millisecond, whole numbers. */
  readonly latency: Tally;
  /** In the check's own unit, in the precision of 32 bits. */
  readonly value: Tally;
}
type Spent = 0 | 1 | 2 | 3 | 4;

export function newBucket(): Bucket {
  return { count: 0, failures: 0, unknowns: 0, warnings: 0, ms: [0, 0, 0, 0, 0], latency: newTally(), value: newTally() };
}

export function isEmpty({ count, ms }: Bucket): boolean {
  return count === 0 && ms[0] + ms[1] + ms[2] + ms[3] + ms[4] === 0;
}

export function addReading(bucket: Bucket, status: number, latency: number | null, value: number | null): void {
  bucket.count += 1;
  if (status === STATUS.error) bucket.failures += 1;
  else if (status === STATUS.unknown) bucket.unknowns += 1;
  else if (status === STATUS.warning) bucket.warnings += 1;
  if (latency !== null) addNumber(bucket.latency, latency);
  if (value !== null) addNumber(bucket.value, Math.fround(value) + 0); // a zero without its sign
}

export function addTime(bucket: Bucket, state: number, ms: number): void {
  bucket.ms[(state === SPAN.stopped ? SPAN.paused : state) as Spent] += ms;
}

export function addBucket(to: Bucket, from: Bucket): void {
  to.count += from.count;
  to.failures += from.failures;
  to.unknowns += from.unknowns;
  to.warnings += from.warnings;
  for (const state of [0, 1, 2, 3, 4] as const) to.ms[state] += from.ms[state];
  addTally(to.latency, from.latency);
  addTally(to.value, from.value);
}
