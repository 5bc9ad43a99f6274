// CPU of TCP looks against a bare loop of net.connect, both in this process, in turns, in one run.
// Run: npx node bench/tcp-probe.ts [CHECKS] [ROUNDS]. Prints µs per check and the ratio (issue figure: whole engine at most 1.25).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { CheckOf } from '../src/contract/config.ts';
import type { ProbeContext } from '../src/contract/ports.ts';
import { look } from '../src/engine/probe/index.ts';

const checks = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 7);
/** Connections in flight: as an engine that spreads its checks has, a burst of all at once would measure the backlog. */
const inFlight = 64;

const server = spawn(
  process.execPath,
  [
    '-e',
    "const s=require('net').createServer(c=>c.on('error',()=>{}).resume());s.listen(0,'127.0.0.1',4096,()=>console.log(s.address().port))",
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const port = await portOf(server);
  const check: CheckOf<'tcp'> = { type: 'tcp', host: '127.0.0.1', port, timeoutMs: 10_000 };
  const ctx = context();
  const bare = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', reject);
    });
  const probe = async () => {
    const reading = await look(check, ctx);
    if (reading.level !== 'ok') throw new Error(reading.message);
  };
  await costOf(bare, checks / 4);
  await costOf(probe, checks / 4);
  const bareCosts: number[] = [];
  const probeCosts: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bareCosts.push(await costOf(bare, checks));
    probeCosts.push(await costOf(probe, checks));
  }
  const [b, p] = [median(bareCosts), median(probeCosts)];
  process.stdout.write(
    `${checks} checks x ${rounds}: bare ${b.toFixed(1)} µs, look ${p.toFixed(1)} µs a check, ratio of medians ${(p / b).toFixed(3)}, ` +
      `of fastest ${(Math.min(...probeCosts) / Math.min(...bareCosts)).toFixed(3)}\n`,
  );
} finally {
  server.kill();
}

/** CPU time (user and system) of one call, in µs. */
async function costOf(one: () => Promise<void>, count: number): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

async function portOf(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('no output');
  const [line] = await once(child.stdout, 'data');
  return Number(String(line));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function context(): ProbeContext {
  const never = () => Promise.reject(new Error('not used'));
  return {
    clock: { now: () => ({ wallMs: Date.now(), bootMs: performance.now(), awakeMs: performance.now(), boot: 'bench' }) },
    ages: { ageMs: () => 0, trustedWallMs: () => 0 },
    timers: { after: () => () => {}, sleep: never },
    processes: { table: never, identify: never, isAlive: () => false, portOwners: never, cwd: never, openFiles: never },
    commands: { run: never },
    signal: new AbortController().signal,
    platform: process.platform,
    userHome: '/',
    memory: new Map(),
  };
}
