// What the benchmarks share: a home with an engine on it, services to break, and the measuring of time, CPU and memory.
// Starts processes, each ended by its own pid; writes only below one temporary folder. Reads /proc, so CPU and memory need Linux.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../src/contract/config.ts';

export interface Row {
  readonly figure: string;
  /** With their unit, for people. */
  readonly ours: string;
  readonly theirs: string;
  /** Ours by theirs, or what `target` limits; undefined: not measured, and `note` says why. */
  readonly ratio: number | undefined;
  readonly target: number;
  readonly note?: string;
}

export const BIN = fileURLToPath(new URL('../bin/jarvis-health', import.meta.url));
export const SERVICE = fileURLToPath(new URL('./service.mjs', import.meta.url));
export const LAB = mkdtempSync(path.join(os.tmpdir(), 'jarvis-health-bench-'));
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(LAB, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
/** `median (min)`, so that noise is seen. */
export const spread = (values: readonly number[], unit: string, digits = 0): string =>
  `${median(values).toFixed(digits)} ${unit} (min ${Math.min(...values).toFixed(digits)})`;
export const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);

export async function until<T>(what: string, limitMs: number, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(20)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`${what}: not within ${limitMs / 1_000} s`);
}

let folders = 0;
export function newFolder(name: string): string {
  folders += 1;
  const folder = path.join(LAB, `${folders}-${name}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** TERM, and KILL after 6 s; resolves when it is gone. */
  end(): Promise<void>;
}
export function start(
  argv: readonly string[],
  options: {
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    input?: 'pipe' | 'ignore';
    output?: 'pipe' | 'ignore';
    errors?: 'inherit' | 'ignore';
  } = {},
): Running {
  const [file, ...args] = argv as [string, ...string[]];
  const child = spawn(file, args, {
    stdio: [options.input ?? 'ignore', options.output ?? 'ignore', options.errors ?? 'inherit'],
    cwd: options.cwd ?? LAB,
    env: options.env ?? process.env,
  });
  children.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      children.delete(child);
      resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  return {
    child,
    pid,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 6_000);
      await gone;
      clearTimeout(hard);
    },
  };
}

export interface Engine extends Running {
  readonly home: string;
  /** Lines of one audit log, from the first. */
  lines(log: 'health' | 'recovery'): Record<string, unknown>[];
}
/** The product as people start it, on a home of its own; resolves when it says that it is up. */
export async function startEngine(config: ConfigInput): Promise<Engine> {
  const home = newFolder('home');
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  const running = start([BIN, 'run', '--home', home], { output: 'pipe', errors: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    running.child.stdout?.once('data', () => resolve());
    running.child.once('close', (code) => reject(new Error(`the engine ended with ${code}`)));
  });
  running.child.stdout?.resume();
  return {
    ...running,
    home,
    lines: (log) =>
      readFileSync(path.join(home, `${log}.log`), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** The configuration of a service that may be restarted; kills follow each other faster than the defaults allow. */
export const QUIET = {
  alerts: { channels: ['queue'] },
  recovery: { cooldown: '1s', maxAttempts: 100, window: '5m' },
} satisfies Partial<ConfigInput>;

/** Asks once: the pid that answered 200, or undefined. */
export function ask(port: number, timeoutMs = 50): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false, timeout: timeoutMs }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += String(chunk);
      });
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(response.statusCode === 200 ? Number(body) : undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

/** CPU time of all threads of a process since its start, in ms (schedstat counts in ns, /proc/PID/stat in steps of 10 ms). */
export function cpuMs(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e6;
}
/** Resident memory in MB. */
export function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
