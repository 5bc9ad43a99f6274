// Whole, typed answers of an engine for every state that the window must show. Made from one moment, so that two runs give
// the same picture. Pure values; no randomness but a seeded one.
import type { DayBar, Overview, Series } from '../../src/contract/history.ts';
import type { AttemptView, DiscoveredView, HistoryLine, IncidentView } from '../../src/contract/operations.ts';
import type { QueueAlert } from '../../src/contract/queue.ts';
import type { ServiceView, Snapshot } from '../../src/contract/snapshot.ts';
import { serviceView } from '../fixtures/service-view.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface World {
  nowMs: number;
  snapshot: Snapshot;
  overview: Overview;
  incidents: IncidentView[];
  alerts: QueueAlert[];
  trail: HistoryLine[];
  config: { path: string; text: string; problems: [] | Problem[] };
  discovered: DiscoveredView[];
  series(service: string, fromMs: number, toMs: number, points: number, metric: 'value' | 'latency' | undefined): Series;
}
type Problem = { path: string; line: number; column: number; found: string; allowed: string; nearest?: string; message: string };

const iso = (ms: number): string => new Date(ms).toISOString();

/** A small seeded generator: the same picture every time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

export function service(nowMs: number, over: Partial<ServiceView> & Pick<ServiceView, 'id' | 'name'>): ServiceView {
  return serviceView({
    since: iso(nowMs - 9 * DAY),
    lastCheckAt: iso(nowMs - 70 * SECOND),
    nextCheckAt: iso(nowMs + 230 * SECOND),
    uptime: { '24h': 100, '7d': 99.99, '30d': 99.982 },
    ...over,
  });
}

function attempt(over: Partial<AttemptView> & Pick<AttemptView, 'attempt' | 'service' | 'startedAt'>): AttemptView {
  return {
    remedy: 'restart-process',
    trigger: 'auto',
    outcome: 'succeeded',
    reason: 'healthy-again',
    secondsToHealthy: 4,
    output: '',
    ...over,
  };
}

export function snapshotOf(nowMs: number, services: ServiceView[], over: Partial<Snapshot> = {}): Snapshot {
  const counts = { ok: 0, warning: 0, error: 0, unknown: 0, paused: 0, stopped: 0 };
  for (const view of services) counts[view.phase === 'paused' || view.phase === 'stopped' ? view.phase : view.status] += 1;
  return {
    version: 1,
    rev: 1,
    at: iso(nowMs),
    overall: 'ok',
    sentence: `All ${services.length} are well`,
    counts,
    engine: {
      pid: 4711,
      startedAt: iso(nowMs - 3 * DAY),
      mode: 'headless',
      version: '0.4.0',
      dryRun: false,
      recoveryEnabled: true,
      home: '/Users/mia/Library/Application Support/Jarvis Health',
    },
    problems: [],
    services,
    ...over,
  };
}

function daysOf(nowMs: number, bad: Record<number, DayBar['status']>, recordedDays = 90): DayBar[] {
  return Array.from({ length: 90 }, (_, index) => {
    const ago = 89 - index;
    const status = ago >= recordedDays ? 'none' : (bad[ago] ?? 'ok');
    return {
      day: iso(nowMs - ago * DAY).slice(0, 10),
      status,
      secondsDown: status === 'error' ? 1_260 : 0,
      failures: status === 'error' ? 9 : status === 'warning' ? 1 : 0,
      incidents: status === 'error' ? 2 : 0,
    };
  });
}

function spark(seed: number, base: number, wave: number, shape: (share: number) => number = () => 0): (number | null)[] {
  const random = noise(seed);
  return Array.from({ length: 48 }, (_, index) => base + (random() - 0.5) * wave + shape(index / 47));
}

function overviewOf(nowMs: number): Overview {
  const none = Array.from({ length: 48 }, () => false);
  const failing = (from: number) => none.map((_, index) => index >= from);
  return [
    {
      service: 'gateway',
      days: daysOf(nowMs, { 0: 'error', 31: 'error', 32: 'warning', 70: 'warning' }),
      spark: spark(1, 12, 5).map((v, i) => (i > 46 ? null : v)),
      sparkFailures: failing(47),
    },
    {
      service: 'fitness-tracker',
      days: daysOf(nowMs, { 0: 'warning', 27: 'error', 58: 'warning', 59: 'warning' }),
      spark: spark(2, 30, 9, (s) => (s > 0.92 ? 22 : 0)),
      sparkFailures: failing(46),
    },
    { service: 'disk', days: daysOf(nowMs, { 0: 'warning', 1: 'warning' }), spark: spark(3, 20, 0.2, (s) => -7 * s), sparkFailures: none },
    { service: 'hub-dashboard', days: daysOf(nowMs, { 12: 'warning' }), spark: spark(4, 6, 3), sparkFailures: none },
    { service: 'memory', days: daysOf(nowMs, {}), spark: spark(5, 61, 2, (s) => 5 * Math.sin(6 * s)), sparkFailures: none },
    { service: 'log-files', days: daysOf(nowMs, { 44: 'error' }, 60), spark: spark(6, 20e6, 1e5, (s) => 18e6 * s), sparkFailures: none },
  ];
}

const PRESET = `{
  "$schema": "./config.schema.json",
  "interval": "5m",
  // Repairs were allowed on the second of November.
  "services": [
    { "id": "gateway", "name": "Gateway",
      "check": { "type": "process", "match": "/(^|\\\\/)clawdbot-gateway( |$)/" },
      "recovery": [{ "type": "command", "run": ["clawdbot", "gateway", "restart"], "timeout": "90s", "startWindow": "5m" }] },
    { "id": "fitness-tracker", "name": "Fitness Tracker",
      "check": { "type": "http", "url": "http://127.0.0.1:3000/", "maxLatency": "1s" },
      "recovery": [{ "type": "restart-process", "find": { "port": 3000, "match": "app.py" }, "start": ["python3", "app.py"], "cwd": "~/clawd/fitness-tracker" }], },
  ],
}
`;

/** Six services as on a real desk: one needs a person, one waits for a build, a disk is filling. */
export function trouble(nowMs: number): World {
  const failedAt = nowMs - 12 * MINUTE - 20 * SECOND;
  const tries = [0, 5, 10].map((minutes, index) =>
    attempt({
      attempt: `gateway-a${index + 1}`,
      service: 'gateway',
      startedAt: iso(failedAt + 2 * SECOND + minutes * MINUTE),
      remedy: 'command',
      outcome: 'failed',
      reason: 'no-answer',
      secondsToHealthy: null,
      output: 'Restarting gateway…\nERROR: listen EADDRINUSE 127.0.0.1:18789\nGateway exited with code 1\n',
    }),
  );
  const services = [
    service(nowMs, {
      id: 'fitness-tracker',
      name: 'Fitness Tracker',
      status: 'error',
      phase: 'held',
      reason: 'refused',
      message: 'No answer on port 3000',
      since: iso(nowMs - 2 * MINUTE - 8 * SECOND),
      nextCheckAt: iso(nowMs + 12 * SECOND),
      latencyMs: 4,
      consecutiveFailures: 1,
      recoveryReason: 'build-running',
      hold: {
        build: 'npm install',
        pid: 48_211,
        folder: '/Users/mia/clawd/fitness-tracker',
        since: iso(nowMs - 3 * MINUTE),
        until: iso(nowMs + 28 * MINUTE),
      },
      uptime: { '24h': 99.8, '7d': 99.91, '30d': 99.64 },
      url: 'http://127.0.0.1:3000/',
      logs: '/Users/mia/clawd/fitness-tracker/app.log',
    }),
    service(nowMs, {
      id: 'gateway',
      name: 'Gateway',
      type: 'process',
      status: 'error',
      phase: 'gave-up',
      reason: 'process-missing',
      message: 'No process matches clawdbot-gateway',
      since: iso(failedAt),
      lastCheckAt: iso(nowMs - 20 * SECOND),
      nextCheckAt: iso(nowMs + 40 * SECOND),
      latencyMs: 5,
      value: 0,
      unit: 'count',
      limit: 1,
      consecutiveFailures: 12,
      alerting: true,
      lastAttempt: {
        id: 'gateway-a3',
        at: tries[2]?.startedAt ?? '',
        remedy: 'command',
        trigger: 'auto',
        outcome: 'failed',
        reason: 'no-answer',
        secondsToHealthy: null,
      },
      nextAttemptAt: iso(nowMs + 26 * MINUTE),
      recoveryReason: 'gave-up',
      uptime: { '24h': 99.15, '7d': 99.88, '30d': 99.93 },
      url: 'http://127.0.0.1:18789/',
      logs: '/Users/mia/.clawdbot/logs/gateway.log',
    }),
    service(nowMs, {
      id: 'hub-dashboard',
      name: 'Hub Dashboard',
      type: 'tcp',
      message: 'Port 8080 accepts connections after 6 ms',
      url: 'http://127.0.0.1:8080/',
      logs: '/Users/mia/clawd/dashboard/hub.log',
    }),
    service(nowMs, {
      id: 'disk',
      name: 'Disk Space',
      type: 'disk',
      status: 'warning',
      reason: 'within-limits',
      message: '13 % free (64 GB of 494 GB)',
      since: iso(nowMs - 5 * HOUR),
      latencyMs: 1.2,
      value: 13,
      unit: 'percent',
      limit: 10,
      uptime: { '24h': 100, '7d': 100, '30d': 100 },
      can: { heal: true, start: false, stop: false },
    }),
    service(nowMs, {
      id: 'memory',
      name: 'Memory',
      type: 'memory',
      reason: 'within-limits',
      message: '61 % used, no pressure',
      latencyMs: 3,
      value: 61,
      unit: 'percent',
      limit: 90,
      uptime: { '24h': 100, '7d': 100, '30d': 100 },
      can: { heal: true, start: false, stop: false },
    }),
    service(nowMs, {
      id: 'log-files',
      name: 'Log Files',
      type: 'log-files',
      reason: 'within-limits',
      message: 'Largest is gateway.log, 38 MB of 100 MB',
      latencyMs: 2,
      value: 38e6,
      unit: 'bytes',
      limit: 100e6,
      uptime: { '24h': 100, '7d': 100, '30d': 99.2 },
      can: { heal: true, start: false, stop: false },
    }),
  ];
  const incidents: IncidentView[] = [
    {
      id: 'gateway@now',
      service: 'gateway',
      startedAt: iso(failedAt),
      endedAt: null,
      reason: 'process-missing',
      message: 'No process matches clawdbot-gateway',
      strikes: 12,
      alerted: 'gave-up',
      alertedAt: iso(nowMs - 2 * MINUTE),
      attempts: tries,
    },
    {
      id: 'fitness@now',
      service: 'fitness-tracker',
      startedAt: iso(nowMs - 2 * MINUTE - 8 * SECOND),
      endedAt: null,
      reason: 'refused',
      message: 'No answer on port 3000',
      strikes: 1,
      alerted: null,
      alertedAt: null,
      attempts: [],
    },
    ...past(nowMs, 40),
  ];
  return {
    nowMs,
    snapshot: snapshotOf(nowMs, services, { overall: 'error', sentence: '1 of 6 needs you: Gateway, 12 min' }),
    overview: overviewOf(nowMs),
    incidents,
    alerts: [
      {
        id: 'alert-1',
        service: 'gateway',
        name: 'Gateway',
        kind: 'gave-up',
        severity: 'critical',
        title: 'Gateway needs you: repairs did not help',
        message: 'No process matches clawdbot-gateway for 12 min.',
        raisedAt: iso(nowMs - 2 * MINUTE),
        firstFailureAt: iso(failedAt),
        strikes: 12,
        tried: [],
        evidence: { lastLogLines: [], changesSinceHealthy: [], topProcesses: [] },
        allowedActions: [],
        state: 'pending',
        claimedBy: null,
        claimedAt: null,
        expiresAt: null,
        doneAt: null,
        result: null,
      },
    ],
    trail: [
      { at: iso(failedAt + SECOND), event: 'recovery-started', service: 'gateway', attempt: 'gateway-a1', remedy: 'command' },
      { at: iso(failedAt + 3 * MINUTE), event: 'recovery-skipped', service: 'gateway', reason: 'cooldown' },
      { at: iso(nowMs - 2 * MINUTE), event: 'recovery-skipped', service: 'gateway', reason: 'gave-up' },
      { at: iso(nowMs - 2 * MINUTE), event: 'recovery-skipped', service: 'fitness-tracker', reason: 'build-running' },
    ],
    config: { path: '/Users/mia/Library/Application Support/Jarvis Health/config.json', text: PRESET, problems: [] },
    discovered: [
      {
        service: { id: 'postgres', name: 'Postgres', check: { type: 'tcp', port: 5432 } },
        why: 'postgres listens on port 5432',
        kind: 'port',
        isWatched: false,
      },
      {
        service: { id: 'gateway', name: 'Gateway', check: { type: 'process', name: 'clawdbot-gateway' } },
        why: 'The gateway is installed',
        kind: 'gateway',
        isWatched: true,
      },
    ],
    series: (id, fromMs, toMs, points, metric) =>
      seriesOf(services.find((view) => view.id === id) ?? (services[0] as ServiceView), { fromMs, toMs, points, metric, nowMs }),
  };
}

