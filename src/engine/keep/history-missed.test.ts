// A crash comes between the line in the log and its row: at the next start the line is taken in, once. And the other way
// round: what the crash took from the log and the database has is not told twice.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { checkEvent, handClock, openTestHistory, rotate, tell } from '../../../test/fixtures/history-support.ts';
import { realTimers, removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import type { AuditLog } from '../../contract/audit.ts';
import { openAuditLogs } from './audit-log.ts';
import type { HistoryStore } from './history.ts';

const START = Date.UTC(2026, 5, 1, 12, 0, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const everything = { service: undefined, fromMs: 0, toMs: 9e15 };
afterEach(removeTempFolders);

/** An engine's trail and its history; `crash` leaves the database as it was at its last commit. */
async function begin(home: string, hand: ReturnType<typeof handClock>) {
  const logs = await openAuditLogs({ home, clock: hand.clock, timers: realTimers, onTrouble: () => undefined });
  const { store, troubles } = await openTestHistory(home, hand);
  let isDeaf = false;
  return {
    store,
    troubles,
    /** From now on nothing reaches the database: lines that no commit came for. */
    deaf: () => {
      store.flush();
      isDeaf = true;
    },
    say(event: Parameters<typeof tell>[2], log: AuditLog = 'health') {
      logs.write(log, event, hand.clock.now());
      if (!isDeaf) tell(store, hand, event, log);
    },
    async crash() {
      const files = isDeaf ? readdirSync(home).filter((name) => name.startsWith('history.db')) : [];
      const bytes = files.map((name) => readFileSync(path.join(home, name)));
      await store.close();
      for (const [index, name] of files.entries()) writeFileSync(path.join(home, name), bytes[index] as Buffer);
      await logs.close();
    },
  };
}
type Life = Awaited<ReturnType<typeof begin>>;

function live(life: Life, hand: ReturnType<typeof handClock>, from: number, to: number): void {
  for (let n = from; n < to; n += 1) {
    const isDown = n % 20 > 15;
    const incident = isDown ? `i-${Math.floor(n / 20)}` : undefined;
    life.say(checkEvent('app', { status: isDown ? 'error' : 'ok', strikes: isDown ? (n % 20) - 15 : 0, incident, latencyMs: n % 50 }));
    life.say(checkEvent('web', { value: n, unit: 'bytes' }));
    if (n % 20 === 16) {
      const attempt = { service: 'app', attempt: `a-${n}`, remedy: 'command' } as const;
      life.say({ event: 'recovery-started', ...attempt, trigger: 'auto', reason: 'first-strike' }, 'recovery');
      hand.sleep(1);
      life.say({ event: 'recovery-finished', ...attempt, outcome: 'failed', secondsToHealthy: null, reason: 'x', output: '' }, 'recovery');
      life.say(
        { event: 'alert', service: 'app', id: `app.${incident}`, kind: 'down', strikes: 3, reason: 'third-strike', channels: [] },
        'alerts',
      );
    }
    hand.pass(5 * MINUTE);
  }
}
function rows(home: string) {
  const db = new DatabaseSync(path.join(home, 'history.db'), { readOnly: true });
  try {
    const of = (sql: string) => db.prepare(sql).all();
    return {
      readings: of('SELECT s.id, at, status, latency, value FROM reading r JOIN service s ON s.key = r.service ORDER BY s.id, at'),
      spans: of('SELECT s.id, start, "end", state FROM span p JOIN service s ON s.key = p.service ORDER BY s.id, start'),
      alerts: of('SELECT at, id, event, detail FROM alert ORDER BY at'),
    };
  } finally {
    db.close();
  }
}
const answers = (store: HistoryStore) => ({
  incidents: store.incidents(everything),
  app: store.uptime('app', START - HOUR),
  web: store.uptime('web', START - HOUR),
});

/** The same life twice: in one home the database hears nothing of its second half. */
async function both(
  middle: (life: Life, hand: ReturnType<typeof handClock>) => void = () => undefined,
  between: (home: string) => void = () => undefined,
) {
  const result: unknown[] = [];
  for (const isDeaf of [false, true]) {
    const home = tempFolder();
    const hand = handClock(START);
    const life = await begin(home, hand);
    life.say({ event: 'engine-started', watched: ['app', 'web'] });
    live(life, hand, 0, 37);
    if (isDeaf) life.deaf();
    middle(life, hand);
    live(life, hand, 37, 90);
    await life.crash();
    if (isDeaf) between(home);
    hand.sleep(10 * MINUTE);
    // Three starts: the second and third find nothing that is missing.
    for (let n = 0; n < 3; n += 1) {
      const next = await begin(home, hand);
      expect(next.troubles()).toEqual([]);
      next.say({ event: 'engine-started', watched: ['app', 'web'] });
      live(next, hand, 100 + n, 101 + n);
      next.store.flush();
      await next.crash();
      hand.sleep(MINUTE);
    }
    const last = await begin(home, hand);
    result.push({ ...rows(home), ...answers(last.store) });
    await last.crash();
  }
  const [whole, caughtUp] = result;
  expect(caughtUp).toEqual(whole);
}

test('lines that no commit came for are taken in at the next start, once, as if they had been heard', () => both());

test('also where the clock was set in between, the machine slept, and a service was paused', () =>
  both((life, hand) => {
    hand.setWall(hand.clock.now().wallMs - 3 * HOUR);
    life.say({ event: 'clock-jumped', byMs: -3 * HOUR });
    live(life, hand, 30, 33);
    life.say({ event: 'command', service: 'web', command: 'pause' });
    hand.sleep(HOUR);
    life.say({ event: 'slept', forMs: HOUR });
    hand.setWall(hand.clock.now().wallMs + 5 * HOUR);
    life.say({ event: 'clock-jumped', byMs: 5 * HOUR });
    life.say({ event: 'command', service: 'web', command: 'resume' });
  }));

test('also where the log was rotated and compressed in between', () =>
  both(undefined, (home) => {
    // Twice: the line that was committed last is in the older one.
    rotate(home, 'health', 90, 'gzip');
    rotate(home, 'health', 30, 'plain');
  }));

test('what the crash took from the log and the database has, is there once', async () => {
  const home = tempFolder();
  const hand = handClock(START);
  const life = await begin(home, hand);
  life.say({ event: 'engine-started' });
  live(life, hand, 0, 30);
  await life.crash();
  const before = rows(home);
  const file = path.join(home, 'health.log');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.slice(0, text.lastIndexOf('\n', text.length - 2) - 20)); // one line gone, the one before it torn
  for (let n = 0; n < 2; n += 1) {
    const next = await begin(home, hand);
    expect(rows(home).readings).toEqual(before.readings);
    await next.crash();
  }
});

test('looks of one millisecond, some of them committed: each is there once', async () => {
  const home = tempFolder();
  const hand = handClock(START);
  const life = await begin(home, hand);
  life.say({ event: 'engine-started' });
  for (let n = 0; n < 3; n += 1) life.say(checkEvent('app', { latencyMs: n }));
  life.deaf();
  for (let n = 3; n < 6; n += 1) life.say(checkEvent('app', { latencyMs: n }));
  await life.crash();
  hand.sleep(1_000);
  const next = await begin(home, hand);
  const readings = rows(home).readings as { latency: number }[];
  expect(readings.map(({ latency }) => latency)).toEqual([0, 10, 20, 30, 40, 50]);
  await next.crash();
});

test('a database that could not be had for a whole life knows of it at the next start', async () => {
  const home = tempFolder();
  const hand = handClock(START);
  const first = await begin(home, hand);
  first.say({ event: 'engine-started' });
  live(first, hand, 0, 20);
  await first.crash();
  const logs = await openAuditLogs({ home, clock: hand.clock, timers: realTimers, onTrouble: () => undefined });
  hand.pass(MINUTE);
  logs.write('health', { event: 'engine-started' }, hand.clock.now());
  for (let n = 0; n < 1_000; n += 1) {
    logs.write('health', checkEvent('app', { latencyMs: n }), hand.clock.now());
    hand.pass(MINUTE);
  }
  await logs.close();
  hand.sleep(HOUR);
  const next = await begin(home, hand);
  expect(rows(home).readings).toHaveLength(1_040);
  next.say({ event: 'engine-started' });
  expect(next.store.uptime('app', START + 110 * MINUTE)?.observedSeconds).toBeCloseTo(990 * 60, 2);
  await next.crash();
});
