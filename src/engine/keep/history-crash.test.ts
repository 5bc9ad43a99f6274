// The writer is killed in mid-work, again and again, in the same home: what was committed is there, nothing is damaged,
// roll-ups are what the readings make them, and the logs and the database know the same.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { handClock, openTestHistory } from '../../../test/fixtures/history-support.ts';
import { removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { readAudit } from './audit-reader.ts';

afterAll(removeTempFolders);
const FIXTURE = path.join(import.meta.dirname, '../../../test/fixtures/history-writer.ts');
const ENGINE = path.join(import.meta.dirname, '../../../test/fixtures/history-engine.ts');
const LIVES = 16;
const ZERO = Date.UTC(2026, 0, 5, 0, 0, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ROUNDS = 20;

/** Kills the writer after so many commits, at no moment in particular. Gives the last number it told. */
function round(home: string, commits: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [FIXTURE, home, String(ZERO)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let last = -1;
    let told = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('quarantined')) reject(new Error(line));
      if (line.startsWith('committed')) last = Number(line.split(' ')[1]);
      told += 1;
      if (told === commits) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(last));
  });
}

test(`nothing that was committed is lost in ${ROUNDS} kills`, async () => {
  const home = tempFolder();
  let last = -1;
  for (let n = 0; n < ROUNDS; n += 1) {
    const told = await round(home, 3 + ((n * 37) % 190));
    expect(told).toBeGreaterThan(last);
    last = told;
  }
  const hand = handClock(ZERO + (last + 2) * MINUTE);
  const { store, quarantined } = await openTestHistory(home, hand);
  hand.pass(3 * HOUR);
  expect(quarantined).toEqual([]);

  const db = new DatabaseSync(path.join(home, 'history.db'), { readOnly: true });
  const { n } = db.prepare('SELECT count(*) AS n FROM reading WHERE at <= ?').get(ZERO + last * MINUTE) as { n: number };
  expect(n).toBe(last + 1);
  expect(Object.values(db.prepare('PRAGMA integrity_check').get() ?? {})).toEqual(['ok']);
  db.close();

  const iso = (ms: number) => new Date(ms).toISOString();
  for (const points of [12, 60, 300]) {
    const series = store.series({ service: 'app', from: iso(ZERO), to: iso(ZERO + last * MINUTE - 1), points });
    expect(series?.source).not.toBe('readings');
    for (const point of series?.points ?? []) {
      const first = Math.round((Date.parse(point.at) - ZERO) / MINUTE);
      const most = Math.min(first + (series?.stepMs ?? 0) / MINUTE, last + 2);
      const numbers = Array.from({ length: Math.max(0, most - first) }, (_, index) => first + index).filter((number) => number >= 0);
      // The one look that was told and not yet printed when the kill came may be there too.
      const known = numbers.filter((number) => number >= 0 && number <= last);
      expect([known.length, numbers.length]).toContain(point.count);
      if (point.count !== known.length) continue;
      expect(point.failures).toBe(known.filter((number) => number % 7 === 0).length);
      expect(point.max).toBe(Math.max(...known.map((number) => number % 100)));
    }
  }
  expect(store.incidents({ service: 'app', fromMs: 0, toMs: 9e15 })).toHaveLength(Math.floor(last / 7) + 1);
  await store.close();
}, 300_000);

/** Kills the engine after so many lines; `least` is the first number it tells. Gives the last one that it handed over. */
function life(home: string, least: number, lines: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [ENGINE, home, String(least)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let last = least;
    let told = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('trouble')) reject(new Error(line));
      if (!line.startsWith('told')) return;
      last = Number(line.split(' ')[1]);
      told += 1;
      if (told === lines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', () => resolve(last));
  });
}

test(`what is in the logs is in the database, once, after ${LIVES} kills between line and commit`, async () => {
  const home = tempFolder();
  let next = 0;
  for (let n = 0; n < LIVES; n += 1) next = 1 + (await life(home, next, 5 + ((n * 211) % 900)));
  const hand = handClock(Date.now() + MINUTE);
  const { store, quarantined, troubles } = await openTestHistory(home, hand);
  expect([quarantined, troubles()]).toEqual([[], []]);

  const looks: number[] = [];
  const attempts: string[] = [];
  for await (const { log, line } of readAudit({ home, logs: ['health', 'recovery'] })) {
    if (log === 'recovery') attempts.push(String(line['attempt']));
    else if (line['event'] === 'check') looks.push(Math.round(Number(line['latencyMs']) * 10));
  }
  const db = new DatabaseSync(path.join(home, 'history.db'), { readOnly: true });
  const all = db.prepare('SELECT latency AS n FROM reading ORDER BY latency').all() as { n: number }[];
  const kept = all.map(({ n }) => n);
  const known = new Set(kept);
  expect(kept).toHaveLength(known.size);
  expect(looks.filter((n) => !known.has(n))).toEqual([]);
  const tried = new Set((db.prepare('SELECT id FROM attempt').all() as { id: string }[]).map(({ id }) => id));
  expect(attempts.filter((id) => !tried.has(id))).toEqual([]);
  const overlaps = db.prepare(
    'SELECT count(*) AS n FROM span a JOIN span b ON a.service = b.service AND a.start < b.start AND a."end" > b.start',
  );
  expect({ ...overlaps.get() }).toEqual({ n: 0 });
  expect(Object.values(db.prepare('PRAGMA integrity_check').get() ?? {})).toEqual(['ok']);
  db.close();
  await store.close();
}, 300_000);
