// The `http` remedy: one request, whose answer is read, capped and written down. Redirects are not followed. Whatever it
// answers, the service decides the outcome; only where nobody could be reached was nothing done.
import type { RemedyOf } from '../../contract/config.ts';
import { errorText } from '../../contract/errors.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { acted, notStarted } from './result.ts';

const OUTPUT_BYTES = 64 * 1_024;

export function httpRequest(remedy: RemedyOf<'http'>, ctx: RemedyContext): Promise<RemedyResult> {
  const what = `${remedy.method} ${remedy.url}`;
  return new Promise((resolve) => {
    let isConnected = false;
    let cancelTimeout: () => void = () => undefined;
    const finish = (result: RemedyResult) => {
      cancelTimeout();
      ctx.signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const isSecure = remedy.url.startsWith('https:');
    // Not by `import`: docs/decisions/0004-memory.md.
    const request = process.getBuiltinModule(isSecure ? 'node:https' : 'node:http').request(remedy.url, {
      method: remedy.method,
      headers: { ...remedy.headers, ...(remedy.body === undefined ? {} : { 'content-length': Buffer.byteLength(remedy.body) }) },
      // A connection of its own: a pooled one might be half dead, and would outlive the remedy.
      agent: false,
    });
    const onAbort = () => request.destroy(new Error('the engine is ending'));
    ctx.signal.addEventListener('abort', onAbort, { once: true });
    cancelTimeout = ctx.timers.after(remedy.timeoutMs, () => request.destroy(new Error(`no answer within ${remedy.timeoutMs} ms`)));

    request.on('socket', (socket) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        isConnected = true;
      });
    });
    request.on('response', (response) => {
      const kept: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes < OUTPUT_BYTES) kept.push(chunk.subarray(0, OUTPUT_BYTES - bytes));
        bytes += chunk.length;
      });
      const answered = () => {
        const cut = bytes > OUTPUT_BYTES ? `\n… ${bytes - OUTPUT_BYTES} bytes cut …` : '';
        const output = Buffer.concat(kept).toString('utf8') + cut;
        finish(acted(`answered-${response.statusCode}`, `${what} answered ${response.statusCode}.`, output));
      };
      response.on('end', answered);
      // Cut off in the middle: the status is known all the same.
      response.on('error', answered);
      response.on('close', answered);
    });
    request.on('error', (error) => {
      // Once connected, the other side may have acted on it.
      if (isConnected) finish(acted('no-answer', `${what} was sent, but got no answer: ${errorText(error)}.`));
      else finish(notStarted('unreachable', `${what} could not be sent: ${errorText(error)}.`));
    });
    if (ctx.signal.aborted) onAbort();
    else request.end(remedy.body);
  });
}
