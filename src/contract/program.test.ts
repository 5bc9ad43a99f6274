// Where a program was looked for, in words.
import { expect, test } from 'vitest';
import { lookedFor } from './program.ts';

test('a name is looked for on the PATH, a path at its place; a long PATH is cut', () => {
  expect(lookedFor('clawdbot', '/usr/bin:/bin')).toBe(' in /usr/bin, /bin');
  expect(lookedFor('/opt/clawdbot', '/usr/bin:/bin')).toBe('');
  expect(lookedFor('clawdbot', '')).toBe('; there is no PATH to look in');
  expect(lookedFor('x', [...'abcdefghij'].map((one) => `/${one}`).join(':'))).toBe(' in /a, /b, /c, /d, /e, /f, /g, /h and 2 more');
});
