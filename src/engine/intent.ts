// The last step before the first effect: the intent is on disk, or nothing is begun (R3).
import { actionOf } from '../contract/describe-remedy.ts';
import type { Plan, PlanReason } from '../contract/flow.ts';
import type { Cell } from './cell.ts';
import { notePlan } from './cell.ts';
import { beginAttempt } from './decide/advance-recovery.ts';
import type { RoundDeps } from './round-deps.ts';

/** Puts the intent on disk, then starts (R3). Gives a reason, and nothing is begun, when it can't be written or when a
 * person's word came meanwhile (R12). */
export async function begin(cell: Cell, plan: Extract<Plan, { kind: 'attempt' }>, deps: RoundDeps): Promise<PlanReason | undefined> {
  const before = cell.state;
  if (before.recovery.current) return 'attempt-running'; // they never overlap, whoever asks (R3)
  // Named now: a new configuration may come while the intent is written.
  const remedy = cell.service.recovery[plan.remedyIndex];
  if (!remedy) return 'no-remedy';
  const now = deps.clock.now();
  const recovery = beginAttempt({
    recovery: before.recovery,
    service: cell.service,
    health: before.health,
    plan,
    id: deps.ids.next('a'),
    isDryRun: deps.isDryRun,
    before: cell.verdict?.message,
    now,
  });
  cell.state = { ...before, recovery };
  cell.planWaitMs = undefined; // what was waited for has been passed over
  deps.put(cell);
  const takeBack = (reason: PlanReason): PlanReason => {
    cell.state = { ...cell.state, recovery: { ...before.recovery, started: cell.state.recovery.started } };
    deps.put(cell);
    notePlan(cell, { kind: 'wait', reason, waitMs: undefined, givesUp: false }, now);
    return reason;
  };
  try {
    await deps.flush();
    deps.stateTrouble(undefined);
  } catch (error) {
    deps.stateTrouble(error);
    return takeBack('state-unwritable');
  }
  const attempt = recovery.current;
  if (!attempt) return 'no-remedy';
  if (deps.isClosing() || cell.isGone) return takeBack('stopped');
  if (plan.trigger === 'auto' && cell.state.health.paused) return takeBack('paused');
  if (plan.trigger === 'auto' && cell.state.health.stopped) return takeBack('stopped');
  deps.audit.write(
    'recovery',
    {
      event: 'recovery-started',
      service: attempt.service,
      attempt: attempt.id,
      remedy: attempt.remedy,
      trigger: attempt.trigger,
      reason: attempt.reason,
      action: actionOf(remedy),
      ...(attempt.before === undefined ? {} : { before: attempt.before }),
    },
    now,
  );
  deps.startAttempt(cell, remedy);
  return undefined;
}
