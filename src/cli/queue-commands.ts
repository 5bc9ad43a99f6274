// The agent's queue from the command line: list, claim, done, release (PRODUCT section 8).
import { EXIT, HealthError } from '../contract/errors.ts';
import { engineOrFiles } from './ask.ts';
import { json, line } from './io.ts';
import type { Call } from './program.ts';
import { alertLines } from './report.ts';

export interface QueueOptions {
  readonly by: string | undefined;
  readonly result: string | undefined;
}

export async function alerts(call: Call, action: string | undefined, id: string | undefined, options: QueueOptions): Promise<number> {
  const asking = await engineOrFiles(call.home, call.version);
  try {
    if (action === undefined) {
      const all = await asking.ask('alerts', {});
      if (call.isJson) json(call.io, all);
      else if (all.length === 0) line(call.io, 'No alerts.');
      else for (const alert of all) for (const text of alertLines(alert)) line(call.io, text);
      return EXIT.ok;
    }
    if (action !== 'claim' && action !== 'done' && action !== 'release') {
      throw new HealthError('usage', `alerts takes claim, done or release; found ${action}.`);
    }
    const chosen = id ?? (action === 'claim' ? await oldestPending(asking.ask) : undefined);
    if (chosen === undefined)
      throw new HealthError('usage', `alerts ${action} takes the id of an alert.`, { hint: 'jarvis-health alerts lists them.' });
    const by = options.by === undefined ? {} : { by: options.by };
    const alert =
      action === 'done'
        ? await asking.ask('done', { id: chosen, ...by, ...(options.result === undefined ? {} : { result: options.result }) })
        : await asking.ask(action, { id: chosen, ...by });
    if (call.isJson) json(call.io, alert);
    else for (const text of alertLines(alert)) line(call.io, text);
    return EXIT.ok;
  } finally {
    await asking.close();
  }
}

/** An agent that just wants work takes the oldest. */
async function oldestPending(ask: Awaited<ReturnType<typeof engineOrFiles>>['ask']): Promise<string> {
  const pending = (await ask('alerts', {})).filter((alert) => alert.state === 'pending');
  const first = pending.sort((a, b) => a.raisedAt.localeCompare(b.raisedAt))[0];
  if (!first) throw new HealthError('not-found', 'No alert is waiting.');
  return first.id;
}
