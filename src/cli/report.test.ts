// Answers of the engine as text: each state has its own sign, its reason and what comes next, with and without colour.
import { describe, expect, it } from 'vitest';
import { serviceView } from '../../test/fixtures/service-view.ts';
import { HealthError } from '../contract/errors.ts';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { type Io, json, jsonLine, line, paint, tellError } from './io.ts';
import { alertLines, attemptLines, historyLine, incidentLines, pluginLine, serviceLines, statusLines, worstOf } from './report.ts';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1_000).toISOString();
const plain: Io = { out: () => undefined, err: () => undefined, env: {}, isTerminal: false, hasColour: false };

function view(more: Partial<ServiceView> = {}): ServiceView {
  return serviceView({
    reason: 'ok',
    message: 'Answered 200 in 3 ms',
    since: at(240),
    lastCheckAt: at(5),
    nextCheckAt: at(-55),
    latencyMs: 3,
    uptime: { '24h': null, '7d': null, '30d': null },
    ...more,
  });
}
const shown = (more: Partial<ServiceView>): string => serviceLines(view(more), plain, 4, NOW).join('\n');

describe('a service', () => {
  it('that is well is one line', () => expect(shown({})).toBe('✓ Web   Answered 200 in 3 ms (4 min)'));
  it('that fails says its strike, and why nothing is done', () =>
    expect(
      shown({
        status: 'error',
        phase: 'failing',
        message: 'Refused',
        consecutiveFailures: 2,
        recoveryReason: 'cooldown',
        nextAttemptAt: at(-30),
      }),
    ).toBe('✗ Web   Refused (4 min)\n        failing, strike 2, next repair waits for its cooldown, next try in 30 s'));
  it('that was given up says what was tried, and that an alert stands', () => {
    const lastAttempt = {
      id: 'a-1',
      at: at(60),
      remedy: 'command',
      trigger: 'auto',
      outcome: 'refused',
      reason: 'port-taken',
      secondsToHealthy: null,
    } as const;
    expect(shown({ status: 'error', phase: 'gave-up', alerting: true, lastAttempt })).toContain(
      'gave up: only you, or time, allows another try · last repair: command refused (port-taken) · alert stands',
    );
  });
  it('that a build holds says which, where, since when and for how much longer (R10)', () => {
    const hold = { build: 'npm install', pid: 4_711, folder: '/srv/shop', since: at(120), until: at(-1_680) };
    const held = {
      status: 'error',
      phase: 'held',
      message: 'Refused',
      recoveryReason: 'build-running',
      nextAttemptAt: at(-1_680),
    } as const;
    expect(shown({ ...held, hold })).toBe(
      '✗ Web   Refused (4 min)\n        held: npm install (pid 4711) works in /srv/shop, for 2 min; at most 28 min more',
    );
    expect(shown({ ...held, hold: { ...hold, build: 'git (index.lock)', pid: null } })).toContain(
      'held: git (index.lock) works in /srv/shop',
    );
  });
  it('that is paused or stopped has a sign of its own', () => {
    expect(shown({ phase: 'paused', pausedUntil: at(-3_600) })).toMatch(/^‖ .*\n +paused, for 1 h$/);
    expect(shown({ phase: 'stopped' })).toMatch(/^■ .*\n +stopped on purpose$/);
  });
  it('that nobody has looked at yet has no time', () =>
    expect(shown({ status: 'unknown', since: null, message: 'Not checked yet' })).toBe('? Web   Not checked yet'));
});

it('colour is added only where there is a terminal for it', () => {
  const snapshot = {
    overall: 'error',
    sentence: '1 of 1 needs you: Web, 4 min',
    services: [view({ status: 'error', phase: 'failing' })],
    problems: [{ code: 'x', message: 'config.json is refused', since: at(1) }],
  } as unknown as Snapshot;
  expect(statusLines(snapshot, plain, NOW).join('')).not.toContain('\u001b');
  expect(statusLines(snapshot, { ...plain, hasColour: true }, NOW)[0]).toBe('\u001b[31m✗ 1 of 1 needs you: Web, 4 min\u001b[39m');
  expect(statusLines(snapshot, plain, NOW).at(-1)).toBe('! config.json is refused');
});

it('the line for a monitoring system is one line, without what such a system reads as data', () => {
  expect(pluginLine([view(), view()])).toBe('OK: 2 of 2 services are well');
  const bad = view({ status: 'error', message: 'first | second\nthird' });
  expect(pluginLine([view({ status: 'warning', message: 'Slow' }), bad])).toBe('CRITICAL: Web: Slow; Web: first / second third');
  expect(pluginLine([])).toMatch(/^UNKNOWN: /);
  expect(worstOf(['ok', 'unknown'])).toBe('unknown');
  expect(worstOf(['unknown', 'warning', 'ok'])).toBe('warning');
});

