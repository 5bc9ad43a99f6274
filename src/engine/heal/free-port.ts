// Ends who holds the port of a service, by a person's word and never otherwise: exactly the process that the person saw, of this user, its
// whole tree (R13). What a supervisor keeps is not killed, since it would be there again: the supervisor is named instead.
import { holdsForOthers } from '../../contract/holds-for-others.ts';
import { keeperTitle } from '../../contract/keeper.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { acted, processText, refused } from './result.ts';
import { terminateTree } from './terminate.ts';

const STOP_MS = 10_000;
/** The kernel's list of listeners may lag behind the end of a process. */
const SETTLE_MS = 1_000;
const SETTLE_POLL_MS = 20;

export interface HeldPort {
  readonly port: number;
  readonly pid: number;
  readonly startId: string;
}

/** `freed` when nobody listens there any more; `taken-again`, `could-not-stop` when that did not help. */
export async function freePort({ port, pid, startId }: HeldPort, ctx: RemedyContext): Promise<RemedyResult> {
  const [owners, table] = await Promise.all([ctx.processes.portOwners(port), ctx.processes.table({ maxAgeMs: 0 })]);
  if (owners.kind === 'unknown') return refused('owner-unknown', `${owners.why}.`);
  if (owners.pids.length === 0) return refused('port-free', `Nobody listens on port ${port} (any more).`);
  const row = await ctx.processes.identify(pid);
  if (!row || row.isZombie || row.startId !== startId || !owners.pids.includes(pid))
    return refused('holder-changed', `Port ${port} is held by somebody else by now; nothing was touched. Look again.`);
  if (pid <= 1 || table.protected.has(pid)) return refused('engine-itself', `${processText(row)} is this engine, or runs it.`);
  if (row.uid !== ctx.uid) return refused('another-user', `${processText(row)} belongs to another user.`);
  const others = holdsForOthers(row.name);
  if (others) return refused(others.reason, others.hint);
  const keeper = await ctx.keepers.of(row).catch(() => undefined);
  if (!keeper) return refused('keeper-unclear', `Whether somebody keeps ${processText(row)} can't be told now; nothing was touched.`);
  if (keeper.by !== 'nobody' && keeper.by !== 'terminal') {
    return refused(`kept-by-${keeper.by}`, `${keeperTitle(keeper.by)} keeps it as ${keeper.name} and would start it anew: stop it there.`);
  }
  // Its identity is confirmed by pid and start at each signal; a person has seen it, so no text has to match.
  const end = await terminateTree(row, { match: '', told: `port ${port}`, stopTimeoutMs: STOP_MS, ctx });
  if (!end.ended) return acted('could-not-stop', `${processText(row)} did not end.`);
  if (await isSoonFree(port, ctx)) return acted('freed', `Ended ${processText(row)}; port ${port} is free.`);
  return acted('taken-again', `Ended ${processText(row)}, but somebody listens on port ${port} again.`);
}

async function isSoonFree(port: number, ctx: RemedyContext): Promise<boolean> {
  const begun = ctx.clock.now().awakeMs;
  for (;;) {
    const owners = await ctx.processes.portOwners(port);
    if (owners.kind === 'known' && owners.pids.length === 0) return true;
    if (ctx.clock.now().awakeMs - begun > SETTLE_MS) return false;
    await ctx.timers.sleep(SETTLE_POLL_MS, ctx.signal);
  }
}
