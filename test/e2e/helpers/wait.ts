// Waits for a condition, never for a time.

const PATIENCE_MS = 40_000;
const LOOK_MS = 25;

/** The first answer that is neither undefined nor false; errors count as not yet. Rejects with `what`, and the last error. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + patienceMs;
  let last: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  } while (performance.now() < end);
  throw new Error(`Not within ${patienceMs / 1_000} s: ${what}`, { cause: last });
}
