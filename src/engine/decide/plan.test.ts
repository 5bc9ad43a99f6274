import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND } from '../../../test/fixtures/decide-story.ts';
import { pause } from './will.ts';

const restart = (word: string) => ({ type: 'command' as const, run: [word] });
const evidence = { type: 'log-top-processes' as const };
type Story = ReturnType<typeof createStory>;

/** Fails every minute until something is planned or given up; how long that took. */
function untilAttempt(story: Story, withinMs = 8 * HOUR): { waitedMs: number; index: number; reason: string } {
  for (let waitedMs = 0; waitedMs <= withinMs; ) {
    const { plan } = story.look('error');
    if (plan.kind === 'attempt') return { waitedMs, index: plan.remedyIndex, reason: plan.reason };
    const nextMs = Math.min(MINUTE, plan.waitMs ?? MINUTE);
    story.pass(nextMs);
    waitedMs += nextMs;
  }
  throw new Error('No attempt came');
}

describe('R3 pace', () => {
  test('the first attempt follows the first strike', () => {
    expect(createStory().look('error').plan).toEqual({ kind: 'attempt', remedyIndex: 0, trigger: 'auto', reason: 'first-strike' });
  });

  test('attempts start at least the cooldown apart, also when the first has failed at once', () => {
    const story = createStory();
    story.look('error');
    story.returns('not-started');
    story.pass(MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown', waitMs: 4 * MINUTE });
    story.pass(4 * MINUTE);
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'next-remedy' });
  });

  test('the cooldown goes on across incidents: a service that was healed and fell again waits', () => {
    const story = createStory();
    story.look('error');
    story.returns();
    story.pass(2 * SECOND);
    story.look('ok');
    story.pass(MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown' });
  });

  test('R9: across a reboot the cooldown is never less than nothing and never more than the whole', () => {
    const story = createStory();
    story.look('error');
    story.returns('not-started');
    story.jump(-24 * HOUR);
    story.reboot(MINUTE);
    story.pass(0);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown', waitMs: 5 * MINUTE });
    story.pass(5 * MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown' }); // the wall still says "before"
    story.jump(48 * HOUR);
    story.pass(MINUTE);
    expect(story.look('error').plan.kind).toBe('attempt');
  });

  test('R9: within a boot a jump of the wall clock neither shortens nor lengthens it', () => {
    const story = createStory();
    story.look('error');
    story.returns('not-started');
    story.jump(72 * HOUR);
    story.pass(MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown', waitMs: 4 * MINUTE });
    story.jump(-144 * HOUR);
    story.pass(4 * MINUTE);
    expect(story.look('error').plan.kind).toBe('attempt');
  });
});

describe('R4 a start that was not ours', () => {
  test('a process younger than its start window that has not been ok is never ended, whatever the strikes', () => {
    const story = createStory({}, { recovery: { cooldown: '1s', window: '30m' } });
    story.look('error');
    story.returns('refused');
    story.pass(2 * MINUTE); // one strike stands; then somebody starts it by hand
    expect(story.look({ level: 'error', processAgeMs: 10 * SECOND }).plan).toMatchObject({ reason: 'settling', waitMs: 50 * SECOND });
    story.pass(50 * SECOND);
    expect(story.look({ level: 'error', processAgeMs: MINUTE }).plan.kind).toBe('attempt');
  });

  test('one that has been ok since its start is not starting any more', () => {
    const story = createStory();
    story.look({ level: 'ok', processAgeMs: 5 * SECOND });
    story.pass(10 * SECOND);
    expect(story.look({ level: 'error', processAgeMs: 15 * SECOND }).plan.kind).toBe('attempt');
  });
});

describe('R4 the end of a start window', () => {
  test('a look that straddles it neither ends the attempt nor begins another; the next one does both', () => {
    const story = createStory({}, { recovery: { cooldown: '2s', window: '10m' } });
    story.look('error');
    story.returns();
    story.pass(MINUTE + SECOND);
    const straddling = story.look({ level: 'error', tookMs: 2 * SECOND });
    expect(straddling.plan).toMatchObject({ kind: 'wait', reason: 'start-window', waitMs: 0 });
    expect(story.state.recovery).toMatchObject({ current: { outcome: undefined }, attempts: [] });
    story.pass(SECOND);
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'next-remedy' });
    expect(story.state.recovery.attempts).toMatchObject([{ outcome: 'failed', reason: 'first-strike' }]);
  });
});

describe('R4 supervisors', () => {
  test('where launchd restarts by itself, the first attempt waits 15 s for it, the second does not', () => {
    const story = createStory({ recovery: [{ type: 'launchd', label: 'com.example.app' }] });
    expect(story.look('error').plan).toMatchObject({ reason: 'supervisor-first', waitMs: 15 * SECOND });
    story.pass(15 * SECOND);
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'first-strike' });
    story.fails();
    story.pass(5 * MINUTE);
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'next-remedy' });
  });
});

