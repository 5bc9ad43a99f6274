// The app's own few settings, in electron-store; what is watched stands in the home's config.json. A damaged file is kept aside and
// told, never wiped: `clearInvalidConfig` alone would lose it. Touches one file in the folder of user data.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type Store from 'electron-store';

interface AppSettings {
  readonly isMonochrome: boolean;
  readonly showsCount: boolean;
  /** The first window was shown. */
  readonly wasWelcomed: boolean;
  readonly wasToldOfHiddenIcon: boolean;
}
export interface SettingsStore {
  get<K extends keyof AppSettings>(name: K): AppSettings[K];
  /** Rejects where the file can't be written. */
  set<K extends keyof AppSettings>(name: K, value: AppSettings[K]): Promise<void>;
  /** Where a damaged file went; undefined when it was sound. Rejects where the folder can't be used. */
  movedTo(): Promise<string | undefined>;
}

const NAME = 'settings';
const boolean = { type: 'boolean', default: false } as const;
const OPTIONS = {
  name: NAME,
  schema: { isMonochrome: boolean, showsCount: boolean, wasWelcomed: boolean, wasToldOfHiddenIcon: boolean },
  migrations: {
    // Keyed by the version that has it; the store runs only those up to the app's own. Before 0.1.0 a build wrote `template`.
    '0.1.0': (store: Pick<Store<AppSettings>, 'set'>) => {
      const old = store as unknown as { get(key: string): unknown; delete(key: string): void };
      if (old.get('template') === true) store.set('isMonochrome', true);
      old.delete('template');
    },
  },
} as const;

/** At once: what the file says. `electron-store` is loaded when there is something to write, to mend or to carry over from another
 * version, so that neither the first icon waits for it nor an idle app holds it. */
export function openSettings(folder: string, version: string, nowMs: () => number): SettingsStore {
  const file = path.join(folder, `${NAME}.json`);
  const glanced = glance(file);
  let opened: Store<AppSettings> | undefined;
  let opening: Promise<Store<AppSettings>> | undefined;
  let movedTo: string | undefined;

  async function open(): Promise<Store<AppSettings>> {
    const { default: StoreOf } = await import('electron-store');
    const make = (clearInvalidConfig: boolean) => new StoreOf<AppSettings>({ ...OPTIONS, cwd: folder, clearInvalidConfig });
    try {
      opened = make(false);
    } catch (error) {
      if (!existsSync(file)) throw error;
      movedTo = path.join(folder, `${NAME}.corrupt-${new Date(nowMs()).toISOString().replaceAll(':', '')}.json`);
      copyFileSync(file, movedTo);
      opened = make(true);
    }
    return opened;
  }
  const store = (): Promise<Store<AppSettings>> => {
    opening ??= open().catch((error: unknown) => {
      // The next one tries again: a folder may be mended while the app runs.
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    get: (name) => opened?.get(name) ?? glanced[name] === true,
    async set(name, value) {
      (await store()).set(name, value);
    },
    async movedTo() {
      if (!isSettled(glanced, version)) await store();
      return movedTo;
    },
  };
}

/** Written by this very version of the app, and whole. */
function isSettled(values: Readonly<Record<string, unknown>>, version: string): boolean {
  const { migrations } = (values['__internal__'] ?? {}) as { migrations?: { version?: unknown } };
  return (
    migrations?.version === version && Object.keys(OPTIONS.schema).every((name) => ['boolean', 'undefined'].includes(typeof values[name]))
  );
}

/** Nothing is judged or mended here: whatever is no object of ours has said nothing. */
function glance(file: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
