// Fills a home with a past: a year of twenty services, five minutes apart, with incidents, repairs, alerts, nights asleep and
// restarts of the engine. The same lines that an engine would write go through the same history, only on a clock of its own.
// Run: `npx node scripts/year.ts HOME [--days 365] [--services 20] [--interval 300]`. Always the same for the same end.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { AuditEvent, AuditLog } from '../src/contract/audit.ts';
import type { ClockPort } from '../src/contract/ports.ts';
import { agesOf } from '../src/engine/ages.ts';
import { openHistory } from '../src/engine/keep/history.ts';
import { handTimers } from '../test/fixtures/hand-timers.ts';

interface PastOptions {
  readonly home: string;
  /** The last line is just before it. Unix time. */
  readonly endMs: number;
  readonly days: number;
  readonly services: number;
  readonly intervalMs: number;
  readonly seed?: number;
}
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const UNITS = [null, 'percent', 'bytes', 'ms'] as const;

/** Small, seeded, good enough: the 32-bit generator of Tommy Ettinger, "mulberry32" (public domain). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that moves when told, and timers that go by it. */
function handTime(startMs: number) {
  let nowMs = startMs;
  const clock: ClockPort = { now: () => ({ wallMs: nowMs, bootMs: nowMs, awakeMs: nowMs, boot: 'past' }) };
  const { timers, passUntil } = handTimers(() => nowMs);
  return {
    clock,
    timers,
    moveTo(ms: number): void {
      passUntil(ms, (at, fn) => {
        nowMs = Math.max(nowMs, at);
        fn();
      });
      nowMs = Math.max(nowMs, ms);
    },
  };
}

interface Service {
  readonly id: string;
  readonly unit: (typeof UNITS)[number];
  readonly base: number;
  nextAt: number;
  incident: { id: string; strikes: number; endsAt: number; attempt: string | undefined } | undefined;
}

