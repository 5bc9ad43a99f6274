// `run`: the engine in the foreground, headless, with its control socket and, when asked, the dashboard on 127.0.0.1; on a
// terminal with a live status (PRODUCT section 6).
import type { Loopback } from '../api/loopback.ts';
import { EXIT, HealthError } from '../contract/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { type Discovered, hasConfig, writeFirstConfig } from '../engine/setup.ts';
import { DASHBOARD } from './dashboard-files.ts';
import { jsonLine, line, problem } from './io.ts';
import { showLines, showLive } from './live.ts';
import type { Call } from './program.ts';

/** Flushed and gone within 5 s, whatever hangs, also on the way up (PRODUCT section 6); leaving takes a moment itself. */
const GONE_MS = 4_000;

/** What is given to calls of the system that are just ending; only one that hangs for ever outlasts the longer of the two. */
const FREE_MS = 2_000;
const LAST_MS = 3_000;
const FREE_POLL_MS = 20;

/** When the first looks are over, and whether the engine then has so much to do that it collects by itself anyway. */
const TIDY_MS = 10_000;
const IS_BUSY = 0.05;
/** How long a single round may still hold the home. */
const ROUND_MS = 60_000;
const ROUND_POLL_MS = 200;

/** What the start left behind is given back once: an idle engine would not collect it for hours (docs/decisions/0004-memory.md).
 * There only with the flags of bin/jarvis-health. */
function tidyWhenCalm(): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const look = (before: ReturnType<typeof performance.eventLoopUtilization>): void => {
    // Somebody is just being looked at: a little later, then.
    if (performance.eventLoopUtilization(before).utilization > IS_BUSY) wait();
    else globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
  const wait = (): void => {
    timer = setTimeout(look, TIDY_MS / 2, performance.eventLoopUtilization());
  };
  timer = setTimeout(wait, TIDY_MS / 2);
  return () => clearTimeout(timer);
}

export interface RunOptions {
  readonly isDryRun: boolean;
  /** Port of the dashboard on 127.0.0.1, 0 for any free one; undefined: only the control socket. */
  readonly port: number | undefined;
}

export async function run(call: Call, options: RunOptions): Promise<number> {
  const { openEngine } = await import('../engine/engine.ts');
  const { serveControl } = await import('../api/server.ts');
  const stop = stopSignal();
  try {
    const isFirst = !(await hasConfig(call.home));
    if (isFirst) await firstStart(call);
    const engine = await afterRound(() =>
      openEngine({ home: call.home, mode: 'headless', version: call.version, isDryRun: options.isDryRun }),
    );
    const orClose = async (error: unknown): Promise<never> => {
      await engine.close();
      throw error;
    };
    const server = await serveControl(engine, { dashboard: DASHBOARD }).catch(orClose);
    const loopback =
      options.port === undefined
        ? undefined
        : await server.listen(options.port).catch((error) => server.close().then(() => orClose(error)));
    // What a first start writes warns of nothing but what it has just said.
    if (engine.configWarnings && !isFirst) problem(call.io, engine.configWarnings);
    tellReady(call, engine, loopback?.url ?? `unix:${server.address}`);
    if (loopback) tellSignIn(call, loopback);
    const stopShowing = canRedraw(call) ? await showLive(call, engine) : showLines(call, engine);
    const stopTidying = tidyWhenCalm();
    await stop.asked;
    stopTidying();
    stopShowing();
    await server.close();
    await engine.close();
    if (!call.isJson) line(call.io, 'Stopped. What the engine started runs on.');
    await leave();
    return EXIT.ok;
  } finally {
    stop.forget();
  }
}

/** A single round (`check --once`) holds the home for a moment; it is waited for, or a supervisor would think us refused for good. */
async function afterRound<T>(open: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += ROUND_POLL_MS) {
    try {
      return await open();
    } catch (error) {
      const isRound = error instanceof HealthError && error.code === 'home-owned' && error.details['mode'] === 'once';
      if (!isRound || waitedMs >= ROUND_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, ROUND_POLL_MS));
    }
  }
}

/** A dumb terminal moves no cursor: it gets a line for each change, as a file does. */
function canRedraw({ io, isJson }: Call): boolean {
  return io.isTerminal && !isJson && io.env['TERM'] !== 'dumb';
}

function stopSignal(): { asked: Promise<void>; forget: () => void } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const onSignal = (): void => {
    setTimeout(() => void leave(LAST_MS).then(() => process.exit(EXIT.ok)), GONE_MS).unref();
    resolve();
  };
  // A closed terminal is a wish to stop as well.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    asked,
    forget: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** `process.exit` waits for the threads that are inside a call of the system, for ever when that is a file on a dead network
 * disk; and after it no code of ours runs any more. So it is looked at before: everything is flushed, and this engine ends. */
async function leave(freeMs = FREE_MS): Promise<void> {
  for (let waitedMs = 0; isBlocked(); waitedMs += FREE_POLL_MS) {
    if (waitedMs >= freeMs) {
      for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
      endHard();
    }
    await new Promise((resolve) => setTimeout(resolve, FREE_POLL_MS));
  }
}

/** Calls that hold a thread: files (FSReq…) and names (GetAddrInfo…). https://nodejs.org/api/process.html#processgetactiveresourcesinfo */
function isBlocked(): boolean {
  return process.getActiveResourcesInfo().some((kind) => /^(FSReq|GetAddrInfo|GetNameInfo)/.test(kind));
}

function endHard(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Nothing is configured: watch what runs here, repair nothing, say how to allow it (PRODUCT section 4). */
async function firstStart(call: Call): Promise<void> {
  const { found, path } = await writeFirstConfig(call.home, call.version);
  if (call.isJson) {
    jsonLine(call.io, { event: 'first-start', config: path, found: found.map(({ service, why }) => ({ id: service.id, why })) });
    return;
  }
  line(call.io, 'First start. Found on this machine:');
  for (const text of foundLines(found)) line(call.io, text);
  line(call.io, '');
  line(call.io, 'All of this is watched from now on, and nothing is repaired yet. To allow a repair, move a remedy');
  line(call.io, 'from "proposed" to "recovery" in');
  line(call.io, `  ${path}`);
  line(call.io, 'The running engine takes the change at once.');
  line(call.io, '');
}

export function foundLines(found: readonly Discovered[]): string[] {
  const width = Math.max(0, ...found.map(({ service }) => service.id.length));
  return found.map(({ service, why }) => {
    const remedies = (service.proposed ?? []).map((remedy) => remedy.type).join(', ');
    return `  ${service.id.padEnd(width)}  ${service.check.type}: ${why}${remedies ? ` Proposed: ${remedies}.` : ''}`;
  });
}

function tellReady(call: Call, engine: Engine, url: string): void {
  if (call.isJson) jsonLine(call.io, { event: 'ready', pid: process.pid, home: engine.home, url });
  else line(call.io, `ready pid=${process.pid} home=${engine.home} url=${url}`);
}

function tellSignIn(call: Call, loopback: Loopback): void {
  const { url, expiresAt } = loopback.signIn();
  if (call.isJson) jsonLine(call.io, { event: 'sign-in', url, expiresAt });
  else line(call.io, `Dashboard: ${url}\n  This address works once, within 5 minutes. Later: jarvis-health open`);
}
