// The history as its owner sees it: lines go in, views come out; and what becomes of it on bad days.
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { checkEvent, handClock, openTestHistory, rotate, tell } from '../../../test/fixtures/history-support.ts';
import { realTimers, removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { type HistoryStore, openHistory } from './history.ts';
import { migrate } from './history-schema.ts';

const START = Date.UTC(2026, 5, 1, 12, 0, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const everything = { service: undefined, fromMs: 0, toMs: 9e15 };

const opened: HistoryStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  removeTempFolders();
});
async function begin(home = tempFolder(), hand = handClock(START), more: Parameters<typeof openTestHistory>[2] = {}) {
  const all = await openTestHistory(home, hand, more);
  opened.push(all.store);
  return { home, hand, ...all };
}
const query = (home: string, sql: string): unknown => {
  const db = new DatabaseSync(path.join(home, 'history.db'));
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0];
  } finally {
    db.close();
  }
};
const corrupted = (home: string) => readdirSync(home).filter((name) => name.startsWith('history.db.corrupt-'));

test('a check that is told again is kept as if it were told whole, also when lines before it wait for long', async () => {
  const [whole, again] = [await begin(), await begin()];
  const check = checkEvent('app', { latencyMs: 5 });
  for (const { store, hand } of [whole, again]) {
    tell(store, hand, { event: 'engine-started' });
    tell(store, hand, check);
  }
  for (let n = 0; n < 50; n += 1) {
    for (const { hand } of [whole, again]) hand.pass(n % 7 === 0 ? 0 : MINUTE);
    tell(whole.store, whole.hand, { ...check, latencyMs: n });
    again.store.again(check, n, again.hand.clock.now());
    const error = checkEvent('web', { status: n % 3 ? 'ok' : 'error', latencyMs: 2 * n });
    for (const { store, hand } of [whole, again]) tell(store, hand, error);
    if (n % 10 === 0) for (const { store } of [whole, again]) store.flush();
  }
  const rows = ({ home, store }: typeof whole) => {
    store.flush();
    const db = new DatabaseSync(path.join(home, 'history.db'));
    const tables = ['reading', 'open_span', 'span', 'meta', 'service'].map((name) => db.prepare(`SELECT * FROM ${name}`).all());
    db.close();
    return tables;
  };
  expect(rows(again)).toEqual(rows(whole));
  expect(query(again.home, 'SELECT count(*) FROM reading')).toBe(101);
});

