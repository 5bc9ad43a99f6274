// Reads the JSON object that a command carries, and not a byte more than is allowed.
import type { IncomingMessage } from 'node:http';
import { HttpError } from './problem.ts';

const MAX_BYTES = 5_000_000;

/** The body as an object; none is an empty one. Rejects 413 and 400; after 413 the connection is to be closed. */
export async function bodyOf(request: IncomingMessage): Promise<object> {
  const bytes = await bytesOf(request);
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

/** Not `for await`: leaving that loop destroys the connection, and the answer with it. */
function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLong = (): void => {
      request.removeAllListeners('data');
      request.resume(); // what still comes is let pass by until the connection ends
      reject(new HttpError(413, 'The body is over 5 MB.', { headers: { connection: 'close' } }));
    };
    if (Number(request.headers['content-length'] ?? 0) > MAX_BYTES) return tooLong();
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
