import { describe, expect, test } from 'vitest';
import { type NoticeFacts, noticeWords } from './words.ts';

const gateway: NoticeFacts = {
  kind: 'down',
  name: 'Gateway',
  message: 'No answer on port 18789.',
  reason: 'refused',
  strikes: 3,
  sinceMs: 12 * 60_000,
  attempts: [],
};
const restart = (outcome: 'failed' | 'succeeded' | 'refused') => ({ remedy: 'restart-process' as const, outcome });

describe('the words of a notice', () => {
  test('say what is down, since when, and what was tried', () => {
    expect(noticeWords({ ...gateway, attempts: [restart('failed'), restart('failed')] })).toEqual({
      title: 'Gateway is down',
      message: 'No answer on port 18789 for 12 min. Restarted twice without success.',
      severity: 'critical',
    });
  });

  test('without a time they count the checks', () => {
    expect(noticeWords({ ...gateway, sinceMs: 0 }).message).toBe('No answer on port 18789 (3 checks in a row).');
  });

  test('do not call a full disk down', () => {
    const words = noticeWords({ ...gateway, name: 'Disk Space', message: '4 GB free, at least 10 GB wanted', reason: 'over-limit' });
    expect(words.title).toBe('Disk Space needs attention');
    expect(words.message).toBe('4 GB free, at least 10 GB wanted for 12 min.');
  });

  test('after giving up, name the person and the next try', () => {
    const words = noticeWords({
      ...gateway,
      kind: 'gave-up',
      attempts: [restart('failed'), { remedy: 'command', outcome: 'failed' }, restart('failed')],
      nextTryMs: 30 * 60_000,
    });
    expect(words.title).toBe('Gateway needs you: repairs did not help');
    expect(words.message).toBe(
      'No answer on port 18789 for 12 min. Tried to repair it 3 times without success. The next try is in 30 min.',
    );
  });

  test('a crash loop is told as one: each restart worked, and it failed again', () => {
    const words = noticeWords({
      ...gateway,
      kind: 'gave-up',
      attempts: [restart('succeeded'), restart('succeeded'), restart('succeeded')],
    });
    expect(words.message).toContain('Repaired 3 times, and it failed again.');
  });

  test('"cannot look" blames nobody and tells no repair', () => {
    const words = noticeWords({ ...gateway, kind: 'unknown', message: 'Permission denied', reason: 'permission-denied', attempts: [] });
    expect(words).toEqual({ title: 'Cannot look at Gateway', message: 'Permission denied for 12 min.', severity: 'warning' });
  });

  test('recovery says how long it was away and what brought it back', () => {
    expect(noticeWords({ ...gateway, kind: 'recovered', attempts: [restart('failed'), restart('succeeded')] })).toEqual({
      title: 'Gateway is well again',
      message: 'A restart brought it back after 12 min.',
      severity: 'info',
    });
    expect(noticeWords({ ...gateway, kind: 'recovered', sinceMs: 0 }).message).toBe('It recovered.');
  });

  test('one alert names all that hangs on it (R11)', () => {
    expect(noticeWords({ ...gateway, affects: ['Hub', 'Tracker'] }).message).toMatch(/Also affected: Hub, Tracker\.$/);
  });

  test('a long name is shortened, what happened is not', () => {
    for (const kind of ['down', 'gave-up', 'unknown', 'recovered'] as const) {
      const words = noticeWords({ ...gateway, kind, name: 'X'.repeat(200), message: 'y'.repeat(2_000) });
      expect([...words.title].length).toBeLessThanOrEqual(60);
      expect([...words.message].length).toBeLessThanOrEqual(300);
      expect(words.title).toMatch(/is down$|repairs did not help$|^Cannot look at X|is well again$/);
    }
  });
});
