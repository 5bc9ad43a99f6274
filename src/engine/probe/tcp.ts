// Looks whether a TCP port accepts connections: connects, and closes at once. Sends and reads nothing.
// It is the cheapest probe and must stay so (bench/tcp-checks.ts): looks that begin together share
// one timer and one listener of the signal, those that are answered together are closed and told together, and it needs no guard of `look`.
import net from 'node:net';
import type { CheckOf } from '../../contract/config.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import type { Moment } from '../../contract/time.ts';
import { durationText } from '../../contract/units.ts';
import { onAbort } from './abort.ts';
import { bareHandles, type Dial, dialByHandle, dialBySocket, type Line } from './dial.ts';
import type { Finding } from './finding.ts';
import { lookupOf } from './localhost.ts';
import { findingOf } from './system-error.ts';

/** Remembered between looks. */
const TARGET = 'tcp-target';

/** `at`: when the answer came, where it is told a moment later. */
export type Found = (finding: Finding, at?: Moment) => void;

/** What is the same at each look of a check. */
interface Target {
  readonly check: CheckOf<'tcp'>;
  readonly options: net.TcpNetConnectOpts;
  readonly dial: Dial;
  /** What the last look found, when it was answered. */
  well: Finding | undefined;
}
interface Look {
  readonly target: Target;
  readonly ctx: ProbeContext;
  readonly burst: Burst;
  readonly found: Found;
  line: Line | undefined;
  /** The answer that waits to be told, and when it came. */
  answer: Finding | undefined;
  answeredAt: Moment | undefined;
  isOver: boolean;
}
/** Looks that begin in one turn of the event loop, with the same time: a timer for each would cost as much as all else here. */
interface Burst {
  readonly timeoutMs: number;
  readonly timers: ProbeContext['timers'];
  readonly signal: AbortSignal;
  readonly looks: Look[];
  left: number;
  close: () => void;
}

/** The one that looks may still join. */
let beginning: Burst | undefined;
let answered: Look[] = [];
/** For literal addresses, of which nearly all are. */
let literal: Dial | undefined;

/** Tells once what it found, never later than `timeoutMs`; early, as `cut-short`, when the context's signal aborts. */
export function probeTcp(check: CheckOf<'tcp'>, ctx: ProbeContext, found: Found, dial?: Dial): void {
  const target = targetOf(check, ctx, dial);
  const burst = join(ctx, check.timeoutMs);
  const look: Look = { target, ctx, burst, found, line: undefined, answer: undefined, answeredAt: undefined, isOver: false };
  burst.looks.push(look);
  burst.left += 1;
  try {
    look.line = target.dial(target.options, (error) => dialled(look, error));
  } catch (error) {
    end(look, findingOf(error, where(check)));
  }
}

function targetOf(check: CheckOf<'tcp'>, { memory }: ProbeContext, dial: Dial | undefined): Target {
  const known = memory.get(TARGET) as Target | undefined;
  if (known?.check === check && (!dial || known.dial === dial)) return known;
  const { host, port } = check;
  // A literal address needs no race between address families, and no name to be found; a name like localhost may.
  const isLiteral = net.isIP(host) !== 0;
  const lookup = lookupOf(host);
  const options = { host, port, autoSelectFamily: !isLiteral, ...(lookup && { lookup }) };
  const target: Target = { check, options, dial: dial ?? (isLiteral ? dialLiteral() : dialBySocket), well: undefined };
  memory.set(TARGET, target);
  return target;
}

function dialLiteral(): Dial {
  if (literal) return literal;
  const handles = bareHandles();
  literal = handles ? dialByHandle(handles) : dialBySocket;
  return literal;
}

function dialled(look: Look, error: Error | undefined): void {
  if (look.isOver || look.answer) return;
  const { target, ctx } = look;
  if (error) {
    end(look, findingOf(error, where(target.check)));
    return;
  }
  // Asking the system for the port of its own costs as much as all else here: only where the last look was not well. A service
  // that ends between two looks is then called well once more by one chance in thousands, and only for that look.
  if (!target.well && look.line?.isToItself()) {
    end(look, { level: 'error', reason: 'refused', message: `Connection refused ${where(target.check)}` });
    return;
  }
  target.well ??= { level: 'ok', reason: 'answered', message: `Accepts connections ${where(target.check)}` };
  look.answer = target.well;
  look.answeredAt = ctx.clock.now();
  if (answered.length === 0) setImmediate(tellAnswered);
  answered.push(look);
}

/** After all answers of this turn have come in: to do the same thing for all of them, one after the other, costs a tenth less than all
 * things for one after the other. An orderly close, not a reset: a reset is an error in the accepting program (ECONNRESET), and one
 * without a handler for it would be killed by being looked at. The price, a minute of TIME_WAIT, is small: a loopback
 * pair in it is used again by Linux (tcp_tw_reuse 2, default), and the pile belongs to one target port each. */
function tellAnswered(): void {
  const looks = answered;
  answered = [];
  for (const { line } of looks) line?.close();
  for (const look of looks) if (look.answer && !look.isOver) over(look, look.answer, look.answeredAt);
  // An array that has become old would keep them for the collector, and a second's looks with them.
  looks.length = 0;
}

function end(look: Look, finding: Finding): void {
  look.target.well = undefined;
  look.line?.close();
  over(look, finding);
}

function over(look: Look, finding: Finding, at?: Moment): void {
  look.isOver = true;
  look.burst.left -= 1;
  if (look.burst.left === 0) look.burst.close();
  look.found(finding, at);
}

function join({ timers, signal }: ProbeContext, timeoutMs: number): Burst {
  const known = beginning;
  if (known && known.timeoutMs === timeoutMs && known.timers === timers && known.signal === signal) return known;
  const burst: Burst = { timeoutMs, timers, signal, looks: [], left: 0, close: () => {} };
  const cancelTimer = timers.after(timeoutMs, () =>
    endAll(burst, (check) => ({
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
    burst.looks.length = 0;
    isFull();
    cancelTimer();
    forget();
  };
  beginning = burst;
  queueMicrotask(isFull);
  return burst;
}

/** All of them that are still under way. */
function endAll(burst: Burst, findingOf: (check: CheckOf<'tcp'>) => Finding): void {
  for (const look of burst.looks) if (!look.isOver) end(look, findingOf(look.target.check));
}

function where(check: CheckOf<'tcp'>): string {
  return check.host === '127.0.0.1' ? `on port ${check.port}` : `on port ${check.port} of ${check.host}`;
}
