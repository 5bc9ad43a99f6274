// Who keeps a service, and what that one says when it fails (R4, R12). While all is well it is learned once for each new process, from
// the kernel's own words about it; supervisors are asked about a state only when the service fails. Reads; touches nothing.
import type { ServiceConfig } from '../contract/config.ts';
import type { ProcessIdentity } from '../contract/flow.ts';
import type { Keeper, Keeping } from '../contract/keeper.ts';
import type { KeeperPort, ProcessPort } from '../contract/ports.ts';
import type { Cell } from './cell.ts';
import { keeperOfCommand } from './keeper-of-command.ts';

export interface KeepingDeps {
  readonly processes: Pick<ProcessPort, 'identify'>;
  readonly keepers: KeeperPort;
}

/** What the configuration itself says of who keeps it; undefined: it has to be seen. */
function configuredKeeper(service: ServiceConfig): Keeper | undefined {
  const { check } = service;
  if (check.type === 'process' && check.launchdLabel !== undefined) return { by: 'launchd', name: check.launchdLabel };
  for (const remedy of service.recovery) {
    if (remedy.type === 'auto' && remedy.keeper) return remedy.keeper;
    if (remedy.type === 'launchd') return { by: 'launchd', name: remedy.label };
    const named = remedy.type === 'command' ? keeperOfCommand(remedy.run) : undefined;
    if (named) return named;
  }
  return undefined;
}

/** Only where a remedy would start it: a disk has nobody who keeps it. */
function isStarted(service: ServiceConfig): boolean {
  return service.recovery.some(({ type }) => type === 'auto' || type === 'restart-process' || type === 'command');
}

/** Who keeps the processes that were just seen well; undefined where nothing is to be learned or nobody can tell. */
export async function learnKeeper(
  cell: Cell,
  identities: readonly ProcessIdentity[],
  { processes, keepers }: KeepingDeps,
): Promise<Keeper | undefined> {
  const [first] = identities;
  if (!first || !isStarted(cell.service) || configuredKeeper(cell.service)) return undefined;
  const row = await processes.identify(first.pid);
  if (row?.startId !== first.startId || row.isZombie) return undefined;
  const isOwn = cell.state.recovery.started.some(({ pid, startId }) => pid === first.pid && startId === first.startId);
  // What the engine itself started it keeps track of, and nobody else does.
  return isOwn ? { by: 'nobody', name: '' } : keepers.of(row);
}

/** Asked of a failing service. undefined: nobody keeps it, as far as is known. */
export async function askKeeping(cell: Cell, { keepers }: Pick<KeepingDeps, 'keepers'>): Promise<Keeping | undefined> {
  if (!isStarted(cell.service) && !configuredKeeper(cell.service)) return undefined;
  const keeper = configuredKeeper(cell.service) ?? cell.state.recovery.keeper;
  if (!keeper || keeper.by === 'nobody') return undefined;
  return { keeper, state: await keepers.stateOf(keeper) };
}
