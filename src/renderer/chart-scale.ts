// Where the lines of a graph's axes stand and what they say: round values, and times that a calendar knows (local midnights,
// first days of months, hours across a change of the clock). Pure; times are Unix milliseconds.
import type { Series } from '../contract/history.ts';
import { isLimitShown } from './chart-words.ts';
import type { Range } from './range.ts';
import { clockText, format, valueText } from './time-words.ts';

export interface Tick {
  readonly at: number;
  readonly text: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
type Unit = 'minute' | 'hour' | 'day' | 'month';
const LENGTH: Readonly<Record<Unit, number>> = { minute: MINUTE, hour: HOUR, day: DAY, month: 30 * DAY };
const COUNTS: readonly (readonly [Unit, readonly number[]])[] = [
  ['minute', [1, 2, 5, 10, 15, 30]],
  ['hour', [1, 2, 3, 6, 12]],
  ['day', [1, 2, 4, 7, 14]],
  ['month', [1, 2, 3, 6]],
];
const STEPS = COUNTS.flatMap(([unit, counts]) => counts.map((count) => ({ unit, count })));
const dayFormat = format({ day: 'numeric', month: 'short' });
const monthFormat = format({ month: 'short', year: 'numeric' });

/** At most `most` of them, and one. */
export function timeTicks({ fromMs, toMs }: Range, most: number): Tick[] {
  const step = STEPS.find(({ unit, count }) => (toMs - fromMs) / (LENGTH[unit] * count) <= most) ?? { unit: 'month', count: 12 };
  const first = new Date(fromMs);
  const [year, month, day] = [first.getFullYear(), first.getMonth(), first.getDate()];
  const place = (n: number): number => {
    const by = n * step.count;
    switch (step.unit) {
      case 'minute':
        // Counted, not asked of the calendar: an hour that comes twice has its ticks twice.
        return new Date(year, month, day, first.getHours(), 0).getTime() + by * MINUTE;
      case 'hour':
        return new Date(year, month, day, by).getTime();
      case 'day':
        return new Date(year, month, day - ((Date.UTC(year, month, day) / DAY) % step.count) + by).getTime();
      case 'month':
        return new Date(year, month - (month % step.count) + by).getTime();
    }
  };
  const ticks: Tick[] = [];
  for (let n = 0; ; n += 1) {
    const at = place(n);
    if (at > toMs) return ticks;
    if (at >= fromMs && at > (ticks.at(-1)?.at ?? 0)) ticks.push({ at, text: timeText(at, step.unit) });
  }
}

function timeText(at: number, unit: Unit): string {
  const date = new Date(at);
  if (unit === 'month') return monthFormat(date);
  if (unit === 'day' || (date.getHours() === 0 && date.getMinutes() === 0)) return dayFormat(date);
  return clockText(at);
}

/** Multiples of 1, 2 or 5 and a power of ten, from the lowest to the highest. */
export function valueTicks([low, high]: readonly [number, number], unit: Series['unit'], most: number): Tick[] {
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const ticks: Tick[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-9); n += 1)
    ticks.push({ at: n * step, text: valueText(n * step, unit) });
  return ticks;
}

/** From zero, so that heights compare; the limit is in the picture unless that would flatten the line. */
export function heightOf({ points, limit, unit }: Series): readonly [number, number] {
  let [low, top] = [0, 0];
  for (const { min, mean, max } of points) {
    low = Math.min(low, min ?? mean ?? 0);
    top = Math.max(top, max ?? mean ?? 0);
  }
  const seen = limit !== null && isLimitShown(limit, top) ? Math.max(top, limit) : top;
  if (unit === 'percent' && seen <= 100) return [0, seen > 60 ? 100 : Math.max(5, seen * 1.15)];
  return [low, seen > 0 ? seen * 1.15 : 1];
}

/** Stretches without a gap, as indexes `[first, past the last]`: where points are further apart than their step the line is broken. */
export function runsOf({ points, stepMs, source }: Series, times: readonly number[]): [number, number][] {
  const widest = Math.max(stepMs * 2.5, source === 'readings' ? 16 * MINUTE : 0);
  const runs: [number, number][] = [];
  points.forEach((point, index) => {
    const run = runs.at(-1);
    if (point.mean === null) return;
    const isNext = run?.[1] === index && (times[index] as number) - (times[index - 1] as number) <= widest;
    if (isNext) run[1] = index + 1;
    else runs.push([index, index + 1]);
  });
  return runs;
}

/** Index of the time that is nearest. */
export function nearest(times: readonly number[], at: number): number | undefined {
  let [low, high] = [0, times.length - 1];
  if (high < 0) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  const before = times[low - 1];
  return before !== undefined && at - before < (times[low] as number) - at ? low - 1 : low;
}
