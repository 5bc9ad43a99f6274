// An engine made of fixtures: serves the built window under a strict policy, answers the operations from a World, streams
// snapshots, and records what was asked. Every state of the window can be had from it at will. Loopback only.
import { createReadStream, existsSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ROUTES } from '../../src/contract/routes.ts';
import type { ServiceView, Snapshot } from '../../src/contract/snapshot.ts';
import { configJsonSchemaText } from '../../src/engine/keep/config-json-schema.ts';
import type { World } from './fixtures.ts';

const WINDOW = path.resolve(import.meta.dirname, '../../out/renderer');
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

interface Call {
  readonly name: string;
  readonly input: Record<string, unknown>;
}
export interface MockApi {
  readonly url: string;
  world: World;
  /** What was asked by commands, in order. */
  readonly calls: Call[];
  /** Answers a command instead of the default; may wait. */
  answers: Map<string, (input: Record<string, unknown>) => unknown>;
  /** Hangs up on everybody, and on whoever comes, until it is true again. */
  setAlive(isAlive: boolean): void;
  /** Takes requests and says nothing: a frozen engine. */
  isSilent: boolean;
  isSignedOut: boolean;
  /** Changes one service and tells all windows. */
  change(id: string, over: Partial<ServiceView>, snapshot?: Partial<Snapshot>): void;
  push(): void;
  streams(): number;
  close(): Promise<void>;
}

export class Refusal extends Error {
  readonly status: number;
  readonly body: object;
  constructor(status: number, body: { title: string; detail: string; hint?: string }) {
    super(body.detail);
    this.status = status;
    this.body = { type: `urn:jarvis-health:${body.title}`, status, ...body };
  }
}

const routes = Object.entries(ROUTES).map(([name, route]) => ({
  name,
  ...route,
  pattern: new RegExp(`^${route.path.replace(':id', '(?<id>[^/]+)')}$`),
}));

export async function startMockApi(first: World): Promise<MockApi> {
  if (!existsSync(path.join(WINDOW, 'index.html'))) throw new Error('The window is not built: run `npm run build` first.');
  const streams = new Set<http.ServerResponse>();
  const answers: MockApi['answers'] = new Map();
  const calls: Call[] = [];
  let isAlive = true;

  const server = http.createServer((request, response) => {
    if (!isAlive) return void request.socket.destroy();
    const url = new URL(request.url ?? '/', 'http://mock');
    if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
    if (mock.isSilent) return;
    if (mock.isSignedOut)
      return send(response, 401, { type: 'urn:jarvis-health:unauthorized', title: 'unauthorized', status: 401, detail: 'Sign in first.' });
    if (url.pathname === '/api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      streams.add(response);
      response.on('close', () => streams.delete(response));
      response.write(`retry: 2000\n\n${frame(mock.world.snapshot)}`);
      return;
    }
    void answerTo(request, url).then(
      (body) => send(response, 200, body),
      (error: unknown) =>
        error instanceof Refusal
          ? send(response, error.status, error.body)
          : send(response, 500, { title: 'internal', detail: String(error) }),
    );
  });

  async function answerTo(request: http.IncomingMessage, url: URL): Promise<unknown> {
    const route = routes.find((one) => one.method === request.method && one.pattern.test(url.pathname));
    if (!route) throw new Refusal(404, { title: 'not-found', detail: `There is nothing at ${url.pathname}.` });
    const id = route.pattern.exec(url.pathname)?.groups?.['id'];
    const given = route.kind === 'query' ? Object.fromEntries(url.searchParams) : ((await bodyOf(request)) as object);
    const input = { ...given, ...(id === undefined ? {} : { id: decodeURIComponent(id) }) } as Record<string, unknown>;
    if (route.kind === 'command') calls.push({ name: route.name, input });
    const own = answers.get(route.name);
    return own ? await own(input) : standard(route.name, input);
  }

  function standard(name: string, input: Record<string, unknown>): unknown {
    const { world } = mock;
    const id = String(input['id'] ?? input['service'] ?? '');
    const view = world.snapshot.services.find((one) => one.id === id);
    switch (name) {
      case 'status':
        return world.snapshot;
      case 'overview':
        return world.overview;
      case 'incidents':
        return world.incidents.filter(
          (one) => (!input['service'] || one.service === id) && (!input['from'] || !one.endedAt || one.endedAt >= String(input['from'])),
        );
      case 'trail':
        return world.trail.filter(
          (line) =>
            line['service'] === id &&
            (!input['from'] || line.at >= String(input['from'])) &&
            (!input['to'] || line.at <= String(input['to'])),
        );
      case 'alerts':
        return world.alerts;
      case 'config':
        return world.config;
      case 'discover':
        return world.discovered;
      case 'schema':
        return JSON.parse(configJsonSchemaText('0.4.0'));
      case 'validate':
        return { ok: true, problems: [], warnings: [] };
      case 'saveConfig':
        return { ...world.config, text: input['text'] };
      case 'history':
        return world.series(
          id,
          Date.parse(String(input['from'])),
          Date.parse(String(input['to'])),
          Number(input['points'] ?? 300),
          input['metric'] as 'value' | undefined,
        );
    }
    if (!view) throw new Refusal(404, { title: 'not-found', detail: `There is no service ${id}.` });
    switch (name) {
      case 'pause':
        return changed(id, {
          phase: 'paused',
          pausedUntil: input['forMs'] ? new Date(world.nowMs + Number(input['forMs'])).toISOString() : null,
        });
      case 'resume':
        return changed(id, { phase: view.status === 'error' ? 'failing' : 'healthy', pausedUntil: null });
      case 'ack':
        return changed(id, { acknowledged: true });
      case 'stop':
        return changed(id, { phase: 'stopped' });
      case 'heal':
      case 'start':
        return {
          attempt: 'new-attempt',
          service: id,
          remedy: 'restart-process',
          trigger: 'person',
          startedAt: new Date(world.nowMs).toISOString(),
          outcome: null,
          reason: 'person',
          secondsToHealthy: null,
          output: '',
        };
      default:
        return view;
    }
  }

  function changed(id: string, over: Partial<ServiceView>): ServiceView {
    mock.change(id, over);
    return mock.world.snapshot.services.find((one) => one.id === id) as ServiceView;
  }

  const mock: MockApi = {
    url: '',
    world: first,
    calls,
    answers,
    isSilent: false,
    isSignedOut: false,
    setAlive(next) {
      isAlive = next;
      if (!next) server.closeAllConnections();
    },
    change(id, over, snapshot = {}) {
      const { world } = mock;
      const services = world.snapshot.services.map((one) => (one.id === id ? { ...one, ...over } : one));
      mock.world = { ...world, snapshot: { ...world.snapshot, ...snapshot, services } };
      mock.push();
    },
    push() {
      mock.world = { ...mock.world, snapshot: { ...mock.world.snapshot, rev: mock.world.snapshot.rev + 1 } };
      for (const stream of streams) stream.write(frame(mock.world.snapshot));
    },
    streams: () => streams.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(mock, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

function frame(snapshot: Snapshot): string {
  return `id: ${snapshot.rev}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;
}
function send(response: http.ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
}
function serveFile(pathname: string, response: http.ServerResponse): void {
  const file = path.join(WINDOW, pathname === '/' ? 'index.html' : path.normalize(pathname));
  if (!file.startsWith(WINDOW) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  });
  createReadStream(file).pipe(response);
}
async function bodyOf(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
