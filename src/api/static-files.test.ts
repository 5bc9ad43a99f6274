import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { send } from '../../test/fixtures/api-engine.ts';
import { openStaticFiles } from './static-files.ts';

let folder: string;
let server: http.Server;
let at: http.RequestOptions;
const script = `export const words = '${'again '.repeat(1_000)}';`;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'jh-static-'));
  const built = path.join(folder, 'built');
  await mkdir(path.join(built, 'assets'), { recursive: true });
  await mkdir(path.join(built, '.vite'));
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
  await writeFile(path.join(built, 'index.html'), '<!doctype html>');
  await writeFile(path.join(built, 'favicon.svg'), '<svg/>');
  await writeFile(path.join(built, 'notes.php'), 'no');
  await writeFile(path.join(built, '.vite', 'manifest.json'), '{}');
  await writeFile(path.join(built, 'assets', 'index-Ab3_9xYz.js'), script);
  await writeFile(path.join(built, 'assets', 'plain.js'), 'export {};');
  await symlink(path.join(folder, 'secret.txt'), path.join(built, 'assets', 'link.txt'));
  const files = await openStaticFiles(built);
  await writeFile(path.join(built, 'late.js'), 'late');
  server = http.createServer((request, response) => {
    void files.serve(request, response, new URL(request.url ?? '/', 'http://x').pathname).then((isServed) => {
      if (!isServed) response.writeHead(404).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

it('the page is never kept by a browser, hashed files for ever, others are asked for again', async () => {
  const cacheOf = async (target: string) => (await send(at, target)).headers['cache-control'];
  expect(await cacheOf('/')).toBe('no-store');
  expect(await cacheOf('/index.html')).toBe('no-store');
  expect(await cacheOf('/assets/index-Ab3_9xYz.js')).toBe('public, max-age=31536000, immutable');
  expect(await cacheOf('/assets/plain.js')).toBe('no-cache');
  expect(await cacheOf('/favicon.svg')).toBe('no-cache');
});

it('every answer says what may be loaded, and that its type is meant', async () => {
  for (const [target, type] of [
    ['/', 'text/html; charset=utf-8'],
    ['/assets/plain.js', 'text/javascript; charset=utf-8'],
    ['/favicon.svg', 'image/svg+xml'],
  ] as const) {
    const { headers } = await send(at, target);
    expect(headers['content-type']).toBe(type);
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

it.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
  '/..%5csecret.txt',
  '/assets/..\\..\\secret.txt',
  '/assets/plain.js%00.txt',
  '/assets/plain.js/',
  '/assets/',
  '/assets',
  '/assets/link.txt',
  '/.vite/manifest.json',
  '/notes.php',
  '/late.js',
  '/constructor',
  '/__proto__',
])('nothing at %s', async (target) => {
  expect(await send(at, target)).toMatchObject({ status: 404, text: '' });
});

it('text is compressed for whoever takes it', async () => {
  const target = '/assets/index-Ab3_9xYz.js';
  const get = (encoding: string | undefined) => send(at, target, { headers: { 'accept-encoding': encoding } });
  for (const encoding of ['gzip', 'br, gzip;q=0.5', 'deflate, GZIP', '*']) {
    const { headers, text } = await get(encoding);
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding', 'content-length': String(text.length) });
    expect(zlib.gunzipSync(Buffer.from(text, 'latin1')).toString()).toBe(script);
  }
  for (const encoding of [undefined, 'br', 'gzip;q=0', 'gzip; q=0.0', 'xgzip']) {
    const { headers, text } = await get(encoding);
    expect(headers['content-encoding']).toBeUndefined();
    expect(text).toBe(script);
  }
  expect((await send(at, target, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } })).text).toBe('');
});

it('a folder that is not there serves nothing', async () => {
  const none = await openStaticFiles(path.join(folder, 'none'));
  expect(await none.serve({ headers: {} } as http.IncomingMessage, {} as http.ServerResponse, '/')).toBe(false);
});
