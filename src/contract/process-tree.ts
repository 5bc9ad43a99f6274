// Who descends from whom in a process table. Pure, shared by everybody who ends or compares whole trees (R10, R13, R18).
import type { ProcessIdentity } from './flow.ts';
import type { OtherServices, ProcessRow, ProcessTable } from './ports.ts';

/** All descendants of a process, parents before their children, without the process itself. */
export function descendantsOf(table: ProcessTable, pid: number): ProcessRow[] {
  const children = new Map<number, ProcessRow[]>();
  for (const row of table.rows.values()) {
    const siblings = children.get(row.ppid);
    if (siblings) siblings.push(row);
    else children.set(row.ppid, [row]);
  }
  const found: ProcessRow[] = [];
  const seen = new Set([pid]);
  let level = children.get(pid) ?? [];
  while (level.length > 0) {
    // A table is not read in one instant: a reused pid may close a circle.
    const fresh = level.filter((row) => !seen.has(row.pid));
    for (const row of fresh) seen.add(row.pid);
    found.push(...fresh);
    level = fresh.flatMap((row) => children.get(row.pid) ?? []);
  }
  return found;
}

/** The ancestors of a process, nearest first. */
export function ancestorsOf(table: Pick<ProcessTable, 'rows'>, pid: number): ProcessRow[] {
  const found: ProcessRow[] = [];
  const seen = new Set([pid]);
  let row = table.rows.get(table.rows.get(pid)?.ppid ?? 0);
  while (row && !seen.has(row.pid)) {
    seen.add(row.pid);
    found.push(row);
    row = table.rows.get(row.ppid);
  }
  return found;
}

/** Whether it is one of these very processes, or descends from one. */
export function isOfTrees(table: Pick<ProcessTable, 'rows'>, row: ProcessRow, tops: readonly ProcessIdentity[]): boolean {
  return tops.length > 0 && (isOneOf(row, tops) || ancestorsOf(table, row.pid).some((above) => isOneOf(above, tops)));
}
function isOneOf({ pid, startId }: ProcessIdentity, known: readonly ProcessIdentity[]): boolean {
  return known.some((one) => one.pid === pid && one.startId === startId);
}

/** Whether it belongs to another service. */
export function isOfOthers(table: Pick<ProcessTable, 'rows'>, row: ProcessRow, { listening, started }: OtherServices): boolean {
  return isOneOf(row, started) || isOfTrees(table, row, listening);
}