const STORY = [
  ['hub-dashboard', 'timed-out', 'No answer within 10 s'],
  ['fitness-tracker', 'refused', 'Connection refused on port 3000'],
  ['gateway', 'process-missing', 'No process matches clawdbot-gateway'],
  ['log-files', 'over-limit', 'gateway.log is 104 MB, at most 100 MB wanted'],
  ['fitness-tracker', 'wrong-answer', 'Answered 500'],
] as const;

/** `count` incidents that are over, newest first. */
export function past(nowMs: number, count: number, everyHours = 4.2): IncidentView[] {
  const random = noise(7);
  return Array.from({ length: count }, (_, index): IncidentView => {
    const [id, reason, message] = STORY[index % STORY.length] as (typeof STORY)[number];
    const startedMs = nowMs - HOUR - index * everyHours * HOUR - random() * 3 * HOUR;
    const lastsMs = (0.3 + random() * 9) * MINUTE;
    const isTold = random() > 0.7;
    const remedy = id === 'log-files' ? 'rotate-logs' : id === 'gateway' ? 'command' : 'restart-process';
    const first = attempt({
      attempt: `p${index}a1`,
      service: id,
      startedAt: iso(startedMs + SECOND),
      remedy,
      secondsToHealthy: Math.round(lastsMs / SECOND),
    });
    const attempts =
      index % 7 === 3
        ? [{ ...first, outcome: 'refused' as const, reason: 'no-certain-owner', secondsToHealthy: null }]
        : isTold
          ? [
              { ...first, outcome: 'failed' as const, reason: 'no-answer', secondsToHealthy: null },
              { ...first, attempt: `p${index}a2`, startedAt: iso(startedMs + lastsMs / 2), secondsToHealthy: 6 },
            ]
          : [first];
    return {
      id: `past-${index}`,
      service: id,
      startedAt: iso(startedMs),
      endedAt: iso(startedMs + lastsMs),
      reason,
      message,
      strikes: isTold ? 3 : 1,
      alerted: isTold ? 'down' : null,
      alertedAt: isTold ? iso(startedMs + lastsMs / 3) : null,
      attempts,
    };
  });
}

