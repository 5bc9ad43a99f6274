// Finds the processes that a service's `match` or `name` means. Never the engine or its ancestors, whatever their command
// lines say (R13), and never a zombie. Pure: reads a table that was read before.

import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow, ProcessTable } from '../../contract/ports.ts';

export interface ProcessQuery {
  readonly match?: string | undefined;
  readonly name?: string | undefined;
}

/** All that fit, of a whole tree every process that fits, oldest first. What has no command line (a kernel thread) fits no `match`. */
export function findProcesses(table: ProcessTable, { match, name }: ProcessQuery): ProcessRow[] {
  const fits = match === undefined ? undefined : compileMatch(match);
  const found: ProcessRow[] = [];
  for (const row of table.rows.values()) {
    if (row.isZombie || table.protected.has(row.pid)) continue;
    if (name !== undefined && row.name !== name) continue;
    if (fits && (row.command === '' || !fits(row.command))) continue;
    if (fits || name !== undefined) found.push(row);
  }
  return found.sort((a, b) => b.ageMs - a.ageMs || a.pid - b.pid);
}
