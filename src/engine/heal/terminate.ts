// Ends a process tree as R13 wants it: TERM, wait, KILL; before each signal the identity is read anew. Signals through
// ctx.kill only, records each signal. Never the engine, what runs it, pid 0 and 1, or another user's process.
//
// The root gets TERM first: a master told to end shuts its workers down in order, while workers told first would be
// started anew by it. Its descendants follow at once: a root that dies without passing it on must leave nobody behind.
import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow, RemedyContext } from '../../contract/ports.ts';
import { descendantsOf } from '../../contract/process-tree.ts';

export interface TerminateOptions {
  /** What the command line of the root must still match at each signal. */
  readonly match: string;
  /** How long after TERM before KILL. */
  readonly stopTimeoutMs: number;
  /** What the record says of why, where the match says nothing. */
  readonly told?: string;
  readonly ctx: RemedyContext;
}
export interface Termination {
  /** Nobody of the tree that this user may end is alive. */
  readonly ended: boolean;
  /** Pids that got a signal. */
  readonly signalled: readonly number[];
}

const FIRST_POLL_MS = 5;
const POLL_MS = 50;
/** How often the tree is read again while it ends: children born meanwhile would be lost when their parent dies. */
const LEARN_MS = 250;
const KILL_WAIT_MS = 2_000;
const KILL_ROUNDS = 5;
/** When the engine itself must end, it waits no longer than this for TERM to work, and does not KILL. */
const ABORTED_WAIT_MS = 2_000;

export async function terminateTree(root: ProcessRow, options: TerminateOptions): Promise<Termination> {
  const { ctx, match } = options;
  const matches = compileMatch(match);
  const tree = new Map<string, ProcessRow>([[key(root), root]]);
  const signalled = new Set<number>();
  let protectedPids: ReadonlySet<number> = new Set();

  const isAnyLeft = () => [...tree.values()].some((row) => ctx.processes.isAlive(row));
  // A helper of another user (sudo) can't be ended, and is not waited for.
  const alive = () => [...tree.values()].filter((row) => row.uid === ctx.uid && ctx.processes.isAlive(row));
  const now = () => ctx.clock.now().awakeMs;

  async function learn(): Promise<void> {
    const table = await ctx.processes.table({ maxAgeMs: 0 });
    protectedPids = table.protected;
    for (const member of [...tree.values()]) {
      // Only below those that are still who they were: a reused pid has strangers for children.
      if (table.rows.get(member.pid)?.startId !== member.startId) continue;
      for (const row of descendantsOf(table, member.pid)) if (!tree.has(key(row))) tree.set(key(row), row);
    }
  }

  /** True when exactly this process is there now and may be signalled (R13). */
  async function isConfirmed(member: ProcessRow): Promise<boolean> {
    if (member.pid <= 1 || member.pid === process.pid || protectedPids.has(member.pid)) return false;
    const row = await ctx.processes.identify(member.pid);
    if (!row || row.isZombie || row.startId !== member.startId || row.uid !== ctx.uid) return false;
    return member !== root || matches(row.command);
  }

  async function signalAll(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    for (const member of alive()) {
      if (!(await isConfirmed(member))) continue;
      try {
        ctx.kill(member.pid, signal);
      } catch {
        continue; // It ended between the look and the signal, or the system forbids it.
      }
      signalled.add(member.pid);
      ctx.record({ event: 'process-signalled', pid: member.pid, signal, match: options.told ?? match });
    }
  }

  async function waitUntilGone(ms: number, isAbortable: boolean): Promise<void> {
    let deadline = now() + ms;
    let learnAt = now() + LEARN_MS;
    let pollMs = FIRST_POLL_MS;
    let isHurried = false;
    while (alive().length > 0 && now() < deadline) {
      if (isAbortable && ctx.signal.aborted && !isHurried) {
        isHurried = true;
        deadline = Math.min(deadline, now() + ABORTED_WAIT_MS);
      }
      await ctx.timers.sleep(pollMs, isHurried || !isAbortable ? undefined : ctx.signal);
      pollMs = Math.min(POLL_MS, pollMs * 2);
      if (now() < learnAt) continue;
      await learn();
      learnAt = now() + LEARN_MS;
    }
  }

  await learn();
  // A root that can't be confirmed any more is not the one that was chosen; then its children are nobody's either.
  if (ctx.processes.isAlive(root) && !(await isConfirmed(root))) return { ended: !ctx.processes.isAlive(root), signalled: [] };
  await signalAll('SIGTERM');
  await waitUntilGone(options.stopTimeoutMs, true);
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    // Below who is gone nobody is found any more.
    if (!isAnyLeft()) break;
    await learn();
    if (alive().length === 0 || ctx.signal.aborted) break;
    await signalAll('SIGKILL');
    await waitUntilGone(KILL_WAIT_MS / KILL_ROUNDS, false);
  }
  return { ended: alive().length === 0, signalled: [...signalled] };
}

function key(row: ProcessRow): string {
  return `${row.pid} ${row.startId}`;
}
