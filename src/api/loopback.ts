// The same API on 127.0.0.1, for browsers and scripts: behind the gate, with the dashboard's files beside it (PRODUCT section 7).
// Never on another address. Knows no rule.
import { errorText, HealthError, systemCode } from '../contract/errors.ts';
import { ROUTES } from '../contract/routes.ts';
import { type Asked, answering, answerShared, onlyGet, type Shared } from './answer.ts';
import { firstPage } from './first-page.ts';
import { createGate, type Gate } from './gate.ts';
import { type HttpLimits, type Listening, listen } from './http-server.ts';
import { HttpError } from './problem.ts';
import { createRateLimit } from './rate-limit.ts';
import { openStaticFiles, type StaticFiles } from './static-files.ts';

export interface Loopback {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** An address that signs a browser in: once, and within five minutes. */
  signIn(): { url: string; expiresAt: string };
  close(): Promise<void>;
}
interface LoopbackOptions {
  readonly port: number;
  readonly dashboard: string;
  readonly limits?: HttpLimits;
}

const COMMANDS_PER_MINUTE = 60;
/** A form asks for its judgement at every pause of typing; that changes nothing. */
const VALIDATIONS_PER_MINUTE = 300;
/** Without a token: is it there, what can it do. They tell nothing about this machine. */
const PUBLIC: ReadonlySet<string> = new Set(['/healthz', '/openapi.json']);

/** Listens on 127.0.0.1. Rejects `conflict` when the port is taken, `refused` when the system does not allow it. Port 0 is the one
 * that it took the last time, where that is free. */
export async function openLoopback(shared: Shared, { port, dashboard, limits }: LoopbackOptions): Promise<Loopback> {
  const apiToken = await shared.engine.apiToken();
  const files = await openStaticFiles(dashboard);
  const slowDown = createSlowDown();
  /** Known when the port is; until then requests wait. */
  const { promise: gateOpen, resolve: openGate } = Promise.withResolvers<Gate>();

  const handle = answering(async (asked) => {
    const gate = await gateOpen;
    const { request, url } = asked;
    gate.greet(request);
    if (!PUBLIC.has(url.pathname)) {
      if (url.pathname !== '/metrics' && !url.pathname.startsWith('/api/'))
        return showPage(asked, files, gate, () => firstPage(dashboard, shared.engine));
      slowDown(asked, gate.admit(request).id);
    }
    return answerShared(shared, asked);
  });

  const { dashboardPort } = shared.engine;
  const last = port === 0 ? await dashboardPort.last() : undefined;
  const listening =
    (last === undefined ? undefined : await listen(handle, { port: last }, limits).catch(() => undefined)) ??
    (await listenOn(handle, port, limits));
  const bound = listening.server.address();
  const taken = typeof bound === 'object' && bound !== null ? bound.port : port;
  if (port === 0 && taken !== last) await dashboardPort.keep(taken);
  const gate = createGate({ port: taken, apiToken });
  openGate(gate);
  const url = `http://127.0.0.1:${taken}/`;
  return {
    url,
    signIn() {
      const { token, expiresAtMs } = gate.oneTimeToken();
      return { url: `${url}?token=${token}`, expiresAt: new Date(expiresAtMs).toISOString() };
    },
    close: listening.close,
  };
}

/** Throws 429 for commands that come too fast; who only looks is never slowed down. */
function createSlowDown(): (asked: Asked, caller: string) => void {
  const commands = createRateLimit(COMMANDS_PER_MINUTE);
  const validations = createRateLimit(VALIDATIONS_PER_MINUTE);
  return ({ request: { method = 'GET' }, url }, caller) => {
    if (method === 'GET' || method === 'HEAD') return;
    const waitSeconds = url.pathname === ROUTES.validate.path ? validations(caller) : commands(caller);
    if (waitSeconds === 0) return;
    throw new HttpError(429, 'Too many commands in a minute.', {
      headers: { 'retry-after': String(waitSeconds) },
      details: { reason: 'rate-limited' },
    });
  };
}

/** The dashboard's files need no token: they hold nothing of this machine, and the page must be able to say how to get in. */
async function showPage(
  { request, response, url }: Asked,
  files: StaticFiles,
  gate: Gate,
  first: () => ReturnType<typeof firstPage>,
): Promise<void> {
  const { pathname } = url;
  onlyGet(request.method ?? 'GET', pathname);
  const token = pathname === '/' ? url.searchParams.get('token') : null;
  if (token === null) {
    const isMine = (pathname === '/' || pathname === '/index.html') && gate.isSignedIn(request);
    if (await files.serve(request, response, pathname, isMine ? { filled: await first() } : {})) return;
    throw new HttpError(
      404,
      `There is nothing at ${pathname}.`,
      pathname === '/' ? { hint: 'The dashboard is not built yet: npm run build.' } : {},
    );
  }
  // A browser that loads pages ahead must not use up what works once.
  const isAhead = /prefetch|prerender/.test(`${request.headers['sec-purpose'] ?? ''}${request.headers['purpose'] ?? ''}`);
  if (request.method === 'HEAD' || isAhead) throw new HttpError(409, 'This address works once, so it is only for a visit.');
  const cookie = gate.signIn(token);
  if (cookie !== undefined || gate.isSignedIn(request)) {
    const headers = { location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
    response.writeHead(303, cookie === undefined ? headers : { ...headers, 'set-cookie': cookie });
    response.end();
    return;
  }
  const isBrowser = String(request.headers.accept ?? '').includes('text/html');
  if (isBrowser && (await files.serve(request, response, '/', { status: 401 }))) return;
  throw new HttpError(401, 'This address has been used, or is over five minutes old.', {
    hint: 'jarvis-health open gives a new one.',
    headers: { 'www-authenticate': 'Bearer realm="jarvis-health"' },
  });
}

async function listenOn(handle: Parameters<typeof listen>[0], port: number, limits: HttpLimits | undefined): Promise<Listening> {
  try {
    return await listen(handle, { port }, limits);
  } catch (error) {
    const hint = '--port 0 takes any free one.';
    if (systemCode(error) === 'EADDRINUSE')
      throw new HealthError('conflict', `Port ${port} is taken by another program.`, { hint, cause: error });
    throw new HealthError('refused', `Port ${port} cannot be opened: ${errorText(error)}`, { hint, cause: error });
  }
}