describe('what happened', () => {
  test('an incident, what was tried, and whether somebody was told', async () => {
    const { store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    tell(store, hand, checkEvent('app'));
    hand.pass(5 * MINUTE);
    const at = new Date(hand.clock.now().wallMs).toISOString();
    // In a round the repair is told before the look that made it necessary.
    const attempt = { service: 'app', attempt: 'a-1', remedy: 'command' } as const;
    tell(store, hand, { event: 'recovery-started', ...attempt, trigger: 'auto', reason: 'first-strike' }, 'recovery');
    tell(store, hand, checkEvent('app', { status: 'error', strikes: 1, incident: 'i-1' }));
    hand.pass(MINUTE);
    tell(store, hand, checkEvent('app', { status: 'error', strikes: 3, incident: 'i-1' }));
    const alert = { service: 'app', id: 'app.i-1', channels: ['queue'] } as const;
    tell(store, hand, { event: 'alert', ...alert, kind: 'down', strikes: 3, reason: 'third-strike' }, 'alerts');
    const open = store.incidents(everything);
    expect(open).toMatchObject([{ id: 'i-1', endedAt: null, strikes: 3, alerted: 'down', attempts: [{ outcome: null }] }]);
    hand.pass(MINUTE);
    tell(
      store,
      hand,
      { event: 'recovery-finished', ...attempt, outcome: 'succeeded', secondsToHealthy: 120, reason: 'exit-0', output: 'started' },
      'recovery',
    );
    tell(store, hand, checkEvent('app'));
    const told = store.incidents({ ...everything, service: 'app' });
    expect(told).toEqual([
      {
        id: 'i-1',
        service: 'app',
        startedAt: at,
        endedAt: new Date(START + 7 * MINUTE).toISOString(),
        reason: 'over-limit',
        message: 'it is error',
        strikes: 3,
        alerted: 'down',
        alertedAt: new Date(START + 6 * MINUTE).toISOString(),
        attempts: [
          {
            attempt: 'a-1',
            service: 'app',
            remedy: 'command',
            trigger: 'auto',
            startedAt: at,
            outcome: 'succeeded',
            reason: 'exit-0',
            secondsToHealthy: 120,
            output: 'started',
          },
        ],
      },
    ]);
    expect(store.incidents({ ...everything, service: 'other' })).toEqual([]);
    expect(store.incidents({ ...everything, fromMs: START + 8 * MINUTE })).toEqual([]);
  });

  test('uptime leaves out what nobody observed: paused, unknown, asleep, engine off', async () => {
    const { store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    const see = (status: 'ok' | 'error' | 'unknown', forMs: number) => {
      tell(store, hand, checkEvent('app', { status }));
      hand.pass(forMs);
    };
    see('ok', 30 * MINUTE);
    see('error', 10 * MINUTE);
    see('unknown', 7 * MINUTE);
    tell(store, hand, { event: 'command', service: 'app', command: 'pause' });
    hand.pass(HOUR);
    tell(store, hand, { event: 'command', service: 'app', command: 'resume' });
    see('ok', 20 * MINUTE);
    hand.sleep(3 * HOUR);
    tell(store, hand, { event: 'slept', forMs: 3 * HOUR });
    hand.pass(MINUTE);
    see('ok', 0);
    tell(store, hand, { event: 'engine-stopped' });
    hand.sleep(5 * HOUR);
    expect(store.uptime('app', START - DAY)).toEqual({
      percent: (100 * 50) / 60,
      observedSeconds: 60 * 60,
      downSeconds: 10 * 60,
      leftOutSeconds: { paused: 3_600, unknown: 7 * 60, asleep: 181 * 60 },
    });
    expect(store.uptimes('app')).toEqual({ '24h': 83.333, '7d': 83.333, '30d': 83.333 });
    expect(store.uptimes('nobody')).toEqual({ '24h': null, '7d': null, '30d': null });
    expect(store.uptime('nobody', 0)).toBeUndefined();
  });

  test('what is paused stays paused while the engine is off, and is left out after its start too', async () => {
    const { store, hand, home } = await begin();
    tell(store, hand, { event: 'engine-started' });
    tell(store, hand, checkEvent('app'));
    tell(store, hand, { event: 'command', service: 'app', command: 'stop' });
    hand.pass(10 * MINUTE);
    tell(store, hand, { event: 'engine-stopped' });
    await store.close();
    hand.sleep(HOUR);
    const next = await begin(home, hand);
    tell(next.store, hand, { event: 'engine-started' });
    hand.pass(20 * MINUTE);
    expect(next.store.uptime('app', START - HOUR)?.leftOutSeconds.paused).toBe(30 * 60);
  });

  test('what leaves the configuration is no longer observed, and its incident is over', async () => {
    const { store, hand } = await begin();
    tell(store, hand, { event: 'engine-started', watched: ['app', 'web'] });
    for (const id of ['app', 'web']) tell(store, hand, checkEvent(id, { status: 'error', strikes: 1, incident: `i-${id}` }));
    hand.pass(10 * MINUTE);
    tell(store, hand, { event: 'config-loaded', services: 1, watched: ['web'] });
    hand.pass(HOUR);
    expect(store.uptime('app', START)?.downSeconds).toBe(600);
    expect(store.uptime('web', START)?.downSeconds).toBe(4_200);
    expect(store.incidents(everything)?.map(({ service, endedAt }) => [service, endedAt !== null])).toEqual([
      ['web', false],
      ['app', true],
    ]);
  });

  test('a graph chooses the value where there is one, in its unit, and starts anew when the unit changes', async () => {
    const { store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    const ask = (metric?: 'latency') =>
      store.series({
        service: 'app',
        from: new Date(START).toISOString(),
        to: new Date(START + DAY).toISOString(),
        points: 2,
        metric,
      });
    for (let n = 0; n < 30; n += 1) {
      tell(store, hand, checkEvent('app', { value: 50, unit: 'percent', latencyMs: 2 }));
      hand.pass(5 * MINUTE);
    }
    expect(ask()).toMatchObject({ metric: 'value', unit: 'percent', source: '1h' });
    expect(ask()?.points[0]).toMatchObject({ min: 50, mean: 50, max: 50, p95: 50 });
    expect(ask('latency')).toMatchObject({ metric: 'latency', unit: 'ms' });
    expect(ask('latency')?.points[0]).toMatchObject({ min: 2, mean: 2, max: 2 });
    for (let n = 0; n < 30; n += 1) {
      tell(store, hand, checkEvent('app', { value: 1_000_000, unit: 'bytes' }));
      hand.pass(5 * MINUTE);
    }
    const points = ask()?.points ?? [];
    expect(ask()?.unit).toBe('bytes');
    expect(points.at(-1)).toMatchObject({ min: 1_000_000, max: 1_000_000 });
    expect(points.every((point) => point.min === null || point.min === 50 || point.min === 1_000_000)).toBe(true);
  });

  test('a look that nothing answered has no latency', async () => {
    const { store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    tell(store, hand, { ...checkEvent('app', { status: 'error', latencyMs: 0.2 }), reason: 'refused' } as never);
    const series = store.series({ service: 'app', from: new Date(START - 1).toISOString(), to: new Date(START + 1).toISOString() });
    expect(series?.points).toMatchObject([{ count: 1, failures: 1, min: null, p95: null }]);
  });

  test('ten thousand incidents are one answer, newest first', async () => {
    const { store, hand } = await begin();
    for (let n = 0; n < 10_000; n += 1) {
      tell(store, hand, checkEvent('app', { status: 'error', strikes: 1, incident: `i-${n}` }));
      hand.sleep(1_000);
      if (n % 5_000 === 0) store.flush();
    }
    const all = store.incidents(everything) ?? [];
    expect(all).toHaveLength(10_000);
    expect(all[0]?.id).toBe('i-9999');
    expect(all.at(-1)?.id).toBe('i-0');
  });
});

describe('the file', () => {
  test('belongs to its user alone, with its companions', async () => {
    const { home, store, hand } = await begin();
    tell(store, hand, checkEvent('app'));
    store.flush();
    for (const name of readdirSync(home)) expect(statSync(path.join(home, name)).mode & 0o777).toBe(0o600);
    expect(query(home, 'PRAGMA journal_mode')).toBe('wal');
    expect(query(home, 'PRAGMA user_version')).toBe(2);
    expect(query(home, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0")).toBe(0);
  });

  test('an idle engine is not woken for it: no timer more often than once an hour', async () => {
    const hand = handClock(START);
    let fired = 0;
    const after: typeof hand.timers.after = (ms, fn) =>
      hand.timers.after(ms, () => {
        fired += 1;
        fn();
      });
    const timers = { ...hand.timers, after };
    const { store } = await begin(tempFolder(), hand, { timers });
    tell(store, hand, { event: 'engine-started' });
    hand.pass(2 * HOUR);
    fired = 0;
    hand.pass(DAY);
    expect(fired).toBeLessThanOrEqual(24 * 2); // each time once more, to see that nothing is left
  });

  test.each([
    ['no database at all', (file: string) => writeFileSync(file, 'what is this? '.repeat(1_000))],
    ['an empty file of zeros', (file: string) => writeFileSync(file, Buffer.alloc(8_192))],
    ['its first page overwritten', (file: string) => overwrite(file, 20, 200)],
    ['a page in the middle overwritten', (file: string) => overwrite(file, 2 * 4_096, 4_096)],
    ['its end cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 3 * 4_096 + 100))],
    ['a table missing', (file: string) => withDb(file, 'DROP TABLE chunk')],
    ['a table of another shape', (file: string) => withDb(file, 'DROP TABLE span; CREATE TABLE span (what TEXT)')],
    ['a folder in its place', (file: string) => replaceByFolder(file)],
  ])('%s: moved aside, told once, and a new one begun', async (_what, damage) => {
    const { home, store, hand } = await begin();
    for (let n = 0; n < 400; n += 1) {
      tell(store, hand, checkEvent(`app-${n % 7}`));
      hand.pass(MINUTE);
    }
    await store.close();
    damage(path.join(home, 'history.db'));
    const next = await begin(home, hand);
    expect(next.quarantined).toHaveLength(1);
    expect(corrupted(home).length).toBeGreaterThanOrEqual(1);
    tell(next.store, hand, checkEvent('app'));
    next.store.flush();
    expect(next.troubles()).toEqual([]);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(1);
  });

  test('damage that shows itself in use: moved aside with its journal, and the lines that wait go into the new one', async () => {
    const { home, store, hand, quarantined } = await begin();
    tell(store, hand, checkEvent('app'));
    store.flush();
    // The tables are known, their pages are not what they were.
    const db = new DatabaseSync(path.join(home, 'history.db'));
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    overwrite(path.join(home, 'history.db'), 4_096, statSync(path.join(home, 'history.db')).size - 4_096);
    for (let n = 0; n < 3; n += 1) {
      hand.pass(MINUTE);
      tell(store, hand, checkEvent(`other-${n}`));
      store.flush();
    }
    await expect.poll(() => quarantined.length, { timeout: 10_000 }).toBe(1);
    await expect.poll(() => corrupted(home).length).toBeGreaterThanOrEqual(1);
    hand.pass(1);
    await expect.poll(() => store.overview(['other-2'], 1)[0]?.days[0]?.status).toBe('ok');
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(3);
  });

  test('the first look is written within a second, a change at once, what says nothing new some seconds later or when much of it waits', async () => {
    const { home, store, hand } = await begin();
    const rows = () => query(home, 'SELECT count(*) FROM reading');
    hand.pass(1_000); // the work that follows the start
    const well = checkEvent('app');
    tell(store, hand, well);
    hand.pass(1_000);
    expect(rows()).toBe(1);
    const again = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        hand.sleep(1);
        store.again(well, n / 10, hand.clock.now());
      }
    };
    again(5);
    hand.pass(9_000);
    expect(rows()).toBe(1);
    hand.pass(1_100);
    expect(rows()).toBe(6);
    again(3_999);
    hand.pass(1);
    expect(rows()).toBe(6);
    again(1);
    hand.pass(1);
    expect(rows()).toBe(4_006);
    again(1);
    expect(store.uptime('app', START)).toBeDefined(); // who asks is told all
    expect(rows()).toBe(4_007);
    tell(store, hand, checkEvent('app', { status: 'unknown', phase: 'failing' }));
    hand.pass(1);
    expect(rows()).toBe(4_008);
  });

  test('a file that somebody removes while it is in use is missed at the next line, which goes into a new one', async () => {
    const { home, store, hand, quarantined, troubles } = await begin();
    tell(store, hand, checkEvent('app'));
    store.flush();
    for (const name of readdirSync(home).filter((one) => one.startsWith('history.db'))) rmSync(path.join(home, name));
    hand.pass(MINUTE);
    tell(store, hand, checkEvent('other'));
    store.flush();
    await expect.poll(() => readdirSync(home).includes('history.db'), { timeout: 10_000 }).toBe(true);
    await expect
      .poll(
        () => {
          hand.pass(1_000);
          return store.overview(['other'], 1)[0]?.days[0]?.status;
        },
        { timeout: 10_000 },
      )
      .toBe('ok');
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(1); // there are no logs here to fill it from
    expect(quarantined).toEqual([]);
    expect(troubles()).toEqual([]);
  });

  test('a Node without SQLite: refused with a reason, nothing is made', async () => {
    const home = tempFolder();
    const without = () => Promise.reject(new Error('No such built-in module: node:sqlite'));
    await expect(begin(home, handClock(START), { sqlite: without })).rejects.toMatchObject({ code: 'home-unusable' });
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    ['closed well', async (store: HistoryStore) => store.close()],
    ['still in use, with a journal', async () => undefined],
  ])('a file of a later version (%s) is left as it is, to the byte', async (_what, leave) => {
    const { home, store, hand } = await begin();
    tell(store, hand, checkEvent('app'));
    store.flush();
    const file = path.join(home, 'history.db');
    withDb(file, 'PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
    await leave(store);
    const bytes = () => readdirSync(home).map((name) => [name, readFileSync(path.join(home, name)).toString('base64')]);
    const before = bytes();
    const opening = begin(home, hand);
    await expect(opening).rejects.toMatchObject({ code: 'home-unusable' });
    await expect(opening).rejects.toThrow('later version of this program (99, known is 2)');
    expect(bytes()).toEqual(before);
  });

  test('a file from before the first version gets its tables, and is not taken for a damaged one', async () => {
    const home = tempFolder();
    withDb(path.join(home, 'history.db'), 'PRAGMA application_id = 7');
    const { store, hand, quarantined } = await begin(home);
    tell(store, hand, checkEvent('app'));
    store.flush();
    expect(quarantined).toEqual([]);
    expect(query(home, 'PRAGMA user_version')).toBe(2);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(1);
  });

  // As root every folder can be written to, so it is SQLite that is told to write nothing.
  test('a database that can only be read: told, nothing stops, and what was there is still shown', async () => {
    const { home, store, hand } = await begin();
    tell(store, hand, checkEvent('app'));
    await store.close();
    const sqlite = withSetting('PRAGMA query_only = ON', { after: 'busy_timeout' });
    const next = await begin(home, hand, { sqlite });
    hand.pass(MINUTE);
    for (let n = 0; n < 3; n += 1) {
      tell(next.store, hand, checkEvent('app'));
      hand.pass(20_000);
    }
    expect(new Set(next.troubles())).toEqual(new Set(['write: The history cannot be written: attempt to write a readonly database']));
    expect(next.store.overview(['app'], 1)[0]?.days[0]?.status).toBe('ok');
    await next.store.close();
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(1);
  });

  test('a full disk: told, lines wait, and are all there when there is room again', async () => {
    const { home, store, hand } = await begin();
    tell(store, hand, checkEvent('app'));
    await store.close();
    let db: DatabaseSync | undefined;
    const sqlite = withSetting('PRAGMA max_page_count = 1', { after: 'busy_timeout', onOpen: (opened) => (db = opened) });
    const next = await begin(home, hand, { sqlite });
    for (let n = 0; n < 500; n += 1) {
      hand.pass(MINUTE);
      tell(next.store, hand, checkEvent(`app-${n % 5}`));
    }
    expect(next.troubles().join()).toContain('database or disk is full');
    db?.exec('PRAGMA max_page_count = 100000');
    hand.pass(20_000);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(501);
  });

  test('a disk that takes nothing for a while: lines wait, and are all there afterwards', async () => {
    const { home, store, hand, troubles } = await begin();
    const other = new DatabaseSync(path.join(home, 'history.db'));
    tell(store, hand, checkEvent('app'));
    store.flush();
    other.exec('BEGIN IMMEDIATE'); // as good as a disk that is busy
    hand.pass(MINUTE);
    tell(store, hand, checkEvent('app', { status: 'error', strikes: 1, incident: 'i-1' }));
    store.flush();
    expect(troubles().join()).toContain('cannot be written');
    other.exec('ROLLBACK');
    other.close();
    hand.pass(20_000);
    expect(store.incidents(everything)).toHaveLength(1);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(2);
  });

  test('migrations run from whatever version there is, all or none', () => {
    const home = tempFolder();
    const steps = [
      'CREATE TABLE a (x INTEGER) STRICT',
      'INSERT INTO a VALUES (1)',
      'ALTER TABLE a ADD COLUMN y INTEGER',
      'UPDATE a SET y = x + 1',
    ];
    for (let from = 0; from <= steps.length; from += 1) {
      const file = path.join(home, `${from}.db`);
      let db = new DatabaseSync(file);
      migrate(db, steps.slice(0, from));
      db.close();
      db = new DatabaseSync(file);
      migrate(db, steps);
      expect({ ...db.prepare('SELECT x, y FROM a').get() }).toEqual({ x: 1, y: 2 });
      expect({ ...db.prepare('PRAGMA user_version').get() }).toEqual({ user_version: 4 });
      migrate(db, steps);
      expect(() => migrate(db, steps.slice(0, 2))).toThrow('(4, known is 2)');
      db.close();
    }
    const db = new DatabaseSync(':memory:');
    migrate(db, steps.slice(0, 1));
    expect(() => migrate(db, [...steps, 'this is no SQL'])).toThrow();
    expect({ ...db.prepare('PRAGMA user_version').get() }).toEqual({ user_version: 1 });
    expect(db.prepare('SELECT * FROM a').all()).toEqual([]);
    db.close();
  });
});

describe('letting go', () => {
  test('readings leave after 30 days, their roll-ups stay', async () => {
    const { home, store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    for (let n = 0; n < 35 * 12; n += 1) {
      tell(store, hand, checkEvent('app', { latencyMs: 5 }));
      hand.pass(2 * HOUR);
    }
    hand.pass(HOUR);
    const oldest = Number(query(home, 'SELECT min(at) FROM reading'));
    expect(hand.clock.now().wallMs - oldest).toBeLessThan(30 * DAY + 4 * HOUR);
    const iso = (ms: number) => new Date(ms).toISOString();
    const all = store.series({ service: 'app', from: iso(START - DAY), to: iso(hand.clock.now().wallMs), points: 100 });
    expect(all?.points.reduce((sum, point) => sum + point.count, 0)).toBe(35 * 12);
    const old = store.series({ service: 'app', from: iso(START), to: iso(START + 5 * HOUR) });
    expect(old).toMatchObject({ source: '5m' });
    expect(old?.points.map(({ count }) => count)).toEqual([1, 1, 1]);
    expect(store.uptime('app', START)?.percent).toBe(100);
  });

  test('a clock that says it is years later makes nothing leave', async () => {
    const { home, store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    for (let n = 0; n < 100; n += 1) {
      tell(store, hand, checkEvent('app'));
      hand.pass(5 * MINUTE);
    }
    hand.setWall(START + 5 * 365 * DAY);
    tell(store, hand, checkEvent('app'));
    hand.pass(30 * MINUTE);
    hand.setWall(START + 10 * HOUR);
    tell(store, hand, checkEvent('app'));
    hand.pass(3 * HOUR);
    expect(query(home, `SELECT count(*) FROM reading WHERE at < ${START + DAY}`)).toBe(101);
  });

  test.each([
    ['and stays so for a week', 7 * DAY],
    ['and is corrected after three hours', 3 * HOUR],
  ])('a clock that jumps three years ahead, %s, makes nothing leave', async (_what, forMs) => {
    const { home, store, hand } = await begin();
    tell(store, hand, { event: 'engine-started' });
    const looks = (count: number): void => {
      for (let n = 0; n < count; n += 1) {
        tell(store, hand, checkEvent('app'));
        hand.pass(5 * MINUTE);
      }
    };
    looks(100);
    const jump = 3 * 365 * DAY;
    hand.setWall(hand.clock.now().wallMs + jump);
    looks(forMs / (5 * MINUTE));
    expect(query(home, `SELECT count(*) FROM reading WHERE at < ${START + DAY}`)).toBe(100);
    hand.setWall(hand.clock.now().wallMs - jump);
    looks(100);
    hand.pass(3 * HOUR);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(200 + forMs / (5 * MINUTE));
    const iso = (ms: number) => new Date(ms).toISOString();
    const all = store.series({ service: 'app', from: iso(START - DAY), to: iso(hand.clock.now().wallMs), points: 10 });
    expect(all?.points.reduce((sum, point) => sum + point.count, 0)).toBe(200);
  });

  test.each([
    ['', 0],
    [', on a machine too busy for more than a step at a time', 50],
  ])('over its size the oldest readings go first, and the file gets smaller%s', async (_where, slowMs) => {
    const hand = handClock(START);
    let lateMs = 0;
    const clock = {
      now() {
        lateMs += slowMs;
        return { ...hand.clock.now(), awakeMs: hand.clock.now().awakeMs + lateMs };
      },
    };
    const { home, store } = await begin(tempFolder(), hand, { maxBytes: 400_000, clock });
    tell(store, hand, { event: 'engine-started' });
    for (let n = 0; n < 20_000; n += 1) {
      tell(store, hand, checkEvent(`app-${n % 5}`, { latencyMs: n % 977, value: n / 7, unit: 'percent' }));
      hand.pass(MINUTE);
    }
    await store.close();
    expect(statSync(path.join(home, 'history.db')).size).toBeLessThan(440_000);
    const next = await begin(home, hand);
    const iso = (ms: number) => new Date(ms).toISOString();
    // Days stay whatever happens.
    const all = next.store.series({ service: 'app-1', from: iso(START - DAY), to: iso(hand.clock.now().wallMs), points: 10 });
    expect(all?.source).toBe('1d');
    expect(all?.points.reduce((sum, point) => sum + point.count, 0)).toBe(4_000);
  });
});

describe('the logs are the truth', () => {
  const health = (home: string, lines: readonly object[]) =>
    appendFileSync(path.join(home, 'health.log'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const iso = (ms: number) => new Date(ms).toISOString();

  async function rebuilt(home: string, nowMs: number) {
    const told: unknown[] = [];
    const troubles: string[] = [];
    const hand = handClock(nowMs);
    const store = await openHistory({
      home,
      clock: hand.clock,
      ages: hand.ages,
      timers: { ...realTimers, sleep: (ms) => realTimers.sleep(Math.min(ms, 5)) },
      beginsAt: nowMs,
      onQuarantine: () => undefined,
      onTrouble: (what, message) => troubles.push(`${what}: ${message ?? 'over'}`),
      onRebuilt: (how) => told.push(how),
    });
    opened.push(store);
    await expect.poll(() => store.incidents(everything) !== undefined, { timeout: 20_000 }).toBe(true);
    return { store, told, troubles, hand };
  }

  test('the same lines give the same history, told live or read back from logs and archives', async () => {
    const { home, store, hand } = await begin();
    const live = (event: Parameters<typeof tell>[2], log: 'health' | 'recovery' | 'alerts' = 'health') => {
      tell(store, hand, event, log);
      appendFileSync(path.join(home, `${log}.log`), `${JSON.stringify({ at: iso(hand.clock.now().wallMs), ...event })}\n`);
    };
    live({ event: 'engine-started' });
    for (let n = 0; n < 300; n += 1) {
      const isDown = n % 40 > 35;
      const incident = isDown ? `i-${Math.floor(n / 40)}` : undefined;
      live(
        checkEvent('app', { status: isDown ? 'error' : 'ok', strikes: isDown ? (n % 40) - 35 : 0, incident, value: n, unit: 'percent' }),
      );
      if (n % 40 === 36) {
        hand.sleep(3);
        const attempt = { service: 'app', attempt: `a-${n}`, remedy: 'command' } as const;
        live({ event: 'recovery-started', ...attempt, trigger: 'auto', reason: 'first-strike' }, 'recovery');
        live({ event: 'recovery-finished', ...attempt, outcome: 'failed', secondsToHealthy: null, reason: 'x', output: '' }, 'recovery');
      }
      if (n % 40 === 38) {
        live(
          { event: 'alert', service: 'app', id: `app.${incident}`, kind: 'down', strikes: 3, reason: 'third-strike', channels: [] },
          'alerts',
        );
      }
      if (n === 100) live({ event: 'command', service: 'app', command: 'pause' });
      if (n === 150) {
        hand.sleep(2 * HOUR);
        live({ event: 'slept', forMs: 2 * HOUR });
      }
      hand.pass(5 * MINUTE);
    }
    live({ event: 'engine-stopped' });
    const ask = (of: HistoryStore) => ({
      incidents: of.incidents(everything),
      uptime: of.uptime('app', START),
      // Sixty minutes each.
      points: of.series({ service: 'app', from: iso(START), to: iso(hand.clock.now().wallMs), points: 30 }),
      days: of.overview(['app'], 5),
    });
    const before = ask(store);
    expect(before.incidents?.length).toBe(7);
    await store.close();
    for (const name of readdirSync(home).filter((name) => name.startsWith('history.db'))) {
      writeFileSync(path.join(home, name), 'gone');
    }
    rotate(home, 'health', 120, 'gzip');
    rotate(home, 'health', 70, 'plain');
    rotate(home, 'recovery', 5, 'gzip');
    rotate(home, 'alerts', 2, 'gzip');
    const again = await rebuilt(home, hand.clock.now().wallMs + 1);
    expect(again.told).toMatchObject([{ fromMs: START }]);
    expect(again.troubles).toEqual(['rebuild: The history is being rebuilt from the logs.', 'rebuild: over']);
    const after = ask(again.store);
    expect(after.incidents).toEqual(before.incidents);
    expect(after.uptime).toEqual(before.uptime);
    expect(after.days).toEqual(before.days);
    expect(after.points?.points).toEqual(before.points?.points);
  });

  test('lines of older versions, which name no incident, are understood; what stands goes on with the engine', async () => {
    const home = tempFolder();
    const at = (n: number) => ({ at: iso(START + n * 5 * MINUTE) });
    health(home, [
      { ...at(0), event: 'engine-started' },
      { ...at(1), ...checkEvent('app') },
      { ...at(2), ...checkEvent('app', { status: 'error', strikes: 1 }) },
      { ...at(3), ...checkEvent('app', { status: 'error', strikes: 2 }) },
      { ...at(4), ...checkEvent('app') },
      'torn' as unknown as object,
      { ...at(5), ...checkEvent('app', { status: 'error', strikes: 1 }) },
    ]);
    const { store, hand } = await rebuilt(home, START + HOUR);
    expect(store.incidents(everything)).toMatchObject([
      { id: `app@${iso(START + 25 * MINUTE)}`, endedAt: null, strikes: 1 },
      { id: `app@${iso(START + 10 * MINUTE)}`, endedAt: iso(START + 20 * MINUTE), strikes: 2 },
    ]);
    tell(store, hand, checkEvent('app', { status: 'error', strikes: 2, incident: 'i-real' }));
    expect(store.incidents(everything)).toMatchObject([{ id: 'i-real', startedAt: iso(START + 25 * MINUTE), strikes: 2 }, {}]);
    expect(store.uptime('app', START)?.downSeconds).toBe(600);
  });

  test('a rebuilding that was cut off begins anew, and doubles nothing', async () => {
    const home = tempFolder();
    health(home, [
      { at: iso(START), event: 'engine-started' },
      ...Array.from({ length: 3_000 }, (_, n) => ({ at: iso(START + n * MINUTE), ...checkEvent('app', { latencyMs: n % 50 }) })),
    ]);
    const nowMs = START + 3_001 * MINUTE;
    const first = await openTestHistory(home, handClock(nowMs), {
      mayRebuild: true,
      timers: realTimers,
    });
    await expect.poll(() => Number(query(home, 'SELECT count(*) FROM reading')), { timeout: 20_000 }).toBeGreaterThan(200);
    await first.store.close();
    expect(Number(query(home, 'SELECT count(*) FROM reading'))).toBeLessThan(3_000);
    const { store } = await rebuilt(home, nowMs + MINUTE);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(3_000);
    expect(store.uptime('app', START)).toMatchObject({ percent: 100, observedSeconds: 2_999 * 60 });
  });

  test('when more lines have to wait than there is room for, the logs give them back', async () => {
    const home = tempFolder();
    let db: DatabaseSync | undefined;
    const sqlite = withSetting('PRAGMA query_only = ON', { after: 'busy_timeout', onOpen: (opened) => (db = opened) });
    const first = await begin(home);
    tell(first.store, first.hand, { event: 'engine-started' });
    await first.store.close();
    const { store, hand } = await begin(home, first.hand, { sqlite, mayRebuild: true });
    const lines: object[] = [];
    for (let n = 0; n < 21_000; n += 1) {
      hand.sleep(1_000);
      const event = checkEvent('app', { latencyMs: n / 10 });
      lines.push({ at: iso(hand.clock.now().wallMs), ...event });
      tell(store, hand, event);
    }
    health(home, lines);
    db?.exec('PRAGMA query_only = OFF');
    hand.pass(20_000);
    await expect.poll(() => query(home, "SELECT value FROM meta WHERE name = 'rebuild'"), { timeout: 20_000 }).toBe(0);
    expect(query(home, 'SELECT count(*) FROM reading')).toBe(21_000);
    expect(store.uptime('app', START)?.observedSeconds).toBeCloseTo(21_019, -1);
  });

  test('an engine that lives for one command leaves it to the next', async () => {
    const home = tempFolder();
    health(home, [{ at: iso(START), ...checkEvent('app', { status: 'error', strikes: 1 }) }]);
    const { store, hand } = await begin(home, handClock(START + HOUR));
    tell(store, hand, checkEvent('app'));
    expect(store.incidents(everything)).toBeUndefined();
    await store.close();
    const next = await rebuilt(home, START + 2 * HOUR);
    expect(next.store.incidents(everything)).toMatchObject([{ endedAt: iso(START + HOUR) }]);
  });
});

/** SQLite as it is, that is given a setting after the one that names itself `after`. */
function withSetting(sql: string, { after, onOpen }: { after: string; onOpen?: (db: DatabaseSync) => void }) {
  class WithSetting extends DatabaseSync {
    override exec(text: string): void {
      super.exec(text);
      if (!text.includes(after)) return;
      super.exec(sql);
      onOpen?.(this);
    }
  }
  return async () => ({ DatabaseSync: WithSetting });
}
function overwrite(file: string, from: number, length: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, from, from + length);
  writeFileSync(file, bytes);
}
function withDb(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}
function replaceByFolder(file: string): void {
  const aside = `${file}.old`;
  writeFileSync(aside, readFileSync(file));
  withoutFile(file);
  mkdirSync(file);
  chmodSync(file, 0o700);
  expect(existsSync(aside)).toBe(true);
}
function withoutFile(file: string): void {
  process.getBuiltinModule('node:fs').rmSync(file);
}
