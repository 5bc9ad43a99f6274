// What `import 'electron'` gives under the double, for the built bundle and for its libraries.
import { app } from './app.ts';
import { dialog, Menu, Notification, nativeImage, powerMonitor, powerSaveBlocker, screen, shell, Tray } from './desk.ts';
import { BrowserWindow, ipcMain, protocol, session } from './pages.ts';

export {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  Notification,
  nativeImage,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  Tray,
};
export default {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  Notification,
  nativeImage,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  Tray,
};
