// The engine's way of naming a place and the form's are the same.
import { expect, it } from 'vitest';
import { pathOf, pathText, valueAt } from './path.ts';

it('goes from text to steps and back', () => {
  for (const text of [
    '',
    'interval',
    'services[2].check.port',
    'services[0].check.json["/ok"]',
    'services[0].check.headers["a \\"b\\" ] c"].x',
    'a[1][2].b-c',
  ]) {
    expect(pathText(pathOf(text))).toBe(text);
  }
  expect(pathOf('services[2].check.json["/a.b[0]"]')).toEqual(['services', 2, 'check', 'json', '/a.b[0]']);
});

it('finds what is there and nothing else', () => {
  expect(valueAt({ a: [{ b: null }] }, ['a', 0, 'b'])).toBe(null);
  expect(valueAt({ a: [] }, ['a', 0, 'b'])).toBe(undefined);
  expect(valueAt({}, ['toString'])).toBe(undefined);
});
