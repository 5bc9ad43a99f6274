// `start`, `stop`, `restart`, `status` without a service: the background engine (PRODUCT section 6).
import { realpathSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { EXIT, HealthError } from '../contract/errors.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { hasConfig, machinePorts, readOwner, writeFirstConfig } from '../engine/setup.ts';
import { onlyEngine } from './ask.ts';
import { type Background, type BackgroundReport, createBackground } from './background.ts';
import { json, line } from './io.ts';
import type { Call } from './program.ts';
import { statusLines } from './report.ts';
import { foundLines } from './run.ts';

/** An engine stays for months and is mostly idle (docs/decisions/0004-memory.md; the same flags stand in bin/jarvis-health). */
const RUN_FLAGS = ['--max-semi-space-size=6', '--single-threaded-gc', '--expose-gc'];

/** What a background engine runs. */
export const ENTRY = fileURLToPath(new URL('../../out/cli/index.js', import.meta.url));

export async function backgroundOf(call: Call): Promise<Background> {
  const { processes, commands, timers, start: startService } = await machinePorts();
  return createBackground({
    platform: process.platform,
    userHome: os.homedir(),
    uid: process.getuid?.() ?? 0,
    home: call.home,
    command: [...(call.io.self ?? builtCommand()), 'run', '--home', call.home],
    commands,
    timers,
    processes,
    start: startService,
    readOwner,
    isUp: async () => (await statusOf(call).catch(() => undefined)) !== undefined,
    env: call.io.env,
  });
}

function builtCommand(): string[] {
  return [process.execPath, ...RUN_FLAGS, realpathSync(ENTRY)];
}

export async function start(call: Call): Promise<number> {
  const isFirst = !(await hasConfig(call.home));
  if (isFirst) {
    const { found, path } = await writeFirstConfig(call.home, call.version);
    if (!call.isJson) {
      line(call.io, 'Found on this machine, watched from now on, nothing repaired yet:');
      for (const text of foundLines(found)) line(call.io, text);
      line(call.io, `To allow a repair, move a remedy from "proposed" to "recovery" in ${path}`);
    }
  }
  return report(call, await (await backgroundOf(call)).start());
}
export async function stop(call: Call): Promise<number> {
  return report(call, await (await backgroundOf(call)).stop());
}
export async function restart(call: Call): Promise<number> {
  return report(call, await (await backgroundOf(call)).restart());
}

function report(call: Call, { message, ...rest }: BackgroundReport): number {
  if (call.isJson) json(call.io, { message, ...rest });
  else line(call.io, message);
  return EXIT.ok;
}

/** Exit by colour; without an engine 69, whatever was seen last. */
export async function status(call: Call): Promise<number> {
  const snapshot = await statusOf(call);
  if (!snapshot) {
    throw new HealthError('no-engine', 'No engine runs for this home, so nobody is looking.', {
      hint: `Start it with jarvis-health start. Its home: ${call.home}`,
    });
  }
  if (call.isJson) {
    json(call.io, snapshot);
  } else {
    for (const text of statusLines(snapshot, call.io, Date.now())) line(call.io, text);
    const engine = snapshot.engine;
    if (engine) {
      const kind = await (await backgroundOf(call)).state();
      const how = kind.installed ? `, kept by ${kind.kind}` : '';
      line(call.io, '');
      line(call.io, `Engine: pid ${engine.pid}, ${engine.mode}${engine.dryRun ? ', dry run' : ''}${how}, since ${engine.startedAt}`);
    }
  }
  return EXIT[snapshot.overall];
}

async function statusOf(call: Call): Promise<Snapshot | undefined> {
  try {
    return await (await onlyEngine(call.home))('status', {});
  } catch (error) {
    if (error instanceof HealthError && error.code === 'no-engine' && error.details['reason'] !== 'not-allowed') return undefined;
    throw error;
  }
}
