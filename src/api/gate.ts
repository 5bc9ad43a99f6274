// Who may come in over the loopback (PRODUCT section 7): the right host, no foreign page, and the home's token or the cookie
// of a browser that was let in by a one-time address. Every comparison of a secret takes the same time. Touches nothing.
import type { IncomingMessage } from 'node:http';
import { HttpError } from './problem.ts';

/** Somebody who was let in. `id` tells one from another, for the rate limit. */
interface Caller {
  readonly id: string;
  readonly isBrowser: boolean;
}
export interface Gate {
  /** Throws 403 for another host (DNS rebinding), and for a page of another origin. */
  greet(request: IncomingMessage): void;
  /** Throws 401 without a valid token or cookie, 403 for a command that no page of ours sent. */
  admit(request: IncomingMessage): Caller;
  isSignedIn(request: IncomingMessage): boolean;
  /** A word that signs a browser in, once, within `expiresAtMs`. */
  oneTimeToken(): { token: string; expiresAtMs: number };
  /** The cookie for a one-time word; undefined when it is unknown, used or too old. */
  signIn(token: string): string | undefined;
}
interface GateOptions {
  readonly port: number;
  readonly apiToken: string;
  /** Unix time. */
  readonly nowMs?: () => number;
}

const ONE_TIME_MS = 5 * 60_000;
const SESSION_MS = 30 * 86_400_000;
const MOST_ONE_TIME = 100;
const CHALLENGE = 'Bearer realm="jarvis-health"';

export function createGate({ port, apiToken, nowMs = Date.now }: GateOptions): Gate {
  const { createHash, createHmac, randomBytes, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, ...(port === 80 ? ['127.0.0.1', 'localhost'] : [])]);
  const origins = new Set([...hosts].map((host) => `http://${host}`));
  /** Cookies are sent to every port of a host: each port has its own name, and its own signature. */
  const cookieName = `jarvis-health-${port}`;
  const oneTime = new Map<string, number>();
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  /** By their digests: equal lengths, whatever was sent. */
  const isEqual = (a: string, b: string): boolean =>
    timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
  const signature = (body: string): string => createHmac('sha256', apiToken).update(`${port}.${body}`).digest('base64url');

  /** The signed id of the browser's session. Nothing is stored: it outlives the engine, and ends with the home's token. */
  function sessionOf(request: IncomingMessage): string | undefined {
    for (const pair of (request.headers.cookie ?? '').split(';')) {
      const [name, value = ''] = pair.trim().split('=', 2);
      if (name !== cookieName) continue;
      const [expires = '', nonce = '', signed = ''] = value.split('.');
      if (isEqual(signature(`${expires}.${nonce}`), signed) && Number.parseInt(expires, 36) > nowMs()) return nonce;
    }
    return undefined;
  }

  return {
    greet(request) {
      const { headersDistinct } = request;
      const [host = '', ...others] = headersDistinct['host'] ?? [];
      if (others.length > 0 || !hosts.has(host.toLowerCase())) {
        throw new HttpError(403, `This is not ${host || 'a host without a name'}.`, {
          hint: `Ask http://127.0.0.1:${port}/.`,
          details: { reason: 'wrong-host' },
        });
      }
      const origin = request.headers.origin;
      if (origin !== undefined && !origins.has(origin)) throw foreign(origin);
      // Browsers say so also where they send no Origin: images, scripts, frames of another page.
      const site = request.headers['sec-fetch-site'];
      const isVisit =
        request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document' && request.method === 'GET';
      if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit) throw foreign(String(site));
    },
    admit(request) {
      const given = request.headers.authorization;
      if (given !== undefined) {
        const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(given)?.[1];
        if (token !== undefined && isEqual(token, apiToken)) return { id: 'token', isBrowser: false };
        throw new HttpError(401, 'This token is not the one in api-token of the home.', {
          headers: { 'www-authenticate': `${CHALLENGE}, error="invalid_token"` },
        });
      }
      const session = sessionOf(request);
      if (session === undefined) {
        throw new HttpError(401, 'Sign in first.', {
          hint: 'In a browser: jarvis-health open. In a script: Authorization: Bearer, with the token in api-token of the home.',
          headers: { 'www-authenticate': CHALLENGE },
        });
      }
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead && request.headers.origin === undefined) throw foreign('no origin');
      return { id: session, isBrowser: true };
    },
    isSignedIn: (request) => sessionOf(request) !== undefined,
    oneTimeToken() {
      const token = randomBytes(32).toString('base64url');
      const expiresAtMs = nowMs() + ONE_TIME_MS;
      // Kept as digests, so that looking one up tells nothing by its time. The oldest give way.
      oneTime.set(digest(token), expiresAtMs);
      for (const old of oneTime.keys()) if (oneTime.size > MOST_ONE_TIME) oneTime.delete(old);
      return { token, expiresAtMs };
    },
    signIn(token) {
      const key = digest(token);
      const expiresAtMs = oneTime.get(key);
      oneTime.delete(key);
      if (expiresAtMs === undefined || expiresAtMs <= nowMs()) return undefined;
      const body = `${(nowMs() + SESSION_MS).toString(36)}.${randomBytes(12).toString('base64url')}`;
      return `${cookieName}=${body}.${signature(body)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1_000}`;
    },
  };
}

function foreign(what: string): HttpError {
  return new HttpError(403, `Another page may not ask this engine (${what}).`, { details: { reason: 'foreign-origin' } });
}