describe('R4 supervisors, known by the check', () => {
  test('a service that is looked at through launchd waits for it too, whatever the remedy', () => {
    const story = createStory({ check: { type: 'process', launchdLabel: 'com.example.app' } });
    expect(story.look('error').plan).toMatchObject({ reason: 'supervisor-first', waitMs: 15 * SECOND });
  });
});

describe('R5 escalation', () => {
  test('after a failed attempt comes the next remedy, after the last the first again', () => {
    const story = createStory({ recovery: [restart('one'), restart('two')] });
    const order: number[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      order.push(untilAttempt(story).index);
      story.fails();
      story.pass(MINUTE);
    }
    expect(order).toEqual([0, 1, 0]);
  });

  test('a new incident starts at the first', () => {
    const story = createStory({ recovery: [restart('one'), restart('two')] });
    story.look('error');
    story.fails();
    story.pass(5 * MINUTE);
    expect(untilAttempt(story).index).toBe(1);
    story.returns();
    story.look('ok');
    story.pass(5 * MINUTE);
    expect(untilAttempt(story)).toMatchObject({ index: 0, reason: 'first-strike' });
  });
});

describe('R5 budget', () => {
  test('a successful restart does not refill the budget: the fourth that would be needed is given up', () => {
    const story = createStory();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(untilAttempt(story).index).toBe(0);
      story.returns();
      story.pass(2 * SECOND);
      story.look('ok');
      expect(story.state.recovery.attempts.at(-1)?.outcome).toBe('succeeded');
      story.pass(2 * MINUTE);
    }
    expect(story.look('error').plan).toMatchObject({ reason: 'budget-spent', givesUp: true });
    expect(story.state.recovery.gaveUp).toBeDefined();
  });

  test('when the last allowed one has failed: gave-up at once, whatever the strikes', () => {
    const story = createStory({ afterFailures: 50 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      untilAttempt(story);
      const told = story.fails();
      expect(told.plan).toMatchObject(attempt < 2 ? { givesUp: false } : { reason: 'budget-spent', givesUp: true });
      if (attempt === 2) expect(told.alert).toMatchObject({ kind: 'tell', reason: 'gave-up' });
      story.pass(MINUTE);
    }
  });

  test('also where the window is as short as it may be (cooldown x (maxAttempts - 1)): it can still be spent', () => {
    const story = createStory({}, { recovery: { window: '10m' } });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      untilAttempt(story);
      story.fails();
    }
    expect(story.state.recovery.gaveUp).toBeDefined();
  });

  test('also where the next in turn would only be evidence', () => {
    const story = createStory({ recovery: [evidence, restart('one')] });
    const failRepairs = () => {
      while (!story.state.recovery.gaveUp) {
        const { index } = untilAttempt(story);
        if (index === 0) story.returns();
        else {
          story.fails();
          if (story.state.recovery.attempts.filter((one) => one.counts).length === 3) return;
        }
        story.pass(MINUTE);
      }
    };
    failRepairs();
    expect(story.state.recovery.gaveUp).toBeDefined();
    expect(story.state.recovery.attempts.filter(({ outcome }) => outcome === 'failed')).toHaveLength(3);
  });

  test('the window slides: attempts spread wider than the budget go on', () => {
    const story = createStory();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      untilAttempt(story);
      story.returns();
      story.look('ok');
      story.pass(11 * MINUTE);
    }
    expect(story.state.recovery.gaveUp).toBeUndefined();
  });

  test('an attempt that failed an hour ago does not give up a new incident at its first strike', () => {
    const story = createStory();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      untilAttempt(story);
      if (attempt < 2) story.fails();
    }
    story.pass(SECOND);
    story.returns();
    story.pass(MINUTE);
    story.look('unknown'); // its outcome could not be verified
    expect(story.state.recovery.attempts.at(-1)).toMatchObject({ outcome: 'failed', outcomeReason: 'could-not-verify' });
    story.pass(MINUTE);
    story.look('ok');
    story.pass(HOUR);
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'first-strike' });
  });

  test('refused spends nothing but starts the cooldown', () => {
    const story = createStory();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      expect(untilAttempt(story).waitedMs).toBeLessThanOrEqual(5 * MINUTE);
      story.returns('refused');
      expect(story.look('error').plan).toMatchObject({ reason: 'cooldown' });
    }
    expect(story.state.recovery.gaveUp).toBeUndefined();
  });

  test('not even started is failed, and spends', () => {
    const story = createStory();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      untilAttempt(story);
      story.returns('not-started');
      story.pass(MINUTE);
    }
    expect(story.look('error').plan).toMatchObject({ reason: 'budget-spent', givesUp: true });
  });
});

