// Asks the engine that owns the home; where none runs, opens the home's files for the length of one command (PRODUCT section 6).
import { createClient } from '../api/client.ts';
import { HealthError } from '../contract/errors.ts';
import type { OperationInput, OperationOutput } from '../contract/operations.ts';
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

/** The running engine, else the files. `isDryRun` holds for the files only. */
export async function engineOrFiles(home: string, version: string): Promise<Asking> {
  const ask = await onlyEngine(home);
  try {
    await ask('alerts', {});
    return { ask, isOffline: false, close: async () => undefined };
  } catch (error) {
    if (!(error instanceof HealthError && error.code === 'no-engine')) throw error;
  }
  const { openEngine } = await import('../engine/engine.ts');
  const engine = await openEngine({ home, mode: 'once', version });
  return {
    ask: ((name, input) => (engine.operations[name] as (value: unknown) => Promise<unknown>)(input)) as Ask,
    isOffline: true,
    close: () => engine.close(),
  };
}
