// Looks whether a service's processes run: found by command line, name, pid file or launchd label. A zombie is dead, the
// engine never counts itself (R1, R13). Memory and CPU are measured, not judged. Reads the machine, changes nothing.
import type { CheckOf } from '../../contract/config.ts';
import { systemCode } from '../../contract/errors.ts';
import type { Measure } from '../../contract/flow.ts';
import type { ProbeContext, ProcessRow, ProcessTable } from '../../contract/ports.ts';
import { sizeText } from '../../contract/units.ts';
import { statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { cpuPercent } from './cpu-share.ts';
import { findProcesses } from './find.ts';
import type { Finding } from './finding.ts';
import { launchdJob } from './launchd-job.ts';
import { readPidFile } from './pid-file.ts';
import { findingOf } from './system-error.ts';

/** What a look found: the living processes of the service, or a finding that ends the look. */
type Search = { readonly rows: readonly ProcessRow[]; readonly hasZombie: boolean; readonly absence: string } | Finding;

const SEEN = 'process.seen';

/** Never rejects for what the machine does. `maxCpu` is percent of one core since the look before, at the first since start. */
export async function probeProcess(check: CheckOf<'process'>, ctx: ProbeContext): Promise<Finding> {
  let search: Search;
  try {
    search = await searchFor(check, ctx);
  } catch (error) {
    return cannotLook(error);
  }
  if ('level' in search) return search;
  const { rows, hasZombie, absence } = search;
  if (rows.length === 0) {
    if (!hasZombie) return { level: 'error', reason: 'process-missing', message: absence };
    return {
      level: 'error',
      reason: 'process-zombie',
      message: 'The process has ended and is only a zombie: its parent has not collected it',
    };
  }
  const evidence = {
    processes: rows.map(({ pid, startId }) => ({ pid, startId })),
    processAgeMs: Math.min(...rows.map((row) => row.ageMs)),
    measures: measuresOf(check, rows, ctx.memory),
  };
  if (rows.length < check.min) {
    return { level: 'error', reason: 'process-too-few', message: `Only ${rows.length} of ${check.min} processes run`, ...evidence };
  }
  const message = rows.length === 1 ? `Process ${rows[0]?.pid} runs` : `${rows.length} processes run`;
  return { level: 'ok', reason: 'process-running', message, ...evidence };
}

async function searchFor(check: CheckOf<'process'>, ctx: ProbeContext): Promise<Search> {
  if (check.pidFile !== undefined) return byPidFile(expandPath(check.pidFile, ctx.userHome), ctx);
  if (check.launchdLabel !== undefined) return byLaunchdLabel(check.launchdLabel, check.timeoutMs, ctx);
  const table = await ctx.processes.table();
  const rows = findProcesses(table, check);
  const absence = check.name === undefined ? `No process has "${check.match}" in its command line` : `No process is named "${check.name}"`;
  return { rows, hasZombie: rows.length === 0 && hasZombieOf(check, table, ctx.memory), absence };
}

/** A zombie has no command line and only the kernel's cut name; it is also known by what it was at the last look. */
function hasZombieOf(check: CheckOf<'process'>, table: ProcessTable, memory: ProbeContext['memory']): boolean {
  const before = (memory.get(SEEN) as ReadonlySet<string> | undefined) ?? new Set();
  return table.rows.values().some((row) => {
    if (!row.isZombie || table.protected.has(row.pid)) return false;
    return (
      row.name === check.name || (row.name.length >= 15 && check.name?.startsWith(row.name)) || before.has(`${row.pid}/${row.startId}`)
    );
  });
}

async function byPidFile(path: string, ctx: ProbeContext): Promise<Search> {
  let pid: number | undefined;
  try {
    await statOnce(path);
    pid = await readPidFile(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return { level: 'error', reason: 'process-missing', message: `There is no pid file ${path}` };
    }
    return findingOf(error, `for the pid file ${path}`);
  }
  if (pid === undefined) return { level: 'error', reason: 'wrong-answer', message: `The pid file ${path} holds no pid` };
  return byPid(pid, `The pid file ${path} names process ${pid}, which does not run`, ctx);
}

async function byLaunchdLabel(label: string, timeoutMs: number, ctx: ProbeContext): Promise<Search> {
  if (ctx.platform !== 'darwin') {
    return { level: 'unknown', reason: 'not-supported', message: 'launchd labels exist only on macOS' };
  }
  const job = await launchdJob(label, ctx, timeoutMs);
  switch (job.kind) {
    case 'running':
      return byPid(job.pid, `launchd names process ${job.pid} for ${label}, which does not run`, ctx);
    case 'not-running': {
      const exit = job.lastExit === undefined ? '' : `; last exit: ${job.lastExit}`;
      return { level: 'error', reason: 'process-missing', message: `${label} is loaded but does not run${exit}` };
    }
    case 'not-loaded':
      return { level: 'error', reason: 'process-missing', message: `${label} is not loaded in launchd` };
    case 'unknown':
      return { level: 'unknown', reason: job.reason, message: `launchd could not be asked: ${job.why}` };
    default:
      return job satisfies never;
  }
}

async function byPid(pid: number, absence: string, ctx: ProbeContext): Promise<Search> {
  const table = await ctx.processes.table();
  const row = table.protected.has(pid) ? undefined : (table.rows.get(pid) ?? (await ctx.processes.identify(pid)));
  if (!row) return { rows: [], hasZombie: false, absence };
  return { rows: row.isZombie ? [] : [row], hasZombie: row.isZombie, absence };
}

function measuresOf(check: CheckOf<'process'>, rows: readonly ProcessRow[], memory: ProbeContext['memory']): Measure[] {
  memory.set(SEEN, new Set(rows.map((row) => `${row.pid}/${row.startId}`)));
  const measures: Measure[] = [];
  const common = { failsWhen: 'above', clearAt: undefined } as const;
  if (check.maxMemory !== undefined) {
    const value = rows.reduce((sum, row) => sum + row.rssBytes, 0);
    const okText = `Uses ${sizeText(value)} of memory`;
    measures.push({
      name: 'memory',
      value,
      unit: 'bytes',
      limit: check.maxMemory,
      okText,
      failText: `${okText}, more than ${sizeText(check.maxMemory)}`,
      ...common,
    });
  }
  if (check.maxCpu !== undefined) {
    const value = cpuPercent(rows, memory);
    const okText = `Uses ${value} % of a core`;
    measures.push({
      name: 'cpu',
      value,
      unit: 'percent',
      limit: check.maxCpu,
      okText,
      failText: `${okText}, more than ${check.maxCpu} %`,
      ...common,
    });
  }
  return measures;
}

/** The table could not be read: that says nothing about the service (R2). */
function cannotLook(error: unknown): Finding {
  if (systemCode(error) === 'ENOENT') {
    return { level: 'unknown', reason: 'program-missing', message: 'The processes could not be listed: the means for it is missing' };
  }
  const { reason, message, level } = findingOf(error, 'to list the processes');
  return { level: 'unknown', reason: level === 'unknown' ? reason : 'probe-failed', message };
}
