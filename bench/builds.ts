// What it costs to look for builds (R10): the CPU of one scan with 400 real processes, a hundred services asking at once, against the
// limit of 150 ms; and what all services together ask while all is well, which is nothing. Linux and macOS.

import path from 'node:path';
import { freePort } from '../scripts/demo/services.ts';
import { createBuildScan } from '../src/engine/probe/builds.ts';
import { createProcessPort } from '../src/engine/probe/processes.ts';
import { runTool } from '../src/engine/probe/run-tool.ts';
import { createClock } from '../src/engine/system.ts';
import {
  ask,
  cpuMs,
  type Engine,
  LAB,
  median,
  newFolder,
  progress,
  QUIET,
  type Row,
  type Running,
  SERVICE,
  sleep,
  spread,
  start,
  startEngine,
  until,
} from './lab.ts';

const PROCESSES = 400;
const LIMIT_MS = 150;
const SCANS = 15;
const SERVICES = 100;
const LIMIT_WELL_MS = 10;
const WELL_MS = 60_000;

function cpuUsedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

export async function builds(): Promise<Row[]> {
  const clock = createClock('bench');
  const folder = newFolder('shop');
  const table = await createProcessPort().table({ maxAgeMs: 0 });
  const sleepers: Running[] = [];
  for (let at = table.rows.size; at < PROCESSES; at += 1) sleepers.push(start(['sleep', '600'], { cwd: folder }));
  await sleep(500);
  const costs: number[] = [];
  const worst: number[] = [];
  for (const [tools, into] of [[[], costs] as const, [['sleep'], worst] as const]) {
    for (let pass = -2; pass < SCANS; pass += 1) {
      const processes = createProcessPort({ clock });
      const ground = {
        processes,
        clock,
        userHome: '/nowhere',
        selfPid: 4_000_000,
        platform: process.platform,
        run: runTool,
        procRoot: '/proc',
      };
      const scan = createBuildScan(ground);
      const before = cpuUsedMs();
      const question = { folders: [folder], builds: { tools, ignore: [] }, failedAt: clock.now(), serviceRoots: () => [] };
      await Promise.all(Array.from({ length: into === costs ? 1 : SERVICES }, () => scan(question)));
      if (pass >= 0) into.push(cpuUsedMs() - before);
    }
  }
  const { rows } = await createProcessPort().table({ maxAgeMs: 0 });
  progress(`${rows.size} processes, ${SCANS} scans each`);
  for (const one of sleepers) await one.end();
  const wellMs = await whileAllIsWell();
  return [
    {
      figure: `looking for builds among ${rows.size} processes, no tool among them: CPU`,
      ours: spread(costs, 'ms', 1),
      theirs: `limit ${LIMIT_MS} ms`,
      ratio: median(costs) / LIMIT_MS,
      target: 1,
    },
    {
      figure: `the same for ${SERVICES} services that fail at once, every process a tool: CPU of all`,
      ours: spread(worst, 'ms', 1),
      theirs: `limit ${LIMIT_MS} ms`,
      ratio: median(worst) / LIMIT_MS,
      target: 1,
    },
    {
      figure: 'the same while all is well: CPU a minute of an engine that may hold, over one that may not',
      ours: `${wellMs.toFixed(1)} ms`,
      theirs: `limit ${LIMIT_WELL_MS} ms`,
      ratio: Math.max(0, wellMs) / LIMIT_WELL_MS,
      target: 1,
    },
  ];
}

/** Engines side by side, alike but for whether they may hold; the difference of their CPU, in ms a minute. Nothing is scanned, so it is
 * the noise of the machine, and could be less than nothing. Two of each, so that who starts first does not matter. */
async function whileAllIsWell(): Promise<number> {
  const ports = await Promise.all(Array.from({ length: 10 }, () => freePort()));
  const up = ports.map((port) => start([process.execPath, SERVICE, String(port), path.join(LAB, `well-${port}.pid`)]));
  for (const port of ports) await until('the services answer', 20_000, () => ask(port, 1_000));
  const engines: Engine[] = [];
  for (const holdDuringBuilds of [true, false, false, true]) {
    const services = ports.map((port) => ({ id: `s-${port}`, check: { type: 'tcp' as const, port }, cwd: LAB, holdDuringBuilds }));
    engines.push(await startEngine({ ...QUIET, interval: '10s', retryInterval: '10s', services }));
  }
  await sleep(15_000);
  const [before, after] = [engines.map(({ pid }) => cpuMs(pid)), await sleep(WELL_MS).then(() => engines.map(({ pid }) => cpuMs(pid)))];
  for (const one of [...engines, ...up]) await one.end();
  const used = after.map((ms, at) => ms - (before[at] ?? 0));
  progress(`${used.map((ms) => ms.toFixed(1)).join(' and ')} ms in ${WELL_MS / 1_000} s`);
  const [a = 0, b = 0, c = 0, d = 0] = used;
  return (((a + d) / 2 - (b + c) / 2) * 60_000) / WELL_MS;
}
