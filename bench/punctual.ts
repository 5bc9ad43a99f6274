// Figure 5: ten services, two of which hang until their timeout (an http server that never answers, a command that never ends).
// Are the other eight still looked at on time? Lateness is what a look begins later than its interval after the one before.
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { median, type Row, sleep, startEngine } from './lab.ts';

const INTERVAL_MS = 1_000;
const TIMEOUT_S = 10;
const WATCH_MS = 22_000;
/** What still counts as on time: a quarter of the shortest interval there is. */
const SLACK = 0.25;

export async function punctual(): Promise<Row[]> {
  const [tcp, http, deaf] = await Promise.all([
    listening(createTcpServer((socket) => socket.on('error', () => undefined).resume())),
    listening(createServer((_, response) => response.end('well'))),
    listening(createTcpServer((socket) => socket.on('error', () => undefined).resume())),
  ]);
  const url = (port: number): string => `http://127.0.0.1:${port}/`;
  const engine = await startEngine({
    interval: `${INTERVAL_MS}ms`,
    retryInterval: `${INTERVAL_MS}ms`,
    services: [
      { id: 'deaf', check: { type: 'http', url: url(deaf.port), timeout: `${TIMEOUT_S}s` } },
      { id: 'endless', check: { type: 'command', run: ['sleep', '600'], timeout: `${TIMEOUT_S}s` } },
      ...[1, 2, 3].map((n) => ({ id: `tcp-${n}`, check: { type: 'tcp' as const, port: tcp.port } })),
      ...[1, 2, 3].map((n) => ({ id: `http-${n}`, check: { type: 'http' as const, url: url(http.port) } })),
      ...[1, 2].map((n) => ({ id: `command-${n}`, check: { type: 'command' as const, run: ['true'] } })),
    ],
  });
  try {
    await sleep(WATCH_MS);
    const begun = new Map<string, number[]>();
    for (const line of engine.lines('health')) {
      if (line['event'] !== 'check') continue;
      const at = Date.parse(String(line['at'])) - Number(line['latencyMs']);
      begun.set(String(line['service']), [...(begun.get(String(line['service'])) ?? []), at]);
    }
    const hung = ['deaf', 'endless'].map((id) => begun.get(id)?.length ?? 0);
    if (hung.some((looks) => looks < 1 || looks > WATCH_MS / 1_000 / TIMEOUT_S))
      throw new Error(`the two did not hang: ${hung.join(', ')} looks`);
    const late: number[] = [];
    for (const [id, times] of begun) {
      if (id === 'deaf' || id === 'endless') continue;
      for (let n = 1; n < times.length; n += 1) late.push((times[n] as number) - (times[n - 1] as number) - INTERVAL_MS);
    }
    return [
      {
        figure: `5 two of ten hang for ${TIMEOUT_S} s: worst lateness of the others`,
        ours: `${Math.max(...late).toFixed(0)} ms of ${late.length} looks (median ${median(late).toFixed(0)})`,
        theirs: `interval: ${INTERVAL_MS} ms`,
        ratio: Math.max(...late) / INTERVAL_MS,
        target: SLACK,
      },
    ];
  } finally {
    await engine.end();
    for (const server of [tcp, http, deaf]) server.close();
  }
}

async function listening(server: Server): Promise<{ port: number; close(): void }> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