/** How many lines there were. */
export async function fillPast(options: PastOptions): Promise<number> {
  const { home, endMs, intervalMs } = options;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const random = numbersFrom(options.seed ?? 1);
  const startMs = endMs - options.days * DAY;
  const time = handTime(startMs);
  const store = await openHistory({
    home,
    clock: time.clock,
    ages: agesOf(time.clock, []),
    timers: time.timers,
    beginsAt: startMs,
    mayRebuild: false,
    onQuarantine: () => undefined,
    onTrouble: (_what, message) => {
      if (message) throw new Error(message);
    },
  });
  let lines = 0;
  let n = 0;
  const newId = (prefix: string): string => {
    n += 1;
    return `${prefix}-${n}`;
  };
  const tell = (log: AuditLog, event: AuditEvent, atMs: number): void => {
    lines += 1;
    store.line(log, event, { wallMs: atMs, bootMs: atMs, awakeMs: atMs, boot: 'past' });
  };
  const services = Array.from(
    { length: options.services },
    (_, index): Service => ({
      id: `service-${String(index + 1).padStart(2, '0')}`,
      unit: UNITS[index % UNITS.length] ?? null,
      base: 2 + random() * 80,
      nextAt: startMs + random() * intervalMs,
      incident: undefined,
    }),
  );
  const begin = (atMs: number): void => tell('health', { event: 'engine-started', pid: 1, watched: services.map(({ id }) => id) }, atMs);

  function look(service: Service, atMs: number): void {
    if (!service.incident && random() < intervalMs / (3 * DAY)) {
      const lastsMs = -Math.log(1 - random()) * 12 * MINUTE;
      service.incident = { id: newId('i'), strikes: 0, endsAt: atMs + lastsMs, attempt: undefined };
    }
    const standing = service.incident;
    const isDown = standing !== undefined && atMs < standing.endsAt;
    const latencyMs = Math.round(service.base * (0.7 + random() * random() * 3) * 10) / 10;
    const wave = 55 + 30 * Math.sin((2 * Math.PI * atMs) / DAY) + random() * 5;
    const value = service.unit === 'percent' ? wave : service.unit === 'bytes' ? Math.round(wave * 7_340_032) : latencyMs;
    if (standing && isDown) standing.strikes += 1;
    if (standing && !isDown) end(service, standing, atMs);
    const isWarning = !isDown && random() < 0.002;
    const isUnknown = !isDown && random() < 0.0005;
    const status = isDown ? 'error' : isUnknown ? 'unknown' : isWarning ? 'warning' : 'ok';
    tell(
      'health',
      {
        event: 'check',
        service: service.id,
        status,
        phase: isDown ? 'failing' : 'healthy',
        reason: isDown ? 'refused' : isUnknown ? 'permission-denied' : 'answered',
        message: isDown ? 'Connection refused' : 'It answers',
        latencyMs,
        value: service.unit === null || isDown || isUnknown ? null : value,
        unit: service.unit,
        consecutiveFailures: service.incident?.strikes ?? 0,
        incident: service.incident?.id,
      },
      atMs,
    );
    if (standing && isDown) follow(service, standing, atMs);
    service.nextAt = atMs + (isDown ? Math.min(MINUTE, intervalMs) : intervalMs) * (1 + (random() - 0.5) * 0.01);
  }

  function follow(service: Service, incident: NonNullable<Service['incident']>, atMs: number): void {
    if (incident.strikes === 1) {
      incident.attempt = newId('a');
      const started = { event: 'recovery-started', service: service.id, attempt: incident.attempt, remedy: 'restart-process' } as const;
      tell('recovery', { ...started, trigger: 'auto', reason: 'first-strike' }, atMs + 1);
    }
    if (incident.strikes !== 3) return;
    const id = `${service.id}.${incident.id}`;
    tell(
      'alerts',
      { event: 'alert', service: service.id, id, kind: 'down', strikes: 3, reason: 'third-strike', channels: ['queue'] },
      atMs,
    );
  }

  function end(service: Service, incident: NonNullable<Service['incident']>, atMs: number): void {
    if (incident.attempt) {
      const secondsToHealthy = Math.round(incident.strikes * 60 + 4);
      const finished = { event: 'recovery-finished', service: service.id, attempt: incident.attempt, remedy: 'restart-process' } as const;
      tell('recovery', { ...finished, outcome: 'succeeded', secondsToHealthy, reason: 'started', output: 'started' }, atMs);
    }
    if (incident.strikes >= 3) {
      tell('alerts', { event: 'recovered', service: service.id, id: `${service.id}.${incident.id}`, channels: ['queue'] }, atMs);
    }
    service.incident = undefined;
  }

  begin(startMs);
  for (let day = 0; day < options.days; day += 1) {
    const dayStart = startMs + day * DAY;
    for (let hourEnd = dayStart + HOUR; hourEnd <= dayStart + DAY; hourEnd += HOUR) {
      for (;;) {
        const next = services.reduce((a, b) => (b.nextAt < a.nextAt ? b : a));
        if (next.nextAt >= hourEnd) break;
        look(next, Math.round(next.nextAt));
      }
      time.moveTo(hourEnd);
      store.flush();
    }
    if (day % 30 === 29) {
      tell('health', { event: 'engine-stopped', pid: 1 }, dayStart + DAY - 2);
      begin(dayStart + DAY - 1);
    }
    // One night in a fortnight the lid is closed.
    if (day % 14 === 13 && day < options.days - 1) {
      for (const service of services) service.nextAt += 7 * HOUR;
      time.moveTo(dayStart + DAY + 7 * HOUR - MINUTE);
      tell('health', { event: 'slept', forMs: 7 * HOUR - 2 * MINUTE }, dayStart + DAY + 7 * HOUR - MINUTE);
    }
  }
  time.moveTo(endMs);
  await store.close();
  return lines;
}

/** Services of the same names for an engine that is to live in this home; each is well without anything to answer. */
export function configText(count: number, intervalMs: number): string {
  const services = Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(2, '0');
    return { id: `service-${number}`, name: `Service ${number}`, check: { type: 'command', run: ['true'] }, recovery: [] };
  });
  return `${JSON.stringify({ interval: `${intervalMs / 1_000}s`, services }, null, 2)}\n`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      days: { type: 'string', default: '365' },
      services: { type: 'string', default: '20' },
      interval: { type: 'string', default: '300' },
    },
  });
  const home = positionals[0];
  if (!home || existsSync(path.join(home, 'history.db'))) {
    process.stderr.write('Usage: npx node scripts/year.ts HOME  (a home that has no history.db yet)\n');
    process.exit(64);
  }
  const [days, services, intervalMs] = [Number(values.days), Number(values.services), Number(values.interval) * 1_000];
  const lines = await fillPast({ home, endMs: Date.now(), days, services, intervalMs });
  const config = path.join(home, 'config.json');
  if (!existsSync(config)) writeFileSync(config, configText(services, intervalMs), { mode: 0o600 });
  process.stdout.write(`${lines} lines of ${days} days are in ${path.join(home, 'history.db')}\n`);
}
