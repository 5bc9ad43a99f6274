// The axes of a graph, over every range that it can show, and across a change of the clock.
import { afterEach, describe, expect, test } from 'vitest';
import type { Series } from '../contract/history.ts';
import { heightOf, nearest, runsOf, timeTicks, valueTicks } from './chart-scale.ts';

const HOUR = 3_600_000;
const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('time', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'])('ticks in %s', (name) => {
    process.env['TZ'] = name;
    const end = Date.UTC(2026, 10, 24, 14, 34, 20);
    for (const spanMs of [600_000, HOUR, 3 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, 90 * 24 * HOUR, 730 * 24 * HOUR]) {
      for (const most of [3, 5, 12]) {
        for (let back = 0; back < 60; back += 1) {
          const range = { fromMs: end - back * 150 * HOUR - spanMs, toMs: end - back * 150 * HOUR };
          const ticks = timeTicks(range, most);
          expect(ticks.length).toBeLessThanOrEqual(most + 3);
          ticks.forEach(({ at }, n) => {
            expect(at).toBeGreaterThanOrEqual(range.fromMs);
            expect(at).toBeLessThanOrEqual(range.toMs);
            if (n > 0) expect(at).toBeGreaterThan(ticks[n - 1]?.at ?? 0);
          });
          if (spanMs / most > 4 * 24 * HOUR) for (const { at } of ticks) expect(new Date(at).getHours()).toBe(0);
        }
      }
    }
  });

  test('says hours, days or months as the range is wide, and the date at midnight', () => {
    const at = (...date: [number, number, number, number?]) => new Date(...date).getTime();
    const day = timeTicks({ fromMs: at(2026, 10, 23, 20), toMs: at(2026, 10, 24, 20) }, 10);
    expect(day.map(({ text }) => (text.includes(':') ? text : 'date'))).toEqual([
      '21:00',
      'date',
      '03:00',
      '06:00',
      '09:00',
      '12:00',
      '15:00',
      '18:00',
    ]);
    const months = timeTicks({ fromMs: at(2025, 10, 24), toMs: at(2026, 10, 24) }, 7);
    expect(months.map(({ at: ms }) => new Date(ms).getMonth())).toEqual([0, 2, 4, 6, 8, 10]);
    expect(months[0]?.text).toContain('2026');
  });
});

test('values are round, and in their own unit', () => {
  const texts = (high: number, unit: Series['unit']) => valueTicks([0, high], unit, 5).map(({ text }) => text);
  expect(texts(100, 'percent')).toEqual(['0 %', '20 %', '40 %', '60 %', '80 %', '100 %']);
  expect(texts(23, 'ms')).toEqual(['0 ms', '5 ms', '10 ms', '15 ms', '20 ms']);
  expect(texts(0.7, 'count')).toEqual(['0', '0.2', '0.4', '0.6']);
});

const series = (means: (number | null)[], more: Partial<Series> = {}): Series => ({
  service: 'a',
  from: '',
  to: '',
  stepMs: 300_000,
  source: '5m',
  metric: 'latency',
  unit: 'ms',
  limit: null,
  points: means.map((mean) => ({ at: '', count: 1, min: mean, mean, max: mean, p95: mean, failures: 0, unknowns: 0, secondsDown: 0 })),
  ...more,
});

test('the picture begins at zero, holds the line, and its limit where that does not flatten it', () => {
  expect(heightOf(series([4, 10]))).toEqual([0, 11.5]);
  expect(heightOf(series([4, 10], { limit: 20 }))).toEqual([0, 23]);
  expect(heightOf(series([4, 10], { limit: 1_000 }))).toEqual([0, 11.5]);
  expect(heightOf(series([70, null], { unit: 'percent' }))).toEqual([0, 100]);
  expect(heightOf(series([]))).toEqual([0, 1]);
});

test('the line is broken where nothing was measured, and where nobody looked', () => {
  const times = [0, 1, 2, 3, 30, 31].map((n) => n * 300_000);
  expect(runsOf(series([1, 2, null, 4, 5, 6]), times)).toEqual([
    [0, 2],
    [3, 4],
    [4, 6],
  ]);
});

test('the nearest point', () => {
  expect([-5, 4, 6, 14, 16, 99].map((at) => nearest([0, 10, 20], at))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(nearest([], 3)).toBeUndefined();
});
