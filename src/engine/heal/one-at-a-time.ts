// Who repairs the same thing does so alone: two services that share one process, one command or one supervised service, or a person's
// Start beside a repair, would each see that nothing runs, and start a copy each (R13), or pull the other's restart from under it.
// What is the same is told by keys: what identifies a process, a command, a job of a supervisor. Touches nothing itself.
import type { RemedyOf } from '../../contract/config.ts';
import { JUST_RESTARTED } from '../../contract/flow.ts';
import type { Keeper } from '../../contract/keeper.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import type { Find } from './identify-target.ts';
import { outOfTime, refused } from './result.ts';

const atWork = new Map<string, Promise<RemedyResult>>();

export function processKeys({ match, port }: Find): string[] {
  return [`match ${match}`, ...(port === undefined ? [] : [`port ${port}`])];
}
/** By its words, its folder and its variables: with other variables it may mean another service. */
export function commandKeys(argv: readonly string[], cwd?: string, env?: Readonly<Record<string, string>>): string[] {
  return [`command ${JSON.stringify([argv, cwd ?? null, Object.entries(env ?? {}).sort()])}`];
}
export function requestKeys({ method, url, headers, body }: RemedyOf<'http'>): string[] {
  return [`request ${JSON.stringify([method, url, headers ?? null, body ?? null])}`];
}
/** launchd has one domain of this user, which some name and some do not. */
export function keeperKeys({ by, name, at }: Keeper): string[] {
  return [`kept ${by} ${by === 'launchd' ? '' : (at ?? '')} ${name}`];
}

/** Waits for whoever works on one of `keys`. `isDone`: that one has just done something to it. */
export async function oneAtATime(keys: readonly string[], work: (isDone: boolean) => Promise<RemedyResult>): Promise<RemedyResult> {
  const before = keys.flatMap((key) => atWork.get(key) ?? []);
  const mine = Promise.allSettled(before).then((ends) => work(ends.some((end) => end.status === 'rejected' || hasDone(end.value))));
  for (const key of keys) atWork.set(key, mine);
  try {
    return await mine;
  } finally {
    for (const key of keys) if (atWork.get(key) === mine) atWork.delete(key);
  }
}

/** A repair. One that had to wait is not done again by itself: whether the other has healed both is told by the next look, not by doing
 * it twice (R4). Where nothing was done for the other, or by a person's word, it has its own turn. */
export function repairAlone(keys: readonly string[], ctx: RemedyContext, repair: () => Promise<RemedyResult>): Promise<RemedyResult> {
  return oneAtATime(keys, async (isDone) => {
    if (isDone && ctx.trigger === 'auto') return refused(JUST_RESTARTED, 'It was restarted a moment ago, for another service or by hand.');
    return ctx.signal.aborted ? outOfTime(ctx) : repair();
  });
}

function hasDone({ kind, reason }: RemedyResult): boolean {
  return kind === 'acted' || reason === JUST_RESTARTED;
}
