import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/api/client.ts';
import { createEventHub } from '../../src/api/events.ts';
import { openLoopback } from '../../src/api/loopback.ts';
import { type ApiEngine, configText, follow, PAGE, type Reply, sendRaw, soon, startApi } from '../fixtures/api-engine.ts';

let api: ApiEngine;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const NO_TOKEN = { authorization: undefined };
const JSON_PROBLEM = 'application/problem+json';
const origin = (): string => `http://127.0.0.1:${api.port}`;

async function problems({ ask }: ApiEngine): Promise<string[]> {
  return (await ask('/api/v1/status')).body.problems.map(({ code }: { code: string }) => code);
}

async function signedIn(): Promise<string> {
  const { pathname, search } = new URL(api.loopback.signIn().url);
  const reply = await api.ask(pathname + search, { headers: NO_TOKEN });
  return String(reply.headers['set-cookie']?.[0]).split(';')[0] ?? '';
}

/** Sends the head, and the body only when it is told to go on. Gives all that came until the other side closed. */
function sayAndWait(port: number, head: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write(head));
    let got = '';
    socket.on('data', (chunk) => {
      if (got === '' && chunk.toString().startsWith('HTTP/1.1 100 ')) socket.write(body);
      got += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(got));
  });
}

/** Sends everything, each piece once the system has taken the one before, and looks at the answer only then. */
function sendThenRead(port: number, pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.pause().on('error', reject);
    let got = '';
    void (async () => {
      for (const piece of pieces) await new Promise((taken) => socket.write(piece, taken));
      socket.on('data', (chunk) => {
        got += chunk.toString();
      });
      socket.on('end', () => socket.end());
      socket.on('close', () => resolve(got));
      socket.resume();
    })();
  });
}

