// A home that knows what is durable: what was flushed survives a crash, what was not is gone. Writes take time, in the
// order of the real store (intent first), and can fail or be cut off between any two.

import { HealthError } from '../../src/contract/errors.ts';
import type { ServiceState } from '../../src/contract/flow.ts';
import type { JsonFilePort, TimersPort } from '../../src/contract/ports.ts';
import { type Queue, queueSchema } from '../../src/contract/queue.ts';
import type { CoreStore } from '../../src/engine/core.ts';
import { parseAlertFile, parseHealthFile, parseRecoveryFile } from '../../src/engine/keep/state-schema.ts';

type Part = keyof ServiceState;
const PARTS = ['recovery', 'health', 'alert'] as const satisfies readonly Part[];
const PARSE = { recovery: parseRecoveryFile, health: parseHealthFile, alert: parseAlertFile };
const WRITE_MS = 2;

export interface SimHome {
  isFull: boolean;
  /** Bytes on the disk: one text per file. */
  readonly disk: Map<Part | 'queue', string>;
  readonly writes: { state: number; queue: number };
  /** What the queue holds on the disk. */
  queue(): Queue['alerts'];
}

export function createSimHome(): SimHome {
  const disk = new Map<Part | 'queue', string>();
  return {
    isFull: false,
    disk,
    writes: { state: 0, queue: 0 },
    queue: () => (disk.has('queue') ? queueSchema.parse(JSON.parse(disk.get('queue') as string)).alerts : []),
  };
}

/** Called around every effect that a crash may fall before or after. Resolves at once; never, when the engine is dead. */
export type Boundary = (name: string) => Promise<void>;

function fileOf(services: ReadonlyMap<string, unknown>): string {
  const entries = [...services].map(([id, state]) => [id, { seenAt: '2026-03-01T08:00:00.000Z', state }]);
  return JSON.stringify({ version: 1, services: Object.fromEntries(entries) });
}

export function openSimStore(home: SimHome, timers: TimersPort, boundary: Boundary): CoreStore {
  const loaded = new Map<string, Partial<ServiceState>>();
  for (const part of PARTS) {
    const text = home.disk.get(part);
    if (text === undefined) continue;
    for (const [id, { state }] of Object.entries(PARSE[part](JSON.parse(text)).services))
      loaded.set(id, { ...loaded.get(id), [part]: state });
  }
  const memory = new Map<string, Partial<ServiceState>>(loaded);
  let chain: Promise<unknown> = Promise.resolve();
  let shared: Promise<void> | undefined;

  async function write(): Promise<void> {
    shared = undefined;
    const snapshot = PARTS.map(
      (part) =>
        [part, fileOf(new Map([...memory].map(([id, state]) => [id, state[part]]).filter(([, s]) => s) as [string, unknown][]))] as const,
    );
    for (const [part, text] of snapshot) {
      if (home.disk.get(part) === text) continue;
      await boundary(`before ${part}`);
      if (home.isFull) throw new HealthError('home-unusable', 'No space left on the disk');
      await timers.sleep(WRITE_MS);
      home.disk.set(part, text);
      home.writes.state += 1;
      await boundary(`after ${part}`);
    }
  }
  function inTurn(step: () => Promise<void>): Promise<void> {
    const turn = chain.then(step, step);
    chain = turn.catch(() => undefined);
    return turn;
  }
  return {
    loaded,
    put(service, state) {
      memory.set(service, state);
    },
    flush({ urgent = false } = {}) {
      if (urgent) return inTurn(write);
      shared ??= inTurn(async () => {
        await timers.sleep(100);
        await write();
      });
      return shared;
    },
  };
}

export function openSimQueueFile(home: SimHome, timers: TimersPort, boundary: Boundary): JsonFilePort<Queue> {
  return {
    async read() {
      const text = home.disk.get('queue');
      return text === undefined ? undefined : queueSchema.parse(JSON.parse(text));
    },
    async write(value) {
      await boundary('before queue');
      if (home.isFull) throw new HealthError('home-unusable', 'No space left on the disk');
      await timers.sleep(WRITE_MS);
      home.disk.set('queue', JSON.stringify(queueSchema.parse(value)));
      home.writes.queue += 1;
      await boundary('after queue');
    },
  };
}
