// The PATH that the user's terminal has. An app that Finder starts gets /usr/bin:/bin:/usr/sbin:/sbin, and finds no command that was
// installed by hand (https://github.com/electron/electron/issues/4394). Known folders at once; the login shell is asked beside the
// start, with a limit, because an rc file may hang. Reads folders, runs the user's own shell once, changes nothing.
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CommandPort } from '../contract/ports.ts';

const SHELL_MS = 10_000;
const SHELLS = /\/(zsh|bash|sh|ksh|fish)$/;
const KNOWN = ['/opt/homebrew/bin', '/opt/homebrew/sbin', '/usr/local/bin'];
const KNOWN_OF_USER = ['.local/bin', '.npm-global/bin', '.volta/bin', '.bun/bin', '.cargo/bin', 'Library/pnpm', 'bin'];

export interface SearchDeps {
  readonly commands: CommandPort;
  readonly userHome: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What there is without asking anybody: the PATH as it is, then the known folders that exist. */
export async function knownPath({ userHome, env }: Omit<SearchDeps, 'commands'>): Promise<string> {
  const folders = [...KNOWN, ...KNOWN_OF_USER.map((name) => path.join(userHome, name)), ...(await newestNvm(userHome))];
  const there = await Promise.all(folders.map(async (folder) => ((await isFolder(folder)) ? folder : '')));
  return joined([env['PATH'] ?? '', ...there]);
}

/** The login shell's PATH, before what is known already. undefined: it did not tell in time. */
export async function shellPath({ commands, env }: SearchDeps): Promise<string | undefined> {
  const shell = env['SHELL'] && SHELLS.test(env['SHELL']) ? env['SHELL'] : '/bin/zsh';
  // What rc files print stands around it.
  const mark = `jarvis-${randomBytes(8).toString('hex')}`;
  const command = `printf '%s' ${mark}; /usr/bin/printenv PATH; printf '%s' ${mark}`;
  // Some rc files need a terminal, and end an interactive shell that has none.
  for (const flags of ['-ilc', '-lc']) {
    const ran = await commands.run({
      argv: [shell, flags, command],
      timeoutMs: SHELL_MS,
      ends: 'tree',
      env: { DISABLE_AUTO_UPDATE: 'true', ZSH_TMUX_AUTOSTART: 'false' },
    });
    const found = ran.kind === 'not-started' ? undefined : ran.output.split(mark)[1]?.trim();
    if (found?.startsWith('/')) return found;
  }
  return undefined;
}

/** One PATH of several: each absolute folder once, the first wins. */
export function joined(paths: readonly string[]): string {
  const folders = paths.flatMap((one) => one.split(':')).filter((folder) => path.isAbsolute(folder));
  return [...new Set(folders)].join(':');
}

async function newestNvm(userHome: string): Promise<string[]> {
  const folder = path.join(userHome, '.nvm/versions/node');
  const versions = await readdir(folder).catch(() => []);
  const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest === undefined ? [] : [path.join(folder, newest, 'bin')];
}
async function isFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() === true;
}
