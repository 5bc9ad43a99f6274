// A graph in words, for those who cannot see it and those who want the number. Pure.
import type { Series } from '../contract/history.ts';
import { pointText, spanText, valueText } from './time-words.ts';

/** "Mostly 6 ms, between 3 ms and 14 ms; limit 1 s. 2 of 288 checks failed; down 4 min." */
export function summaryOf(series: Series): string {
  const means = series.points.flatMap((point) => (point.mean === null ? [] : [point.mean])).sort((a, b) => a - b);
  const count = sum(series, (point) => point.count);
  if (count === 0) return 'Nothing was recorded in this time.';
  const text = (value: number) => valueText(value, series.unit);
  const lows = series.points.flatMap((point) => (point.min === null ? [] : [point.min]));
  const highs = series.points.flatMap((point) => (point.max === null ? [] : [point.max]));
  const middle = means[Math.floor(means.length / 2)];
  const low = lows.reduce((a, b) => Math.min(a, b), middle ?? 0);
  const high = highs.reduce((a, b) => Math.max(a, b), middle ?? 0);
  const isFlat = low === high;
  const seen =
    middle === undefined
      ? 'Nothing was measured'
      : isFlat
        ? `Always ${text(middle)}`
        : `Mostly ${text(middle)}, between ${text(low)} and ${text(high)}`;
  const limit = series.limit === null ? '' : `; limit ${text(series.limit)}`;
  const failures = sum(series, (point) => point.failures);
  const down = sum(series, (point) => point.secondsDown);
  const checks = `${count.toLocaleString('en')} ${count === 1 ? 'check' : 'checks'}`;
  const failed = failures === 0 ? `None of ${checks} failed` : `${failures.toLocaleString('en')} of ${checks} failed`;
  return `${seen}${limit}. ${failed}${down > 0 ? `; down ${spanText(down * 1_000)}` : ''}.`;
}

/** One point in words, for the readout under the pointer. */
export function pointWords(series: Series, index: number, nowMs: number): string {
  const point = series.points[index];
  if (!point) return '';
  const text = (value: number) => valueText(value, series.unit);
  const value = point.mean === null ? 'nothing measured' : text(point.mean);
  const spread =
    point.count > 1 && point.min !== null && point.max !== null && point.min !== point.max
      ? ` (${text(point.min)} to ${text(point.max)})`
      : '';
  const failed = point.failures > 0 ? `, ${point.failures} failed` : '';
  return `${pointText(point.at, nowMs)}: ${value}${spread}${failed}`;
}

/** A limit that would flatten the line is only named. */
export function isLimitShown(limit: number, top: number): boolean {
  return top === 0 || limit <= top * 4;
}

function sum(series: Series, of: (point: Series['points'][number]) => number): number {
  return series.points.reduce((total, point) => total + of(point), 0);
}
