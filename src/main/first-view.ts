// The page of the window with the answers that its first view asks for, and its first picture (api/first-page.ts), from whichever engine
// is shown. A page never waits longer for an engine than its own first picture would. Asks the engine, knows no rule.
import { firstPage } from '../api/first-page.ts';
import type { Operations } from '../contract/operations.ts';
import type { TimersPort } from '../contract/ports.ts';
import type { Host } from './host.ts';
import type { FilledPage } from './protocol.ts';

const PATIENCE_MS = 200;

export async function withFirstView(folder: string, page: string, host: Pick<Host, 'ask'>, timers: TimersPort): Promise<FilledPage> {
  const late = Promise.withResolvers<never>();
  const cancel = timers.after(PATIENCE_MS, () => late.reject(new Error('later')));
  const inTime =
    <N extends 'status' | 'overview'>(name: N) =>
    (input: object) =>
      Promise.race([host.ask(name, input), late.promise]);
  const operations = { status: inTime('status'), overview: inTime('overview') } as unknown as Operations;
  try {
    return await (await firstPage(folder, { operations }))(page);
  } finally {
    late.promise.catch(() => undefined);
    cancel();
  }
}
