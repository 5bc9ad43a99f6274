// One listener per signal, however many looks wait on it: ten thousand looks share the engine's own signal, and
// a listener for each would cost more than the connection. Touches nothing else.

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `fn` once when the signal aborts; soon, never within this call, when it already has. The returned function forgets it. */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  if (signal.aborted) {
    let isWanted = true;
    queueMicrotask(() => isWanted && fn());
    return () => {
      isWanted = false;
    };
  }
  let set = waiting.get(signal);
  if (!set) {
    const created = new Set<() => void>();
    set = created;
    waiting.set(signal, created);
    signal.addEventListener('abort', () => {
      waiting.delete(signal);
      for (const call of [...created]) call();
    });
  }
  const own = set;
  own.add(fn);
  return () => {
    own.delete(fn);
  };
}
