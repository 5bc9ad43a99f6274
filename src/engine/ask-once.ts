// Questions about a path that may lie on a drive that is gone. Such a question is never answered, and holds one of the few threads that do
// all file work of this process: a second one must not follow the first, and whoever asks waits only so long. Reads; changes nothing.
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { TimersPort } from '../contract/ports.ts';

/** The same question, of which there is never more than one under way for each path. */
export function askOnce<T>(ask: (file: string) => Promise<T>): (file: string) => Promise<T> {
  const pending = new Map<string, Promise<T>>();
  return (file) => {
    const asked = pending.get(file) ?? ask(file).finally(() => pending.delete(file));
    pending.set(file, asked);
    return asked;
  };
}

/** `stat`, to be asked before anything else about an absolute path: where this is not answered, nothing else would be. From the root
 * downwards, so that whatever is asked about a drive that is gone waits for one and the same question. */
export function statOnce(file: string, ask: (file: string) => Promise<Stats> = statHere): Promise<Stats> {
  const parent = path.dirname(file);
  return parent === file ? ask(file) : statOnce(parent, ask).then(() => ask(file));
}
const statHere = askOnce((file) => stat(file));

/** The answer, or undefined where there is none within `ms`. Leaves no timer, which would keep the process for as long as it runs. */
export async function inTime<T>(asked: Promise<T>, ms: number, timers: Pick<TimersPort, 'after'>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const cancel = timers.after(ms, () => resolve(undefined));
  try {
    return await Promise.race([asked, late]);
  } finally {
    cancel();
  }
}
