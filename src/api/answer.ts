// Answers what is the same on every way in: the table of operations, events, metrics, the API's own description. Every error
// is a problem (RFC 9457), and none reaches the server. Knows no rule.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../engine/engine.ts';
import { endUnread, TOO_LONG } from './body.ts';
import type { EventHub } from './events.ts';
import { HttpError, PROBLEM_TYPE, problemOf } from './problem.ts';
import { carryOut, findRoute, notAllowed } from './router.ts';

/** What every way in shares. */
export interface Shared {
  readonly engine: Engine;
  readonly hub: EventHub;
}
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Makes a listener of what may throw: every error is a problem, and none reaches the server. */
export function answering(answer: (asked: Asked) => Promise<void>): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void (async () => answer({ request, response, url: urlOf(request) }))().catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const { status, headers, text } = problemOf(error);
      response.writeHead(status, { ...headers, ...plainHeaders(PROBLEM_TYPE, text) });
      if (status === TOO_LONG) endUnread(request, response, text);
      else response.end(text);
    });
  };
}

/** What is the same on the socket and on the loopback, once the caller may ask. */
export async function answerShared({ engine, hub }: Shared, { request, response, url }: Asked): Promise<void> {
  const { pathname, searchParams: query } = url;
  const method = request.method ?? 'GET';
  switch (pathname) {
    case '/healthz':
      onlyGet(method, pathname);
      return sendJson(response, 200, { ok: true });
    case '/openapi.json': {
      onlyGet(method, pathname);
      const { openapiText } = await import('./openapi.ts');
      return send(response, 200, 'application/json', openapiText(engine.snapshot().engine?.version ?? ''));
    }
    case '/metrics': {
      onlyGet(method, pathname);
      const { METRICS_TYPE, metricsText } = await import('./metrics.ts');
      return send(response, 200, METRICS_TYPE, metricsText({ snapshot: engine.snapshot(), tally: engine.tally, streams: hub.count() }));
    }
    case '/api/v1/events':
      onlyGet(method, pathname);
      return hub.connect(request, response);
    default: {
      const { status, body } = await carryOut(findRoute(method, pathname), { request, response, query, operations: engine.operations });
      sendJson(response, status, body);
    }
  }
}

export function onlyGet(method: string, pathname: string): void {
  if (method !== 'GET' && method !== 'HEAD') throw notAllowed(pathname, ['GET']);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json', JSON.stringify(body));
}
function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, plainHeaders(type, text));
  response.end(text);
}
function plainHeaders(type: string, text: string): Record<string, string | number> {
  return {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  };
}

/** Only a path: an address with a host of its own (`GET http://other/ HTTP/1.1`, `//other/`) is meant for a proxy. */
function urlOf(request: IncomingMessage): URL {
  const target = request.url ?? '/';
  if (!/^\/(?!\/)/.test(target) || !URL.canParse(target, 'http://engine'))
    throw new HttpError(400, `${target} is no address of this engine.`);
  return new URL(target, 'http://engine');
}
