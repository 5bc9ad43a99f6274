// The icon in the menu bar, for as long as the app lives: its face, its words, its menu. Shows what it is handed.
import path from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import { APP_NAME, type Face } from './face.ts';
import type { MenuAction, MenuRow } from './menu.ts';
import type { Rectangle } from './place.ts';

/** macOS keeps the place of an icon by it, across restarts. Constant for ever. */
const GUID = '6f9e8a54-2d0b-4c37-9d1e-6f1c8a5b7e20';

export interface IconLook {
  readonly face: Face;
  readonly isMonochrome: boolean;
  readonly tooltip: string;
  readonly title: string;
}
export interface Icon {
  show(look: IconLook): void;
  bounds(): Rectangle;
}

/** After `ready`. `rows` is asked each time the menu opens, so that every time in it is of now. */
export function createIcon(
  folder: string,
  first: IconLook,
  on: { click(): void; rows(): readonly MenuRow[]; choose(action: MenuAction): void },
): Icon {
  const image = (face: Face, isMonochrome: boolean) => {
    const made = nativeImage.createFromPath(path.join(folder, `${face}${isMonochrome ? 'Template' : ''}.png`));
    if (isMonochrome) made.setTemplateImage(true);
    return made;
  };
  let shown = first;
  /** Held while it is open: Electron itself keeps no popped-up menu from being collected, and with it what its rows do. */
  let menu: Menu | undefined;
  const tray = new Tray(image(first.face, first.isMonochrome), GUID);
  tray.setToolTip(first.tooltip);
  // With a double click the second click would close what the first has opened.
  tray.setIgnoreDoubleClickEvents(true);
  // Not `setContextMenu`: with it the left click opens the menu, and there would be no panel.
  tray.on('click', () => on.click());
  tray.on('right-click', () => {
    menu = Menu.buildFromTemplate(templateOf(on.rows(), on.choose, image));
    tray.popUpContextMenu(menu);
  });
  return {
    show(look) {
      if (look.face !== shown.face || look.isMonochrome !== shown.isMonochrome) tray.setImage(image(look.face, look.isMonochrome));
      if (look.tooltip !== shown.tooltip) tray.setToolTip(look.tooltip);
      if (look.title !== shown.title) tray.setTitle(look.title, { fontType: 'monospacedDigit' });
      shown = look;
    },
    bounds: () => tray.getBounds(),
  };
}

function templateOf(
  rows: readonly MenuRow[],
  choose: (action: MenuAction) => void,
  image: (face: Face, isMonochrome: boolean) => Electron.NativeImage,
): MenuItemConstructorOptions[] {
  return rows.map((row) => {
    if (row.kind === 'separator') return { type: 'separator' };
    const { action } = row;
    return {
      // A single & is taken for the mark of a key.
      label: row.label.replaceAll('&', '&&'),
      enabled: row.isEnabled,
      ...(row.kind === 'check' ? { type: 'checkbox' as const, checked: row.isChecked === true } : {}),
      ...(row.face ? { icon: image(row.face, false) } : {}),
      ...(row.rows ? { submenu: templateOf(row.rows, choose, image) } : {}),
      ...(action ? { click: () => choose(action) } : {}),
    };
  });
}

/** An accessory app shows no menu bar, but ⌘C, ⌘V and ⌘W in a window come from here. */
export function setEditMenu(): void {
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      { label: APP_NAME, submenu: [{ role: 'about' }, { role: 'quit' }] },
      { role: 'editMenu' },
      { role: 'windowMenu' },
    ]),
  );
}
