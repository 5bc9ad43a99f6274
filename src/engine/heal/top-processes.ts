// `log-top-processes`: writes down who uses the memory and who uses the processors. Evidence, not a repair; reads the
// process table twice and changes nothing.

import type { RemedyOf } from '../../contract/config.ts';
import { plainLine } from '../../contract/plain-text.ts';
import type { ProcessRow, RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { shownCommand } from '../../contract/scrub.ts';
import { sizeText } from '../../contract/units.ts';
import { acted } from './result.ts';

/** CPU is measured over this time: the average since a process began would name the oldest, not the busiest. */
const SAMPLE_MS = 1_000;
const COMMAND_LENGTH = 200;

interface Use {
  readonly pid: number;
  readonly name: string;
  readonly rssBytes: number;
  readonly cpuPercent: number;
  readonly command: string;
}

export async function logTopProcesses(remedy: RemedyOf<'log-top-processes'>, ctx: RemedyContext): Promise<RemedyResult> {
  const before = await ctx.processes.table({ maxAgeMs: 0 });
  const begun = ctx.clock.now().awakeMs;
  await ctx.timers.sleep(SAMPLE_MS, ctx.signal);
  const after = await ctx.processes.table({ maxAgeMs: 0 });
  const passedMs = Math.max(1, ctx.clock.now().awakeMs - begun);

  const uses = [...after.rows.values()].filter((row) => !row.isZombie).map((row) => useOf(row, before.rows.get(row.pid), passedMs));
  const byMemory = uses.toSorted((a, b) => b.rssBytes - a.rssBytes).slice(0, remedy.count);
  const byCpu = uses.toSorted((a, b) => b.cpuPercent - a.cpuPercent).slice(0, remedy.count);
  ctx.record({ event: 'top-processes', by: 'memory', processes: byMemory });
  ctx.record({ event: 'top-processes', by: 'cpu', processes: byCpu });

  const output = ['Memory', ...byMemory.map(lineOf), 'CPU', ...byCpu.map(lineOf)].join('\n');
  const first = byMemory[0];
  const most = first ? `; most memory: ${first.name} (pid ${first.pid}), ${sizeText(first.rssBytes)}` : '';
  return acted('evidence-recorded', `Wrote down the top ${remedy.count} processes${most}.`, output);
}

function useOf(row: ProcessRow, earlier: ProcessRow | undefined, passedMs: number): Use {
  const cpuMs = earlier?.startId === row.startId ? row.cpuMs - earlier.cpuMs : row.cpuMs;
  return {
    pid: row.pid,
    name: plainLine(row.name),
    rssBytes: row.rssBytes,
    cpuPercent: Math.max(0, Math.round((cpuMs / passedMs) * 1_000) / 10),
    command: shownCommand(row.command, COMMAND_LENGTH).slice(0, COMMAND_LENGTH),
  };
}
function lineOf(use: Use): string {
  return `${sizeText(use.rssBytes).padStart(8)} ${`${use.cpuPercent}%`.padStart(7)} ${use.pid} ${use.command || use.name}`;
}
