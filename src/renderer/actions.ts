// What was pressed on which service and what came of it. An action can run once at a time per service; its result stays where
// it was pressed. A repair's result follows the attempt to its outcome. Touches the client.
import type { OperationName } from '../contract/routes.ts';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { client } from './client.ts';
import { asError, createCell, live, useCell } from './store.ts';
import { pointText } from './time-words.ts';
import { attemptText, doing } from './words.ts';

export type ActionName = Extract<OperationName, 'check' | 'heal' | 'pause' | 'resume' | 'ack' | 'start' | 'stop' | 'freePort'>;
interface ActionInput {
  readonly forMs?: number;
  /** Whom the person saw at the port. */
  readonly pid?: number;
}
interface ActionResult {
  readonly kind: 'ok' | 'error' | 'busy' | 'note';
  readonly text: string;
  readonly hint?: string | undefined;
  /** The attempt whose outcome is awaited. */
  readonly attempt?: string | undefined;
}
interface ActionState {
  readonly pending: ActionName | undefined;
  readonly result: ActionResult | undefined;
}
const IDLE: ActionState = { pending: undefined, result: undefined };

const states = createCell<Readonly<Record<string, ActionState>>>({});

function put(id: string, state: ActionState): void {
  states.set({ ...states.get(), [id]: state });
}
export function useAction(id: string): ActionState {
  return useCell(states, (all) => all[id] ?? IDLE);
}
export function dismiss(id: string): void {
  put(id, { ...(states.get()[id] ?? IDLE), result: undefined });
}
export function note(id: string, text: string): void {
  put(id, { ...(states.get()[id] ?? IDLE), result: { kind: 'note', text } });
}

/** Does it once: a second press while the first is under way does nothing. */
export async function act(id: string, name: ActionName, input: ActionInput = {}): Promise<void> {
  if (states.get()[id]?.pending) return;
  put(id, { pending: name, result: undefined });
  try {
    put(id, { pending: undefined, result: await carryOut(id, name, input) });
    settleAttempts(live.get().snapshot);
  } catch (cause) {
    const error = asError(cause);
    put(id, { pending: undefined, result: { kind: 'error', text: error.message, hint: error.hint } });
  }
}

async function carryOut(id: string, name: ActionName, input: ActionInput): Promise<ActionResult> {
  switch (name) {
    case 'heal':
    case 'start': {
      const attempt = await client.ask(name, { id });
      if (attempt.outcome === null)
        return { kind: 'busy', text: `${doing(name === 'start' ? 'start' : attempt.remedy)}…`, attempt: attempt.attempt };
      return outcomeOf(attempt);
    }
    case 'check': {
      const view = await client.ask('check', { id });
      return { kind: 'ok', text: `Looked just now: ${sentence(view)}` };
    }
    case 'pause': {
      const view = await client.ask('pause', { id, ...(input.forMs === undefined ? {} : { forMs: input.forMs }) });
      return {
        kind: 'ok',
        text: view.pausedUntil ? `Paused until ${pointText(view.pausedUntil, Date.now())}.` : 'Paused until you resume it.',
      };
    }
    case 'resume':
      await client.ask('resume', { id });
      return { kind: 'ok', text: 'Watched again.' };
    case 'ack':
      await client.ask('ack', { id });
      return { kind: 'ok', text: 'Acknowledged. It stays quiet until it is well again.' };
    case 'freePort': {
      const freed = await client.ask('freePort', { id, ...(input.pid === undefined ? {} : { pid: input.pid }) });
      return { kind: 'ok', text: freed.message };
    }
    case 'stop':
      await client.ask('stop', { id });
      return { kind: 'ok', text: 'Stopped. It stays so until you start it.' };
  }
}

function sentence(view: ServiceView): string {
  const text = view.message.replace(/[.\s]+$/u, '');
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}.`;
}

type Outcome = Parameters<typeof attemptText>[0];
function outcomeOf(attempt: Outcome): ActionResult {
  const kind = attempt.outcome === 'succeeded' ? 'ok' : attempt.outcome === 'dry-run' ? 'note' : 'error';
  return { kind, text: `${attemptText(attempt)}.` };
}

/** The outcome of an awaited attempt comes with a later snapshot. */
function settleAttempts(snapshot: Snapshot | undefined): void {
  for (const view of snapshot?.services ?? []) {
    const state = states.get()[view.id];
    const last = view.lastAttempt;
    if (!state?.result?.attempt || !last || last.outcome === null || last.id !== state.result.attempt) continue;
    put(view.id, { ...state, result: outcomeOf({ ...last }) });
  }
}
live.subscribe(() => settleAttempts(live.get().snapshot));
