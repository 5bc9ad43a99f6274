// Lets go of what is too old or too much, a few hundred rows at a step, and gives the pages back to the disk. Days stay as
// long as anything. Touches history.db only.
import type { DatabaseSync } from 'node:sqlite';
import { chunkKey, DAY, LEVELS } from './history-chunks.ts';
import { dayOf } from './history-days.ts';
import type { ServiceRow } from './history-tables.ts';

/** Raw readings and spans. */
const RAW_MS = 30 * DAY;
/** Roll-ups, incidents, attempts, alerts. */
const ALL_MS = 2 * 365 * DAY;
const ROWS = 200;
const PAGES = 32;
/** Room is made until this much of the allowed size is in use, so that it isn't made anew every minute. */
const ENOUGH = 0.95;

export interface Pruner {
  /** One small step; false when there was nothing to do. `forgetBefore`: what is dated before it is certainly older than this, in Unix
   * time; undefined while nothing may be let go for its age. */
  step(nowMs: number, forgetBefore: ((ageMs: number) => number) | undefined): boolean;
  /** Bytes in use. */
  size(): number;
  /** The time of the oldest reading that may still be there. */
  floorMs(): number;
}

export function createPruner(db: DatabaseSync, services: () => Iterable<ServiceRow>, maxBytes: number, floorMs: number): Pruner {
  let floor = floorMs;
  const pageSize = numberOf(db, 'PRAGMA page_size');
  const nth = db.prepare(`SELECT at FROM reading WHERE service = ? AND at < ? ORDER BY at LIMIT 1 OFFSET ${ROWS}`);
  const first = db.prepare('SELECT min(at) AS at FROM reading WHERE service = ?');
  const cutReadings = db.prepare('DELETE FROM reading WHERE service = ? AND at < ?');
  const cutSpans = db.prepare('DELETE FROM span WHERE service = ? AND "end" <= ?');
  const firstChunk = db.prepare('SELECT key FROM chunk WHERE key >= ? AND key < ? ORDER BY key LIMIT 1');
  const cutChunk = db.prepare('DELETE FROM chunk WHERE key = ?');
  const setMeta = db.prepare("INSERT OR REPLACE INTO meta VALUES ('raw_floor', ?)");
  const cutDays = db.prepare('DELETE FROM day WHERE service = ? AND day < ?');
  const old = [
    'alert WHERE (at, service, id, event) IN (SELECT at, service, id, event FROM alert WHERE at < ?1 ORDER BY at',
    'attempt WHERE rowid IN (SELECT rowid FROM attempt WHERE started_at < ?1 ORDER BY started_at',
    'incident WHERE key IN (SELECT key FROM incident WHERE started_at < ?1 AND ended_at IS NOT NULL ORDER BY started_at',
  ].map((what) => db.prepare(`DELETE FROM ${what} LIMIT ${ROWS})`));

  const size = (): number => (numberOf(db, 'PRAGMA page_count') - numberOf(db, 'PRAGMA freelist_count')) * pageSize;
  const raise = (atMs: number): void => {
    if (atMs <= floor) return;
    floor = atMs;
    setMeta.run(atMs);
  };

  /** Readings of one service before `atMs`, never such as are not in the roll-ups yet. */
  function cutRaw(service: ServiceRow, atMs: number): boolean {
    const limit = Math.min(atMs, service.rolled);
    const oldest = (first.get(service.key) as unknown as { at: number | null }).at;
    if (oldest === null || oldest >= limit) return false;
    const next = (nth.get(service.key, limit) as unknown as { at: number } | undefined)?.at ?? limit;
    // What is cut must not be rolled up anew without it.
    raise(Math.min(next, limit));
    cutReadings.run(service.key, next);
    cutSpans.run(service.key, next);
    return true;
  }

  function oldestReading(): { service: ServiceRow; at: number } | undefined {
    let found: { service: ServiceRow; at: number } | undefined;
    for (const service of services()) {
      const { at } = first.get(service.key) as unknown as { at: number | null };
      if (at !== null && at < service.rolled && (!found || at < found.at)) found = { service, at };
    }
    return found;
  }

  function oldestChunk(level: (typeof LEVELS)['5m' | '1h'], beforeMs: number): number | undefined {
    let found: { key: number; place: number } | undefined;
    for (const service of services()) {
      const base = chunkKey(service.key, level, 0);
      const key = (firstChunk.get(base, chunkKey(service.key, level, beforeMs)) as unknown as { key: number } | undefined)?.key;
      if (key !== undefined && (!found || key - base < found.place)) found = { key, place: key - base };
    }
    return found?.key;
  }

  function forget(forgetBefore: (ageMs: number) => number): boolean {
    const rawBefore = forgetBefore(RAW_MS);
    for (const service of services()) if (cutRaw(service, rawBefore)) return true;
    const allBefore = forgetBefore(ALL_MS);
    for (const level of [LEVELS['5m'], LEVELS['1h']]) {
      const key = oldestChunk(level, allBefore);
      if (key !== undefined) return cutChunk.run(key).changes > 0;
    }
    const { label } = dayOf(allBefore);
    for (const service of services()) if (cutDays.run(service.key, label).changes > 0) return true;
    return old.some((statement) => statement.run(allBefore).changes > 0);
  }

  /** Oldest readings first, then five minutes, then hours. */
  function makeRoom(nowMs: number): boolean {
    const oldest = oldestReading();
    if (oldest && oldest.at < nowMs - DAY) return cutRaw(oldest.service, oldest.at + DAY);
    for (const level of [LEVELS['5m'], LEVELS['1h']]) {
      const key = oldestChunk(level, nowMs - DAY);
      if (key !== undefined) return cutChunk.run(key).changes > 0;
    }
    return oldest !== undefined && cutRaw(oldest.service, Number.POSITIVE_INFINITY);
  }

  let isOver = false;
  return {
    size,
    floorMs: () => floor,
    step(nowMs, forgetBefore) {
      const used = size();
      isOver = used > (isOver ? maxBytes * ENOUGH : maxBytes);
      if ((forgetBefore && forget(forgetBefore)) || (isOver && makeRoom(nowMs))) return true;
      if (numberOf(db, 'PRAGMA freelist_count') <= PAGES) return false;
      db.exec(`PRAGMA incremental_vacuum(${PAGES})`);
      return true;
    },
  };
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(Object.values(db.prepare(pragma).get() ?? {})[0] ?? 0);
}
