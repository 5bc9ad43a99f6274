// Times and numbers in words. Pure, in the reader's own time zone and language of the clock. Units: milliseconds, bytes, percent.
import type { DayBar } from '../contract/history.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { durationText, sizeText } from '../contract/units.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "4 min", "2 h 5 min", "3 days": coarse enough not to flicker. */
export function spanText(ms: number): string {
  if (ms < 1_000) return 'a moment';
  if (ms < MINUTE) return `${Math.floor(ms / 1_000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 6 * HOUR) {
    const minutes = Math.floor((ms % HOUR) / MINUTE);
    return minutes ? `${Math.floor(ms / HOUR)} h ${minutes} min` : `${Math.floor(ms / HOUR)} h`;
  }
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  if (ms < 60 * DAY) return `${Math.floor(ms / DAY)} days`;
  return `${Math.floor(ms / (30 * DAY))} months`;
}
export function agoText(ms: number, isDuration = false): string {
  if (ms < 2_000 && !isDuration) return 'just now';
  return isDuration ? spanText(ms) : `${spanText(ms)} ago`;
}
export function inText(ms: number): string {
  return `in ${spanText(ms)}`;
}

/** Made at first use: each takes milliseconds, and the first view needs few of them. */
export function format(options: Intl.DateTimeFormatOptions): (at: Date | number) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (at) => {
    made ??= new Intl.DateTimeFormat(undefined, options);
    return made.format(at);
  };
}
const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const clockExact = format({ timeStyle: 'medium', hourCycle: 'h23' });
const exact = format({ dateStyle: 'full', timeStyle: 'medium', hourCycle: 'h23' });
const dayLong = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const dayShort = format({ day: 'numeric', month: 'short' });

/** "14:32", or "14:32:07". */
export function clockText(at: string | number, hasSeconds = false): string {
  return (hasSeconds ? clockExact : clock)(new Date(at));
}
/** The whole date and time, for tooltips. */
export function exactText(at: string | number): string {
  return exact(new Date(at));
}
/** "14:32" today, "23 Nov, 14:32" else. */
export function pointText(at: string | number, nowMs: number): string {
  const isToday = new Date(at).toDateString() === new Date(nowMs).toDateString();
  return isToday ? clockText(at) : `${dayShort(new Date(at))}, ${clockText(at)}`;
}
/** `2026-11-24` as a day that people read; the day is a plain date, not a moment. */
export function dayText(day: string): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  return dayShort(new Date(year, month - 1, date));
}
/** Heading of a day: "Today", "Yesterday", else the date. */
export function dayHeading(ms: number, nowMs: number): string {
  const day = new Date(ms).toDateString();
  if (day === new Date(nowMs).toDateString()) return 'Today';
  const now = new Date(nowMs);
  // Not 24 h ago: the day before may have had 23 or 25 hours.
  if (day === new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).toDateString()) return 'Yesterday';
  return dayLong(new Date(ms));
}

/** Milliseconds until tomorrow, 9 in the morning: when people are back. */
export function untilTomorrowMs(nowMs: number): number {
  const day = new Date(nowMs);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1, 9).getTime() - nowMs;
}

/** On how many days, today included, something can have been recorded: all since the first that has a record. 0: none. */
export function recordedDays(days: readonly DayBar[]): number {
  const first = days.findIndex(({ status }) => status !== 'none');
  return first < 0 ? 0 : days.length - first;
}
/** "since 22 Nov" where the records began within the last `most` days, else undefined: no figure may claim more than was seen. */
export function recordedSince(days: readonly DayBar[], most: number): string | undefined {
  const first = days.at(-recordedDays(days));
  return first && first.status !== 'none' && recordedDays(days) <= most ? `since ${dayText(first.day)}` : undefined;
}

export function percentText(share: number): string {
  if (share === 100) return '100 %';
  // Never rounds a bad day up to a perfect one.
  const digits = share >= 99.99 ? 3 : share >= 90 ? 2 : 1;
  return `${(Math.floor(share * 10 ** digits) / 10 ** digits).toFixed(digits).replace(/\.?0+$/, '')} %`;
}
/** A measured value with its unit. */
export function valueText(value: number, unit: ServiceView['unit']): string {
  switch (unit) {
    case 'percent':
      return `${Math.round(value * 10) / 10} %`;
    case 'bytes':
      return sizeText(value);
    case 'ms':
      return value < 1_000 ? `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms` : durationText(value);
    default:
      return String(Math.round(value * 100) / 100);
  }
}
