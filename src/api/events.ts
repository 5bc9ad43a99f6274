// Server-sent events: the whole snapshot first, then one for each change (PRODUCT section 7). Each change is serialised once
// for all streams; a client that reads slowly gets only the newest; one that is gone leaves nothing behind.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Snapshot } from '../contract/snapshot.ts';
import type { Engine } from '../engine/engine.ts';

export interface EventHub {
  /** Answers with a stream that ends with its client, or with `close`. */
  connect(request: IncomingMessage, response: ServerResponse): void;
  count(): number;
  close(): void;
}

interface Frame {
  readonly id: string;
  readonly bytes: Buffer;
  readonly madeAtMs: number;
}
interface Stream {
  readonly response: ServerResponse;
  /** Of the snapshot that it was sent last. */
  id: string;
  /** Its buffer is full since then. */
  blockedAtMs: number | undefined;
}

/** Proxies and browsers drop a silent stream after 30 s or more; the window asks after 20. */
const BEAT_MS = 15_000;
/** A client that has not read for so long is not there any more. */
const STUCK_MS = 60_000;
/** Clients that come together share one snapshot. */
const FRESH_MS = 250;
/** A comment for those who only want to know that the line is alive, an event for scripts in a page, which see no comments. */
const BEAT = Buffer.from(': beat\nevent: beat\ndata: {}\n\n');
const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

export function createEventHub(
  engine: Pick<Engine, 'snapshot' | 'subscribe'>,
  { nowMs = () => performance.now(), beatMs = BEAT_MS, stuckMs = STUCK_MS } = {},
): EventHub {
  const streams = new Set<Stream>();
  let newest: Frame | undefined;
  let unsubscribe: (() => void) | undefined;
  let beat: ReturnType<typeof setInterval> | undefined;

  function frameOf(snapshot: Snapshot): Frame {
    const id = idOf(snapshot);
    newest = { id, bytes: Buffer.from(`id: ${id}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`), madeAtMs: nowMs() };
    return newest;
  }
  function send(stream: Stream, frame: Frame): void {
    if (stream.id === frame.id || stream.blockedAtMs !== undefined) return; // a blocked one asks for the newest when it can read again
    stream.id = frame.id;
    write(stream, frame.bytes);
  }
  function write(stream: Stream, bytes: Buffer): void {
    if (stream.response.write(bytes)) return;
    stream.blockedAtMs = nowMs();
    stream.response.once('drain', () => {
      stream.blockedAtMs = undefined;
      if (newest) send(stream, newest);
    });
  }
  function heartbeat(): void {
    const now = nowMs();
    for (const stream of streams) {
      if (stream.blockedAtMs === undefined) write(stream, BEAT);
      else if (now - stream.blockedAtMs > stuckMs) stream.response.destroy();
    }
  }
  function begin(): void {
    newest = undefined;
    unsubscribe = engine.subscribe((snapshot) => {
      const frame = frameOf(snapshot);
      for (const stream of streams) send(stream, frame);
    });
    beat = setInterval(heartbeat, beatMs);
    beat.unref();
  }
  function end(): void {
    unsubscribe?.();
    clearInterval(beat);
    unsubscribe = undefined;
    newest = undefined;
  }

  return {
    connect(request, response) {
      response.writeHead(200, HEAD);
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      if (!unsubscribe) begin();
      const frame = newest && nowMs() - newest.madeAtMs < FRESH_MS ? newest : frameOf(engine.snapshot());
      const stream: Stream = { response, id: String(request.headers['last-event-id'] ?? ''), blockedAtMs: undefined };
      streams.add(stream);
      response.on('error', () => undefined); // a broken line ends in `close`
      response.on('close', () => {
        if (streams.delete(stream) && streams.size === 0) end();
      });
      response.write('retry: 2000\n\n');
      send(stream, frame);
    },
    count: () => streams.size,
    close() {
      for (const { response } of streams) response.end();
    },
  };
}

/** `rev` is counted anew by each engine, so an id names the engine's start too: `42@2026-01-31T08:00:00.000Z`. */
function idOf(snapshot: Snapshot): string {
  return `${snapshot.rev}@${snapshot.engine?.startedAt ?? ''}`;
}
