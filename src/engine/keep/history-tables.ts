// The sentences in which history.db is asked and told, prepared once. Knows tables and nothing of what they mean.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export interface ServiceRow {
  readonly key: number;
  readonly id: string;
  /** Unit of its values, null where none was ever measured. */
  unit: string | null;
  /** Older values were in another unit. */
  valueSince: number;
  /** What is older is in the roll-ups; a multiple of five minutes. */
  rolled: number;
}
export interface SpanRow {
  readonly from: number;
  readonly to: number;
  readonly state: number;
}
type ReadingRow = readonly [at: number, status: number, latency: number | null, value: number | null];

/** Written by one statement. */
export const READINGS_TOGETHER = 32;
/** sqlite.org/rescode.html */
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

export type Tables = ReturnType<typeof prepareTables>;

export function prepareTables(db: DatabaseSync) {
  const prepare = (sql: string): StatementSync => db.prepare(sql);
  const rows = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const first = (statement: StatementSync, ...values: SQLInputValue[]): number | undefined => {
    const row = statement.get(...values) as unknown as (number | null)[] | undefined;
    return row?.[0] ?? undefined;
  };

  const services = prepare('SELECT key, id, unit, value_since AS valueSince, rolled FROM service');
  const addService = prepare('INSERT INTO service (id, rolled) VALUES (?, ?)');
  const setUnit = prepare('UPDATE service SET unit = ?, value_since = ? WHERE key = ?');
  const setRolled = prepare('UPDATE service SET rolled = ? WHERE key = ?');
  const setWill = prepare('UPDATE service SET will = ? WHERE key = ? AND will IS NOT ?');
  const wills = rows('SELECT key, will FROM service WHERE will IS NOT NULL');

  const addReading = prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)');
  let addTogether: StatementSync | undefined;
  const readings = rows('SELECT at, status, latency, value FROM reading WHERE service = ? AND at >= ? AND at < ? ORDER BY at');
  const readingsUpTo = rows('SELECT at, status, latency, value FROM reading WHERE service = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?');
  const nextReading = rows('SELECT min(at) FROM reading WHERE service = ? AND at >= ?');

  const spans = rows(
    `SELECT start, "end", state FROM span WHERE service = ?1 AND start < ?3 AND "end" > ?2
      AND start >= ifnull((SELECT max(start) FROM span WHERE service = ?1 AND start <= ?2), 0) ORDER BY start`,
  );
  const addSpan = prepare('INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?)');
  const joinSpan = prepare(
    `UPDATE span SET "end" = ?3 WHERE service = ?1 AND "end" = ?2 AND state = ?4
      AND start = (SELECT max(start) FROM span WHERE service = ?1 AND start < ?2)`,
  );
  const nextSpan = rows(
    `SELECT max(start, ?2) FROM span WHERE service = ?1 AND "end" > ?2
      AND start >= ifnull((SELECT max(start) FROM span WHERE service = ?1 AND start <= ?2), 0) ORDER BY start LIMIT 1`,
  );
  const openSpans = rows('SELECT service, start, state FROM open_span');
  const setOpen = prepare('INSERT OR REPLACE INTO open_span VALUES (?, ?, ?)');
  const endOpen = prepare('DELETE FROM open_span WHERE service = ?');

  const chunks = rows('SELECT key, data FROM chunk WHERE key BETWEEN ? AND ? ORDER BY key');
  const firstChunk = rows('SELECT min(key) FROM chunk WHERE key BETWEEN ? AND ?');
  const putChunk = prepare('INSERT OR REPLACE INTO chunk VALUES (?, ?)');

  const meta = rows('SELECT value FROM meta WHERE name = ?');
  const setMeta = prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');

  return {
    db,
    services: (): ServiceRow[] => services.all().map((row) => ({ ...row }) as unknown as ServiceRow),
    addService: (id: string, rolled: number): number => Number(addService.run(id, rolled).lastInsertRowid),
    setUnit: (key: number, unit: string, since: number) => setUnit.run(unit, since, key),
    setRolled: (key: number, rolled: number) => setRolled.run(rolled, key),
    setWill: (key: number, will: number | null) => setWill.run(will, key, will),
    wills: () => wills.all() as unknown as [number, number][],

    /** False when there is one of that millisecond. */
    addReading: (service: number, at: number, status: number, latency: number | null, value: number | null): boolean =>
      addReading.run(service, at, status, latency, value).changes === 1,
    /** READINGS_TOGETHER rows one after the other, each as `addReading` takes it. All, or none and false when one of them is there already. */
    addReadings(values: readonly SQLInputValue[]): boolean {
      const row = '(?, ?, ?, ?, ?)';
      addTogether ??= prepare(`INSERT INTO reading VALUES ${new Array(READINGS_TOGETHER).fill(row).join(', ')}`);
      try {
        addTogether.run(...values);
        return true;
      } catch (error) {
        // The statement has taken back what it did, and the transaction goes on (sqlite.org/lang_conflict.html, ABORT).
        if ((error as { errcode?: number }).errcode === SQLITE_CONSTRAINT_PRIMARYKEY) return false;
        throw error;
      }
    },
    readings: (service: number, from: number, to: number) => readings.iterate(service, from, to) as unknown as IterableIterator<ReadingRow>,
    readingsUpTo: (service: number, from: number, to: number, most: number) =>
      readingsUpTo.all(service, from, to, most) as unknown as ReadingRow[],
    nextReading: (service: number, from: number) => first(nextReading, service, from),

    spans: (service: number, from: number, to: number): SpanRow[] =>
      (spans.all(service, from, to) as unknown as [number, number, number][]).map(([start, end, state]) => ({
        from: Math.max(start, from),
        to: Math.min(end, to),
        state,
      })),
    /** Goes on where one of the same state ended, or is a new one. */
    addSpan(service: number, from: number, to: number, state: number): void {
      if (joinSpan.run(service, from, to, state).changes === 0) addSpan.run(service, from, to, state);
    },
    nextSpan: (service: number, from: number) => first(nextSpan, service, from),
    openSpans: () => openSpans.all() as unknown as [number, number, number][],
    setOpen: (service: number, from: number, state: number) => setOpen.run(service, from, state),
    endOpen: (service: number) => endOpen.run(service),

    chunks: (from: number, to: number) => chunks.iterate(from, to) as unknown as IterableIterator<[number, Uint8Array]>,
    firstChunk: (from: number, to: number) => first(firstChunk, from, to),
    putChunk: (key: number, data: Uint8Array) => putChunk.run(key, data),

    meta: (name: string): number | undefined => first(meta, name),
    setMeta: (name: string, value: number) => setMeta.run(name, Math.round(value)),
  };
}
