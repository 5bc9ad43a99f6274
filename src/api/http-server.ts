// A server of node:http with the limits of the API, on a socket or on 127.0.0.1 and nowhere else. What is wrong before there is
// a request (too long a head, too slow, no HTTP) is answered with problem details too.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HttpError, PROBLEM_TYPE, problemOf } from './problem.ts';

export interface HttpLimits {
  readonly headBytes: number;
  /** How long a client may take to send a whole request, and its head alone. */
  readonly requestMs: number;
  readonly headMs: number;
  readonly connections: number;
}
const LIMITS: HttpLimits = { headBytes: 16_384, requestMs: 30_000, headMs: 10_000, connections: 600 };

export interface Listening {
  readonly server: Server;
  close(): Promise<void>;
}

/** Listens, or rejects with the system's error. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  at: { readonly path: string } | { readonly port: number },
  limits: HttpLimits = LIMITS,
): Promise<Listening> {
  // Not by `import`: docs/decisions/0004-memory.md.
  const server = process.getBuiltinModule('node:http').createServer(
    {
      maxHeaderSize: limits.headBytes,
      requestTimeout: limits.requestMs,
      headersTimeout: limits.headMs,
      // Waking up is nearly all that an idle engine costs: a slow client may be ended so much later.
      connectionsCheckingInterval: Math.min(30_000, limits.headMs),
      requireHostHeader: false, // told by us, as a problem
    },
    handle,
  );
  server.maxConnections = limits.connections;
  server.on('clientError', answerRaw);
  // The word to go on is said by whoever reads the body (body.ts): a client that is refused then sends none. Whether it does is
  // its own choice, so the connection is not used again.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
    handle(request, response);
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { status, text } = problemOf(new HttpError(417, 'Only 100-continue can be expected.'));
    response.writeHead(status, { 'content-type': PROBLEM_TYPE, connection: 'close' }).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in at ? { path: at.path } : { host: '127.0.0.1', port: at.port, exclusive: true }, resolve);
  });
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const REASONS: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The head of the request is over 16 kB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request took too long to arrive.'],
};

function answerRaw(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, phrase, detail] = REASONS[error.code ?? ''] ?? [400, 'Bad Request', 'This is no HTTP request.'];
  const { text } = problemOf(new HttpError(status, detail));
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
