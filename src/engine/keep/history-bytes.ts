// Buckets as bytes. A chunk is a row of buckets of one service, most of them one quiet look: those take some eight bytes,
// so that a year of five-minute buckets fits. Touches nothing. The format is stored: a change needs a migration.
import { type Bucket, newBucket } from './history-bucket.ts';
import { addNumber, addSums, type Tally } from './history-sketch.ts';

/** Index of a bucket in its chunk, and the bucket. Oldest first. */
export type Entry = readonly [index: number, bucket: Bucket];

// The head of an entry: how many places are skipped, and which of the short forms it has.
const QUIET = 1; // one look that was ok, and well all the time
const WITH_VALUE = 2;
// The mask of a bucket.
const HAS = { failures: 1, unknowns: 2, warnings: 4, upAllTheTime: 8, latency: 16, value: 32 } as const;

export function encodeChunk(entries: readonly Entry[], bucketMs: number): Uint8Array {
  const out = new Writer();
  let next = 0;
  for (const [index, bucket] of entries) {
    const isQuiet = isQuietLook(bucket, bucketMs);
    const hasValue = bucket.value.count > 0;
    out.varint((index - next) * 4 + (isQuiet ? QUIET : 0) + (hasValue ? WITH_VALUE : 0));
    next = index + 1;
    if (isQuiet) {
      out.varint(bucket.latency.min);
      if (hasValue) out.float32(bucket.value.min);
    } else writeBucket(out, bucket, bucketMs);
  }
  return out.bytes();
}

/** Which numbers are asked for: a graph needs one kind, uptime needs none, and adding them up is what costs. */
export type Wanted = 'all' | 'latency' | 'value' | 'none';

/** Adds what the chunk holds to the bucket that `into` names for each place; undefined: that place is not asked for. */
export function addChunk(bytes: Uint8Array, bucketMs: number, wanted: Wanted, into: (index: number) => Bucket | undefined): void {
  const [isLatency, isValue] = [wanted === 'all' || wanted === 'latency', wanted === 'all' || wanted === 'value'];

  const from = new Reader(bytes);
  let next = 0;
  while (!from.isAtEnd()) {
    const head = from.varint();
    const index = next + Math.floor(head / 4);
    next = index + 1;
    const bucket = into(index) ?? newBucket();
    const [latency, value] = [isLatency ? bucket.latency : undefined, isValue ? bucket.value : undefined];
    if (!(head & QUIET)) {
      readBucket(from, bucket, latency, value, bucketMs);
      continue;
    }
    bucket.count += 1;
    bucket.ms[0] += bucketMs;
    addOne(latency, from.varint());
    if (head & WITH_VALUE) addOne(value, from.float32());
  }
}

export function decodeChunk(bytes: Uint8Array, bucketMs: number): Entry[] {
  const entries: Entry[] = [];
  addChunk(bytes, bucketMs, 'all', (index) => {
    const bucket = newBucket();
    entries.push([index, bucket]);
    return bucket;
  });
  return entries;
}

/** One bucket alone, as a day is stored. */
export function encodeBucket(bucket: Bucket, bucketMs: number): Uint8Array {
  return encodeChunk([[0, bucket]], bucketMs);
}
export function decodeBucket(bytes: Uint8Array, bucketMs: number, wanted: Wanted): Bucket {
  const bucket = newBucket();
  addChunk(bytes, bucketMs, wanted, () => bucket);
  return bucket;
}

function isQuietLook({ count, failures, unknowns, warnings, ms, latency, value }: Bucket, bucketMs: number): boolean {
  return count === 1 && failures + unknowns + warnings === 0 && ms[0] === bucketMs && latency.count === 1 && value.count <= 1;
}

function writeBucket(out: Writer, bucket: Bucket, bucketMs: number): void {
  const { count, failures, unknowns, warnings, ms, latency, value } = bucket;
  const isUp = ms[0] === bucketMs && ms[1] + ms[2] + ms[3] + ms[4] === 0;
  out.varint(
    (failures && HAS.failures) |
      (unknowns && HAS.unknowns) |
      (warnings && HAS.warnings) |
      (isUp ? HAS.upAllTheTime : 0) |
      (latency.count && HAS.latency) |
      (value.count && HAS.value),
  );
  out.varint(count);
  for (const some of [failures, unknowns, warnings]) if (some) out.varint(some);
  if (!isUp) {
    out.varint(ms.reduce((mask, spent, state) => mask | (spent > 0 ? 1 << state : 0), 0));
    for (const spent of ms) if (spent > 0) out.varint(spent);
  }
  if (latency.count) {
    out.varint(latency.count);
    out.varint(latency.min);
    if (latency.count > 1) {
      out.varint(latency.max - latency.min);
      out.varint(latency.sum);
      writeBins(out, latency);
    }
  }
  if (value.count) {
    out.varint(value.count);
    out.float32(value.min);
    if (value.count > 1) {
      out.float32(value.max);
      out.float64(value.sum);
      writeBins(out, value);
    }
  }
}

