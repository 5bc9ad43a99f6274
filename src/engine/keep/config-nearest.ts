// "Did you mean": the known word nearest to a wrong one, and only when it is near enough to be meant. Pure; touches nothing.
import { distance } from 'fastest-levenshtein';

/** The candidate that was probably meant: the same letters apart from case, `-` and `_`, else at most a third of them wrong. */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/[-_\s]/g, '');
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    // A text of megabytes is no slip of the pen, and the distance costs its square.
    if (candidate === word || word.length > candidate.length * 2 + 2) continue;
    const away = distanceWithSwaps(bare(word), bare(candidate));
    const allowed = Math.max(1, Math.floor(Math.max(bare(word).length, bare(candidate).length) / 3));
    if (away <= allowed && (!best || away < best.distance)) best = { candidate, distance: away };
  }
  return best?.candidate;
}

/** Two neighbours swapped (`prot`) are one slip, not two. */
function distanceWithSwaps(word: string, candidate: string): number {
  const swapped = Array.from(
    { length: Math.max(0, word.length - 1) },
    (_, i) => word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2),
  );
  return Math.min(distance(word, candidate), ...swapped.map((other) => 1 + distance(other, candidate)));
}

const UNIT_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(ms|msecs?|millis(econds?)?)$/i, 'ms'],
  [/^(s|secs?|seconds?)$/i, 's'],
  [/^(m|mins?|minutes?)$/i, 'm'],
  [/^(h|hrs?|hours?)$/i, 'h'],
  [/^(d|days?)$/i, 'd'],
];
const SIZE_WORDS = ['B', 'kB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `5 min` → `"5m"`, `100mb` → `"100MB"`, `"8080"` → `8080`, judged by what is allowed there; undefined when it would be a guess. */
export function nearestAmount(value: unknown, allowed: string): string | undefined {
  const meant = amountMeant(value, allowed);
  return meant === JSON.stringify(value) ? undefined : meant;
}

function amountMeant(value: unknown, allowed: string): string | undefined {
  if (typeof value === 'number')
    return allowed.startsWith('a share') && !allowed.includes('size') && value <= 100 ? `"${value}%"` : undefined;
  const parts = typeof value === 'string' && value.length < 40 ? /^\s*(\d+(?:\.\d+)?)\s*([a-z%]*)\s*$/i.exec(value) : null;
  if (!parts) return undefined;
  const [, amount, unit] = parts as unknown as [string, string, string];
  if (/^a (port|number)/.test(allowed) && unit === '') return amount;
  if (allowed.includes('a duration')) {
    const known = UNIT_WORDS.find(([words]) => words.test(unit))?.[1];
    return known && `"${amount}${known}"`;
  }
  if (allowed.includes('a size')) {
    const known = SIZE_WORDS.find(
      (name) => name.toLowerCase() === unit.toLowerCase() || (unit.length === 1 && name.toLowerCase() === `${unit.toLowerCase()}b`),
    );
    if (known) return `"${amount}${known}"`;
  }
  if (allowed.includes('a share') && unit === '' && Number(amount) <= 100) return `"${amount}%"`;
  return undefined;
}
