import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HealthError } from '../../contract/errors.ts';
import type { JsonFilePort } from '../../contract/ports.ts';
import { type Queue, queueSchema } from '../../contract/queue.ts';
import { createAgentQueue, type QueueRaise } from './agent-queue.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-11-01T12:00:00.000Z');

/** A clock with its hands apart: time passes on all, the wall alone can be moved, a boot starts anew. */
function fakeClock() {
  let wallMs = START;
  let bootMs = 1_000;
  let boot = 1;
  return {
    now: () => ({ wallMs, bootMs, awakeMs: bootMs, boot: `boot-${boot}` }),
    pass(ms: number) {
      wallMs += ms;
      bootMs += ms;
    },
    jump(ms: number) {
      wallMs += ms;
    },
    reboot() {
      boot += 1;
      bootMs = 0;
    },
  };
}

/** A file that remembers only what a JSON file can, counts its writes and can be full. */
function fakeFile() {
  let text: string | undefined;
  const file = {
    writes: 0,
    isFull: false,
    async read() {
      return text === undefined ? undefined : queueSchema.parse(JSON.parse(text));
    },
    async write(value: Queue) {
      if (file.isFull) throw new HealthError('home-unusable', 'No space left on the disk.');
      await Promise.resolve();
      text = JSON.stringify(queueSchema.parse(value));
      file.writes += 1;
    },
    damage() {
      text = undefined; // what the real port does with a damaged file: moved aside, and read as absent
    },
  };
  return file satisfies JsonFilePort<Queue> & Record<string, unknown>;
}

function alert(id = 'gateway.1', more: Partial<QueueRaise> = {}): QueueRaise {
  return {
    id,
    service: 'gateway',
    name: 'Gateway',
    kind: 'down',
    severity: 'critical',
    title: 'Gateway is down',
    message: 'No answer.',
    raisedAt: '2026-11-01T12:00:00.000Z',
    firstFailureAt: '2026-11-01T11:58:00.000Z',
    strikes: 3,
    tried: [],
    evidence: { lastLogLines: [], changesSinceHealthy: [], topProcesses: [] },
    allowedActions: ['heal'],
    ...more,
  };
}

function setUp() {
  const clock = fakeClock();
  const file = fakeFile();
  return { clock, file, open: () => createAgentQueue({ file, clock }), queue: createAgentQueue({ file, clock }) };
}
const states = async (queue: { list(): Promise<{ state: string; kind: string; claimedBy: string | null; result: string | null }[]> }) =>
  (await queue.list()).map(({ state, kind, claimedBy, result }) => [state, kind, claimedBy, result]);

