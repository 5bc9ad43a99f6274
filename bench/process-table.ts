// What one pass over all processes costs: our own table, systeminformation, and `ps`, in one run; and what it costs to
// watch six processes. Prints medians and ratios. Run: npx node bench/process-table.ts [passes] [extra processes]
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import si from 'systeminformation';
import { createProcessPort } from '../src/engine/probe/processes.ts';
import { createProcessWatch } from '../src/engine/probe/watch.ts';

const passes = Number(process.argv[2] ?? 15);
const extra = Number(process.argv[3] ?? 0);
const run = promisify(execFile);
const print = (line: string) => process.stdout.write(`${line}\n`);
const sleepMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const port = createProcessPort();

const children = Array.from({ length: extra }, () => spawn('sleep', ['600'], { stdio: 'ignore' }));
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** CPU of this process; a child's comes on top of it. */
const cpuUsedMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

interface Cost {
  readonly wallMs: number;
  readonly ownCpuMs: number;
}
async function once(look: () => Promise<unknown>): Promise<Cost> {
  const [wall, cpu] = [performance.now(), cpuUsedMs()];
  await look();
  return { wallMs: performance.now() - wall, ownCpuMs: cpuUsedMs() - cpu };
}

const ways = {
  'own table': () => port.table({ maxAgeMs: 0 }),
  systeminformation: () => si.processes(),
  ps: () => run('ps', ['-axww', '-o', 'pid=,ppid=,pgid=,uid=,stat=,tty=,rss=,time=,etime=,lstart=,command='], { maxBuffer: 2 ** 26 }),
};
const costs = new Map<string, Cost[]>(Object.keys(ways).map((name) => [name, []]));
for (let pass = -3; pass < passes; pass += 1) {
  await sleepMs(550); // systeminformation answers from its memory within 500 ms
  for (const [name, look] of Object.entries(ways)) {
    const cost = await once(look); // in turns, so that a noisy moment hits all of them
    if (pass >= 0) costs.get(name)?.push(cost);
  }
}
const { rows } = await port.table({ maxAgeMs: 0 });
const withCommand = rows
  .values()
  .filter((row) => row.command !== '')
  .toArray().length;
const own = median((costs.get('own table') ?? []).map((cost) => cost.wallMs));
print(`${rows.size} processes, ${withCommand} of them programs; median of ${passes} passes`);
for (const [name, list] of costs) {
  const wall = median(list.map((cost) => cost.wallMs));
  const cpu = median(list.map((cost) => cost.ownCpuMs));
  print(`${name.padEnd(18)} ${wall.toFixed(2).padStart(8)} ms   own CPU ${cpu.toFixed(2).padStart(7)} ms   ${(wall / own).toFixed(1)} x`);
}

const watched = rows
  .values()
  .filter((row) => row.command !== '')
  .take(6)
  .toArray();
const LOOKS = 20_000;
const cpu = cpuUsedMs();
for (let i = 0; i < LOOKS; i += 1) for (const identity of watched) port.isAlive(identity);
const lookUs = ((cpuUsedMs() - cpu) * 1_000) / (LOOKS * watched.length);
print(
  `isAlive: ${lookUs.toFixed(1)} µs of CPU; ${watched.length} processes: ${((lookUs * watched.length) / 1e4).toFixed(4)} % of a core per look a second`,
);

// What a tick costs when the machine has turned to others in between: with looks, and the bare timer for comparison.
const EVERY_MS = 50;
const TICKS = 40;
const after = (ms: number, fn: () => void) => {
  const timer = setTimeout(fn, ms);
  return () => clearTimeout(timer);
};
async function ticksUs(isAlive: typeof port.isAlive): Promise<number> {
  const watch = createProcessWatch({ processes: { isAlive }, timers: { after }, everyMs: EVERY_MS });
  watch.watch('bench', watched, () => {});
  await sleepMs(EVERY_MS * 2);
  const before = cpuUsedMs();
  await sleepMs(EVERY_MS * TICKS);
  watch.close();
  return ((cpuUsedMs() - before) * 1_000) / TICKS;
}
const [bare, real]: [number[], number[]] = [[], []];
for (let round = 0; round < 5; round += 1) {
  bare.push(await ticksUs(() => true));
  real.push(await ticksUs(port.isAlive));
}
const share = (us: number) => `${(us / 1e4 / 0.9).toFixed(4)} %`;
print(`a tick of the watch: ${median(real).toFixed(0)} µs of CPU, ${median(bare).toFixed(0)} µs of them the bare timer`);
print(`at one tick in 900 ms: ${share(median(real))} of a core, ${share(median(real) - median(bare))} of it for looking`);
for (const child of children) child.kill('SIGKILL');
