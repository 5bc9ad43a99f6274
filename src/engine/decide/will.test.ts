import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND } from '../../../test/fixtures/decide-story.ts';
import { resumeInterrupted, withoutEnded } from './advance-recovery.ts';
import { engineStart, isPauseOver, pause, resume, stop, wake } from './will.ts';

type Story = ReturnType<typeof createStory>;
const stopNow = (story: Story) => {
  story.state = stop(story.state, story.now());
};

describe('R12 pause', () => {
  test('ends by itself after its time, counted on the clock that includes sleep; the wall clock has no say', () => {
    const story = createStory();
    story.state = { ...story.state, health: pause(story.state.health, HOUR, story.now()) };
    story.jump(48 * HOUR);
    story.pass(59 * MINUTE);
    expect(isPauseOver(story.state.health, story.now())).toBe(false);
    story.pass(MINUTE);
    expect(isPauseOver(story.state.health, story.now())).toBe(true);
    expect(resume(story.state.health).paused).toBeUndefined();
  });

  test('R9: across a reboot with the wall set back it lasts at most its whole time', () => {
    const story = createStory();
    story.state = { ...story.state, health: pause(story.state.health, HOUR, story.now()) };
    story.jump(-48 * HOUR);
    story.reboot(0);
    expect(isPauseOver(story.state.health, story.now())).toBe(false);
    story.jump(49 * HOUR);
    expect(isPauseOver(story.state.health, story.now())).toBe(true);
  });

  test('R5: unbroken ok ends with a pause, a wake and a new engine: nobody looked meanwhile', () => {
    const story = createStory();
    story.look('ok');
    expect(story.state.health.okSince).toBeDefined();
    const { service } = story.config;
    expect(pause(story.state.health, undefined, story.now()).okSince).toBeUndefined();
    expect(wake(story.state.health, service, story.now()).okSince).toBeUndefined();
    expect(engineStart(story.state.health, service, story.now()).okSince).toBeUndefined();
  });
});

describe('R12 stop', () => {
  test('ends incident, alert, waiting notices, giving up and a start window', () => {
    const story = createStory({}, { recovery: { maxAttempts: 1, window: '5m' } });
    story.look('error');
    story.fails();
    expect(story.state).toMatchObject({ recovery: { gaveUp: {} }, alert: { alert: { kind: 'gave-up' } } });
    stopNow(story);
    expect(story.state).toMatchObject({
      health: { strikes: 0, incident: undefined },
      recovery: { gaveUp: undefined, current: undefined },
      alert: { alert: undefined, outbox: [] },
    });
  });

  test('in the window of an attempt: the attempt is over, and still counts', () => {
    const story = createStory();
    story.look('error');
    story.returns();
    stopNow(story);
    expect(story.state.recovery.current).toBeUndefined();
    expect(story.state.recovery.attempts).toMatchObject([{ outcome: 'failed', outcomeReason: 'stopped', counts: true }]);
  });

  test('stays stopped until a look that began after it sees the service well: somebody has started it', () => {
    const story = createStory();
    stopNow(story);
    story.look('ok');
    expect(story.state.health.stopped).toBeDefined();
    story.pass(MINUTE);
    expect(story.look('error').plan.reason).toBe('stopped');
    story.pass(MINUTE);
    story.look('ok');
    expect(story.state.health.stopped).toBeUndefined();
  });
});

describe('R4, R8 the start of an engine', () => {
  test('shortly after the boot of the machine services may still be starting', () => {
    const story = createStory({ recovery: [] });
    story.looks(2, 'error');
    story.reboot(MINUTE, 20 * SECOND);
    const health = engineStart(story.state.health, story.config.service, story.now());
    expect(health).toMatchObject({ settle: { why: 'boot', forMs: 40 * SECOND }, strikes: 2 });
    story.reboot(MINUTE, 2 * MINUTE);
    expect(engineStart(story.state.health, story.config.service, story.now()).settle).toBeUndefined();
  });

  test('a remedy that was cut off: nobody knows how far it came, so its window opens now', () => {
    const story = createStory();
    story.look('error');
    story.pass(10 * SECOND);
    const recovery = resumeInterrupted(story.state.recovery, story.now());
    expect(recovery.current).toMatchObject({ outcomeReason: 'interrupted', returnedAt: { bootMs: story.now().bootMs } });
    expect(resumeInterrupted(recovery, story.now())).toBe(recovery);
  });

  test('the window goes on over a restart of the engine, and opens anew over one of the machine', () => {
    const story = createStory();
    story.look('error');
    story.returns();
    story.pass(30 * SECOND);
    expect(resumeInterrupted(story.state.recovery, story.now())).toBe(story.state.recovery);
    story.reboot(HOUR);
    expect(resumeInterrupted(story.state.recovery, story.now()).current?.returnedAt).toMatchObject({ boot: story.now().boot });
  });

  test('processes that have ended are forgotten, and nothing is written when none has (R8, R13)', () => {
    const story = createStory();
    const started = [{ pid: 7, startId: 'a' }];
    const recovery = { ...story.state.recovery, started };
    expect(withoutEnded(recovery, () => true)).toBe(recovery);
    expect(withoutEnded(recovery, () => false).started).toEqual([]);
  });
});

test('R8: a look that changes nothing gives the same state, so that nothing is written', () => {
  const story = createStory();
  story.look('ok');
  const { health, recovery } = story.state;
  for (let count = 0; count < 3; count += 1) {
    story.pass(5 * MINUTE);
    story.look('ok');
  }
  expect(story.state.health).toBe(health);
  expect(story.state.recovery).toBe(recovery);
});
