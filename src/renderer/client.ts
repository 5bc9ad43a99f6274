// How the window asks the engine and follows it: one interface, two transports (HTTP in a browser, a bridge in Electron).
// Every failure is a HealthError; the stream reconnects by itself and says how it stands. Knows no view.
import { type ErrorCode, HealthError } from '../contract/errors.ts';
import type { OperationInput, OperationOutput } from '../contract/operations.ts';
import { FIRST_VIEW, type OperationName, ROUTES, requestOf } from '../contract/routes.ts';
import type { ShellName, ShellOffers } from '../contract/shell.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { createHttpClient } from './client-http.ts';
import { takeKnown } from './known.ts';

/** How the stream of snapshots stands. `lost`: what is shown is old; `retry` tries at once; `why` where that is known. */
export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly nextTryAtMs: number; readonly retry: () => void; readonly why?: string | undefined }
  | { readonly kind: 'unauthorized' };

export interface Client {
  /** Rejects with a HealthError: the engine's own, `no-engine` when nobody answers, `unauthorized` when not signed in. */
  ask<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationOutput<N>>;
  /** Follows the engine until the returned function is called. */
  events(onSnapshot: (snapshot: Snapshot) => void, onState: (state: LinkState) => void): () => void;
}

/** What an error looks like on the wire (RFC 9457, section 7 of the product's contract). */
export interface ProblemBody {
  readonly title?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly details?: Record<string, unknown>;
}

type BridgeAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: ProblemBody };
/** What the preload script offers in Electron. Errors do not survive that border as errors, so they come as values. */
interface Bridge {
  ask(name: string, input: unknown): Promise<BridgeAnswer>;
  shell(name: ShellName, input: unknown): Promise<BridgeAnswer>;
  /** null: the app has no engine. */
  onSnapshot(tell: (snapshot: Snapshot | null) => void): () => void;
}

/** How often the app tries to have an engine (src/main/host.ts), and tells of it. */
const APP_TRIES_MS = 5_000;

export function asHealthError(body: ProblemBody, fallback: string): HealthError {
  return new HealthError((body.title ?? 'internal') as ErrorCode, body.detail ?? fallback, {
    ...(body.hint ? { hint: body.hint } : {}),
    ...(body.details ? { details: body.details } : {}),
  });
}

function createBridgeClient(bridge: Bridge): Client {
  return {
    async ask(name, input) {
      const brought = name in FIRST_VIEW ? takeKnown(requestOf(name, input).target) : undefined;
      if (brought !== undefined) return brought as OperationOutput<typeof name>;
      const answer = await bridge.ask(name, input);
      if (!answer.ok) throw asHealthError(answer.problem, 'The engine refused.');
      return answer.value as OperationOutput<typeof name>;
    },
    events(onSnapshot, onState) {
      onState({ kind: 'connecting' });
      const brought = takeKnown(ROUTES.status.path);
      if (brought) onSnapshot(brought as Snapshot);
      const heard = (snapshot: Snapshot): void => {
        onState({ kind: 'live' });
        onSnapshot(snapshot);
      };
      /** Why there is none is in its answer. */
      const look = async (): Promise<void> => {
        const answer = await bridge.ask('status', {});
        if (answer.ok) return heard(answer.value as Snapshot);
        onState({ kind: 'lost', nextTryAtMs: Date.now() + APP_TRIES_MS, retry: look, why: answer.problem.detail });
      };
      return bridge.onSnapshot((snapshot) => (snapshot ? heard(snapshot) : void look()));
    },
  };
}

const bridge = (globalThis as { jarvis?: Bridge }).jarvis;

function shellOf(bridge: Bridge) {
  return async <N extends ShellName>(name: N, input?: ShellOffers[N]['input']): Promise<ShellOffers[N]['output']> => {
    const answer = await bridge.shell(name, input);
    if (!answer.ok) throw asHealthError(answer.problem, 'The app refused.');
    return answer.value as ShellOffers[N]['output'];
  };
}

/** The app around this window; undefined in a browser. */
export const shell = bridge && shellOf(bridge);
/** The one client of this window. */
export const client: Client = bridge ? createBridgeClient(bridge) : createHttpClient();
