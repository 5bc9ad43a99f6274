// What a round leaves in the audit trail (R16, R17): the look with its verdict, and the outcome of an attempt that it settled.
import type { CheckEvent } from '../contract/audit.ts';
import type { Phase, Reading } from '../contract/flow.ts';
import { elapsedMs, type Moment } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import type { RoundDeps, RoundDepth } from './round-deps.ts';

export function recordFinished(cell: Cell, deps: Pick<RoundDeps, 'audit'>, now: Moment): void {
  const attempt = cell.state.recovery.attempts.at(-1);
  if (!attempt?.outcome) return;
  deps.audit.write(
    'recovery',
    {
      event: 'recovery-finished',
      service: attempt.service,
      attempt: attempt.id,
      remedy: attempt.remedy,
      outcome: attempt.outcome,
      secondsToHealthy: attempt.secondsToHealthy ?? null,
      reason: attempt.outcomeReason ?? '',
      output: attempt.output ?? '',
      ...(attempt.after === undefined ? {} : { after: attempt.after }),
      ...(attempt.returnedAt ? { ranMs: Math.round(elapsedMs(attempt.startedAt, attempt.returnedAt)) } : {}),
    },
    now,
  );
}

export function recordCheck(cell: Cell, deps: RoundDeps, phase: Phase, reading: Reading, depth: RoundDepth): void {
  const { verdict, state } = cell;
  if (!verdict) return;
  const line: CheckEvent = {
    event: 'check',
    service: cell.service.id,
    status: verdict.status,
    phase,
    reason: verdict.reason,
    message: verdict.message,
    latencyMs: tenths(reading.latencyMs),
    value: verdict.value ?? null,
    unit: verdict.unit ?? null,
    consecutiveFailures: state.health.strikes,
    incident: state.health.incident?.id,
    // Why it is no strike, and why nobody is told: decisions too (R16).
    ...(verdict.status === 'error' && verdict.whyNoStrike ? { noStrike: verdict.whyNoStrike } : {}),
    ...(cell.alertReason ? { alert: cell.alertReason } : {}),
    // What a rehearsal needs to decide as it was decided here (replay.ts).
    ...(verdict.status === 'error' && reading.processAgeMs !== undefined ? { processAgeMs: Math.round(reading.processAgeMs) } : {}),
    ...(depth === 'look' ? { isOnlyLook: true as const } : {}),
  };
  deps.audit.write('health', line, reading.endedAt);
  cell.healthyLine = phase === 'healthy' && depth === 'full' ? { event: line } : undefined;
}

/** After a look that saw nothing new: the last line says all of it but the time. */
export function recordAgain(cell: Cell, deps: RoundDeps, reading: Reading, depth: RoundDepth): void {
  const line = cell.healthyLine;
  if (line && depth === 'full' && line.event.alert === cell.alertReason) deps.audit.again(line, tenths(reading.latencyMs), reading.endedAt);
  else recordCheck(cell, deps, 'healthy', reading, depth);
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;
