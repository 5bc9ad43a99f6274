import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { open } from '../../src/cli/open.ts';
import { send, soon } from '../fixtures/api-engine.ts';

const CLI = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
let folder: string;
let home: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'jh-open-'));
  home = path.join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  await writeFile(path.join(home, 'config.json'), '{ "services": [ { "id": "memory", "check": { "type": "memory" } } ] }');
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  running.clear();
  await rm(folder, { recursive: true, force: true });
});

function cli(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [CLI, ...args, '--home', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.err += String(chunk);
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended };
}
const READY = /^ready pid=(\d+) home=(.+) url=(\S+)$/m;

it('run --port 0 says where it is, and prints an address that lets a browser in once', async () => {
  const { child, said, ended } = cli(['run', '--port', '0']);
  await soon(() => expect(said.out).toMatch(/Dashboard: /));
  const [, pid, where, url = ''] = READY.exec(said.out) ?? [];
  expect([pid, where]).toEqual([String(child.pid), home]);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const once = /Dashboard: (\S+)/.exec(said.out)?.[1] ?? '';
  expect(once.startsWith(`${url}?token=`)).toBe(true);
  const at = { host: '127.0.0.1', port: Number(new URL(url).port) };
  expect((await send(at, new URL(once).pathname + new URL(once).search)).status).toBe(303);
  const token = (await readFile(path.join(home, 'api-token'), 'utf8')).trim();
  expect((await send(at, '/api/v1/status', { headers: { authorization: `Bearer ${token}` } })).body.services[0].id).toBe('memory');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it('for programs the same in JSON; without --port only the socket is there', async () => {
  const plain = cli(['run', '--json']);
  await soon(() => expect(plain.said.out).toMatch(/"ready"/));
  const ready = JSON.parse(plain.said.out.split('\n')[0] ?? '');
  expect(ready).toMatchObject({ event: 'ready', pid: plain.child.pid, home });
  expect(ready.url).toMatch(/^unix:/);
  expect(plain.said.out).not.toContain('sign-in');

  // `open` asks for the dashboard, so the engine takes a free port.
  const opened = cli(['open', '--json'], { DISPLAY: '', WAYLAND_DISPLAY: '', BROWSER: '' });
  expect(await opened.ended).toBe(0);
  const answer = JSON.parse(opened.said.out);
  expect(answer).toMatchObject({ opened: false, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/) });
  const { port, pathname, search } = new URL(answer.url);
  expect((await send({ host: '127.0.0.1', port }, pathname + search)).status).toBe(303);
  plain.child.kill('SIGTERM');
  expect(await plain.ended).toBe(0);
});

it('a port that is taken, or is none, is told and nothing stays behind', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as net.AddressInfo;
  const taken = cli(['run', '--port', String(port)]);
  expect(await taken.ended).toBe(2);
  expect(taken.said.err).toContain(`Port ${port} is taken`);
  other.close();
  for (const word of ['70000', 'x', '-1', '1.5']) {
    const wrong = cli(['run', `--port=${word}`]);
    expect(await wrong.ended).toBe(64);
    expect(wrong.said.err).toContain('--port takes a number from 0 to 65535');
  }
});

it('without an engine, open says so', async () => {
  const none = cli(['open']);
  expect(await none.ended).toBe(69);
  expect(none.said.err).toContain('No engine runs');
});

it.each([
  ['linux', 'xdg-open'],
  ['darwin', '/usr/bin/open'],
] as const)('on %s the address is handed to %s as one word', async (platform, command) => {
  const engine = cli(['run', '--port', '0']);
  await soon(() => expect(engine.said.out).toMatch(READY));
  const calls: unknown[][] = [];
  let out = '';
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: () => undefined,
    env: { DISPLAY: ':0' },
    isTerminal: false,
    hasColour: false,
  };
  const spawned = ((...call: unknown[]) => {
    calls.push(call);
    return spawn(process.execPath, ['-e', '']);
  }) as unknown as typeof spawn;
  expect(await open({ io, home, isJson: false, version: '1' }, { platform, spawn: spawned })).toBe(0);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.[0]).toBe(command);
  expect(calls[0]?.[1]).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/)]);
  expect(out).toMatch(/^Opened http:\/\/127\.0\.0\.1:\d+\/ in the browser\.\n$/);
  engine.child.kill('SIGTERM');
  await engine.ended;
});

it('a real xdg-open that fails, or is not there, leaves the address to the person', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('xdg-open is of Linux');
  const engine = cli(['run', '--port', '0']);
  await soon(() => expect(engine.said.out).toMatch(READY));
  const bin = path.join(folder, 'bin');
  await mkdir(bin);
  const failing = path.join(bin, 'xdg-open');
  await writeFile(failing, '#!/bin/sh\nprintf %s "$1" > "$OPENED"\nexit 3\n');
  await chmod(failing, 0o755);
  const seen = path.join(folder, 'opened');
  const tried = cli(['open'], { DISPLAY: ':0', PATH: `${bin}:/bin:/usr/bin`, OPENED: seen });
  expect(await tried.ended).toBe(0);
  const told = /^(http:\S+)$/m.exec(tried.said.out)?.[1];
  expect(await readFile(seen, 'utf8')).toBe(told);
  const none = cli(['open'], { DISPLAY: ':0', PATH: folder });
  expect(await none.ended).toBe(0);
  expect(none.said.out).toMatch(/No browser could be opened here[\s\S]*http:\/\/127/);
  engine.child.kill('SIGTERM');
  await engine.ended;
});
