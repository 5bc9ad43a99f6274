// `npm run bench`: every figure in one run, as ratios against peers and floors measured beside it. `npm run bench -- NAME` for one.
// A figure that is missed is a line of the table, not a failure; exit 1 only when something broke.
import os from 'node:os';
import { app } from './app.ts';
import { builds } from './builds.ts';
import { events } from './events.ts';
import { hung, killed } from './heal.ts';
import { history } from './history.ts';
import { idle } from './idle.ts';
import { keepers } from './keepers.ts';
import type { Row } from './lab.ts';
import { punctual } from './punctual.ts';
import { replay } from './replay.ts';
import { status } from './status.ts';
import { tcp } from './tcp-checks.ts';
import { window } from './window.ts';

const FIGURES: Record<string, () => Promise<Row[]>> = {
  killed,
  hung,
  tcp,
  punctual,
  idle,
  status,
  history,
  events,
  builds,
  keepers,
  replay,
  window,
  app,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in FIGURES));
if (unknown.length > 0) {
  process.stderr.write(`There is no figure ${unknown.join(', ')}. Known: ${Object.keys(FIGURES).join(', ')}.\n`);
  process.exit(64);
}

const rows: Row[] = [];
let isBroken = false;
for (const [name, measure] of Object.entries(FIGURES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`${name} (load ${os.loadavg()[0]?.toFixed(1)})\n`);
  try {
    rows.push(...(await measure()));
  } catch (error) {
    isBroken = true;
    process.stderr.write(`  broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}

const cells = rows.map((row) => [
  row.figure,
  row.ours,
  row.theirs,
  row.ratio === undefined ? '-' : row.ratio.toFixed(2),
  `<= ${row.target}`,
  row.ratio === undefined ? (row.note ?? 'not measured') : row.ratio <= row.target ? 'met' : 'MISSED',
]);
const table = [['figure', 'ours', 'peer or floor', 'ratio', 'target', ''], ...cells];
const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => (line[column] ?? '').length))) ?? [];
for (const line of table)
  process.stdout.write(
    `${line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`,
  );
process.exit(isBroken ? 1 : 0);
