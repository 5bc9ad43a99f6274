// What is loaded when it is first needed (docs/decisions/0004-memory.md). Touches nothing.

/** Loads once. What could not be loaded, for want of handles say, is loaded the next time. */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}
