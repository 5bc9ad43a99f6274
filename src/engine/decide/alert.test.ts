import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND } from '../../../test/fixtures/decide-story.ts';
import { acknowledge, pause } from './will.ts';

const none = { recovery: [] };
type Story = ReturnType<typeof createStory>;
function ack(story: Story): void {
  const alert = acknowledge(story.state, story.config.service, story.now());
  if (!alert) throw new Error('Nothing to acknowledge');
  story.state = { ...story.state, alert };
}

describe('R6 when somebody is told', () => {
  test('down from the third strike in a row, once: no reminders', () => {
    const story = createStory(none);
    expect(story.look('error').alert.reason).toBe('below-threshold');
    story.pass(MINUTE);
    expect(story.look('error').alert.reason).toBe('below-threshold');
    story.pass(MINUTE);
    expect(story.look('error').alert).toMatchObject({ kind: 'tell', reason: 'third-strike', alert: { kind: 'down', strikes: 3 } });
    for (let hour = 0; hour < 24; hour += 1) {
      story.pass(HOUR);
      expect(story.look('error').alert).toMatchObject({ kind: 'quiet', reason: 'already-told' });
    }
  });

  test('R19: a service healed before its third strike makes no sound', () => {
    const story = createStory(none);
    story.looks(2, 'error');
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'quiet' });
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'quiet', reason: 'no-incident' });
  });

  test('an incident that was told, and is over: one recovered notice', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'recovered', reason: 'recovered' });
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'quiet', reason: 'no-incident' });
  });

  test('at most one notice per cooldown, across incidents; what came inside it and still stands is told when it ends', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.pass(MINUTE);
    story.look('ok');
    story.pass(MINUTE);
    const { alert } = story.looks(3, 'error');
    expect(alert).toMatchObject({ kind: 'quiet', reason: 'alert-cooldown', waitMs: 56 * MINUTE });
    story.pass(55 * MINUTE);
    expect(story.look('error').alert.reason).toBe('alert-cooldown');
    story.pass(MINUTE);
    expect(story.look('error').alert).toMatchObject({ kind: 'tell', reason: 'third-strike' });
  });

  test('no notice for what was never told: an incident that came and went inside the cooldown', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.pass(MINUTE);
    story.look('ok');
    story.pass(MINUTE);
    story.looks(3, 'error');
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'quiet', reason: 'never-told', alert: undefined });
  });

  test('the recovered notice is not held by the cooldown and does not start one', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    const told = story.state.alert.lastNoticeAt;
    story.pass(SECOND);
    expect(story.look('ok').alert.kind).toBe('recovered');
    expect(story.state.alert.lastNoticeAt).toEqual(told);
  });

  test('the kind changes with the incident, upwards; as a notice it waits for the cooldown', () => {
    const story = createStory(none);
    story.looks(3, 'unknown');
    story.pass(MINUTE);
    story.looks(3, 'error');
    expect(story.state.alert.alert).toMatchObject({ kind: 'down', told: { kind: 'unknown' } });
    story.pass(HOUR);
    expect(story.look('error').alert).toMatchObject({ kind: 'tell', reason: 'kind-changed', alert: { kind: 'down' } });
    story.pass(MINUTE);
    story.looks(5, 'unknown');
    expect(story.state.alert.alert?.kind).toBe('down');
  });

  test('R9: the cooldown survives a reboot and a wall clock set back: at most the whole', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.pass(MINUTE);
    story.look('ok');
    story.jump(-48 * HOUR);
    story.reboot(MINUTE);
    expect(story.looks(3, 'error').alert).toMatchObject({ reason: 'alert-cooldown', waitMs: HOUR });
  });
});

describe('R6 acknowledged', () => {
  test('stays quiet until it ends by itself, then recovers as told', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    ack(story);
    story.pass(5 * HOUR);
    expect(story.look('error').alert).toMatchObject({ kind: 'quiet', reason: 'acknowledged' });
    story.pass(MINUTE);
    expect(story.look('ok').alert.kind).toBe('recovered');
    story.pass(2 * HOUR);
    expect(story.looks(3, 'error').alert.kind).toBe('tell');
  });

  test('before its third strike: nobody is told at all', () => {
    const story = createStory(none);
    story.look('error');
    ack(story);
    story.pass(MINUTE);
    expect(story.looks(5, 'error').alert.reason).toBe('acknowledged');
    story.pass(MINUTE);
    expect(story.look('ok').alert).toMatchObject({ kind: 'quiet', reason: 'never-told' });
  });

  test('belongs to its incident: what is left of an older one is not acknowledged in its place', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    const old = story.state.alert;
    story.pass(MINUTE);
    story.look('ok');
    story.pass(MINUTE);
    story.look('error');
    story.state = { ...story.state, alert: old }; // its recovered notice is still on its way
    ack(story);
    expect(story.state.alert.alert).toMatchObject({ incident: story.state.health.incident?.id });
  });

  test('nothing to acknowledge without an incident', () => {
    const story = createStory();
    story.look('ok');
    expect(acknowledge(story.state, story.config.service, story.now())).toBeUndefined();
  });
});

describe('R12 paused and stopped are not told of', () => {
  test('paused is quiet, and what still stands is told after it', () => {
    const story = createStory(none);
    story.looks(2, 'error');
    story.state = { ...story.state, health: pause(story.state.health, undefined, story.now()) };
    story.pass(MINUTE);
    expect(story.looks(5, 'error').alert).toMatchObject({ kind: 'quiet', reason: 'paused' });
  });

  test('stopped on purpose: what stood is dropped without a word', () => {
    const story = createStory(none);
    story.looks(3, 'error');
    story.state = { ...story.state, health: { ...story.state.health, stopped: { since: story.now() } } };
    story.pass(MINUTE);
    expect(story.look('error').alert).toMatchObject({ kind: 'quiet', reason: 'stopped', alert: undefined });
  });
});
