// Which helper can show a desktop notice on this machine, if any. Reads the file system and the environment,
// changes nothing, starts nothing: also asked by `doctor`.
import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../find-program.ts';

export type DesktopHelper =
  | { readonly kind: 'notify-send'; readonly path: string }
  /** node-notifier's own terminal-notifier where `path` is undefined. */
  | { readonly kind: 'terminal-notifier'; readonly path: string | undefined }
  | { readonly kind: 'osascript'; readonly path: string }
  /** `found`: what is missing. `mend`: what a person can do about it. */
  | { readonly kind: 'none'; readonly found: string; readonly mend: string };

/** What of the environment says that there is a desktop. */
interface SessionEnv {
  readonly PATH?: string | undefined;
  readonly DBUS_SESSION_BUS_ADDRESS?: string | undefined;
  readonly XDG_RUNTIME_DIR?: string | undefined;
}

export interface HelperDeps {
  readonly platform: NodeJS.Platform;
  readonly arch?: string;
  readonly env?: SessionEnv;
  readonly isExecutable?: (path: string) => Promise<boolean>;
  readonly exists?: (path: string) => Promise<boolean>;
  readonly readHead?: (path: string) => Promise<Uint8Array | undefined>;
}

export const OSASCRIPT = '/usr/bin/osascript';
// Homebrew's bin/terminal-notifier is a shell script around the program in the bundle; only the bundle tells its processor.
const BUNDLED = 'terminal-notifier.app/Contents/MacOS/terminal-notifier';
const HOMEBREW = [`/opt/homebrew/opt/terminal-notifier/${BUNDLED}`, `/usr/local/opt/terminal-notifier/${BUNDLED}`];

export async function findDesktopHelper(deps: HelperDeps): Promise<DesktopHelper> {
  const { platform, env = process.env, isExecutable = canExecute, exists = isThere } = deps;
  if (platform === 'darwin') return await onMac(deps, isExecutable);
  if (platform !== 'linux' && !platform.endsWith('bsd')) {
    return { kind: 'none', found: `no desktop notices on ${platform}`, mend: 'Remove "notification" from alerts.channels.' };
  }
  const found = await findProgram('notify-send', { searchPath: env.PATH, isProgram: deps.isExecutable });
  if (found.kind !== 'found') {
    return {
      kind: 'none',
      found: 'notify-send is not on PATH',
      mend: 'Install it (Debian, Ubuntu: apt install libnotify-bin; Fedora: dnf install libnotify).',
    };
  }
  // Without a session bus notify-send waits for its own time limit, or starts a bus that nobody looks at.
  const hasBus = !!env.DBUS_SESSION_BUS_ADDRESS || (!!env.XDG_RUNTIME_DIR && (await exists(join(env.XDG_RUNTIME_DIR, 'bus'))));
  if (!hasBus) {
    return {
      kind: 'none',
      found: 'no session bus (neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR/bus)',
      mend: 'Run the engine inside the desktop session (jarvis-health start), or remove "notification" from alerts.channels.',
    };
  }
  return { kind: 'notify-send', path: found.path };
}

/** The terminal-notifier inside node-notifier is for Intel only. Apple silicon would need Rosetta for it, and macOS 26
 * warns a person of every Intel program that runs there, so it is used on Intel alone (R19). */
async function onMac(deps: HelperDeps, isExecutable: (path: string) => Promise<boolean>): Promise<DesktopHelper> {
  const { arch = process.arch, readHead = headOf } = deps;
  for (const path of HOMEBREW) {
    if ((await isExecutable(path)) && machoArchs(await readHead(path)).includes(arch)) return { kind: 'terminal-notifier', path };
  }
  if (arch === 'x64') return { kind: 'terminal-notifier', path: undefined };
  if (await isExecutable(OSASCRIPT)) return { kind: 'osascript', path: OSASCRIPT };
  return { kind: 'none', found: `${OSASCRIPT} is missing`, mend: 'Install terminal-notifier (brew install terminal-notifier).' };
}

const CPU: Readonly<Record<number, string>> = { 16777223: 'x64', 16777228: 'arm64' }; // <mach/machine.h>: x86_64, arm64

/** Processors that a Mach-O file runs on, in Node's words; empty when it is no such file (layout: <mach-o/loader.h>, <mach-o/fat.h>). */
export function machoArchs(head: Uint8Array | undefined): string[] {
  if (!head || head.byteLength < 8) return [];
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const known = (cpu: number) => (CPU[cpu] === undefined ? [] : [CPU[cpu]]);
  if (view.getUint32(0, true) === 0xfeedfacf) return known(view.getUint32(4, true));
  if (view.getUint32(0, false) !== 0xcafebabe) return [];
  const archs: string[] = [];
  const count = Math.min(view.getUint32(4, false), 8); // a Java class file has the same magic, then a version above 40
  for (let i = 0; i < count && 8 + i * 20 + 4 <= head.byteLength; i += 1) archs.push(...known(view.getUint32(8 + i * 20, false)));
  return archs;
}

function canExecute(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function headOf(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
