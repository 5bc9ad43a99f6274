import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { probeContext, withoutThreads } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import { probeHttp } from './http.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(handler: http.RequestListener): Promise<string> {
  return track(http.createServer(handler));
}
/** A server of bytes, for answers that are none. */
async function speak(onConnection: (socket: net.Socket) => void): Promise<string> {
  return track(
    net.createServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    }),
  );
}
async function track(server: net.Server, scheme = 'http'): Promise<string> {
  const open = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => open.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `${scheme}://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
}

const ask = (url: string, more: object = {}, signal?: AbortSignal) =>
  probeHttp(checkSchema.parse({ type: 'http', url, timeout: '5s', ...more }) as CheckOf<'http'>, probeContext(signal ? { signal } : {}));

describe('a look at an http address', () => {
  it('is well with an answer', async () => {
    const url = await serve((_request, response) => response.end('hello'));
    const found = await ask(url);
    expect(found).toMatchObject({ level: 'ok', reason: 'answered' });
    expect(found.message).toMatch(/^Answered 200 in \d+ ms$/);
  });

  it('of this machine by its name waits for nobody', async () => {
    const url = await serve((_request, response) => response.end('hello'));
    await withoutThreads(async () => {
      await expect(ask(url.replace('127.0.0.1', 'localhost'), { timeout: '2s' })).resolves.toMatchObject({ level: 'ok' });
    });
  });

  it('fails with 500, and with what the check does not allow', async () => {
    const url = await serve((request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end();
    });
    await expect(ask(`${url}500`)).resolves.toEqual({ level: 'error', reason: 'wrong-answer', message: 'Answered 500' });
    await expect(ask(`${url}200`, { status: '204,418-420' })).resolves.toMatchObject({ message: 'Answered 200, expected 204,418-420' });
    await expect(ask(`${url}419`, { status: '204,418-420' })).resolves.toMatchObject({ level: 'ok' });
    await expect(ask(`${url}204`, { status: '204,418-420' })).resolves.toMatchObject({ level: 'ok' });
  });

  it('takes a redirect as the answer and does not follow it', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await expect(ask(url)).resolves.toMatchObject({ level: 'ok' });
    expect(asked).toEqual(['/']);
  });

  it('sends method and headers as configured', async () => {
    let seen: http.IncomingMessage | undefined;
    const url = await serve((request, response) => {
      seen = request;
      response.end();
    });
    await ask(url, { method: 'HEAD', headers: { Accept: 'text/x', 'X-Token': 'a b' } });
    expect(seen?.method).toBe('HEAD');
    expect(seen?.headers).toMatchObject({ accept: 'text/x', 'x-token': 'a b', connection: 'close' });
  });

  it('finds text across the border of two chunks, also inside a character', async () => {
    const [a, b] = [Buffer.from('one grü').subarray(0, 7), Buffer.from('one grün two').subarray(7)];
    const url = await serve((_request, response) => {
      response.write(a, () => setImmediate(() => response.end(b)));
    });
    await expect(ask(url, { body: 'e grün t' })).resolves.toMatchObject({ level: 'ok' });
    await expect(ask(url, { body: 'red' })).resolves.toEqual({
      level: 'error',
      reason: 'wrong-answer',
      message: 'Answered 200, but without the text "red"',
    });
  });

  it('reads 1 MiB of an endless body and no more, and says so', async () => {
    let sent = 0;
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      chunk.write('near');
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    await expect(ask(url)).resolves.toMatchObject({ level: 'ok', message: expect.stringContaining('only the first 1 MiB') });
    await expect(ask(url, { body: 'near' })).resolves.toMatchObject({ level: 'ok' });
    await expect(ask(url, { body: 'far' })).resolves.toMatchObject({
      level: 'error',
      message: 'Answered 200, but without the text "far" in the first 1 MiB, and no more is read',
    });
    await expect(ask(url, { json: { '/a': 1 } })).resolves.toMatchObject({ level: 'error', reason: 'wrong-answer' });
    expect(sent).toBeLessThan(100 * 1024 * 1024);
  });

  it('does not search what lies behind the cap', async () => {
    const url = await serve((_request, response) => response.end(`${'x'.repeat(1024 * 1024 - 3)}text`));
    await expect(ask(url, { body: 'xtex' })).resolves.toMatchObject({ level: 'ok' });
    await expect(ask(url, { body: 'xtext' })).resolves.toMatchObject({ level: 'error', reason: 'wrong-answer' });
  });

  it('compares values at JSON pointers', async () => {
    const url = await serve((_request, response) =>
      response.end(`\uFEFF${JSON.stringify({ ok: true, 'a/b': { 'm~n': [1, { deep: null }] }, '': 'empty', toString: undefined })}`),
    );
    await expect(ask(url, { json: { '/ok': true, '/a~1b/m~0n/1': { deep: null }, '/': 'empty' } })).resolves.toMatchObject({ level: 'ok' });
    await expect(ask(url, { json: { '/ok': false } })).resolves.toMatchObject({
      message: 'Answered 200, but /ok should be false, not true',
    });
    await expect(ask(url, { json: { '/a~1b/m~0n/01': 1 } })).resolves.toMatchObject({ message: expect.stringContaining('is missing') });
    await expect(ask(url, { json: { '/toString': {} } })).resolves.toMatchObject({ message: expect.stringContaining('is missing') });
    await expect(ask(url, { json: { '': {} } })).resolves.toMatchObject({
      level: 'error',
      message: expect.stringContaining('the answer should be {}'),
    });
  });

  it('fails when JSON was expected and a page came', async () => {
    const url = await serve((_request, response) => response.end('<html>'));
    await expect(ask(url, { json: { '/ok': true } })).resolves.toMatchObject({
      level: 'error',
      message: 'Answered 200, but not with JSON',
    });
  });

  it('gives its latency as a measure and does not judge it', async () => {
    const url = await serve((_request, response) => response.end('x'));
    const found = await ask(url, { maxLatency: '2s' });
    expect(found.level).toBe('ok');
    expect(found.measures).toEqual([
      expect.objectContaining({
        name: 'latency',
        unit: 'ms',
        limit: 2_000,
        failsWhen: 'above',
        failText: expect.stringContaining('the limit is 2 s'),
      }),
    ]);
  });

  it('takes the headers of an event stream as the answer', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    });
    await expect(ask(url)).resolves.toMatchObject({ level: 'ok' });
  });
});

describe('a server in trouble', () => {
  it('accepts and never answers', async () => {
    const url = await speak(() => {});
    await expect(ask(url, { timeout: '200ms' })).resolves.toEqual({
      level: 'error',
      reason: 'timed-out',
      message: 'No answer within 200 ms',
    });
  });

  it('stops in the middle of its headers', async () => {
    const url = await speak((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Len'));
    await expect(ask(url, { timeout: '200ms' })).resolves.toMatchObject({ reason: 'timed-out', message: 'No answer within 200 ms' });
  });

  it('drips its body for ever', async () => {
    const url = await serve((_request, response) => {
      const drip = () => response.destroyed || response.write('.', () => setImmediate(drip));
      drip();
      response.on('error', () => {});
    });
    // Only what takes longer than the cap allows: so little comes that the time is over first.
    const slow = await speak((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n.');
    });
    await expect(ask(slow, { timeout: '200ms' })).resolves.toEqual({
      level: 'error',
      reason: 'timed-out',
      message: 'The answer did not end within 200 ms',
    });
    await expect(ask(url, { timeout: '100ms' })).resolves.toMatchObject({ level: 'error', reason: 'timed-out' });
  });

  it('refuses', async () => {
    const url = await serve(() => {});
    await cleanUps.pop()?.();
    const port = new URL(url).port;
    await expect(ask(url)).resolves.toEqual({ level: 'error', reason: 'refused', message: `Connection refused on port ${port}` });
  });

  it('resets, hangs up, or breaks off half-way', async () => {
    const resetting = await speak((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await expect(ask(resetting)).resolves.toMatchObject({
      level: 'error',
      reason: 'reset',
      message: expect.stringContaining('without an answer'),
    });
    const hangingUp = await speak((socket) => socket.once('data', () => socket.end()));
    await expect(ask(hangingUp)).resolves.toMatchObject({ level: 'error', reason: 'reset' });
    const half = await speak((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')));
    await expect(ask(half)).resolves.toMatchObject({ level: 'error', reason: 'reset', message: expect.stringContaining('broke off') });
  });

  it('speaks something else', async () => {
    const url = await speak((socket) => socket.end('SSH-2.0-OpenSSH_9.7\r\n'));
    await expect(ask(url)).resolves.toMatchObject({ level: 'error', reason: 'wrong-answer', message: expect.stringContaining('not HTTP') });
  });

  it('wants another protocol', async () => {
    const url = await speak((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')),
    );
    await expect(ask(url, { timeout: '1s' })).resolves.toMatchObject({ level: 'error' });
  });

  it('has a certificate that nobody vouches for, or no TLS at all', async (context) => {
    const none = await speak((socket) => socket.once('data', () => socket.end('no TLS here\r\n')));
    await expect(ask(none.replace('http:', 'https:'))).resolves.toMatchObject({ level: 'error', reason: 'tls-failed' });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'probe-tls-'));
    cleanUps.push(() => rmSync(folder, { recursive: true }));
    const program = 'openssl';
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    try {
      const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
      execFileSync(program, ['req', '-x509', ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    } catch {
      context.skip('no openssl here to make a certificate with');
    }
    const url = await track(
      https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => response.end()),
      'https',
    );
    await expect(ask(url)).resolves.toMatchObject({ level: 'error', reason: 'tls-failed' });
  });

  it('is left at once when the signal aborts', async () => {
    let left = false;
    const stopping = new AbortController();
    const url = await speak((socket) => {
      socket.on('close', () => {
        left = true;
      });
      stopping.abort();
    });
    const asked = ask(url, {}, stopping.signal);
    await expect(asked).resolves.toMatchObject({ level: 'unknown', reason: 'cut-short' });
    await expect.poll(() => left).toBe(true);
  });
});