function seriesOf(
  view: ServiceView,
  {
    fromMs,
    toMs,
    points,
    metric,
    nowMs,
  }: { fromMs: number; toMs: number; points: number; metric: 'value' | 'latency' | undefined; nowMs: number },
): Series {
  const isValue = metric === undefined ? view.value !== null : metric === 'value';
  const [unit, limit, base] = isValue
    ? [view.unit, view.limit, view.value ?? 0]
    : (['ms', view.type === 'http' ? 1_000 : null, view.latencyMs ?? 5] as const);
  const random = noise(Math.round(fromMs / DAY) + 11);
  const stepMs = Math.max(MINUTE, Math.ceil((toMs - fromMs) / points / MINUTE) * MINUTE);
  const made: Series['points'] = [];
  for (let at = fromMs; at < toMs; at += stepMs) {
    // An hour of sleep in the night, and a spell of failures six hours ago.
    const isAsleep = new Date(at).getUTCHours() === 3 && stepMs < HOUR;
    const isDown = Math.abs(at - (nowMs - 6 * HOUR)) < Math.max(stepMs / 2, 12 * MINUTE);
    const calm = isValue ? 0.2 : 1;
    const mean = base * (1 + calm * (0.25 * Math.sin(at / (5 * HOUR)) + (random() - 0.5) * 0.2) + (isDown ? (isValue ? 0.5 : 1.4) : 0));
    if (isAsleep) continue;
    if (isValue && unit === 'count') {
      const there = at > nowMs - 13 * MINUTE || isDown ? 0 : 1;
      made.push({
        at: iso(at),
        count: 1,
        min: there,
        mean: there,
        max: there,
        p95: there,
        failures: there ? 0 : 1,
        unknowns: 0,
        secondsDown: there ? 0 : 60,
      });
      continue;
    }
    made.push({
      at: iso(at),
      count: Math.max(1, Math.round(stepMs / (5 * MINUTE))),
      min: mean * (1 - 0.15 * calm),
      mean,
      max: mean * (1 + 0.4 * calm),
      p95: mean * (1 + 0.25 * calm),
      failures: isDown ? 3 : 0,
      unknowns: 0,
      secondsDown: isDown ? 240 : 0,
    });
  }
  return {
    service: view.id,
    from: iso(fromMs),
    to: iso(toMs),
    stepMs,
    source: stepMs > 5 * MINUTE ? '5m' : 'readings',
    metric: isValue ? 'value' : 'latency',
    unit,
    limit,
    points: made,
  };
}

