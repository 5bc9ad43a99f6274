// Which processes are this service, where its check names none: by the `find` of its remedy, else those that the engine
// itself started (R1, R13), and which are another's. For watching: whoever kills identifies anew (heal/identify-target).
import type { RemedyOf, ServiceConfig } from '../contract/config.ts';
import type { ProcessIdentity } from '../contract/flow.ts';
import type { OtherServices, ProcessPort } from '../contract/ports.ts';
import { ancestorsOf, isOfOthers } from '../contract/process-tree.ts';
import type { Cell } from './cell.ts';
import { expandPath } from './expand-path.ts';
import { keeperOfCommand } from './keeper-of-command.ts';
import { findProcesses } from './probe/find.ts';

/** Hundreds of services are identified at the start of the engine, and each look at who holds a port goes through all processes. */
const OWNERS_AGE_MS = 1_000;
/** Services that fail together share a table; one of before would not know who was started meanwhile. */
const AGE_TABLE_MS = 50;

export interface Identified {
  readonly processes: readonly ProcessIdentity[];
  /** Those that match and listen on its port. */
  readonly listening: readonly ProcessIdentity[];
}

export async function identifyService(cell: Cell, processes: ProcessPort): Promise<Identified> {
  const own = cell.state.recovery.started.filter((identity) => processes.isAlive(identity));
  const only = (found: readonly ProcessIdentity[]): Identified => ({ processes: unique(found), listening: [] });
  const find = findOf(cell.service);
  if (!find) return only(own.length > 0 ? own : await whoListens(cell.service, processes));
  const table = await processes.table({ maxAgeMs: 0 });
  const matching = findProcesses(table, { match: find.match });
  if (find.port === undefined) return only([...own, ...(matching.length === 1 ? matching : [])]);
  if (matching.length === 0) return only(own);
  const owners = await processes.portOwners(find.port, { holdersMaxAgeMs: OWNERS_AGE_MS });
  if (owners.kind === 'unknown') return only(own);
  const listening = matching.filter((row) => owners.pids.includes(row.pid));
  return { processes: unique([...own, ...listening]), listening: unique(listening) };
}

/** Age of the youngest tree that is this service: what its `find` matches, and what the engine started. Only the tops of
 * trees count, since workers come and go. What belongs to `others` is none of it. Undefined when there is none. */
export async function serviceProcessAge(cell: Cell, processes: ProcessPort, others: OtherServices): Promise<number | undefined> {
  const find = findOf(cell.service);
  if (!find && cell.state.recovery.started.length === 0) return undefined;
  const table = await processes.table({ maxAgeMs: AGE_TABLE_MS });
  const matching = find ? findProcesses(table, { match: find.match }).filter((row) => !isOfOthers(table, row, others)) : [];
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

/** Processes that are surely not this service, though they may match what identifies it: those of every service that is restarted by its
 * process, on another port and in another folder. One process may well serve two ports. */
export function othersOf(cell: Cell, cells: Iterable<Cell>): OtherServices {
  const place = placeOf(cell.service, cell.probe.userHome);
  const others = [...cells].filter(({ service, probe }) => {
    const its = placeOf(service, probe.userHome);
    return place && its && place.port !== its.port && place.folder !== its.folder;
  });
  const own = new Set([...cell.listening, ...cell.state.recovery.started].map(keyOf));
  const notOwn = (identity: ProcessIdentity): boolean => !own.has(keyOf(identity));
  return {
    listening: others.flatMap(({ listening }) => listening).filter(notOwn),
    started: others.flatMap(({ state }) => state.recovery.started).filter(notOwn),
  };
}
const keyOf = ({ pid, startId }: ProcessIdentity): string => `${pid}/${startId}`;

interface Place {
  readonly port: number;
  readonly folder: string;
}
const places = new WeakMap<ServiceConfig, Place | null>();
/** Where a service that is restarted by its process listens and works, as far as the configuration says. Remembered: at a bad moment a
 * thousand services ask for those of a thousand. */
export function placeOf(service: ServiceConfig, userHome: string): Place | undefined {
  const known = places.get(service);
  if (known !== undefined) return known ?? undefined;
  const remedy = service.recovery.find((one) => one.type === 'restart-process');
  const folder = remedy?.cwd ?? service.cwd;
  const port = portOf(service);
  const place = remedy && folder !== undefined && port !== undefined ? { port, folder: expandPath(folder, userHome) } : null;
  places.set(service, place);
  return place ?? undefined;
}
