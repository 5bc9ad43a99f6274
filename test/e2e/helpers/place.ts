// One test's own corner of the machine: a folder with a home in it, and an end for everything that ran there. Every
// process of a test names this folder in its arguments, which is how those are found that outlive the engine (R18).
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface Place {
  readonly dir: string;
  readonly home: string;
  /** Where the services of the test work. */
  readonly work: string;
  /** Runs at the end of the test, before everything is ended; the last one first. */
  atEnd(work: () => void | Promise<void>): void;
}

/** `onFinished` where tests run side by side: vitest's own needs the test's context then. */
export function newPlace(onFinished: typeof onTestFinished = onTestFinished): Place {
  const dir = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'jarvis-e2e-'));
  const place = { dir, home: path.join(dir, 'home'), work: path.join(dir, 'work') };
  mkdirSync(place.work);
  const ends: (() => void | Promise<void>)[] = [];
  onFinished(async () => {
    for (const end of ends.reverse()) await end();
    // Once more, for what was just being started by something that was just being ended.
    while (endAll(dir) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true, force: true });
  });
  return { ...place, atEnd: (work) => void ends.push(work) };
}

/** Processes whose arguments contain `text`, without this one. */
export function processesWith(text: string): { pid: number; command: string }[] {
  const table = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8', maxBuffer: 64_000_000 });
  return table.split('\n').flatMap((row) => {
    const [, pid = '', state = '', command = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(row) ?? [];
    const isOurs = command.includes(text) && !state.startsWith('Z') && Number(pid) !== process.pid && !command.startsWith('ps -A');
    return isOurs ? [{ pid: Number(pid), command }] : [];
  });
}

function endAll(text: string): number {
  const found = processesWith(text);
  for (const { pid } of found) kill(pid, 'SIGKILL');
  return found.length;
}

/** Whether it was there to be signalled. */
export function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
