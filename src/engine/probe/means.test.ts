// What a remedy would lack is found without doing anything: real programs, folders, logs, and a port that a stranger holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConfigInput, configSchema, resolveConfig } from '../../contract/config.ts';
import { checkMeans, type Means } from './means.ts';
import { createProcessPort } from './processes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'health-means-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Remedy = NonNullable<ConfigInput['services'][number]['recovery']>[number];
async function means(...recovery: Remedy[]): Promise<Means[]> {
  const config = resolveConfig(configSchema.parse({ services: [{ id: 'app', check: { type: 'tcp', port: 1 }, recovery }] }));
  const clock = { now: () => ({ wallMs: 0, bootMs: 0, awakeMs: performance.now(), boot: 'b' }) };
  const context = { userHome: folder, searchPath: folder, processes: createProcessPort({ clock }), signal: new AbortController().signal };
  const found: Means[] = [];
  for await (const one of checkMeans(config, context)) found.push(one);
  return found;
}
const program = (name: string, mode = 0o755) => {
  writeFileSync(path.join(folder, name), '#!/bin/sh\n');
  chmodSync(path.join(folder, name), mode);
};

test('a program is looked for as the remedy would: on its own PATH, in its own folder, and runnable', async () => {
  program('restart-it');
  program('no-right', 0o644);
  mkdirSync(path.join(folder, 'bin'));
  expect(await means({ type: 'command', run: ['restart-it'] })).toMatchObject([{ ok: true, found: path.join(folder, 'restart-it') }]);
  expect(await means({ type: 'command', run: ['restart-it'], env: { PATH: '/nowhere' } })).toMatchObject([{ ok: false }]);
  expect(await means({ type: 'command', run: ['no-right'] })).toMatchObject([
    { ok: false, found: expect.stringContaining('may not be run') },
  ]);
  expect(await means({ type: 'command', run: ['./restart-it'], cwd: '~/' })).toMatchObject([
    { component: `folder ${folder}` },
    { ok: true },
  ]);
  expect(await means({ type: 'command', run: ['./restart-it'], cwd: '~/gone' })).toMatchObject([
    { ok: false, found: 'is not there' },
    { ok: false },
  ]);
});

test('a port that a stranger holds is told today; free, or held by the service, it is well', async () => {
  program('serve');
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  const restart = (match: string): Remedy => ({ type: 'restart-process', find: { port, match }, start: ['serve'] });
  try {
    expect(await means(restart('no-such-service'))).toMatchObject([
      { component: 'program serve', ok: true },
      { component: `port ${port}`, ok: false, services: ['app'], found: expect.stringContaining(`(pid ${process.pid})`) },
    ]);
    expect((await means(restart('/./')))[1]).toMatchObject({ ok: true, found: 'held by the service' });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect((await means(restart('no-such-service')))[1]).toMatchObject({ ok: true, found: 'free' });
});

test('a log that could not be written, and a pattern that names no file', async () => {
  program('serve');
  const [, log] = await means({ type: 'restart-process', find: { match: 'x' }, start: ['serve'], log: '~/gone/app.log' });
  expect(log).toMatchObject({ ok: false, found: expect.stringContaining("can't be made in") });
  const remove: Remedy = { type: 'delete-old-logs', paths: ['~/*.log'], olderThan: '30d' };
  expect(await means(remove)).toMatchObject([{ ok: 'warning', found: 'no file matches' }]);
  writeFileSync(path.join(folder, 'old.log'), '');
  expect(await means(remove)).toMatchObject([{ ok: true, found: '1 now' }]);
});

test('a script that is gone is told though its interpreter is there', async () => {
  program('python3');
  const start = (script: string): Remedy => ({ type: 'restart-process', find: { match: 'x' }, start: ['python3', script], cwd: '~' });
  expect(await means(start('app.py'))).toMatchObject([
    {},
    { ok: true },
    { component: 'script app.py', ok: false, found: expect.stringContaining('is not there') },
  ]);
  program('app.py');
  expect((await means(start('app.py'))).every(({ ok }) => ok)).toBe(true);
  expect(await means(start('app'))).toHaveLength(2);
});

test('a relative program without a folder, one under "~", and a log that is no file but takes every word', async () => {
  program('serve');
  expect(await means({ type: 'command', run: ['./serve'] })).toMatchObject([
    { ok: false, found: expect.stringContaining('folder of the engine') },
  ]);
  expect(await means({ type: 'command', run: ['~/serve'], cwd: '~' })).toMatchObject([
    {},
    { ok: false, found: expect.stringContaining('"~"') },
  ]);
  const quiet: Remedy = { type: 'restart-process', find: { match: 'x' }, start: ['serve'], log: '/dev/null' };
  expect((await means(quiet)).every(({ ok }) => ok)).toBe(true);
});

test('a worker that its master handed the socket to is no stranger', async () => {
  program('serve');
  const code =
    'import os, socket, sys, time\ns = socket.socket()\ns.bind(("127.0.0.1", 0))\ns.listen()\ns.set_inheritable(True)\nport = s.getsockname()[1]\n' +
    'pid = os.fork()\nif pid == 0: os.execvp("sleep", ["sleep", "30"])\nprint(port, pid, flush=True)\ntime.sleep(30)\n';
  const master = spawn('python3', ['-c', code, 'the-master'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let worker: number | undefined;
  try {
    const [said] = (await once(master.stdout, 'data')) as [Buffer];
    const [port = 0, pid = 0] = String(said).trim().split(' ').map(Number);
    worker = pid;
    const remedy: Remedy = { type: 'restart-process', find: { port, match: 'the-master' }, start: ['serve'] };
    expect((await means(remedy)).at(-1)).toMatchObject({ component: `port ${port}`, ok: true, found: 'held by the service' });
  } finally {
    master.kill('SIGKILL');
    if (worker) process.kill(worker, 'SIGKILL');
  }
});
