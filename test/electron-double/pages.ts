// Windows of the double: a real Chromium shows the real built page, served by the app's own protocol handler; the real built preload
// runs in an isolated world of its own, and its bridge crosses as JSON. Chromium knows no app://, so it is https there and is
// translated back wherever Electron would show an address. Over 250 lines because protocol, IPC and window are one border.
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type * as Electron from 'electron';
import type { Browser, CDPSession, Page, Request as PageRequest } from 'playwright-core';
import { app, windowsToClose } from './app.ts';
import { isolatedScript, mainScript, paintedScript } from './page-scripts.ts';
import { strict, wire } from './strict.ts';
import { emitPreventable, world } from './world.ts';

const HTTPS = 'https://bundle.app.invalid';
const toHttps = (url: string): string => url.replace(/^app:\/\/bundle/, HTTPS);
const toApp = (url: string): string => url.replace(HTTPS, 'app://bundle');
const PRELOAD_WORLD = 'preload';
let browser: Promise<Browser> | undefined;
async function startBrowser(): Promise<Browser> {
  const { startBrowser: start } = await import('../window/browser.ts');
  return start();
}

// ------------------------------------------------------------ protocol, session, ipcMain
let handler: ((request: Request) => Response | Promise<Response>) | undefined;
let isPrivileged = false;
export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(schemes) {
    if (world.isReady || isPrivileged) throw new Error('electron double: schemes are registered once, before ready');
    if (schemes.some(({ privileges }) => privileges?.bypassCSP)) throw new Error('electron double: a scheme that passes over CSP');
    isPrivileged = true;
  },
  handle(scheme, handle) {
    if (scheme !== 'app' || !isPrivileged || !world.isReady) throw new Error(`electron double: ${scheme} can't be handled now`);
    handler = handle as unknown as typeof handler;
  },
} satisfies Partial<Electron.Protocol>);

const deniedBy: { request?: unknown; check?: unknown } = {};
export const session = strict('session', {
  defaultSession: strict('session.defaultSession', {
    setPermissionRequestHandler(deny) {
      deniedBy.request = deny;
    },
    setPermissionCheckHandler(deny) {
      deniedBy.check = deny;
    },
  } satisfies Partial<Electron.Session>),
});

const ipc = new EventEmitter();
const handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>();
export const ipcMain = strict(
  'ipcMain',
  Object.assign(ipc, {
    handle(channel, listener) {
      if (handlers.has(channel)) throw new Error(`electron double: ${channel} is handled twice`);
      handlers.set(channel, listener as never);
    },
  } satisfies Partial<Electron.IpcMain>),
);

// ------------------------------------------------------------ a window
interface FromPage {
  readonly kind: 'invoke' | 'send';
  readonly id: number;
  readonly channel: string;
  readonly args: readonly unknown[];
}

class ContentsDouble extends EventEmitter {
  readonly mainFrame: { url: string } = { url: '' };
  isGone = false;
  opener: ((details: { url: string }) => { action: string }) | undefined;
  tell: ((channel: string, text: string) => void) | undefined;
  setWindowOpenHandler(open: (details: never) => { action: string }): void {
    this.opener = open as typeof this.opener;
  }
  isDevToolsOpened(): boolean {
    return false;
  }
  isDestroyed(): boolean {
    return this.isGone;
  }
  send(channel: string, ...args: unknown[]): void {
    if (this.isGone) throw new Error('electron double: Object has been destroyed');
    this.tell?.(channel, wire(args));
  }
}
ContentsDouble satisfies new () => Pick<Electron.WebContents, 'isDevToolsOpened' | 'isDestroyed' | 'send'>;

/** False for a page that another one has opened: its first request comes before it is there. */
function isOf(page: Page, request: PageRequest): boolean {
  try {
    return request.frame().page() === page;
  } catch {
    return false;
  }
}

export const openWindows = new Set<WindowMethods>();

