// Figure 9: 500 clients follow the events of a real engine: how long after the end of a round the last one has heard of it, beside
// a bare server that writes the same bytes to as many; and what clients that drop leave behind. Clients and engine are two
// processes. The engine itself waits a moment so that changes that come together are told as one.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '../src/api/client.ts';
import type { Footprint, Ready } from './events-engine.ts';
import { newFolder, progress, type Row, sleep, until } from './lab.ts';

const CLIENTS = 500;
const SERVICES = 20;
const ROUNDS = 30;
const CYCLES = 3;
const PATIENCE_MS = 60_000;
const LIMIT_MS = 100;
const ENGINE = fileURLToPath(new URL('./events-engine.ts', import.meta.url));

export async function events(): Promise<Row[]> {
  const home = newFolder('events');
  const listener = net.createServer((socket) => socket.on('error', () => undefined).end()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const check = { type: 'tcp', port: (listener.address() as AddressInfo).port };
  const services = Array.from({ length: SERVICES }, (_, at) => ({ id: `service-${at}`, check }));
  await writeFile(path.join(home, 'config.json'), JSON.stringify({ interval: '1h', services }));
  const engine = fork(ENGINE, [home], { execArgv: ['--expose-gc'] });
  try {
    const [ready] = (await once(engine, 'message')) as [Ready];
    const { ask } = createClient(path.join(home, 'engine.sock'));
    const areSeen = async () => (await ask('status', {})).services.every(({ lastCheckAt }) => lastCheckAt !== null) || undefined;
    await until('the first looks', PATIENCE_MS, areSeen);
    const bareLasts = await bareTimes(engine, ready.barePort, JSON.stringify(await ask('status', {})));

    const lasts: number[] = [];
    let first: Footprint | undefined;
    let last: Footprint | undefined;
    // The first cycle makes what is kept for good: code, caches, the pool of connections.
    for (let cycle = 0; cycle <= CYCLES; cycle += 1) {
      const headers = { authorization: `Bearer ${ready.token}` };
      const streams = await Promise.all(Array.from({ length: CLIENTS }, () => connect(ready.port, headers)));
      const during = await footprintOf(engine);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const view = await ask('check', { id: `service-${round % SERVICES}` });
        const ended = performance.now();
        const heard = await Promise.all(streams.map((stream) => stream.heard(`"lastCheckAt":"${view.lastCheckAt}"`)));
        times.push(Math.max(0, Math.max(...heard) - ended));
      }
      for (const stream of streams) stream.drop();
      await until('dropped', PATIENCE_MS, async () => (await footprintOf(engine)).handles <= during.handles - CLIENTS || undefined);
      last = await footprintOf(engine);
      first ??= last;
      if (cycle > 0) lasts.push(...times);
      progress(
        `events, ${cycle === 0 ? 'warm-up' : `cycle ${cycle}`}: ${shares(times)}; ${last.heapMb.toFixed(1)} MB, ${last.handles} handles`,
      );
    }
    const left = { handles: (last?.handles ?? 0) - (first?.handles ?? 0), heapMb: (last?.heapMb ?? 0) - (first?.heapMb ?? 0) };
    return [
      {
        figure: `9a ${CLIENTS} event streams: the last has a round after`,
        ours: shares(lasts),
        theirs: `bare server, the same bytes: ${shares(bareLasts)}; limit ${LIMIT_MS} ms`,
        ratio: part(lasts, 0.95) / LIMIT_MS,
        target: 1,
      },
      {
        figure: `9b left behind by ${CYCLES} x ${CLIENTS} dropped ones`,
        ours: `${left.handles} handles, ${((1_000 * left.heapMb) / (CYCLES * CLIENTS)).toFixed(2)} kB each`,
        theirs: `heap before: ${first?.heapMb.toFixed(1)} MB`,
        ratio: left.handles > 0 ? Number.POSITIVE_INFINITY : (last?.heapMb ?? 0) / (first?.heapMb ?? 1),
        target: 1.02,
      },
    ];
  } finally {
    engine.kill('SIGTERM');
    if (engine.exitCode === null) await once(engine, 'exit');
    listener.close();
  }
}

async function bareTimes(engine: ChildProcess, port: number, bytes: string): Promise<number[]> {
  const bare = await Promise.all(Array.from({ length: CLIENTS }, () => connect(port, {})));
  const lasts: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const mark = `"mark":${round},`;
    const began = performance.now();
    engine.send({ write: `data: ${mark}${bytes}\n\n` });
    lasts.push(Math.max(...(await Promise.all(bare.map((stream) => stream.heard(mark))))) - began);
  }
  for (const stream of bare) stream.drop();
  await sleep(100);
  return lasts;
}

async function connect(port: number, headers: http.OutgoingHttpHeaders) {
  const request = http.request({ host: '127.0.0.1', port, path: '/api/v1/events', agent: false, headers });
  request.on('error', () => undefined);
  const responded = once(request, 'response') as Promise<[http.IncomingMessage]>;
  request.end();
  const [response] = await responded;
  let newest = '';
  let rest = '';
  let wanted: { text: string; tell: (at: number) => void } | undefined;
  const look = (): void => {
    if (!wanted || !newest.includes(wanted.text)) return;
    wanted.tell(performance.now());
    wanted = undefined;
  };
  response.setEncoding('latin1');
  response.on('error', () => undefined);
  const first = Promise.withResolvers<void>();
  response.on('data', (chunk: string) => {
    rest += chunk;
    const end = chunk.endsWith('\n') ? rest.lastIndexOf('\n\n') : -1;
    if (end < 0) return;
    newest = rest.slice(0, end);
    rest = rest.slice(end + 2);
    look();
    if (/event: snapshot|: here/.test(newest)) first.resolve();
  });
  await first.promise;
  return {
    /** When this client has it, on this process's clock; now, when it knew already. */
    heard: (text: string): Promise<number> =>
      new Promise((resolve) => {
        wanted = { text, tell: resolve };
        look();
      }),
    drop: () => request.destroy(),
  };
}

async function footprintOf(engine: ChildProcess): Promise<Footprint> {
  engine.send({});
  return ((await once(engine, 'message')) as [Footprint])[0];
}

function part(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
function shares(values: readonly number[]): string {
  return `${part(values, 0.5).toFixed(0)} ms (p95 ${part(values, 0.95).toFixed(0)})`;
}
