import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import type { CheckOf } from '../../contract/config.ts';
import { probeTcp } from './tcp.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const checkOf = (port: number, part: Partial<CheckOf<'tcp'>> = {}): CheckOf<'tcp'> => ({
  type: 'tcp',
  host: '127.0.0.1',
  port,
  timeoutMs: 5_000,
  ...part,
});

async function listen(onConnection: (socket: net.Socket) => void = () => {}): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return { server, port: (server.address() as net.AddressInfo).port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A socket that fails as the system would make it. */
function failing(code: string) {
  return () => {
    const socket = new net.Socket();
    process.nextTick(() => socket.destroy(Object.assign(new Error(code), { code })));
    return socket;
  };
}

describe('a look at a TCP port', () => {
  it('is well when somebody accepts, and leaves in good order: no byte, no reset', async () => {
    const seen: string[] = [];
    const { port } = await listen((socket) => {
      socket.on('error', (error) => seen.push(error.message));
      socket.on('data', () => seen.push('data'));
      socket.on('end', () => seen.push('end'));
      socket.resume();
    });
    await expect(probeTcp(checkOf(port), probeContext())).resolves.toEqual({
      level: 'ok',
      reason: 'answered',
      message: `Accepts connections on port ${port}`,
    });
    await expect.poll(() => seen).toEqual(['end']);
  });

  it('is well by name too, and by IPv6 or IPv4 whichever answers', async () => {
    const { port } = await listen();
    const found = await probeTcp(checkOf(port, { host: 'localhost' }), probeContext());
    expect(found).toMatchObject({ level: 'ok', message: `Accepts connections on port ${port} of localhost` });
  });

  it('fails when nobody listens', async () => {
    const port = await freePort();
    const found = await probeTcp(checkOf(port), probeContext());
    expect(found).toEqual({ level: 'error', reason: 'refused', message: `Connection refused on port ${port}` });
    // Of the addresses of a name, one may not exist here; that the other refused is what counts.
    await expect(probeTcp(checkOf(port, { host: 'localhost' }), probeContext())).resolves.toMatchObject({
      level: 'error',
      reason: 'refused',
    });
  });

  it('is not fooled by a socket that the system connected to itself', async () => {
    const port = await freePort();
    const toItself = (options: net.TcpNetConnectOpts) => net.connect({ ...options, localAddress: '127.0.0.1', localPort: port });
    const found = await probeTcp(checkOf(port), probeContext(), toItself);
    expect(found).toMatchObject({ level: 'error', reason: 'refused' });
  });

  it('fails in time when the connection hangs', async () => {
    const child = spawn(process.execPath, [path.resolve('test/fixtures/probe-deaf-listener.mjs')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanUps.push(() => child.kill('SIGKILL'));
    const port = Number(String((await once(child.stdout, 'data'))[0]));
    child.kill('SIGSTOP');
    // The kernel accepts for it until its queue is full.
    const ctx = probeContext();
    let found = await probeTcp(checkOf(port, { timeoutMs: 300 }), ctx);
    const holders: net.Socket[] = [];
    cleanUps.push(() => holders.map((socket) => socket.destroy()));
    for (let tries = 0; found.level === 'ok' && tries < 20; tries += 1) {
      holders.push(net.connect(port, '127.0.0.1').on('error', () => {}));
      found = await probeTcp(checkOf(port, { timeoutMs: 300 }), ctx);
    }
    expect(found).toEqual({ level: 'error', reason: 'timed-out', message: `No answer within 300 ms on port ${port}` });
  });

  it.each([
    ['EMFILE', 'unknown', 'no-handles'],
    ['EADDRNOTAVAIL', 'unknown', 'no-handles'],
    ['EPERM', 'unknown', 'permission-denied'],
    ['EHOSTUNREACH', 'error', 'unreachable'],
    ['ENOTFOUND', 'error', 'name-not-resolved'],
    ['EWHATEVER', 'unknown', 'probe-failed'],
  ])('tells %s as %s, %s', async (code, level, reason) => {
    const found = await probeTcp(checkOf(9), probeContext(), failing(code));
    expect(found).toMatchObject({ level, reason });
  });

  it('uses a socket again that was answered, and tells each look for itself', async () => {
    const { server, port } = await listen();
    const other = await listen();
    const ctx = probeContext();
    const ports = new Set<number | undefined>();
    server.on('connection', (socket) => ports.add(socket.remotePort));
    const connect = vi.spyOn(net.Socket.prototype, 'connect');
    cleanUps.push(() => connect.mockRestore());
    for (let n = 0; n < 20; n += 1) {
      expect(await probeTcp(checkOf(n % 2 ? port : other.port), probeContext())).toMatchObject({
        level: 'ok',
        message: `Accepts connections on port ${n % 2 ? port : other.port}`,
      });
      await new Promise(setImmediate); // closed, and free for the next
    }
    const sockets = new Set(connect.mock.contexts);
    expect(sockets.size).toBeLessThan(20);
    expect(ports.size).toBe(10);
    await new Promise((resolve) => server.close(resolve));
    // One that failed is not used again; the next looks find what is there.
    for (let n = 0; n < 3; n += 1) expect(await probeTcp(checkOf(port), ctx)).toMatchObject({ level: 'error', reason: 'refused' });
    expect(await probeTcp(checkOf(other.port), probeContext())).toMatchObject({ level: 'ok' });
  });

  it('ends by its own time, whatever began with it', async () => {
    const { port } = await listen();
    const ctx = probeContext();
    const idle = () => new net.Socket();
    const late = (timeoutMs: number) => probeTcp(checkOf(9, { timeoutMs }), ctx, idle);
    const [well, first, second, third] = await Promise.all([
      probeTcp(checkOf(port, { timeoutMs: 100 }), ctx),
      late(100),
      late(150),
      late(100),
    ]);
    expect(well).toMatchObject({ level: 'ok' });
    for (const found of [first, third]) expect(found).toMatchObject({ reason: 'timed-out', message: 'No answer within 100 ms on port 9' });
    expect(second).toMatchObject({ reason: 'timed-out', message: 'No answer within 150 ms on port 9' });
  });

  it('is cut short by the signal, many looks at once', async () => {
    const stopping = new AbortController();
    const idle = () => new net.Socket();
    const looks = Array.from({ length: 50 }, () => probeTcp(checkOf(9), probeContext({ signal: stopping.signal }), idle));
    stopping.abort();
    const late = probeTcp(checkOf(9), probeContext({ signal: stopping.signal }), idle);
    for (const found of await Promise.all([...looks, late])) expect(found).toMatchObject({ level: 'unknown', reason: 'cut-short' });
  });
});
