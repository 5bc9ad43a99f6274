// A cause that nobody wrote into `dependsOn`: a full disk takes down what lives on it (R11). Such services wait for their disk as
// for a dependency, so that there is one incident with one cause, and no restart that could not work. Reads two facts of the
// file system, and only when a service fails.
import { statfs } from 'node:fs/promises';
import type { ServiceConfig } from '../contract/config.ts';
import { askOnce, statOnce } from './ask-once.ts';
import { expandPath } from './expand-path.ts';
import { isLoopback } from './identify-service.ts';

/** Full, not merely over somebody's limit: programs fail when they can write nothing more. */
const FULL_BYTES = 50_000_000;
const FULL_SHARE = 0.01;
const statfsOnce = askOnce((path) => statfs(path));

export interface FullDiskPorts {
  readonly userHome: string;
  readonly stat?: (path: string) => Promise<{ readonly dev: number }>;
  readonly statfs?: (path: string) => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>;
}

/** Those of `disks` (services with a disk check) whose file system is full and holds a folder of `service`. What cannot be asked is
 * no cause. */
export async function fullDisksOf(
  service: ServiceConfig,
  disks: readonly ServiceConfig[],
  { userHome, stat = (path) => statOnce(path), statfs = statfsOnce }: FullDiskPorts,
): Promise<string[]> {
  if (!mayFailByDisk(service)) return [];
  // One that waits for others itself would make a circle of two that wait for each other.
  const able = disks.filter((disk) => disk.check.type === 'disk' && disk.id !== service.id && disk.dependsOn.length === 0);
  if (able.length === 0) return [];
  const deviceOf = (path: string): Promise<number | undefined> =>
    stat(expandPath(path, userHome)).then(
      ({ dev }) => dev,
      () => undefined,
    );
  const own = new Set(await Promise.all(foldersOf(service, userHome).map(deviceOf)));
  own.delete(undefined);
  const found = await Promise.all(
    able.map(async ({ id, check }) => {
      if (check.type !== 'disk' || !own.has(await deviceOf(check.path))) return undefined;
      return (await isFull(expandPath(check.path, userHome), statfs)) ? id : undefined;
    }),
  );
  return found.filter((id) => id !== undefined);
}

/** Disk and memory are causes, not victims. */
function mayFailByDisk({ check }: ServiceConfig): boolean {
  return check.type !== 'disk' && check.type !== 'memory' && check.type !== 'log-files';
}

/** Where it works and writes; one that says neither most likely lives where its user does, unless it runs on another machine. */
function foldersOf(service: ServiceConfig, userHome: string): string[] {
  const { cwd, logs, recovery } = service;
  const named = [cwd, logs, ...recovery.map((remedy) => ('cwd' in remedy ? remedy.cwd : undefined))].filter((path) => path !== undefined);
  return named.length > 0 || isElsewhere(service) ? named : [userHome];
}

function isElsewhere({ check }: ServiceConfig): boolean {
  if (check.type === 'tcp') return !isLoopback(check.host);
  return check.type === 'http' && !isLoopback(new URL(check.url).hostname);
}

async function isFull(path: string, statfs: NonNullable<FullDiskPorts['statfs']>): Promise<boolean> {
  const stats = await statfs(path).catch(() => undefined);
  if (!stats || stats.blocks === 0) return false;
  return stats.bavail * stats.bsize < Math.min(FULL_BYTES, stats.blocks * stats.bsize * FULL_SHARE);
}
