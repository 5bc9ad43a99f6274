// The one way to look at a service: `look` runs the probe of a check's type and always yields a Reading, in time.
// Trouble is data: a probe that throws, hangs or breaks is a reading too. Reads the machine, changes nothing.
import type { CheckConfig, CheckOf, CheckType } from '../../contract/config.ts';
import type { Reading } from '../../contract/flow.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import type { Moment } from '../../contract/time.ts';
import { durationText } from '../../contract/units.ts';
import { onAbort } from './abort.ts';
import { probeCommand } from './command.ts';
import { probeDisk } from './disk.ts';
import type { Finding } from './finding.ts';
import { probeHttp } from './http.ts';
import { probeLogFiles } from './log-files.ts';
import { probeMemory } from './memory.ts';
import { probeProcess } from './process.ts';
import { findingOf } from './system-error.ts';
import { probeTcp } from './tcp.ts';

interface Probe<T extends OtherType> {
  readonly run: (check: CheckOf<T>, ctx: ProbeContext) => Promise<Finding>;
  /** What it means when `look` has to end it: the service did not answer, or we could not look (R2).
   * `own`: the probe itself holds `timeoutMs` and the signal, and needs no guard. */
  readonly late: 'error' | 'unknown' | 'own';
  /** How much later than `timeoutMs` the guard ends a probe that keeps its time itself, but through a port. */
  readonly graceMs: number;
}

/** A TCP look is so cheap that promises would be a good part of it: it tells what it found by itself. */
type OtherType = Exclude<CheckType, 'tcp'>;
const PROBES: { readonly [T in OtherType]: Probe<T> } = {
  process: { run: probeProcess, late: 'unknown', graceMs: 0 },
  http: { run: probeHttp, late: 'own', graceMs: 0 },
  disk: { run: probeDisk, late: 'error', graceMs: 0 },
  memory: { run: probeMemory, late: 'unknown', graceMs: 0 },
  'log-files': { run: probeLogFiles, late: 'unknown', graceMs: 0 },
  command: { run: probeCommand, late: 'error', graceMs: 3_000 },
};

/** A timer that is later than this tells of this machine, which stood still or was overloaded, and not of the service: whoever should
 * have answered may have stood still as well (R9). */
const LATE_TIMER_MS = 1_000;

/** Remembered: a look that has not come to its end. On a drive that is gone it never will, and holds one of the few threads that do all
 * file work of this process: the next one waits for it, in its own time. */
const LATE = 'late-look';

const NONE: readonly never[] = Object.freeze([]);

/** One look, as a promise that never rejects. */
export function look(check: CheckConfig, ctx: ProbeContext): Promise<Reading> {
  return new Promise((resolve) => lookAt(check, ctx, resolve));
}

/** One look, told once and never by an error. Never hangs: ends by `check.timeoutMs` (a `command` that cannot be ended: 3 s later), or
 * at once, as `cut-short`, when the context's signal aborts. Share one signal between looks; each new one costs. */
export function lookAt(check: CheckConfig, ctx: ProbeContext, told: (reading: Reading) => void): void {
  const startedAt = ctx.clock.now();
  if (check.type === 'tcp') {
    probeTcp(check, ctx, (found, at) => told(readingOf(found, startedAt, ctx, check.timeoutMs, at)));
    return;
  }
  const probe = PROBES[check.type] as Probe<OtherType>;
  let finding: Promise<Finding>;
  try {
    finding = probe.late === 'own' ? probe.run(check, ctx) : guarded(probe, probe.late, check, ctx);
  } catch (error) {
    finding = Promise.reject(error);
  }
  void finding
    .then(
      (found) => readingOf(found, startedAt, ctx, check.timeoutMs + probe.graceMs),
      (error: unknown) => readingOf(findingOf(error, `with the ${check.type} check`), startedAt, ctx, Number.POSITIVE_INFINITY),
    )
    .then(told);
}

/** Whether a look runs a program of its own, and so counts against `concurrency` (R1). The system's own small tools that
 * the process and memory checks ask on macOS do not count: one slow plugin must not delay them. */
export function startsProgram(check: CheckConfig): boolean {
  return check.type === 'command';
}

function guarded(probe: Probe<OtherType>, late: 'error' | 'unknown', check: CheckOf<OtherType>, ctx: ProbeContext): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const end = () => {
      cancelTimer();
      forget();
    };
    const give = (finding: Finding) => {
      end();
      resolve(finding);
      controller.abort();
      const forgetLate = () => void ctx.memory.delete(LATE);
      if (isRunning) ctx.memory.set(LATE, running.then(forgetLate, forgetLate));
    };
    const cancelTimer = ctx.timers.after(check.timeoutMs + probe.graceMs, () =>
      give({ level: late, reason: 'timed-out', message: `No result within ${durationText(check.timeoutMs)}` }),
    );
    const forget = onAbort(ctx.signal, () => give({ level: 'unknown', reason: 'cut-short', message: 'The look was cut short' }));
    let isRunning = false;
    const run = async () => {
      controller.signal.throwIfAborted(); // its time was over before its turn came
      isRunning = true;
      return probe.run(check, { ...ctx, signal: controller.signal });
    };
    const before = ctx.memory.get(LATE) as Promise<void> | undefined;
    const running = before ? before.then(run) : run();
    running.then(
      (finding) => {
        end();
        resolve(finding);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
}

/** `limitMs`: when the look should have been ended. `endedAt`: when what was found had come. */
function readingOf(finding: Finding, startedAt: Moment, ctx: ProbeContext, limitMs: number, endedAt = ctx.clock.now()): Reading {
  const latencyMs = Math.max(0, Math.round((endedAt.awakeMs - startedAt.awakeMs) * 10) / 10);
  const isStill = finding.reason === 'timed-out' && latencyMs - limitMs > LATE_TIMER_MS;
  return {
    level: isStill ? 'unknown' : finding.level,
    reason: isStill ? 'cut-short' : finding.reason,
    message: isStill ? 'This machine stood still during the look' : finding.message,
    startedAt,
    endedAt,
    latencyMs,
    measures: finding.measures ?? NONE,
    processes: finding.processes ?? NONE,
    processAgeMs: finding.processAgeMs,
  };
}
