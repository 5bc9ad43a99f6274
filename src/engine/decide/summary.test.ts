import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND } from '../../../test/fixtures/decide-story.ts';
import { type ServiceSight, summarize } from './summary.ts';
import { acknowledge, pause } from './will.ts';

type Story = ReturnType<typeof createStory>;
function summary(stories: readonly Story[], more: { isAsleep?: boolean; isSeen?: boolean; problems?: string[]; isHeld?: boolean } = {}) {
  const now = (stories[0] ?? createStory()).now();
  const lastLook = more.isSeen === false ? undefined : { startedAt: now, endedAt: now, latencyMs: 1 };
  const sight: ServiceSight['sight'] = {
    lastLook,
    verdict: undefined,
    nextCheckInMs: 0,
    planReason: undefined,
    planWaitMs: undefined,
    alertReason: undefined,
    isHeld: more.isHeld ?? false,
    waitsFor: [],
  };
  return summarize({
    services: stories.map(({ config, state }) => ({
      service: config.service,
      state,
      sight,
      can: { heal: true, start: true, stop: true },
      uptime: { '24h': null, '7d': null, '30d': null },
    })),
    isAsleep: more.isAsleep ?? false,
    problems: (more.problems ?? []).map((code) => ({ code, message: code, since: '2026-03-01T08:00:00.000Z' })),
    now,
  });
}
const none = { recovery: [] };
const phase = (story: Story, more = {}) => summary([story], more).services[0]?.phase;

describe('section 2: the colour says who has to act', () => {
  test('green: all is well; a paused and a stopped one do not count', () => {
    const [well, paused, stopped] = [createStory(none), createStory(none), createStory(none)];
    well.look('ok');
    paused.looks(3, 'error');
    paused.state = { ...paused.state, health: pause(paused.state.health, undefined, paused.now()) };
    stopped.look('error');
    stopped.state = { ...stopped.state, health: { ...stopped.state.health, stopped: { since: stopped.now() } } };
    const { overall, counts, sentence } = summary([well, paused, stopped]);
    expect(overall).toBe('ok');
    expect(counts).toEqual({ ok: 1, warning: 0, error: 0, unknown: 0, paused: 1, stopped: 1 });
    expect(sentence).toBe('All well, 2 paused or stopped');
  });

  test('yellow until the third strike, red from it, yellow when acknowledged, green when it is over', () => {
    const story = createStory(none);
    story.looks(2, 'error');
    expect(summary([story])).toMatchObject({ overall: 'warning', services: [{ status: 'error', phase: 'failing', alerting: false }] });
    story.pass(MINUTE);
    story.look('error');
    expect(summary([story])).toMatchObject({ overall: 'error', sentence: '1 of 1 needs you: app, 2 min' });
    const alert = acknowledge(story.state, story.config.service, story.now());
    story.state = { ...story.state, alert: alert ?? story.state.alert };
    expect(summary([story])).toMatchObject({ overall: 'warning', services: [{ acknowledged: true }] });
    story.pass(MINUTE);
    story.look('ok');
    expect(summary([story]).overall).toBe('ok');
  });

  test('red while an alert stands that the cooldown holds back', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.pass(MINUTE);
    story.look('ok');
    story.pass(MINUTE);
    story.looks(3, 'error');
    expect(summary([story]).overall).toBe('error');
  });

  test('what is over is not red because its last notice is still to be told', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    const { alert } = story.state;
    story.pass(MINUTE);
    story.look('ok');
    story.state = { ...story.state, alert };
    expect(summary([story])).toMatchObject({ overall: 'ok', services: [{ alerting: false }] });
  });

  test('red when it gave up, before any third strike', () => {
    const story = createStory({ afterFailures: 50 }, { recovery: { maxAttempts: 1, window: '5m' } });
    story.look('error');
    story.fails();
    expect(summary([story])).toMatchObject({ overall: 'error', services: [{ phase: 'gave-up', consecutiveFailures: 2 }] });
  });

  test('yellow: a warning, one that cannot be looked at, one that the app is repairing', () => {
    for (const level of ['warning', 'unknown'] as const) {
      const story = createStory();
      story.look(level);
      expect(summary([story]).overall).toBe('warning');
    }
    const repaired = createStory();
    repaired.look('error');
    expect(summary([repaired])).toMatchObject({ overall: 'warning', sentence: 'app: being repaired' });
  });

  test('hollow before the first reading and while asleep', () => {
    expect(summary([createStory()], { isSeen: false }).overall).toBe('unknown');
    expect(summary([])).toMatchObject({ overall: 'unknown', sentence: 'Nothing is watched yet' });
    const story = createStory(none);
    story.looks(3, 'error');
    expect(summary([story], { isAsleep: true })).toMatchObject({ overall: 'unknown', sentence: 'Asleep' });
  });

  test('the app itself cannot write or was given a bad configuration: yellow', () => {
    const story = createStory();
    story.look('ok');
    expect(summary([story], { problems: ['home-unusable'] }).overall).toBe('warning');
    expect(summary([story], { problems: ['channel-notification'] }).overall).toBe('ok');
  });
});

describe('phases', () => {
  test('through a repair: failing, recovering, settling, healthy', () => {
    const story = createStory({ recovery: [{ type: 'launchd', label: 'com.example.app' }] });
    story.look('ok');
    expect(phase(story)).toBe('healthy');
    story.look('error');
    expect(phase(story)).toBe('failing');
    story.pass(15 * SECOND);
    story.look('error');
    expect(phase(story)).toBe('recovering');
    story.returns();
    expect(phase(story)).toBe('settling');
    story.look('ok');
    expect(phase(story)).toBe('healthy');
  });

  test('suppressed, held', () => {
    const story = createStory(none);
    story.look({ level: 'error', suppressedBy: ['base'] });
    expect(phase(story)).toBe('suppressed');
    const held = createStory(none);
    held.look({ level: 'error', isHeld: true });
    expect(phase(held, { isHeld: true })).toBe('held');
  });

  test('after giving up a service that is well again is healthy, and given up again at its next error', () => {
    const story = createStory({}, { recovery: { maxAttempts: 1, window: '5m' } });
    story.look('error');
    story.fails();
    story.pass(MINUTE);
    story.look('ok');
    expect(phase(story)).toBe('healthy');
    story.pass(MINUTE);
    story.look('error');
    expect(phase(story)).toBe('gave-up');
    story.pass(HOUR);
  });
});
