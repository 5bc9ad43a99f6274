// Looks whether a TCP port accepts connections: connects, and closes at once. Sends and reads nothing.
// It is the cheapest probe and must stay so (bench/tcp-probe.ts): beside `net.connect` it makes one promise and a
// few small objects, keeps its time by the socket's own timeout, and needs no guard of `look`.
import net from 'node:net';
import type { CheckOf } from '../../contract/config.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { durationText } from '../../contract/units.ts';
import { onAbort } from './abort.ts';
import type { Finding } from './finding.ts';
import { findingOf } from './system-error.ts';

/** Remembered between looks: the last one was answered. */
const WELL = 'tcp-well';

export type Connect = (options: net.TcpNetConnectOpts) => net.Socket;

/** Never later than `timeoutMs`; ends early as `cut-short` when the context's signal aborts. */
export function probeTcp(check: CheckOf<'tcp'>, ctx: ProbeContext, connect: Connect = net.connect): Promise<Finding> {
  return new Promise((resolve) => {
    const { host, port } = check;
    const socket = connect({
      host,
      port,
      timeout: check.timeoutMs,
      // A literal address needs no race between address families; a name like localhost may.
      autoSelectFamily: net.isIP(host) === 0,
    });
    // An orderly close, not a reset: a reset is an error in the accepting program (ECONNRESET), and one without a
    // handler for it would be killed by being looked at. The price, a minute of TIME_WAIT, is small: a loopback
    // pair in it is used again by Linux (tcp_tw_reuse 2, default), and the pile belongs to one target port each.
    const end = (finding: Finding) => {
      forget();
      if (finding.level !== 'ok') ctx.memory.delete(WELL);
      socket.destroy();
      resolve(finding);
    };
    const forget = onAbort(ctx.signal, () => end({ level: 'unknown', reason: 'cut-short', message: 'The look was cut short' }));
    socket.on('connect', () => {
      // Asking the socket for its own port costs as much as all else here: only where the last look was not well. A service
      // that ends between two looks is then called well once more by one chance in thousands, and only for that look.
      if (ctx.memory.get(WELL) !== true && isConnectedToItself(socket, port)) {
        end({ level: 'error', reason: 'refused', message: `Connection refused ${where(check)}` });
        return;
      }
      ctx.memory.set(WELL, true);
      end({ level: 'ok', reason: 'answered', message: `Accepts connections ${where(check)}` });
    });
    socket.on('timeout', () =>
      end({ level: 'error', reason: 'timed-out', message: `No answer within ${durationText(check.timeoutMs)} ${where(check)}` }),
    );
    socket.on('error', (error) => end(findingOf(error, where(check))));
  });
}

function where(check: CheckOf<'tcp'>): string {
  return check.host === '127.0.0.1' ? `on port ${check.port}` : `on port ${check.port} of ${check.host}`;
}

/** On loopback the system may choose the very port it connects to as its own: then TCP connects the socket to itself
 * though nobody listens (RFC 9293 section 3.5, simultaneous open). It would call a dead service well. */
function isConnectedToItself(socket: net.Socket, port: number): boolean {
  return socket.localPort === port && socket.localAddress === socket.remoteAddress;
}
