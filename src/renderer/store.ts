// What the window knows: the last snapshot, how the link stands, and what the views have asked for. One owner tells all
// components; a component renders again only when the part that it reads has changed. Touches the client, no view.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { HealthError } from '../contract/errors.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { client, type LinkState } from './client.ts';

interface Live {
  readonly snapshot: Snapshot | undefined;
  readonly link: LinkState;
  /** When the engine was last heard of. */
  readonly heardAtMs: number;
  /** How often the link has come back: questions that were answered before it are asked again. */
  readonly epoch: number;
  /** The engine was away and is there again: when it came back. */
  readonly backAtMs: number | undefined;
}

/** A value that components follow. */
export interface Cell<T> {
  get(): T;
  set(next: T): void;
  subscribe(tell: () => void): () => void;
}
export function createCell<T>(first: T): Cell<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const tell of [...listeners]) tell();
    },
    subscribe(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
  };
}

/** The part of a cell that `pick` takes out. */
export function useCell<T, P>(cell: Cell<T>, pick: (value: T) => P): P {
  const [, force] = useState(0);
  const picked = pick(cell.get());
  useEffect(() => {
    let last = pick(cell.get());
    if (!Object.is(last, picked)) force((n) => n + 1);
    return cell.subscribe(() => {
      const next = pick(cell.get());
      if (Object.is(next, last)) return;
      last = next;
      force((n) => n + 1);
    });
  });
  return picked;
}

export const live = createCell<Live>({ snapshot: undefined, link: { kind: 'connecting' }, heardAtMs: 0, epoch: 0, backAtMs: undefined });

export function useLive<P>(pick: (live: Live) => P): P {
  return useCell(live, pick);
}

/** Begins to follow the engine; for the life of the page. */
export function followEngine(): void {
  client.events(
    (snapshot) => {
      const old = live.get();
      const isOlder = old.snapshot?.engine?.startedAt === snapshot.engine?.startedAt && snapshot.rev < (old.snapshot?.rev ?? 0);
      live.set({ ...old, snapshot: isOlder ? old.snapshot : snapshot, heardAtMs: Date.now() });
    },
    (link) => {
      const old = live.get();
      const cameBack = link.kind === 'live' && (old.link.kind === 'lost' || old.link.kind === 'unauthorized');
      if (link.kind === 'live' && old.link.kind === 'live') return live.set({ ...old, heardAtMs: Date.now() });
      live.set({
        ...old,
        link,
        epoch: old.epoch + (cameBack ? 1 : 0),
        backAtMs: cameBack ? Date.now() : old.backAtMs,
        heardAtMs: link.kind === 'live' ? Date.now() : old.heardAtMs,
      });
    },
  );
}

export type Answer<T> =
  | { readonly kind: 'loading'; readonly last: T | undefined }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: HealthError; readonly last: T | undefined };

/** What was asked before the view that shows it was there, and its answer when it has come. Each is used once. */
const ahead = new Map<string, { readonly promise: Promise<unknown>; value?: { readonly is: unknown } }>();

/** Asks now what `useAnswer` will ask for by the same key. Resolves when it is answered, also by an error. */
export function askAhead(key: string, ask: () => Promise<unknown>): Promise<void> {
  const entry: { promise: Promise<unknown>; value?: { is: unknown } } = { promise: ask() };
  ahead.set(key, entry);
  return entry.promise.then(
    (is) => {
      entry.value = { is };
    },
    () => undefined, // told by whoever shows it
  );
}

/** What `useAnswer` will ask for by the same key is known already. */
export function putAhead(key: string, value: unknown): void {
  ahead.set(key, { promise: Promise.resolve(value), value: { is: value } });
}
export function forget(key: string): void {
  ahead.delete(key);
}

/** The first news of the engine: its snapshot, or that it can't be had. */
export function firstNews(): Promise<void> {
  return new Promise((resolve) => {
    const stop = live.subscribe(() => {
      const { snapshot, link } = live.get();
      if (!snapshot && (link.kind === 'connecting' || link.kind === 'live')) return;
      stop();
      resolve();
    });
  });
}

/** Asks when `key` changes and after every reconnection; what was known stays visible meanwhile. `keep`: also when the key changes.
 * Without `ask` there is nothing to ask: it stays `loading`, and nothing is rendered again. */
export function useAnswer<T>(key: string, ask: (() => Promise<T>) | undefined, keep = false): { answer: Answer<T>; again: () => void } {
  const epoch = useLive((now) => now.epoch);
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ key: string; answer: Answer<T> }>(() => {
    const known = ahead.get(key)?.value;
    return { key, answer: known ? { kind: 'ready', value: known.is as T } : { kind: 'loading', last: undefined } };
  });
  // Before the picture is painted, not after it: the answer is what is waited for.
  useLayoutEffect(() => {
    let isCurrent = true;
    const asked = ahead.get(key);
    ahead.delete(key);
    const promise = (asked?.promise as Promise<T> | undefined) ?? ask?.();
    if (asked?.value || !promise) return;
    promise.then(
      (value) => isCurrent && setState({ key, answer: { kind: 'ready', value } }),
      (error: unknown) =>
        isCurrent &&
        setState((old) => ({
          key,
          answer: { kind: 'failed', error: asError(error), last: keep || old.key === key ? knownOf(old.answer) : undefined },
        })),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, epoch, round]);
  const answer: Answer<T> = state.key === key ? state.answer : { kind: 'loading', last: keep ? knownOf(state.answer) : undefined };
  return { answer, again: () => setRound((n) => n + 1) };
}

export function knownOf<T>(answer: Answer<T>): T | undefined {
  return answer.kind === 'ready' ? answer.value : answer.last;
}

export function asError(error: unknown): HealthError {
  return error instanceof HealthError ? error : new HealthError('internal', error instanceof Error ? error.message : String(error));
}
