// Holds every test to loopback: a connection to anywhere else fails at once, with the address in the message.
import net from 'node:net';
import { afterAll } from 'vitest';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost|0\.0\.0\.0)$/;
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
  if (!LOOPBACK.test(host) && !(host.endsWith('.invalid') || host.endsWith('.test'))) {
    throw new Error(`A test tried to reach ${host}. Tests may use loopback only.`);
  }
  return Reflect.apply(connect, this, args) as net.Socket;
} as typeof connect;

afterAll(() => {
  net.Socket.prototype.connect = connect;
});
