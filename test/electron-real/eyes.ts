// Eyes and hands inside the real Electron, for what no browser protocol reaches: the icon, menus, notices, boxes. Loaded before the app
// (`electron -r`) and only there: the app itself has no door for tests. What would leave a trace on the machine of whoever runs the
// tests (login item, notices, opened addresses) is noted and not done. Plain CommonJS once its types are blanked (real-app.ts).
import type * as Electron from 'electron';
import type { Acts, MenuSeen, Seen } from '../electron-double/acts.ts';
import type { Pretended, SeenNotice } from '../electron-double/world.ts';

declare const require: ((name: 'electron') => typeof Electron) &
  ((name: 'node:fs') => typeof import('node:fs')) &
  ((name: 'node:path') => typeof import('node:path'));
const electron = require('electron');
const { app, BrowserWindow, dialog, ipcMain, nativeImage, Notification, powerSaveBlocker, shell, Tray } = electron;
const fs = require('node:fs');
const path = require('node:path');

const pretended: Pretended = {
  exe: app.getPath('exe'),
  isPackaged: false,
  login: 'not-registered',
  wasOpenedAtLogin: false,
  notifications: 'show',
  chosenFile: null,
  answer: 0,
  icon: { x: 1_000, y: 0, width: 30, height: 24 },
  ...(JSON.parse(process.env['ELECTRON_PRETENDED'] ?? '{}') as Partial<Pretended>),
};
const seen = {
  tray: { image: '', isTemplate: false, tooltip: '', title: '' },
  faces: [] as string[],
  policy: 'regular' as string,
  notices: [] as SeenNotice[],
  opened: [] as string[],
  boxes: [] as string[],
  calls: [] as string[],
  blockers: new Set<number>(),
};
let tray: Electron.Tray | undefined;
let menu: Electron.Menu | undefined;
const shown = new Map<string, Electron.Notification>();
const handlers = new Map<string, (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown>();

/** `look` sees every call of a method before it is carried out. */
function tap<T extends object, K extends keyof T>(of: T, name: K, look: (self: unknown, ...args: never[]) => void): void {
  const original = of[name] as (...args: unknown[]) => unknown;
  of[name] = function (this: unknown, ...args: unknown[]) {
    look(this, ...(args as never[]));
    return original.apply(this, args);
  } as T[K];
}

// ------------------------------------------------------------ icon and menu
const files = new WeakMap<object, string>();
let lastFile = '';
const { createFromPath } = nativeImage;
nativeImage.createFromPath = (file) => {
  const image = createFromPath(file);
  lastFile = path.basename(file);
  files.set(image, lastFile);
  return image;
};
function showImage(file: string): void {
  seen.tray.image = file;
  seen.tray.isTemplate = file.includes('Template');
  if (seen.faces.at(-1) !== file) seen.faces.push(file);
}
tap(Tray.prototype, 'setImage', (_self, image: object) => showImage(files.get(image) ?? String(image)));
tap(Tray.prototype, 'setToolTip', (self, text: string) => {
  // The first words come right after the icon was made, with the picture that was read last.
  if (tray === undefined) showImage(lastFile);
  tray = self as Electron.Tray;
  seen.tray.tooltip = text;
});
tap(Tray.prototype, 'setTitle', (_self, title: string) => {
  seen.tray.title = title;
});
Tray.prototype.getBounds = () => ({ ...pretended.icon });
// A native menu would hold up the main thread until somebody closes it.
Tray.prototype.popUpContextMenu = (popped) => {
  menu = popped;
};

// ------------------------------------------------------------ the machine
Object.defineProperty(app, 'isPackaged', { get: () => pretended.isPackaged, configurable: true });
app.getLoginItemSettings = () => ({
  openAtLogin: pretended.login === 'enabled',
  wasOpenedAtLogin: pretended.wasOpenedAtLogin,
  status: pretended.login,
  executableWillLaunchAtLogin: pretended.login === 'enabled',
  launchItems: [],
});
app.setLoginItemSettings = (settings) => {
  seen.calls.push(`setLoginItemSettings ${JSON.stringify(settings)}`);
  if (pretended.login !== 'requires-approval') pretended.login = settings.openAtLogin ? 'enabled' : 'not-registered';
};
if ('setActivationPolicy' in app) {
  tap(app, 'setActivationPolicy', (_self, policy: string) => {
    seen.policy = policy;
  });
}
app.showAboutPanel = () => void seen.calls.push('showAboutPanel');
shell.openExternal = async (url) => void seen.opened.push(url);
shell.showItemInFolder = (file) => void seen.opened.push(`folder of ${file}`);
shell.openPath = async (file) => {
  seen.opened.push(file);
  return '';
};
dialog.showErrorBox = (title, content) => void seen.boxes.push(`${title}: ${content}`);
dialog.showMessageBox = async (...given: unknown[]) => {
  const { message, detail } = given.at(-1) as Electron.MessageBoxOptions;
  seen.boxes.push([message, detail].filter(Boolean).join(' '));
  return { response: pretended.answer, checkboxChecked: false };
};
dialog.showOpenDialog = async () => ({
  canceled: pretended.chosenFile === null,
  filePaths: pretended.chosenFile === null ? [] : [pretended.chosenFile],
});
const { start, stop } = powerSaveBlocker;
powerSaveBlocker.start = (kind) => {
  const id = start.call(powerSaveBlocker, kind);
  seen.blockers.add(id);
  return id;
};
powerSaveBlocker.stop = (id) => {
  seen.blockers.delete(id);
  return stop.call(powerSaveBlocker, id);
};
const { handle } = ipcMain;
ipcMain.handle = (channel, listener) => {
  handlers.set(channel, listener);
  handle.call(ipcMain, channel, listener);
};

// ------------------------------------------------------------ notices
Notification.prototype.show = function (this: Electron.Notification & { readonly id?: string }): void {
  const { id = '', title, body, actions } = this;
  const state = pretended.notifications === 'show' ? 'shown' : pretended.notifications === 'fail' ? 'failed' : 'silent';
  for (const notice of seen.notices) if (notice.id === id && notice.state === 'shown') notice.state = 'replaced';
  seen.notices.push({ id, title, body, actions: actions.map(({ text }) => text ?? ''), state });
  if (state === 'shown') shown.set(id, this);
  setImmediate(() => {
    if (state === 'shown') this.emit('show', {});
    if (state === 'failed') this.emit('failed', {}, 'UNErrorDomain error 1.');
  });
};
Notification.remove = (ids) => {
  for (const id of [ids].flat()) {
    shown.delete(id);
    for (const notice of seen.notices) if (notice.id === id && notice.state === 'shown') notice.state = 'removed';
  }
};

// ------------------------------------------------------------ for the story at the other end
function rowsOf(items: readonly Electron.MenuItem[]): MenuSeen[] {
  return items
    .filter(({ type }) => type !== 'separator')
    .map((item) => ({
      label: item.label,
      isEnabled: item.enabled,
      isChecked: item.type === 'checkbox' && item.checked,
      rows: rowsOf(item.submenu?.items ?? []),
    }));
}
const windows = (): Electron.BrowserWindow[] => BrowserWindow.getAllWindows().sort((a, b) => a.id - b.id);
function newest(): Electron.WebContents {
  const window = windows().at(-1);
  if (!window) throw new Error('there is no window');
  return window.webContents;
}

const acts: Acts = {
  look(): Seen {
    return {
      ...seen,
      windows: windows().map((window) => ({
        // What kind a window is can't be asked; the panel alone has a fixed size.
        type: window.isResizable() ? 'window' : 'panel',
        isVisible: window.isVisible(),
        bounds: window.getBounds(),
        url: window.webContents.getURL(),
      })),
      blockers: seen.blockers.size,
      menu: rowsOf(menu?.items ?? []),
    };
  },
  emit(emitter, event, ...args) {
    const found = emitter === 'tray' ? tray : electron[emitter];
    (found as NodeJS.EventEmitter).emit(event, ...(emitter === 'powerMonitor' ? args : [{}, ...args]));
  },
  pretend: (what) => void Object.assign(pretended, what),
  choose(...names) {
    tray?.emit('right-click', {});
    let items = menu?.items ?? [];
    for (const [at, begin] of names.entries()) {
      const item = items.find(({ label }) => label.startsWith(begin));
      if (!item) throw new Error(`no row ${begin} among: ${items.map(({ label }) => label).join(' | ')}`);
      if (at < names.length - 1) items = item.submenu?.items ?? [];
      else if (!item.enabled) throw new Error(`${item.label} can't be chosen`);
      else item.click({}, undefined, undefined);
    }
  },
  openMenu() {
    tray?.emit('right-click', {});
    return rowsOf(menu?.items ?? []);
  },
  press(id, button) {
    const notice = shown.get(id);
    if (!notice) throw new Error(`no notice ${id} is shown`);
    if (button === undefined) notice.emit('click', {});
    else notice.emit('action', { actionIndex: button, selectionIndex: -1 }, button, -1);
  },
  blur() {
    for (const window of windows()) if (window.isVisible()) window.emit('blur');
  },
  closeWindows() {
    for (const window of windows()) window.close();
  },
  evaluate: (expression) => newest().executeJavaScript(expression),
  async screenshot(file) {
    fs.writeFileSync(file, (await newest().capturePage()).toPNG());
  },
  async askAs(channel, url, isTop, input) {
    const frame = { url };
    const event = { sender: { mainFrame: isTop ? frame : {} }, senderFrame: frame } as unknown as Electron.IpcMainInvokeEvent;
    return handlers.get(channel)?.(event, input);
  },
  deniesPermissions: async () => (await newest().executeJavaScript(`Notification.requestPermission()`)) !== 'granted',
};
(globalThis as { jarvisEyes?: Acts }).jarvisEyes = acts;
