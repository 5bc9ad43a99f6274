// What happened: `history` and `incidents` (PRODUCT section 6).
import { EXIT, HealthError } from '../contract/errors.ts';
import { configuredIds } from '../engine/setup.ts';
import { type Ask, onlyEngine } from './ask.ts';
import { json, line } from './io.ts';
import type { Call } from './program.ts';
import { historyLine, incidentLines, repairLines } from './report.ts';

export async function history(call: Call, service: string | undefined, sinceMs: number | undefined): Promise<number> {
  const lines = await past(call, 'trail', service, sinceMs);
  if (lines.length === 0) await orUnknown(call, service);
  if (call.isJson) json(call.io, lines);
  else if (lines.length === 0) line(call.io, 'Nothing is recorded in this time.');
  else for (const entry of lines) line(call.io, historyLine(entry));
  return EXIT.ok;
}

export async function incidents(call: Call, service: string | undefined, sinceMs: number | undefined): Promise<number> {
  const found = await past(call, 'incidents', service, sinceMs);
  if (found.length === 0) await orUnknown(call, service);
  if (call.isJson) json(call.io, found);
  else if (found.length === 0) line(call.io, 'No incidents in this time.');
  else for (const incident of found) for (const text of incidentLines(incident)) line(call.io, text);
  if (!call.isJson) for (const text of await repairs(call, service)) line(call.io, text);
  return EXIT.ok;
}

/** Of a service that is gone there may still be something; where there is nothing, a name that nobody knows is a wrong one. */
async function orUnknown(call: Call, service: string | undefined): Promise<void> {
  if (service === undefined) return;
  const ask: Ask = await onlyEngine(call.home);
  const known = await ask('status', {})
    .then(({ services }) => services.map(({ id }) => id))
    .catch(() => configuredIds(call.home));
  if (!known || known.includes(service)) return;
  throw new HealthError('not-found', `There is no service ${service}, and nothing is recorded of one in this time.`, {
    hint: `Watched are: ${known.join(', ') || 'none'}.`,
  });
}

/** Only a running engine has them at hand. */
async function repairs(call: Call, service: string | undefined): Promise<string[]> {
  const ask: Ask = await onlyEngine(call.home);
  const snapshot = await ask('status', {}).catch(() => undefined);
  const lines = (snapshot?.services ?? []).filter(({ id }) => service === undefined || id === service).flatMap(repairLines);
  return lines.length > 0 ? ['', ...lines] : [];
}

/** Asks the engine, which first writes out what it still holds; without one the log files answer, and nobody needs to own the home. */
async function past<N extends 'trail' | 'incidents'>(call: Call, name: N, service: string | undefined, sinceMs: number | undefined) {
  const from = sinceMs === undefined ? {} : { from: new Date(Date.now() - sinceMs).toISOString() };
  const period = { ...(service === undefined ? {} : { service }), ...from };
  const ask: Ask = await onlyEngine(call.home);
  try {
    return (await (name === 'trail' ? ask('trail', period) : ask('incidents', period))) as Awaited<ReturnType<typeof ask<N>>>;
  } catch (error) {
    if (!(error instanceof HealthError && (error.code === 'no-engine' || error.code === 'engine-stuck'))) throw error;
    const past = await import('../engine/history.ts');
    const read = name === 'trail' ? past.readHistory : past.readIncidents;
    return (await read(call.home, period)) as Awaited<ReturnType<typeof ask<N>>>;
  }
}
