// What the page brought along of the answers that its first view asks for. Each is used once, and by the first view alone: who asks later
// wants newer news. Counted from when the scripts run, however late they came: the stream tells at once what has changed since.
import { KNOWN_ID } from '../contract/routes.ts';

const KNOWN_MS = 3_000;
const startedAtMs = performance.now();
let known: Record<string, unknown> | undefined;

/** It does not stay in the page: who signs out, or is signed out, leaves nothing of this machine behind. */
function taken(): Record<string, unknown> {
  const element = document.getElementById(KNOWN_ID);
  element?.remove();
  return JSON.parse(element?.textContent || '{}') as Record<string, unknown>;
}

/** By the target of the request (contract/routes.ts); undefined: it must be asked for. */
export function takeKnown(target: string): unknown {
  if (performance.now() - startedAtMs > KNOWN_MS) return undefined;
  known ??= taken();
  const value = known[target];
  delete known[target];
  return value;
}
