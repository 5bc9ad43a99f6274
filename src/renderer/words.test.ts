import { describe, expect, test } from 'vitest';
import { serviceView } from '../../test/fixtures/service-view.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { attemptText, briefOf, endText, incidentText, reasonText, sentenceOf } from './words.ts';

const NOW = Date.parse('2026-11-24T14:34:20Z');
const ago = (ms: number) => new Date(NOW - ms).toISOString();
const MINUTE = 60_000;
const well = serviceView({ id: 'app', name: 'App', since: ago(60 * MINUTE), lastCheckAt: ago(MINUTE), nextCheckAt: null });
const down: ServiceView = {
  ...well,
  status: 'error',
  phase: 'failing',
  reason: 'refused',
  message: 'No answer on port 3000.',
  since: ago(4 * MINUTE + 10_000),
  consecutiveFailures: 3,
};
const tried = (outcome: 'failed' | 'succeeded' | null, remedy = 'restart-process') =>
  ({
    attempt: 'a',
    service: 'app',
    remedy,
    trigger: 'auto',
    startedAt: ago(3 * MINUTE),
    outcome,
    reason: 'no-answer',
    secondsToHealthy: null,
    output: '',
  }) as const;
const say = (view: ServiceView, attempts: ReturnType<typeof tried>[] = []) =>
  sentenceOf(view, { nowMs: NOW, incident: view.status === 'error' ? { startedAt: view.since ?? '', attempts } : undefined });

