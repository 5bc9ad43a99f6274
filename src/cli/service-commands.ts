// Commands about one service, or all: check, start, stop, heal, pause, resume, ack (PRODUCT section 6).
import { EXIT, HealthError } from '../contract/errors.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { durationText } from '../contract/units.ts';
import { type Asking, engineOrFiles } from './ask.ts';
import { json, line, problem, tellError } from './io.ts';
import type { Call } from './program.ts';
import { attemptLines, pluginLine, serviceLines, worstOf } from './report.ts';

/** Runs `act` with whoever answers, and lets go of them. */
async function withAsking<T>(call: Call, act: (asking: Asking) => Promise<T>): Promise<T> {
  const asking = await engineOrFiles(call.home, call.version);
  try {
    return await act(asking);
  } finally {
    await asking.close();
  }
}

/** Looks now; `isRound`: recovery and alerts too, until the attempts have their outcome. Exit by the worst status seen.
 * To a monitoring system 2 says that a service is down: where nothing could be seen (the home is owned or unusable, the
 * engine is stuck) it exits 3, unknown. Wrong usage and a bad configuration keep their own exit codes. */
export async function check(call: Call, ids: readonly string[], isRound: boolean): Promise<number> {
  try {
    return await look(call, ids, isRound);
  } catch (error) {
    const exitCode = tellError(call.io, error, call.isJson);
    return exitCode === EXIT.usage || exitCode === EXIT.config ? exitCode : EXIT.unknown;
  }
}

function look(call: Call, ids: readonly string[], isRound: boolean): Promise<number> {
  return withAsking(call, async ({ ask }) => {
    const known = (await ask('status', {})).services.map((view) => view.id);
    const missing = ids.filter((id) => !known.includes(id));
    if (missing[0])
      throw new HealthError('not-found', `There is no service ${missing[0]}.`, { hint: `Watched are: ${known.join(', ') || 'none'}.` });
    const asked = ids.length > 0 ? [...new Set(ids)] : known;
    const views = await Promise.all(asked.map((id) => ask('check', isRound ? { id, round: true } : { id })));
    if (call.isJson) json(call.io, { overall: worstOf(views.map((view) => view.status)), services: views });
    else showViews(call, views);
    return EXIT[worstOf(views.map((view) => view.status))];
  });
}

function showViews(call: Call, views: readonly ServiceView[]): void {
  line(call.io, pluginLine(views));
  const width = Math.max(...views.map((view) => view.name.length), 4);
  const nowMs = Date.now();
  for (const view of views) for (const text of serviceLines(view, call.io, width, nowMs)) line(call.io, text);
}

/** A person's restart: waits for its outcome. */
export function heal(call: Call, id: string): Promise<number> {
  return withAsking(call, async ({ ask, isOffline }) => {
    if (call.io.isTerminal && !call.isJson) problem(call.io, `Restarting ${id} …`);
    const attempt = await ask('heal', { id, wait: true });
    if (call.isJson) json(call.io, attempt);
    else for (const text of attemptLines(attempt, id)) line(call.io, text);
    if (isOffline && !call.isJson) problem(call.io, 'No engine runs: nobody will look after it from now on (jarvis-health start).');
    return attempt.outcome === 'succeeded' || attempt.outcome === 'dry-run' ? EXIT.ok : EXIT.error;
  });
}

export function start(call: Call, id: string): Promise<number> {
  return withAsking(call, async ({ ask }) => {
    const attempt = await ask('start', { id });
    if (call.isJson) json(call.io, attempt);
    else line(call.io, `${id}: ${attempt.output || 'started'}`);
    return EXIT.ok;
  });
}

/** Ends who holds the port of the service: this is the person's word. */
export function freePort(call: Call, id: string, pid: number | undefined): Promise<number> {
  return withAsking(call, async ({ ask }) => {
    const freed = await ask('freePort', pid === undefined ? { id } : { id, pid });
    if (call.isJson) json(call.io, freed);
    else line(call.io, freed.message);
    return EXIT.ok;
  });
}

export function stop(call: Call, id: string): Promise<number> {
  return change(
    call,
    () => `${id} is stopped on purpose. Only you start it again: jarvis-health start ${id}`,
    (asking) => asking.ask('stop', { id }),
  );
}

export function pause(call: Call, id: string, forMs: number | undefined): Promise<number> {
  const until = forMs === undefined ? `until jarvis-health resume ${id}` : `for ${durationText(forMs)}`;
  return change(
    call,
    () => `${id} is paused ${until}.`,
    (asking) => asking.ask('pause', forMs === undefined ? { id } : { id, forMs }),
  );
}

export function resume(call: Call, id: string): Promise<number> {
  return change(
    call,
    () => `${id} is watched again.`,
    (asking) => asking.ask('resume', { id }),
  );
}

export function ack(call: Call, id: string): Promise<number> {
  return change(
    call,
    () => `${id} is acknowledged: quiet until it is well again.`,
    (asking) => asking.ask('ack', { id }),
  );
}

function change(call: Call, sentence: () => string, act: (asking: Asking) => Promise<ServiceView>): Promise<number> {
  return withAsking(call, async (asking) => {
    const view = await act(asking);
    if (call.isJson) json(call.io, view);
    else line(call.io, sentence());
    return EXIT.ok;
  });
}