/** Everything is well. */
export function well(nowMs: number): World {
  const world = trouble(nowMs);
  const services = world.snapshot.services.map((view) =>
    service(nowMs, {
      id: view.id,
      name: view.name,
      type: view.type,
      message:
        view.id === 'gateway'
          ? '1 process, pid 812'
          : view.id === 'disk'
            ? '38 % free (188 GB of 494 GB)'
            : view.id === 'fitness-tracker'
              ? 'Answered 200 in 11 ms'
              : view.message,
      url: view.url,
      logs: view.logs,
      can: view.can,
    }),
  );
  const calm = world.overview.map((entry) => ({
    ...entry,
    days: entry.days.map((day, i) => (i === 89 ? { ...day, status: 'ok' as const, secondsDown: 0, failures: 0, incidents: 0 } : day)),
    spark: entry.service === 'disk' ? spark(3, 38, 0.3) : entry.spark.map((v, i) => v ?? 11 + (i % 2)),
    sparkFailures: entry.sparkFailures.map(() => false),
  }));
  return { ...world, snapshot: snapshotOf(nowMs, services), overview: calm, incidents: past(nowMs, 40), alerts: [] };
}

/** One service in each state that a service can be in: every silhouette. */
export function everyState(nowMs: number): World {
  const world = trouble(nowMs);
  const down = {
    status: 'error',
    reason: 'refused',
    message: 'Connection refused on port 4000',
    since: iso(nowMs - 4 * MINUTE),
    consecutiveFailures: 2,
  } as const;
  const running = {
    id: 'a-run',
    at: iso(nowMs - 20 * SECOND),
    remedy: 'restart-process',
    trigger: 'auto',
    outcome: null,
    reason: 'first-strike',
    secondsToHealthy: null,
  } as const;
  const of = (id: string, name: string, over: Partial<ServiceView>) => service(nowMs, { id, name, ...over });
  const services = [
    of('needs', 'Needs you', {
      ...down,
      phase: 'failing',
      alerting: true,
      consecutiveFailures: 4,
      recoveryReason: 'no-remedy',
      can: { heal: false, start: false, stop: false },
    }),
    of('failing', 'Just failed', { ...down, phase: 'failing', recoveryReason: 'cooldown', nextAttemptAt: iso(nowMs + 2 * MINUTE) }),
    of('recovering', 'Being repaired', { ...down, phase: 'recovering', lastAttempt: running }),
    of('settling', 'Starting', { ...down, phase: 'settling', lastAttempt: running }),
    of('held', 'Held by a build', { ...down, phase: 'held', recoveryReason: 'build-running' }),
    of('suppressed', 'Behind another', { ...down, phase: 'suppressed', recoveryReason: 'dependency-down' }),
    of('acknowledged', 'Acknowledged', { ...down, phase: 'gave-up', alerting: true, acknowledged: true }),
    of('unknown', 'Cannot look', { status: 'unknown', reason: 'permission-denied', message: 'Permission denied: /var/log/private' }),
    of('warning', 'Warning', { status: 'warning', message: 'Certificate ends in 6 days' }),
    of('new', 'New', { status: 'unknown', reason: 'not-yet-checked', message: 'Not checked yet', since: null, lastCheckAt: null }),
    of('well', 'Well', {}),
    of('paused', 'Paused', { phase: 'paused', pausedUntil: iso(nowMs + 47 * MINUTE), nextCheckAt: null }),
    of('stopped', 'Stopped', { ...down, phase: 'stopped', nextCheckAt: null }),
  ];
  return {
    ...world,
    snapshot: snapshotOf(nowMs, services, { overall: 'error', sentence: '1 of 13 needs you: Needs you, 4 min' }),
    overview: [],
    incidents: [],
    alerts: [],
  };
}

