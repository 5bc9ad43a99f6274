// The end of a watched process is noticed, once, within a second; and nothing ticks when nothing is watched (R1).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAllPrograms, endProgram, startProgram } from '../../../test/fixtures/processes-children.ts';
import type { ProcessIdentity } from '../../contract/flow.ts';
import type { TimersPort } from '../../contract/ports.ts';
import { createProcessPort } from './processes.ts';
import { createProcessWatch } from './watch.ts';

afterEach(endAllPrograms);

function fakes() {
  const dead = new Set<number>();
  let waiting: (() => void) | undefined;
  const isAlive = vi.fn(({ pid }: ProcessIdentity) => !dead.has(pid));
  const after = vi.fn((_ms: number, fn: () => void) => {
    expect(waiting).toBeUndefined(); // one timer for all
    waiting = fn;
    return () => {
      waiting = undefined;
    };
  });
  const tick = () => {
    const fn = waiting;
    waiting = undefined;
    fn?.();
  };
  const ended: string[] = [];
  const note =
    (key: string) =>
    ({ pid }: ProcessIdentity) =>
      void ended.push(`${key}:${pid}`);
  return {
    dead,
    isAlive,
    after,
    tick,
    ended,
    note,
    isTicking: () => waiting !== undefined,
    watch: createProcessWatch({ processes: { isAlive }, timers: { after } }),
  };
}
const id = (pid: number, startId = 'a') => ({ pid, startId });

describe('watching processes', () => {
  it('tells each end once, and rests when all have ended', () => {
    const { dead, tick, ended, note, isTicking, watch } = fakes();
    expect(isTicking()).toBe(false);
    watch.watch('web', [id(1), id(2)], note('web'));
    watch.watch('db', [id(3)], note('db'));
    tick();
    expect(ended).toEqual([]);
    dead.add(1).add(3);
    tick();
    tick();
    expect(ended).toEqual(['web:1', 'db:3']);
    dead.add(2);
    tick();
    expect(ended).toEqual(['web:1', 'db:3', 'web:2']);
    expect(isTicking()).toBe(false);
  });

  it('does not tell an end again when the same or an overlapping set is given', () => {
    const { dead, tick, ended, note, watch, after } = fakes();
    const set = [id(1), id(2)];
    watch.watch('web', set, note('web'));
    dead.add(1);
    tick();
    watch.watch('web', set, note('web'));
    watch.watch('web', [id(1), id(2)], note('web'));
    tick();
    watch.watch('web', [id(1), id(2), id(4)], note('web'));
    tick();
    expect(ended).toEqual(['web:1']);
    expect(after.mock.calls.every(([ms]) => ms < 1_000)).toBe(true);
  });

  it('tells the end of one that had ended before it was given, and of a new process with the same pid', () => {
    const { dead, tick, ended, note, watch } = fakes();
    dead.add(1);
    watch.watch('web', [id(1), id(1)], note('web'));
    tick();
    watch.watch('web', [id(1, 'b')], note('web'));
    tick();
    expect(ended).toEqual(['web:1', 'web:1']);
  });

  it('stops at once when told so, also from inside', () => {
    const { dead, tick, ended, isTicking, watch, isAlive } = fakes();
    watch.watch('web', [id(1), id(2)], ({ pid }) => {
      ended.push(`web:${pid}`);
      watch.unwatch('web');
    });
    dead.add(1).add(2);
    tick();
    expect(ended).toEqual(['web:1']);
    expect(isTicking()).toBe(false);
    watch.watch('web', [id(5)], () => {});
    watch.unwatch('web');
    expect(isTicking()).toBe(false);
    watch.watch('db', [id(5)], () => {});
    watch.close();
    expect(isTicking()).toBe(false);
    isAlive.mockClear();
    tick();
    expect(isAlive).not.toHaveBeenCalled();
  });

  it('goes on when a listener breaks', () => {
    const { dead, tick, ended, note, watch, isTicking } = fakes();
    watch.watch('web', [id(1), id(9)], () => {
      throw new Error('broken view');
    });
    watch.watch('db', [id(2)], note('db'));
    dead.add(1).add(2);
    expect(tick).toThrow('broken view');
    expect(ended).toEqual(['db:2']);
    expect(isTicking()).toBe(true);
  });

  it('notices a killed process and a zombie for real', async () => {
    const timers: Pick<TimersPort, 'after'> = {
      after: (ms, fn) => {
        const timer = setTimeout(fn, ms);
        return () => clearTimeout(timer);
      },
    };
    const processes = createProcessPort();
    const watch = createProcessWatch({ processes, timers, everyMs: 50 });
    const { child, pid } = startProgram('sleep', ['61']);
    const parent = startProgram('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 61']);
    const soonZombie = Number(await parent.line);
    const rows = await Promise.all([processes.identify(pid), processes.identify(soonZombie)]);
    const identities = rows.flatMap((row) => (row ? [row] : []));
    expect(identities).toHaveLength(2);
    const ended: number[] = [];
    watch.watch('web', identities, (identity) => ended.push(identity.pid));
    await vi.waitFor(() => expect(ended).toEqual([soonZombie]), { timeout: 10_000 });
    await endProgram(child);
    await vi.waitFor(() => expect(ended).toEqual([soonZombie, pid]), { timeout: 10_000 });
    watch.close();
  });
});
