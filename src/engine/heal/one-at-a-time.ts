// Whoever identifies a process, ends it and starts it does so alone: two services that share one process, or a person's Start beside a
// repair, would each see that nothing runs, and start a copy each (R13). By what identifies it: the match, and the port.
import type { Find } from './identify-target.ts';

const atWork = new Map<string, Promise<unknown>>();

/** `hasWaited`: somebody else has just been at the same process. */
export async function oneAtATime<T>({ match, port }: Find, work: (hasWaited: boolean) => Promise<T>): Promise<T> {
  const keys = [`match ${match}`, ...(port === undefined ? [] : [`port ${port}`])];
  const before = keys.flatMap((key) => atWork.get(key) ?? []);
  const mine = Promise.allSettled(before).then(() => work(before.length > 0));
  for (const key of keys) atWork.set(key, mine);
  try {
    return await mine;
  } finally {
    for (const key of keys) if (atWork.get(key) === mine) atWork.delete(key);
  }
}