class WindowMethods extends EventEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly contents = new ContentsDouble();
  readonly webContents: ContentsDouble;
  bounds: Electron.Rectangle;
  isShown = false;
  isGone = false;
  page: Promise<Page> | undefined;
  #context: number | undefined;
  #cdp: CDPSession | undefined;

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    if (!world.isReady) throw new Error('electron double: a window before ready');
    const { webPreferences: web = {}, ...rest } = options;
    structuredClone(rest);
    if (!web.sandbox || !web.contextIsolation || web.nodeIntegration || web.webSecurity === false) {
      throw new Error('electron double: a window without its sandbox');
    }
    this.options = options;
    this.bounds = { x: 0, y: 0, width: options.width ?? 800, height: options.height ?? 600 };
    this.webContents = strict('webContents', this.contents);
    openWindows.add(this);
    windowsToClose.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  show(): void {
    this.isShown = true;
    this.emit('show');
  }
  hide(): void {
    this.isShown = false;
    this.emit('hide');
  }
  focus(): void {}
  isVisible(): boolean {
    return this.isShown;
  }
  isDestroyed(): boolean {
    return this.isGone;
  }
  setBounds(bounds: Partial<Electron.Rectangle>): void {
    if (!Object.values(bounds).every(Number.isInteger)) throw new Error('electron double: setBounds takes whole numbers');
    this.bounds = { ...this.bounds, ...bounds };
  }
  setVisibleOnAllWorkspaces(_visible: boolean, options?: Electron.VisibleOnAllWorkspacesOptions): void {
    if (!options?.skipTransformProcessType) throw new Error('electron double: this would show a Dock icon');
  }
  /** False when it was held up, by us or by what the page has not saved. */
  async close(): Promise<boolean> {
    if (this.isGone) return true;
    if (emitPreventable(this, 'close')) return false;
    if ((await this.#holdsOn()) && !emitPreventable(this.contents, 'will-prevent-unload')) return false;
    this.destroy();
    return true;
  }
  async #holdsOn(): Promise<boolean> {
    const asks = `!dispatchEvent(new Event('beforeunload', { cancelable: true }))`;
    return (await this.page?.then((page) => page.evaluate(asks)).catch(() => false)) === true;
  }
  destroy(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.contents.isGone = true;
    openWindows.delete(this);
    void this.page?.then((page) => page.context().close()).catch(() => undefined);
    this.contents.emit('destroyed');
    this.emit('closed');
    if (openWindows.size === 0) app.emit('window-all-closed');
  }
  async loadURL(url: string): Promise<void> {
    if (!url.startsWith('app://')) throw new Error(`electron double: ${url} is not of the app`);
    const isFirst = this.page === undefined;
    this.page ??= this.#open();
    const page = await this.page;
    this.contents.mainFrame.url = url;
    await page.goto(toHttps(url));
    if (isFirst && !this.isGone) {
      // By the page's own clock, which begins with its navigation: what the double needs for a new page is not the app's.
      world.paintMs.push((await page.evaluate('__painted')) as number);
      this.emit('ready-to-show');
    }
  }

  async #open(): Promise<Page> {
    browser ??= startBrowser();
    const { width, height } = this.bounds;
    const context = await (await browser).newContext({ viewport: { width, height }, serviceWorkers: 'block' });
    await context.route('**/*', async (route) => {
      const request = route.request();
      // What Electron would open as another window: asked for, and never opened here.
      if (!isOf(page, request)) {
        this.contents.opener?.({ url: toApp(request.url()) });
        return route.abort();
      }
      if (!request.url().startsWith(`${HTTPS}/`) || !handler) return route.abort();
      const response = await handler(new Request(toApp(request.url()), { method: request.method() }));
      await route.fulfill({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: Buffer.from(await response.arrayBuffer()),
      });
    });
    const page = await context.newPage();
    context.on('page', (other) => void other.close().catch(() => undefined));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.contents.mainFrame.url = toApp(frame.url());
    });
    await this.#addPreload(page);
    return page;
  }

  async #addPreload(page: Page): Promise<void> {
    const cdp = await page.context().newCDPSession(page);
    this.#cdp = cdp;
    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === PRELOAD_WORLD) this.#context = context.id;
    });
    cdp.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === '__toMain') void this.#fromPage(JSON.parse(payload) as FromPage);
    });
    await cdp.send('Page.enable');
    await cdp.send('Runtime.enable');
    await cdp.send('Runtime.addBinding', { name: '__toMain', executionContextName: PRELOAD_WORLD });
    const preload = this.options.webPreferences?.preload ?? '';
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: `${mainScript}${paintedScript}` });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      source: isolatedScript(readFileSync(preload, 'utf8')),
      worldName: PRELOAD_WORLD,
    });
    this.contents.tell = (channel, text) => this.#intoPreload(`__heard(${JSON.stringify(channel)}, ${text})`);
  }

  #intoPreload(expression: string): void {
    if (this.#context === undefined || this.isGone) return;
    void this.#cdp?.send('Runtime.evaluate', { expression, contextId: this.#context }).catch(() => undefined);
  }

  async #fromPage({ kind, id, channel, args }: FromPage): Promise<void> {
    const event = { sender: this.webContents, senderFrame: this.contents.mainFrame };
    if (kind === 'send') {
      if (ipc.listenerCount(channel) === 0) throw new Error(`electron double: nobody listens on ${channel}`);
      ipc.emit(channel, event, ...args);
      return;
    }
    try {
      const handle = handlers.get(channel);
      if (!handle) throw new Error(`No handler registered for '${channel}'`);
      this.#intoPreload(`__answered(${id}, true, ${wire(await handle(event, ...args))})`);
    } catch (error) {
      this.#intoPreload(`__answered(${id}, false, ${JSON.stringify(String(error))})`);
    }
  }
}
WindowMethods satisfies new (
  options?: Electron.BrowserWindowConstructorOptions,
) => Pick<
  Electron.BrowserWindow,
  'show' | 'hide' | 'focus' | 'isVisible' | 'isDestroyed' | 'setBounds' | 'setVisibleOnAllWorkspaces' | 'destroy' | 'loadURL'
