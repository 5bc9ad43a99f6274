import { expect, test } from 'vitest';
import { plainLine, plainLines } from './plain-text.ts';

test.each([
  ['\u001b[31mred\u001b[0m', 'red'],
  ['a\u001b[2J\u001b[1;1H\u001b[32m✓ All is well', 'a✓ All is well'],
  ['\u001b]0;title\u0007b', 'b'],
  ['\u001b]52;c;c2VjcmV0\u001b\\b', 'b'],
  ['\u001b]8;;http://evil/\u0007link\u001b]8;;\u0007', 'link'],
  ['c\u009b31mred', 'cred'],
  ['bell\u0007 back\u0008 over\r', 'bell  back  over '],
  ['\u001bcreset', 'reset'],
  ['gpj.\u202etxt', 'gpj.txt'],
  ['two\nlines\u0000', 'two lines '],
  ['grüße 日本 …', 'grüße 日本 …'],
])('%j is shown as %j', (text, shown) => {
  expect(plainLine(text)).toBe(shown);
});

test('several lines stay lines', () => {
  expect(plainLines('one\r\n\ttwo\u001b[0m\nthr\u0007ee')).toBe('one\n\ttwo\nthr ee');
});

test('its time grows with the text only', { timeout: 10_000 }, () => {
  for (const word of ['\u001b', '\u001b]', '\u001b[', '\u009d', '0'])
    expect(plainLine(word.repeat(1_000_000)).length).toBeGreaterThanOrEqual(0);
});
