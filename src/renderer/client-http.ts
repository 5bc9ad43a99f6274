// The HTTP transport: same origin, the addresses of contract/routes.ts, server-sent events with reconnection.
// A stream that says nothing is asked whether the engine still lives, so that a frozen engine is noticed too.
import { HealthError } from '../contract/errors.ts';
import type { OperationOutput } from '../contract/operations.ts';
import { ROUTES, requestOf } from '../contract/routes.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { asHealthError, type Client, type LinkState, type ProblemBody } from './client.ts';
import { takeKnown } from './known.ts';

const EVENTS = '/api/v1/events';
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** After so long without a word the engine is asked; it has this long to answer. */
const SILENCE_MS = 20_000;
const ANSWER_MS = 5_000;
const OPENING_MS = 6_000;
/** A hidden page gives its stream back (browsers allow six connections to one address) and looks now and then. */
const HIDDEN_AFTER_MS = 10_000;
const HIDDEN_POLL_MS = 15_000;

export function createHttpClient(): Client {
  const ask: Client['ask'] = async (name, input) => {
    const { method, target, body: sent } = requestOf(name, input);
    const body = await send(target, {
      method,
      ...(sent === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: sent }),
    });
    return body as OperationOutput<typeof name>;
  };

  return { ask, events: (onSnapshot, onState) => follow(onSnapshot, onState, () => status()) };
}

async function status(): Promise<Snapshot> {
  return (await send(ROUTES.status.path, { method: 'GET', signal: AbortSignal.timeout(ANSWER_MS) })) as Snapshot;
}

async function send(path: string, init: RequestInit): Promise<unknown> {
  const brought = init.method === 'GET' ? takeKnown(path) : undefined;
  if (brought !== undefined) return brought;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store' });
    text = await response.text();
  } catch (cause) {
    throw new HealthError('no-engine', 'The engine does not answer.', { hint: 'It may be restarting. Try again in a moment.', cause });
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new HealthError(
      response.status === 401 ? 'unauthorized' : 'internal',
      `The engine answered ${response.status}, and not with JSON.`,
    );
  }
  if (response.ok) return body;
  const problem = body as ProblemBody;
  throw asHealthError(response.status === 401 ? { ...problem, title: 'unauthorized' } : problem, `The engine answered ${response.status}.`);
}

function follow(onSnapshot: (s: Snapshot) => void, onState: (state: LinkState) => void, look: () => Promise<Snapshot>): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let isOver = false;

  function later(ms: number, then: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  }
  function heard(snapshot?: Snapshot): void {
    if (isOver) return;
    tries = 0;
    onState({ kind: 'live' });
    if (snapshot) onSnapshot(snapshot);
    clearTimeout(silence);
    silence = setTimeout(() => void verify(), SILENCE_MS);
  }
  function shut(): void {
    clearTimeout(silence);
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }
  /** Asks, because a broken stream does not say why; a 401 will not mend itself. */
  async function verify(): Promise<boolean> {
    try {
      heard(await look());
      return true;
    } catch (error) {
      if (isOver) return false;
      if (error instanceof HealthError && error.code === 'unauthorized') {
        shut();
        onState({ kind: 'unauthorized' });
      } else lose();
      return false;
    }
  }
  function lose(): void {
    shut();
    const waitMs = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] as number;
    tries += 1;
    onState({ kind: 'lost', nextTryAtMs: Date.now() + waitMs, retry: open });
    later(waitMs, open);
  }
  function open(): void {
    if (isOver) return;
    shut();
    const stream = new EventSource(EVENTS);
    source = stream;
    // A frozen engine takes the connection and never answers it.
    silence = setTimeout(
      () => void verify().then((isThere) => isThere && source === stream && stream.readyState !== EventSource.OPEN && open()),
      OPENING_MS,
    );
    const take = (event: MessageEvent<string>) => {
      if (source !== stream) return;
      try {
        heard(JSON.parse(event.data) as Snapshot);
      } catch {
        // Not a snapshot: still a sign of life.
        heard();
      }
    };
    stream.addEventListener('message', take);
    stream.addEventListener('snapshot', take);
    stream.addEventListener('beat', () => source === stream && heard());
    stream.addEventListener('error', () => {
      if (source !== stream) return;
      shut();
      // Told apart by asking: an engine that answers though its stream ended is only reconnected.
      void verify().then((isThere) => isThere && later(RETRY_MS[Math.min(tries, 2)] as number, open));
    });
  }
  async function pollWhileHidden(): Promise<void> {
    if (!document.hidden || isOver) return;
    shut();
    await verify();
    if (document.hidden) later(HIDDEN_POLL_MS, () => void pollWhileHidden());
  }
  function onVisibility(): void {
    if (document.hidden) later(HIDDEN_AFTER_MS, () => void pollWhileHidden());
    else open();
  }

  onState({ kind: 'connecting' });
  document.addEventListener('visibilitychange', onVisibility);
  addEventListener('online', open);
  const brought = takeKnown(ROUTES.status.path);
  if (brought) onSnapshot(brought as Snapshot);
  open();
  return () => {
    isOver = true;
    shut();
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('online', open);
  };
}
