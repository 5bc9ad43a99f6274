import { describe, expect, test } from 'vitest';
import { createStory, HOUR, MINUTE, measure, SECOND } from '../../../test/fixtures/decide-story.ts';
import { pause, resume, settle, wake } from './will.ts';

const strikes = (story: ReturnType<typeof createStory>) => story.state.health.strikes;

describe('R2 strikes', () => {
  test('an error is one strike, and ok or warning clear them and end the incident', () => {
    for (const well of ['ok', 'warning'] as const) {
      const story = createStory({ recovery: [] });
      expect(story.look('error').verdict.isStrike).toBe(true);
      story.pass(MINUTE);
      story.look('error');
      expect(strikes(story)).toBe(2);
      const { incident } = story.state.health;
      expect(incident).toBeDefined();
      story.pass(MINUTE);
      story.look(well);
      expect(story.state.health).toMatchObject({ status: well, strikes: 0, incident: undefined, lastStrikeAt: undefined });
    }
  });

  test('a warning is no strike and starts no remedy', () => {
    const story = createStory();
    const { verdict, plan } = story.look('warning');
    expect(verdict).toMatchObject({ isStrike: false, whyNoStrike: 'not-failing' });
    expect(plan).toMatchObject({ kind: 'wait', reason: 'not-failing' });
  });

  test("a person's own check adds a strike only when retryInterval has passed since the last", () => {
    const story = createStory({ recovery: [] });
    story.look('error');
    story.pass(10 * SECOND);
    expect(story.look('error').verdict).toMatchObject({ isStrike: false, whyNoStrike: 'too-soon' });
    story.pass(49 * SECOND);
    expect(story.look('error').verdict.whyNoStrike).toBe('too-soon');
    story.pass(SECOND);
    expect(story.look('error').verdict.isStrike).toBe(true);
    expect(strikes(story)).toBe(2);
  });

  test('unknown is no strike and clears none', () => {
    const story = createStory({ recovery: [] });
    story.looks(2, 'error');
    story.pass(MINUTE);
    expect(story.look('unknown').verdict).toMatchObject({ isStrike: false, whyNoStrike: 'could-not-look' });
    expect(strikes(story)).toBe(2);
    story.pass(MINUTE);
    story.look('error');
    expect(strikes(story)).toBe(3);
  });

  test('unknown as often in a row as would alert is told once as "cannot look"', () => {
    const story = createStory();
    expect(story.looks(2, 'unknown').alert.reason).toBe('no-incident');
    story.pass(MINUTE);
    expect(story.look('unknown').alert).toMatchObject({ kind: 'tell', reason: 'cannot-look', alert: { kind: 'unknown' } });
    story.pass(2 * HOUR);
    expect(story.look('unknown').alert).toMatchObject({ kind: 'quiet', reason: 'already-told' });
  });

  test('an ok or an error between breaks the row of unknown', () => {
    for (const other of ['ok', 'error'] as const) {
      const story = createStory({ recovery: [] });
      story.looks(2, 'unknown');
      story.pass(MINUTE);
      story.look(other);
      story.pass(MINUTE);
      expect(story.look('unknown').alert.kind).toBe('quiet');
      expect(story.state.health.unknowns).toBe(1);
    }
  });

  test("three quick checks of a person that can't look alarm nobody: unknown is paced like strikes", () => {
    const story = createStory();
    expect(story.looks(5, 'unknown', SECOND).alert.kind).toBe('quiet');
    expect(story.state.health.unknowns).toBe(1);
  });

  test('inside a start window, looked at every few seconds, unknown is not counted (R4, R19)', () => {
    const story = createStory();
    story.look('error');
    story.pass(SECOND);
    story.returns();
    expect(story.looks(10, 'unknown', 3 * SECOND).alert.kind).toBe('quiet');
    expect(story.state.health.unknowns).toBe(0);
  });

  test.each(['paused', 'stopped', 'suppressed', 'held'] as const)('no strike while %s', (what) => {
    const story = createStory();
    const { health } = story.state;
    if (what === 'paused') story.state = { ...story.state, health: pause(health, undefined, story.now()) };
    if (what === 'stopped') story.state = { ...story.state, health: { ...health, stopped: { since: story.now() } } };
    const { verdict } = story.looks(5, { level: 'error', suppressedBy: what === 'suppressed' ? ['base'] : [], isHeld: what === 'held' });
    expect(verdict.whyNoStrike).toBe(what);
    expect(strikes(story)).toBe(0);
    expect(story.state.health.incident).toBeUndefined();
  });

  test('what was counted before a pause stays, and counts on after it', () => {
    const story = createStory({ recovery: [] });
    story.looks(2, 'error');
    story.state = { ...story.state, health: pause(story.state.health, undefined, story.now()) };
    story.pass(HOUR);
    story.look('error');
    expect(strikes(story)).toBe(2);
    story.state = { ...story.state, health: resume(story.state.health) };
    story.pass(MINUTE);
    expect(story.look('error').alert.reason).toBe('third-strike');
  });
});

