// A stand-in for Electron's own program, so that the driver of the real one can be tried where that is not: Node with its inspector, a
// Chromium to connect to, the arguments as Electron takes them (`-r FILE… APP …`), and the double as `electron`, with the few things
// that only the eyes of the driver look at. It shows that driver and eyes do what they should, nothing about Electron.
// node --inspect=0 stand-in.ts [-r FILE]… APP [argument]…
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MenuItemConstructorOptions } from 'electron';

const DOUBLE = new URL('../electron-double/electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: DOUBLE, format: 'module-typescript', shortCircuit: true } : next(specifier, context),
});
process.argv.splice(1, 1);
const words = process.argv.slice(1);
const isDriven = words.includes('--remote-debugging-port=0');
const modules = words.flatMap((word, at) => (words[at - 1] === '-r' ? [word] : []));
const folder = words.find((word, at) => !word.startsWith('-') && words[at - 1] !== '-r') ?? '';

if (isDriven) await startBrowser();
await addWhatEyesSee();
for (const file of modules) createRequire(import.meta.url)(file);
const { main } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { main: string };
await import(pathToFileURL(path.join(folder, main)).href);
(await import('../electron-double/app.ts')).ready();

/** Tells its address on stderr, as Electron does of its own. */
async function startBrowser(): Promise<void> {
  const { default: chromium } = await import('@sparticuz/chromium');
  // In the test's own place, so that it is found and ended with it, whatever ends first.
  const data = `${words.find((word) => word.startsWith('--user-data-dir='))?.replace(/^[^=]*=/, '')}-browser`;
  const browser = spawn(
    await chromium.executablePath(),
    ['--headless', '--no-sandbox', '--remote-debugging-port=0', `--user-data-dir=${data}`, '--no-first-run', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  process.on('exit', () => browser.kill('SIGKILL'));
}

async function addWhatEyesSee(): Promise<void> {
  const { BrowserWindow, openWindows } = await import('../electron-double/pages.ts');
  const { Menu, Notification } = await import('../electron-double/desk.ts');
  const { app } = await import('../electron-double/app.ts');
  app.setPath('exe', process.env['ELECTRON_STAND_IN'] ?? '');
  Object.assign(app.commandLine, { appendSwitch: () => undefined });
  type Window = InstanceType<typeof BrowserWindow>;
  const ids = new WeakMap<object, number>();
  let last = 0;
  const idOf = (window: object): number => {
    if (!ids.has(window)) {
      last += 1;
      ids.set(window, last);
    }
    return ids.get(window) ?? 0;
  };
  Object.assign(BrowserWindow, { getAllWindows: () => [...openWindows] });
  const { prototype } = BrowserWindow;
  Object.assign(prototype, {
    isResizable(this: Window) {
      return this.options.resizable !== false;
    },
    getBounds(this: Window) {
      return this.bounds;
    },
  });
  Object.defineProperty(prototype, 'id', {
    get(this: Window) {
      return idOf(this);
    },
  });
  app.on('web-contents-created', (_event, contents) => {
    const window = [...openWindows].at(-1);
    Object.assign(contents, {
      getURL: () => window?.contents.mainFrame.url,
      executeJavaScript: async (code: string) => (await window?.page)?.evaluate(code),
      capturePage: async () => {
        const png = await (await window?.page)?.screenshot();
        return { toPNG: () => png };
      },
    });
  });
  for (const name of ['id', 'title', 'body', 'actions'] as const) {
    Object.defineProperty(Notification.prototype, name, {
      get(this: InstanceType<typeof Notification>) {
        return this.options[name];
      },
    });
  }
  const menu = Object.getPrototypeOf(Menu.buildFromTemplate([])) as object;
  Object.defineProperty(menu, 'items', {
    get(this: { template: readonly MenuItemConstructorOptions[] }) {
      return itemsOf(this.template);
    },
  });
}

function itemsOf(rows: readonly MenuItemConstructorOptions[]): object[] {
  return rows.map((row) => ({
    type: row.type ?? (row.submenu ? 'submenu' : 'normal'),
    label: row.label ?? '',
    enabled: row.enabled !== false,
    checked: row.checked === true,
    submenu: row.submenu ? { items: itemsOf(row.submenu as MenuItemConstructorOptions[]) } : undefined,
    click: row.click,
  }));
}
