import { describe, expect, test } from 'vitest';
import type { Series } from '../contract/history.ts';
import type { IncidentView } from '../contract/operations.ts';
import { summaryOf } from './chart-words.ts';
import { plainJson, servicePart } from './config-part.ts';
import { filterIncidents, rowsOf, toCsv } from './incident-filter.ts';
import { clampRange, lastRange, pan, zoom } from './range.ts';
import { routeOf } from './router.ts';
import { dayHeading, percentText, recordedDays, recordedSince, untilTomorrowMs } from './time-words.ts';
import { storyOf } from './timeline.ts';

const NOW = Date.parse('2026-11-24T14:34:20Z');
const HOUR = 3_600_000;
const incident = (id: string, startedAt: string, over: Partial<IncidentView> = {}): IncidentView => ({
  id,
  service: 'app',
  startedAt,
  endedAt: null,
  reason: 'refused',
  message: 'No answer',
  strikes: 1,
  alerted: null,
  alertedAt: null,
  attempts: [],
  ...over,
});

describe('the range of a graph', () => {
  test('never reaches into the future, nor beyond two years, nor under ten minutes', () => {
    const day = lastRange(24 * HOUR, NOW);
    expect(pan(day, 0.5, NOW)).toEqual(day);
    expect(pan(day, -0.5, NOW).toMs).toBe(NOW - 12 * HOUR);
    expect(zoom(day, 0.0001, NOW).toMs - zoom(day, 0.0001, NOW).fromMs).toBe(600_000);
    const all = clampRange({ fromMs: 0, toMs: NOW }, NOW);
    expect(all).toEqual({ fromMs: NOW - 730 * 24 * HOUR, toMs: NOW });
  });
  test('zooms around the place of the pointer', () => {
    const from = NOW - 48 * HOUR;
    const at = zoom({ fromMs: from, toMs: from + 24 * HOUR }, 0.5, NOW, 0.25);
    expect(at.fromMs).toBe(from + 3 * HOUR);
    expect(at.toMs).toBe(from + 15 * HOUR);
  });
});

test('the configuration of one service is found in a file with comments and trailing commas', () => {
  const text = '{ // "services": []\n "services": [ { "id": "a", "url": "http://x//y" /* , */ }, { "id": "b", "list": ["x", ",]"], }, ], }';
  expect(JSON.parse(servicePart(text, 'b') ?? '')).toEqual({ id: 'b', list: ['x', ',]'] });
  expect(JSON.parse(servicePart(text, 'a') ?? '')).toEqual({ id: 'a', url: 'http://x//y' });
  expect(servicePart(text, 'c')).toBeUndefined();
  expect(servicePart('{ broken', 'a')).toBeUndefined();
  expect(plainJson('["// kept", "a\\"b//c"]')).toBe('["// kept", "a\\"b//c"]');
});

test('a spreadsheet gets no formula, and quotes are doubled', () => {
  const csv = toCsv([incident('i', '2026-11-24T10:00:00Z', { message: '=HYPERLINK("x")', endedAt: '2026-11-24T10:01:30Z' })]);
  expect(csv.split('\r\n')[1]).toBe(`i,app,2026-11-24T10:00:00Z,2026-11-24T10:01:30Z,90,refused,"'=HYPERLINK(""x"")",1,,0,,`);
});

test('incidents are newest first under their days', () => {
  const list = filterIncidents(
    [incident('old', '2026-11-22T10:00:00Z'), incident('new', '2026-11-24T10:00:00Z'), incident('other', '2026-11-24T09:00:00Z')],
    { service: '', text: 'no ANSWER' },
    (id) => id,
  );
  expect(rowsOf(list).map((row) => (row.kind === 'day' ? row.count : row.incident.id))).toEqual([2, 'new', 'other', 1, 'old']);
});

test('percentages never round a bad day up', () => {
  expect([100, 99.9999, 99.982, 99.5, 42.19].map(percentText)).toEqual(['100 %', '99.999 %', '99.98 %', '99.5 %', '42.1 %']);
});

