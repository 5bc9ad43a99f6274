// docs/screenshots/app.png: the panel under its icon in each of the five states, and the page of the first start, light and dark, of the
// real built app on the Electron double with real services. `npm run build` first.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../test/e2e/helpers/app.ts';
import { until } from '../test/e2e/helpers/wait.ts';
import { startBrowser } from '../test/window/browser.ts';
import { smallPng } from './small-png.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'jarvis-sheet-'));
const work = path.join(folder, 'work');
const home = path.join(folder, 'home');
for (const name of [work, home]) mkdirSync(name, { mode: 0o700 });
const server = net.createServer((socket) => socket.end());
const port = await new Promise<number>((resolve) =>
  server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
);
const watched = (id: string, name: string) => ({ id, name, check: { type: 'tcp', port } });
writeFileSync(
  path.join(home, 'config.json'),
  JSON.stringify({
    interval: '1s',
    retryInterval: '1s',
    alerts: { channels: ['queue'] },
    services: [
      watched('gateway', 'Gateway'),
      watched('tracker', 'Fitness Tracker'),
      { id: 'disk', name: 'Disk Space', check: { type: 'disk', path: '~', minFree: '1%' } },
    ],
  }),
);
const ends: (() => void | Promise<void>)[] = [];
const app = startApp(
  { dir: folder, home, work, atEnd: (end) => void ends.push(end) },
  { pretended: { isPackaged: true, wasOpenedAtLogin: true } },
);
const SCHEMES = ['light', 'dark'] as const;
const shots: { scheme: (typeof SCHEMES)[number]; face: string; tooltip: string; file: string }[] = [];

async function shoot(face: string): Promise<void> {
  const { tray } = await app.untilSeen(face, (seen) => seen.tray.image === `${face}.png`);
  if (!(await app.look()).windows.some(({ isVisible }) => isVisible)) await app.emit('tray', 'click');
  await until('the view', () => app.evaluate(`!!document.querySelector('h1')`) as Promise<boolean>);
  for (const scheme of SCHEMES) {
    const file = path.join(folder, `${face}-${scheme}.png`);
    await app.dress(scheme);
    // The next snapshot reaches the page, and is drawn.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await app.screenshot(file);
    shots.push({ scheme, face, tooltip: tray.tooltip, file });
  }
}
/** In a home of its own, where one repair is proposed and one is allowed. */
async function shootFirstStart(): Promise<string[]> {
  const place = path.join(folder, 'first');
  mkdirSync(path.join(place, 'home'), { recursive: true, mode: 0o700 });
  const restart = (name: string) => ({ type: 'command', run: ['brew', 'services', 'restart', name] });
  const services = [
    { ...watched('gateway', 'Gateway'), recovery: [], proposed: [{ type: 'command', run: ['clawdbot', 'gateway', 'restart'] }] },
    { ...watched('database', 'Database'), recovery: [], proposed: [restart('postgresql')] },
    { ...watched('cache', 'Cache'), recovery: [restart('redis')] },
    watched('tracker', 'Fitness Tracker'),
    { id: 'disk', name: 'Disk Space', check: { type: 'disk', path: '~', minFree: '1%' } },
  ];
  writeFileSync(path.join(place, 'home', 'config.json'), JSON.stringify({ alerts: { channels: ['queue'] }, services }));
  const first = startApp(
    { dir: place, home: path.join(place, 'home'), work, atEnd: (end) => void ends.push(end) },
    { pretended: { isPackaged: true } },
  );
  await until('the page', async () => String(await first.evaluate('document.body.innerText')).includes('Allow these 2 repairs'));
  const files: string[] = [];
  for (const scheme of SCHEMES) {
    await first.dress(scheme);
    // Colours pass over into each other.
    await new Promise((resolve) => setTimeout(resolve, 700));
    const file = path.join(folder, `first-${scheme}.png`);
    await first.screenshot(file);
    files.push(file);
  }
  return files;
}
try {
  await shoot('ok');
  await new Promise((resolve) => server.close(resolve));
  await shoot('warning');
  await shoot('error');
  await app.choose('Pause all');
  await shoot('paused');
  await app.choose('Resume all');
  await app.emit('powerMonitor', 'suspend');
  await app.emit('powerMonitor', 'resume');
  await shoot('unknown');
  const firsts = await shootFirstStart();
  const browser = await startBrowser();
  const page = await browser.newPage({ viewport: { width: 2_020, height: 2_180 } });
  const image = (file: string, width: number): string =>
    `<img width="${width}" src="data:image/png;base64,${readFileSync(file).toString('base64')}">`;
  const panels = (wanted: string): string =>
    shots
      .filter(({ scheme }) => scheme === wanted)
      .map(
        ({ face, tooltip, file }) =>
          `<figure><figcaption>${image(path.join(ROOT, `assets/tray/${face}@2x.png`), 16)} ${tooltip}</figcaption>${image(file, 380)}</figure>`,
      )
      .join('');
  await page.setContent(`<style>body { margin: 20px; font: 13px system-ui; background: #5b6472 } div { display: flex; gap: 20px; margin-bottom: 20px } figure { margin: 0; width: 380px }
    figcaption { background: #f3f3f3; padding: 3px 8px; display: flex; gap: 8px; align-items: center; white-space: nowrap; overflow: hidden }
    .dark figcaption { background: #2b2b2e; color: #eee } img { display: block } figure > img { border-radius: 0 0 10px 10px; box-shadow: 0 8px 30px #0006 }</style>
    ${SCHEMES.map((scheme) => `<div class="${scheme}">${panels(scheme)}</div>`).join('')}
    <div>${firsts.map((file) => image(file, 980)).join('')}</div>`);
  writeFileSync(path.join(ROOT, 'docs/screenshots/app.png'), smallPng(await page.screenshot()));
  await browser.close();
} finally {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
}