it('an attempt under way, one that helped, and one with output', () => {
  const attempt = {
    attempt: 'a-1',
    service: 'web',
    remedy: 'command',
    trigger: 'person',
    startedAt: at(9),
    outcome: null,
    reason: 'person',
    secondsToHealthy: null,
    output: '',
  } as const;
  expect(attemptLines(attempt, 'web')).toEqual(['web: command is running; its outcome follows (a-1)']);
  expect(attemptLines({ ...attempt, outcome: 'succeeded', secondsToHealthy: 2.345 }, 'web')).toEqual([
    'web: command succeeded, healthy after 2.3 s',
  ]);
  expect(attemptLines({ ...attempt, outcome: 'failed', reason: 'still-failing', output: 'one\ntwo\n' }, 'web')).toEqual([
    'web: command failed (still-failing)',
    '  one',
    '  two',
  ]);
});

it('an incident with its attempts, ended and going on', () => {
  const incident = {
    id: 'i',
    service: 'web',
    startedAt: at(600),
    endedAt: at(540),
    reason: 'refused',
    message: 'Refused',
    strikes: 1,
    alerted: 'down',
    alertedAt: null,
    attempts: [],
  };
  expect(incidentLines(incident)).toEqual([`${at(600)}  web  1 min  Refused  (told: down)`]);
  expect(incidentLines({ ...incident, endedAt: null, alerted: null, alertedAt: null })[0]).toContain('still going on  Refused');
});

it('every line of the audit trail has words, also one that is not known yet', () => {
  const line = (more: Record<string, unknown>): string => historyLine({ at: at(0), service: 'web', event: '', ...more });
  expect(line({ event: 'check', status: 'error', message: 'Refused', consecutiveFailures: 2 })).toMatch(
    /web +error +Refused \(strike 2\)$/,
  );
  expect(line({ event: 'recovery-skipped', reason: 'cooldown' })).toMatch(/repair +none: cooldown$/);
  expect(
    line({ event: 'recovery-finished', remedy: 'command', outcome: 'failed', secondsToHealthy: null, reason: 'still-failing' }),
  ).toMatch(/failed: still-failing$/);
  expect(line({ event: 'alert', kind: 'down', strikes: 3 })).toMatch(/alert +down after 3 strikes$/);
  expect(line({ event: 'something-new', pid: 7, list: [1] })).toMatch(/something-new +pid=7 list=\[1\]$/);
});

it('an alert of the queue, waiting, taken and done', () => {
  const alert = {
    id: 'web.i',
    kind: 'down',
    title: 'Web is down',
    message: 'Refused',
    claimedBy: 'one',
    expiresAt: at(-60),
    result: 'Mended',
  } as Parameters<typeof alertLines>[0];
  expect(alertLines({ ...alert, state: 'claimed' })[0]).toBe(`web.i  down  claimed by one until ${at(-60)}`);
  expect(alertLines({ ...alert, state: 'done' })[0]).toBe('web.i  down  done (Mended)');
  expect(alertLines({ ...alert, state: 'pending', result: null })).toEqual(['web.i  down  pending', '  Web is down', '  Refused']);
});

it('JSON shows no terminal a sequence, and loses nothing', () => {
  const text = 'a\u001b[2J\u007f\u009b31m\u061c\u200e\u2028\u202e\u2066\u0000\ud800é😀';
  const out: string[] = [];
  const io = { ...plain, out: (said: string) => void out.push(said), err: (said: string) => void out.push(said) };
  json(io, { text });
  jsonLine(io, { text });
  tellError(io, new HealthError('usage', text), true);
  for (const said of out) expect(said).not.toMatch(/(?!\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
  const [whole = '', one = '', error = ''] = out;
  expect([JSON.parse(whole).text, JSON.parse(one).text, JSON.parse(error).error.message]).toEqual([text, text, text]);
  expect(one).toContain('é😀');
});

it('what a stranger wrote moves no terminal, with colours or without', () => {
  for (const hasColour of [false, true]) {
    const out: string[] = [];
    const io = { out: (text: string) => void out.push(text), err: () => undefined, env: {}, isTerminal: true, hasColour };
    line(io, `${paint(io, 'red', '✗')} web  \u001b[2J\u001b[1;1H${paint(io, 'green', '✓ All is well')}\u001b]0;x\u0007 \u009b31m\r\u202e`);
    expect(out.join('')).toBe(hasColour ? '\u001b[31m✗\u001b[39m web  \u001b[32m✓ All is well\u001b[39m  \n' : '✗ web  ✓ All is well  \n');
  }
});
