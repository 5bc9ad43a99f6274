// The units that people write in the configuration: durations, sizes, shares.
// Pure text to number and back; the grammar is PRODUCT section 4. Touches nothing.

const DURATION_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

/** A hundred years: whatever is longer is a slip of the finger, and would end where no calendar reaches. */
export const LONGEST_DURATION_MS = 36_500 * DURATION_MS.d;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SIZE = /^(\d+(?:\.\d+)?)\s?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;
const SHARE = /^(\d+(?:\.\d+)?)\s?%$/;

export const DURATION_PATTERN = DURATION.source;
export const SIZE_PATTERN = SIZE.source;
export const SHARE_PATTERN = SHARE.source;

/** `"90s"` to milliseconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const found = DURATION.exec(text);
  if (!found) return undefined;
  return Math.round(Number(found[1]) * DURATION_MS[found[2] as keyof typeof DURATION_MS]);
}

/** `"100MB"` to bytes (1000-based; `MiB` is 1024-based); undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  const found = SIZE.exec(text);
  if (!found) return undefined;
  return Math.round(Number(found[1]) * SIZE_BYTES[found[2] as keyof typeof SIZE_BYTES]);
}

/** `"10%"` to a number from 0 to 100; undefined when the text is no share. */
export function parseShare(text: string): number | undefined {
  const found = SHARE.exec(text);
  if (!found) return undefined;
  const share = Number(found[1]);
  return share <= 100 ? share : undefined;
}

/** Milliseconds as the two largest units that matter: `"4 min"`, `"2 h 5 min"`, `"850 ms"`. For people. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${ms < 10_000 ? (ms / 1_000).toFixed(1).replace(/\.0$/, '') : seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes < 10 && seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** Bytes as people read them, 1000-based: `"38 MB"`, `"1.2 GB"`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit]}`;
}