describe('an alert through its life', () => {
  test('raised, taken, finished, and gone a day later', async () => {
    const { clock, queue, file } = setUp();
    await queue.raise(alert());
    expect(await states(queue)).toEqual([['pending', 'down', null, null]]);
    expect(queue.nextSweepMs()).toBeUndefined();

    const taken = await queue.claim('gateway.1', 'ada');
    expect(taken).toMatchObject({ state: 'claimed', claimedBy: 'ada', expiresAt: '2026-11-01T12:30:00.000Z' });
    expect(queue.nextSweepMs()).toBe(30 * MINUTE);

    clock.pass(5 * MINUTE);
    expect(await queue.done('gateway.1', 'ada', 'token renewed')).toMatchObject({
      state: 'done',
      claimedBy: 'ada',
      result: 'token renewed',
      doneAt: '2026-11-01T12:05:00.000Z',
      expiresAt: null,
    });
    expect(queue.nextSweepMs()).toBe(24 * HOUR);

    clock.pass(24 * HOUR - 1);
    expect(await queue.list()).toHaveLength(1);
    clock.pass(1);
    expect(await queue.list()).toEqual([]);
    expect((await file.read())?.alerts).toHaveLength(1); // a look never writes
    await queue.sweep();
    expect((await file.read())?.alerts).toEqual([]);
  });

  test('raising it again is the same alert, with what is new; unchanged it is not even written (R7, R8)', async () => {
    const { queue, file } = setUp();
    await queue.raise(alert());
    await queue.raise(alert());
    expect(file.writes).toBe(1);
    await queue.raise(alert('gateway.1', { kind: 'gave-up', strikes: 9, raisedAt: '2026-11-01T13:00:00.000Z' }));
    expect(await queue.list()).toMatchObject([{ kind: 'gave-up', strikes: 9, raisedAt: '2026-11-01T12:00:00.000Z', state: 'pending' }]);
  });

  test('the service is well again: nobody need look', async () => {
    const { queue } = setUp();
    await queue.raise(alert());
    await queue.recovered('gateway.1');
    expect(await states(queue)).toEqual([['done', 'down', null, 'recovered']]);
    await queue.recovered('gateway.1');
    await queue.recovered('never-heard-of');
    expect(await queue.list()).toHaveLength(1);
  });

  test('the service is well again while an agent works on it: its claimer is told and keeps it', async () => {
    const { clock, queue } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    await queue.recovered('gateway.1');
    expect(await states(queue)).toEqual([['claimed', 'recovered', 'ada', null]]);

    clock.pass(30 * MINUTE);
    expect(await states(queue)).toEqual([['done', 'recovered', null, 'recovered']]);
  });

  test('a claimed alert that gets worse stays with its claimer', async () => {
    const { queue } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    await queue.raise(alert('gateway.1', { kind: 'gave-up', message: 'Three repairs failed.' }));
    expect(await queue.list()).toMatchObject([{ state: 'claimed', claimedBy: 'ada', kind: 'gave-up', message: 'Three repairs failed.' }]);
  });

  test('an agent called it done, but it still stands: quiet, until it gets worse', async () => {
    const { queue } = setUp();
    await queue.raise(alert('gateway.1', { kind: 'unknown' }));
    await queue.claim('gateway.1', 'ada');
    await queue.done('gateway.1', 'ada', 'known');
    await queue.raise(alert('gateway.1', { kind: 'unknown', strikes: 4 }));
    expect(await states(queue)).toEqual([['done', 'unknown', 'ada', 'known']]);
    await queue.raise(alert('gateway.1', { kind: 'down' }));
    expect(await states(queue)).toEqual([['pending', 'down', null, null]]);
  });
});

describe('two agents', () => {
  test('never hold one alert; the second learns who has it and until when', async () => {
    const { clock, queue } = setUp();
    await queue.raise(alert());
    const both = await Promise.allSettled([queue.claim('gateway.1', 'ada'), queue.claim('gateway.1', 'bob')]);
    expect(both.map((one) => one.status)).toEqual(['fulfilled', 'rejected']);
    await expect(queue.claim('gateway.1', 'bob')).rejects.toMatchObject({
      code: 'conflict',
      details: { claimedBy: 'ada', expiresAt: '2026-11-01T12:30:00.000Z' },
    });
    await expect(queue.done('gateway.1', 'bob')).rejects.toMatchObject({ code: 'conflict' });
    await expect(queue.release('gateway.1', 'bob')).rejects.toMatchObject({ code: 'conflict' });
    await expect(queue.claim('nothing', 'bob')).rejects.toMatchObject({ code: 'not-found' });

    clock.pass(29 * MINUTE);
    expect(await queue.claim('gateway.1', 'ada')).toMatchObject({ expiresAt: '2026-11-01T12:59:00.000Z' });
    clock.pass(30 * MINUTE);
    expect(await queue.claim('gateway.1', 'bob')).toMatchObject({ claimedBy: 'bob' });
    await queue.release('gateway.1', 'bob');
    expect(await states(queue)).toEqual([['pending', 'down', null, null]]);
    await queue.release('gateway.1', 'bob'); // twice is no mistake
  });

  test('finishing twice is no mistake; finishing what another finished is', async () => {
    const { queue } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    await queue.done('gateway.1', 'ada', 'fixed');
    expect(await queue.done('gateway.1', 'ada', 'fixed again')).toMatchObject({ result: 'fixed' });
    await expect(queue.done('gateway.1', 'bob')).rejects.toMatchObject({ code: 'conflict' });
    await expect(queue.claim('gateway.1', 'bob')).rejects.toMatchObject({ code: 'conflict' });
    await expect(queue.release('gateway.1', 'ada')).rejects.toMatchObject({ code: 'conflict' });
  });

  test('a person needs no name, and may finish or free what an agent holds', async () => {
    const { queue } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    expect(await queue.release('gateway.1')).toMatchObject({ state: 'pending' });
    await queue.claim('gateway.1', 'ada');
    expect(await queue.done('gateway.1', undefined, 'by hand')).toMatchObject({ state: 'done', claimedBy: 'ada', result: 'by hand' });
  });
});

