// Parts that are loaded when a service fails, or is seen for the first time, and never by an engine whose services are well
// (docs/decisions/0004-memory.md).
import type { KeeperPort } from '../contract/ports.ts';
import type { BuildGround, BuildLook } from './builds-of-service.ts';
import type { KeeperOptions } from './probe/keeper.ts';

export function lateBuildLook(ground: BuildGround): BuildLook {
  let looking: Promise<BuildLook> | undefined;
  return async (cell, builds, failedAt) => {
    looking ??= import('./builds-of-service.ts').then(({ createBuildLook }) => createBuildLook(ground));
    return (await looking)(cell, builds, failedAt);
  };
}

export function lateKeepers(options: KeeperOptions): KeeperPort {
  let loaded: Promise<KeeperPort> | undefined;
  const port = () => {
    loaded ??= import('./probe/keeper.ts').then(({ createKeeperPort }) => createKeeperPort(options));
    return loaded;
  };
  return { of: async (row) => (await port()).of(row), stateOf: async (keeper) => (await port()).stateOf(keeper) };
}