describe('R2 clearAt', () => {
  const over = (value: number) => ({ level: 'ok' as const, measures: [measure(value)] });

  test('a limit stays failing until clearAt is passed, then fails only at the limit again', () => {
    const story = createStory({ recovery: [] });
    expect(story.look(over(89)).verdict.status).toBe('ok');
    story.pass(MINUTE);
    expect(story.look(over(91)).verdict).toMatchObject({
      status: 'error',
      reason: 'over-limit',
      message: '91 % used',
      value: 91,
      limit: 90,
    });
    story.pass(MINUTE);
    expect(story.look(over(87)).verdict.status).toBe('error');
    story.pass(MINUTE);
    expect(story.look(over(84)).verdict.status).toBe('ok');
    story.pass(MINUTE);
    expect(story.look(over(87)).verdict.status).toBe('ok');
  });

  test('a look that could not see leaves the limit failing', () => {
    const story = createStory({ recovery: [] });
    story.look(over(91));
    story.pass(MINUTE);
    story.look('unknown');
    story.pass(MINUTE);
    expect(story.look(over(87)).verdict.status).toBe('error');
  });

  test('a probe that calls itself an error for another reason leaves it failing too (pressure over the limit)', () => {
    const story = createStory({ recovery: [] });
    story.look({ level: 'error', measures: [measure(95)] });
    story.pass(MINUTE);
    expect(story.look(over(87)).verdict).toMatchObject({ status: 'error', reason: 'over-limit' });
    story.pass(MINUTE);
    story.look({ level: 'error', measures: [measure(87)] });
    story.pass(MINUTE);
    expect(story.look(over(87)).verdict.status).toBe('error');
  });

  test('a measure without clearAt fails at its limit only, beside one that has it', () => {
    const story = createStory({ recovery: [] });
    const inodes = measure(10, { name: 'inodes', failsWhen: 'below', limit: 20, clearAt: undefined });
    story.look({ level: 'ok', measures: [measure(91), inodes] });
    story.pass(MINUTE);
    expect(story.look({ level: 'ok', measures: [measure(80), inodes] }).verdict.value).toBe(10);
    story.pass(MINUTE);
    expect(story.look({ level: 'ok', measures: [measure(87), { ...inodes, value: 20 }] }).verdict.status).toBe('ok');
  });
});

