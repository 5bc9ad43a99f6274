// What the history costs: its size after a year of twenty services, a round's write, any graph's answer, the pauses of its
// upkeep, its memory. Beside a bare prepared INSERT and SELECT of the same run. Prints a table; judges nothing.
// Run: `npx node bench/history.ts [HOME]`; without a home that has a history.db (scripts/year.ts) a year is made first, in minutes.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fillPast } from '../scripts/year.ts';
import type { ClockPort, TimersPort } from '../src/contract/ports.ts';
import { type HistoryStore, openHistory } from '../src/engine/keep/history.ts';

const SERVICES = 20;
const MINUTE = 60_000;
const DAY = 86_400_000;
const ids = Array.from({ length: SERVICES }, (_, index) => `service-${String(index + 1).padStart(2, '0')}`);
const say = (text: string) => process.stdout.write(`${text}\n`);
const at = (sorted: readonly number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
const sort = (values: number[]) => values.sort((a, b) => a - b);
const timed = (act: () => unknown): number => {
  const start = performance.now();
  act();
  return performance.now() - start;
};
function row(name: string, values: number[], bare?: number): void {
  sort(values);
  const cells = [at(values, 0.5), at(values, 0.95), at(values, 0.99), values.at(-1) ?? 0].map((ms) => ms.toFixed(3).padStart(9));
  say(`${name.padEnd(44)} ${cells.join(' ')}${bare === undefined ? '' : `   ${(at(values, 0.5) / bare).toFixed(1)} x`}`);
}

/** Wall and boot clock move when told, the awake one is real: slices end by it. Every timer's work is measured. */
function measuredTime(startMs: number) {
  let nowMs = startMs;
  let due: { at: number; fn: () => void }[] = [];
  const pauses: number[] = [];
  const clock: ClockPort = { now: () => ({ wallMs: nowMs, bootMs: nowMs, awakeMs: performance.now(), boot: 'bench' }) };
  const timers: TimersPort = {
    after(ms, fn) {
      const entry = { at: nowMs + ms, fn };
      due.push(entry);
      return () => {
        due = due.filter((other) => other !== entry);
      };
    },
    sleep: async () => undefined,
  };
  function pass(ms: number): void {
    const end = nowMs + ms;
    for (;;) {
      const next = due.filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      due = due.filter((other) => other !== next);
      nowMs = Math.max(nowMs, next.at);
      pauses.push(timed(next.fn));
    }
    nowMs = end;
  }
  return { clock, timers, pass, pauses, now: () => nowMs };
}
type Time = ReturnType<typeof measuredTime>;

function open(home: string, time: Time, maxBytes?: number): Promise<HistoryStore> {
  return openHistory({
    home,
    clock: time.clock,
    timers: time.timers,
    beginsAt: time.now(),
    mayRebuild: false,
    onQuarantine: (_from, to, why) => say(`moved aside: ${to} ${why}`),
    onTrouble: (_what, message) => message && say(message),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

function tellOne(store: HistoryStore, time: Time, service: string, n: number): void {
  store.line(
    'health',
    {
      event: 'check',
      service,
      status: 'ok',
      phase: 'healthy',
      reason: 'answered',
      message: 'It answers',
      latencyMs: 5 + (n % 97) / 10,
      value: 40 + (n % 31) / 3,
      unit: 'percent',
      consecutiveFailures: 0,
    },
    time.clock.now(),
  );
}

/** A row of a made-up table, committed alone, in a database set up as the history is. */
function bareDatabase(folder: string) {
  const db = new DatabaseSync(path.join(folder, 'bare.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024');
  db.exec(
    'CREATE TABLE t (service INTEGER, at INTEGER, status INTEGER, latency INTEGER, value REAL, PRIMARY KEY (service, at)) STRICT, WITHOUT ROWID',
  );
  const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?, ?)');
  const select = db.prepare('SELECT at, latency, value FROM t WHERE service = ? AND at >= ? ORDER BY at LIMIT 300');
  const inserts: number[] = [];
  db.exec('BEGIN');
  for (let n = 0; n < 170_000; n += 1) insert.run(n % SERVICES, n, 0, n % 977, n / 3);
  db.exec('COMMIT');
  for (let n = 0; n < 2_000; n += 1) {
    inserts.push(
      timed(() => {
        db.exec('BEGIN');
        for (let service = 0; service < SERVICES; service += 1) insert.run(service, 1_000_000 + n, 0, n % 977, n / 3);
        db.exec('COMMIT');
      }),
    );
  }
  const selects = Array.from({ length: 2_000 }, (_, n) => timed(() => select.all(n % SERVICES, (n * 71) % 160_000)));
  db.close();
  return { inserts, selects };
}

async function main(from: string | undefined): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'jh-bench-'));
  try {
    const home = path.join(folder, 'home');
    mkdirSync(home);
    const file = path.join(home, 'history.db');
    const endMs = Date.UTC(2026, 5, 1);
    if (from) copyFileSync(path.join(from, 'history.db'), file);
    else await fillPast({ home, endMs, days: 365, services: SERVICES, intervalMs: 5 * MINUTE });
    const probe = new DatabaseSync(file);
    const newest = (probe.prepare('SELECT max(at) AS at FROM reading').get() as { at: number }).at;
    const checks: number[] = [];
    for (let n = 0; n < 5; n += 1) checks.push(timed(() => probe.prepare('PRAGMA quick_check(1)').get()));
    probe.close();
    say(`size after a year: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
    say(`${''.padEnd(44)} ${['p50 ms', 'p95', 'p99', 'most'].map((head) => head.padStart(9)).join(' ')}   to bare`);
    row('quick_check at the start', checks);

    const bare = bareDatabase(folder);
    row('bare: 20 prepared INSERTs, one commit', bare.inserts);
    row('bare: SELECT of 300 rows', bare.selects);
    const [bareInsert, bareSelect] = [at(sort(bare.inserts), 0.5), at(sort(bare.selects), 0.5)];

    const time = measuredTime(newest + MINUTE);
    const store = await open(home, time);
    const calls: number[] = [];
    const single: number[] = [];
    const rounds: number[] = [];
    // A day and a half, in which services are looked at one after another; then twenty at once.
    for (let n = 0; n < 36 * 12; n += 1) {
      for (const service of ids) {
        calls.push(timed(() => tellOne(store, time, service, n)));
        single.push(timed(() => store.flush()));
        time.pass((5 * MINUTE) / SERVICES);
      }
    }
    row('a line handed over', calls);
    row('a look committed alone', single);
    const upkeep = time.pauses.splice(0);
    for (let n = 0; n < 2_000; n += 1) {
      for (const service of ids) tellOne(store, time, service, n);
      rounds.push(timed(() => store.flush()));
      time.pass(2_000);
    }
    row('20 looks in one commit', rounds, bareInsert);
    row('slices of upkeep: roll up, journal', upkeep);

    const end = time.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    for (const [name, length, points] of [
      ['1 hour', 3_600_000, 300],
      ['24 hours', DAY, 300],
      ['7 days', 7 * DAY, 300],
      ['30 days', 30 * DAY, 300],
      ['90 days', 90 * DAY, 300],
      ['a year', 365 * DAY, 300],
      ['2 years', 730 * DAY, 300],
      ['90 days, 1000 points', 90 * DAY, 1_000],
      ['a year, 1000 points', 365 * DAY, 1_000],
    ] as const) {
      const now: number[] = [];
      const then: number[] = [];
      for (let n = 0; n < 100; n += 1) {
        const service = ids[n % SERVICES] as string;
        const back = Math.max(0, Math.floor(random() * (365 * DAY - length)));
        now.push(timed(() => store.series({ service, from: iso(end - length), to: iso(end), points })));
        then.push(timed(() => store.series({ service, from: iso(end - length - back), to: iso(end - back), points })));
      }
      row(`graph of ${name}, until now`, now, bareSelect);
      if (length < 300 * DAY) row(`graph of ${name}, somewhere in the year`, then, bareSelect);
    }
    const some = (count: number, act: (n: number) => unknown) => Array.from({ length: count }, (_, n) => timed(() => act(n)));
    row(
      'overview, 20 services, 90 days',
      some(30, () => store.overview(ids, 90)),
    );
    for (const days of [1, 7, 30])
      row(
        `uptime over ${days} d`,
        some(200, (n) => store.uptime(ids[n % SERVICES] as string, end - days * DAY)),
      );
    let count = 0;
    const everything = { service: undefined, fromMs: 0, toMs: 9e15 };
    const lists = some(10, () => (count = store.incidents(everything)?.length ?? 0));
    row(`all ${count} incidents`, lists);
    await store.close();

    // Far over its size: room is made as fast as it ever is.
    const tight = measuredTime(end + MINUTE);
    const smaller = await open(home, tight, 15_000_000);
    tight.pass(40 * MINUTE);
    row('slices of making room, 35 to 15 MB', tight.pauses);
    await smaller.close();
    say(`size after that: ${(statSync(file).size / 1e6).toFixed(1)} MB`);

    say('');
    const memory = (what: string) =>
      execFileSync(process.execPath, ['--expose-gc', import.meta.filename, 'memory', what, from ?? home], { encoding: 'utf8' }).trim();
    for (const what of ['bare', 'sqlite', 'open', 'used']) say(`resident memory, ${what.padEnd(8)} ${memory(what)} MB`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own: nothing, SQLite loaded, the history opened, and after ten thousand looks and a hundred graphs. */
async function memory(what: string, from: string): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'jh-bench-'));
  try {
    if (what === 'sqlite') new DatabaseSync(':memory:').close();
    if (what === 'open' || what === 'used') {
      copyFileSync(path.join(from, 'history.db'), path.join(folder, 'history.db'));
      const time = measuredTime(Date.now());
      const store = await open(folder, time);
      for (let n = 0; what === 'used' && n < 10_000; n += 1) {
        tellOne(store, time, ids[n % SERVICES] as string, n);
        time.pass(MINUTE);
        const [fromMs, toMs] = [time.now() - ((n % 365) + 1) * DAY, time.now()];
        if (n % 100 === 0) {
          const service = ids[n % SERVICES] as string;
          store.series({ service, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
        }
      }
    }
    (globalThis as { gc?: () => void }).gc?.();
    say((process.memoryUsage.rss() / 1e6).toFixed(1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first, second, third] = process.argv.slice(2);
if (first === 'memory') await memory(second ?? '', third ?? '');
else await main(first);
// A process that only measured has nothing left to wait for.
process.exit(0);
