// Which processes are this service, where its check names none: by the `find` of its remedy, else those that the engine
// itself started (R1, R13), and which are only called like it. For watching: whoever kills identifies anew (heal/identify-target).
import type { RemedyOf, ServiceConfig } from '../contract/config.ts';
import type { ProcessIdentity } from '../contract/flow.ts';
import type { ProcessPort, ProcessRow, ProcessTable } from '../contract/ports.ts';
import { ancestorsOf, isOfTrees } from '../contract/process-tree.ts';
import type { Cell } from './cell.ts';
import { expandPath } from './expand-path.ts';
import { keeperOfCommand } from './keeper-of-command.ts';
import { findProcesses } from './probe/find.ts';

/** Hundreds of services are identified at the start of the engine, and each look at who holds a port goes through all processes. */
const OWNERS_AGE_MS = 1_000;

export interface Identified {
  readonly processes: readonly ProcessIdentity[];
  /** Match too, but are not of its tree. Known only where the port tells who it is. */
  readonly namesakes: readonly ProcessIdentity[];
}

export async function identifyService(cell: Cell, processes: ProcessPort): Promise<Identified> {
  const own = cell.state.recovery.started.filter((identity) => processes.isAlive(identity));
  const only = (found: readonly ProcessIdentity[]): Identified => ({ processes: unique(found), namesakes: [] });
  const find = findOf(cell.service);
  if (!find) return only(own.length > 0 ? own : await whoListens(cell.service, processes));
  const table = await processes.table({ maxAgeMs: 0 });
  const matching = findProcesses(table, { match: find.match });
  if (find.port === undefined) return only([...own, ...(matching.length === 1 ? matching : [])]);
  if (matching.length === 0) return only(own);
  const owners = await processes.portOwners(find.port, { holdersMaxAgeMs: OWNERS_AGE_MS });
  if (owners.kind === 'unknown') return only(own);
  const listening = matching.filter((row) => owners.pids.includes(row.pid));
  const found = unique([...own, ...listening]);
  return { processes: found, namesakes: listening.length > 0 ? namesakesOf(found, matching, table) : [] };
}

/** Of those that match the ones that are neither above nor below these, share no matching ancestor and no process group with them: two
 * apps whose script is called alike, each in its own folder. */
function namesakesOf(known: readonly ProcessIdentity[], matching: readonly ProcessRow[], table: ProcessTable): ProcessIdentity[] {
  const matchingPids = new Set(matching.map(({ pid }) => pid));
  const knownPids = new Set(known.map(({ pid }) => pid));
  const kin = new Set(knownPids);
  const groups = new Set<number>();
  for (const { pid } of known) {
    for (const above of ancestorsOf(table, pid)) if (matchingPids.has(above.pid)) kin.add(above.pid);
    const group = table.rows.get(pid)?.pgid;
    if (group !== undefined) groups.add(group);
  }
  const isKin = (row: ProcessRow): boolean =>
    kin.has(row.pid) || groups.has(row.pgid) || ancestorsOf(table, row.pid).some((above) => kin.has(above.pid));
  return unique(matching.filter((row) => !isKin(row)));
}

/** Age of the youngest tree that is this service: what its `find` matches, and what the engine started. Only the tops of
 * trees count, since workers come and go. `namesakes` are none of it. Undefined when there is none. */
export async function serviceProcessAge(
  cell: Cell,
  processes: ProcessPort,
  namesakes: readonly ProcessIdentity[],
): Promise<number | undefined> {
  const find = findOf(cell.service);
  if (!find && cell.state.recovery.started.length === 0) return undefined;
  const table = await processes.table();
  const matching = find ? findProcesses(table, { match: find.match }).filter((row) => !isOfTrees(table, row, namesakes)) : [];
  const pids = new Set(matching.map((row) => row.pid));
  const tops = matching.filter((row) => !ancestorsOf(table, row.pid).some((above) => pids.has(above.pid)));
  const own = cell.state.recovery.started.flatMap(({ pid, startId }) => {
    const row = table.rows.get(pid);
    return row?.startId === startId && !row.isZombie ? [row] : [];
  });
  const ages = [...tops, ...own].map((row) => row.ageMs);
  return ages.length === 0 ? undefined : Math.min(...ages);
}

/** How its process is found: by the first remedy that says so. */
export function findOf(service: ServiceConfig): RemedyOf<'restart-process'>['find'] | undefined {
  return service.recovery.flatMap((remedy) => ('find' in remedy && remedy.find ? [remedy.find] : []))[0];
}

/** The port of this machine that its check, or its `find`, looks at. */
export function portOf(service: ServiceConfig): number | undefined {
  const { check } = service;
  const found = findOf(service)?.port;
  if (found !== undefined) return found;
  if (check.type === 'tcp') return isLoopback(check.host) ? check.port : undefined;
  if (check.type !== 'http') return undefined;
  const url = new URL(check.url);
  if (!isLoopback(url.hostname)) return undefined;
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}
export const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);

/** A service that is known by its port alone, and is restarted by whoever keeps it or by a command that does not say who that is (the
 * gateway's own, say): whoever listens there while it is well, so that a stop on purpose is known later (R12). */
async function whoListens(service: ServiceConfig, processes: ProcessPort): Promise<readonly ProcessIdentity[]> {
  const isUnknown = service.recovery.some((remedy) =>
    remedy.type === 'auto' ? !remedy.keeper : remedy.type === 'command' && !keeperOfCommand(remedy.run),
  );
  const port = isUnknown ? portOf(service) : undefined;
  const owners = port === undefined ? undefined : await processes.portOwners(port, { holdersMaxAgeMs: OWNERS_AGE_MS });
  if (owners?.kind !== 'known') return [];
  const rows = await Promise.all(owners.pids.map((pid) => processes.identify(pid)));
  return unique(rows.flatMap((row) => (row && !row.isZombie ? [row] : [])));
}

function unique(identities: readonly ProcessIdentity[]): ProcessIdentity[] {
  const seen = new Map(identities.map(({ pid, startId }) => [pid, { pid, startId }]));
  return [...seen.values()];
}

/** Processes that are surely not this service, though they may match what identifies it: those that matched while it was well and were
 * others, and those of every service with another port and another folder. One process may well serve two ports. */
export function othersOf(cell: Cell, cells: Iterable<Cell>): ProcessIdentity[] {
  const [port, folder] = [portOf(cell.service), folderOf(cell)];
  const isOther = (other: Cell): boolean => {
    const [itsPort, itsFolder] = [portOf(other.service), folderOf(other)];
    return port !== undefined && itsPort !== undefined && port !== itsPort && !!folder && !!itsFolder && folder !== itsFolder;
  };
  const theirs = [...cells].filter(isOther).flatMap((other) => [...other.watched, ...other.state.recovery.started]);
  const own = new Set([...cell.watched, ...cell.state.recovery.started].map(keyOf));
  return [...cell.namesakes, ...theirs].filter((identity) => !own.has(keyOf(identity)));
}
const keyOf = ({ pid, startId }: ProcessIdentity): string => `${pid}/${startId}`;
/** Where its process works, as far as the configuration says. */
function folderOf({ service: { recovery, cwd }, probe }: Cell): string | undefined {
  const folder = recovery.flatMap((remedy) => (remedy.type === 'restart-process' && remedy.cwd ? [remedy.cwd] : []))[0] ?? cwd;
  return folder === undefined ? undefined : expandPath(folder, probe.userHome);
}