describe('R4 start window', () => {
  test('opens when the remedy has returned; inside no strike and no remedy; the reading that ends it is a strike and fails the attempt', () => {
    const story = createStory();
    expect(story.look('error').plan).toMatchObject({ kind: 'attempt', reason: 'first-strike' });
    story.pass(20 * SECOND);
    expect(story.look('error')).toMatchObject({ verdict: { whyNoStrike: 'start-window' }, plan: { reason: 'attempt-running' } });
    story.returns();
    story.pass(59 * SECOND);
    expect(story.look('error')).toMatchObject({
      verdict: { whyNoStrike: 'start-window' },
      plan: { reason: 'start-window', waitMs: SECOND },
    });
    expect(story.state.recovery.current?.outcome).toBeUndefined();
    story.pass(SECOND);
    expect(story.look('error').verdict.isStrike).toBe(true);
    expect(strikes(story)).toBe(2);
    expect(story.state.recovery.attempts.at(-1)).toMatchObject({ outcome: 'failed', reason: 'first-strike' });
  });

  test('ok inside: the attempt succeeded, with its seconds to healthy', () => {
    const story = createStory();
    story.look('error');
    story.pass(2 * SECOND);
    story.returns();
    story.pass(10 * SECOND);
    story.look('ok');
    expect(story.state.recovery.attempts.at(-1)).toMatchObject({ outcome: 'succeeded', secondsToHealthy: 12 });
    expect(story.state.health).toMatchObject({ strikes: 0, incident: undefined });
  });

  test('a look that began before the remedy returned proves nothing about it', () => {
    const story = createStory();
    story.look('error');
    story.pass(5 * SECOND);
    story.returns();
    story.pass(SECOND);
    story.look({ level: 'ok', tookMs: 3 * SECOND });
    expect(story.state.recovery.current).toBeDefined();
  });

  test('a young process that has not yet been ok gets its window, once per failing stretch', () => {
    const story = createStory({ recovery: [] });
    const young = { level: 'error' as const, processAgeMs: 10 * SECOND };
    expect(story.look(young).verdict.whyNoStrike).toBe('settling');
    story.pass(50 * SECOND);
    expect(story.look({ ...young, processAgeMs: 5 * SECOND }).verdict.isStrike).toBe(true);
    story.pass(MINUTE);
    expect(story.look(young).verdict.isStrike).toBe(true);
  });

  test('a young process that has been ok since its start has none', () => {
    const story = createStory();
    story.look('ok');
    story.pass(10 * SECOND);
    expect(story.look({ level: 'error', processAgeMs: 20 * SECOND }).verdict.isStrike).toBe(true);
  });

  test('too slow, too much memory: a young process whose number is over its limit may be starting too', () => {
    const story = createStory();
    expect(story.look({ level: 'ok', measures: [measure(99)], processAgeMs: SECOND }).verdict.whyNoStrike).toBe('settling');
  });

  test('after a wake: strikes survive, none is added until the machine has settled, then they count on (R9)', () => {
    const story = createStory({ recovery: [] });
    story.looks(2, 'error');
    story.pass(8 * HOUR);
    story.state = { ...story.state, health: wake(story.state.health, story.config.service, story.now()) };
    story.pass(31 * SECOND);
    expect(story.look('error').verdict.whyNoStrike).toBe('settling');
    expect(strikes(story)).toBe(2);
    story.pass(30 * SECOND);
    expect(story.look('error').verdict.isStrike).toBe(true);
  });

  test("a person's start has its window", () => {
    const story = createStory();
    story.state = { ...story.state, health: { ...story.state.health, settle: settle('person-start', MINUTE, story.now()) } };
    expect(story.look('error')).toMatchObject({ verdict: { whyNoStrike: 'settling' }, plan: { reason: 'settling' } });
  });
});

describe('R11 suppressed', () => {
  test('its strikes are dropped, no remedy, no alert; unknown is no alert either', () => {
    const story = createStory();
    story.looks(2, { level: 'error', suppressedBy: [] });
    story.pass(MINUTE);
    const { plan, alert } = story.looks(5, { level: 'error', suppressedBy: ['base'] });
    expect(plan).toMatchObject({ kind: 'wait', reason: 'dependency-down' });
    expect(alert.kind).toBe('quiet');
    expect(story.state.health).toMatchObject({ strikes: 0, suppressedBy: ['base'] });
    story.pass(MINUTE);
    expect(story.looks(5, { level: 'unknown', suppressedBy: ['base'] }).alert.kind).toBe('quiet');
    expect(story.state.health).toMatchObject({ unknowns: 0, suppressedBy: ['base'] });
  });

  test('what it depends on is well again: a start window, then strikes from the first', () => {
    const story = createStory();
    story.looks(3, { level: 'error', suppressedBy: ['base'] });
    story.pass(MINUTE);
    expect(story.look('error')).toMatchObject({ verdict: { whyNoStrike: 'settling' }, plan: { reason: 'settling' } });
    story.pass(MINUTE);
    expect(story.look('error').verdict.isStrike).toBe(true);
    expect(strikes(story)).toBe(1);
  });

  test('a told alert does not "recover" because the service below fell too', () => {
    const story = createStory({ recovery: [] });
    expect(story.looks(3, 'error').alert.kind).toBe('tell');
    story.pass(MINUTE);
    expect(story.look({ level: 'error', suppressedBy: ['base'] }).alert).toMatchObject({ kind: 'quiet', reason: 'suppressed' });
    story.pass(2 * HOUR);
    expect(story.look('error').alert.kind).toBe('quiet');
    story.pass(MINUTE);
    expect(story.look('ok').alert.kind).toBe('recovered');
  });

  test('an alert that waited for its cooldown is dropped with the strikes, and is not told after one strike', () => {
    const story = createStory({ recovery: [] });
    story.looks(3, 'error');
    story.pass(MINUTE);
    story.look('ok');
    story.pass(MINUTE);
    expect(story.looks(3, 'error').alert.reason).toBe('alert-cooldown');
    story.pass(MINUTE);
    story.look({ level: 'error', suppressedBy: ['base'] });
    story.pass(2 * HOUR);
    story.look('error');
    story.pass(MINUTE);
    expect(story.look('error').alert).toMatchObject({ kind: 'quiet', reason: 'below-threshold' });
    story.pass(MINUTE);
    story.look('error');
    story.pass(MINUTE);
    expect(story.look('error').alert.kind).toBe('tell');
  });
});