function readBucket(from: Reader, bucket: Bucket, latency: Tally | undefined, value: Tally | undefined, bucketMs: number): void {
  const mask = from.varint();
  bucket.count += from.varint();
  if (mask & HAS.failures) bucket.failures += from.varint();
  if (mask & HAS.unknowns) bucket.unknowns += from.varint();
  if (mask & HAS.warnings) bucket.warnings += from.varint();
  if (mask & HAS.upAllTheTime) bucket.ms[0] += bucketMs;
  else {
    const states = from.varint();
    for (const state of [0, 1, 2, 3, 4] as const) if (states & (1 << state)) bucket.ms[state] += from.varint();
  }
  if (mask & HAS.latency) {
    const count = from.varint();
    const min = from.varint();
    if (count === 1) addOne(latency, min);
    else addMany(from, latency, count, min, min + from.varint(), from.varint());
  }
  if (mask & HAS.value) {
    const count = from.varint();
    const min = from.float32();
    if (count === 1) addOne(value, min);
    else addMany(from, value, count, min, from.float32(), from.float64());
  }
}

function addOne(tally: Tally | undefined, value: number): void {
  if (tally) addNumber(tally, value);
}
function addMany(from: Reader, tally: Tally | undefined, count: number, min: number, max: number, sum: number): void {
  if (tally) addSums(tally, count, min, max, sum);
  readBins(from, tally?.bins);
}

function writeBins(out: Writer, { bins }: Tally): void {
  const keys = [...bins.keys()].sort((a, b) => a - b);
  out.varint(keys.length);
  let last: number | undefined;
  for (const key of keys) {
    // The first one is stored with its sign folded in.
    out.varint(last === undefined ? (key < 0 ? -2 * key - 1 : 2 * key) : key - last);
    out.varint(bins.get(key) ?? 0);
    last = key;
  }
}
function readBins(from: Reader, bins: Tally['bins'] | undefined): void {
  let last: number | undefined;
  for (let left = from.varint(); left > 0; left -= 1) {
    const step = from.varint();
    const key: number = last === undefined ? (step % 2 ? -(step + 1) / 2 : step / 2) : last + step;
    const count = from.varint();
    bins?.set(key, (bins.get(key) ?? 0) + count);
    last = key;
  }
}

/** Written over by every chunk: nothing is written while another is. */
let scratch = new DataView(new ArrayBuffer(4_096));

/** Numbers from 0 to 2^53 in seven bits a byte; the last byte has the high bit clear. */
class Writer {
  #view = scratch;
  #at = 0;
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#view.byteLength) return;
    const larger = new Uint8Array(this.#view.byteLength * 2);
    larger.set(new Uint8Array(this.#view.buffer, 0, this.#at));
    this.#view = new DataView(larger.buffer);
    scratch = this.#view;
  }
  varint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 128) {
      this.#view.setUint8(this.#at++, (rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#view.setUint8(this.#at++, rest);
  }
  float32(value: number): void {
    this.#room(4);
    this.#view.setFloat32(this.#at, value);
    this.#at += 4;
  }
  float64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }
  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer.slice(0, this.#at));
  }
}

/** Reads past the end throw: a RangeError says that the bytes are damaged. */
class Reader {
  readonly #bytes: Uint8Array;
  #floats: DataView | undefined;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the bytes end too early');
      if (byte < 128) return value + byte * factor;
      value += (byte - 128) * factor;
    }
  }
  #view(): DataView {
    this.#floats ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#floats;
  }
  float32(): number {
    this.#at += 4;
    return this.#view().getFloat32(this.#at - 4);
  }
  float64(): number {
    this.#at += 8;
    return this.#view().getFloat64(this.#at - 8);
  }
}
