// Does what was chosen in the menu. What fails is said on the window, which does not hold up the app; what was asked of an engine is said
// by the icon. Touches windows, the browser, Finder; the engine by its operations.
import { realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { app, shell } from 'electron';
import { errorText } from '../contract/errors.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { installCommandLine } from './command-line.ts';
import { isIdle } from './face.ts';
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
  /** Not our own PATH, to which we add folders; undefined: not known. */
  terminalPath(): string | undefined;
}

export function createActions({ host, windows, settings, notifier, changed, terminalPath }: ActionDeps): (action: MenuAction) => void {
  async function all(name: 'check' | 'pause' | 'resume', input: object, isMeant: (phase: { phase: string }) => boolean): Promise<void> {
    const ids = (host.snapshot()?.services ?? []).filter(isMeant).map(({ id }) => id);
    const done = await Promise.allSettled(ids.map((id) => host.ask(name, { id, ...input })));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
  const viewOf = (id: string) => host.snapshot()?.services.find((view) => view.id === id);

  const say = (message: string, detail?: string): Promise<void> =>
    windows.tell({ type: 'info', message, ...(detail === undefined ? {} : { detail }), buttons: ['OK'] });

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
      case 'open-address':
      case 'open-holder': {
        const view = viewOf(action.id);
        const url = (action.kind === 'open-holder' ? view?.portHolder?.url : view?.url) ?? '';
        if (!isWebAddress(url)) throw new Error(`${url} is no web address.`);
        return shell.openExternal(url);
      }
      case 'show-logs': {
        const logs = (viewOf(action.id)?.logs ?? '').replace(/^~(?=\/|$)/, os.homedir());
        return showLogs(logs);
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
        const { file, isOnPath } = await installCommandLine(app.getPath('exe'), os.homedir(), terminalPath() ?? '');
        return say(
          `${file} is installed.`,
          isOnPath
            ? undefined
            : `A terminal finds it where its PATH has ${path.dirname(file)}. Where it has not, add that in your shell’s profile.`,
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

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

/** Whether it is the address of a service, or of what holds its port: those a page may open, and no other. */
export function isShownAddress(url: string, snapshot: Snapshot | undefined): boolean {
  if (!isWebAddress(url)) return false;
  const shown = (snapshot?.services ?? []).flatMap((view) => [view.url, view.portHolder?.url ?? null]);
  return shown.some((one) => one !== null && URL.canParse(one) && new URL(one).href === new URL(url).href);
}

const LOG_NAME = /\.(log|txt|out|err|jsonl?)(\.\d+)?$/i;

/** A folder, or a file that is a log by its name: anything else might be a program, which opening it would run. Then it is only shown.
 * A link is judged by where it leads, as the system does. */
async function showLogs(logs: string): Promise<void> {
  if (!path.isAbsolute(logs)) throw new Error(`${logs} is no path.`);
  const real = await realpath(logs).catch(() => undefined);
  const found = real && (await stat(real).catch(() => undefined));
  if (!found) throw new Error(`${logs} is not there.`);
  const isSafe = found.isDirectory() ? path.extname(real) === '' : LOG_NAME.test(real) && (found.mode & 0o111) === 0;
  if (!isSafe) return shell.showItemInFolder(logs);
  const why = await shell.openPath(real);
  if (why) throw new Error(why);
}
