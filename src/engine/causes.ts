// Why a failing service fails, where something else is the reason (R11): what it depends on by its configuration, and a full disk that it
// lives on. Asks the causes anew before it says so, and knows who waits for which of them. Starts no remedy and tells nobody itself.
import type { ServiceConfig } from '../contract/config.ts';
import type { ClockPort } from '../contract/ports.ts';
import { elapsedMs, type Moment } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { isDown } from './decide/summary.ts';
import type { RoundDepth } from './round-deps.ts';

/** A look that began within the last second is new enough; a dozen children ask at the same moment. */
const FRESH_MS = 1_000;

export interface CausesDeps {
  readonly clock: ClockPort;
  readonly cells: ReadonlyMap<string, Cell>;
  /** Ids of the services among these whose full disk may be why this one fails. */
  fullDisks(service: ServiceConfig, disks: readonly ServiceConfig[]): Promise<readonly string[]>;
  roundsOver(cell: Cell): Promise<void>;
  runRound(cell: Cell, depth: RoundDepth): Promise<void>;
  /** The alert of this cause names others now. */
  requeue(cause: Cell): void;
  /** Its cause is well again. */
  lookNow(cell: Cell): void;
}

export interface Causes {
  /** Ids of what this one needs that is down: looked at anew, unless it was within the last second. */
  down(cell: Cell, depth: RoundDepth): Promise<readonly string[]>;
  /** `before`: for what it waited until now. Whoever comes to wait for a cause that has been told, or waits no longer, is named in
   * its alert: there is one for all of them. */
  note(cell: Cell, before: readonly string[]): void;
  /** Ids of all that wait for this one, also by way of others. */
  waitingBelow(cause: string): ReadonlySet<string>;
  wakeChildren(parent: Cell): void;
  add(cell: Cell): void;
  drop(cell: Cell): void;
}

export function createCauses({ clock, cells, ...deps }: CausesDeps): Causes {
  /** At the start a thousand services become ok within a second, and none may look through all the others. */
  const waiting = new Set<Cell>();
  /** Whom a failing service has asked, in this very moment, whether they are down. */
  const asking = new Map<Cell, readonly Cell[]>();

  async function causesOf({ service }: Cell): Promise<Cell[]> {
    const disks = [...cells.values()].filter(({ service: { check }, state }) => check.type === 'disk' && !state.health.paused);
    const candidates = disks.map((disk) => disk.service);
    const full = candidates.length > 0 ? await deps.fullDisks(service, candidates) : [];
    const ids = new Set([...service.dependsOn, ...full]);
    ids.delete(service.id); // waiting for its own round would never end
    return [...ids].flatMap((id) => cells.get(id) ?? []);
  }

  /** Whether this one waits for an answer of that one, also by way of others. */
  function awaits(one: Cell, other: Cell): boolean {
    const asked = new Set(asking.get(one));
    for (const cell of asked) for (const next of asking.get(cell) ?? []) asked.add(next);
    return asked.has(other);
  }

  async function isDownNow(parent: Cell, child: Cell, asked: Moment, depth: RoundDepth): Promise<boolean> {
    if (parent.state.health.paused) return false;
    // A new configuration has turned the two round while the other one was asking: both would wait for ever.
    if (awaits(parent, child)) return isDown(parent.state, clock.now());
    if (parent.hasRounds) await deps.roundsOver(parent);
    const isFresh = parent.lastLook !== undefined && elapsedMs(parent.lastLook.startedAt, asked) < FRESH_MS;
    if (!isFresh) await deps.runRound(parent, depth);
    return isDown(parent.state, clock.now());
  }

  /** These, and what they wait for themselves: at the top of a chain is the one that is told of. */
  function causesAbove(ids: readonly string[]): ReadonlySet<string> {
    const above = new Set(ids);
    for (const id of above) for (const next of cells.get(id)?.state.health.suppressedBy ?? []) above.add(next);
    return above;
  }

  return {
    async down(cell, depth) {
      const parents = await causesOf(cell);
      const asked = clock.now();
      asking.set(cell, parents);
      try {
        const down = await Promise.all(
          parents.map(async (parent) => ((await isDownNow(parent, cell, asked, depth)) ? parent.service.id : undefined)),
        );
        return down.filter((id) => id !== undefined);
      } finally {
        asking.delete(cell);
      }
    },
    note(cell, before) {
      const after = cell.state.health.suppressedBy;
      if (before === after) return;
      if (after.length > 0) waiting.add(cell);
      else waiting.delete(cell);
      const changed = [...before, ...after].filter((one) => before.includes(one) !== after.includes(one));
      for (const id of causesAbove(changed)) {
        const cause = cells.get(id);
        if (cause?.state.alert.alert?.told) deps.requeue(cause);
      }
    },
    waitingBelow(cause) {
      const below = new Set([cause]);
      for (const id of below) {
        for (const { service, state } of waiting) if (state.health.suppressedBy.includes(id)) below.add(service.id);
      }
      below.delete(cause);
      return below;
    },
    wakeChildren(parent) {
      for (const child of waiting) {
        if (child.state.health.suppressedBy.includes(parent.service.id) && !child.hasRounds && !child.isGone) deps.lookNow(child);
      }
    },
    add(cell) {
      if (cell.state.health.suppressedBy.length > 0) waiting.add(cell);
    },
    drop: (cell) => void waiting.delete(cell),
  };
}
