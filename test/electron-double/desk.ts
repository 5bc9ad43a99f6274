// What stands on the desk: tray, menu, notices, boxes, power, screen. Each records what was done with it (world.ts).
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type * as Electron from 'electron';
import { cloned, strict } from './strict.ts';
import { world } from './world.ts';

function afterReady(what: string): void {
  if (!world.isReady) throw new Error(`electron double: ${what} before ready`);
}

/** Only what a file holds: its size is read from the PNG, and one that is not there is empty, as Electron's is. */
class ImageDouble {
  readonly file: string;
  isTemplate: boolean;
  readonly #bytes: Buffer | undefined;
  constructor(file: string) {
    this.file = file;
    this.isTemplate = /Template(@\dx)?\.png$/.test(file);
    try {
      this.#bytes = readFileSync(file);
    } catch {
      this.#bytes = undefined;
    }
  }
  isEmpty(): boolean {
    return this.#bytes === undefined;
  }
  setTemplateImage(option: boolean): void {
    this.isTemplate = option;
  }
  getSize(): Electron.Size {
    return { width: this.#bytes?.readUInt32BE(16) ?? 0, height: this.#bytes?.readUInt32BE(20) ?? 0 };
  }
}
ImageDouble satisfies new (
  file: string,
) => Pick<Electron.NativeImage, 'isEmpty' | 'setTemplateImage' | 'getSize'>;

export const nativeImage = strict('nativeImage', {
  createFromPath: (file: string) => new ImageDouble(file) as unknown as Electron.NativeImage,
} satisfies Partial<typeof Electron.nativeImage>);

class TrayMethods extends EventEmitter {
  constructor(image: Electron.NativeImage | string, guid?: string) {
    super();
    afterReady('new Tray');
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid ?? '')) throw new Error('electron double: the GUID of a tray is no UUID');
    world.tray.guid = guid ?? '';
    this.setImage(image);
    world.iconMs = performance.now();
    world.emitters.set('tray', this);
  }
  setImage(image: Electron.NativeImage | string): void {
    if (!(image instanceof ImageDouble) || image.isEmpty()) throw new Error('electron double: a tray without a picture is not drawn');
    if (image.getSize().height > 22) throw new Error('electron double: a picture this large is not drawn in a menu bar');
    world.tray.image = path.basename(image.file);
    if (world.faces.at(-1) !== world.tray.image) world.faces.push(world.tray.image);
    world.tray.isTemplate = image.isTemplate;
  }
  setToolTip(text: string): void {
    world.tray.tooltip = text;
  }
  setTitle(title: string, options?: Electron.TitleOptions): void {
    cloned(options);
    world.tray.title = title;
  }
  setIgnoreDoubleClickEvents(_ignore: boolean): void {}
  getBounds(): Electron.Rectangle {
    return { ...world.pretended.icon };
  }
  popUpContextMenu(menu?: Electron.Menu): void {
    if (!(menu instanceof MenuDouble)) throw new Error('electron double: no menu to pop up');
    world.menu = menu.template;
  }
}
TrayMethods satisfies new (
  image: Electron.NativeImage | string,
  guid?: string,
) => Pick<Electron.Tray, 'setImage' | 'setToolTip' | 'setTitle' | 'setIgnoreDoubleClickEvents' | 'getBounds' | 'popUpContextMenu'>;
export const Tray = new Proxy(TrayMethods, {
  construct: (target, [image, guid]) => strict('tray', new target(image as string, guid as string)),
});

class MenuDouble {
  readonly template: readonly Electron.MenuItemConstructorOptions[];
  constructor(template: readonly Electron.MenuItemConstructorOptions[]) {
    this.template = template;
  }
}
function judgeTemplate(rows: readonly Electron.MenuItemConstructorOptions[]): void {
  for (const row of rows) {
    if (row.type !== 'separator' && !row.role && !row.label) throw new Error('electron double: a row of a menu has no label');
    if (Array.isArray(row.submenu)) judgeTemplate(row.submenu);
  }
}
export const Menu = strict('Menu', {
  buildFromTemplate(template: (Electron.MenuItemConstructorOptions | Electron.MenuItem)[]) {
    judgeTemplate(template as Electron.MenuItemConstructorOptions[]);
    return new MenuDouble(template as Electron.MenuItemConstructorOptions[]) as unknown as Electron.Menu;
  },
  setApplicationMenu(menu: Electron.Menu | null) {
    if (!(menu instanceof MenuDouble)) throw new Error('electron double: no menu');
  },
} satisfies Partial<typeof Electron.Menu>);

