// Holds every test to loopback: a connection to anywhere else fails at once, with the address in the message. By sockets and by handles.
import net from 'node:net';
import { afterAll } from 'vitest';
import { bareHandles } from '../src/engine/probe/dial.ts';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost|0\.0\.0\.0)$/;
function hold(host: string): void {
  if (LOOPBACK.test(host) || host.endsWith('.invalid') || host.endsWith('.test')) return;
  throw new Error(`A test tried to reach ${host}. Tests may use loopback only.`);
}
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]): net.Socket {
  const first = (Array.isArray(args[0]) ? args[0][0] : args[0]) as { host?: string; path?: string } | number | string;
  const host =
    typeof first === 'object'
      ? first.path
        ? 'localhost'
        : (first.host ?? 'localhost')
      : typeof args[1] === 'string'
        ? args[1]
        : 'localhost';
  hold(host);
  return Reflect.apply(connect, this, args) as net.Socket;
} as typeof connect;

const handle = bareHandles()?.TCP.prototype;
const ways = (['connect', 'connect6'] as const).flatMap((name) => (handle ? [{ handle, name, way: handle[name] }] : []));
for (const { handle, name, way } of ways) {
  handle[name] = function guarded(this: typeof handle, ...args: Parameters<typeof way>) {
    hold(String(args[1]));
    return Reflect.apply(way, this, args);
  };
}

afterAll(() => {
  for (const { handle, name, way } of ways) handle[name] = way;
  net.Socket.prototype.connect = connect;
});
