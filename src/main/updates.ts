// New versions by electron-updater: wired, and off until the package carries a feed (app-update.yml, which electron-builder writes
// where `publish` is set). Never installs while somebody works: at the next quit.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { app } from 'electron';

export async function watchUpdates(resources: string = process.resourcesPath ?? ''): Promise<boolean> {
  if (!app.isPackaged || !existsSync(path.join(resources, 'app-update.yml'))) return false;
  const { autoUpdater } = (await import('electron-updater')).default;
  autoUpdater.autoInstallOnAppQuit = true;
  // A feed that is not there is no trouble of the person's.
  autoUpdater.on('error', () => undefined);
  await autoUpdater.checkForUpdates().catch(() => null);
  return true;
}
