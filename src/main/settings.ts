// The app's own few settings, in electron-store; what is watched stands in the home's config.json. A damaged file is kept aside and
// told, never wiped: `clearInvalidConfig` alone would lose it. Touches one file in the folder of user data.
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import Store from 'electron-store';

interface AppSettings {
  readonly isMonochrome: boolean;
  readonly showsCount: boolean;
  /** The first window was shown. */
  readonly wasWelcomed: boolean;
  readonly wasToldOfHiddenIcon: boolean;
}
export interface SettingsStore {
  get<K extends keyof AppSettings>(name: K): AppSettings[K];
  set<K extends keyof AppSettings>(name: K, value: AppSettings[K]): void;
  /** Where a damaged file went; undefined when it was sound. */
  readonly movedTo: string | undefined;
}

const NAME = 'settings';
const boolean = { type: 'boolean', default: false } as const;
const SCHEMA = { isMonochrome: boolean, showsCount: boolean, wasWelcomed: boolean, wasToldOfHiddenIcon: boolean };

export function openSettings(folder: string, nowMs: () => number): SettingsStore {
  const open = (clearInvalidConfig: boolean): Store<AppSettings> =>
    new Store<AppSettings>({
      cwd: folder,
      name: NAME,
      schema: SCHEMA,
      clearInvalidConfig,
      migrations: {
        // Keyed by the version that has it; the store runs only those up to the app's own. Before 0.1.0 a build wrote `template`.
        '0.1.0': (store) => {
          const old = store as unknown as { get(key: string): unknown; delete(key: string): void };
          if (old.get('template') === true) store.set('isMonochrome', true);
          old.delete('template');
        },
      },
    });
  let movedTo: string | undefined;
  let store: Store<AppSettings>;
  try {
    store = open(false);
  } catch (error) {
    const file = path.join(folder, `${NAME}.json`);
    if (!existsSync(file)) throw error;
    movedTo = path.join(folder, `${NAME}.corrupt-${new Date(nowMs()).toISOString().replaceAll(':', '')}.json`);
    copyFileSync(file, movedTo);
    store = open(true);
  }
  return { get: (name) => store.get(name), set: (name, value) => store.set(name, value), movedTo };
}
