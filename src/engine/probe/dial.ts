// One TCP connection that is made only to see that it can be made: nothing is sent over it or read from it. Two ways lead there. A socket
// of `node:net`, used again and again, leads everywhere. A bare handle leads to a literal address for a sixth less CPU, since it has no
// streams and no events (bench/tcp-checks.ts): Node keeps handles for itself (DEP0111), so they are used only in versions of Node
// in which this is known to work, and where they can't be had the other way is as good (docs/decisions/0008-bare-handles.md).
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** Told once, later than the call that dialled, unless the line is closed before. `error`: why there is no connection. */
type Dialled = (error?: NodeJS.ErrnoException) => void;
export interface Line {
  /** In good order, also before there is an answer. */
  close(): void;
  /** On loopback the system may choose the very port it connects to as its own: then TCP connects the socket to itself
   * though nobody listens (RFC 9293 section 3.5, simultaneous open). It would call a dead service well. */
  isToItself(): boolean;
}
export type Dial = (options: net.TcpNetConnectOpts, dialled: Dialled) => Line;
export type Connect = (options: net.TcpNetConnectOpts) => net.Socket;

// ------------------------------------------------------------ sockets
/** Idle sockets kept for the next: more than connect at once where a thousand services are looked at each second. */
const MOST_IDLE = 256;
const idle: SocketLine[] = [];

/** A socket that was connected and has closed connects again, as `socket.connect` allows after 'close': to make a new one with its
 * listeners is a fifth of what `net.connect` costs. */
class SocketLine implements Line {
  readonly #socket: net.Socket;
  #dialled: Dialled | undefined;
  #isUsedAgain = false;

  constructor(socket: net.Socket, mayBeUsedAgain: boolean) {
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isUsedAgain = mayBeUsedAgain;
      this.#dialled?.();
    });
    socket.on('error', (error) => {
      this.#isUsedAgain = false;
      this.#dialled?.(error);
    });
    socket.on('close', () => {
      if (this.#isUsedAgain && idle.length < MOST_IDLE) idle.push(this);
    });
  }
  dial(dialled: Dialled, options?: net.TcpNetConnectOpts): void {
    this.#isUsedAgain = false;
    this.#dialled = dialled;
    if (options) this.#socket.connect(options);
  }
  close(): void {
    this.#dialled = undefined;
    this.#socket.destroy();
  }
  isToItself(): boolean {
    const { localPort, localAddress, remotePort, remoteAddress } = this.#socket;
    // A socket that was reset may have no addresses left.
    return localPort !== undefined && localPort === remotePort && localAddress === remoteAddress;
  }
}

export const dialBySocket: Dial = (options, dialled) => {
  // A name is looked up, and may race between addresses: each has a socket of its own.
  const isLiteral = net.isIP(options.host ?? '') !== 0;
  const line = (isLiteral ? idle.pop() : undefined) ?? new SocketLine(new net.Socket(), isLiteral);
  line.dial(dialled, options);
  return line;
};
/** By sockets that are made, and connect, elsewhere. */
export function dialBy(connect: Connect): Dial {
  return (options, dialled) => {
    const line = new SocketLine(connect(options), false);
    line.dial(dialled);
    return line;
  };
}

// ------------------------------------------------------------ handles
interface Handle {
  connect(request: Request, address: string, port: number): number;
  connect6(request: Request, address: string, port: number): number;
  getsockname(into: Partial<net.AddressInfo>): number;
  getpeername(into: Partial<net.AddressInfo>): number;
  close(): void;
}
interface Request {
  oncomplete?: (this: Request, status: number) => void;
  line?: HandleLine;
}
interface Handles {
  readonly TCP: new (type: number) => Handle;
  readonly TCPConnectWrap: new () => Request;
  readonly constants: { readonly SOCKET: number };
}
/** Majors of Node in which the tests have seen the handles do what is done with them here. */
const KNOWN_MAJORS: ReadonlySet<string> = new Set(['24']);

/** undefined: this Node has none, or not as they are known. */
export function bareHandles(version = process.versions.node, binding: unknown = Reflect.get(process, 'binding')): Handles | undefined {
  if (!KNOWN_MAJORS.has(version.split('.')[0] ?? '') || typeof binding !== 'function') return undefined;
  try {
    const found = Reflect.apply(binding, process, ['tcp_wrap']) as Partial<Handles>;
    const { TCP, TCPConnectWrap, constants } = found;
    const isKnown =
      typeof TCP === 'function' &&
      typeof TCPConnectWrap === 'function' &&
      typeof constants?.SOCKET === 'number' &&
      (['connect', 'connect6', 'getsockname', 'getpeername', 'close'] as const).every((name) => typeof TCP.prototype[name] === 'function');
    return isKnown ? (found as Handles) : undefined;
  } catch {
    return undefined;
  }
}

class HandleLine implements Line {
  readonly #handle: Handle;
  #dialled: Dialled | undefined;

  constructor(handle: Handle, dialled: Dialled) {
    this.#handle = handle;
    this.#dialled = dialled;
  }
  tell(status: number): void {
    this.#dialled?.(status === 0 ? undefined : errorOf(status));
  }
  close(): void {
    if (!this.#dialled) return;
    this.#dialled = undefined;
    this.#handle.close();
  }
  isToItself(): boolean {
    const own: Partial<net.AddressInfo> = {};
    const other: Partial<net.AddressInfo> = {};
    if (this.#handle.getsockname(own) !== 0 || this.#handle.getpeername(other) !== 0) return false;
    return own.port === other.port && own.address === other.address;
  }
}

/** `this` is the request: a function of its own for each would cost a good part of what is spared. */
function completed(this: Request, status: number): void {
  this.line?.tell(status);
}

/** For literal addresses only. */
export function dialByHandle({ TCP, TCPConnectWrap, constants }: Handles): Dial {
  return ({ host = '127.0.0.1', port }, dialled) => {
    const handle = new TCP(constants.SOCKET);
    const line = new HandleLine(handle, dialled);
    try {
      const request = new TCPConnectWrap();
      request.line = line;
      request.oncomplete = completed;
      const status = host.includes(':') ? handle.connect6(request, host, port) : handle.connect(request, host, port);
      if (status !== 0) process.nextTick(() => line.tell(status));
      return line;
    } catch (error) {
      line.close();
      throw error;
    }
  };
}

function errorOf(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`connect ${code}`), { code, errno: status, syscall: 'connect' });
}
