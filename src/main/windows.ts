// The panel under the icon and the window: made when asked for, gone a minute after they were hidden, so that an idle app has no
// renderer. Both show the same page, with nothing in it but the bridge.
import { app, BrowserWindow, screen } from 'electron';
import type { TimersPort } from '../contract/ports.ts';
import { panelPlace, type Rectangle } from './place.ts';
import { APP_ORIGIN } from './protocol.ts';

const PANEL = { width: 380, height: 640 };
const GONE_MS = 60_000;
/** A click on the icon takes the focus from the panel first, which hides it: the same click must not bring it back. */
const SAME_CLICK_MS = 250;

export interface WindowsDeps {
  readonly preload: string;
  readonly timers: TimersPort;
  nowMs(): number;
  iconBounds(): Rectangle;
}
export interface Windows {
  togglePanel(): void;
  /** `hash`: the view, `#/service/gateway`; empty: as it is. */
  openWindow(hash: string): Promise<void>;
  /** From now on windows close instead of hiding. */
  letGo(): void;
}

export function createWindows({ preload, timers, nowMs, iconBounds }: WindowsDeps): Windows {
  let panel: BrowserWindow | undefined;
  let window: BrowserWindow | undefined;
  let hiddenAtMs = 0;
  let cancel: (() => void) | undefined;
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
    return made;
  }
  /** Hidden with the whole app (⌘H) it may stay so for days. */
  function goWhenHidden(made: BrowserWindow): void {
    let stop: (() => void) | undefined;
    const show = (): void => stop?.();
    made.on('hide', () => {
      stop?.();
      stop = timers.after(GONE_MS, () => {
        if (!made.isDestroyed() && !made.isVisible()) made.destroy();
      });
    });
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
    hiddenAtMs = nowMs();
    cancel?.();
    cancel = timers.after(GONE_MS, () => panel?.destroy());
  }

  return {
    togglePanel() {
      if (isEnding) return;
      if (panel?.isVisible()) return hidePanel();
      if (nowMs() - hiddenAtMs < SAME_CLICK_MS) return;
      cancel?.();
      const icon = iconBounds();
      const display = screen.getDisplayNearestPoint({ x: Math.round(icon.x), y: Math.round(icon.y) });
      const isNew = panel === undefined;
      panel ??= newPanel();
      panel.setBounds(panelPlace(icon, display.workArea, PANEL));
      panel.show();
      panel.focus();
      if (isNew) void panel.loadURL(`${APP_ORIGIN}/index.html`).catch(() => undefined);
    },
    async openWindow(hash) {
      if (isEnding) return;
      const isNew = window === undefined;
      window ??= make({ width: 1_000, height: 740, minWidth: 360, minHeight: 420 });
      const opened = window;
      if (isNew) {
        // Red button and ⌘W end the renderer too; the app stays in the menu bar.
        opened.on('closed', () => {
          window = undefined;
        });
        goWhenHidden(opened);
        opened.once('ready-to-show', () => front(opened));
      }
      if (isNew || hash !== '') await opened.loadURL(`${APP_ORIGIN}/index.html${hash}`).catch(() => undefined);
      if (!opened.isDestroyed() && !isEnding) front(opened);
    },
    letGo() {
      isEnding = true;
      cancel?.();
      for (const one of [panel, window]) one?.destroy();
    },
  };
}

function front(window: BrowserWindow): void {
  if (window.isDestroyed()) return;
  window.show();
  window.focus();
  // An accessory app is not in front by itself.
  app.focus({ steal: true });
}
