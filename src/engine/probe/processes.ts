// Makes the ProcessPort: one pass over all processes, shared by all who ask while it is fresh, and the same answers on
// Linux (/proc) and macOS (ps, lsof). Reads the machine, never changes it. Why so: docs/decisions/0003-process-table.md.
import type { ClockPort, PortOwners, ProcessPort, ProcessRow, ProcessTable, TimersPort } from '../../contract/ports.ts';
import { linuxOpenFiles, macOpenFiles } from './open-files.ts';
import { linuxPortOwners, macPortOwners, type SocketHolders, socketHolders } from './port-owner.ts';
import { linuxProcesses } from './process-table-linux.ts';
import { macProcesses, type RunTool } from './process-table-macos.ts';
import { runTool } from './run-tool.ts';
import { workingDirectories } from './working-directory.ts';

const MAX_AGE_MS = 500;

export interface ProcessPortOptions {
  readonly platform?: NodeJS.Platform;
  readonly run?: RunTool;
  readonly procRoot?: string;
  /** The engine; it and its ancestors are `protected` (R13). */
  readonly selfPid?: number;
  /** Without them it waits for a process that does not tell its command line. */
  readonly timers?: Pick<TimersPort, 'after'>;
  /** Tells how fresh a table is. Without it only those who ask at the same time share a pass. */
  readonly clock?: ClockPort;
}

/** The engine itself and its ancestors (R13). */
function protectedPids(rows: ReadonlyMap<number, ProcessRow>, selfPid: number): ReadonlySet<number> {
  const pids = new Set([selfPid]);
  for (let pid = rows.get(selfPid)?.ppid; pid !== undefined && pid > 0 && !pids.has(pid); pid = rows.get(pid)?.ppid) pids.add(pid);
  return pids;
}

/** `table` and `identify` reject with the system's error when the look itself failed (EMFILE, a missing `ps`). */
export function createProcessPort(options: ProcessPortOptions = {}): ProcessPort {
  const { platform = process.platform, run = runTool, procRoot = '/proc', selfPid = process.pid, clock, timers } = options;
  const isLinux = platform === 'linux';
  const nowMs = () => clock?.now().bootMs;
  const source = isLinux ? linuxProcesses(procRoot, timers) : macProcesses(run, nowMs);

  let latest: { readonly table: Promise<ProcessTable>; readonly startedAtMs: number | undefined; isDone: boolean } | undefined;

  const latestOwners = new Map<number, { readonly owners: Promise<PortOwners>; readonly startedAtMs: number }>();
  let latestHolders: { readonly holders: Promise<SocketHolders>; readonly startedAtMs: number | undefined } | undefined;

  /** From a look that began at most so long ago. */
  function holdersWithin(maxAgeMs: number, inodes: ReadonlySet<string>): Promise<SocketHolders> {
    const now = nowMs();
    const at = latestHolders?.startedAtMs;
    if (latestHolders && now !== undefined && at !== undefined && now - at < maxAgeMs) return latestHolders.holders;
    const pass = { holders: socketHolders(procRoot, inodes), startedAtMs: now };
    latestHolders = pass;
    pass.holders.catch(() => {
      if (latestHolders === pass) latestHolders = undefined;
    });
    return pass.holders;
  }

  async function ownersNow(port: number, holdersMaxAgeMs: number): Promise<PortOwners> {
    if (!isLinux) return macPortOwners(port, run);
    if (holdersMaxAgeMs === 0) return linuxPortOwners(port, procRoot);
    const owners = await linuxPortOwners(port, procRoot, (inodes) => holdersWithin(holdersMaxAgeMs, inodes));
    // Who has come since that look is in the list of ports, but not in it.
    return owners.kind === 'unknown' ? linuxPortOwners(port, procRoot) : owners;
  }

  /** Forgets the answers that nobody would want any more; without a clock none is kept. */
  function keepOwners(port: number, owners: Promise<PortOwners>): void {
    const startedAtMs = nowMs();
    if (startedAtMs === undefined) return;
    for (const [other, answer] of latestOwners) if (startedAtMs - answer.startedAtMs > MAX_AGE_MS) latestOwners.delete(other);
    latestOwners.set(port, { owners, startedAtMs });
  }

  async function read(): Promise<ProcessTable> {
    const rows = await source.all();
    return { rows, protected: protectedPids(rows, selfPid) };
  }

  return {
    table({ maxAgeMs = MAX_AGE_MS } = {}) {
      const now = nowMs();
      if (latest) {
        // Counted from the start of the pass: a caller that allows no age must not get what was read before it asked.
        const isFresh =
          now === undefined || latest.startedAtMs === undefined ? !latest.isDone && maxAgeMs > 0 : now - latest.startedAtMs <= maxAgeMs;
        if (isFresh) return latest.table;
      }
      const pass = { table: read(), startedAtMs: now, isDone: false };
      latest = pass;
      const end = () => {
        pass.isDone = true;
      };
      pass.table.then(end, () => {
        end();
        if (latest === pass) latest = undefined; // a failed look is nobody's answer but of those who waited for it
      });
      return pass.table;
    },
    identify: (pid) => source.one(pid),
    isAlive: (identity) => source.isAlive(identity),
    portOwners(port, { maxAgeMs = 0, holdersMaxAgeMs = 0 } = {}) {
      const [now, latest] = [nowMs(), latestOwners.get(port)];
      if (latest && now !== undefined && now - latest.startedAtMs < maxAgeMs) return latest.owners;
      const owners = ownersNow(port, holdersMaxAgeMs);
      if (holdersMaxAgeMs === 0) keepOwners(port, owners);
      return owners;
    },
    cwd: async (pid) => (await workingDirectories([pid], { platform, run, procRoot })).get(pid),
    openFiles: () => (isLinux ? linuxOpenFiles(procRoot) : macOpenFiles(run, selfPid)),
  };
}
