// The built command as a user runs it: a process of its own, its output and its exit code.
import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import { until } from './wait.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const BIN = path.join(ROOT, 'bin', 'jarvis-health');
/** What the bin runs; without the shell in between it starts a little sooner. */
const ENTRY = path.join(ROOT, 'out', 'cli', 'index.js');

/** PRODUCT section 6: gone within 5 s. On a machine with no time to spare the system itself needs longer for that. */
export const goneWithinMs = (): number => ((os.loadavg()[0] as number) > 2 * os.availableParallelism() ? 20_000 : 5_000);

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** stdout as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command says is what the test looks at
  readonly json: any;
}
interface Options {
  readonly env?: Record<string, string>;
  readonly bin?: boolean;
  /** As another user: needs root. */
  readonly uid?: number;
}

export function spawnCommand(place: Place, args: readonly string[], options: Options = {}): ChildProcess {
  const all = [...args, '--home', place.home];
  const [file, first] = options.bin ? [BIN, all] : [process.execPath, [ENTRY, ...all]];
  // HOME is the test's own: nothing of the person who runs the tests is read or written.
  const env = { ...process.env, HOME: place.dir, JARVIS_HEALTH_HOME: '', NO_COLOR: '', NODE_OPTIONS: '', ...options.env };
  const user = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  return spawn(file, first, { cwd: place.dir, stdio: ['ignore', 'pipe', 'pipe'], env, ...user });
}

export async function run(place: Place, args: readonly string[], options?: Options): Promise<Ran> {
  const child = spawnCommand(place, args, options);
  const said = listen(child);
  const code = await new Promise<number>((resolve) => child.once('close', (exit, signal) => resolve(exit ?? (signal ? -1 : -2))));
  return {
    code,
    out: said.out(),
    err: said.err(),
    get json() {
      return JSON.parse(said.out());
    },
  };
}

export interface RunningEngine {
  readonly pid: number;
  readonly child: ChildProcess;
  out(): string;
  err(): string;
  /** Sends the signal; resolves when the process is gone. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null; tookMs: number }>;
}

/** Resolves when the engine has said that it is ready. */
export async function startEngine(place: Place, args: readonly string[] = [], options?: Options): Promise<RunningEngine> {
  const engine = launchEngine(place, args, options);
  await until('ready', () => engine.child.exitCode !== null || /^(ready |\{"event":"ready")/m.test(engine.out()));
  if (engine.child.exitCode !== null) throw new Error(`The engine ended with ${engine.child.exitCode}: ${engine.out()}${engine.err()}`);
  return engine;
}

/** Starts `run` and does not wait for it. */
export function launchEngine(place: Place, args: readonly string[] = [], options?: Options): RunningEngine {
  const child = spawnCommand(place, ['run', ...args], options);
  const said = listen(child);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  return {
    pid: child.pid as number,
    child,
    ...said,
    async end(signal) {
      const began = performance.now();
      child.kill(signal);
      const how = await ended;
      return { ...how, tookMs: performance.now() - began };
    },
  };
}

function listen(child: ChildProcess): { out(): string; err(): string } {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk));
  return { out: () => out, err: () => err };
}
