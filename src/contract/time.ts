// Time as a value (R9). A Moment is read from the clock; a Stamp is a Moment that can be stored and compared
// after a restart of the engine or of the machine. Pure; touches nothing.

/** Now, on all clocks. `wallMs`: Unix time. `bootMs`: since boot, sleep included. `awakeMs`: a monotonic clock
 * that may stand still in sleep. `boot`: id of this boot; equal ids mean comparable `bootMs`. */
export interface Moment {
  readonly wallMs: number;
  readonly bootMs: number;
  readonly awakeMs: number;
  readonly boot: string;
}

/** A point in time as it is stored. */
export interface Stamp {
  readonly wallMs: number;
  readonly bootMs: number;
  readonly boot: string;
}

export function stampOf(now: Moment): Stamp {
  return { wallMs: now.wallMs, bootMs: now.bootMs, boot: now.boot };
}

/** Milliseconds from `from` to `now`: within a boot on the clock that includes sleep, across boots on the wall clock; never negative (R9). */
export function elapsedMs(from: Stamp, now: Stamp): number {
  const elapsed = from.boot === now.boot ? now.bootMs - from.bootMs : now.wallMs - from.wallMs;
  return Math.max(0, elapsed);
}

/** What is left of a wait of `durationMs` that began at `from`: never less than nothing, never more than the whole (R9). */
export function remainingMs(from: Stamp, durationMs: number, now: Stamp): number {
  return Math.max(0, durationMs - elapsedMs(from, now));
}

/** ISO 8601 UTC, as every output and log line shows time. */
export function isoTime(at: { readonly wallMs: number }): string {
  return new Date(at.wallMs).toISOString();
}
