// Asks a port of this machine one harmless question: GET, one second, no redirects, little of the body. Changes nothing.
import type { TimersPort } from '../../contract/ports.ts';

export type HttpAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** Something accepted the connection and did not speak HTTP in time. */
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' };

const LIMIT_MS = 1_000;
const BODY_CHARACTERS = 16_384;

export function askHttp(host: string, port: number, path: string, timers: TimersPort): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    let isConnected = false;
    // Not by `import`: docs/decisions/0004-memory.md.
    const asked = process.getBuiltinModule('node:http').request({
      host,
      port,
      path,
      method: 'GET',
      agent: false,
      headers: { 'user-agent': 'jarvis-health discover', accept: '*/*' },
    });
    const end = (answer: HttpAnswer) => {
      cancel();
      resolve(answer);
      asked.destroy();
    };
    const cancel = timers.after(LIMIT_MS, () => end({ kind: isConnected ? 'open' : 'closed' }));
    asked.on('socket', (socket) => socket.once('connect', () => (isConnected = true)));
    asked.on('error', () => end({ kind: isConnected ? 'open' : 'closed' }));
    asked.on('response', (response) => {
      let body = '';
      const answered = () => end({ kind: 'answered', status: response.statusCode ?? 0, body });
      // The status is known already: a body that never ends (events, a broken app) changes nothing.
      cancel();
      const cancelBody = timers.after(LIMIT_MS, answered);
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > BODY_CHARACTERS) answered();
      });
      response.on('error', answered);
      response.on('close', () => {
        cancelBody();
        answered();
      });
    });
    asked.end();
  });
}
