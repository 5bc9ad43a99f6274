// What the app offers its own page beside the engine (contract/shell.ts): login item, a test notice, a pane of System Settings, the
// system's dialog for a file. Input is judged here; who may ask, in bridge.ts. Touches the system's own dialogs.
import { dialog, shell } from 'electron';
import { HealthError } from '../contract/errors.ts';
import { type NoticeHealth, PANES, SHELL_NAMES, type ShellFacts, type ShellName, type ShellOffers } from '../contract/shell.ts';
import { answer } from './bridge.ts';
import { loginItem, setLoginItem } from './login-item.ts';

type Pane = (typeof PANES)[number];
/** Addresses of System Settings; those of the panes are not promised by Apple, so the app says in words where to go as well. */
const PANE_URLS: Readonly<Record<Pane, readonly [url: string, words: string]>> = {
  'login-items': ['x-apple.systempreferences:com.apple.LoginItems-Settings.extension', 'General > Login Items'],
  notifications: ['x-apple.systempreferences:com.apple.Notifications-Settings.extension', 'Notifications > Jarvis Health'],
};

export interface ShellDeps {
  notices(): NoticeHealth;
  tryNotice(): Promise<void>;
  changed(): void;
}
type Offers = { readonly [N in ShellName]: (input: unknown) => Promise<ShellOffers[N]['output']> };

/** After `ready`, once. */
export function openShell({ notices, tryNotice, changed }: ShellDeps): void {
  const facts = (): ShellFacts => ({ loginItem: loginItem(), notices: notices() });
  let isChoosing = false;
  const offers: Offers = {
    facts: async () => facts(),
    async setLoginItem(input) {
      setLoginItem(fieldOf(input, 'isOn', (value) => typeof value === 'boolean'));
      changed();
      return facts();
    },
    async tryNotice() {
      await tryNotice();
      return facts();
    },
    async openPane(input) {
      await openPane(fieldOf(input, 'pane', (value): value is Pane => PANES.includes(value as Pane)));
      return undefined;
    },
    async chooseProgram() {
      if (isChoosing) return null;
      isChoosing = true;
      try {
        const { filePaths } = await dialog.showOpenDialog({
          message: 'Where is the program?',
          properties: ['openFile', 'showHiddenFiles'],
        });
        return filePaths[0] ?? null;
      } finally {
        isChoosing = false;
      }
    },
  };
  for (const name of SHELL_NAMES) answer(`shell:${name}`, offers[name]);
}

/** Rejects with the words that lead there, where the system does not open it. */
export async function openPane(pane: Pane): Promise<void> {
  const [url, words] = PANE_URLS[pane];
  await shell.openExternal(url).catch((cause: unknown) => {
    throw new HealthError('refused', `Open System Settings > ${words}.`, { cause });
  });
}

function fieldOf<T>(input: unknown, name: string, fits: ((value: unknown) => value is T) | ((value: unknown) => boolean)): T {
  const value = typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[name] : undefined;
  if (!fits(value)) throw new HealthError('usage', `${name} is missing, or not what it must be.`);
  return value as T;
}
