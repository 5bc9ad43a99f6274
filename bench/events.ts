// 500 clients follow the events of a real engine: how long after the end of a round the last one has heard of it, beside a bare
// server that writes the same bytes to as many; and whether clients that drop leave memory or handles behind. Clients and
// engine are two processes on this machine. Run: npx node bench/events.ts [CLIENTS] [ROUNDS] [CYCLES].
// Issue figure: a round reaches all within 100 ms. The engine itself waits 50 ms so that changes that come together are told as one.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '../src/api/client.ts';
import { serveControl } from '../src/api/server.ts';
import { openEngine } from '../src/engine/engine.ts';

interface Ready {
  readonly port: number;
  readonly barePort: number;
  readonly token: string;
}
interface Footprint {
  readonly heapMb: number;
  readonly handles: number;
}
const SERVICES = 20;

if (process.argv[2] === 'engine') await beEngine(process.argv[3] ?? '');
else await measure(Number(process.argv[2] ?? 500), Number(process.argv[3] ?? 30), Number(process.argv[4] ?? 5));

async function beEngine(home: string): Promise<void> {
  const engine = await openEngine({ home, mode: 'headless', version: '0.0.0' });
  const server = await serveControl(engine, { dashboard: path.join(home, 'none') });
  const { url } = await server.listen(0);
  const bare = new Set<http.ServerResponse>();
  const bareServer = http.createServer((_request, response) => {
    bare.add(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    response.write(': here\n\n');
    response.on('close', () => bare.delete(response));
  });
  await once(bareServer.listen(0, '127.0.0.1'), 'listening');
  process.on('message', async (told: { write?: string }) => {
    if (told.write !== undefined) for (const response of bare) response.write(told.write);
    else process.send?.(await footprint());
  });
  process.on('SIGTERM', () => {
    void server
      .close()
      .then(() => engine.close())
      .then(() => process.exit(0));
  });
  const barePort = (bareServer.address() as AddressInfo).port;
  process.send?.({ port: Number(new URL(url).port), barePort, token: await engine.apiToken() } satisfies Ready);
}

/** What is reachable, and what is open (Linux; elsewhere nothing is known). Resident memory would tell of the collector's mood. */
async function footprint(): Promise<Footprint> {
  for (let count = 0; count < 3; count += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapMb: (heapUsed + external) / 1e6, handles: (await readdir('/proc/self/fd').catch(() => [])).length };
}

async function measure(clients: number, rounds: number, cycles: number): Promise<void> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'jh-bench-events-'));
  const listener = net.createServer((socket) => socket.on('error', () => undefined).end()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const check = { type: 'tcp', port: (listener.address() as AddressInfo).port };
  const services = Array.from({ length: SERVICES }, (_, at) => ({ id: `service-${at}`, check }));
  await writeFile(path.join(home, 'config.json'), JSON.stringify({ interval: '1h', services }));
  const engine = fork(fileURLToPath(import.meta.url), ['engine', home], { execArgv: ['--expose-gc'] });
  try {
    const [ready] = (await once(engine, 'message')) as [Ready];
    const headers = { authorization: `Bearer ${ready.token}` };
    const { ask } = createClient(path.join(home, 'engine.sock'));
    await until(async () => (await ask('status', {})).services.every(({ lastCheckAt }) => lastCheckAt !== null));
    const bytes = JSON.stringify(await ask('status', {}));

    const bare = await Promise.all(Array.from({ length: clients }, () => connect(ready.barePort, {})));
    const bareLasts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const mark = `"mark":${round},`;
      const began = performance.now();
      engine.send({ write: `data: ${mark}${bytes}\n\n` });
      bareLasts.push(Math.max(...(await Promise.all(bare.map((stream) => stream.heard(mark))))) - began);
    }
    for (const stream of bare) stream.drop();
    say(`bare server, ${clients} clients, ${bytes.length} bytes: the last has it after ${spread(bareLasts)}`);

    // The first cycle makes what is kept for good: code, caches, the pool of connections.
    let before: Footprint | undefined;
    for (let cycle = 0; cycle <= cycles; cycle += 1) {
      const streams = await Promise.all(Array.from({ length: clients }, () => connect(ready.port, { ...headers })));
      const during = await footprintOf(engine);
      const lasts: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const view = await ask('check', { id: `service-${round % SERVICES}` });
        const ended = performance.now();
        const heard = await Promise.all(streams.map((stream) => stream.heard(`"lastCheckAt":"${view.lastCheckAt}"`)));
        lasts.push(Math.max(0, Math.max(...heard) - ended));
      }
      for (const stream of streams) stream.drop();
      await until(async () => (await footprintOf(engine)).handles <= during.handles - clients || during.handles === 0);
      const after = await footprintOf(engine);
      before ??= after;
      say(
        `${cycle === 0 ? 'warm-up' : `cycle ${cycle}`}: the last client has a round after ${spread(lasts)}; ` +
          `${show(during)} with ${clients} clients, ${show(after)} when they dropped`,
      );
      if (cycle === cycles) {
        say(
          `left behind by ${cycles} x ${clients} dropped clients: ${after.handles - before.handles} handles, ` +
            `${((1_000 * (after.heapMb - before.heapMb)) / (cycles * clients)).toFixed(2)} kB a client; memory ratio ${(after.heapMb / before.heapMb).toFixed(3)}`,
        );
      }
    }
  } finally {
    engine.kill('SIGTERM');
    if (engine.exitCode === null) await once(engine, 'exit');
    listener.close();
    await rm(home, { recursive: true, force: true });
  }
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

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const part = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
  return `${part(0)} ms at best, ${part(0.5)} ms (median), ${part(0.95)} ms (p95)`;
}
function show({ heapMb, handles }: Footprint): string {
  return `${heapMb.toFixed(1)} MB and ${handles} handles`;
}
function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
