// Any day of a service, told line by line, against a plain computation that remembers everything: every graph, every bar and
// every uptime must agree, whatever was rolled up already. Then the same with clocks that jump, where some laws must hold.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { checkEvent, handClock, openTestHistory, tell } from '../../../test/fixtures/history-support.ts';
import { removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import type { HistoryStore } from './history.ts';

afterAll(removeTempFolders);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 27, 9, 31, 17, 250); // the night to the 29th is the one of the clocks, in Europe
const SEEDS = [1, 42, Number(process.env['HISTORY_SEED'] ?? Date.now() % 2 ** 31)];
const RUNS = Number(process.env['HISTORY_RUNS'] ?? 25);

type State = 'up' | 'down' | 'unknown' | 'paused' | 'asleep';
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly state: State;
}
interface Seen {
  readonly at: number;
  readonly status: 'ok' | 'warning' | 'error' | 'unknown';
  readonly latencyMs: number;
  readonly value: number | null;
}

const look = fc.record({
  do: fc.constant('look' as const),
  status: fc.constantFrom('ok', 'ok', 'ok', 'warning', 'error', 'unknown'),
  latencyMs: fc.integer({ min: 0, max: 50_000 }).map((tenths) => tenths / 10),
  value: fc.option(fc.integer({ min: 0, max: 4_000_000_000 })),
});
const pass = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.oneof(fc.integer({ min: 1, max: 20 * MINUTE }), fc.integer({ min: 1, max: 40 * HOUR })),
});
const regular = fc.record({
  do: fc.constant('regular' as const),
  times: fc.integer({ min: 1, max: 40 }),
  everyMs: fc.constantFrom(5 * MINUTE, MINUTE, 7 * MINUTE + 13),
  status: fc.constantFrom('ok', 'error'),
});
const others = [
  fc.record({ do: fc.constant('sleep' as const), ms: fc.integer({ min: 40_000, max: 30 * HOUR }) }),
  fc.record({ do: fc.constant('will' as const), word: fc.constantFrom('pause', 'resume', 'stop', 'start') }),
  fc.record({ do: fc.constant('restart' as const), isCrash: fc.boolean(), offMs: fc.integer({ min: 0, max: 30 * HOUR }) }),
] as const;
const jump = fc.record({ do: fc.constant('jump' as const), ms: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }) });
const calm = fc.array(
  fc.oneof({ weight: 4, arbitrary: look }, { weight: 5, arbitrary: pass }, { weight: 4, arbitrary: regular }, ...others),
  {
    minLength: 3,
    maxLength: 30,
  },
);
const jumpy = fc.array(
  fc.oneof({ weight: 4, arbitrary: look }, { weight: 5, arbitrary: pass }, { weight: 4, arbitrary: regular }, ...others, jump),
  {
    minLength: 3,
    maxLength: 30,
  },
);
type Step = (typeof jumpy extends fc.Arbitrary<infer T> ? T : never) extends readonly (infer S)[] ? S : never;

/** Plays the steps, and writes down beside it what a person with a notebook would. */
async function play(steps: readonly Step[]) {
  const hand = handClock(START);
  const home = tempFolder();
  let store = (await openTestHistory(home, hand)).store;
  let segments: Segment[] = [];
  const readings: Seen[] = [];
  let state: State | undefined;
  let willed = false;
  let aliveAt = START;
  const now = () => hand.clock.now().wallMs;
  const add = (from: number, to: number, was: State): void => {
    let free = [{ from, to }];
    for (const known of segments) {
      free = free.flatMap((part) =>
        [
          { from: part.from, to: Math.min(part.to, known.from) },
          { from: Math.max(part.from, known.to), to: part.to },
        ].filter((left) => left.to > left.from && (left.to <= known.from || left.from >= known.to)),
      );
    }
    segments.push(...free.map((part) => ({ ...part, state: was })));
  };
  const lives = (ms: number): void => {
    const from = now();
    hand.pass(ms);
    if (state) add(from, now(), state);
  };
  const say = (event: Parameters<typeof tell>[2]): void => {
    tell(store, hand, event);
    aliveAt = now();
  };
  const see = (seen: Omit<Seen, 'at'>): void => {
    const isUnit = seen.value !== null;
    say(checkEvent('app', { ...seen, unit: isUnit ? 'bytes' : null, phase: willed ? 'paused' : 'healthy' }));
    let at = now();
    while (readings.some((known) => known.at === at)) at += 1;
    readings.push({ ...seen, at });
    state = willed ? 'paused' : seen.status === 'error' ? 'down' : seen.status === 'unknown' ? 'unknown' : 'up';
  };
  say({ event: 'engine-started' });
  for (const step of steps) {
    switch (step.do) {
      case 'look':
        see(step as Omit<Seen, 'at'>);
        lives(1);
        break;
      case 'regular':
        for (let n = 0; n < step.times; n += 1) {
          see({ status: step.status as 'ok', latencyMs: 10 + (n % 7), value: n % 3 === 0 ? 1_000 * n : null });
          lives(step.everyMs);
        }
        break;
      case 'pass':
        lives(step.ms);
        break;
      case 'sleep': {
        const from = now();
        hand.sleep(step.ms);
        say({ event: 'slept', forMs: step.ms });
        if (state !== undefined && state !== 'paused') state = 'asleep';
        if (state) add(from, now(), state);
        break;
      }
      case 'will':
        say({ event: 'command', service: 'app', command: step.word });
        willed = step.word === 'pause' || step.word === 'stop';
        if (willed) state = 'paused';
        else state = undefined;
        break;
      case 'restart': {
        if (step.isCrash) {
          store.flush();
          // What followed the last line that reached the disk is nobody's knowledge.
          segments = segments.flatMap((part) => (part.from >= aliveAt ? [] : [{ ...part, to: Math.min(part.to, aliveAt) }]));
        } else say({ event: 'engine-stopped' });
        await store.close();
        hand.sleep(step.offMs);
        store = (await openTestHistory(home, hand)).store;
        say({ event: 'engine-started' });
        state = willed ? 'paused' : undefined;
        break;
      }
      case 'jump':
        hand.setWall(now() + step.ms);
        say({ event: 'clock-jumped', byMs: step.ms });
        break;
    }
  }
  return { store, hand, segments, readings, nowMs: now() };
}
type Played = Awaited<ReturnType<typeof play>>;

