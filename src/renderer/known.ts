// What the page brought along of the answers that its first view asks for. Each is used once, and by the first view alone: who asks later
// wants newer news. Counted from when the scripts run, however late they came: the stream tells at once what has changed since.
import { KNOWN_ID } from '../contract/routes.ts';

const KNOWN_MS = 3_000;
const startedAtMs = performance.now();
let known: Record<string, unknown> | undefined;

/** By the target of the request (contract/routes.ts); undefined: it must be asked for. */
export function takeKnown(target: string): unknown {
  if (performance.now() - startedAtMs > KNOWN_MS) return undefined;
  known ??= JSON.parse(document.getElementById(KNOWN_ID)?.textContent || '{}') as Record<string, unknown>;
  const value = known[target];
  delete known[target];
  return value;
}
