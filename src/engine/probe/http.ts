// Asks an http or https address and judges the answer: status, text, JSON. Follows no redirect (a 3xx is an answer),
// keeps no connection, reads at most BODY_CAP of a body. A server that never answers, stalls or drips meets the timeout.
import type { Agent } from 'node:http';
import { urlToHttpOptions } from 'node:url';
import type { CheckOf } from '../../contract/config.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { durationText } from '../../contract/units.ts';
import { onAbort } from './abort.ts';
import type { Finding } from './finding.ts';
import { type Answer, whyWrong } from './http-answer.ts';
import { lookupOf } from './localhost.ts';
import { codeOf, findingOf, troubleOf } from './system-error.ts';

/** Of a body no more than this is read and searched, in bytes. */
const BODY_CAP = 1024 * 1024;
const TLS_CODE = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/;

/** Loaded at the first look that needs it, and not by `import`: importing `node:http` from a module reads all its exports, and with
 * `http.WebSocket` loads the whole of undici: 17 MB of resident memory instead of 3 (Node 24.21). TLS costs 5 more. */
const agents: { 'node:http'?: Agent; 'node:https'?: Agent } = {};
function moduleAndAgent(isSecure: boolean) {
  const name = isSecure ? 'node:https' : 'node:http';
  const module = process.getBuiltinModule(name);
  agents[name] ??= new module.Agent({ keepAlive: false });
  return { module, agent: agents[name] };
}

/** Never later than `timeoutMs`, from the name's resolution to the end of the body; early as `cut-short` when the signal aborts. */
export function probeHttp(check: CheckOf<'http'>, ctx: ProbeContext): Promise<Finding> {
  return new Promise((resolve) => {
    const startedAt = ctx.clock.now().awakeMs;
    const elapsedMs = () => ctx.clock.now().awakeMs - startedAt;
    const url = new URL(check.url);
    const { module, agent } = moduleAndAgent(url.protocol === 'https:');
    const where = placeOf(url);
    const request = module.request({
      ...urlToHttpOptions(url),
      lookup: lookupOf(url.hostname),
      method: check.method,
      agent,
      // `identity`: a compressed body could not be searched as it comes.
      headers: { 'user-agent': 'jarvis-health', accept: '*/*', 'accept-encoding': 'identity', ...lowerCased(check.headers) },
    });
    let isAnswering = false;
    const end = (finding: Finding) => {
      cancelTimer();
      forget();
      resolve(finding);
      request.destroy();
    };
    const cancelTimer = ctx.timers.after(check.timeoutMs, () =>
      end({ level: 'error', reason: 'timed-out', message: lateText(check.timeoutMs, isAnswering) }),
    );
    const forget = onAbort(ctx.signal, () => end({ level: 'unknown', reason: 'cut-short', message: 'The look was cut short' }));

    // Stays to the end: destroying a request that has not answered emits one more error.
    request.on('error', (error) => end(failure(error, where, isAnswering)));
    request.on('upgrade', (response) => end(judged({ status: response.statusCode ?? 0, body: '', isCut: false }, check, elapsedMs())));
    request.on('response', (response) => {
      isAnswering = true;
      const status = response.statusCode ?? 0;
      const wantsBody = check.body !== undefined || check.json !== undefined;
      // A stream of events has no end by its nature; its headers are the answer.
      if (!wantsBody && /^text\/event-stream/i.test(response.headers['content-type'] ?? '')) {
        end(judged({ status, body: '', isCut: false }, check, elapsedMs()));
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = (isCut: boolean) => {
        const body = wantsBody ? Buffer.concat(chunks).subarray(0, BODY_CAP).toString('utf8') : '';
        end(judged({ status, body, isCut }, check, elapsedMs()));
      };
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (wantsBody) chunks.push(chunk);
        if (length > BODY_CAP) finish(true);
      });
      response.on('end', () => finish(false));
      response.on('error', (error) => end(failure(error, where, true)));
    });
    request.end();
  });
}

function judged(answer: Answer, check: CheckOf<'http'>, latencyMs: number): Finding {
  const wrong = whyWrong(answer, check);
  if (wrong !== undefined) return { level: 'error', reason: 'wrong-answer', message: wrong };
  const message = `Answered ${answer.status} in ${durationText(latencyMs)}${answer.isCut ? ' (only the first 1 MiB of the answer was read)' : ''}`;
  const limit = check.maxLatencyMs;
  if (limit === undefined) return { level: 'ok', reason: 'answered', message };
  const value = Math.round(latencyMs * 10) / 10;
  const failText = `${message}; the limit is ${durationText(limit)}`;
  return {
    level: 'ok',
    reason: 'answered',
    message,
    measures: [{ name: 'latency', value, unit: 'ms', limit, failsWhen: 'above', clearAt: undefined, failText, okText: message }],
  };
}

function failure(error: Error, where: string, isAnswering: boolean): Finding {
  const code = codeOf(error);
  if (code.startsWith('HPE_'))
    return { level: 'error', reason: 'wrong-answer', message: `Answered with something that is not HTTP ${where}` };
  if (TLS_CODE.test(code)) return { level: 'error', reason: 'tls-failed', message: `No trusted TLS connection ${where} (${code})` };
  if (troubleOf(error)?.reason === 'reset') {
    const message = isAnswering ? `The answer broke off ${where}` : `The connection was closed without an answer ${where}`;
    return { level: 'error', reason: 'reset', message };
  }
  return findingOf(error, where);
}

function lateText(timeoutMs: number, isAnswering: boolean): string {
  const within = `within ${durationText(timeoutMs)}`;
  return isAnswering ? `The answer did not end ${within}` : `No answer ${within}`;
}

/** Only port and host are named: a path or a user's password in the address has no place in a message. */
function placeOf(url: URL): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return url.hostname === '127.0.0.1' ? `on port ${port}` : `on port ${port} of ${url.hostname}`;
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
