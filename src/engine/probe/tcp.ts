// Looks whether a TCP port accepts connections: connects, and closes at once. Sends and reads nothing.
// It is the cheapest probe and must stay so (bench/tcp-checks.ts): sockets are used again, looks that begin together share
// one timer and one listener of the signal, and it needs no guard of `look`.
import net from 'node:net';
import type { CheckOf } from '../../contract/config.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { durationText } from '../../contract/units.ts';
import { onAbort } from './abort.ts';
import type { Finding } from './finding.ts';
import { findingOf } from './system-error.ts';

/** Remembered between looks: what the last one found, when it was answered. */
const WELL = 'tcp-well';
/** Idle sockets kept for the next looks: more than connect at once where a thousand services are looked at each second. */
const MOST_IDLE = 256;

export type Connect = (options: net.TcpNetConnectOpts) => net.Socket;

/** A socket and the look that it makes, if any. A socket that was answered and has closed connects again for another look, as
 * `socket.connect` allows after 'close': to make a new one with its listeners is a fifth of what `net.connect` costs. */
interface Caller {
  readonly socket: net.Socket;
  look: Look | undefined;
  isUsedAgain: boolean;
}
interface Look {
  readonly check: CheckOf<'tcp'>;
  readonly ctx: ProbeContext;
  readonly burst: Burst;
  readonly resolve: (finding: Finding) => void;
}
/** Looks that begin in one turn of the event loop, with the same time: a timer for each would cost as much as all else here. */
interface Burst {
  readonly timeoutMs: number;
  readonly timers: ProbeContext['timers'];
  readonly signal: AbortSignal;
  readonly callers: Caller[];
  left: number;
  close: () => void;
}

const idle: Caller[] = [];
/** The one that looks may still join. */
let beginning: Burst | undefined;

/** Never later than `timeoutMs`; ends early as `cut-short` when the context's signal aborts. */
export function probeTcp(check: CheckOf<'tcp'>, ctx: ProbeContext, connect?: Connect): Promise<Finding> {
  return new Promise((resolve) => {
    const { host, port } = check;
    // A literal address needs no race between address families, and no name to be found; a name like localhost may.
    const isLiteral = net.isIP(host) !== 0;
    const options = { host, port, autoSelectFamily: !isLiteral };
    const caller = connect ? newCaller(connect(options), false) : callerFor(options, isLiteral);
    const burst = join(ctx, check.timeoutMs);
    burst.callers.push(caller);
    burst.left += 1;
    caller.look = { check, ctx, burst, resolve };
  });
}

function callerFor(options: net.TcpNetConnectOpts, isLiteral: boolean): Caller {
  const caller = (isLiteral ? idle.pop() : undefined) ?? newCaller(new net.Socket(), isLiteral);
  caller.socket.connect(options);
  return caller;
}

function newCaller(socket: net.Socket, isUsedAgain: boolean): Caller {
  const caller: Caller = { socket, look: undefined, isUsedAgain };
  socket.on('connect', () => connected(caller));
  socket.on('error', (error) => caller.look && end(caller, findingOf(error, where(caller.look.check))));
  socket.on('close', () => {
    if (caller.isUsedAgain && idle.length < MOST_IDLE) idle.push(caller);
  });
  return caller;
}

function connected(caller: Caller): void {
  if (!caller.look) return;
  const { check, ctx } = caller.look;
  // Asking the socket for its own port costs as much as all else here: only where the last look was not well. A service
  // that ends between two looks is then called well once more by one chance in thousands, and only for that look.
  let found = ctx.memory.get(WELL) as Finding | undefined;
  if (!found && isConnectedToItself(caller.socket, check.port)) {
    end(caller, { level: 'error', reason: 'refused', message: `Connection refused ${where(check)}` });
    return;
  }
  if (!found) {
    found = { level: 'ok', reason: 'answered', message: `Accepts connections ${where(check)}` };
    ctx.memory.set(WELL, found);
  }
  end(caller, found);
}

/** An orderly close, not a reset: a reset is an error in the accepting program (ECONNRESET), and one without a
 * handler for it would be killed by being looked at. The price, a minute of TIME_WAIT, is small: a loopback
 * pair in it is used again by Linux (tcp_tw_reuse 2, default), and the pile belongs to one target port each. */
function end(caller: Caller, finding: Finding): void {
  const { look } = caller;
  if (!look) return;
  caller.look = undefined;
  if (finding.level !== 'ok') {
    look.ctx.memory.delete(WELL);
    caller.isUsedAgain = false;
  }
  look.burst.left -= 1;
  if (look.burst.left === 0) look.burst.close();
  caller.socket.destroy();
  look.resolve(finding);
}

function join({ timers, signal }: ProbeContext, timeoutMs: number): Burst {
  const known = beginning;
  if (known && known.timeoutMs === timeoutMs && known.timers === timers && known.signal === signal) return known;
  const burst: Burst = { timeoutMs, timers, signal, callers: [], left: 0, close: () => {} };
  const cancelTimer = timers.after(timeoutMs, () =>
    endAll(burst, ({ check }) => ({
      level: 'error',
      reason: 'timed-out',
      message: `No answer within ${durationText(timeoutMs)} ${where(check)}`,
    })),
  );
  const forget = onAbort(signal, () => endAll(burst, () => ({ level: 'unknown', reason: 'cut-short', message: 'The look was cut short' })));
  const isFull = () => {
    if (beginning === burst) beginning = undefined;
  };
  burst.close = () => {
    isFull();
    cancelTimer();
    forget();
  };
  beginning = burst;
  queueMicrotask(isFull);
  return burst;
}

/** All of them that are still under way: a caller may be at another look by now. */
function endAll(burst: Burst, findingOf: (look: Look) => Finding): void {
  for (const caller of burst.callers) if (caller.look?.burst === burst) end(caller, findingOf(caller.look));
}

function where(check: CheckOf<'tcp'>): string {
  return check.host === '127.0.0.1' ? `on port ${check.port}` : `on port ${check.port} of ${check.host}`;
}

/** On loopback the system may choose the very port it connects to as its own: then TCP connects the socket to itself
 * though nobody listens (RFC 9293 section 3.5, simultaneous open). It would call a dead service well. */
function isConnectedToItself(socket: net.Socket, port: number): boolean {
  return socket.localPort === port && socket.localAddress === socket.remoteAddress;
}
