// The panel stands under its icon and inside its display, whatever the display.
import { expect, test } from 'vitest';
import { isIconHidden, panelPlace } from './place.ts';

const SIZE = { width: 380, height: 620 };
const SCREEN = { x: 0, y: 0, width: 1512, height: 982 };
const WORK = { x: 0, y: 38, width: 1512, height: 900 };

test('centred under the icon', () => {
  expect(panelPlace({ x: 1000, y: 0, width: 30, height: 38 }, WORK, SIZE)).toEqual({ x: 825, y: 38, width: 380, height: 620 });
});

test('an icon at the edge: the panel stays on the screen', () => {
  expect(panelPlace({ x: 1490, y: 0, width: 22, height: 38 }, WORK, SIZE).x).toBe(1512 - 380 - 8);
  expect(panelPlace({ x: 2, y: 0, width: 22, height: 38 }, WORK, SIZE).x).toBe(8);
});

test('a second display to the left has negative places, and fractions are rounded', () => {
  const left = { x: -1920, y: 25.5, width: 1920, height: 1055 };
  const place = panelPlace({ x: -700.5, y: 0, width: 29, height: 24 }, left, SIZE);
  expect(place).toEqual({ x: -876, y: 26, width: 380, height: 620 });
  expect(Object.values(place).every(Number.isInteger)).toBe(true);
});

test('a small display makes it smaller; a bar at the bottom opens upwards', () => {
  expect(panelPlace({ x: 100, y: 0, width: 20, height: 20 }, { x: 0, y: 20, width: 320, height: 400 }, SIZE)).toMatchObject({
    width: 304,
    height: 384,
  });
  expect(panelPlace({ x: 1000, y: 1040, width: 24, height: 40 }, { x: 0, y: 0, width: 1920, height: 1040 }, SIZE).y).toBe(420);
});

test('an icon that is switched off or behind the notch is noticed', () => {
  expect(isIconHidden({ x: 1000, y: 0, width: 30, height: 38 }, SCREEN)).toBe(false);
  expect(isIconHidden({ x: 0, y: 982, width: 30, height: 38 }, SCREEN)).toBe(true);
  expect(isIconHidden({ x: 0, y: 0, width: 0, height: 0 }, SCREEN)).toBe(true);
});
