// Parts that are loaded when a service fails, or is seen for the first time, and never by an engine whose services are well
// (docs/decisions/0004-memory.md).
import type { KeeperPort } from '../contract/ports.ts';
import type { BuildGround, BuildLook } from './builds-of-service.ts';
import { lazily } from './lazily.ts';
import type { KeeperOptions } from './probe/keeper.ts';

export function lateBuildLook(ground: BuildGround): BuildLook {
  const look = lazily(async () => (await import('./builds-of-service.ts')).createBuildLook(ground));
  return async (cell, builds, failedAt) => (await look())(cell, builds, failedAt);
}

export function lateKeepers(options: KeeperOptions): KeeperPort {
  const port = lazily(async () => (await import('./probe/keeper.ts')).createKeeperPort(options));
  return { of: async (row) => (await port()).of(row), stateOf: async (keeper) => (await port()).stateOf(keeper) };
}
