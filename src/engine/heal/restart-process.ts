// The `restart-process` remedy and the same two halves for a person's Stop and Start: find the one process that is
// certainly the service (R13), end its tree, start it anew. There is never a second copy: unless it is certain that
// nothing of the service runs any more, nothing is started.
import type { RemedyOf } from '../../contract/config.ts';
import { errorText } from '../../contract/errors.ts';
import type { ProcessRow, ProcessTable, RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { SAME_ROUND_MS, targetOf } from './identify-target.ts';
import { folderOf, launchPlan, whyNotStartable } from './launch-plan.ts';
import { oneAtATime, processSubject, repairAlone } from './one-at-a-time.ts';
import { acted, notStarted, notStartedReason, outOfTime, processText, refused, startCode } from './result.ts';
import { terminateTree } from './terminate.ts';

type Remedy = RemedyOf<'restart-process'>;

/** After everybody of the tree is dead: how long a start script above it, or the kernel's list of ports, may lag behind. */
const SETTLE_MS = 1_000;
const SETTLE_POLL_MS = 20;

/** Stops what is certainly the service, and starts it (R13, R18). */
export function restartProcess(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  return repairAlone(processSubject(remedy.find, folderOf(remedy.cwd, ctx)), ctx, () => restart(remedy, ctx));
}

async function restart(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  const impossible = await whyNotStartable(launchPlan(remedy, ctx), ctx.timers);
  if (impossible) return impossible;
  const stop = await stopService(remedy, ctx);
  if (stop.result) return stop.result;
  // What we have stopped we start, though the engine ends or the time is over: nobody else would.
  if (ctx.signal.aborted && stop.signalled === 0) return outOfTime(ctx);
  return launch(remedy, ctx, stop.signalled);
}

/** Stops the service on purpose. Nothing running is a success too: `not-running`. */
export function stopProcess(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  return oneAtATime(processSubject(remedy.find, folderOf(remedy.cwd, ctx)), () => stopOnPurpose(remedy, ctx));
}

async function stopOnPurpose(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  const stop = await stopService(remedy, ctx);
  if (stop.result) return stop.result;
  if (stop.signalled === 0) return acted('not-running', 'Nothing was running.');
  return acted('stopped', `Stopped ${count(stop.signalled)}.`);
}

/** Starts the service where nothing of it runs: `already-running`, `port-taken`, … otherwise. */
export function startProcess(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  return oneAtATime(processSubject(remedy.find, folderOf(remedy.cwd, ctx)), () => start(remedy, ctx));
}

async function start(remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  const impossible = await whyNotStartable(launchPlan(remedy, ctx), ctx.timers);
  if (impossible) return impossible;
  const target = await targetOf(remedy, ctx);
  if (target.kind === 'found') return refused('already-running', `It runs already: ${target.roots.map(processText).join(', ')}.`);
  if (target.kind === 'refused') return refused(target.reason === 'has-terminal' ? 'already-running' : target.reason, target.message);
  return launch(remedy, ctx, 0);
}

/** `result`: why the way ends here. Without it nothing of the service runs any more. */
async function stopService(remedy: Remedy, ctx: RemedyContext): Promise<{ signalled: number; result?: RemedyResult }> {
  if (ctx.signal.aborted) return { signalled: 0, result: outOfTime(ctx) };
  let target = await targetOf(remedy, ctx, SAME_ROUND_MS);
  const before = target.kind === 'found' ? await ctx.processes.table() : undefined;
  // Once more when it died before it was signalled: its children may be what has to be found now.
  for (let look = 0; look < 2 && target.kind === 'found'; look += 1) {
    const { match } = remedy.find;
    const stopTimeoutMs = Math.min(remedy.stopTimeoutMs, remedy.timeoutMs);
    const ends = await Promise.all(target.roots.map((root) => terminateTree(root, { match, stopTimeoutMs, ctx })));
    const signalled = new Set(ends.flatMap((end) => end.signalled)).size;
    const names = target.roots.map(processText).join(', ');
    if (!ends.every((end) => end.ended)) {
      return {
        signalled,
        result:
          signalled > 0
            ? acted('could-not-stop', `${names} did not end; nothing was started beside it.`)
            : refused('no-certain-owner', `${names} could not be confirmed directly before the signal; nothing was touched.`),
      };
    }
    if (signalled > 0) return settle(remedy, ctx, signalled, before);
    target = await targetOf(remedy, ctx);
  }
  if (target.kind === 'refused') return { signalled: 0, result: refused(target.reason, target.message) };
  if (target.kind === 'found') return { signalled: 0, result: refused('no-certain-owner', 'It changes faster than it can be identified.') };
  return { signalled: 0 };
}

/** Waits until nothing of it is found any more, but for copies that were there before and do not work in its folder: they are none of our
 * business. Where several could be the service, it is never started beside them (R13).
 * Something that keeps coming back has a supervisor: that one has restarted it. */
async function settle(
  remedy: Remedy,
  ctx: RemedyContext,
  signalled: number,
  before: ProcessTable | undefined,
): Promise<{ signalled: number; result?: RemedyResult }> {
  const begun = ctx.clock.now().awakeMs;
  const wasThere = (row: ProcessRow) => before?.rows.get(row.pid)?.startId === row.startId;
  for (;;) {
    const target = await targetOf(remedy, ctx);
    if (target.kind === 'none') return { signalled };
    const rows = target.kind === 'found' ? target.roots : target.rows;
    const isOld = rows.length > 0 && rows.every(wasThere);
    const isElsewhere = target.kind === 'refused' && target.reason === 'no-certain-owner';
    const isRecorded = rows.some((row) => ctx.recorded.some((known) => known.pid === row.pid && known.startId === row.startId));
    if (isOld && isElsewhere && !isRecorded) return { signalled };
    if (ctx.clock.now().awakeMs - begun > SETTLE_MS) {
      const who = rows.map(processText).join(', ') || 'somebody';
      const message = `Stopped ${count(signalled)}, but ${who} ${isOld ? 'still runs' : 'was there again'}. Nothing was started beside it.`;
      return { signalled, result: acted(isOld ? 'another-copy' : 'came-back', message) };
    }
    await ctx.timers.sleep(SETTLE_POLL_MS);
  }
}

async function launch(remedy: Remedy, ctx: RemedyContext, signalled: number): Promise<RemedyResult> {
  const plan = launchPlan(remedy, ctx);
  const command = plan.argv.join(' ');
  try {
    const started = await ctx.start(plan);
    ctx.record({ event: 'process-started', pid: started.pid, startId: started.startId, command });
    const stopped = signalled > 0 ? `Stopped ${count(signalled)} and started` : 'Started';
    return { ...acted(signalled > 0 ? 'restarted' : 'started', `${stopped} "${command}" (pid ${started.pid}).`), started };
  } catch (error) {
    // It is down now, if it was not before; but no start window can follow where nothing starts (R18).
    return notStarted(notStartedReason(startCode(error)), errorText(error));
  }
}

function count(processes: number): string {
  return processes === 1 ? '1 process' : `${processes} processes`;
}
