// `run`: the engine in the foreground, headless, with its control socket; on a terminal with a live status (PRODUCT section 6).

import { EXIT } from '../contract/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { type Discovered, hasConfig, writeFirstConfig } from '../engine/setup.ts';
import { line } from './io.ts';
import { showLines, showLive } from './live.ts';
import type { Call } from './program.ts';

/** First look, then flushed and gone within this time (PRODUCT section 6). */
const GONE_MS = 5_000;

export async function run(call: Call, options: { readonly isDryRun: boolean }): Promise<number> {
  const { openEngine } = await import('../engine/engine.ts');
  const { serveControl } = await import('../api/server.ts');
  const stop = stopSignal();
  try {
    if (!(await hasConfig(call.home))) await firstStart(call);
    const engine = await openEngine({ home: call.home, mode: 'headless', version: call.version, isDryRun: options.isDryRun });
    const server = await serveControl(engine).catch(async (error: unknown) => {
      await engine.close();
      throw error;
    });
    if (engine.configWarnings) call.io.err(`${engine.configWarnings}\n`);
    tellReady(call, engine, server.address);
    const stopShowing = call.io.isTerminal && !call.isJson ? await showLive(call, engine) : showLines(call, engine);
    await stop.asked;
    stopShowing();
    // Whatever hangs, the promise to be gone is kept.
    setTimeout(() => process.exit(EXIT.ok), GONE_MS).unref();
    await server.close();
    await engine.close();
    if (!call.isJson) line(call.io, 'Stopped. What the engine started runs on.');
    return EXIT.ok;
  } finally {
    stop.forget();
  }
}

function stopSignal(): { asked: Promise<void>; forget: () => void } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const onSignal = (): void => resolve();
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

/** Nothing is configured: watch what runs here, repair nothing, say how to allow it (PRODUCT section 4). */
async function firstStart(call: Call): Promise<void> {
  const { found, path } = await writeFirstConfig(call.home, call.version);
  if (call.isJson) {
    call.io.out(
      `${JSON.stringify({ event: 'first-start', config: path, found: found.map(({ service, why }) => ({ id: service.id, why })) })}\n`,
    );
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

function tellReady(call: Call, engine: Engine, socket: string): void {
  const url = `unix:${socket}`;
  call.io.out(
    call.isJson
      ? `${JSON.stringify({ event: 'ready', pid: process.pid, home: engine.home, url })}\n`
      : `ready pid=${process.pid} home=${engine.home} url=${url}\n`,
  );
}
