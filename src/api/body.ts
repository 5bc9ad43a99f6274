// Reads the JSON object that a command carries, and not a byte more than is allowed; and answers who sends more so that the
// answer arrives.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './problem.ts';

const MAX_BYTES = 5_000_000;
export const TOO_LONG = 413;
/** How long a client may go on sending what nobody reads. Far under the limit of a whole request. */
const LINGER_MS = 5_000;

/** The body as an object; none is an empty one. Rejects 413 and 400; 413 is to be answered by `endUnread`. */
export async function bodyOf(request: IncomingMessage, response: ServerResponse): Promise<object> {
  const bytes = await bytesOf(request, response);
  if (bytes.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new HttpError(400, 'The body is no JSON.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new HttpError(400, 'The body must be a JSON object.');
  return body;
}

/** Ends the answer and the connection while the client still sends. Closing with bytes unread would reset the connection, and a
 * client loses with it what it has not read yet: so first only our side is closed, and the rest is let pass by (RFC 9112, 9.6). */
export function endUnread(request: IncomingMessage, response: ServerResponse, text: string): void {
  if (request.complete) {
    response.end(text);
    return;
  }
  const { socket } = request;
  const patience = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(patience));
  request.once('end', () => socket.destroySoon());
  response.write(text, () => socket.end());
}

/** Not `for await`: leaving that loop destroys the connection, and the answer with it. */
function bytesOf(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLong = (): void => {
      request.removeAllListeners('data');
      request.resume(); // what still comes is let pass by until the connection ends
      reject(new HttpError(TOO_LONG, 'The body is over 5 MB.', { headers: { connection: 'close' } }));
    };
    if (Number(request.headers['content-length'] ?? 0) > MAX_BYTES) return tooLong();
    // Only now: a client that waits for this word (curl does) is refused before it has sent anything (RFC 9110, 10.1.1).
    if (request.httpVersion === '1.1' && request.headers.expect !== undefined) response.writeContinue();
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BYTES) tooLong();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new HttpError(400, 'The request ended before its body.')));
  });
}
