// Ends a command that the engine runs: its process group, and for a check its whole tree (R18). TERM, a short wait, KILL.
// Signals only the group of our own child, and descendants whose identity was read directly before. Nothing else.

import type { ProcessPort, ProcessRow, TimersPort } from '../contract/ports.ts';
import { descendantsOf } from '../contract/process-tree.ts';

export interface EndOptions {
  readonly processes: ProcessPort;
  readonly timers: TimersPort;
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
  /** How long after TERM before KILL. */
  readonly graceMs: number;
}

const POLL_MS = 10;
/** Rounds of KILL: a tree that forks while it is killed needs more than one. */
const KILL_ROUNDS = 5;

function send(kill: EndOptions['kill'], pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    kill(pid, signal);
    return true;
  } catch {
    // ESRCH: gone. EPERM: not ours, or on macOS a group of zombies only. Either way there is nothing to end.
    return false;
  }
}

/** Whether anybody is left in the group. The kernel gives a pid to nobody else while a group of that number exists. */
export function groupExists(pid: number, kill: EndOptions['kill']): boolean {
  return send(kill, -pid, 0);
}

/** Ends the group that `pid` leads or led; what moved to another group or session lives on (remedies). */
export async function endGroup(pid: number, options: EndOptions): Promise<void> {
  if (!send(options.kill, -pid, 'SIGTERM')) return;
  for (let waited = 0; waited < options.graceMs; waited += POLL_MS) {
    await options.timers.sleep(POLL_MS);
    if (!groupExists(pid, options.kill)) return;
  }
  send(options.kill, -pid, 'SIGKILL');
}

/** Ends the group that `pid` leads or led and all descendants, also those that left the group (checks).
 * `isRunning`: the leader has not been reaped, so its pid is surely still its own; else only its group is followed. */
export async function endTree(pid: number, isRunning: boolean, options: EndOptions): Promise<void> {
  const known = new Map<number, ProcessRow>();
  let isFirst = true;

  // Learned before each round of signals: a parent that dies first leaves orphans that nobody could find any more.
  const learn = async () => {
    const table = await options.processes.table({ maxAgeMs: 0 }).catch(() => undefined);
    if (!table) return;
    const ours = [...table.rows.values()].filter((row) => row.pgid === pid);
    const leader = table.rows.get(pid);
    if (isRunning && isFirst && leader) ours.push(leader, ...descendantsOf(table, pid));
    isFirst = false;
    for (const row of known.values()) {
      // Only of those that are still who they were; a reused pid has strangers for children.
      if (table.rows.get(row.pid)?.startId === row.startId) ours.push(...descendantsOf(table, row.pid));
    }
    for (const row of ours) if (row.pid > 1 && !table.protected.has(row.pid) && !known.has(row.pid)) known.set(row.pid, row);
  };
  const left = () => [...known.values()].filter((row) => options.processes.isAlive(row));
  const signalAll = async (signal: NodeJS.Signals) => {
    send(options.kill, -pid, signal);
    for (const row of left()) {
      const now = await options.processes.identify(row.pid);
      // Those in the group have their signal already.
      if (now?.startId === row.startId && now.pgid !== pid && options.processes.isAlive(row)) send(options.kill, row.pid, signal);
    }
  };
  const isGone = () => left().length === 0 && (known.size > 0 || !groupExists(pid, options.kill));
  const wait = async (ms: number) => {
    for (let waited = 0; waited < ms && !isGone(); waited += POLL_MS) await options.timers.sleep(POLL_MS);
  };

  await learn();
  await signalAll('SIGTERM');
  await wait(options.graceMs);
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    await learn();
    if (isGone()) return;
    await signalAll('SIGKILL');
    await wait(options.graceMs / KILL_ROUNDS);
  }
}
