// Does what was chosen in the menu. What fails is said, in a box that does not hold up the app; what was asked of an engine is said
// by the icon. Touches windows, the browser, Finder; the engine by its operations.
import os from 'node:os';
import path from 'node:path';
import { app, dialog, shell } from 'electron';
import { errorText } from '../contract/errors.ts';
import { installCommandLine } from './command-line.ts';
import { APP_NAME, isIdle } from './face.ts';
import type { Host } from './host.ts';
import { setLoginItem } from './login-item.ts';
import type { MenuAction } from './menu.ts';
import type { Notifier } from './notifier.ts';
import type { SettingsStore } from './settings.ts';
import { openPane } from './shell.ts';
import type { Windows } from './windows.ts';

export interface ActionDeps {
  readonly host: Host;
  readonly windows: Windows;
  readonly settings: SettingsStore;
  readonly notifier: Notifier;
  changed(): void;
}

export function createActions({ host, windows, settings, notifier, changed }: ActionDeps): (action: MenuAction) => void {
  async function all(name: 'check' | 'pause' | 'resume', input: object, isMeant: (phase: { phase: string }) => boolean): Promise<void> {
    const ids = (host.snapshot()?.services ?? []).filter(isMeant).map(({ id }) => id);
    const done = await Promise.allSettled(ids.map((id) => host.ask(name, { id, ...input })));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
  const viewOf = (id: string) => host.snapshot()?.services.find((view) => view.id === id);

  async function act(action: MenuAction): Promise<unknown> {
    switch (action.kind) {
      case 'ask': {
        const { kind: _, name, ...input } = action;
        return host.ask(name, input);
      }
      case 'check-all':
        return all('check', {}, () => true);
      case 'pause-all':
        return all('pause', { forMs: action.forMs }, (view) => !isIdle(view as never));
      case 'resume-all':
        return all('resume', {}, (view) => view.phase === 'paused');
      case 'open-window':
        return windows.openWindow(action.hash);
      case 'open-address': {
        const url = viewOf(action.id)?.url ?? '';
        if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) throw new Error(`${url} is no web address.`);
        return shell.openExternal(url);
      }
      case 'show-logs': {
        const logs = (viewOf(action.id)?.logs ?? '').replace(/^~(?=\/|$)/, os.homedir());
        const why = path.isAbsolute(logs) ? await shell.openPath(logs) : `${logs} is no path.`;
        if (why) throw new Error(why);
        return;
      }
      case 'login-item':
        return setLoginItem(action.isOn);
      case 'open-pane':
        return openPane(action.pane);
      case 'setting':
        return settings.set(action.name, action.value);
      case 'try-notice':
        return notifier.tryOut();
      case 'install-cli': {
        const { file, isOnPath } = await installCommandLine(app.getPath('exe'), os.homedir(), process.env['PATH'] ?? '');
        return say(
          `${file} is installed.`,
          isOnPath ? undefined : `Your PATH has no ${path.dirname(file)} yet. Add it in your shell’s profile.`,
        );
      }
      case 'about':
        return app.showAboutPanel();
      case 'quit':
        return app.quit();
    }
  }

  return (action) => {
    void act(action)
      .catch((error: unknown) => say(errorText(error)))
      .finally(changed);
  };
}

/** Not awaited by anybody: `showMessageBoxSync` would stop the engine. */
function say(message: string, detail?: string): void {
  void dialog.showMessageBox({ type: 'info', title: APP_NAME, message, ...(detail === undefined ? {} : { detail }), buttons: ['OK'] });
}