function secondsOf({ segments, nowMs }: Played, state: State, from: number, to: number): number {
  let ms = 0;
  for (const part of segments) if (part.state === state) ms += Math.max(0, Math.min(part.to, to, nowMs) - Math.max(part.from, from));
  return ms / 1_000;
}

function agreeOnSeries(played: Played, from: number, to: number, points: number, metric: 'value' | 'latency'): void {
  const { store, readings, nowMs } = played;
  const iso = (ms: number) => new Date(ms).toISOString();
  const series = store.series({ service: 'app', from: iso(from), to: iso(to), points, metric });
  if (!series) {
    expect(readings).toEqual([]);
    return;
  }
  expect(series.points.length).toBeLessThanOrEqual(points);
  if (series.source === 'readings') {
    const own = readings.filter(({ at }) => at >= from && at <= to && at <= nowMs).sort((a, b) => a.at - b.at);
    expect(series.points.map((point) => [Date.parse(point.at), point.failures, point.unknowns])).toEqual(
      own.map(({ at, status }) => [at, Number(status === 'error'), Number(status === 'unknown')]),
    );
    return;
  }
  const width = (at: number): number => (series.source === '1d' ? dayWidth(at, Math.round(series.stepMs / DAY)) : series.stepMs);
  let counted = 0;
  for (const point of series.points) {
    const at = Date.parse(point.at);
    const end = at + width(at);
    const own = readings.filter((one) => one.at >= at && one.at < end && one.at <= nowMs);
    counted += own.length;
    const measured = own
      .filter(({ status, value }) => (metric === 'latency' ? status !== 'unknown' : value !== null))
      .map((one) => (metric === 'latency' ? one.latencyMs : Math.fround(one.value as number)));
    expect(point.count).toBe(own.length);
    expect(point.failures).toBe(own.filter(({ status }) => status === 'error').length);
    expect(point.unknowns).toBe(own.filter(({ status }) => status === 'unknown').length);
    expect(point.secondsDown).toBeCloseTo(secondsOf(played, 'down', at, end), 2);
    if (measured.length === 0) expect(point).toMatchObject({ min: null, mean: null, max: null, p95: null });
    else {
      expect(point.min).toBeCloseTo(Math.min(...measured), 5);
      expect(point.max).toBeCloseTo(Math.max(...measured), 5);
      expect(point.mean).toBeCloseTo(measured.reduce((sum, one) => sum + one, 0) / measured.length, 3);
      const right = measured.sort((a, b) => a - b)[Math.ceil(measured.length * 0.95) - 1] as number;
      expect(Math.abs((point.p95 as number) - right)).toBeLessThanOrEqual(right * 0.0201 + 1e-6);
    }
  }
  // Nothing is left out between the first bucket and the last.
  const first = Math.min(from, ...series.points.map((point) => Date.parse(point.at)));
  expect(counted).toBeGreaterThanOrEqual(readings.filter(({ at }) => at >= Math.max(first, from) && at <= Math.min(to, nowMs)).length);
}
function dayWidth(at: number, count: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + count).getTime() - at;
}

