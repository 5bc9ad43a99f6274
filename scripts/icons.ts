// Makes every picture of the app out of its two drawings: assets/tray/ (16 and 32 px, coloured and template) and build/icon.icns.
// The same bytes on every machine; `--check` writes nothing and fails where a picture is not what the drawing gives.
// `--sheet` also takes docs/screenshots/icons.png, all faces on light, dark and grey bars (needs the browser of the tests).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Resvg } from '@resvg/resvg-js';
import { createICNS, HERMITE } from 'png2icons';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FACES = ['ok', 'warning', 'error', 'unknown', 'paused'] as const;
const { values } = parseArgs({ options: { check: { type: 'boolean' }, sheet: { type: 'boolean' } } });

const source = readFileSync(path.join(ROOT, 'assets/tray.svg'), 'utf8');
const styles = /<style>[\s\S]*?<\/style>/.exec(source)?.[0] ?? fail('assets/tray.svg has no style');

function partsOf(face: string): { body: string; mark: string } {
  const group = new RegExp(`<g id="${face}"[^>]*>([\\s\\S]*?)</g>`).exec(source)?.[1] ?? fail(`assets/tray.svg has no ${face}`);
  const path = (name: string): string => new RegExp(`<path class="${name}"[^>]*/>`).exec(group)?.[0] ?? '';
  return { body: path('body') || fail(`${face} has no body`), mark: path('mark') };
}

/** macOS draws a template in the colour of the bar: black, and nothing but its alpha counts. The mark is a hole. */
function drawing(face: string, isTemplate: boolean): string {
  const { body, mark } = partsOf(face);
  const inner = isTemplate
    ? `<style>.body { fill: #000; fill-rule: evenodd } .mark { fill: none; stroke: #000; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round }</style>
       <mask id="hole"><rect width="16" height="16" fill="#fff"/>${mark}</mask><g mask="url(#hole)">${body}</g>`
    : `${styles}<g id="${face}">${body}${mark}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${inner}</svg>`;
}

function png(svg: string, px: number): Buffer {
  const rendered = new Resvg(svg, { fitTo: { mode: 'width', value: px }, font: { loadSystemFonts: false } }).render();
  return rendered.asPng();
}

const pictures = new Map<string, Buffer>();
for (const face of FACES) {
  for (const isTemplate of [false, true]) {
    // `Template` at the end of the name is what macOS goes by: https://www.electronjs.org/docs/latest/api/native-image
    const name = `assets/tray/${face}${isTemplate ? 'Template' : ''}`;
    pictures.set(`${name}.png`, png(drawing(face, isTemplate), 16));
    pictures.set(`${name}@2x.png`, png(drawing(face, isTemplate), 32));
  }
}
const app = png(readFileSync(path.join(ROOT, 'assets/app.svg'), 'utf8'), 1024);
pictures.set('build/icon.icns', createICNS(app, HERMITE, 0) ?? fail('no icns could be made'));

const stale: string[] = [];
for (const [name, bytes] of pictures) {
  const file = path.join(ROOT, name);
  if (values.check) {
    if (!bytes.equals(readFileSync(file))) stale.push(name);
    continue;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}
if (stale.length > 0) fail(`not what the drawings give, run npm run icons: ${stale.join(', ')}`);
if (values.sheet) await sheet();
process.stdout.write(`${pictures.size} pictures ${values.check ? 'are as drawn' : 'made'}\n`);

/** Each face as a bar shows it, at true size and enlarged, coloured, in greyscale and as the system tints a template. */
async function sheet(): Promise<void> {
  const { startBrowser } = await import('../test/window/browser.ts');
  const { smallPng } = await import('./small-png.ts');
  const bars = [
    { name: 'light', color: '#f3f3f3', ink: '#000' },
    { name: 'dark', color: '#1d1d20', ink: '#fff' },
    { name: 'grey', color: '#8b8b90', ink: '#fff' },
    { name: 'wallpaper', color: 'linear-gradient(90deg, #2f6f4e, #d9a441 45%, #b3423a 75%, #5672a8)', ink: '#fff' },
  ];
  const kinds = [
    { name: 'coloured', suffix: '', filter: () => 'none' },
    { name: 'greyscale', suffix: '', filter: () => 'grayscale(1)' },
    { name: 'template', suffix: 'Template', filter: (ink: string) => (ink === '#fff' ? 'invert(1)' : 'none') },
  ];
  const image = (name: string, px: number, filter: string): string =>
    `<img src="data:image/png;base64,${pictures.get(name)?.toString('base64')}" width="${px}" height="${px}" style="filter:${filter}">`;
  const rows = bars.flatMap((bar) =>
    kinds.map(
      ({ name, suffix, filter }) =>
        `<tr><th>${bar.name}<br>${name}</th>${FACES.map(
          (face) =>
            `<td style="background:${bar.color}">${[
              [`assets/tray/${face}${suffix}.png`, 16],
              [`assets/tray/${face}${suffix}@2x.png`, 32],
              [`assets/tray/${face}${suffix}.png`, 64],
              [`assets/tray/${face}${suffix}@2x.png`, 64],
            ]
              .map(([file, px]) => image(file as string, px as number, filter(bar.ink)))
              .join(' ')}</td>`,
        ).join('')}</tr>`,
    ),
  );
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1_300, height: 700 } });
    await page.setContent(`<style>body { margin: 16px; font: 12px system-ui; width: max-content } td { padding: 8px 12px; white-space: nowrap }
      th { text-align: left; padding-right: 12px; font-weight: 500 } img { vertical-align: middle; margin: 0 3px; image-rendering: pixelated }</style>
      <table cellspacing="0"><tr><th></th>${FACES.map((face) => `<th>${face}: 1x, 2x, both enlarged</th>`).join('')}</tr>${rows.join('')}</table>
      <p>App icon: <img style="image-rendering:auto" width="256" height="256" src="data:image/png;base64,${app.toString('base64')}">
      <img style="image-rendering:auto" width="64" height="64" src="data:image/png;base64,${app.toString('base64')}">
      <img style="image-rendering:auto" width="32" height="32" src="data:image/png;base64,${app.toString('base64')}"></p>`);
    const taken = await page.screenshot({ fullPage: true });
    writeFileSync(path.join(ROOT, 'docs/screenshots/icons.png'), smallPng(taken));
  } finally {
    await browser.close();
  }
}

function fail(why: string): never {
  process.stderr.write(`icons: ${why}\n`);
  process.exit(1);
}