/** Three attempts that do not help. */
function gaveUp(service = {}, top = {}): Story {
  const story = createStory(service, top);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    untilAttempt(story);
    story.fails();
  }
  expect(story.state.recovery.gaveUp).toBeDefined();
  return story;
}

describe('R5 after giving up', () => {
  test('each stand-down in turn allows one more attempt, the last repeats: 30 min, 2 h, 6 h, 6 h', () => {
    const story = gaveUp();
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { waitedMs, reason } = untilAttempt(story);
      expect(reason).toBe('stand-down-over');
      waits.push(waitedMs / MINUTE);
      story.fails();
    }
    expect(waits).toEqual([30, 120, 360, 360]);
  });

  test('only a whole window of ok without a break re-arms it', () => {
    const story = gaveUp();
    story.look('ok');
    story.pass(20 * MINUTE);
    story.look('warning');
    story.pass(5 * MINUTE);
    story.look('ok');
    story.pass(29 * MINUTE);
    story.look('ok');
    expect(story.state.recovery.gaveUp).toBeDefined();
    story.pass(MINUTE);
    story.look('ok');
    expect(story.state.recovery.gaveUp).toBeUndefined();
  });

  test('a new incident after giving up starts no remedy before the stand-down is over', () => {
    const story = gaveUp();
    story.look('ok');
    story.pass(10 * MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'gave-up', waitMs: 20 * MINUTE });
  });

  test("a person's restart re-arms it, with the whole budget", () => {
    const story = gaveUp();
    story.person();
    expect(story.state.recovery.gaveUp).toBeUndefined();
    story.fails();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(untilAttempt(story).reason).not.toBe('stand-down-over');
      expect(story.state.recovery.gaveUp).toBeUndefined();
      story.fails();
    }
    expect(story.state.recovery.gaveUp).toBeDefined();
  });

  test("a person's restart starts the cooldown", () => {
    const story = createStory();
    story.person();
    story.returns();
    story.pass(MINUTE);
    expect(story.look('error').plan).toMatchObject({ reason: 'cooldown', waitMs: 4 * MINUTE });
  });

  test('a stand-down attempt is never mere evidence', () => {
    const story = createStory({ recovery: [evidence, restart('one')] });
    while (!story.state.recovery.gaveUp) {
      if (untilAttempt(story).index === 0) story.returns();
      else story.fails();
    }
    expect(untilAttempt(story).index).toBe(1);
  });
});

describe('evidence', () => {
  test('has no start window, no budget and no giving up; the repair comes after it, at its pace', () => {
    const story = createStory({ recovery: [evidence] });
    for (let attempt = 0; attempt < 10; attempt += 1) {
      untilAttempt(story);
      story.returns();
      expect(story.state.recovery.current).toBeUndefined();
    }
    expect(story.state.recovery.gaveUp).toBeUndefined();
    const other = createStory({ recovery: [evidence, restart('one')] });
    other.look('error');
    other.returns();
    expect(untilAttempt(other)).toMatchObject({ index: 1, waitedMs: 5 * MINUTE });
  });
});

describe('R16: doing nothing has its reason', () => {
  test.each([
    ['no-remedy', () => createStory({ recovery: [] }).look('error')],
    ['recovery-disabled', () => createStory({}, { recovery: { enabled: false } }).look('error')],
    ['build-running', () => createStory().look({ level: 'error', isHeld: true })],
    ['dependency-down', () => createStory().look({ level: 'error', suppressedBy: ['base'] })],
    ['not-failing', () => createStory().look('unknown')],
    [
      'paused',
      () => {
        const story = createStory();
        story.state = { ...story.state, health: pause(story.state.health, undefined, story.now()) };
        return story.look('error');
      },
    ],
    [
      'stopped',
      () => {
        const story = createStory();
        story.state = { ...story.state, health: { ...story.state.health, stopped: { since: story.now() } } };
        return story.look('error');
      },
    ],
  ] as const)('%s', (reason, tell) => {
    expect(tell().plan).toMatchObject({ kind: 'wait', reason, givesUp: false });
  });

  test('R20: with recovery disabled it alerts as usual and never gives up', () => {
    const story = createStory({}, { recovery: { enabled: false } });
    expect(story.looks(3, 'error').alert.reason).toBe('third-strike');
    for (let hour = 0; hour < 48; hour += 1) {
      story.pass(HOUR);
      expect(story.look('error').plan.reason).toBe('recovery-disabled');
    }
    expect(story.state.recovery).toMatchObject({ gaveUp: undefined, attempts: [] });
  });
});
