// Asks the engine that owns the home; where none runs, opens the home's files for the length of one command (PRODUCT section 6).
import { createClient } from '../api/client.ts';
import { HealthError } from '../contract/errors.ts';
import type { OperationInput, OperationOutput, Operations } from '../contract/operations.ts';
import type { OperationName } from '../contract/routes.ts';
import { socketOf } from '../engine/address.ts';

export type Ask = <N extends OperationName>(name: N, input: OperationInput<N>) => Promise<OperationOutput<N>>;
export interface Asking {
  readonly ask: Ask;
  /** Nobody runs: the files answer. */
  readonly isOffline: boolean;
  close(): Promise<void>;
}

/** Only a running engine. Rejects `no-engine`. */
export async function onlyEngine(home: string): Promise<Ask> {
  const address = await socketOf(home);
  return createClient(address).ask;
}

/** Longer than an engine needs to open its socket, or than another command that only looks needs the files. */
const TURN_MS = 30_000;
const LOOK_MS = 50;

/** The running engine, else the files. Where another command has the files at this moment, or an engine is on its way up,
 * it waits its turn; rejects `home-owned` when that takes too long. */
export async function engineOrFiles(home: string, version: string): Promise<Asking> {
  const ask = await onlyEngine(home);
  const until = performance.now() + TURN_MS;
  for (;;) {
    if (await isUp(ask)) return { ask, isOffline: false, close: async () => undefined };
    const { openEngine } = await import('../engine/engine.ts');
    try {
      const engine = await openEngine({ home, mode: 'once', version });
      return { ask: offline(engine.operations), isOffline: true, close: () => engine.close() };
    } catch (error) {
      if (!(error instanceof HealthError && error.code === 'home-owned') || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function isUp(ask: Ask): Promise<boolean> {
  try {
    await ask('alerts', {});
    return true;
  } catch (error) {
    if (error instanceof HealthError && error.code === 'no-engine') return false;
    throw error;
  }
}

/** The same limits as an engine that is asked over its socket. */
function offline(operations: Operations): Ask {
  return (async (name, input) => {
    const { inputOf } = await import('../api/input.ts');
    return (operations[name] as (value: unknown) => Promise<unknown>)(inputOf(name, input));
  }) as Ask;
}
