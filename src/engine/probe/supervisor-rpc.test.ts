// supervisord's own answers (recorded from 4.2.5, test/fixtures/keepers) over a real socket; the real one is asked in
// test/e2e/supervisord.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { supervisorSays } from './supervisor-rpc.ts';

const recorded = (name: string): string => readFileSync(new URL(`../../../test/fixtures/keepers/${name}`, import.meta.url), 'utf8');
let folder: string;
let answer: string;
let asked: string[];
let server: http.Server;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'jarvis-rpc-'));
  answer = recorded('supervisord-stopped.xml');
  asked = [];
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.setHeader('content-type', 'text/xml');
      response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, 's.sock'), resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});
const says = (at: string | undefined, name = 'web') => supervisorSays(name, at, (file) => readFile(file, 'utf8'));
function config(text: string): string {
  const file = path.join(folder, 'supervisord.conf');
  writeFileSync(file, text);
  return file;
}

it('says the state of a program, by the address of the socket', async () => {
  expect(await says(`unix://${folder}/s.sock`, 'a<b&c')).toBe('a<b&c STOPPED');
  expect(asked).toEqual([
    expect.stringMatching(/^POST \/RPC2 .*<methodName>supervisor\.getProcessInfo<\/methodName>.*<string>a&lt;b&amp;c<\/string>/),
  ]);
});

it('says that there is no such program', async () => {
  answer = recorded('supervisord-bad-name.xml');
  expect(await says(`unix://${folder}/s.sock`)).toBe('web: ERROR (no such process)');
});

it.each([
  ['the socket that it opens', '[unix_http_server]\nfile=%(here)s/s.sock ; the socket\n'],
  ['the one that its own command asks', '[unix_http_server]\nfile = /elsewhere\n[supervisorctl]\nserverurl = unix://%(here)s/s.sock\n'],
])('finds in the configuration %s', async (_, text) => {
  expect(await says(config(text))).toBe('web STOPPED');
});

it.each([
  ['it wants a password', '[unix_http_server]\nfile=%(here)s/s.sock\nusername=ada\npassword=x\n'],
  ['it listens on a port', '[supervisorctl]\nserverurl=http://127.0.0.1:9001\n'],
  ['its socket is named by the environment', '[unix_http_server]\nfile=%(ENV_HOME)s/s.sock\n'],
  ['it has none', '[supervisord]\n'],
])('asks nobody where %s', async (_, text) => {
  expect(await says(config(text))).toBeUndefined();
  expect(asked).toEqual([]);
});

it('asks nobody where nothing is known of it, and tells nothing of an answer that it does not know', async () => {
  expect(await says(undefined)).toBeUndefined();
  expect(await says('http://127.0.0.1:9001')).toBeUndefined();
  answer = '<html>';
  expect(await says(`unix://${folder}/s.sock`)).toBeUndefined();
});

it('rejects where nobody answers', async () => {
  await expect(says(`unix://${folder}/none.sock`)).rejects.toThrow('ENOENT');
  await expect(says(path.join(folder, 'none.conf'))).rejects.toThrow('ENOENT');
  answer = 'x'.repeat(100_000);
  await expect(says(`unix://${folder}/s.sock`)).rejects.toThrow('too long');
});