describe('the sentence of a service', () => {
  test('says how long, what was tried, what is seen', () => {
    expect(say(down)).toBe('Down for 4 min. No answer on port 3000.');
    expect(say(down, [tried('failed')])).toBe('Down for 4 min. Restarted once, no answer on port 3000.');
    expect(say(down, [tried('failed'), tried('failed', 'launchd')])).toContain('Restarted twice, no answer');
    expect(say(down, [tried('failed'), tried('failed', 'command'), tried('failed')])).toContain('Repaired 3 times, no answer');
  });

  test('counts no mere evidence, and knows the last attempt where the incident is not known yet', () => {
    expect(say(down, [tried('succeeded', 'log-top-processes')])).toBe('Down for 4 min. No answer on port 3000.');
    const last = {
      id: 'a',
      at: ago(3 * MINUTE),
      remedy: 'restart-process',
      trigger: 'auto',
      outcome: 'failed',
      reason: 'no-answer',
      secondsToHealthy: null,
    } as const;
    expect(sentenceOf({ ...down, lastAttempt: last }, { nowMs: NOW })).toBe('Down for 4 min. Restarted once, no answer on port 3000.');
    expect(sentenceOf({ ...down, lastAttempt: { ...last, at: ago(99 * MINUTE) } }, { nowMs: NOW })).not.toContain('Restarted');
  });

  test('a passed limit is not called down', () => {
    expect(say({ ...down, reason: 'over-limit', message: '94 % used, at most 90 % wanted' })).toBe(
      'Over its limit for 4 min. 94 % used, at most 90 % wanted.',
    );
    expect(say({ ...down, reason: 'pattern-found', message: 'app.log: "FATAL"' })).toMatch(/^Not well for 4 min\./);
  });

  test('says why nothing is done', () => {
    expect(say({ ...down, recoveryReason: 'no-remedy' })).toMatch(/Nothing is set up to repair it\.$/);
    expect(say({ ...down, recoveryReason: 'recovery-disabled' })).toMatch(/Repairs are switched off\.$/);
    expect(say({ ...down, phase: 'held' })).toMatch(/The restart waits: a build is running in its folder\.$/);
    const hold = { build: 'npm install', pid: 4_711, folder: '/srv/shop', since: ago(2 * MINUTE), until: ago(-28 * MINUTE) };
    expect(say({ ...down, phase: 'held', hold })).toMatch(
      /The restart waits: npm install \(process 4711\) has been at work in \/srv\/shop for 2 min\.$/,
    );
    expect(say({ ...down, phase: 'suppressed' })).toBe('Down for 4 min. Something that it depends on is down; that comes first.');
    expect(say({ ...down, phase: 'gave-up', nextAttemptAt: ago(-26 * MINUTE) }, [tried('failed'), tried('failed')])).toMatch(
      /^Down for 4 min\. Restarted twice without success\. No answer on port 3000\. Next try at \d\d:\d\d\.$/,
    );
  });

  test('says what is being done', () => {
    const running = {
      id: 'a',
      at: ago(20_000),
      remedy: 'restart-process',
      trigger: 'auto',
      outcome: null,
      reason: 'first-strike',
      secondsToHealthy: null,
    } as const;
    expect(say({ ...down, phase: 'recovering', lastAttempt: running })).toBe(
      'Down for 4 min. No answer on port 3000. Being restarted now.',
    );
    expect(say({ ...down, phase: 'settling', lastAttempt: running })).toBe('Down for 4 min. Restarted 20 s ago, waiting for it to answer.');
  });

  test('what is not failing is told plainly', () => {
    expect(say(well)).toBe('Answered 200 in 6 ms.');
    expect(say({ ...well, status: 'unknown', reason: 'permission-denied', message: 'Permission denied' })).toBe(
      'Cannot be looked at: permission denied.',
    );
    expect(say({ ...well, reason: 'not-yet-checked', nextCheckAt: ago(-8_000) })).toBe('The first look comes in 8 s.');
    expect(say({ ...well, phase: 'paused' })).toBe('Paused until you resume it.');
    expect(say({ ...well, phase: 'paused', pausedUntil: ago(-MINUTE) })).toMatch(/^Paused until \d\d:\d\d\.$/);
    expect(say({ ...down, phase: 'stopped' })).toBe('Stopped on purpose. It stays so until you start it.');
    expect(say({ ...down, phase: 'stopped', stoppedBy: 'stopped-in-pm2' })).toBe('Stopped in PM2. It stays so until you start it.');
  });

  test('the head names the worst in one line', () => {
    expect(briefOf(down, { nowMs: NOW, incident: { startedAt: down.since ?? '', attempts: [tried('failed'), tried('failed')] } })).toBe(
      'App has been down for 4 min. 2 repairs did not help.',
    );
    expect(briefOf({ ...down, recoveryReason: 'no-remedy' }, { nowMs: NOW })).toBe(
      'App has been down for 4 min. Nothing is set up to repair it.',
    );
  });
});

describe('attempts and incidents', () => {
  test('are one line each', () => {
    expect(attemptText({ ...tried('succeeded'), secondsToHealthy: 4 })).toBe('Restarted, well after 4 s');
    expect(attemptText({ ...tried('failed'), trigger: 'person' })).toBe('Restarted by you without success: no answer in its start window');
    expect(attemptText({ ...tried(null), outcome: 'refused', reason: 'no-certain-owner' })).toBe(
      'Not repaired: no process could be named for certain',
    );
    expect(reasonText('a-new-reason')).toBe('a new reason');
  });
  test('a file keeps its name, and how it ended is told', () => {
    expect(incidentText({ message: 'app.log is 104 MB.', reason: 'over-limit' })).toBe('app.log is 104 MB');
    const incident = {
      id: 'i',
      service: 'app',
      startedAt: ago(10 * MINUTE),
      endedAt: ago(6 * MINUTE),
      reason: 'refused',
      message: '',
      strikes: 1,
      alerted: null,
      alertedAt: null,
      attempts: [tried('succeeded')],
    };
    expect(endText({ ...incident, attempts: [...incident.attempts] }, NOW)).toBe('restarted, over after 4 min');
    expect(endText({ ...incident, endedAt: null, attempts: [] }, NOW)).toBe('going on for 10 min');
  });
});
