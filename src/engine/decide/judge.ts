// Judges one reading: its status, and whether it is a strike (R2, R4, R9). Pure.
import type { ServiceConfig } from '../../contract/config.ts';
import type { HealthState, Measure, NoStrikeReason, Reading, RecoveryState, Verdict } from '../../contract/flow.ts';
import { elapsedMs, type Stamp } from '../../contract/time.ts';
import { windowAt } from './window.ts';

/** Timers may fire a little early; a strike is not lost for that. */
const EARLY_MS = 50;

export interface JudgeInput {
  readonly reading: Reading;
  readonly service: ServiceConfig;
  readonly health: HealthState;
  readonly recovery: RecoveryState;
  /** Ids of dependencies that are down, checked anew (R11). */
  readonly suppressedBy: readonly string[];
  readonly isHeld: boolean;
}

/** A verdict, and whether a `clearAt` still waits to be passed. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly isLatched: boolean;
  /** One more look in a row that could not see, of those that count: paced and excused as strikes are (R2). */
  readonly countsAsUnknown: boolean;
}

/** What the reading is once its measures are judged: a probe that saw a number over its limit calls itself `ok`. */
export function statusOf(reading: Reading, isLatched: boolean): Verdict['status'] {
  return isSeen(reading) && reading.measures.some((measure) => fails(measure, isLatched)) ? 'error' : reading.level;
}

export function judge(input: JudgeInput): Judgement {
  const { reading, health } = input;
  const failing = reading.level === 'unknown' ? [] : reading.measures.filter((m) => fails(m, health.isLatched));
  const shown = failing[0] ?? reading.measures[0];
  const worst = isSeen(reading) ? failing[0] : undefined;
  const base = worst
    ? {
        status: 'error' as const,
        reason: worst.name === 'latency' ? ('too-slow' as const) : ('over-limit' as const),
        message: worst.failText,
      }
    : { status: reading.level, reason: reading.reason, message: reading.message };
  const whyNoStrike = whyNot(base.status, input);
  return {
    verdict: {
      ...base,
      isStrike: whyNoStrike === undefined,
      whyNoStrike,
      value: shown?.value,
      unit: shown?.unit,
      limit: shown?.limit,
    },
    // A look that could not see leaves the latch as it was.
    isLatched: reading.level === 'unknown' ? health.isLatched : failing.some((m) => m.clearAt !== undefined),
    countsAsUnknown: base.status === 'unknown' && whyExcused(input, health.lastUnknownAt) === undefined,
  };
}

function isSeen(reading: Reading): boolean {
  return reading.level === 'ok' || reading.level === 'warning';
}

/** Over the limit, or once over it and `clearAt` not reached yet (R2). */
function fails(measure: Measure, isLatched: boolean): boolean {
  const level = isLatched && measure.clearAt !== undefined ? measure.clearAt : measure.limit;
  return measure.failsWhen === 'above' ? measure.value > level : measure.value < level;
}

function whyNot(status: Verdict['status'], input: JudgeInput): NoStrikeReason | undefined {
  if (status === 'unknown') return 'could-not-look';
  if (status !== 'error') return 'not-failing';
  return whyExcused(input, input.health.lastStrikeAt);
}

function whyExcused(input: JudgeInput, lastAt: Stamp | undefined): NoStrikeReason | undefined {
  const { reading, service, health, recovery } = input;
  if (health.paused) return 'paused';
  if (health.stopped) return 'stopped';
  if (input.suppressedBy.length > 0) return 'suppressed';
  if (input.isHeld) return 'held';
  const window = windowAt(health, recovery, reading.startedAt);
  switch (window.kind) {
    case 'running':
      return 'start-window';
    case 'open':
      return window.why === 'attempt' ? 'start-window' : 'settling';
    case 'over': // the reading that ends a start window is a strike (R4)
      return undefined;
    case 'none':
      return isTooSoon(service, lastAt, reading) ? 'too-soon' : undefined;
  }
}

/** A person's own check, or one that was brought forward, adds a strike only when `retryInterval` has passed since the last (R2). */
function isTooSoon(service: ServiceConfig, lastAt: Stamp | undefined, reading: Reading): boolean {
  if (!lastAt) return false;
  return elapsedMs(lastAt, reading.startedAt) + EARLY_MS < service.retryIntervalMs;
}