describe('faults', () => {
  test('a write that fails changes nothing, and the next one works', async () => {
    const { queue, file } = setUp();
    await queue.raise(alert());
    file.isFull = true;
    await expect(queue.claim('gateway.1', 'ada')).rejects.toMatchObject({ code: 'home-unusable' });
    await expect(queue.raise(alert('disk.1'))).rejects.toMatchObject({ code: 'home-unusable' });
    expect(await states(queue)).toEqual([['pending', 'down', null, null]]);
    file.isFull = false;
    expect(await queue.claim('gateway.1', 'bob')).toMatchObject({ claimedBy: 'bob' });
  });

  test('a new engine finds everything, and a damaged file is an empty queue', async () => {
    const { open, queue, file, clock } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    clock.pass(10 * MINUTE);
    const second = open();
    expect(await states(second)).toEqual([['claimed', 'down', 'ada', null]]);
    expect(second.nextSweepMs()).toBe(20 * MINUTE);
    file.damage();
    expect(await open().list()).toEqual([]);
  });

  test('a crash between this file and the record that it was told: raising again doubles nothing (R7)', async () => {
    const { open, queue } = setUp();
    await queue.raise(alert());
    const afterCrash = open();
    await afterCrash.raise(alert());
    expect(await states(afterCrash)).toEqual([['pending', 'down', null, null]]);
  });

  test('a crash after "recovered" was written, while the state still says failing: the alert comes back and ends again', async () => {
    const { open, queue } = setUp();
    await queue.raise(alert());
    await queue.recovered('gateway.1');
    const afterCrash = open();
    await afterCrash.raise(alert());
    expect(await states(afterCrash)).toEqual([['pending', 'down', null, null]]);
    await afterCrash.recovered('gateway.1');
    expect(await states(afterCrash)).toEqual([['done', 'down', null, 'recovered']]);
  });
});

describe('the clock (R9)', () => {
  test('a jump of the wall clock neither ends a claim early nor holds it for ever', async () => {
    const { clock, queue, file } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    clock.jump(5 * HOUR);
    expect(await queue.list()).toMatchObject([{ state: 'claimed', expiresAt: '2026-11-01T17:30:00.000Z' }]);
    clock.jump(-48 * HOUR);
    clock.pass(10 * MINUTE);
    await queue.sweep();
    expect((await file.read())?.alerts).toMatchObject([{ state: 'claimed', expiresAt: '2026-10-30T17:30:00.000Z' }]);
    clock.pass(20 * MINUTE);
    expect(await states(queue)).toEqual([['pending', 'down', null, null]]);
  });

  test('a claim that begins at the same written time as an earlier one still lasts its 30 min', async () => {
    const { clock, queue } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    clock.jump(-HOUR);
    clock.pass(HOUR);
    expect(await queue.claim('gateway.1', 'ada')).toMatchObject({ claimedAt: '2026-11-01T12:00:00.000Z' });
    clock.pass(29 * MINUTE);
    await expect(queue.claim('gateway.1', 'bob')).rejects.toMatchObject({ code: 'conflict' });
    await queue.done('gateway.1', 'ada');
    expect(await queue.list()).toHaveLength(1);
  });

  test('across a restart only wall times are left: never less than nothing, never more than the whole', async () => {
    const { clock, queue, open } = setUp();
    await queue.raise(alert());
    await queue.claim('gateway.1', 'ada');
    clock.reboot();
    clock.jump(-9 * HOUR);
    const second = open();
    expect(await states(second)).toEqual([['claimed', 'down', 'ada', null]]);
    expect(second.nextSweepMs()).toBe(30 * MINUTE);
    clock.pass(30 * MINUTE);
    expect(await states(second)).toEqual([['pending', 'down', null, null]]);
  });
});

