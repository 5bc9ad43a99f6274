// Who holds the port of a failing service though it is not that service: only where `find.match` tells the two apart. Reads; ends nobody.

import { holdsForOthers } from '../contract/holds-for-others.ts';
import { keeperTitle } from '../contract/keeper.ts';
import { compileMatch } from '../contract/match.ts';
import { plainLine } from '../contract/plain-text.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type { ClockPort, KeeperPort, ProcessPort, ProcessRow } from '../contract/ports.ts';
import { ancestorsOf } from '../contract/process-tree.ts';
import { shownCommand } from '../contract/scrub.ts';
import { isoTime } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { tilde } from './expand-path.ts';
import { findOf, portOf } from './identify-service.ts';

const COMMAND_MAX = 300;
/** The table in which the same look has found the age of its service's process. */
const SAME_LOOK_MS = 100;

export interface PortHolderDeps {
  readonly processes: ProcessPort;
  readonly keepers: KeeperPort;
  readonly clock: ClockPort;
  readonly uid: number;
  readonly userHome: string;
}

export async function portHolderOf(cell: Cell, deps: PortHolderDeps): Promise<PortHolder | undefined> {
  const [port, find] = [portOf(cell.service), findOf(cell.service)];
  if (port === undefined || !find) return undefined;
  const owners = await deps.processes.portOwners(port);
  if (owners.kind !== 'known' || owners.pids.length === 0) return undefined;
  const table = await deps.processes.table({ maxAgeMs: SAME_LOOK_MS });
  // Who has come since that table.
  const found = await Promise.all(owners.pids.map((pid) => table.rows.get(pid) ?? deps.processes.identify(pid)));
  const rows = found.filter((row) => row !== undefined && !row.isZombie) as ProcessRow[];
  const matches = compileMatch(find.match);
  const isOurs = (row: ProcessRow): boolean => row.uid === deps.uid && matches(row.command);
  const strangers = rows.filter(
    (row) => !isOurs(row) && !ancestorsOf(table, row.pid).some((above) => rows.includes(above) && isOurs(above)),
  );
  // Of a master and its workers, which share the socket: the master.
  const row = strangers.find((one) => !ancestorsOf(table, one.pid).some((above) => strangers.includes(above))) ?? strangers[0];
  if (!row) return undefined;
  const now = deps.clock.now();
  const [folder, why] = await Promise.all([deps.processes.cwd(row.pid), whyNotFreed(row, table.protected, deps)]);
  const parent = row.ppid > 1 ? table.rows.get(row.ppid) : undefined;
  return {
    port,
    pid: row.pid,
    startId: row.startId,
    name: plainLine(row.name),
    command: shownCommand(row.command, COMMAND_MAX).slice(0, COMMAND_MAX),
    folder: folder === undefined ? null : plainLine(tilde(folder, deps.userHome)),
    since: isoTime({ wallMs: now.wallMs - row.ageMs }),
    parent: parent ? { pid: parent.pid, name: plainLine(parent.name) } : null,
    whyNot: why?.reason ?? null,
    hint: why?.hint ?? null,
    url: `http://127.0.0.1:${port}/`,
  };
}

async function whyNotFreed(row: ProcessRow, engine: ReadonlySet<number>, deps: PortHolderDeps) {
  if (engine.has(row.pid)) return { reason: 'engine-itself', hint: 'It is this engine, or runs it.' };
  if (row.uid !== deps.uid) return { reason: 'another-user', hint: 'It belongs to another user.' };
  const others = holdsForOthers(row.name);
  if (others) return others;
  const keeper = await deps.keepers.of(row).catch(() => undefined);
  if (!keeper || keeper.by === 'nobody' || keeper.by === 'terminal') return undefined;
  return { reason: `kept-by-${keeper.by}`, hint: `${keeperTitle(keeper.by)} keeps it as ${keeper.name}: stop it there.` };
}
