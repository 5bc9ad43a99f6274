// Which stretch of time a graph shows: presets, zoom, pan. Pure; times are Unix milliseconds.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const RANGES = [
  { name: '1 h', long: '1 hour', spanMs: HOUR },
  { name: '24 h', long: '24 hours', spanMs: DAY },
  { name: '7 d', long: '7 days', spanMs: 7 * DAY },
  { name: '30 d', long: '30 days', spanMs: 30 * DAY },
  { name: '90 d', long: '90 days', spanMs: 90 * DAY },
  { name: '2 y', long: '2 years', spanMs: 730 * DAY },
] as const;
const SHORTEST_MS = 10 * MINUTE;
const LONGEST_MS = 730 * DAY;

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Kept inside what there is: not longer than two years, not into the future. */
export function clampRange({ fromMs, toMs }: Range, nowMs: number): Range {
  const span = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, toMs - fromMs));
  const middle = (fromMs + toMs) / 2;
  const end = Math.min(nowMs, Math.max(middle + span / 2, nowMs - LONGEST_MS + span));
  return { fromMs: Math.round(end - span), toMs: Math.round(end) };
}
/** `factor` under 1 zooms in; the point at `share` of the width stays where it is. */
export function zoom({ fromMs, toMs }: Range, factor: number, nowMs: number, share = 0.5): Range {
  const at = fromMs + (toMs - fromMs) * share;
  return clampRange({ fromMs: at - (at - fromMs) * factor, toMs: at + (toMs - at) * factor }, nowMs);
}
/** By a share of the width; negative is earlier. */
export function pan({ fromMs, toMs }: Range, share: number, nowMs: number): Range {
  const by = (toMs - fromMs) * share;
  return clampRange({ fromMs: fromMs + by, toMs: toMs + by }, nowMs);
}
export function lastRange(spanMs: number, nowMs: number): Range {
  return { fromMs: nowMs - spanMs, toMs: nowMs };
}
