// Buckets made from single readings and from the spans between them: what every roll-up must be equal to. Only reads.
import { addReading, addTime, type Bucket, newBucket } from './history-bucket.ts';
import type { ServiceRow, SpanRow, Tables } from './history-tables.ts';
import type { OpenSpan } from './history-timeline.ts';

export interface RawDeps {
  readonly tables: Pick<Tables, 'readings' | 'spans'>;
  /** The span that stands open, by the service's key. */
  readonly open: ReadonlyMap<number, OpenSpan>;
  /** An open span is known to last until now. */
  nowMs(): number;
}

/** What is known about [from, to): spans that do not overlap, oldest first. Time that nobody observed is in none. */
export function spansOf(deps: RawDeps, service: number, from: number, to: number): SpanRow[] {
  const closed = deps.tables.spans(service, from, to);
  const open = deps.open.get(service);
  const end = Math.min(to, deps.nowMs());
  if (!open || open.from >= end) return closed;
  // Where the clock was set back there may be older knowledge of the same hours: it stands.
  const rest = withoutCovered(closed, Math.max(open.from, from), end).map((piece) => ({ ...piece, state: open.state }));
  return rest.length === 0 ? closed : [...closed, ...rest].sort((a, b) => a.from - b.from);
}

/** The parts of [from, to) that no span covers. */
export function withoutCovered(spans: readonly SpanRow[], from: number, to: number): { from: number; to: number }[] {
  const free: { from: number; to: number }[] = [];
  let at = from;
  for (const span of spans) {
    if (span.to <= at) continue;
    if (span.from >= to) break;
    if (span.from > at) free.push({ from: at, to: span.from });
    at = span.to;
  }
  if (at < to) free.push({ from: at, to });
  return free;
}

/** Buckets of `stepMs` (begin: multiples of it, from `from` on) by their start, oldest first; [from, to) is cut where it says. */
export function rawBuckets(deps: RawDeps, service: ServiceRow, from: number, to: number, stepMs: number): Map<number, Bucket> {
  const buckets = new Map<number, Bucket>();
  const bucketAt = (at: number): Bucket => {
    const start = Math.floor(at / stepMs) * stepMs;
    const known = buckets.get(start);
    if (known) return known;
    const bucket = newBucket();
    buckets.set(start, bucket);
    return bucket;
  };
  for (const span of spansOf(deps, service.key, from, to)) {
    for (let at = span.from; at < span.to; ) {
      const end = Math.min(span.to, (Math.floor(at / stepMs) + 1) * stepMs);
      addTime(bucketAt(at), span.state, end - at);
      at = end;
    }
  }
  for (const [at, status, latency, value] of deps.tables.readings(service.key, from, to)) {
    addReading(bucketAt(at), status, latency, at < service.valueSince ? null : value);
  }
  // A reading that no span follows (the engine was killed right after it) has its bucket after all those of the spans.
  return new Map([...buckets].sort(([a], [b]) => a - b));
}