/** Shown notices by their id, for a test to press on. */
export const shownNotices = new Map<string, EventEmitter>();
class NotificationMethods extends EventEmitter {
  readonly options: Electron.NotificationConstructorOptions;
  constructor(options: Electron.NotificationConstructorOptions = {}) {
    super();
    afterReady('new Notification');
    this.options = cloned(options);
    if ('icon' in options) throw new Error('electron double: an icon that is not there raises in macOS; none is passed');
  }
  static remove(ids: string | string[]): void {
    for (const id of [ids].flat()) {
      shownNotices.delete(id);
      world.calls.push(`Notification.remove ${id}`);
      for (const notice of world.notices) if (notice.id === id && notice.state === 'shown') notice.state = 'removed';
    }
  }
  show(): void {
    const { id = '', title = '', body = '', actions = [] } = this.options;
    const { notifications } = world.pretended;
    for (const notice of world.notices) if (notice.id === id && notice.state === 'shown') notice.state = 'replaced';
    const state = notifications === 'show' ? 'shown' : notifications === 'fail' ? 'failed' : 'silent';
    world.notices.push({ id, title, body, actions: actions.map(({ text }) => text ?? ''), state });
    if (state === 'shown') shownNotices.set(id, this);
    setImmediate(() => {
      if (state === 'shown') this.emit('show', {});
      if (state === 'failed') this.emit('failed', {}, 'UNErrorDomain error 1.');
    });
  }
}
NotificationMethods satisfies (new (
  options?: Electron.NotificationConstructorOptions,
) => Pick<Electron.Notification, 'show'>) &
  Pick<typeof Electron.Notification, 'remove'>;
export const Notification = new Proxy(NotificationMethods, {
  construct: (target, [options]) => strict('notification', new target(options as Electron.NotificationConstructorOptions)),
  get(target, key) {
    if (key in target) return Reflect.get(target, key);
    throw new Error(`electron double: Notification.${String(key)} is not there`);
  },
});

const power = new EventEmitter();
world.emitters.set('powerMonitor', power);
export const powerMonitor = strict('powerMonitor', power);

let blockers = 0;
export const powerSaveBlocker = strict('powerSaveBlocker', {
  start(type) {
    if (type !== 'prevent-app-suspension') throw new Error('electron double: only the app is kept from being suspended');
    blockers += 1;
    world.blockers.add(blockers);
    return blockers;
  },
  stop: (id) => world.blockers.delete(id),
} satisfies Partial<Electron.PowerSaveBlocker>);

const display = {
  bounds: { x: 0, y: 0, width: 1_512, height: 982 },
  workArea: { x: 0, y: 24, width: 1_512, height: 900 },
} satisfies Partial<Electron.Display>;
export const screen = strict('screen', {
  getDisplayNearestPoint(point) {
    if (!Number.isInteger(point.x) || !Number.isInteger(point.y)) throw new Error('electron double: a point has whole numbers');
    return display as Electron.Display;
  },
} satisfies Partial<Electron.Screen>);

export const shell = strict('shell', {
  openExternal(url) {
    world.opened.push(url);
    return Promise.resolve();
  },
  showItemInFolder(file) {
    world.opened.push(`folder of ${file}`);
  },
  openPath(file) {
    world.opened.push(file);
    return Promise.resolve('');
  },
} satisfies Partial<Electron.Shell>);

export const dialog = strict('dialog', {
  showErrorBox(title: string, content: string) {
    world.boxes.push(`${title}: ${content}`);
  },
  showOpenDialog(options: Electron.OpenDialogOptions | Electron.BaseWindow) {
    cloned(options as Electron.OpenDialogOptions);
    const { chosenFile } = world.pretended;
    return Promise.resolve({ canceled: chosenFile === null, filePaths: chosenFile === null ? [] : [chosenFile] });
  },
  /** Without a window macOS holds up the main thread until it is answered; on one that is not seen nobody can answer. */
  showMessageBox(owner: Electron.MessageBoxOptions | Electron.BaseWindow, options?: Electron.MessageBoxOptions) {
    if (!options || !(owner as Electron.BaseWindow).isVisible()) throw new Error('electron double: a box without a window that is seen');
    const { message, detail } = cloned(options);
    world.boxes.push([message, detail].filter(Boolean).join(' '));
    return Promise.resolve({ response: world.pretended.answer, checkboxChecked: false });
  },
} satisfies Partial<Electron.Dialog>);
