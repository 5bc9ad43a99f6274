import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeContext, withoutThreads } from '../../../test/fixtures/probe-context.ts';
import type { CheckOf } from '../../contract/config.ts';
import { bareHandles, type Connect, type Dial, dialBy, dialByHandle, dialBySocket } from './dial.ts';
import type { Finding } from './finding.ts';
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

const probeBy = (check: CheckOf<'tcp'>, ctx: ReturnType<typeof probeContext>, dial?: Dial): Promise<Finding> =>
  new Promise((found) => probeTcp(check, ctx, found, dial));
const probe = (check: CheckOf<'tcp'>, ctx: ReturnType<typeof probeContext>, connect?: Connect): Promise<Finding> =>
  probeBy(check, ctx, connect && dialBy(connect));

const handles = bareHandles();
const DIALS: [string, Dial][] = [['sockets', dialBySocket], ...(handles ? [['handles', dialByHandle(handles)] as [string, Dial]] : [])];

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

/** Of a program that is stopped: the kernel accepts for it until its queue is full. */
async function deafPort(): Promise<number> {
  const child = spawn(process.execPath, [path.resolve('test/fixtures/probe-deaf-listener.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(() => child.kill('SIGKILL'));
  const port = Number(String((await once(child.stdout, 'data'))[0]));
  child.kill('SIGSTOP');
  return port;
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

it('has handles in the Node that this project brings', () => {
  expect(handles).toBeDefined();
});

describe.each(DIALS)('a look at a TCP port, by %s', (_name, dial) => {
  const probe = (check: CheckOf<'tcp'>, ctx: ReturnType<typeof probeContext>): Promise<Finding> => probeBy(check, ctx, dial);

  it('is well when somebody accepts, and leaves in good order: no byte, no reset', async () => {
    const seen: string[] = [];
    const { port } = await listen((socket) => {
      socket.on('error', (error) => seen.push(error.message));
      socket.on('data', () => seen.push('data'));
      socket.on('end', () => seen.push('end'));
      socket.resume();
    });
    await expect(probe(checkOf(port), probeContext())).resolves.toEqual({
      level: 'ok',
      reason: 'answered',
      message: `Accepts connections on port ${port}`,
    });
    await expect.poll(() => seen).toEqual(['end']);
  });

  it('is well by IPv6', async () => {
    const server = net.createServer().listen(0, '::1');
    cleanUps.push(() => server.close());
    await Promise.race([once(server, 'listening'), once(server, 'error')]);
    if (!server.listening) return; // no IPv6 on this machine
    const { port } = server.address() as net.AddressInfo;
    await expect(probe(checkOf(port, { host: '::1' }), probeContext())).resolves.toMatchObject({ level: 'ok', reason: 'answered' });
  });

  it('fails when nobody listens, at the first look and after a good one', async () => {
    const { server, port } = await listen();
    const check = checkOf(port);
    const ctx = probeContext();
    expect(await probe(check, ctx)).toMatchObject({ level: 'ok' });
    await new Promise((resolve) => server.close(resolve));
    for (let n = 0; n < 3; n += 1)
      expect(await probe(check, ctx)).toEqual({ level: 'error', reason: 'refused', message: `Connection refused on port ${port}` });
    const again = net.createServer().listen(port, '127.0.0.1');
    cleanUps.push(() => again.close());
    await once(again, 'listening');
    expect(await probe(check, ctx)).toMatchObject({ level: 'ok' });
  });

  it('fails in time when the connection hangs', async () => {
    const port = await deafPort();
    const ctx = probeContext();
    let found = await probe(checkOf(port, { timeoutMs: 300 }), ctx);
    const holders: net.Socket[] = [];
    cleanUps.push(() => holders.map((socket) => socket.destroy()));
    for (let tries = 0; found.level === 'ok' && tries < 20; tries += 1) {
      holders.push(net.connect(port, '127.0.0.1').on('error', () => {}));
      found = await probe(checkOf(port, { timeoutMs: 300 }), ctx);
    }
    expect(found).toEqual({ level: 'error', reason: 'timed-out', message: `No answer within 300 ms on port ${port}` });
  });

  it('is told once, and leaves nothing open, when it is cut short before, while and after it is answered', async () => {
    let open = 0;
    const { port } = await listen((socket) => {
      open += 1;
      socket.on('close', () => {
        open -= 1;
      });
      socket.resume();
    });
    for (const wait of [
      () => {},
      () => new Promise<void>((resolve) => process.nextTick(resolve)),
      () => new Promise<void>((resolve) => setImmediate(resolve)),
    ]) {
      const stopping = new AbortController();
      const told: Finding[] = [];
      for (let n = 0; n < 20; n += 1) probeTcp(checkOf(port), probeContext({ signal: stopping.signal }), (found) => told.push(found), dial);
      await wait();
      stopping.abort();
      await expect.poll(() => told.length).toBe(20);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(told).toHaveLength(20);
    }
    await expect.poll(() => open).toBe(0);
  });

  it('a thousand at once are each told of their own port', async () => {
    const servers = await Promise.all([listen(), listen(), listen()]);
    const closed = await freePort();
    const ports = [...servers.map(({ port }) => port), closed];
    const found = await Promise.all(Array.from({ length: 1_000 }, (_, n) => probe(checkOf(ports[n % 4] as number), probeContext())));
    for (const [n, { level, message }] of found.entries()) {
      expect([level, message]).toEqual(
        n % 4 === 3 ? ['error', `Connection refused on port ${closed}`] : ['ok', `Accepts connections on port ${ports[n % 4]}`],
      );
    }
  });
});

describe('a look at a TCP port', () => {
  it('is well by name too, and by IPv6 or IPv4 whichever answers', async () => {
    const { port } = await listen();
    const found = await probe(checkOf(port, { host: 'localhost' }), probeContext());
    expect(found).toMatchObject({ level: 'ok', message: `Accepts connections on port ${port} of localhost` });
  });

  it('of this machine by its name waits for nobody: not for names that no server answers for, nor for files on a drive that is gone', async () => {
    const { port } = await listen();
    await withoutThreads(async () => {
      const found = await probe(checkOf(port, { host: 'localhost', timeoutMs: 2_000 }), probeContext());
      expect(found).toMatchObject({ level: 'ok' });
    });
  });

  it('fails when nobody listens', async () => {
    const port = await freePort();
    const found = await probe(checkOf(port), probeContext());
    expect(found).toEqual({ level: 'error', reason: 'refused', message: `Connection refused on port ${port}` });
    // Of the addresses of a name, one may not exist here; that the other refused is what counts.
    await expect(probe(checkOf(port, { host: 'localhost' }), probeContext())).resolves.toMatchObject({
      level: 'error',
      reason: 'refused',
    });
  });

  it('is not fooled by a socket that the system connected to itself', async () => {
    const port = await freePort();
    const toItself = (options: net.TcpNetConnectOpts) => net.connect({ ...options, localAddress: '127.0.0.1', localPort: port });
    const found = await probe(checkOf(port), probeContext(), toItself);
    expect(found).toMatchObject({ level: 'error', reason: 'refused' });
    if (!handles) return;
    class Bound extends handles.TCP {
      override connect(request: object, address: string, to: number): number {
        return (
          (this as unknown as { bind(address: string, port: number): number }).bind(address, to) || super.connect(request, address, to)
        );
      }
    }
    const byHandle = await probeBy(checkOf(port), probeContext(), dialByHandle({ ...handles, TCP: Bound }));
    expect(byHandle).toMatchObject({ level: 'error', reason: 'refused' });
  });

  it.each([
    ['EMFILE', 'unknown', 'no-handles'],
    ['EADDRNOTAVAIL', 'unknown', 'no-handles'],
    ['EPERM', 'unknown', 'permission-denied'],
    ['EHOSTUNREACH', 'error', 'unreachable'],
    ['ENOTFOUND', 'error', 'name-not-resolved'],
    ['EWHATEVER', 'unknown', 'probe-failed'],
  ])('tells %s as %s, %s', async (code, level, reason) => {
    const found = await probe(checkOf(9), probeContext(), failing(code));
    expect(found).toMatchObject({ level, reason });
  });

  it.each([
    [-24, 'unknown', 'no-handles'],
    [-113, 'error', 'unreachable'],
    [-9999, 'unknown', 'probe-failed'],
  ])('tells %s of a handle as %s, %s, also when it is told at once', async (status, level, reason) => {
    if (!handles) return;
    class Failing extends handles.TCP {
      override connect(): number {
        return status;
      }
    }
    const found = await probeBy(checkOf(9), probeContext(), dialByHandle({ ...handles, TCP: Failing }));
    expect(found).toMatchObject({ level, reason });
  });

  it('closes a handle whose connect throws', async () => {
    if (!handles) return;
    let closed = 0;
    class Throwing extends handles.TCP {
      override connect(): number {
        throw new Error('not as it is known');
      }
      override close(): void {
        closed += 1;
        super.close();
      }
    }
    const found = await probeBy(checkOf(9), probeContext(), dialByHandle({ ...handles, TCP: Throwing }));
    expect([found.reason, closed]).toEqual(['probe-failed', 1]);
  });

  it('tells what came first of an answer and a reset in one turn, and takes a socket without addresses for no other', async () => {
    const told: string[] = [];
    const resetAtOnce = () => {
      const socket = new net.Socket();
      process.nextTick(() => {
        socket.emit('connect');
        socket.emit('error', Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
      });
      return socket;
    };
    probeTcp(checkOf(9), probeContext(), ({ reason }) => told.push(reason), dialBy(resetAtOnce));
    await expect.poll(() => told).toEqual(['answered']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['answered']);
  });

  it('goes by sockets where Node has no handles, other ones, or is another Node', () => {
    expect(bareHandles('25.0.0')).toBeUndefined();
    expect(bareHandles('24.1.0', null)).toBeUndefined();
    expect(bareHandles('24.1.0', () => ({}))).toBeUndefined();
    expect(
      bareHandles('24.1.0', () => {
        throw new Error('no such module');
      }),
    ).toBeUndefined();
  });

  it('uses a socket again that was answered, and tells each look for itself', async () => {
    const probe = (check: CheckOf<'tcp'>, ctx: ReturnType<typeof probeContext>): Promise<Finding> => probeBy(check, ctx, dialBySocket);
    const { server, port } = await listen();
    const other = await listen();
    const ctx = probeContext();
    const ports = new Set<number | undefined>();
    server.on('connection', (socket) => ports.add(socket.remotePort));
    const connect = vi.spyOn(net.Socket.prototype, 'connect');
    cleanUps.push(() => connect.mockRestore());
    for (let n = 0; n < 20; n += 1) {
      expect(await probe(checkOf(n % 2 ? port : other.port), probeContext())).toMatchObject({
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
    for (let n = 0; n < 3; n += 1) expect(await probe(checkOf(port), ctx)).toMatchObject({ level: 'error', reason: 'refused' });
    expect(await probe(checkOf(other.port), probeContext())).toMatchObject({ level: 'ok' });
  });

  it('ends by its own time, whatever began with it', async () => {
    const { port } = await listen();
    const ctx = probeContext();
    const idle = () => new net.Socket();
    const late = (timeoutMs: number) => probe(checkOf(9, { timeoutMs }), ctx, idle);
    const [well, first, second, third] = await Promise.all([
      probe(checkOf(port, { timeoutMs: 100 }), ctx),
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
    const looks = Array.from({ length: 50 }, () => probe(checkOf(9), probeContext({ signal: stopping.signal }), idle));
    stopping.abort();
    const late = probe(checkOf(9), probeContext({ signal: stopping.signal }), idle);
    for (const found of await Promise.all([...looks, late])) expect(found).toMatchObject({ level: 'unknown', reason: 'cut-short' });
  });
});
