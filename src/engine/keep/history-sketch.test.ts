// Tallies against sorted lists: sums are sums, and p95 is as near as it claims to be.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addReading, addTime, type Bucket, newBucket, SPAN } from './history-bucket.ts';
import { decodeChunk, type Entry, encodeChunk } from './history-bytes.ts';
import { addNumber, addTally, newTally, p95Of } from './history-sketch.ts';

const number = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.double({ min: 1e-6, max: 1e13, noNaN: true }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constant(0),
);
const nearestRank = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] as number;
};
const tallyOf = (values: readonly number[]) => {
  const tally = newTally();
  for (const value of values) addNumber(tally, value);
  return tally;
};

test('p95 is within two percent of the nearest-rank one, and exact below twenty numbers', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 400 }), (values) => {
      const told = p95Of(tallyOf(values)) as number;
      const right = nearestRank(values);
      if (values.length < 20) expect(told).toBe(right);
      else expect(Math.abs(told - right)).toBeLessThanOrEqual(Math.abs(right) * 0.0201 + 1e-9);
    }),
  );
});

test('parts add up to the tally of the whole, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 1e6 })), { maxLength: 8 }), (parts) => {
      const sum = newTally();
      for (const part of parts) addTally(sum, tallyOf(part));
      expect(sum).toEqual(tallyOf(parts.flat()));
      expect(p95Of(sum)).toBe(p95Of(tallyOf(parts.flat())));
    }),
  );
});

const reading = fc.record({
  status: fc.constantFrom(0, 0, 0, 1, 2, 3),
  latency: fc.option(fc.integer({ min: 0, max: 3_000_000 })),
  value: fc.option(number),
});
const bucket = fc
  .record({
    readings: fc.array(reading, { maxLength: 30 }),
    times: fc.array(fc.record({ state: fc.constantFrom(...Object.values(SPAN)), ms: fc.integer({ min: 1, max: 50_000 }) }), {
      maxLength: 4,
    }),
    isUpAllTheTime: fc.boolean(),
  })
  .map(({ readings, times, isUpAllTheTime }): Bucket => {
    const made = newBucket();
    for (const { status, latency, value } of readings) addReading(made, status, latency, value);
    if (isUpAllTheTime) addTime(made, SPAN.up, 300_000);
    else for (const { state, ms } of times) addTime(made, state, ms);
    return made;
  });

test('a chunk gives back what went in', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 71 }), bucket), { selector: ([index]) => index }), (made) => {
      const entries: Entry[] = made.sort((a, b) => a[0] - b[0]);
      expect(decodeChunk(encodeChunk(entries, 300_000), 300_000)).toEqual(entries);
    }),
  );
});

test('damaged bytes are an error, never a wrong answer without end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      try {
        expect(decodeChunk(bytes, 300_000).length).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});
