import { chmodSync, existsSync, lstatSync, mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { claimHome } from './ownership.ts';
import { connectAddress, prepareSocket, type SocketAddress, socketAddress } from './socket-path.ts';

afterAll(removeTempFolders);
const uid = process.getuid?.() ?? 0;
const own = (home: string) => claimHome(home, { pid: process.pid, mode: 'headless', startedAt: '2026-01-01T00:00:00.000Z' });

async function serve({ address }: SocketAddress): Promise<net.Server> {
  const server = net.createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(address, resolve));
  return server;
}
async function ask(address: string): Promise<string> {
  let text = '';
  for await (const chunk of net.connect(address)) text += String(chunk);
  return text;
}
function longHome(): string {
  const home = path.join(tempFolder(), 'x'.repeat(60), 'ä'.repeat(30));
  mkdirSync(home, { recursive: true });
  return home;
}

test('a short path is in the home itself, a long one (counted in bytes) at a short place of the user', () => {
  expect(socketAddress('/h', { uid: 5, tmp: '/tmp' })).toEqual({ address: '/h/engine.sock' });
  expect(socketAddress(`/${'a'.repeat(87)}`, { uid: 5, tmp: '/tmp' }).link).toBeUndefined();
  expect(socketAddress(`/${'a'.repeat(88)}`, { uid: 5, tmp: '/tmp' }).link).toBeDefined();
  const home = `/${'ä'.repeat(60)}`;
  const { address, link } = socketAddress(home, { uid: 5, tmp: '/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T' });
  expect(link).toBe(`${home}/engine.sock`);
  expect(address).toMatch(/^\/var\/folders\/.*\/T\/jarvis-health-5\/[0-9a-f]{16}\.sock$/);
  expect(Buffer.byteLength(address)).toBeLessThanOrEqual(100);
  expect(socketAddress(home, { uid: 5, tmp: `/${'t'.repeat(90)}` }).address).toMatch(/^\/tmp\/jarvis-health-5\//);
  expect(socketAddress(`${home}2`, { uid: 5, tmp: '/tmp' }).address).not.toBe(socketAddress(home, { uid: 5, tmp: '/tmp' }).address);
});

test('an engine with a long home is reached, also from another temporary folder; a stale socket is no hindrance', async () => {
  const home = longHome();
  const tmp = tempFolder();
  const socket = socketAddress(home, { uid, tmp });
  const held = await own(home);
  for (let round = 0; round < 2; round += 1) {
    await prepareSocket(socket, { uid }, held);
    const server = await serve(socket);
    expect(statSync(path.dirname(socket.address)).mode & 0o777).toBe(0o700);
    expect(readlinkSync(path.join(home, 'engine.sock'))).toBe(socket.address);
    expect(await ask(await connectAddress(home, { uid, tmp: '/elsewhere' }))).toBe('hello');
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(socket.address, ''); // what a kill -9 leaves is a name in the way
  }
  await held.release();
});

test('a stale socket in a short home is removed, anything else is not', async () => {
  const home = tempFolder();
  const socket = socketAddress(home, { uid, tmp: '/tmp' });
  const held = await own(home);
  symlinkSync('/nowhere', socket.address);
  await prepareSocket(socket, { uid }, held);
  expect(existsSync(socket.address)).toBe(false);
  expect(await connectAddress(home, { uid, tmp: '/tmp' })).toBe(socket.address);
  mkdirSync(socket.address);
  await expect(prepareSocket(socket, { uid }, held)).rejects.toMatchObject({
    code: 'home-unusable',
    message: expect.stringContaining('in the way'),
  });
  await held.release();
});

test('a per-user folder that somebody else made before is not trusted', async () => {
  const home = longHome();
  const tmp = tempFolder();
  const held = await own(home);
  const socket = socketAddress(home, { uid, tmp });
  const folder = path.dirname(socket.address);
  await expect(prepareSocket(socketAddress(home, { uid: uid + 1, tmp }), { uid: uid + 1 }, held)).rejects.toMatchObject({
    code: 'home-unusable',
  });
  symlinkSync('/tmp', folder);
  await expect(prepareSocket(socket, { uid }, held)).rejects.toMatchObject({ code: 'home-unusable' });
  expect(lstatSync(folder).isSymbolicLink()).toBe(true);
  const other = tempFolder();
  mkdirSync(path.join(other, `jarvis-health-${uid}`));
  chmodSync(path.join(other, `jarvis-health-${uid}`), 0o777);
  await prepareSocket(socketAddress(home, { uid, tmp: other }), { uid }, held);
  expect(statSync(path.join(other, `jarvis-health-${uid}`)).mode & 0o777).toBe(0o700);
  await held.release();
});
