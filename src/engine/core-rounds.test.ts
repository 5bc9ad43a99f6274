// What the core does with a round that breaks, is overtaken by a sleep, or outlives the engine. Its ports are fakes that do only what a
// test says; whole stories are in test/simulation.
import { expect, it } from 'vitest';
import { configSchema, resolveConfig } from '../contract/config.ts';
import type { Reading } from '../contract/flow.ts';
import type { Moment } from '../contract/time.ts';
import { type CoreDeps, createCore } from './core.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
const stateOf = (round: Promise<void>) =>
  Promise.race([
    round.then(
      () => 'over',
      () => 'rejected',
    ),
    tick().then(() => 'never'),
  ]);

function open(more: Partial<CoreDeps> = {}, services = ['app']) {
  const time: Writable<Moment> = { wallMs: 1e12, bootMs: 1e6, awakeMs: 1e6, boot: 'b' };
  const events: { event: string }[] = [];
  const problems: string[] = [];
  /** Looks under way, to be told by hand. */
  const looks: ((reading: Reading) => void)[] = [];
  const deps = {
    clock: { now: () => ({ ...time }) },
    timers: { after: () => () => undefined, sleep: async () => undefined },
    ids: { next: (prefix: string) => prefix },
    audit: {
      write: (_log: string, event: { event: string }) => void events.push(event),
      again: () => undefined,
      flush: async () => undefined,
    },
    store: { loaded: new Map(), put: () => undefined, flush: async () => undefined },
    queue: { find: () => undefined, list: () => [] },
    channels: new Map(),
    isDryRun: false,
    isScheduled: true,
    tools: {},
    probeContext: () => ({}),
    look: (_check: unknown, _ctx: unknown, told: (reading: Reading) => void) => void looks.push(told),
    startsProgram: () => false,
    watch: () => undefined,
    unwatch: () => undefined,
    identify: async () => ({ processes: [], listening: [] }),
    learnKeeper: async () => undefined,
    isAlive: () => true,
    fullDisks: async () => [],
    problem: (_code: string, message: string | undefined) => message && problems.push(message),
    changed: () => undefined,
    ...more,
  } as unknown as CoreDeps;
  const checks = services.map((id, index) => ({ id, check: { type: 'tcp' as const, port: index + 1 }, recovery: [] }));
  const core = createCore(deps, resolveConfig(configSchema.parse({ services: checks })));
  const cellOf = (id: string) => core.cells.get(id) ?? expect.unreachable();
  const well = (): Reading => ({
    level: 'ok',
    reason: 'answered',
    message: '',
    measures: [],
    processes: [],
    processAgeMs: undefined,
    startedAt: { ...time },
    endedAt: { ...time },
    latencyMs: 0,
  });
  return { core, cellOf, time, events, problems, looks, well };
}

it('what breaks after a round is told, and the rounds that wait come all the same', async () => {
  let isBad = false;
  const { core, cellOf, looks, well, problems } = open({
    changed: () => {
      if (!isBad) return;
      isBad = false;
      throw new Error('no view');
    },
  });
  const cell = cellOf('app');
  const rounds = [core.runRound(cell, 'look'), core.runRound(cell, 'look')];
  isBad = true;
  for (; looks.length > 0; await tick()) looks.shift()?.(well());
  expect(await Promise.all(rounds.map(stateOf))).toEqual(['over', 'over']);
  expect(cell.hasRounds).toBe(false);
  expect(problems).toEqual([expect.stringContaining('no view')]);
  await expect(stateOf(core.roundsOver())).resolves.toBe('over');
});

it.each([true, false])('a look that breaks ends its round with a word (starts a program: %s)', async (startsProgram) => {
  const { core, cellOf, problems } = open({
    startsProgram: () => startsProgram,
    look: () => {
      throw new Error('no eyes');
    },
  });
  expect(await stateOf(core.runRound(cellOf('app'), 'look'))).toBe('over');
  expect(problems).toEqual([expect.stringContaining('no eyes')]);
});

it('what breaks the rounds of one service is told until they are whole again, whatever the rounds of others are', async () => {
  let isBad = true;
  let told: string | undefined;
  const looks: ((reading: Reading) => void)[] = [];
  const { core, cellOf, well } = open(
    {
      problem: (code, message) => {
        if (code === 'internal') told = message;
      },
      look: (check, _ctx, tell) => {
        if (isBad && 'port' in check && check.port === 1) throw new Error('no eyes');
        looks.push(tell);
      },
    },
    ['bad', 'good'],
  );
  const round = async (id: string) => {
    void core.runRound(cellOf(id), 'look');
    for (; looks.length > 0; await tick()) looks.shift()?.(well());
  };
  await round('bad');
  await round('good');
  expect(told).toContain('no eyes');
  isBad = false;
  await round('bad');
  expect(told).toBeUndefined();
});

it('R9: an answer of before a sleep that is told after it does not tell the sleep a second time', async () => {
  const { core, cellOf, time, events, looks, well } = open({}, ['a', 'b']);
  const [a, b] = [cellOf('a'), cellOf('b')];
  const pass = (awakeMs: number, asleepMs = 0) => {
    time.awakeMs += awakeMs;
    time.bootMs += awakeMs + asleepMs;
    time.wallMs += awakeMs + asleepMs;
  };
  for (let n = 0; n < 3; n += 1, pass(10_000)) {
    for (const cell of [a, b]) void core.runRound(cell, 'full');
    for (; looks.length > 0; await tick()) looks.shift()?.(well());
  }
  for (const cell of [a, b, a]) void core.runRound(cell, 'full'); // the last one waits
  const before = well();
  pass(1, 3_600_000);
  for (const told of looks.splice(0)) told(before); // the end of the first begins the one that waits, which sees the sleep
  pass(5);
  void core.runRound(b, 'look');
  await tick();
  expect(events.filter(({ event }) => event === 'slept')).toHaveLength(1);
});

it('R1: a process that ends in mid-round brings no look of a service that is gone, or of an engine that has ended', async () => {
  let onEnd: ((identity: { pid: number; startId: string }) => void) | undefined;
  const planned: number[] = [];
  const { core, cellOf, looks, well } = open({
    watch: (_service, _identities, fn) => {
      onEnd = fn;
    },
    timers: {
      after: (ms) => {
        planned.push(ms);
        return () => undefined;
      },
      sleep: async () => undefined,
    },
  });
  const cell = cellOf('app');
  void core.runRound(cell, 'look');
  looks.shift()?.({ ...well(), processes: [{ pid: 1, startId: 'x' }] });
  await tick();
  void core.runRound(cell, 'look');
  onEnd?.({ pid: 1, startId: 'x' });
  await core.close();
  planned.length = 0;
  looks.shift()?.(well());
  await tick();
  expect(onEnd).toBeDefined();
  expect(planned).toEqual([]);
});
