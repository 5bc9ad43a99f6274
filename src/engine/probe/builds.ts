// Finds the build that works in a service's folders (R10), from one pass over all processes that everybody shares who asks at the
// same moment. A build is seen by what runs: a tool whose folder, or that of something it started, lies in the service's.
// Looks at processes and locks, changes nothing.
import { realpath } from 'node:fs/promises';
import type { BuildsConfig } from '../../contract/config.ts';
import type { Build } from '../../contract/flow.ts';
import type { ClockPort, ProcessPort, ProcessRow, ProcessTable } from '../../contract/ports.ts';
import { descendantsOf } from '../../contract/process-tree.ts';
import { elapsedMs, type Moment } from '../../contract/time.ts';
import { statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { type Activity, activityOf } from './build-activity.ts';
import { cargoLockHolder, indexLock, workTreeOf } from './build-locks.ts';
import { type FolderSource, workingDirectories } from './working-directory.ts';

export interface BuildScanOptions extends FolderSource {
  readonly processes: Pick<ProcessPort, 'table'>;
  readonly clock: ClockPort;
  readonly userHome: string;
  /** The engine: what it started itself is no build of anybody else's. */
  readonly selfPid: number;
}
export interface BuildQuestion {
  /** As configured; `~` is the user's home. */
  readonly folders: readonly string[];
  readonly builds: BuildsConfig;
  /** When the look began that failed: what is told must not be older, or a build that has just begun is missed. */
  readonly failedAt: Moment;
  /** Processes that are the service itself: they, what they started and what started them never count. */
  serviceRoots(table: ProcessTable): readonly number[];
}
export type BuildScan = (question: BuildQuestion) => Promise<Build | undefined>;

/** Services that fail this close together share a pass. */
const SAME_MOMENT_MS = 100;

/** A tool at work, with what it started. */
interface Tool {
  readonly row: ProcessRow;
  readonly activity: Activity;
  readonly below: readonly ProcessRow[];
}
/** What one pass tells everybody: the tools, and where they and what they started work. */
interface Sight {
  readonly builds: BuildsConfig;
  readonly tools: readonly Tool[];
  readonly folderOf: Promise<ReadonlyMap<number, string>>;
}

/** Rejects with the system's error when processes could not be read. */
export function createBuildScan(options: BuildScanOptions): BuildScan {
  const { processes, clock, userHome, selfPid, procRoot } = options;
  let latest: { readonly table: ProcessTable; readonly sight: Sight } | undefined;

  function sightOf(table: ProcessTable, builds: BuildsConfig): Sight {
    if (latest?.table === table && latest.sight.builds === builds) return latest.sight;
    const tools = toolsIn(table, builds, selfPid);
    const pids = new Set(tools.flatMap(({ row, below }) => [row.pid, ...below.map((one) => one.pid)]));
    const sight = { builds, tools, folderOf: workingDirectories([...pids], options) };
    latest = { table, sight };
    return sight;
  }

  return async ({ folders, builds, failedAt, serviceRoots }) => {
    const places = await placesOf(folders, userHome);
    if (places.length === 0) return undefined;
    const table = await processes.table({ maxAgeMs: elapsedMs(failedAt, clock.now()) + SAME_MOMENT_MS });
    const sight = sightOf(table, builds);
    const own = ownTrees(table, serviceRoots(table));
    const folderOf = await sight.folderOf;
    const now = clock.now();
    const at = (ageMs: number) => ({ wallMs: now.wallMs - ageMs, bootMs: Math.max(0, now.bootMs - ageMs), boot: now.boot });

    const isOthers = ({ row }: Tool) => !own.has(row.pid);
    // The oldest: what started the others, and the same one at the next look.
    const byAge = sight.tools.filter(isOthers).toSorted((a, b) => b.row.ageMs - a.row.ageMs || a.row.pid - b.row.pid);
    for (const { row, activity, below } of byAge) {
      if (activity.kind !== 'build') continue;
      const folder = [row, ...below.filter((one) => !own.has(one.pid))]
        .map((one) => folderOf.get(one.pid))
        .find((where) => where !== undefined && places.some((place) => isInside(where, place, activity.name)));
      if (folder !== undefined) return { name: activity.name, pid: row.pid, startId: row.startId, folder, since: at(row.ageMs) };
    }

    for (const { folder, tree } of places) {
      const holder = table.rows.get((await cargoLockHolder(folder, procRoot)) ?? 0);
      if (holder && !own.has(holder.pid) && !isEngines(table, holder.pid, selfPid))
        return { name: `${holder.name} (.cargo-lock)`, pid: holder.pid, startId: holder.startId, folder, since: at(holder.ageMs) };
      // Any git that is seen there explains the lock: `git status` takes it for a moment, and so does the engine's own `git pull`.
      const isExplained = sight.tools.some(({ row }) => /^git\b/.test(row.name) && isUnder(folderOf.get(row.pid) ?? '', tree?.top ?? '/'));
      const lock = tree && !isExplained ? await indexLock(tree, now.wallMs) : undefined;
      if (lock) return { name: lock.name, pid: undefined, startId: undefined, folder: lock.folder, since: at(lock.ageMs) };
    }
    return undefined;
  };
}

/** Every process that is told as a tool, except the engine and its ancestors, and zombies. What the engine started is no build; its git is
 * kept, as one that only reads, because it explains a lock. */
function toolsIn(table: ProcessTable, builds: BuildsConfig, selfPid: number): Tool[] {
  const engines = new Set(descendantsOf(table, selfPid).map((row) => row.pid));
  const found = new Map<number, Activity>();
  for (const row of table.rows.values()) {
    if (row.isZombie || table.protected.has(row.pid) || row.command === '') continue;
    const activity = activityOf(row, builds, table.rows.get(row.ppid));
    if (!activity) continue;
    if (!engines.has(row.pid)) found.set(row.pid, activity);
    else if (/^git\b/.test(row.name)) found.set(row.pid, { kind: 'git' });
  }
  return [...found].flatMap(([pid, activity]): Tool[] => {
    const row = table.rows.get(pid) as ProcessRow;
    if (activity.kind !== 'build') return [{ row, activity, below: [] }];
    const below = descendantsOf(table, pid).filter((one) => !engines.has(one.pid) && !table.protected.has(one.pid));
    // `npm test` that ends in a watcher is one.
    const isWatching = activity.isRunner && below.some((one) => found.get(one.pid)?.kind === 'watcher');
    return isWatching ? [] : [{ row, activity, below }];
  });
}

function isEngines(table: ProcessTable, pid: number, selfPid: number): boolean {
  return table.protected.has(pid) || descendantsOf(table, selfPid).some((row) => row.pid === pid);
}

/** The service's own processes, what they started, and what started them (R10). */
function ownTrees(table: ProcessTable, roots: readonly number[]): ReadonlySet<number> {
  const own = new Set<number>();
  for (const root of roots) {
    own.add(root);
    for (const row of descendantsOf(table, root)) own.add(row.pid);
    for (let row = table.rows.get(root); row && row.ppid > 1; row = table.rows.get(row.ppid)) {
      if (own.has(row.ppid)) break;
      own.add(row.ppid);
    }
  }
  return own;
}

interface Place {
  readonly folder: string;
  readonly tree: Awaited<ReturnType<typeof workTreeOf>>;
}

/** The folders as the system names them. One that holds everything a person has (a home, the root) is nobody's in particular. */
async function placesOf(folders: readonly string[], userHome: string): Promise<Place[]> {
  // A home may be a link itself, and the folders below are told without links.
  const realHome = await realpath(userHome).catch(() => userHome);
  const places = await Promise.all(
    folders.map(async (written) => {
      const place = expandPath(written, userHome);
      const folder = await statOnce(place)
        .then(() => realpath(place))
        .catch(() => undefined);
      return folder === undefined || isTooWide(folder, realHome) ? [] : [{ folder, tree: await workTreeOf(folder) }];
    }),
  );
  return places.flat();
}

function isTooWide(folder: string, realHome: string): boolean {
  return isUnder(realHome, folder) || ['/tmp', '/private/tmp', '/var', '/usr', '/opt'].includes(folder);
}

/** git works at the top of its work tree, wherever it was called; everything else where it was called. */
function isInside(where: string, { folder, tree }: Place, name: string): boolean {
  if (isUnder(where, folder)) return true;
  return /^git\b/.test(name) && isInWorkTree(where, tree?.top);
}
function isInWorkTree(where: string | undefined, top: string | undefined): boolean {
  return where !== undefined && top !== undefined && (where === top || where.startsWith(`${top}/.git/`));
}
function isUnder(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
