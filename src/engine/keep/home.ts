// Finds and opens the home, the one folder that holds all that is kept (PRODUCT section 3): only for its user, proved
// to be writable, free of half-written leftovers. Touches the folder's mode, the modes of our own files, temp files.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { homeUnusable, isDiskFull, realFs, removeLeftoverTemps } from './durable-file.ts';

interface HomeChoice {
  /** Value of `--home`. */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
}

/** Path of the home: `--home`, else `$JARVIS_HEALTH_HOME`, else the platform's place (PRODUCT section 3). Absolute. */
export function resolveHome({ flag, env, platform, userHome }: HomeChoice): string {
  const { JARVIS_HEALTH_HOME: named, XDG_STATE_HOME: state } = env;
  const chosen = flag || named;
  // A plist or a unit file has no shell that would expand `~`.
  if (chosen) return path.resolve(chosen === '~' || chosen.startsWith('~/') ? path.join(userHome, chosen.slice(1)) : chosen);
  if (platform === 'darwin') return path.join(userHome, 'Library', 'Application Support', 'Jarvis Health');
  // The XDG base directory specification: "All paths must be absolute", others are to be ignored.
  return path.join(state && path.isAbsolute(state) ? state : path.join(userHome, '.local', 'state'), 'jarvis-health');
}

const STICKY = 0o1000;
const NOT_TIGHTENED: ReadonlySet<string> = new Set([HOME_FILES.archive, HOME_FILES.socket]);

/** Makes the folder if need be (0700), tightens modes, removes leftovers of interrupted writes.
 * Rejects `home-unusable` with the path, what was found and what to do. A full disk is no reason to reject (R3). */
export async function openHome(home: string, userHome = os.homedir()): Promise<void> {
  if (home === path.parse(home).root || home === path.resolve(userHome)) {
    throw new HealthError('home-unusable', `${home} can't be the home of Jarvis Health: it would be closed to everybody else`, {
      hint: 'Choose a folder of its own with --home.',
      details: { path: home },
    });
  }
  let found: Awaited<ReturnType<typeof fs.stat>>;
  try {
    await makeFolder(home);
    found = await fs.stat(home);
  } catch (error) {
    const what = systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOTDIR' ? 'is not a folder' : "can't be made";
    throw homeUnusable(home, what, error);
  }
  if (found.mode & STICKY) {
    throw new HealthError('home-unusable', `${home} is a folder that users share (mode ${(found.mode & 0o7777).toString(8)})`, {
      hint: 'Choose a folder of its own with --home.',
      details: { path: home, mode: found.mode & 0o7777 },
    });
  }
  try {
    if (found.mode & 0o077) await fs.chmod(home, found.mode & 0o700); // only ever tighter
    await proveWritable(home);
    await removeLeftoverTemps(realFs, home);
    await tightenFiles(home);
  } catch (error) {
    throw homeUnusable(home, "can't be used", error);
  }
}

/** Not by `recursive`, which tries for ever where a folder that is there takes no other, as /proc does (it says ENOENT of the new one). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await fs.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await fs.stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (systemCode(error) !== 'ENOENT' || (await isFolder(parent))) throw error;
    await makeFolder(parent);
    await makeFolder(folder);
  }
}
function isFolder(folder: string): Promise<boolean> {
  return fs.stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Really writes: `access` says yes to root on a read-only disk and knows no access control lists. */
async function proveWritable(home: string): Promise<void> {
  const file = path.join(home, `.probe.${process.pid}-0.tmp`);
  try {
    await (await fs.open(file, 'w', 0o600)).close();
    await fs.unlink(file);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

/** By path, never through an open file: closing one of `engine.lock` would free our own lock (see ownership.ts). */
async function tightenFiles(home: string): Promise<void> {
  for (const name of Object.values(HOME_FILES)) {
    if (NOT_TIGHTENED.has(name)) continue;
    const file = path.join(home, name);
    const found = await fs.lstat(file).catch(() => undefined);
    if (found?.isFile() && found.mode & 0o077) await fs.chmod(file, 0o600).catch(() => {});
  }
}