>;

export const BrowserWindow = new Proxy(WindowMethods, {
  construct: (target, [options]) => strictWindow(new target(options as Electron.BrowserWindowConstructorOptions)),
});
/** Private fields do not survive a Proxy, so only reading is judged, and methods keep the window itself as `this`. */
function strictWindow(window: WindowMethods): WindowMethods {
  return new Proxy(window, {
    get(of, key) {
      if (!(key in of) && typeof key !== 'symbol' && key !== 'then') throw new Error(`electron double: BrowserWindow.${key} is not there`);
      const value: unknown = Reflect.get(of, key);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

/** For the bench: from navigation to painted, of a page that is markup alone. */
export async function stillMs(): Promise<number> {
  browser ??= startBrowser();
  const context = await (await browser).newContext({ viewport: { width: 1_000, height: 740 }, serviceWorkers: 'block' });
  await context.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><h1>Still</h1>' }));
  const page = await context.newPage();
  await page.addInitScript(paintedScript);
  await page.goto(`${HTTPS}/still.html`);
  const ms = (await page.evaluate('__painted')) as number;
  await context.close();
  return ms;
}

/** For tests: asks the app as another frame would. */
export async function askAs(channel: string, senderUrl: string, isTop: boolean, input: unknown): Promise<unknown> {
  const frame = { url: senderUrl };
  return handlers.get(channel)?.({ sender: { mainFrame: isTop ? frame : {} }, senderFrame: frame }, input);
}
export function deniesPermissions(): boolean {
  let isDenied = false;
  (deniedBy.request as (a: unknown, b: string, answer: (is: boolean) => void) => void)(undefined, 'media', (is) => {
    isDenied = !is;
  });
  return isDenied && (deniedBy.check as () => boolean)() === false;
}
