// Keeps the agent's queue swept while the engine runs.
import type { TimersPort } from '../contract/ports.ts';
import type { AgentQueue } from './tell/agent-queue.ts';

const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/** Claims expire and done alerts leave by time alone. Returns how to stop. */
export function sweepQueue(queue: AgentQueue, timers: TimersPort): () => void {
  let isOver = false;
  let cancel: (() => void) | undefined;
  const plan = (): void => {
    if (isOver) return;
    const inMs = queue.nextSweepMs();
    cancel = timers.after(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, inMs ?? LONGEST_MS)), () => {
      void queue
        .sweep()
        .catch(() => undefined)
        .then(plan);
    });
  };
  plan();
  return () => {
    isOver = true;
    cancel?.();
  };
}
