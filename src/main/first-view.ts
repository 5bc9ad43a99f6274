// Puts the answers that the window's first view asks for into its page, so that nothing is waited for twice. What can't be answered, or
// not at once, is left out: the page asks, and shows why. Asks the engine, knows no rule.

import type { TimersPort } from '../contract/ports.ts';
import { FIRST_VIEW, KNOWN_ID, requestOf } from '../contract/routes.ts';
import type { Host } from './host.ts';
import type { FilledPage } from './protocol.ts';

/** A page never waits longer for an engine than its own first picture would. */
const PATIENCE_MS = 200;
const NAMES = Object.keys(FIRST_VIEW) as (keyof typeof FIRST_VIEW)[];

export async function withFirstView(page: string, host: Pick<Host, 'ask'>, timers: TimersPort): Promise<FilledPage> {
  const late = Promise.withResolvers<undefined>();
  const cancel = timers.after(PATIENCE_MS, () => late.resolve(undefined));
  const answers = await Promise.all(
    NAMES.map(async (name) => {
      const answer = host.ask(name, FIRST_VIEW[name]).catch(() => undefined);
      return [requestOf(name, FIRST_VIEW[name]).target, await Promise.race([answer, late.promise])] as const;
    }),
  );
  cancel();
  // No text inside may end the element that holds it.
  const json = JSON.stringify(Object.fromEntries(answers)).replaceAll('<', '\\u003c');
  return { text: page.replace('</body>', () => `<script type="application/json" id="${KNOWN_ID}">${json}</script></body>`) };
}
