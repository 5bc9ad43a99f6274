import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createReadings } from './history-readings.ts';
import { migrate } from './history-schema.ts';
import { prepareTables } from './history-tables.ts';

interface Told {
  readonly service: number;
  readonly at: number;
  readonly status: number;
  readonly latency: number | null;
  readonly value: number | null;
}
const told = fc.record({
  service: fc.integer({ min: 1, max: 7 }),
  at: fc.integer({ min: 1_000, max: 1_030 }),
  status: fc.integer({ min: 0, max: 3 }),
  latency: fc.option(fc.integer({ min: 0, max: 9_999 })),
  value: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
});

/** What a row at a time does: of two in the same millisecond the later one is of the next that is free. */
function oneByOne(rows: Map<string, Told>, { service, at, ...seen }: Told): void {
  let readAt = at;
  while (rows.has(`${service} ${readAt}`)) readAt += 1;
  rows.set(`${service} ${readAt}`, { service, at: readAt, ...seen });
}

it('written together, readings are what they are one after the other; also many of one millisecond, and beside older ones', () => {
  fc.assert(
    fc.property(fc.array(fc.array(told, { maxLength: 150 }), { minLength: 1, maxLength: 4 }), (commits) => {
      const db = new DatabaseSync(':memory:');
      try {
        migrate(db);
        const readings = createReadings(prepareTables(db));
        const expected = new Map<string, Told>();
        for (const commit of commits) {
          db.exec('BEGIN IMMEDIATE');
          for (const { service, at, status, latency, value } of commit) readings.add(service, at, status, latency, value);
          readings.settle();
          db.exec('COMMIT');
          // In the order of the table, each service's own as they came.
          for (const one of commit.toSorted((a, b) => a.service - b.service)) oneByOne(expected, one);
        }
        const rows = db.prepare('SELECT service, at, status, latency, value FROM reading').all() as unknown as Told[];
        const byKey = (a: Told, b: Told): number => a.service - b.service || a.at - b.at;
        const plain = (one: Told) => ({ ...one, value: one.value === null ? null : one.value + 0 });
        expect(rows.map(plain).sort(byKey)).toEqual([...expected.values()].map(plain).sort(byKey));
      } finally {
        db.close();
      }
    }),
    { numRuns: 60 },
  );
});

it('what a statement refuses for another reason is told, and the next transaction begins empty', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  const readings = createReadings(prepareTables(db));
  for (let n = 0; n < 40; n += 1) readings.add(1, n, 0, 'no number' as unknown as number, null);
  db.exec('BEGIN');
  expect(() => readings.settle()).toThrow();
  db.exec('ROLLBACK');
  readings.settle();
  expect(db.prepare('SELECT count(*) AS n FROM reading').get()).toEqual({ n: 0 });
  db.close();
});
