// Start at login: asked of the system and read back from it, never stored (its answer is the truth). Touches the login item.
import { app } from 'electron';
import type { LoginItem } from '../contract/shell.ts';

/** Electron offers it on macOS alone. */
export function isMenuBar(): boolean {
  return 'setActivationPolicy' in app;
}

export function loginItem(): LoginItem {
  // An app that is run from its sources would register Electron itself.
  if (!app.isPackaged) return 'unpackaged';
  const { status } = app.getLoginItemSettings({ type: 'mainAppService' });
  switch (status) {
    case 'enabled':
      return 'on';
    case 'requires-approval':
      return 'requires-approval';
    // `not-found` is also what a system says that was never asked (https://github.com/mihomo-party-org/clash-party/pull/2128).
    case 'not-found':
    case 'not-registered':
      return 'off';
  }
}

/** Errors of the system go to stderr only, so what it is now is read anew. */
export function setLoginItem(isOn: boolean): LoginItem {
  if (app.isPackaged) app.setLoginItemSettings({ openAtLogin: isOn, type: 'mainAppService' });
  return loginItem();
}

/** A login is no moment to open a window. */
export function isStartedAtLogin(): boolean {
  return app.isPackaged && isMenuBar() && app.getLoginItemSettings({ type: 'mainAppService' }).wasOpenedAtLogin;
}
