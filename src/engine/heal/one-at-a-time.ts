// Who repairs the same thing does so alone: two services that share one process, one command or one supervised service, or a person's
// Start beside a repair, would each see that nothing runs, and start a copy each (R13), or pull the other's restart from under it.
// What may be the same is told by keys: what identifies a process, a command, a job of a supervisor. Touches nothing itself.
import type { RemedyOf } from '../../contract/config.ts';
import { JUST_RESTARTED } from '../../contract/flow.ts';
import type { Keeper } from '../../contract/keeper.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import type { Find } from './identify-target.ts';
import { outOfTime, refused } from './result.ts';

/** What is worked on. Those with a key in common wait for each other. */
interface Subject {
  readonly keys: readonly string[];
  /** Two on different ports and in different folders are two, though their commands look alike. One process may serve two ports. */
  readonly port?: number | undefined;
  readonly folder?: string | undefined;
}
interface Work {
  readonly subject: Subject;
  readonly result: Promise<RemedyResult>;
}
const atWork = new Map<string, Work>();

/** `folder`: where it works. */
export function processSubject({ match, port }: Find, folder: string | undefined): Subject {
  return { keys: [`match ${match}`, ...(port === undefined ? [] : [`port ${port}`])], port, folder };
}
/** By its words, its folder and its variables: with other variables it may mean another service. */
export function commandSubject(argv: readonly string[], cwd?: string, env?: Readonly<Record<string, string>>): Subject {
  return { keys: [`command ${JSON.stringify([argv, cwd ?? null, Object.entries(env ?? {}).sort()])}`] };
}
export function requestSubject({ method, url, headers, body }: RemedyOf<'http'>): Subject {
  return { keys: [`request ${JSON.stringify([method, url, headers ?? null, body ?? null])}`] };
}
/** launchd has one domain of this user, which some name and some do not. */
export function keptSubject({ by, name, at }: Keeper): Subject {
  return { keys: [`kept ${by} ${by === 'launchd' ? '' : (at ?? '')} ${name}`] };
}

/** Waits for whoever works on the same, or on what looks alike. `isDone`: something has just been done to this very thing. */
export async function oneAtATime(subject: Subject, work: (isDone: boolean) => Promise<RemedyResult>): Promise<RemedyResult> {
  const { keys } = subject;
  const before = [...new Set(keys.flatMap((key) => atWork.get(key) ?? []))];
  const isSame = (other: Work): boolean => !isOther(subject.port, other.subject.port) || !isOther(subject.folder, other.subject.folder);
  const ends = Promise.allSettled(before.map(async (other) => hasDone(await other.result) && isSame(other)));
  const result = ends.then((all) => work(all.some((end) => end.status === 'rejected' || end.value)));
  const mine: Work = { subject, result };
  for (const key of keys) atWork.set(key, mine);
  try {
    return await result;
  } finally {
    for (const key of keys) if (atWork.get(key) === mine) atWork.delete(key);
  }
}

/** A repair. One that had to wait is not done again by itself: whether the other has healed both is told by the next look, not by doing
 * it twice (R4). Where nothing was done for the other, or by a person's word, it has its own turn. */
export function repairAlone(subject: Subject, ctx: RemedyContext, repair: () => Promise<RemedyResult>): Promise<RemedyResult> {
  return oneAtATime(subject, async (isDone) => {
    if (isDone && ctx.trigger === 'auto') return refused(JUST_RESTARTED, 'It was restarted a moment ago, for another service or by hand.');
    return ctx.signal.aborted ? outOfTime(ctx) : repair();
  });
}

function isOther(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && one !== other;
}
function hasDone({ kind, reason }: RemedyResult): boolean {
  return kind === 'acted' || reason === JUST_RESTARTED;
}
