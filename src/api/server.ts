// The engine over HTTP on its control socket, made from the one table of operations (PRODUCT section 7). Knows no rule.
// The socket is guarded by its file's permissions; nothing here listens on a network.
import { chmod } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import os from 'node:os';
import { errorText, HealthError, HTTP_STATUS_OF_ERROR } from '../contract/errors.ts';
import { type OperationName, ROUTES } from '../contract/routes.ts';
import { type Engine, engineSocket } from '../engine/engine.ts';
import { inputOf } from './input.ts';

const BODY_MAX_BYTES = 5_000_000;
const HEADERS_MAX_BYTES = 16_384;
/** Commands that only start something answer 202; their outcome comes later. */
const ACCEPTED: ReadonlySet<OperationName> = new Set(['heal', 'start']);

export interface ControlServer {
  readonly address: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
interface Route {
  readonly name: OperationName;
  readonly method: string;
  readonly path: RegExp;
  readonly kind: 'query' | 'command';
}

const routes: readonly Route[] = (Object.entries(ROUTES) as [OperationName, (typeof ROUTES)[OperationName]][]).map(([name, route]) => ({
  name,
  method: route.method,
  path: new RegExp(`^${route.path.replace(':id', '(?<id>[^/]+)')}$`),
  kind: route.kind,
}));

/** Answers one request of the table; errors are problem details (RFC 9457). Never rejects. */
export function createApi(engine: Pick<Engine, 'operations'>) {
  async function answer(request: IncomingMessage): Promise<Answer> {
    // Not by URL: what a client sends need not be one ("//").
    const [pathname = '/', ...query] = (request.url ?? '/').split('?');
    const atPath = routes.flatMap((route) => {
      const found = route.path.exec(pathname);
      return found ? [{ route, id: found.groups?.['id'] }] : [];
    });
    if (pathname === '/healthz' && request.method === 'GET') return { status: 200, body: { ok: true } };
    if (atPath.length === 0) throw new HealthError('not-found', `There is nothing at ${pathname}.`);
    const match = atPath.find(({ route }) => route.method === request.method);
    if (!match)
      throw new HealthError('usage', `${pathname} takes ${atPath.map(({ route }) => route.method).join(' or ')}.`, {
        details: { status: 405 },
      });
    const { name, kind } = match.route;
    const id = match.id === undefined ? {} : { id: decodeId(match.id) };
    const given = kind === 'query' ? Object.fromEntries(new URLSearchParams(query.join('?'))) : await bodyOf(request);
    const operate = engine.operations[name] as (value: unknown) => Promise<unknown>;
    const output = await operate(inputOf(name, { ...given, ...id }));
    return { status: ACCEPTED.has(name) && isRunning(output) ? 202 : 200, body: output };
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let result: Answer;
    let type = 'application/json';
    try {
      result = await answer(request);
    } catch (error) {
      result = problem(error);
      type = 'application/problem+json';
    }
    const text = JSON.stringify(result.body);
    response.writeHead(result.status, { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' });
    response.end(text);
  };
}

function decodeId(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HealthError('usage', `${text} is no id.`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new HealthError('usage', 'The body is over 5 MB.', { details: { status: 413 } });
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HealthError('usage', 'The body is no JSON.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HealthError('usage', 'The body must be a JSON object.');
  return body;
}

function isRunning(output: unknown): boolean {
  return typeof output === 'object' && output !== null && 'outcome' in output && output.outcome === null;
}

function problem(error: unknown): Answer {
  const known = error instanceof HealthError ? error : new HealthError('internal', errorText(error), { cause: error });
  const { status: named, ...details } = known.details;
  const status = typeof named === 'number' ? named : HTTP_STATUS_OF_ERROR[known.code];
  return {
    status,
    body: {
      type: `urn:jarvis-health:${known.code}`,
      title: known.code,
      status,
      detail: known.message,
      ...(known.hint ? { hint: known.hint } : {}),
      ...(Object.keys(details).length > 0 ? { details } : {}),
    },
  };
}

/** Listens on the home's control socket, mode 0600. Rejects `home-unusable` when that is not possible. */
export async function serveControl(engine: Engine): Promise<ControlServer> {
  const address = await engineSocket(engine, { uid: process.getuid?.() ?? 0, tmp: os.tmpdir() });
  const api = createApi(engine);
  // Not by `import`: docs/decisions/0004-memory.md.
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer({ maxHeaderSize: HEADERS_MAX_BYTES }, (request, response) => void api(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new HealthError('home-unusable', `The control socket ${address} cannot be opened: ${errorText(error)}`, { cause: error })),
    );
    // The folder is 0700 already; a socket is made with the umask's rights, so they are narrowed at once.
    server.listen(address, resolve);
  });
  await chmod(address, 0o600);
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
