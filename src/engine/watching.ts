// Which processes are watched for a service, and for the build that holds its repair (R1, R10), and who keeps them (R12). Finds out anew only
// when something may have changed: who answers costs a pass over all processes.
import type { Build, ProcessIdentity } from '../contract/flow.ts';
import type { Keeper } from '../contract/keeper.ts';
import type { Cell } from './cell.ts';
import type { Identified } from './identify-service.ts';

export interface WatchingDeps {
  readonly isScheduled: boolean;
  isClosed(): boolean;
  isAlive(identity: ProcessIdentity): boolean;
  /** Watches exactly these processes under this name; tells once when one has ended. */
  watch(name: string, identities: readonly ProcessIdentity[], onEnd: (identity: ProcessIdentity) => void): void;
  unwatch(name: string): void;
  identify(cell: Cell): Promise<Identified>;
  learnKeeper(cell: Cell, identities: readonly ProcessIdentity[]): Promise<Keeper | undefined>;
  processEnded(cell: Cell, identity: ProcessIdentity): void;
  lookSoon(cell: Cell): void;
  /** Its state has another keeper now. */
  keeperLearnt(cell: Cell): void;
}

export interface Watching {
  /** After a look that found it well. */
  processes(cell: Cell): void;
  /** The end of a build is noticed within a second, as that of a service is. */
  build(cell: Cell, build: Build | undefined): void;
  end(cell: Cell): void;
}

export function createWatching(deps: WatchingDeps): Watching {
  /** No id of a service has a space. */
  const buildKey = (cell: Cell): string => `${cell.service.id} build`;

  function watch(cell: Cell, identities: readonly ProcessIdentity[]): void {
    cell.watched = identities;
    deps.watch(cell.service.id, identities, (identity) => deps.processEnded(cell, identity));
    learnKeeper(cell);
  }

  /** Once for each new process: who keeps it is remembered for the time when it is gone (R12). */
  function learnKeeper(cell: Cell): void {
    const key = cell.watched.map(({ pid, startId }) => `${pid}/${startId}`).join(' ');
    if (key === '' || key === cell.keeperOf) return;
    cell.keeperOf = key;
    void deps.learnKeeper(cell, cell.watched).then(
      (keeper) => {
        if (!keeper || cell.isGone || deps.isClosed() || JSON.stringify(keeper) === JSON.stringify(cell.state.recovery.keeper)) return;
        cell.state = { ...cell.state, recovery: { ...cell.state.recovery, keeper } };
        deps.keeperLearnt(cell);
      },
      () => {
        // Who can't be told now is asked for at the next look: nobody is not the answer (R12).
        cell.keeperOf = '';
        cell.mayHaveChanged = true;
      },
    );
  }

  return {
    processes(cell) {
      if (cell.processes.length === 0 && !cell.mayHaveChanged && cell.watched.every(deps.isAlive)) return;
      if (cell.processes.length > 0) {
        watch(cell, cell.processes);
        return;
      }
      cell.mayHaveChanged = false;
      const { service } = cell;
      void deps.identify(cell).then(
        ({ processes, listening }) => {
          if (cell.isGone || deps.isClosed()) return;
          if (cell.service === service) cell.listening = listening;
          watch(cell, processes);
        },
        () => undefined, // who cannot be identified is not watched; the timer still looks
      );
    },
    build(cell, build) {
      if (!deps.isScheduled || build?.pid === undefined || build.startId === undefined) deps.unwatch(buildKey(cell));
      else deps.watch(buildKey(cell), [{ pid: build.pid, startId: build.startId }], () => deps.lookSoon(cell));
    },
    end(cell) {
      deps.unwatch(cell.service.id);
      deps.unwatch(buildKey(cell));
    },
  };
}