describe('who may come in', () => {
  it('on the control socket whoever may open its file, without a token', async () => {
    expect((await stat(api.server.address)).mode & 0o777).toBe(0o600);
    const reply = await api.askSocket('/api/v1/status');
    expect(reply.status).toBe(200);
    expect(reply.body.services[0].id).toBe('web');
  });

  it('on the loopback whoever has the token of the home', async () => {
    expect((await api.ask('/api/v1/status')).status).toBe(200);
    expect((await readFile(path.join(api.home, 'api-token'), 'utf8')).trim()).toBe(api.token);
    expect((await stat(path.join(api.home, 'api-token'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['none', undefined],
    ['a wrong one', 'Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['an empty one', 'Bearer '],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
  ])('401 with a challenge for %s', async (_name, authorization) => {
    for (const target of ['/api/v1/status', '/api/v1/events', '/api/v1/nothing', '/metrics']) {
      const reply = await api.ask(target, { headers: { authorization } });
      expect(reply.status).toBe(401);
      expect(reply.headers['www-authenticate']).toMatch(/^Bearer realm="jarvis-health"/);
      expect(reply.headers['content-type']).toBe(JSON_PROBLEM);
      expect(reply.body).toMatchObject({ type: 'urn:jarvis-health:unauthorized', status: 401 });
    }
  });

  it('a browser that visits a one-time address, once', async () => {
    const { url, expiresAt } = api.loopback.signIn();
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(300_000);
    const target = new URL(url).pathname + new URL(url).search;
    const first = await api.ask(target, { headers: NO_TOKEN });
    expect(first).toMatchObject({ status: 303, headers: { location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } });
    const set = String(first.headers['set-cookie']?.[0]);
    expect(set).toMatch(/; HttpOnly/);
    expect(set).toMatch(/; SameSite=Strict/);
    const cookie = set.split(';')[0] ?? '';
    expect((await api.ask('/api/v1/status', { headers: { ...NO_TOKEN, cookie } })).status).toBe(200);

    const second = await api.ask(target, { headers: NO_TOKEN });
    expect(second.status).toBe(401);
    expect(second.headers['set-cookie']).toBeUndefined();
    // A person sees the page, which says how to get in; somebody who is in already just goes on.
    expect(await api.ask(target, { headers: { ...NO_TOKEN, accept: 'text/html' } })).toMatchObject({ status: 401, text: PAGE });
    expect((await api.ask(target, { headers: { ...NO_TOKEN, cookie } })).status).toBe(303);
  });

  it('the page brings what its first view asks for, for whoever is signed in and for nobody else', async () => {
    const cookie = await signedIn();
    const known = (text: string) => /<script type="application\/json" id="known">(.*)<\/script><\/body>/s.exec(text)?.[1];
    for (const target of ['/', '/index.html']) {
      const page = await api.ask(target, { headers: { ...NO_TOKEN, cookie, 'accept-encoding': 'gzip' } });
      expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' });
      expect(page.headers['content-encoding']).toBeUndefined();
      const answers = JSON.parse(known(page.text) ?? '');
      for (const asked of Object.keys(answers)) expect((await api.ask(asked)).status).toBe(200);
      expect(answers).toMatchObject({
        '/api/v1/status': { services: [{ id: 'web' }] },
        '/api/v1/overview?days=90': [{ service: 'web' }],
      });
      expect(await api.ask(target, { headers: NO_TOKEN })).toMatchObject({ status: 200, text: PAGE });
      expect(await api.ask(target, { headers: { ...NO_TOKEN, cookie: `${cookie}x` } })).toMatchObject({ status: 200, text: PAGE });
    }
  });

  it('a page that is loaded ahead does not use the address up', async () => {
    const { pathname, search } = new URL(api.loopback.signIn().url);
    expect((await api.ask(pathname + search, { headers: { ...NO_TOKEN, 'sec-purpose': 'prefetch;prerender' } })).status).toBe(409);
    expect((await api.ask(pathname + search, { method: 'HEAD', headers: NO_TOKEN })).status).toBe(409);
    expect((await api.ask(pathname + search, { headers: NO_TOKEN })).status).toBe(303);
  });

  it('one-time addresses are given over the control socket, and only there', async () => {
    const given = await api.askSocket('/sign-in', { method: 'POST' });
    expect(given.body.url).toMatch(new RegExp(`^${origin()}/\\?token=[\\w-]{43}$`));
    expect((await api.askSocket('/sign-in')).status).toBe(405);
    for (const target of ['/sign-in', '/api/v1/sign-in']) {
      expect((await api.ask(target, { method: 'POST', headers: { origin: origin() } })).status).not.toBe(200);
    }
  });

  it('a cookie that was changed, or is of another port, is none', async () => {
    const cookie = await signedIn();
    const broken = [
      cookie.slice(0, -1) + (cookie.endsWith('A') ? 'B' : 'A'),
      cookie.replace(/=\w/, '=z'),
      cookie.replace(String(api.port), '1'),
      `jarvis-health-${api.port}=`,
      `jarvis-health-${api.port}=a.b.c`,
    ];
    for (const other of broken) expect((await api.ask('/api/v1/status', { headers: { ...NO_TOKEN, cookie: other } })).status).toBe(401);
    expect((await api.ask('/api/v1/status', { headers: { ...NO_TOKEN, cookie: `a=b; ${cookie}; c=d` } })).status).toBe(200);
  });

  it('with a cookie, commands come only from our own page', async () => {
    const cookie = await signedIn();
    const post = (headers: http.OutgoingHttpHeaders) =>
      api.ask('/api/v1/services/web/pause', { method: 'POST', body: '{"forMs":60000}', headers: { ...NO_TOKEN, cookie, ...headers } });
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ origin: `http://127.0.0.1:${api.port + 1}` })).status).toBe(403);
    expect((await post({ origin: `https://127.0.0.1:${api.port}` })).status).toBe(403);
    expect((await post({ origin: origin() })).status).toBe(200);
    expect((await post({ origin: `http://localhost:${api.port}`, host: `localhost:${api.port}` })).status).toBe(200);
    const put = await api.ask('/api/v1/config', { method: 'PUT', body: '{"text":"{}"}', headers: { ...NO_TOKEN, cookie } });
    expect(put.status).toBe(403);
    await api.askSocket('/api/v1/services/web/resume', { method: 'POST' });
  });

  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    'localhost',
    '127.0.0.1:1',
    '127.0.0.1.nip.io:PORT',
    'localhost.evil.example:PORT',
    'localhost.:PORT',
    '0.0.0.0:PORT',
    '[::1]:PORT',
    '127.1:PORT',
    '',
  ])('403 for the host %j, as DNS rebinding would send it, also with the token', async (name) => {
    for (const target of ['/api/v1/status', '/', '/healthz', '/openapi.json', '/metrics']) {
      const reply = await api.ask(target, { headers: { host: name.replace('PORT', String(api.port)) } });
      expect(reply.status).toBe(403);
      expect(reply.body.details.reason).toBe('wrong-host');
    }
  });

  it('403 for two hosts, no host, and a request meant for a proxy is no address', async () => {
    const head = (lines: string) =>
      `GET /api/v1/status HTTP/1.1\r\nAuthorization: Bearer ${api.token}\r\nConnection: close\r\n${lines}\r\n`;
    const host = `Host: 127.0.0.1:${api.port}\r\n`;
    expect(await sendRaw(api.port, head(`${host}Host: evil.example\r\n`))).toMatch(/^HTTP\/1.1 40[03] /);
    expect(await sendRaw(api.port, head(''))).toMatch(/^HTTP\/1.1 403 /);
    expect(await sendRaw(api.port, `GET http://evil.example/ HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect((await api.ask('//evil.example/api/v1/status')).status).toBe(400);
  });

  it('403 for a foreign page, also for what it only embeds', async () => {
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]) {
      const reply = await api.ask('/api/v1/status', { headers });
      expect(reply.status).toBe(403);
      expect(reply.body.details.reason).toBe('foreign-origin');
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await api.ask('/', { headers: { ...NO_TOKEN, ...link } })).status).toBe(200);
    expect((await api.ask('/api/v1/status', { method: 'OPTIONS', headers: { origin: 'http://evil.example' } })).status).toBe(403);
  });

  it('nothing listens on any other address of this machine', async ({ skip }) => {
    const [four, six] = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => undefined)));
    if (four === undefined) return skip('this system has no /proc/net/tcp');
    const port = api.port.toString(16).toUpperCase().padStart(4, '0');
    const listening = `${four}${six ?? ''}`.split('\n').map((line) => line.trim().split(/\s+/));
    const mine = listening.filter(([, local, , state]) => local?.endsWith(`:${port}`) && state === '0A');
    expect(mine.map(([, local]) => local)).toEqual([`0100007F:${port}`]);
  });
});

describe('addresses', () => {
  it('answers without a token only where it tells nothing', async () => {
    expect(await api.ask('/healthz', { headers: NO_TOKEN })).toMatchObject({ status: 200, body: { ok: true } });
    expect((await api.ask('/openapi.json', { headers: NO_TOKEN })).body.openapi).toMatch(/^3\.1/);
    expect((await api.askSocket('/healthz')).status).toBe(200);
    expect((await api.askSocket('/')).status).toBe(404);
  });

  it('404 and 405 as problems, with what is allowed', async () => {
    expect((await api.ask('/api/v1/nothing')).body).toMatchObject({ title: 'not-found', status: 404 });
    expect((await api.ask('/api/v1/services/none')).body).toMatchObject({ title: 'not-found', status: 404 });
    const wrong = await api.ask('/api/v1/status', { method: 'DELETE' });
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD', 'content-type': JSON_PROBLEM } });
    expect((await api.ask('/api/v1/config', { method: 'PATCH' })).headers.allow).toBe('GET, HEAD, PUT');
    expect((await api.ask('/', { method: 'POST', headers: { origin: origin() } })).status).toBe(405);
    expect((await api.ask('/metrics', { method: 'POST' })).status).toBe(405);
  });

  it('HEAD is GET without a body', async () => {
    const [head, get] = [await api.ask('/api/v1/config', { method: 'HEAD' }), await api.ask('/api/v1/config')];
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': get.headers['content-length'] } });
    expect((await api.ask('/api/v1/events', { method: 'HEAD' })).headers['content-type']).toMatch(/^text\/event-stream/);
  });

  it('refuses what does not fit the table, with the field', async () => {
    expect((await api.ask('/api/v1/status?colour=red')).body).toMatchObject({ status: 400, title: 'usage' });
    expect((await api.ask('/api/v1/services/web/pause', { method: 'POST', body: '{"forMs":1}' })).body.detail).toContain('forMs');
    expect((await api.ask('/api/v1/services/web/pause', { method: 'POST', body: '[1]' })).status).toBe(400);
    expect((await api.ask('/api/v1/services/web/pause', { method: 'POST', body: '{' })).status).toBe(400);
    expect((await api.ask('/api/v1/services/%E0%A4%A/pause', { method: 'POST' })).status).toBe(400);
  });

  it('the client of the command line speaks it', async () => {
    const { ask } = createClient(api.server.address);
    expect((await ask('pause', { id: 'web', forMs: 60_000 })).phase).toBe('paused');
    expect((await ask('resume', { id: 'web' })).phase).not.toBe('paused');
    await expect(ask('service', { id: 'none' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(ask('heal', { id: 'web' })).rejects.toMatchObject({ code: 'refused', details: { reason: 'no-remedy' } });
  });
});

describe('limits', () => {
  it('a body over 5 MB is refused, told or not, and the answer arrives', async () => {
    const big = Buffer.alloc(5_000_001, 0x20);
    const told = await api.ask('/api/v1/config/validate', { method: 'POST', body: big });
    expect(told).toMatchObject({ status: 413, headers: { 'content-type': JSON_PROBLEM, connection: 'close' } });
    const untold = await api.ask('/api/v1/config/validate', {
      method: 'POST',
      body: big,
      headers: { 'transfer-encoding': 'chunked', 'content-length': undefined },
    });
    expect(untold.status).toBe(413);
  });

  it('who asks before sending a body hears what is wrong with it first, and is told to go on only where it is read', async () => {
    const ask = (length: number, more = `Authorization: Bearer ${api.token}\r\n`, target = '/api/v1/config/validate') =>
      sayAndWait(
        api.port,
        `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${api.port}\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n${more}\r\n`,
        '{"text":"{}"}',
      );
    expect(await ask(6_000_000)).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*problem\+json[\s\S]*over 5 MB/i);
    expect(await ask(6_000_000, '')).toMatch(/^HTTP\/1\.1 401 /);
    expect(await ask(13, 'Origin: http://evil.example\r\n')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(13, undefined, '/api/v1/nothing')).toMatch(/^HTTP\/1\.1 404 /);
    expect(await ask(13)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('413 arrives at somebody who goes on sending for a while, and looks only then', async () => {
    for (const framing of ['Content-Length: 6000000', 'Transfer-Encoding: chunked']) {
      const head = `POST /api/v1/config/validate HTTP/1.1\r\nHost: 127.0.0.1:${api.port}\r\nAuthorization: Bearer ${api.token}\r\n${framing}\r\n\r\n`;
      const piece = 'a'.repeat(100_000);
      const isChunked = framing.startsWith('Transfer');
      const one = isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece;
      expect(await sendThenRead(api.port, [head, ...Array<string>(60).fill(one), isChunked ? '0\r\n\r\n' : ''])).toMatch(
        /^HTTP\/1\.1 413 /,
      );
    }
    // One that sends no more hears at once that the answer is all, and may go away in the middle.
    const rude = net.connect({ host: '127.0.0.1', port: api.port, allowHalfOpen: true });
    rude.on('error', () => undefined);
    rude.write(
      `POST /api/v1/config/validate HTTP/1.1\r\nHost: 127.0.0.1:${api.port}\r\nAuthorization: Bearer ${api.token}\r\nContent-Length: 6000000\r\n\r\nx`,
    );
    await new Promise((resolve) => rude.once('end', resolve).resume());
    rude.destroy();
    expect((await api.ask('/healthz')).status).toBe(200);
  });

  it('a head over 16 kB is refused with a problem', async () => {
    const reply = await api.ask('/api/v1/status', { headers: { 'x-long': 'a'.repeat(17_000) } });
    expect(reply).toMatchObject({ status: 431, headers: { 'content-type': JSON_PROBLEM } });
    expect(reply.body.status).toBe(431);
  });

  it('no HTTP at all is answered as a problem, and the engine lives on', async () => {
    expect(await sendRaw(api.port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json/);
    expect(await sendRaw(api.port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^HTTP\/1.1 400 /);
    expect((await api.ask('/healthz')).status).toBe(200);
  });

  it('who sends too slowly is told so and dropped; over the limit of connections nobody gets in', async () => {
    const own = { headBytes: 16_384, connections: 3 };
    const short = await startApi({ limits: { ...own, requestMs: 400, headMs: 300 } });
    try {
      expect(await sendRaw(short.port, 'GET /healthz HTTP/1.1\r\nHost: ')).toMatch(/^HTTP\/1.1 408 [\s\S]*problem\+json/);
    } finally {
      await short.close();
    }
    // Patient ones: a busy machine is slow too.
    const slow = await startApi({ limits: { ...own, requestMs: 60_000, headMs: 60_000 } });
    try {
      const streams = [];
      for (let count = 0; count < 3; count += 1) {
        streams.push(await follow({ host: '127.0.0.1', port: slow.port }, { authorization: `Bearer ${slow.token}` }));
      }
      await expect(slow.ask('/healthz')).rejects.toThrow();
      expect((await slow.askSocket('/healthz')).status).toBe(200); // the socket has its own
      streams[0]?.end();
      await soon(async () => expect((await slow.ask('/healthz')).status).toBe(200));
      for (const stream of streams) stream.end();
    } finally {
      await slow.close();
    }
  });

  it('sixty commands at once, then 429 with the time to wait; looking is never slowed, nor is the socket', async () => {
    const own = await startApi();
    try {
      const post = () => own.ask('/api/v1/services/web/resume', { method: 'POST' });
      const accepted = [];
      let refused: Reply | undefined;
      // One comes back every second: a slow machine needs more of them until one is refused.
      while (refused === undefined && accepted.length < 2_000) {
        for (const reply of await Promise.all(Array.from({ length: 10 }, post))) {
          if (reply.status === 429) refused ??= reply;
          else accepted.push(reply.status);
        }
      }
      expect(new Set(accepted)).toEqual(new Set([200]));
      expect(accepted.length).toBeGreaterThanOrEqual(60);
      expect(Number(refused?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(refused?.body).toMatchObject({ title: 'refused', details: { reason: 'rate-limited' } });
      expect((await own.ask('/api/v1/status')).status).toBe(200);
      expect((await own.ask('/api/v1/config/validate', { method: 'POST', body: '{"text":"{}"}' })).status).toBe(200);
      expect((await own.askSocket('/api/v1/services/web/resume', { method: 'POST' })).status).toBe(200);
    } finally {
      await own.close();
    }
  });
});

describe('events of a real engine', () => {
  const token = () => ({ authorization: `Bearer ${api.token}` });
  const at = () => ({ host: '127.0.0.1', port: api.port });

  it('the whole snapshot first, then every change, in order', async () => {
    const stream = await follow(at(), token());
    const overSocket = await follow({ socketPath: api.server.address });
    await soon(() => expect(stream.snapshots()).toHaveLength(1));
    expect(stream.snapshots()[0]?.data.services[0].id).toBe('web');
    await api.askSocket('/api/v1/services/web/pause', { method: 'POST' });
    await soon(() => expect(stream.snapshots().at(-1)?.data.services[0].phase).toBe('paused'));
    await api.askSocket('/api/v1/services/web/resume', { method: 'POST' });
    await soon(() => expect(stream.snapshots().at(-1)?.data.services[0].phase).not.toBe('paused'));
    const revs = stream.snapshots().map(({ data }) => data.rev);
    expect(revs).toEqual([...new Set(revs)].toSorted((a, b) => a - b));
    await soon(() => expect(overSocket.snapshots().at(-1)?.id).toBe(stream.snapshots().at(-1)?.id));
    stream.end();
    overSocket.end();
  });

  it('who comes back and missed nothing is not sent the same again', async () => {
    const first = await follow(at(), token());
    await soon(() => expect(first.snapshots().length).toBeGreaterThan(0));
    const id = String(first.snapshots().at(-1)?.id);
    first.end();
    const again = await follow(at(), { ...token(), 'last-event-id': id });
    const other = await follow(at(), { ...token(), 'last-event-id': id.replace(/@.*/, '@2020-01-01T00:00:00.000Z') });
    await soon(() => expect(other.snapshots()).toHaveLength(1)); // the same rev of an earlier engine is old
    expect(again.snapshots()).toHaveLength(0);
    await api.askSocket('/api/v1/services/web/pause', { method: 'POST' });
    await soon(() => expect(again.snapshots().length).toBeGreaterThan(0));
    await api.askSocket('/api/v1/services/web/resume', { method: 'POST' });
    again.end();
    other.end();
  });
});

describe('the configuration', () => {
  const put = (body: object) => api.ask('/api/v1/config', { method: 'PUT', body: JSON.stringify(body) });
  const names = async (): Promise<string[]> => (await api.ask('/api/v1/status')).body.services.map((view: { name: string }) => view.name);
  const loads = async (): Promise<number> =>
    (await readFile(path.join(api.home, 'health.log'), 'utf8')).split('"config-loaded"').length - 1;

  it('is shown, judged, saved, in force at once, and loaded once', async () => {
    const before = (await api.ask('/api/v1/config')).body;
    expect(before).toMatchObject({ path: path.join(api.home, 'config.json'), problems: [] });
    const text = configText(api.service.port, 'Renamed');
    const judged = await api.ask('/api/v1/config/validate', { method: 'POST', body: JSON.stringify({ text }) });
    expect(judged.body).toMatchObject({ ok: true, problems: [] });
    const count = await loads();
    expect(await put({ text, base: before.text })).toMatchObject({ status: 200, body: { text, problems: [] } });
    expect(await names()).toEqual(['Renamed']);
    expect(await readFile(path.join(api.home, 'config.json'), 'utf8')).toBe(text);
    // A later edit of the file is noticed by the watch, which has by then seen our own as well.
    await writeFile(path.join(api.home, 'config.json'), configText(api.service.port, 'By hand'));
    await soon(async () => expect(await names()).toEqual(['By hand']));
    await soon(async () => expect(await loads()).toBe(count + 2));
  });

  it('is refused with every problem, and nothing is changed', async () => {
    const before = (await api.ask('/api/v1/config')).body.text;
    const reply = await put({ text: before.replace('"tcp"', '"tpc"'), base: before });
    expect(reply).toMatchObject({ status: 422, body: { title: 'config-invalid' } });
    expect(reply.body.details.problems[0]).toMatchObject({ path: 'services[0].check.type', nearest: 'tcp' });
    expect(await readFile(path.join(api.home, 'config.json'), 'utf8')).toBe(before);
  });

  it('is not overwritten when somebody else was faster', async () => {
    const base = (await api.ask('/api/v1/config')).body.text;
    const [one, two] = await Promise.all([
      put({ text: configText(api.service.port, 'One'), base }),
      put({ text: configText(api.service.port, 'Two'), base }),
    ]);
    expect([one.status, two.status].toSorted()).toEqual([200, 409]);
    expect((one.status === 409 ? one : two).body).toMatchObject({ title: 'conflict', details: { reason: 'changed-meanwhile' } });
    expect(await names()).toEqual([one.status === 200 ? 'One' : 'Two']);
  });

  it('shows a refused file with its problems while the last good one is in force', async () => {
    const good = (await api.ask('/api/v1/config')).body.text;
    await writeFile(path.join(api.home, 'config.json'), '{ "services": 1 }');
    const shown = (await api.ask('/api/v1/config')).body;
    expect(shown).toMatchObject({ text: '{ "services": 1 }', problems: [{ path: 'services', line: 1 }] });
    await soon(async () => expect(await problems(api)).toContain('config-refused'));
    expect(await put({ text: good, base: shown.text })).toMatchObject({ status: 200 });
    expect(await problems(api)).not.toContain('config-refused');
  });

  it('its schema is the one of the editor', async () => {
    expect((await api.ask('/api/v1/config/schema')).body).toEqual(
      JSON.parse(await readFile(path.join(api.home, 'config.schema.json'), 'utf8')),
    );
  });

  it('what runs here is found, and what is watched already is marked', async () => {
    const found = (await api.ask('/api/v1/discover')).body as { service: { id: string }; isWatched: boolean }[];
    expect(found.find(({ service }) => service.id === 'disk')).toMatchObject({ isWatched: false });
  });
});

it('the home keeps its token over a restart, and a browser that was let in stays in', async () => {
  const first = await startApi();
  const { search } = new URL(first.loopback.signIn().url);
  const reply = await first.ask(`/${search}`, { headers: NO_TOKEN });
  const cookie = String(reply.headers['set-cookie']?.[0]).split(';')[0];
  await first.close({ keep: true });
  const again = await startApi({ folder: path.dirname(first.home), port: first.port });
  expect(again.token).toBe(first.token);
  expect((await again.ask('/api/v1/status')).status).toBe(200);
  expect((await again.ask('/api/v1/status', { headers: { ...NO_TOKEN, cookie } })).status).toBe(200);
  expect((await again.ask(`/${search}`, { headers: NO_TOKEN })).status).toBe(401);
  await again.close();
});

it('the dashboard keeps the port that it chose over a restart, so that open tabs and cookies stay good', async () => {
  const first = await startApi();
  const folder = path.dirname(first.home);
  const file = path.join(first.home, 'dashboard-port');
  const reply = await first.ask(`/${new URL(first.loopback.signIn().url).search}`, { headers: NO_TOKEN });
  const cookie = String(reply.headers['set-cookie']?.[0]).split(';')[0];
  expect(await readFile(file, 'utf8')).toBe(`${first.port}\n`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await first.close({ keep: true });

  const again = await startApi({ folder });
  expect(again.port).toBe(first.port);
  expect((await again.ask('/api/v1/status', { headers: { ...NO_TOKEN, cookie } })).status).toBe(200);
  await again.close({ keep: true });

  // One that somebody else has by now is no reason to stay away; the new one is kept from then on.
  const other = net.createServer();
  await new Promise<void>((resolve) => other.listen(first.port, '127.0.0.1', resolve));
  const moved = await startApi({ folder });
  expect(moved.port).not.toBe(first.port);
  expect(await problems(moved)).toEqual([]);
  await moved.close({ keep: true });
  await new Promise((resolve) => other.close(resolve));
  const stays = await startApi({ folder });
  expect(stays.port).toBe(moved.port);
  await stays.close();
});

it('a port that was named is not kept', async () => {
  const chosen = await startApi();
  const folder = path.dirname(chosen.home);
  await chosen.close({ keep: true });
  const free = net.createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as net.AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const named = await startApi({ folder, port });
  expect(named.port).toBe(port);
  expect(await readFile(path.join(named.home, 'dashboard-port'), 'utf8')).toBe(`${chosen.port}\n`);
  await named.close();
});

it.each<[string, (file: string) => Promise<unknown>]>([
  ['is empty', (file) => writeFile(file, '')],
  ['is no number', (file) => writeFile(file, 'x\n')],
  ['is none that there is', (file) => writeFile(file, '65536\n')],
  ['is a folder', (file) => mkdir(file)],
])('a kept port that %s is moved aside and told, and another one is taken', async (_name, damage) => {
  const first = await startApi();
  await first.close({ keep: true });
  const file = path.join(first.home, 'dashboard-port');
  await rm(file);
  await damage(file);
  const again = await startApi({ folder: path.dirname(first.home) });
  expect((await again.ask('/healthz')).status).toBe(200);
  expect(await problems(again)).toContain('quarantined-dashboard-port');
  expect(await readFile(file, 'utf8')).toBe(`${again.port}\n`);
  await again.close();
});

it('a token that is damaged is moved aside, told, and made anew', async () => {
  const first = await startApi();
  await first.close({ keep: true });
  await writeFile(path.join(first.home, 'api-token'), 'not a token\n');
  const again = await startApi({ folder: path.dirname(first.home) });
  expect(again.token).toMatch(/^[\w-]{43}$/);
  expect(await problems(again)).toContain('quarantined-api-token');
  expect((await readdir(again.home)).some((name) => name.startsWith('api-token.corrupt-'))).toBe(true);
  await again.close();
});

it('a restart answers 202 with its attempt, which then has an outcome', async () => {
  const own = await startApi();
  const web = {
    id: 'web',
    check: { type: 'tcp', port: own.service.port },
    recovery: [{ type: 'command', run: [process.execPath, '-e', '0'] }],
  };
  const saved = await own.ask('/api/v1/config', { method: 'PUT', body: JSON.stringify({ text: JSON.stringify({ services: [web] }) }) });
  expect(saved.status).toBe(200);
  const heal = await own.ask('/api/v1/services/web/heal', { method: 'POST' });
  expect(heal).toMatchObject({ status: 202, body: { service: 'web', remedy: 'command', trigger: 'person', outcome: null } });
  const lastAttempt = async () => (await own.ask('/api/v1/services/web')).body.lastAttempt;
  await soon(async () => expect(await lastAttempt()).toMatchObject({ id: heal.body.attempt, outcome: 'succeeded' }));
  const metrics = (await own.ask('/metrics')).text;
  expect(metrics).toContain('jarvis_health_recovery_attempts_total{service="web",remedy="command",outcome="succeeded"} 1');
  expect(metrics).toContain('jarvis_health_up{service="web",name="web"} 1');
  expect((await own.ask('/metrics', { headers: NO_TOKEN })).status).toBe(401);
  await own.close();
});

it('a port that is taken is a conflict; the socket serves on', async () => {
  await expect(
    openLoopback({ engine: api.engine, hub: createEventHub(api.engine) }, { port: api.port, dashboard: '/nowhere' }),
  ).rejects.toMatchObject({ code: 'conflict' });
  expect(await api.server.listen(0)).toBe(api.loopback);
});
