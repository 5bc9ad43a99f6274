import { expect, test } from 'vitest';
import { expandPath } from './expand-path.ts';

test.each([
  ['~', '/home/me'],
  ['~/', '/home/me'],
  ['~/app/../log', '/home/me/log'],
  ['~//tmp/x', '/home/me/tmp/x'],
  ['/srv/app', '/srv/app'],
  ['app', '/home/me/app'],
  ['./app', '/home/me/app'],
  ['~bob/app', '/home/me/~bob/app'],
  ['/srv/~/app', '/srv/~/app'],
])('%s is %s', (text, expanded) => {
  expect(expandPath(text, '/home/me')).toBe(expanded);
});
