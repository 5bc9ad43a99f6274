// R10 as stories: what a build holds back, what ends a hold, and that 30 min an incident are all it gets.
import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, SECOND, type Story } from '../../../test/fixtures/decide-story.ts';
import type { Hold } from '../../contract/flow.ts';
import { afterBuildLook, asksForBuilds, holdLeftMs, holdNews } from './hold.ts';

const down = { level: 'error', isHeld: true } as const;
const holdOf = (story: Story): Hold | undefined => story.state.health.hold;

describe('while a build works', () => {
  test('no strike, no remedy, no alert, however long it fails; the reason is named', () => {
    const told = createStory();
    const { verdict, plan, alert } = told.looks(25, down);
    expect(verdict).toMatchObject({ isStrike: false, whyNoStrike: 'held' });
    expect(plan).toMatchObject({ kind: 'wait', reason: 'build-running', waitMs: 6 * MINUTE });
    expect(alert.kind).toBe('quiet');
    expect(told.state.health).toMatchObject({ strikes: 0, incident: undefined, status: 'error' });
    expect(told.state.recovery.attempts).toEqual([]);
  });

  test('an incident that has begun keeps its strikes and stands still', () => {
    const story = createStory({ recovery: [], afterFailures: 3 });
    story.looks(2, 'error');
    story.pass(MINUTE);
    const { alert } = story.looks(10, down);
    expect(story.state.health.strikes).toBe(2);
    expect(alert).toMatchObject({ kind: 'quiet', reason: 'held' });
  });

  test('looks that cannot see do not add up to "cannot look" either', () => {
    const story = createStory();
    story.look(down);
    story.pass(MINUTE);
    story.looks(5, { level: 'unknown', isHeld: true });
    expect(story.state.health.unknowns).toBe(0);
  });

  test('nothing is written again while the same one goes on; another in its place is', () => {
    const story = createStory();
    story.look({ level: 'error', build: 'npm install 1' });
    const first = holdOf(story);
    story.pass(MINUTE);
    story.look({ level: 'error', build: 'npm install 1' });
    expect(holdOf(story)).toBe(first);
    story.pass(MINUTE);
    story.look({ level: 'error', build: 'tsc 2' });
    expect(holdOf(story)).toMatchObject({ since: first?.since, build: { name: 'tsc 2' } });
    expect(holdNews(first, holdOf(story), story.now())).toMatchObject({ kind: 'held', build: { name: 'tsc 2' }, leftMs: 28 * MINUTE });
  });
});

describe('a hold ends', () => {
  test('with the build: what it made gets a start window, then strikes and repairs go on (R4)', () => {
    const story = createStory();
    story.looks(3, down);
    story.pass(30 * SECOND);
    const before = holdOf(story);
    expect(story.look('error')).toMatchObject({ verdict: { whyNoStrike: 'settling' }, plan: { reason: 'settling', waitMs: MINUTE } });
    expect(story.state.health.settle).toMatchObject({ why: 'hold-ended' });
    expect(holdNews(before, holdOf(story), story.now())).toMatchObject({ kind: 'ended', reason: 'build-ended', heldMs: 2.5 * MINUTE });
    story.pass(MINUTE);
    expect(story.look('error')).toMatchObject({ verdict: { isStrike: true }, plan: { kind: 'attempt', reason: 'first-strike' } });
  });

  test('after 30 min, though the build goes on: at once, without a start window on top', () => {
    const story = createStory();
    story.looks(30, down);
    const before = holdOf(story);
    story.pass(MINUTE);
    expect(story.look(down)).toMatchObject({ verdict: { isStrike: true }, plan: { kind: 'attempt', reason: 'first-strike' } });
    expect(holdOf(story)).toMatchObject({ since: undefined, usedMs: 30 * MINUTE, build: undefined });
    expect(holdNews(before, holdOf(story), story.now())).toMatchObject({ kind: 'ended', reason: 'time-over' });
    // Nor does the next look of the same incident hold it again.
    expect(story.fails().plan.kind).toBe('wait');
    story.pass(5 * MINUTE);
    expect(story.look(down).plan).toMatchObject({ kind: 'attempt' });
  });

  test('with the service: well again, and the next trouble has its whole 30 min', () => {
    const story = createStory();
    story.looks(20, down);
    const before = holdOf(story);
    story.look('ok');
    expect(holdOf(story)).toBeUndefined();
    expect(holdNews(before, undefined, story.now())).toMatchObject({ kind: 'ended', reason: 'well-again' });
    story.pass(HOUR);
    expect(story.looks(29, down).plan).toMatchObject({ reason: 'build-running', waitMs: 2 * MINUTE });
  });
});

