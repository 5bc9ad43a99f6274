// Figure 13: a rehearsal of a year of twenty services, as the command does it: a process of its own on the home's files; and asked
// of a running engine, how long its own thread is held up at a time. Run: `npm run bench -- replay`;
// `npx node bench/replay.ts HOME` is its child, which tells seconds, the longest hold in ms, and memory in MB.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { configText, fillPast } from '../scripts/year.ts';
import { checkConfig } from '../src/engine/keep/config-problems.ts';
import { replayHome } from '../src/engine/replay.ts';
import { newFolder, progress, type Row } from './lab.ts';

const DAY = 86_400_000;
const END_MS = Date.UTC(2026, 5, 1);
const LIMIT_S = 10;
const HOLD_MS = 20;
const MEMORY_MB = 200;

export async function replay(): Promise<Row[]> {
  const home = newFolder('year');
  progress('replay: a year of twenty services is made, which takes a minute');
  await fillPast({ home, endMs: END_MS, days: 365, services: 20, intervalMs: 300_000 });
  writeFileSync(path.join(home, 'config.json'), configText(20, 300_000), { mode: 0o600 });
  const said = execFileSync(process.execPath, [import.meta.filename, home], { encoding: 'utf8' });
  const { seconds, cpuSeconds, holdMs, megabytes, looks, sentence } = JSON.parse(said) as Record<string, number> & { sentence: string };
  progress(`replay: ${looks} looks, ${cpuSeconds?.toFixed(1)} s of its own thread. ${sentence}`);
  const row = (figure: string, value: number, unit: string, limit: number): Row => ({
    figure,
    ours: `${value.toFixed(1)} ${unit}`,
    theirs: `limit: ${limit} ${unit}`,
    ratio: value / limit,
    target: 1,
  });
  return [
    row('13a replay of a year, 20 services', seconds as number, 's', LIMIT_S),
    row('13b longest hold of the thread, in its own time', holdMs as number, 'ms', HOLD_MS),
    row('13c memory at its end', megabytes as number, 'MB', MEMORY_MB),
  ];
}

if (import.meta.main) {
  const home = process.argv[2] as string;
  const file = configText(20, 300_000)
    .replace('"services"', '"alerts": { "afterFailures": 2 }, "services"')
    .replaceAll('"recovery": []', '"recovery": [{ "type": "command", "run": ["true"] }]');
  const checked = checkConfig(file, 'config.json');
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  // Between two rests, in time of this thread: on a busy machine the clock tells of others.
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let holdMs = 0;
  let from = cpuMs();
  const timers = {
    async sleep(ms: number) {
      holdMs = Math.max(holdMs, cpuMs() - from);
      await new Promise((resolve) => setTimeout(resolve, ms));
      from = cpuMs();
    },
  };
  const endMs = process.argv[3] === undefined ? END_MS : Number(process.argv[3]);
  const run = (days: number) =>
    replayHome({ home, config: checked.config, present: undefined, fromMs: endMs - days * DAY, toMs: endMs, timers });
  await run(1); // what is loaded and compiled once
  holdMs = 0;
  const began = performance.now();
  const beganCpu = cpuMs();
  const { looks, sentence } = await run(365);
  const seconds = (performance.now() - began) / 1_000;
  const megabytes = process.memoryUsage.rss() / 1e6;
  process.stdout.write(JSON.stringify({ seconds, cpuSeconds: (cpuMs() - beganCpu) / 1_000, holdMs, megabytes, looks, sentence }));
}
