// The panel under the icon and the window: made when asked for, gone a minute after they were hidden, so that an idle app has no
// renderer; unsaved changes keep theirs. Both show the same page, with nothing in it but the bridge.
import { app, BrowserWindow, dialog, screen, shell } from 'electron';
import type { TimersPort } from '../contract/ports.ts';
import { panelPlace, type Rectangle } from './place.ts';
import { APP_ORIGIN } from './protocol.ts';

const PANEL = { width: 380, height: 640 };
const GONE_MS = 60_000;
/** A click on the icon takes the focus from the panel first, which hides it: the same click must not bring it back. */
const SAME_CLICK_MS = 250;
const UNSAVED = 'Your changes in Settings are not saved yet.';

export interface WindowsDeps {
  readonly preload: string;
  readonly timers: TimersPort;
  /** On a clock that never jumps: one that is set back must not make every click a second one. */
  steadyMs(): number;
  iconBounds(): Rectangle;
  /** Whether an address that a page wants to open is one of those that we have shown it. */
  mayOpen(url: string): boolean;
}
export interface Windows {
  togglePanel(): void;
  /** `hash`: the view, `#/service/gateway`; empty: as it is. */
  openWindow(hash: string): Promise<void>;
  /** Says something to a person, on the window: on macOS a box of its own stops the main thread, and the engine with it, until somebody
   * has answered (electron/electron, shell/browser/ui/message_box_mac.mm: `runModal`). Never rejects. */
  tell(box: Electron.MessageBoxOptions): Promise<void>;
  /** From now on windows close instead of hiding. */
  letGo(): void;
}

export function createWindows({ preload, timers, steadyMs, iconBounds, mayOpen }: WindowsDeps): Windows {
  let panel: BrowserWindow | undefined;
  let window: BrowserWindow | undefined;
  let hiddenAtMs = Number.NEGATIVE_INFINITY;
  let isEnding = false;

  function make(options: Electron.BrowserWindowConstructorOptions): BrowserWindow {
    const made = new BrowserWindow({
      show: false,
      title: 'Jarvis Health',
      fullscreenable: false,
      ...options,
      webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true, spellcheck: false },
    });
    // A page that has crashed would stay blank for ever; the next time it is asked for, it is made anew.
    made.webContents.on('render-process-gone', () => made.destroy());
    made.webContents.setWindowOpenHandler(({ url }) => {
      if (mayOpen(url)) void shell.openExternal(url).catch(() => undefined);
      return { action: 'deny' };
    });
    // A page with unsaved changes holds its window, in Electron without a word. Out of sight it keeps them; in sight the person is asked.
    let isAsked = false;
    made.webContents.on('will-prevent-unload', () => {
      if (isAsked || !made.isVisible()) return;
      isAsked = true;
      void dialog
        .showMessageBox(made, { type: 'question', message: UNSAVED, buttons: ['Keep them', 'Throw them away'], defaultId: 0, cancelId: 0 })
        .then(({ response }) => response === 1 && !made.isDestroyed() && made.destroy())
        .catch(() => undefined)
        .finally(() => {
          isAsked = false;
        });
    });
    goWhenHidden(made);
    return made;
  }
  /** Hidden with the whole app (⌘H) it may stay so for days. */
  function goWhenHidden(made: BrowserWindow): void {
    let stop: (() => void) | undefined;
    const show = (): void => stop?.();
    function hidden(): void {
      stop?.();
      stop = timers.after(GONE_MS, () => {
        if (made.isDestroyed() || made.isVisible()) return;
        // Not `destroy`: the page may hold what was not saved yet, and is asked again later.
        made.close();
        if (!made.isDestroyed()) hidden();
      });
    }
    made.on('hide', hidden);
    made.on('show', show);
    made.on('closed', show);
  }

  function newPanel(): BrowserWindow {
    const made = make({ ...PANEL, type: 'panel', frame: false, resizable: false, movable: false, minimizable: false, skipTaskbar: true });
    // Without skipTransformProcessType a Dock icon appears (electron/electron, shell/browser/native_window_mac.mm).
    made.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true, skipTransformProcessType: true });
    made.on('blur', () => {
      if (!made.webContents.isDevToolsOpened()) hidePanel();
    });
    made.on('closed', () => {
      if (panel === made) panel = undefined;
    });
    return made;
  }
  function hidePanel(): void {
    if (!panel?.isVisible()) return;
    panel.hide();
    hiddenAtMs = steadyMs();
  }

  return {
    togglePanel() {
      if (isEnding) return;
      if (panel?.isVisible()) return hidePanel();
      if (steadyMs() - hiddenAtMs < SAME_CLICK_MS) return;
      const icon = iconBounds();
      const display = screen.getDisplayNearestPoint({ x: Math.round(icon.x), y: Math.round(icon.y) });
      const isNew = panel === undefined;
      panel ??= newPanel();
      panel.setBounds(panelPlace(icon, display.workArea, PANEL));
      panel.show();
      panel.focus();
      if (isNew) void panel.loadURL(`${APP_ORIGIN}/index.html`).catch(() => undefined);
    },
    openWindow,
    async tell(box) {
      await openWindow('');
      if (!window || window.isDestroyed()) return;
      await dialog.showMessageBox(window, box).catch(() => undefined);
    },
    letGo() {
      isEnding = true;
      for (const one of [panel, window]) one?.destroy();
    },
  };

  async function openWindow(hash: string): Promise<void> {
    if (isEnding) return;
    const isNew = window === undefined;
    window ??= make({ width: 1_000, height: 740, minWidth: 360, minHeight: 420 });
    const opened = window;
    if (isNew) {
      // Red button and ⌘W end the renderer too; the app stays in the menu bar.
      opened.on('closed', () => {
        window = undefined;
      });
      opened.once('ready-to-show', () => front(opened));
    }
    if (isNew || hash !== '') await opened.loadURL(`${APP_ORIGIN}/index.html${hash}`).catch(() => undefined);
    if (!opened.isDestroyed() && !isEnding) front(opened);
  }
}

function front(window: BrowserWindow): void {
  if (window.isDestroyed()) return;
  window.show();
  window.focus();
  // An accessory app is not in front by itself.
  app.focus({ steal: true });
}