test('builds that come and go share the 30 min of the incident, with the windows between them', () => {
  const story = createStory();
  let minutes = 0;
  for (; minutes < 60 && story.state.recovery.current === undefined; minutes += 1) {
    story.look({ level: 'error', isHeld: minutes % 3 !== 2 }); // two minutes of build, one without
    story.pass(MINUTE);
  }
  expect(minutes).toBeGreaterThanOrEqual(30);
  expect(minutes).toBeLessThanOrEqual(32);
});

test('the time that a build has held survives a sleep, a jump of the wall clock and a restart of the engine; a reboot counts by the wall', () => {
  const story = createStory();
  story.look(down);
  const kept = JSON.parse(JSON.stringify(holdOf(story))) as Hold;
  story.jump(-48 * HOUR);
  story.pass(10 * MINUTE);
  expect(holdLeftMs(kept, story.now())).toBe(20 * MINUTE);
  story.jump(48 * HOUR);
  story.reboot(5 * MINUTE);
  expect(holdLeftMs(kept, story.now())).toBe(15 * MINUTE);
  story.pass(10 * HOUR);
  expect(holdLeftMs(kept, story.now())).toBe(0);
});

test("a person's restart passes over a hold, and the hold goes on only where that did not help", () => {
  const story = createStory();
  story.looks(2, down);
  story.person();
  story.returns();
  story.pass(10 * SECOND);
  expect(story.look(down)).toMatchObject({ verdict: { whyNoStrike: 'start-window' }, plan: { reason: 'start-window' } });
  story.pass(MINUTE);
  expect(story.look(down)).toMatchObject({ plan: { reason: 'build-running' } });
  expect(story.state.recovery.attempts.at(-1)).toMatchObject({ trigger: 'person', outcome: 'failed' });
});

describe('nobody looks for builds', () => {
  const story = createStory();
  const at = story.now();
  const base = { service: story.config.service, ...story.state, status: 'error' as const, suppressedBy: [], at };
  const { health } = story.state;
  const since = at;
  test.each([
    ['while all is well', { status: 'ok' as const }],
    ['of a warning', { status: 'warning' as const }],
    ['where nothing could be seen, and nothing is held', { status: 'unknown' as const }],
    ['of what is behind another', { suppressedBy: ['base'] }],
    ['of what is paused', { health: { ...health, paused: { since, forMs: undefined } } }],
    ['of what is stopped on purpose', { health: { ...health, stopped: { since } } }],
    ['inside a start window', { health: { ...health, settle: { why: 'wake' as const, since, forMs: MINUTE } } }],
    ['when the time is over', { health: { ...health, hold: { since: undefined, usedMs: 30 * MINUTE, build: undefined } } }],
    ['where no folder is known', { service: { ...base.service, buildFolders: [] } }],
  ])('%s', (_when, more) => {
    expect(asksForBuilds(base)).toBe(true);
    expect(asksForBuilds({ ...base, ...more })).toBe(false);
  });

  test('and no build leaves the state as it is', () => expect(afterBuildLook(health, base.service, undefined, at)).toBe(health));
});
