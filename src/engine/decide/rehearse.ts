// A recorded look as a reading that can be judged anew: under another limit, where its number and that limit are of the same
// kind; else as it was judged (R2). Pure.
import type { CheckConfig } from '../../contract/config.ts';
import type { Measure, Reading, ReadingReason } from '../../contract/flow.ts';
import type { RecordedLook } from '../../contract/recorded.ts';
import type { Moment } from '../../contract/time.ts';

type Limit = Pick<Measure, 'name' | 'unit' | 'limit' | 'failsWhen' | 'clearAt'>;

/** Judged by their number alone; a look that failed for any other reason fails under every limit. */
const BY_NUMBER: ReadonlySet<string> = new Set(['over-limit', 'too-slow', 'within-limits', 'answered', 'process-running']);

/** The limit of a check on numbers of this unit; undefined: it has none. */
export function limitOf(check: CheckConfig, unit: string | null): Limit | undefined {
  switch (check.type) {
    case 'disk': {
      const { minFree, clearAt } = check;
      if (unit !== minFree.unit) return undefined;
      return { name: 'free', unit: minFree.unit, limit: minFree.value, failsWhen: 'below', clearAt: clearAt?.value };
    }
    case 'memory':
      return unit === 'percent' ? { name: 'used', unit, limit: check.maxUsed, failsWhen: 'above', clearAt: check.clearAt } : undefined;
    case 'http':
      return check.maxLatencyMs === undefined
        ? undefined
        : { name: 'latency', unit: 'ms', limit: check.maxLatencyMs, failsWhen: 'above', clearAt: undefined };
    case 'process': {
      const limit = unit === 'bytes' ? check.maxMemory : unit === 'percent' ? check.maxCpu : undefined;
      if (limit === undefined) return undefined;
      return {
        name: unit === 'bytes' ? 'memory' : 'cpu',
        unit: unit as 'bytes' | 'percent',
        limit,
        failsWhen: 'above',
        clearAt: undefined,
      };
    }
    case 'log-files':
      return unit === 'bytes' && check.maxSize !== undefined
        ? { name: 'size', unit, limit: check.maxSize, failsWhen: 'above', clearAt: undefined }
        : undefined;
    case 'tcp':
    case 'command':
      return undefined;
    default:
      return check satisfies never;
  }
}

/** What was measured, as far as a limit may judge it again; undefined: only the old judgement is left. */
function numberOf(look: RecordedLook, check: CheckConfig): number | undefined {
  if (!BY_NUMBER.has(look.reason) || look.status === 'unknown' || look.status === 'warning') return undefined;
  // An answer's time is known also where it had no limit then.
  if (check.type === 'http') return look.unit === 'ms' && look.value !== null ? look.value : look.latencyMs;
  // Free inodes are a share too, and have a limit of their own.
  return check.type === 'disk' && look.message.includes('inodes') ? undefined : (look.value ?? undefined);
}

export function readingOf(look: RecordedLook, check: CheckConfig, startedAt: Moment, endedAt: Moment): Reading {
  const limit = limitOf(check, look.unit);
  const value = limit && numberOf(look, check);
  const wasOver = look.reason === 'over-limit' || look.reason === 'too-slow';
  const isJudgedAnew = limit !== undefined && value !== undefined;
  // A limit that was taken away fails nothing any more; of another unit, nobody knows.
  const isFreed = wasOver && !isJudgedAnew && limit === undefined && hasNoLimit(check);
  return {
    level: isJudgedAnew || isFreed ? 'ok' : look.status,
    reason: (wasOver && (isJudgedAnew || isFreed) ? 'within-limits' : look.reason) as ReadingReason,
    message: look.message,
    startedAt,
    endedAt,
    latencyMs: look.latencyMs,
    measures: isJudgedAnew ? [{ ...limit, value, failText: look.message, okText: look.message }] : [],
    processes: [],
    processAgeMs: look.processAgeMs,
  };
}

/** Of a check that may have a limit and has none. */
function hasNoLimit(check: CheckConfig): boolean {
  if (check.type === 'process') return check.maxMemory === undefined && check.maxCpu === undefined;
  if (check.type === 'log-files') return check.maxSize === undefined;
  return check.type === 'http' && check.maxLatencyMs === undefined;
}
