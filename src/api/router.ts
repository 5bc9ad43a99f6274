// The one table of operations as addresses: which operation a request means, its input judged, its answer (PRODUCT section 7).
// Knows no rule and no transport.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type OperationName, ROUTES } from '../contract/routes.ts';
import type { Engine } from '../engine/engine.ts';
import { bodyOf } from './body.ts';
import { inputOf } from './input.ts';
import { HttpError } from './problem.ts';

interface Route {
  readonly name: OperationName;
  readonly kind: 'query' | 'command';
  readonly method: string;
  readonly path: RegExp;
}
interface Found {
  readonly name: OperationName;
  readonly kind: 'query' | 'command';
  readonly id: string | undefined;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Commands that only start something answer 202; their outcome comes later. */
const ACCEPTED: ReadonlySet<OperationName> = new Set(['heal', 'start']);

const routes: readonly Route[] = (Object.entries(ROUTES) as [OperationName, (typeof ROUTES)[OperationName]][]).map(
  ([name, { kind, method, path }]) => ({ name, kind, method, path: new RegExp(`^${path.replace(':id', '(?<id>[^/]+)')}$`) }),
);

/** The operation at this address. Throws 404, and 405 with what is allowed there. HEAD is answered as GET. */
export function findRoute(method: string, pathname: string): Found {
  const here = routes.flatMap((route) => {
    const found = route.path.exec(pathname);
    return found ? [{ route, id: found.groups?.['id'] }] : [];
  });
  if (here.length === 0) throw new HttpError(404, `There is nothing at ${pathname}.`);
  const match = here.find(({ route }) => route.method === (method === 'HEAD' ? 'GET' : method));
  if (!match)
    throw notAllowed(
      pathname,
      here.map(({ route }) => route.method),
    );
  const { name, kind } = match.route;
  return { name, kind, id: match.id === undefined ? undefined : decoded(match.id) };
}

export function notAllowed(pathname: string, methods: readonly string[]): HttpError {
  const allow = methods.includes('GET') ? ['GET', 'HEAD', ...methods.filter((method) => method !== 'GET')] : methods;
  return new HttpError(405, `${pathname} takes ${methods.join(' or ')}.`, { headers: { allow: allow.join(', ') } });
}

/** Carries it out. Rejects with HealthError. */
export async function carryOut(
  { name, kind, id }: Found,
  {
    request,
    response,
    query,
    operations,
  }: { request: IncomingMessage; response: ServerResponse; query: URLSearchParams } & Pick<Engine, 'operations'>,
): Promise<Answer> {
  const given = kind === 'query' ? Object.fromEntries(query) : await bodyOf(request, response);
  const operate = operations[name] as (value: unknown) => Promise<unknown>;
  const body = await operate(inputOf(name, { ...given, ...(id === undefined ? {} : { id }) }));
  return { status: ACCEPTED.has(name) && isRunning(body) ? 202 : 200, body };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, `${text} is no id.`);
  }
}

function isRunning(output: unknown): boolean {
  return typeof output === 'object' && output !== null && 'outcome' in output && output.outcome === null;
}