test('yesterday is the day before on the calendar, also after a day of 23 hours', () => {
  const zone = process.env['TZ'];
  try {
    process.env['TZ'] = 'Europe/Berlin';
    expect(new Date('2026-03-29T00:59:00Z').getHours(), 'the zone holds').toBe(1);
    const now = new Date(2026, 2, 30, 0, 30).getTime();
    expect(dayHeading(new Date(2026, 2, 29, 12).getTime(), now)).toBe('Yesterday');
    expect(dayHeading(new Date(2026, 2, 28, 23, 45).getTime(), now)).not.toBe('Yesterday');
    expect(dayHeading(now, now)).toBe('Today');
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('records reach back to the first day that has any, gaps after it included', () => {
  const days = (['none', 'none', 'ok', 'none', 'error'] as const).map((status, n) => ({
    day: `2026-11-2${n}`,
    status,
    secondsDown: 0,
    failures: 0,
    incidents: 0,
  }));
  expect([recordedDays(days), recordedDays(days.slice(0, 2)), recordedDays([])]).toEqual([3, 0, 0]);
  expect(recordedSince(days, 7)).toMatch(/^since .*22/);
  expect([recordedSince(days, 2), recordedSince(days.slice(0, 2), 7), recordedSince([], 7)]).toEqual([undefined, undefined, undefined]);
});

test('tomorrow is nine in the morning of the next day', () => {
  const at = new Date(NOW + untilTomorrowMs(NOW));
  expect([at.getHours(), at.getMinutes()]).toEqual([9, 0]);
  expect(at.getDate()).not.toBe(new Date(NOW).getDate());
});

test('addresses are read, also strange ones', () => {
  expect(routeOf('')).toEqual({ view: 'overview' });
  expect(routeOf('#/service/a%2Fb')).toEqual({ view: 'service', id: 'a/b' });
  expect(routeOf('#/service/%E0%A4%A')).toEqual({ view: 'service', id: '%E0%A4%A' });
  expect(routeOf('#/incidents?service=x')).toEqual({ view: 'incidents', service: 'x' });
  expect(routeOf('#/else')).toEqual({ view: 'nowhere' });
});

test('a graph is told in words', () => {
  const point = { at: '2026-11-24T10:00:00Z', count: 2, min: 4, mean: 5, max: 9, p95: 8, failures: 1, unknowns: 0, secondsDown: 240 };
  const series: Series = {
    service: 'a',
    from: '',
    to: '',
    stepMs: 1,
    source: '5m',
    metric: 'latency',
    unit: 'ms',
    limit: 1_000,
    points: [point],
  };
  expect(summaryOf(series)).toBe('Mostly 5 ms, between 4 ms and 9 ms; limit 1 s. 1 of 2 checks failed; down 4 min.');
  expect(summaryOf({ ...series, points: [] })).toBe('Nothing was recorded in this time.');
});

test('the trail adds why nothing was done, and sums up deletions', () => {
  const at = '2026-11-24T10:00:00Z';
  const incident = { id: 'a-1', service: 'a', startedAt: at, endedAt: null, reason: 'refused', message: '', strikes: 3, attempts: [] };
  const trail = [
    { at, event: 'check', service: 'a' },
    { at, event: 'recovery-skipped', service: 'a', reason: 'build-running' },
    { at, event: 'file-deleted', service: 'a', bytes: 2e6 },
    { at, event: 'recovery-skipped', service: 'a', reason: 'build-running' },
    { at, event: 'alert', service: 'a', kind: 'down' },
    { at, event: 'file-deleted', service: 'a', bytes: 3e6 },
  ];
  const told = storyOf({ ...incident, alerted: 'down', alertedAt: null }, trail).map((one) => one.text);
  expect(told.slice(1)).toEqual(['Not repaired: a build was running', 'You were told', 'Deleted 2 files, 5 MB']);
  const twice = storyOf({ ...incident, alerted: 'down', alertedAt: at }, trail).map((one) => one.text);
  expect(
    twice.filter((text) => text === 'You were told'),
    'known from both',
  ).toHaveLength(1);
});
