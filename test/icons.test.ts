// The pictures of the app are what their drawings give, have the sizes that macOS draws, and can be told apart without colour.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FACES = ['ok', 'warning', 'error', 'unknown', 'paused'] as const;
const SETS = ['', 'Template'] as const;
/** How dark bars are, and whether a template is drawn white there. */
const BARS = [
  { name: 'light', grey: 243 },
  { name: 'dark', grey: 29 },
  { name: 'grey', grey: 139 },
] as const;

function pictureOf(name: string): { width: number; height: number; rgba: Buffer } {
  const png = readFileSync(path.join(ROOT, 'assets/tray', name));
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const inner = `<image width="${width}" height="${height}" href="data:image/png;base64,${png.toString('base64')}"/>`;
  const rgba = new Resvg(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inner}</svg>`).render().pixels;
  return { width, height, rgba };
}

/** What an eye without colour sees of it on a bar of that grey: one number for each pixel. */
function seenOn(grey: number, { rgba }: { rgba: Buffer }): number[] {
  return Array.from({ length: rgba.length / 4 }, (_, at) => {
    const [red, green, blue, alpha] = rgba.subarray(at * 4, at * 4 + 4) as unknown as [number, number, number, number];
    const own = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return (own * alpha + grey * (255 - alpha)) / 255;
  });
}
const stepsBetween = (a: readonly number[], b: readonly number[]): number =>
  a.filter((level, at) => Math.abs(level - (b[at] as number)) > 48).length / a.length;

test('every picture is what the drawings give', () => {
  expect(execFileSync(process.execPath, [path.join(ROOT, 'scripts/icons.ts'), '--check'], { encoding: 'utf8' })).toContain(
    '21 pictures are as drawn',
  );
});

test.each(FACES)('%s: 16 px, and 32 px for sharp screens; the template set is black, and only its alpha draws', (face) => {
  for (const set of SETS) {
    for (const [suffix, px] of [
      ['', 16],
      ['@2x', 32],
    ] as const) {
      const picture = pictureOf(`${face}${set}${suffix}.png`);
      expect([picture.width, picture.height]).toEqual([px, px]);
      const corners = [0, px - 1, px * (px - 1), px * px - 1].map((at) => picture.rgba[at * 4 + 3]);
      if (face !== 'warning') expect(corners, 'a shape, not a tile').toEqual([0, 0, 0, 0]);
      if (set === 'Template') expect(picture.rgba.every((value, at) => at % 4 === 3 || value === 0)).toBe(true);
    }
  }
});

test.each(BARS)('without colour any two faces differ on a $name bar, and each stands out from it', ({ grey }) => {
  const seen = FACES.map((face) => seenOn(grey, pictureOf(`${face}.png`)));
  const bare = (seen[0] as number[]).map(() => grey);
  seen.forEach((one, at) => {
    expect(stepsBetween(one, bare), `${FACES[at]} against the bar`).toBeGreaterThan(0.15);
    for (const other of seen.slice(at + 1)) expect(stepsBetween(one, other), 'at least 25 of 256 pixels').toBeGreaterThan(0.1);
  });
});

test('silhouettes alone tell the faces apart', () => {
  const shapes = FACES.map((face) => seenOn(255, pictureOf(`${face}Template@2x.png`)));
  shapes.forEach((one, at) => {
    for (const other of shapes.slice(at + 1)) expect(stepsBetween(one, other)).toBeGreaterThan(0.08);
  });
});

test('the icon of the app holds all sizes that macOS asks for', () => {
  const icns = readFileSync(path.join(ROOT, 'build/icon.icns'));
  expect(icns.toString('latin1', 0, 4)).toBe('icns');
  expect(icns.readUInt32BE(4)).toBe(icns.length);
  const kinds: string[] = [];
  for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4)) kinds.push(icns.toString('latin1', at, at + 4));
  expect(kinds).toEqual(expect.arrayContaining(['ic11', 'ic12', 'ic07', 'ic13', 'ic08', 'ic14', 'ic09', 'ic10']));
});