export function firstStart(nowMs: number): World {
  const world = trouble(nowMs);
  const services = world.snapshot.services.map((view) =>
    service(nowMs, {
      id: view.id,
      name: view.name,
      type: view.type,
      status: 'unknown',
      reason: 'not-yet-checked',
      message: 'Not checked yet',
      since: null,
      lastCheckAt: null,
      latencyMs: null,
      nextCheckAt: iso(nowMs + 8 * SECOND),
      uptime: { '24h': null, '7d': null, '30d': null },
      can: { heal: false, start: false, stop: false },
    }),
  );
  return {
    ...world,
    snapshot: snapshotOf(nowMs, services, { overall: 'unknown', sentence: 'Taking a first look' }),
    overview: [],
    incidents: [],
    alerts: [],
  };
}

export function nothingWatched(nowMs: number): World {
  const world = trouble(nowMs);
  return {
    ...world,
    snapshot: snapshotOf(nowMs, [], { overall: 'unknown', sentence: 'Nothing is watched yet' }),
    overview: [],
    incidents: [],
    alerts: [],
  };
}

export function badConfig(nowMs: number): World {
  const world = well(nowMs);
  return {
    ...world,
    snapshot: {
      ...world.snapshot,
      overall: 'warning',
      sentence: 'config.json is refused',
      problems: [
        {
          code: 'config-refused',
          message: 'config.json, line 9: services[1].check.prot is not known; did you mean "port"?',
          since: iso(nowMs - 3 * MINUTE),
        },
      ],
    },
    config: {
      ...world.config,
      problems: [
        {
          path: 'services[1].check.prot',
          line: 9,
          column: 34,
          found: '"prot"',
          allowed: 'port, host, timeout',
          nearest: 'port',
          message: 'services[1].check.prot is not known; did you mean "port"?',
        },
      ],
    },
  };
}
