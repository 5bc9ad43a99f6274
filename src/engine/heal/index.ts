// The door of this room: runs one remedy as told, and never throws. It does not decide whether (that is decide/plan).
import type { RemedyConfig, RemedyOf, RemedyType } from '../../contract/config.ts';
import { errorText } from '../../contract/errors.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { shownLines } from '../../contract/scrub.ts';
import { autoRestart, autoStart, autoStop } from './auto.ts';
import { deleteOldLogs } from './delete-old-logs.ts';
import { httpRequest } from './http-request.ts';
import { restartAgent, startAgent, stopAgent } from './launchd.ts';
import { keptSubject, repairAlone, requestSubject } from './one-at-a-time.ts';
import { restartProcess, startProcess, stopProcess } from './restart-process.ts';
import { OVERTIME, refused } from './result.ts';
import { rotateLogs } from './rotate-logs.ts';
import { runCommand } from './run-command.ts';
import { logTopProcesses } from './top-processes.ts';

type Run<T extends RemedyType> = (remedy: RemedyOf<T>, ctx: RemedyContext) => Promise<RemedyResult>;

const REMEDIES: { readonly [T in RemedyType]: Run<T> } = {
  command: runCommand,
  'restart-process': restartProcess,
  launchd: (remedy, ctx) => repairAlone(keptSubject({ by: 'launchd', name: remedy.label }), ctx, () => restartAgent(remedy, ctx)),
  auto: autoRestart,
  'delete-old-logs': deleteOldLogs,
  'rotate-logs': rotateLogs,
  'log-top-processes': logTopProcesses,
  http: (remedy, ctx) => repairAlone(requestSubject(remedy), ctx, () => httpRequest(remedy, ctx)),
};
/** The remedies that know how their service is stopped on purpose and started again (R12). */
const STOPS: { readonly [T in RemedyType]?: Run<T> } = { 'restart-process': stopProcess, launchd: stopAgent, auto: autoStop };
const STARTS: { readonly [T in RemedyType]?: Run<T> } = { 'restart-process': startProcess, launchd: startAgent, auto: autoStart };

/** Remedies keep their own time limit; when one does not, it is told to end this long after it. */
const OVERTIME_MS = 2_000;

/** Runs a remedy to its end. Trouble is a result too. */
export function runRemedy(remedy: RemedyConfig, ctx: RemedyContext): Promise<RemedyResult> {
  return guarded(REMEDIES[remedy.type] as Run<RemedyType>, remedy, ctx);
}

/** Stops the service by the first remedy that says how. */
export function stopService(recovery: readonly RemedyConfig[], ctx: RemedyContext): Promise<RemedyResult> {
  return byFirst(STOPS, recovery, ctx);
}

/** Starts the service by the first remedy that says how. */
export function startServiceBy(recovery: readonly RemedyConfig[], ctx: RemedyContext): Promise<RemedyResult> {
  return byFirst(STARTS, recovery, ctx);
}

export function knowsHowToStop(recovery: readonly RemedyConfig[]): boolean {
  return recovery.some((remedy) => STOPS[remedy.type] !== undefined);
}

export function knowsHowToStart(recovery: readonly RemedyConfig[]): boolean {
  return recovery.some((remedy) => STARTS[remedy.type] !== undefined);
}

async function byFirst(
  table: { readonly [T in RemedyType]?: Run<T> },
  recovery: readonly RemedyConfig[],
  ctx: RemedyContext,
): Promise<RemedyResult> {
  const remedy = recovery.find((candidate) => table[candidate.type] !== undefined);
  if (!remedy) return refused('no-remedy-says-how', 'No remedy of this service says how it is started and stopped.');
  return guarded(table[remedy.type] as Run<RemedyType>, remedy, ctx);
}

async function guarded(run: Run<RemedyType>, remedy: RemedyConfig, ctx: RemedyContext): Promise<RemedyResult> {
  const overtime = new AbortController();
  const cancel = ctx.timers.after(remedy.timeoutMs + OVERTIME_MS, () => overtime.abort(OVERTIME));
  let hasActed = false;
  const noticing = <A extends unknown[], R>(effect: (...args: A) => R) => {
    return (...args: A): R => {
      hasActed = true;
      return effect(...args);
    };
  };
  try {
    const result = await run(remedy, {
      ...ctx,
      signal: AbortSignal.any([ctx.signal, overtime.signal]),
      record: noticing((effect) =>
        ctx.record(effect.event === 'process-started' ? { ...effect, command: shownLines(effect.command) } : effect),
      ),
      kill: noticing((pid, signal) => ctx.kill(pid, signal)),
      pm2: {
        call(home, method, args) {
          if (method !== 'getMonitorData') hasActed = true;
          return ctx.pm2.call(home, method, args);
        },
      },
      commands: { run: noticing((spec) => ctx.commands.run(spec)) },
      start: noticing((spec) => ctx.start(spec)),
    });
    // From here it goes into logs, state, window and queue: what strangers printed moves no terminal, and what is secret is left out.
    return { ...result, message: shownLines(result.message), output: shownLines(result.output) };
  } catch (error) {
    return {
      kind: hasActed ? 'acted' : 'not-started',
      reason: 'remedy-crashed',
      message: `The remedy broke: ${errorText(error)}`,
      output: error instanceof Error ? (error.stack ?? '') : '',
    };
  } finally {
    cancel();
  }
}
