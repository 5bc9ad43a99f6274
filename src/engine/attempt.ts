// Runs one remedy whose intent is durable, and brings its return back into the state (R3, R4, R17, R18, R20).
import type { RemedyConfig } from '../contract/config.ts';
import { describeRemedy } from '../contract/describe-remedy.ts';
import type { ProcessIdentity, ServiceState } from '../contract/flow.ts';
import type { AuditPort, ClockPort, OtherServices, RemedyContext, RemedyResult, StartedProcess } from '../contract/ports.ts';
import type { Cell } from './cell.ts';
import { settleAfterShared } from './decide/advance-health.ts';
import { returnAttempt } from './decide/advance-recovery.ts';
import { recordFinished } from './round-record.ts';

/** What the engine lends to every remedy; the rest of the context belongs to the service and the attempt. */
export type RemedyTools = Omit<
  RemedyContext,
  'signal' | 'checkPaths' | 'serviceCwd' | 'recorded' | 'others' | 'keeper' | 'trigger' | 'record' | 'rotateOverBytes'
>;

export interface AttemptDeps {
  readonly clock: ClockPort;
  readonly audit: AuditPort;
  readonly isDryRun: boolean;
  readonly tools: RemedyTools;
  readonly signal: AbortSignal;
  /** Processes of other services, though they may match. */
  others(cell: Cell): OtherServices;
  runRemedy(remedy: RemedyConfig, ctx: RemedyContext): Promise<RemedyResult>;
  put(cell: Cell): void;
  /** Bytes on their way to the disk; trouble is told elsewhere. */
  flushSoon(): void;
  /** A service process of ours has ended (R1). */
  processEnded(cell: Cell, identity: ProcessIdentity): void;
  attemptFinished(cell: Cell): void;
  /** The start window is open, or nothing was touched: look again. */
  lookAgain(cell: Cell): void;
}

export async function runAttempt(cell: Cell, remedy: RemedyConfig, deps: AttemptDeps): Promise<void> {
  const attempt = cell.state.recovery.current;
  if (!attempt) return;
  const result = deps.isDryRun ? dryRun(remedy) : await deps.runRemedy(remedy, contextFor(cell, attempt.id, attempt.trigger, deps));
  const now = deps.clock.now();
  // The state may have moved on (a pause, a reload); the attempt itself is still the same one.
  if (cell.state.recovery.current?.id !== attempt.id) return;
  const recovery = returnAttempt(cell.state.recovery, result, now, deps.isDryRun);
  cell.state = { ...cell.state, health: settleAfterShared(cell.state.health, attempt, result, now), recovery };
  deps.put(cell);
  if (result.started) followStarted(cell, result.started, deps);
  if (!recovery.current) {
    recordFinished(cell, deps, now);
    deps.attemptFinished(cell);
  }
  deps.flushSoon();
  deps.lookAgain(cell);
}

/** The context of one service's remedy, also for a person's stop and start. */
export function contextFor(
  cell: Cell,
  attempt: string,
  trigger: 'auto' | 'person',
  deps: Pick<AttemptDeps, 'tools' | 'signal' | 'others' | 'audit' | 'clock'>,
): RemedyContext {
  const check = cell.service.check;
  return {
    ...deps.tools,
    signal: deps.signal,
    checkPaths: check.type === 'log-files' ? check.paths : [],
    rotateOverBytes: check.type === 'log-files' ? check.maxSize : undefined,
    serviceCwd: cell.service.cwd,
    recorded: cell.state.recovery.started,
    others: () => deps.others(cell),
    keeper: cell.state.recovery.keeper,
    trigger,
    record(effect) {
      deps.audit.write('recovery', { service: cell.service.id, attempt, ...effect }, deps.clock.now());
    },
  };
}

/** Every decision is made and recorded, and nothing is touched (R20). */
function dryRun(remedy: RemedyConfig): RemedyResult {
  return { kind: 'acted', reason: 'dry-run', message: `Would have run ${describeRemedy(remedy)}`, output: '' };
}

export function followStarted(cell: Cell, started: StartedProcess, deps: Pick<AttemptDeps, 'processEnded'>): void {
  const identity = { pid: started.pid, startId: started.startId };
  void started.ended.then(() => deps.processEnded(cell, identity));
}

/** The state with one more process that the engine started (R13). */
export function withStarted(state: ServiceState, started: StartedProcess): ServiceState {
  const known = [...state.recovery.started, { pid: started.pid, startId: started.startId }];
  return { ...state, recovery: { ...state.recovery, started: known.slice(-8) } };
}
