// Which state each service is in, and since when: spans that follow each other, never overlap within one clock, and never
// claim time in which nobody looked: the engine was off, the machine slept, the clock jumped (R9). Holds only the open
// spans in memory; closed ones are handed to the sink. Touches nothing.
import { SPAN, type SpanState } from './history-bucket.ts';

/** `bootMs` runs on through sleep and clock changes; it compares only while the engine lives. */
export interface Instant {
  readonly wallMs: number;
  readonly bootMs: number;
}
export interface OpenSpan {
  readonly from: number;
  readonly state: SpanState;
}
interface TimelineSink {
  /** Longer than nothing, and over. */
  closed(service: number, from: number, to: number, state: SpanState): void;
  /** What is known from `at` on is not what was known before: the span that now stands open, undefined: none. */
  opened(service: number, span: OpenSpan | undefined, at: number): void;
}

/** Wall and boot clock apart by more than this: somebody set the clock (as in core.ts). Less is the slow drift of clocks. */
const JUMP_MS = 2_000;

export class Timeline {
  readonly open: Map<number, OpenSpan>;
  /** Services that are paused or stopped stay so while the engine is off. */
  readonly willed: Map<number, SpanState>;
  readonly #sink: TimelineSink;
  #seen: Instant | undefined;

  constructor(
    sink: TimelineSink,
    open: Iterable<readonly [number, OpenSpan]> = [],
    aliveMs?: number,
    willed: Iterable<readonly [number, SpanState]> = [],
  ) {
    this.#sink = sink;
    this.open = new Map(open);
    this.willed = new Map(willed);
    this.#seen = aliveMs === undefined ? undefined : { wallMs: aliveMs, bootMs: Number.NaN };
  }

  /** When somebody was last known to be there. */
  get aliveMs(): number | undefined {
    return this.#seen?.wallMs;
  }

  /** Takes note of the clocks. Gives the wall time of this instant. */
  tick(now: Instant): number {
    const seen = this.#seen;
    const passedMs = seen ? now.bootMs - seen.bootMs : Number.NaN;
    // What is told late (a look ends, and is written down after something newer) is as old on both clocks.
    const isJump = seen !== undefined && Math.abs(now.wallMs - seen.wallMs - passedMs) > JUMP_MS;
    if (!isJump) {
      if (!(passedMs < 0)) this.#seen = now;
      return now.wallMs;
    }
    // The time that really passed is counted on the old clock; then everything goes on by the new one.
    const was = [...this.open];
    for (const [service] of was) this.#change(service, undefined, seen.wallMs + Math.max(0, passedMs));
    this.#seen = now;
    for (const [service, { state }] of was) this.#change(service, state, now.wallMs);
    return now.wallMs;
  }

  /** From now on the service is in this state; undefined: nobody knows. */
  mark(service: number, state: SpanState | undefined, now: Instant): void {
    const at = this.tick(now);
    this.#remember(service, state);
    if (this.open.get(service)?.state !== state) this.#change(service, state, at);
  }

  /** The machine slept until now. A service is `asleep` until somebody looks again; who is paused stays paused. */
  slept(now: Instant, forMs: number): void {
    const at = this.tick(now);
    for (const [service, span] of [...this.open]) {
      if (isWilled(span.state) || span.state === SPAN.asleep) continue;
      const from = Math.max(span.from, at - forMs);
      this.#change(service, SPAN.asleep, from);
    }
  }

  /** The engine begins. What still stands open was left by a crash, and ended when it was last seen alive. */
  started(now: Instant): void {
    this.#closeAll(this.#seen?.wallMs ?? now.wallMs);
    this.#seen = now;
    for (const [service, state] of this.willed) this.#change(service, state, now.wallMs);
  }

  stopped(now: Instant): void {
    this.#closeAll(this.tick(now));
  }

  /** Hands over what is known so far; everything stays as it is. */
  settle(now: Instant): void {
    const at = this.tick(now);
    for (const [service, { state }] of [...this.open]) this.#change(service, state, at);
  }

  #closeAll(at: number): void {
    for (const service of [...this.open.keys()]) this.#change(service, undefined, at);
  }

  #change(service: number, state: SpanState | undefined, atMs: number): void {
    const at = Math.round(atMs);
    const before = this.open.get(service);
    if (before && at > before.from) this.#sink.closed(service, before.from, at, before.state);
    const next = state === undefined ? undefined : { from: before ? Math.max(before.from, at) : at, state };
    if (next) this.open.set(service, next);
    else this.open.delete(service);
    this.#sink.opened(service, next, at);
  }

  #remember(service: number, state: SpanState | undefined): void {
    if (isWilled(state)) this.willed.set(service, state as SpanState);
    else this.willed.delete(service);
  }
}

function isWilled(state: SpanState | undefined): boolean {
  return state === SPAN.paused || state === SPAN.stopped;
}
