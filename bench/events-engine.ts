// The engine of bench/events.ts, a process of its own: it answers on 127.0.0.1, and beside it a bare server that writes what it is
// told to all who are there. Tells its ports, and on every other message what it holds.
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { serveControl } from '../src/api/server.ts';
import { openEngine } from '../src/engine/engine.ts';

export interface Ready {
  readonly port: number;
  readonly barePort: number;
  readonly token: string;
}
export interface Footprint {
  readonly heapMb: number;
  readonly handles: number;
}

const home = process.argv[2] ?? '';
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

/** What is reachable, and what is open (Linux; elsewhere nothing is known). Resident memory would tell of the collector's mood. */
async function footprint(): Promise<Footprint> {
  for (let count = 0; count < 3; count += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapMb: (heapUsed + external) / 1e6, handles: (await readdir('/proc/self/fd').catch(() => [])).length };
}
