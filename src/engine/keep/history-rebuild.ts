// Fills a new history.db from the audit trail, which is the truth, as far back as it reaches. Works in small slices beside a
// running engine, and begins anew when it was cut off. Reads the logs; writes by the same projection as the engine.
import type { TimersPort } from '../../contract/ports.ts';
import { readAudit } from './audit-reader.ts';
import type { Projection } from './history-project.ts';
import type { Instant } from './history-timeline.ts';

/** So many lines are written at once, in some milliseconds; then others have their turn. */
const LINES = 100;
const REST_MS = 5;

interface RebuildDeps {
  readonly home: string;
  readonly timers: TimersPort;
  /** Lines from here on are told by the engine itself. */
  readonly beforeMs: number;
  readonly signal: AbortSignal;
  /** Runs all of it in one transaction, or none. */
  transaction(work: () => void): void;
  /** Everything until then is in the database. */
  reached(atMs: number): void;
}
export interface Rebuilt {
  readonly lines: number;
  readonly fromMs: number | undefined;
  readonly toMs: number;
}

/** Whether the logs know anything. */
export async function hasPast(home: string): Promise<boolean> {
  for await (const _ of readAudit({ home, logs: ['health', 'recovery', 'alerts'] })) return true;
  return false;
}

/** Resolves with undefined when it was cut off. Rejects when the logs can't be read or the database not be written. */
export async function rebuild(deps: RebuildDeps, projection: Projection): Promise<Rebuilt | undefined> {
  let lines = 0;
  let fromMs: number | undefined;
  let toMs = 0;
  let jumpedMs = 0;
  let waiting: (() => void)[] = [];
  const write = async (): Promise<void> => {
    const work = waiting;
    waiting = [];
    deps.transaction(() => {
      for (const apply of work) apply();
      projection.timeline.settle({ wallMs: toMs, bootMs: toMs - jumpedMs });
    });
    deps.reached(toMs);
    await deps.timers.sleep(REST_MS, deps.signal);
  };
  const source = readAudit({ home: deps.home, logs: ['health', 'recovery', 'alerts'], toMs: deps.beforeMs - 1 });
  for await (const { log, line } of source) {
    if (deps.signal.aborted) return undefined;
    const at = typeof line['at'] === 'string' ? Date.parse(line['at']) : Number.NaN;
    if (Number.isNaN(at)) continue;
    // The logs have no clock but the wall's, and say where it was set.
    if (line['event'] === 'clock-jumped' && typeof line['byMs'] === 'number') jumpedMs += line['byMs'];
    const instant: Instant = { wallMs: at, bootMs: at - jumpedMs };
    waiting.push(() => projection.apply(log, line, instant));
    lines += 1;
    fromMs ??= at;
    toMs = Math.max(toMs, at);
    if (waiting.length >= LINES) await write();
  }
  // Nobody was there between the last line and the engine's start.
  waiting.push(() => projection.timeline.stopped({ wallMs: toMs, bootMs: toMs - jumpedMs }));
  await write();
  return deps.signal.aborted ? undefined : { lines, fromMs, toMs };
}
