// The agent's queue from the command line: list, claim, done, release (PRODUCT section 8).
import { EXIT, HealthError } from '../contract/errors.ts';
import { NEXT_ALERT } from '../contract/routes.ts';
import { engineOrFiles } from './ask.ts';
import { json, line } from './io.ts';
import type { Call } from './program.ts';
import { alertLines } from './report.ts';

export interface QueueOptions {
  readonly by: string | undefined;
  readonly result: string | undefined;
}

const ACTIONS = ['claim', 'done', 'release'] as const;
type Action = (typeof ACTIONS)[number];

export async function alerts(call: Call, word: string | undefined, id: string | undefined, options: QueueOptions): Promise<number> {
  const action = actionOf(word);
  if (id === undefined && action !== undefined && action !== 'claim')
    throw new HealthError('usage', `alerts ${action} takes the id of an alert.`, { hint: 'jarvis-health alerts lists them.' });
  const asking = await engineOrFiles(call.home, call.version);
  try {
    if (action === undefined) {
      const all = await asking.ask('alerts', {});
      if (call.isJson) json(call.io, all);
      else if (all.length === 0) line(call.io, 'No alerts.');
      else for (const alert of all) for (const text of alertLines(alert)) line(call.io, text);
      return EXIT.ok;
    }
    const chosen = id ?? NEXT_ALERT; // an agent that just wants work takes the oldest
    const by = options.by === undefined ? {} : { by: options.by };
    const alert =
      action === 'done'
        ? await asking.ask('done', { id: chosen, ...by, ...(options.result === undefined ? {} : { result: options.result }) })
        : await asking.ask(action, { id: chosen, ...by });
    if (call.isJson) json(call.io, alert);
    else if (alert === null) line(call.io, 'Nothing is waiting.');
    else for (const text of alertLines(alert)) line(call.io, text);
    return EXIT.ok;
  } finally {
    await asking.close();
  }
}

function actionOf(word: string | undefined): Action | undefined {
  const action = ACTIONS.find((known) => known === word);
  if (word !== undefined && action === undefined) throw new HealthError('usage', `alerts takes claim, done or release; found ${word}.`);
  return action;
}
