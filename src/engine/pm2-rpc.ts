// Speaks to a running PM2 daemon over the socket in its home, as PM2's own command line does (pm2/lib/Client.js: axon messages, framed
// by AMP). Not through that command line: it would start a daemon where none runs, needs to be on the PATH, and takes a Node to start.
// Opens one connection a call and closes it. PM2 7 was tried; the frames are those of axon since 2014.
import { connect } from 'node:net';
import path from 'node:path';
import type { Pm2Port, TimersPort } from '../contract/ports.ts';

/** A stop waits for the app: `kill_timeout` is 1600 ms by default and often set to some 10 s. */
const TIMEOUT_MS = 30_000;
/** Every app comes with its whole environment; more than this is no answer. */
const ANSWER_MAX_BYTES = 16 * 1_024 * 1_024;
const VERSION = 1;

export function createPm2Port(timers: TimersPort): Pm2Port {
  return {
    call: (home, method, args) =>
      new Promise((resolve, reject) => {
        const socket = connect(path.join(home, 'rpc.sock'));
        let received = Buffer.alloc(0);
        const cancel = timers.after(TIMEOUT_MS, () => end(new Error(`PM2 did not answer within ${TIMEOUT_MS / 1_000} s`)));
        const end = (error: Error | undefined, value?: unknown): void => {
          cancel();
          socket.destroy();
          if (error) reject(error);
          else resolve(value);
        };
        socket.on('connect', () => socket.write(frame([{ type: 'call', method, args: [args] }, 'jarvis-health:0'])));
        socket.on('error', end);
        socket.on('close', () => end(new Error('PM2 closed the connection without an answer')));
        socket.on('data', (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          if (received.length > ANSWER_MAX_BYTES) return end(new Error('The answer of PM2 is too long'));
          try {
            const answer = unframe(received);
            if (!answer) return;
            if (typeof answer.error === 'string') end(new Error(answer.error));
            else end(undefined, answer.args?.[0]);
          } catch (error) {
            end(error instanceof Error ? error : new Error(String(error)));
          }
        });
      }),
  };
}

/** A message of AMP: version and count of parts in one byte, then each part with its length before it. */
function frame(parts: readonly [object, string]): Buffer {
  const bodies = [Buffer.from(`j:${JSON.stringify(parts[0])}`), Buffer.from(`s:${parts[1]}`)];
  const sized = bodies.flatMap((body) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return [size, body];
  });
  return Buffer.concat([Buffer.from([(VERSION << 4) | bodies.length]), ...sized]);
}

/** The first part of a whole message; undefined while it has not all arrived. */
function unframe(bytes: Buffer): { error?: unknown; args?: readonly unknown[] } | undefined {
  if (bytes.length < 5) return undefined;
  const size = bytes.readUInt32BE(1);
  if (bytes.length < 5 + size) return undefined;
  const part = bytes.subarray(5, 5 + size).toString('utf8');
  if (!part.startsWith('j:')) throw new Error('PM2 answered in a way that is not known');
  return JSON.parse(part.slice(2)) as { error?: unknown; args?: readonly unknown[] };
}
