// Which processes are this service, where its check names none: by the `find` of its remedy, else those that the engine
// itself started (R1, R13). Only for watching: whoever kills identifies anew (heal/identify-target).
import type { ProcessIdentity } from '../contract/flow.ts';
import type { ProcessPort } from '../contract/ports.ts';
import { ancestorsOf } from '../contract/process-tree.ts';
import type { Cell } from './cell.ts';
import { findProcesses } from './probe/find.ts';

export async function identifyService(cell: Cell, processes: ProcessPort): Promise<readonly ProcessIdentity[]> {
  const own = cell.state.recovery.started.filter((identity) => processes.isAlive(identity));
  const find = cell.service.recovery.flatMap((remedy) => (remedy.type === 'restart-process' ? [remedy.find] : []))[0];
  if (!find) return own;
  const table = await processes.table({ maxAgeMs: 0 });
  const matching = findProcesses(table, { match: find.match });
  if (find.port === undefined) return unique([...own, ...(matching.length === 1 ? matching : [])]);
  if (matching.length === 0) return own;
  const owners = await processes.portOwners(find.port);
  if (owners.kind === 'unknown') return own;
  return unique([...own, ...matching.filter((row) => owners.pids.includes(row.pid))]);
}

/** Age of the youngest tree that is this service: what its `find` matches, and what the engine started. Only the tops of
 * trees count, since workers come and go. Undefined when there is none. */
export async function serviceProcessAge(cell: Cell, processes: ProcessPort): Promise<number | undefined> {
  const find = cell.service.recovery.flatMap((remedy) => (remedy.type === 'restart-process' ? [remedy.find] : []))[0];
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

function unique(identities: readonly ProcessIdentity[]): ProcessIdentity[] {
  const seen = new Map(identities.map(({ pid, startId }) => [pid, { pid, startId }]));
  return [...seen.values()];
}
