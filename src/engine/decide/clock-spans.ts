// How old is what carries a time of the wall clock, when that clock may have been set meanwhile (R9, R14)? A span is a stretch of
// time in which wall clock and boot clock ran side by side; where the wall clock is set, or the machine starts anew, the next one
// begins. A time that a span's clock may have shown was written then, so much real time ago; of all spans that may have shown it
// the youngest counts. Pure.
import type { Moment } from '../../contract/time.ts';

/** Boot times: first and last look of the engine in it. `aheadMs`: wall clock less boot clock. `boot` '': not known. */
export interface ClockSpan {
  readonly boot: string;
  readonly fromBootMs: number;
  readonly toBootMs: number;
  readonly aheadMs: number;
}

/** Less is drift, or a clock that is being adjusted. */
const STEP_MS = 2_000;
/** A write of this moment may carry a time a little ahead of the clock that was read before; and drift moves the ends of a span. */
const SLACK_MS = 60_000;
/** The oldest but one first out. A machine that is started every day fills it in a quarter of a year. */
const MAX_SPANS = 100;

/** With what the clocks say now: the last span goes on, or another one begins. The last of the answer always reaches until now. */
export function lookAtClock(spans: readonly ClockSpan[], now: Moment): readonly ClockSpan[] {
  const aheadMs = now.wallMs - now.bootMs;
  const last = spans.at(-1);
  if (last && last.boot === now.boot && Math.abs(aheadMs - last.aheadMs) <= STEP_MS) {
    const toBootMs = Math.max(last.toBootMs, now.bootMs);
    return [...spans.slice(0, -1), { ...last, toBootMs, aheadMs }];
  }
  const all = [...spans, { boot: now.boot, fromBootMs: now.bootMs, toBootMs: now.bootMs, aheadMs }];
  // The first stays: whatever is older than all that is known counts by it.
  return all.length > MAX_SPANS ? [...all.slice(0, 1), ...all.slice(1 - MAX_SPANS)] : all;
}

/** Real milliseconds since the wall clock was written down as `atMs`: what is certain of it, never more. Negative: that time is still
 * to come, by every clock that was seen. `awayMs`: for so long the machine may have been off without a look at its clock; where the
 * clock says more, only what the new boot itself has lasted is certain. The last span reaches until now. */
export function ageOf(spans: readonly ClockSpan[], atMs: number, awayMs: number): number {
  const last = spans.at(-1);
  if (!last) return Number.NEGATIVE_INFINITY;
  const plainMs = wallEnd(last) - atMs;
  const isToCome = plainMs < -SLACK_MS;
  let ageMs = isToCome ? Number.POSITIVE_INFINITY : plainMs;
  for (const { span, before, after, sinceEndMs, between } of backwards(spans, awayMs)) {
    const length = span.toBootMs - span.fromBootMs;
    const isUnseenBefore = before !== undefined && !isOneBoot(before, span);
    // Between two looks within a boot either clock may have been the one that was read.
    let startMs = wallStart(span) - (before && !isUnseenBefore ? between : 0);
    if (isUnseenBefore) startMs = Math.min(startMs, wallEnd(before));
    // What is older than all that is known was written by the first clock. To make something older than it looks that is not enough.
    if (!before && !isToCome) startMs = Number.NEGATIVE_INFINITY;
    const endMs = wallEnd(span) + (after && isOneBoot(span, after) ? after.fromBootMs - span.toBootMs : 0);
    if (atMs < startMs - SLACK_MS || atMs > endMs + SLACK_MS) continue;
    const isUnseen = isUnseenBefore && atMs < wallStart(span);
    const inSpanMs = isUnseen && between < wallStart(span) - wallEnd(before) ? length : wallEnd(span) - atMs;
    ageMs = Math.min(ageMs, Math.max(0, sinceEndMs + inSpanMs));
  }
  return Number.isFinite(ageMs) ? ageMs : plainMs;
}

/** A time of the wall clock: what is dated at least `limitMs` before it is certainly so old. Of all clocks that were seen in the last
 * `limitMs`, set forth until now, the one that is furthest behind. */
export function trustedWallMs(spans: readonly ClockSpan[], limitMs: number, awayMs: number): number {
  let trusted = Number.POSITIVE_INFINITY;
  for (const { span, sinceEndMs } of backwards(spans, awayMs)) {
    if (sinceEndMs < limitMs) trusted = Math.min(trusted, wallEnd(span) + sinceEndMs);
  }
  return trusted;
}

interface Step {
  readonly span: ClockSpan;
  readonly before: ClockSpan | undefined;
  readonly after: ClockSpan | undefined;
  /** Since its last look at least so much time has passed. */
  readonly sinceEndMs: number;
  /** And so much between the span before and this one. */
  readonly between: number;
}

/** Newest first. */
function* backwards(spans: readonly ClockSpan[], awayMs: number): Generator<Step> {
  let sinceEndMs = 0;
  for (let at = spans.length - 1; at >= 0; at -= 1) {
    const span = spans[at] as ClockSpan;
    const before = spans[at - 1];
    const between = before ? timeBetween(before, span, awayMs) : 0;
    yield { span, before, after: spans[at + 1], sinceEndMs, between };
    sinceEndMs += span.toBootMs - span.fromBootMs + between;
  }
}

/** Across boots the wall clock tells (R9), unless it tells more than the machine may have been away. */
function timeBetween(before: ClockSpan, span: ClockSpan, awayMs: number): number {
  if (isOneBoot(before, span)) return span.fromBootMs - before.toBootMs;
  const leastMs = before.boot === '' ? 0 : span.fromBootMs;
  const byWallMs = wallStart(span) - wallEnd(before);
  return byWallMs > leastMs && byWallMs - leastMs <= awayMs ? byWallMs : leastMs;
}

/** A container that is started anew may keep the boot id of its host, and count from its own start (lxcfs). */
const isOneBoot = (before: ClockSpan, span: ClockSpan): boolean => before.boot === span.boot && span.fromBootMs >= before.toBootMs;
const wallStart = (span: ClockSpan): number => span.fromBootMs + span.aheadMs;
const wallEnd = (span: ClockSpan): number => span.toBootMs + span.aheadMs;
