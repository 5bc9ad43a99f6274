// The `auto` remedy: whoever keeps the service is asked to restart it; where nobody does, it is restarted as `restart-process` does it
// (R12, R13). Who that is: as configured, else of the process that runs, else of the one that was last seen to run. In doubt nothing is
// touched, and never is a second copy started beside a supervisor.
import type { RemedyOf } from '../../contract/config.ts';
import { errorText } from '../../contract/errors.ts';
import type { Keeper } from '../../contract/keeper.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { askKeeper, type Order } from './ask-keeper.ts';
import { targetOf } from './identify-target.ts';
import { keptSubject, oneAtATime, repairAlone } from './one-at-a-time.ts';
import { restartProcess, startProcess, stopProcess } from './restart-process.ts';
import { refused } from './result.ts';

type Remedy = RemedyOf<'auto'>;

export const autoRestart = (remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> => order('restart', remedy, ctx);
export const autoStop = (remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> => order('stop', remedy, ctx);
export const autoStart = (remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> => order('start', remedy, ctx);

async function order(what: Order, remedy: Remedy, ctx: RemedyContext): Promise<RemedyResult> {
  const keeper = await whoKeeps(remedy, ctx);
  if ('kind' in keeper) return keeper;
  if (keeper.by === 'nobody' || keeper.by === 'terminal') return byHand(what, remedy, keeper, ctx);
  const subject = keptSubject(keeper);
  const act = (): Promise<RemedyResult> => byKeeper(what, remedy, keeper, ctx);
  return what === 'restart' ? repairAlone(subject, ctx, act) : oneAtATime(subject, act);
}

async function byKeeper(what: Order, remedy: Remedy, keeper: Keeper, ctx: RemedyContext): Promise<RemedyResult> {
  if (what !== 'stop') {
    const taken = await whoTook(remedy, keeper, ctx);
    if (taken) return taken;
  }
  const state = await ctx.keepers.stateOf(keeper);
  // Asked once more, directly before: its owner may have stopped it since the look (R12).
  if (ctx.trigger === 'auto' && state.kind === 'stopped') return refused(state.reason, `${state.why} Only a person starts it.`);
  if (state.kind === 'gone') return refused(state.reason, `${state.why} Nothing was started beside it.`);
  if (state.kind === 'unknown') return refused(state.reason, state.why);
  if (what === 'stop' && state.kind === 'stopped') return { kind: 'acted', reason: 'not-running', message: state.why, output: '' };
  return askKeeper(what, keeper, remedy.timeoutMs, ctx);
}

async function whoKeeps(remedy: Remedy, ctx: RemedyContext): Promise<Keeper | RemedyResult> {
  if (remedy.keeper) return remedy.keeper;
  if (remedy.find) {
    const target = await targetOf({ ...remedy, find: remedy.find }, ctx);
    const [root] = target.kind === 'found' ? target.roots : [];
    if (root)
      return ctx.keepers.of(root).catch((error: unknown) => refused('keeper-unclear', `Its supervisor is not clear: ${errorText(error)}.`));
    if (target.kind === 'refused') return refused(target.reason, target.message);
  }
  if (ctx.keeper) return ctx.keeper;
  return remedy.start
    ? { by: 'nobody', name: '' }
    : refused('keeper-unknown', 'It does not run, and who kept it was not seen. Name the keeper in the remedy.');
}

/** Asking a supervisor to start what cannot have its port would only be a loop of failures. */
async function whoTook(remedy: Remedy, keeper: Keeper, ctx: RemedyContext): Promise<RemedyResult | undefined> {
  if (remedy.find?.port === undefined || keeper.by === 'docker') return undefined;
  const target = await targetOf({ ...remedy, find: remedy.find }, ctx);
  return target.kind === 'refused' && target.reason === 'port-taken' ? refused(target.reason, target.message) : undefined;
}

/** Nobody keeps it, or a person at a terminal: that one is told of it, and nothing is killed or started for it (R12). */
async function byHand(what: Order, remedy: Remedy, keeper: Keeper, ctx: RemedyContext): Promise<RemedyResult> {
  if (keeper.by === 'terminal' && ctx.trigger === 'auto') {
    const state = await ctx.keepers.stateOf(keeper);
    if (state.kind === 'terminal') return refused(state.reason, `${state.why} Only a person restarts it.`);
  }
  const { find, start } = remedy;
  if (!find || !start) return askKeeper(what, keeper, remedy.timeoutMs, ctx);
  const direct = { ...remedy, type: 'restart-process', find, start } as RemedyOf<'restart-process'>;
  return (what === 'restart' ? restartProcess : what === 'stop' ? stopProcess : startProcess)(direct, ctx);
}