describe('whatever two agents, the service and time do', () => {
  const agents = fc.constantFrom('ada', 'bob');
  const ids = fc.constantFrom('gateway.1', 'gateway.2', 'disk.1');
  const act = fc.oneof(
    fc.record({ do: fc.constant('raise' as const), id: ids, kind: fc.constantFrom('unknown', 'down', 'gave-up') }),
    fc.record({ do: fc.constant('recovered' as const), id: ids }),
    fc.record({ do: fc.constantFrom('claim' as const, 'done' as const, 'release' as const), id: ids, by: agents }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(MINUTE, 29 * MINUTE, 31 * MINUTE, 3 * HOUR) }),
    fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-3 * HOUR, 3 * HOUR) }),
    fc.record({ do: fc.constantFrom('full' as const, 'room' as const, 'restart' as const, 'sweep' as const) }),
  );

  test('no alert is lost or doubled, none has two claimers, and file and memory agree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const { clock, file, open } = setUp();
        let queue = open();
        const raisedIds = new Set<string>();
        let elapsedMs = 0;
        const holder = new Map<string, { by: string; untilMs: number }>();
        for (const step of acts) {
          switch (step.do) {
            case 'pass':
              elapsedMs += step.ms;
              clock.pass(step.ms);
              break;
            case 'jump':
              clock.jump(step.ms);
              break;
            case 'full':
            case 'room':
              file.isFull = step.do === 'full';
              break;
            case 'restart':
              queue = open();
              holder.clear(); // what is left is then counted by the wall clock alone
              break;
            case 'sweep':
              await queue.sweep().catch(() => undefined);
              break;
            case 'raise': {
              const kind = step.kind as QueueRaise['kind'];
              const done = await queue.raise(alert(step.id, { kind })).then(
                () => true,
                () => false,
              );
              if (done) raisedIds.add(step.id);
              break;
            }
            case 'recovered':
              await queue.recovered(step.id).catch(() => undefined);
              break;
            case 'claim': {
              const won = await queue.claim(step.id, step.by).catch((error: HealthError) => error.code);
              const held = holder.get(step.id);
              if (typeof won !== 'string') {
                expect(!held || held.by === step.by || held.untilMs <= elapsedMs).toBe(true);
                holder.set(step.id, { by: step.by, untilMs: elapsedMs + 30 * MINUTE });
              } else if (elapsedMs < 12 * HOUR && !acts.some((other) => other.do === 'jump')) {
                expect(won === 'not-found' && raisedIds.has(step.id)).toBe(false);
              }
              break;
            }
            default: {
              const freed = await queue[step.do](step.id, step.by).then(
                () => true,
                () => false,
              );
              if (freed) holder.delete(step.id);
            }
          }
          const list = await queue.list();
          expect(new Set(list.map((one) => one.id)).size).toBe(list.length);
          for (const one of list) {
            expect(one.state === 'claimed').toBe(one.expiresAt !== null);
            expect(one.state === 'done').toBe(one.doneAt !== null);
            if (one.state === 'pending') expect(one.claimedBy).toBeNull();
          }
          // Only what was done for a day may be gone.
          if (elapsedMs < 12 * HOUR && !acts.some((other) => other.do === 'jump')) {
            for (const id of raisedIds) expect(list.map((one) => one.id)).toContain(id);
          }
          expect(await open().list()).toHaveLength(list.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('twenty agents that want the oldest at once get different alerts, oldest first, or hear that none waits', async () => {
  const { queue } = setUp();
  for (let index = 0; index < 15; index += 1) {
    await queue.raise(alert(`gateway.${index}`, { raisedAt: `2026-11-01T12:${String(59 - index)}:00.000Z` }));
  }
  const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => queue.claimOldest(`agent-${index}`)));
  expect(asked.map((one) => one?.id)).toEqual([...Array.from({ length: 15 }, (_, index) => `gateway.${14 - index}`), ...Array(5)]);
  expect((await queue.list()).map(({ state }) => state)).toEqual(Array(15).fill('claimed'));
});
