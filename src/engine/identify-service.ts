// Which processes are this service, where its check names none: by the `find` of its remedy, else those that the engine
// itself started (R1, R13). Only for watching: whoever kills identifies anew (heal/identify-target).
import type { RemedyOf, ServiceConfig } from '../contract/config.ts';
import type { ProcessIdentity } from '../contract/flow.ts';
import type { ProcessPort } from '../contract/ports.ts';
import { ancestorsOf } from '../contract/process-tree.ts';
import type { Cell } from './cell.ts';
import { keeperOfCommand } from './keeper-of-command.ts';
import { findProcesses } from './probe/find.ts';

/** Hundreds of services are identified at the start of the engine, and each look at who holds a port goes through all processes. */
const OWNERS_AGE_MS = 1_000;

export async function identifyService(cell: Cell, processes: ProcessPort): Promise<readonly ProcessIdentity[]> {
  const own = cell.state.recovery.started.filter((identity) => processes.isAlive(identity));
  const find = findOf(cell.service);
  if (!find) return own.length > 0 ? own : whoListens(cell.service, processes);
  const table = await processes.table({ maxAgeMs: 0 });
  const matching = findProcesses(table, { match: find.match });
  if (find.port === undefined) return unique([...own, ...(matching.length === 1 ? matching : [])]);
  if (matching.length === 0) return own;
  const owners = await processes.portOwners(find.port, { holdersMaxAgeMs: OWNERS_AGE_MS });
  if (owners.kind === 'unknown') return own;
  return unique([...own, ...matching.filter((row) => owners.pids.includes(row.pid))]);
}

/** Age of the youngest tree that is this service: what its `find` matches, and what the engine started. Only the tops of
 * trees count, since workers come and go. Undefined when there is none. */
export async function serviceProcessAge(cell: Cell, processes: ProcessPort): Promise<number | undefined> {
  const find = findOf(cell.service);
  if (!find && cell.state.recovery.started.length === 0) return undefined;
  const table = await processes.table();
  const matching = find ? findProcesses(table, { match: find.match }) : [];
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
