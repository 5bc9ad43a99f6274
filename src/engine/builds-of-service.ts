// Which build works in the folders of this service (R10): the service's own processes are told here, the rest by the scan. Loaded by
// the first service that fails (docs/decisions/0004-memory.md). Looks, changes nothing.
import type { BuildsConfig } from '../contract/config.ts';
import type { Build } from '../contract/flow.ts';
import type { ClockPort, ProcessPort, ProcessTable } from '../contract/ports.ts';
import type { Moment } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { createBuildScan } from './probe/builds.ts';
import { findProcesses, type ProcessQuery } from './probe/find.ts';
import { runTool } from './probe/run-tool.ts';

export interface BuildGround {
  readonly processes: Pick<ProcessPort, 'table'>;
  readonly clock: ClockPort;
  readonly userHome: string;
}
export type BuildLook = (cell: Cell, builds: BuildsConfig, failedAt: Moment) => Promise<Build | undefined>;

export function createBuildLook(ground: BuildGround): BuildLook {
  const scan = createBuildScan({ ...ground, platform: process.platform, run: runTool, procRoot: '/proc', selfPid: process.pid });
  return (cell, builds, failedAt) =>
    scan({ folders: cell.service.buildFolders, builds, failedAt, serviceRoots: (table) => serviceRoots(cell, table) });
}

/** Everything that may be the service itself: what the last look saw, what the engine started, what its remedy or its check finds. */
function serviceRoots({ service, state, processes, watched }: Cell, table: ProcessTable): number[] {
  const known = [...processes, ...watched, ...state.recovery.started].filter(
    ({ pid, startId }) => table.rows.get(pid)?.startId === startId,
  );
  const finds: ProcessQuery[] = service.recovery.flatMap((remedy) =>
    remedy.type === 'restart-process' ? [{ match: remedy.find.match }] : [],
  );
  const { check } = service;
  if (check.type === 'process' && (check.match ?? check.name) !== undefined) finds.push({ match: check.match, name: check.name });
  return [...known, ...finds.flatMap((find) => findProcesses(table, find))].map(({ pid }) => pid);
}
