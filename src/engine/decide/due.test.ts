import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND } from '../../../test/fixtures/decide-story.ts';
import { type DueInput, firstDueMs, nextDue } from './due.ts';
import { pause, wake } from './will.ts';

type Story = ReturnType<typeof createStory>;
/** Asked now; the last look ended this long ago. */
function due(story: Story, agoMs = 0, more: Partial<DueInput> = {}) {
  const now = story.now();
  const at = { ...now, bootMs: now.bootMs - agoMs, wallMs: now.wallMs - agoMs };
  const { health, recovery } = story.state;
  return nextDue({
    service: story.config.service,
    health,
    recovery,
    lastLook: { startedAt: at, endedAt: at },
    waitMs: undefined,
    startsProgram: false,
    now,
    ...more,
  });
}

describe('R1 schedule', () => {
  test('a healthy service is looked at every interval, a failing or unseen one every retryInterval', () => {
    const story = createStory({ recovery: [] });
    story.look('ok');
    expect(due(story)).toEqual({ inMs: 5 * MINUTE, reason: 'interval' });
    expect(due(story, 2 * MINUTE).inMs).toBe(3 * MINUTE);
    story.look('error');
    expect(due(story)).toEqual({ inMs: MINUTE, reason: 'retry' });
    story.look('unknown');
    expect(due(story).inMs).toBe(MINUTE);
    story.look('warning');
    expect(due(story).inMs).toBe(5 * MINUTE);
  });

  test('the end of a cooldown brings a failing look forward, never a healthy one; it is never a hot loop', () => {
    const story = createStory({ recovery: [] });
    story.look('error');
    expect(due(story, 0, { waitMs: 20 * SECOND })).toEqual({ inMs: 20 * SECOND, reason: 'plan' });
    expect(due(story, 0, { waitMs: 2 * HOUR }).inMs).toBe(MINUTE);
    expect(due(story, 0, { waitMs: 0 }).inMs).toBeGreaterThan(0);
    story.look('ok');
    expect(due(story, 0, { waitMs: SECOND }).inMs).toBe(5 * MINUTE);
  });

  test('R4: inside a start window every few seconds, at its end at once', () => {
    const story = createStory();
    story.look('error');
    story.returns();
    expect(due(story)).toEqual({ inMs: 50, reason: 'start-window' });
    story.pass(40 * SECOND);
    expect(due(story).inMs).toBe(3 * SECOND);
    story.pass(19 * SECOND);
    expect(due(story).inMs).toBe(SECOND);
    story.pass(SECOND);
    expect(due(story).inMs).toBe(0);
    expect(due(createStory(), 0, { startsProgram: true, lastLook: undefined }).inMs).toBe(0);
  });

  test('R9: after a wake nothing before the machine has settled, whatever was seen before', () => {
    for (const before of ['ok', 'error'] as const) {
      const story = createStory();
      story.look(before);
      story.pass(8 * HOUR);
      story.state = { ...story.state, health: wake(story.state.health, story.config.service, story.now()) };
      story.pass(10 * SECOND);
      expect(due(story, 8 * HOUR)).toEqual({ inMs: 20 * SECOND, reason: 'settling' });
    }
  });

  test('R9: a jump of the wall clock changes nothing', () => {
    const story = createStory();
    story.look('ok');
    story.jump(-HOUR);
    expect(due(story, MINUTE).inMs).toBe(4 * MINUTE);
  });

  test('R12: a paused service is not looked at before its pause is over', () => {
    const story = createStory();
    story.look('ok');
    story.state = { ...story.state, health: pause(story.state.health, HOUR, story.now()) };
    story.pass(20 * MINUTE);
    expect(due(story, 20 * MINUTE)).toEqual({ inMs: 40 * MINUTE, reason: 'pause-over' });
    story.state = { ...story.state, health: pause(story.state.health, undefined, story.now()) };
    expect(due(story).inMs).toBeUndefined();
  });

  test('first looks are spread: no two at once, all within the shortest interval', () => {
    const thousand = Array.from({ length: 1_000 }, (_, index) => firstDueMs(index, 1_000, 30 * SECOND));
    expect(new Set(thousand).size).toBe(1_000);
    expect(Math.max(...thousand)).toBeLessThan(30 * SECOND);
    expect(firstDueMs(3, 6, 5 * MINUTE)).toBe(300);
  });
});
