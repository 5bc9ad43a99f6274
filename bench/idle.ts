// Figure 6: what an engine costs that has nothing to do: resident memory with the six kinds of services of the jarvis preset,
// against an idle Node of the same version, and CPU over a minute at the default interval.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../scripts/demo/services.ts';
import type { ConfigInput } from '../src/contract/config.ts';
import { ask, cpuMs, median, newFolder, progress, type Row, residentMb, SERVICE, sleep, spread, start, startEngine, until } from './lab.ts';

const SETTLE_MS = 20_000;
const WATCH_MS = 60_000;
const SAMPLES = 6;
const CORE_SHARE = 0.1;

export async function idle(): Promise<Row[]> {
  const folder = newFolder('six');
  mkdirSync(path.join(folder, 'logs'));
  writeFileSync(path.join(folder, 'logs', 'app.log'), 'a line\n'.repeat(1_000));
  const [web, hub] = (await Promise.all([freePort(), freePort()])) as [number, number];
  const service = (port: number) => [process.execPath, SERVICE, String(port), path.join(folder, `${port}.pid`)];
  const services = [web, hub].map((port) => start(service(port), { cwd: folder }));
  await Promise.all([web, hub].map((port) => until('a service', 10_000, () => ask(port))));
  const engine = await startEngine({ services: sixServices(folder, web, hub, service) });
  const bare = start([process.execPath, '-e', 'setTimeout(() => undefined, 1e9)']);
  // What waking up alone costs here, as often as the end of a process must be looked for (R1).
  const timer = start([process.execPath, '-e', 'setInterval(() => undefined, 900)']);
  try {
    await sleep(SETTLE_MS);
    const status = new Set(engine.lines('health').map((line) => line['status'] ?? 'ok'));
    if (status.size !== 1) throw new Error(`not all six are well: ${[...status].join(', ')}`);
    const pids = [engine.pid, timer.pid];
    const before = pids.map(cpuMs);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      await sleep(WATCH_MS / SAMPLES);
      ours.push(residentMb(engine.pid));
      theirs.push(residentMb(bare.pid));
      progress(`idle: ${ours.at(-1)?.toFixed(1)} MB, bare ${theirs.at(-1)?.toFixed(1)} MB`);
    }
    const [share, timerShare] = pids.map((pid, index) => (100 * (cpuMs(pid) - (before[index] as number))) / WATCH_MS) as [number, number];
    return [
      {
        figure: '6a resident memory, six services, idle',
        ours: spread(ours, 'MB', 1),
        theirs: `idle Node: ${spread(theirs, 'MB', 1)}`,
        ratio: median(ours) / median(theirs),
        target: 1.6,
      },
      {
        figure: '6b CPU, the same, 60 s at an interval of 5 min',
        ours: `${share.toFixed(3)} % of a core`,
        theirs: `limit: ${CORE_SHARE} %; a bare timer of 900 ms: ${timerShare.toFixed(3)} %`,
        ratio: share / CORE_SHARE,
        target: 1,
      },
    ];
  } finally {
    await engine.end();
    for (const one of [bare, timer]) await one.end();
    for (const one of services) await one.end();
  }
}

/** The kinds and remedies of the preset, with what runs here in the place of what runs there. */
function sixServices(folder: string, web: number, hub: number, service: (port: number) => string[]): ConfigInput['services'] {
  const restart = (port: number) => ({
    type: 'restart-process' as const,
    find: { port, match: service(port).slice(1).join(' ') },
    start: service(port),
    cwd: folder,
  });
  return [
    {
      id: 'gateway',
      check: { type: 'process', match: service(web).slice(1).join(' ') },
      recovery: [{ type: 'command', run: ['true'], timeout: '90s', startWindow: '5m' }],
    },
    { id: 'web', check: { type: 'http', url: `http://127.0.0.1:${web}/` }, recovery: [restart(web)] },
    { id: 'hub', check: { type: 'tcp', port: hub }, recovery: [restart(hub)] },
    {
      id: 'disk',
      check: { type: 'disk', path: folder, minFree: '1%', clearAt: '2%' },
      recovery: [{ type: 'delete-old-logs', paths: [`${folder}/logs/*.log.*`], olderThan: '30d' }],
    },
    {
      id: 'memory',
      check: { type: 'memory', maxUsed: '98%', clearAt: '95%' },
      recovery: [{ type: 'log-top-processes', count: 10 }],
    },
    {
      id: 'log-files',
      check: { type: 'log-files', paths: [`${folder}/logs/*.log`], maxSize: '100MB' },
      recovery: [{ type: 'rotate-logs', keep: 10 }],
    },
  ];
}