function agreeOnUptime(played: Played, backMs: number): void {
  const { store, nowMs } = played;
  const since = nowMs - backMs;
  const told = store.uptime('app', since);
  if (!told) return;
  const from = Math.ceil(since / (5 * MINUTE)) * 5 * MINUTE;
  const own = (state: State) => secondsOf(played, state, from, nowMs);
  expect(told.downSeconds).toBeCloseTo(own('down'), 2);
  expect(told.observedSeconds).toBeCloseTo(own('up') + own('down'), 2);
  expect(told.leftOutSeconds.paused).toBeCloseTo(own('paused'), 2);
  expect(told.leftOutSeconds.unknown).toBeCloseTo(own('unknown'), 2);
  expect(told.leftOutSeconds.asleep).toBeCloseTo(own('asleep'), 2);
  const observed = own('up') + own('down');
  if (observed > 1) expect(told.percent).toBeCloseTo((100 * own('up')) / observed, 2);
  else if (told.observedSeconds === 0) expect(told.percent).toBe(null);
}

function agreeOnDays(played: Played): void {
  const { store, nowMs, readings } = played;
  const [overview] = store.overview(['app'], 12);
  expect(overview?.days).toHaveLength(12);
  const today = new Date(nowMs);
  overview?.days.forEach((bar, index) => {
    const start = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 11 + index).getTime();
    const end = start + dayWidth(start, 1);
    const own = readings.filter(({ at }) => at >= start && at < end && at <= nowMs);
    expect(bar.failures).toBe(own.filter(({ status }) => status === 'error').length);
    expect(bar.secondsDown).toBeCloseTo(secondsOf(played, 'down', start, end), 2);
  });
}

const asked = fc.record({
  back: fc.integer({ min: MINUTE, max: 12 * DAY }),
  length: fc.integer({ min: MINUTE, max: 12 * DAY }),
  points: fc.constantFrom(3, 7, 40, 300, 5_000),
  metric: fc.constantFrom('value' as const, 'latency' as const),
});

test.each(SEEDS)(
  'whatever happened, every answer agrees with the notebook (seed %s)',
  async (seed) => {
    await fc.assert(
      fc.asyncProperty(calm, fc.array(asked, { minLength: 1, maxLength: 6 }), async (steps, questions) => {
        const played = await play(steps);
        try {
          for (const { back, length, points, metric } of questions) {
            agreeOnSeries(played, played.nowMs - back, played.nowMs - back + length, points, metric);
            agreeOnUptime(played, back);
          }
          agreeOnDays(played);
        } finally {
          await played.store.close();
        }
      }),
      { seed, numRuns: RUNS },
    );
  },
  120_000,
);

function laws(store: HistoryStore, fromMs: number, toMs: number): void {
  for (const points of [10, 100, 5_000]) {
    const series = store.series({ service: 'app', from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), points });
    const ats = (series?.points ?? []).map(({ at }) => Date.parse(at));
    expect(ats).toEqual([...new Set(ats)].sort((a, b) => a - b));
    for (const point of series?.points ?? []) {
      expect(point.secondsDown).toBeGreaterThanOrEqual(0);
      if (series?.source !== 'readings') expect(point.secondsDown).toBeLessThanOrEqual(((series?.stepMs ?? 0) + 2 * HOUR) / 1_000);
    }
  }
  const whole = store.uptime('app', fromMs);
  if (!whole) return;
  const { paused, unknown, asleep } = whole.leftOutSeconds;
  for (const part of [whole.observedSeconds, whole.downSeconds, paused, unknown, asleep]) expect(part).toBeGreaterThanOrEqual(0);
  expect(whole.observedSeconds + paused + unknown + asleep).toBeLessThanOrEqual((toMs - fromMs) / 1_000 + 300);
}

test.each(SEEDS)(
  'with clocks that jump, no span is negative and no time is counted twice (seed %s)',
  async (seed) => {
    await fc.assert(
      fc.asyncProperty(jumpy, async (steps) => {
        const played = await play(steps);
        try {
          laws(played.store, played.nowMs - 40 * DAY, played.nowMs);
          // The clock goes on for as long as it was wrong: all of it is rolled up now.
          played.hand.pass(3 * DAY);
          const nowMs = played.hand.clock.now().wallMs;
          laws(played.store, nowMs - 40 * DAY, nowMs);
        } finally {
          await played.store.close();
        }
      }),
      { seed, numRuns: RUNS },
    );
  },
  120_000,
);

test('a look of right before the engine was killed stands in its own hour', async () => {
  const seen = { do: 'look' as const, status: 'ok' as const, latencyMs: 0, value: null };
  const played = await play([
    seen,
    { do: 'will', word: 'start' },
    { do: 'pass', ms: 227_748 },
    seen,
    { do: 'restart', isCrash: true, offMs: 1_495_000 },
    seen,
  ]);
  try {
    laws(played.store, played.nowMs - 40 * DAY, played.nowMs);
  } finally {
    await played.store.close();
  }
});
