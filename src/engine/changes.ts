// What changed around a service since it was last well, as far as it left dates: the history of its git checkout, files in its
// folder, this program's configuration, packages of Homebrew and npm. Only reads; git is asked for its log with every program
// that a repository could name for it switched off.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceConfig } from '../contract/config.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { CommandPort } from '../contract/ports.ts';
import { isoTime } from '../contract/time.ts';
import { expandPath } from './expand-path.ts';

export interface ChangesContext {
  readonly commands: CommandPort;
  readonly userHome: string;
  /** The engine's own home. */
  readonly home: string;
  /** Where packages lie; each is a folder of folders named by package. */
  readonly packages?: readonly PackageFolder[];
}
interface PackageFolder {
  readonly folder: string;
  readonly by: 'Homebrew' | 'npm';
}

const GIT_MS = 1_500;
const MOST_OF_A_KIND = 8;
/** Written all the time, or of no meaning. */
const NOISE = /(\.log(\.|$)|\.pid$|\.sock$|\.db|\.sqlite|^\.DS_Store$|-journal$|-wal$|-shm$)/;
/** Homebrew: docs.brew.sh/Installation, the default prefixes. npm: docs.npmjs.com/cli/configuring-npm/folders, "Global Installation". */
const PACKAGES: readonly PackageFolder[] = [
  { folder: '/opt/homebrew/Cellar', by: 'Homebrew' },
  { folder: '/usr/local/Cellar', by: 'Homebrew' },
  { folder: '/home/linuxbrew/.linuxbrew/Cellar', by: 'Homebrew' },
  { folder: '/opt/homebrew/lib/node_modules', by: 'npm' },
  { folder: '/usr/local/lib/node_modules', by: 'npm' },
  { folder: '/usr/lib/node_modules', by: 'npm' },
];

/** Newest first, each with its time. What can't be read has not changed as far as anybody knows. */
export async function changesSince(service: ServiceConfig, sinceMs: number, context: ChangesContext): Promise<string[]> {
  const folder = folderOf(service, context.userHome);
  const found = await Promise.all([
    folder === undefined ? [] : gitChanges(folder, sinceMs, context.commands),
    folder === undefined ? [] : filesChanged(folder, sinceMs),
    fileChanged(path.join(context.home, HOME_FILES.config), 'the configuration of jarvis-health was changed', sinceMs),
    ...(context.packages ?? PACKAGES).map(({ folder: place, by }) => packagesChanged(place, by, sinceMs)),
  ]);
  return found
    .flat()
    .sort((a, b) => b.at - a.at)
    .map(({ at, what }) => `${isoTime({ wallMs: at })} ${what}`);
}

interface Change {
  readonly at: number;
  readonly what: string;
}

function folderOf(service: ServiceConfig, userHome: string): string | undefined {
  const own = service.recovery.flatMap((remedy) => ('cwd' in remedy && remedy.cwd ? [remedy.cwd] : []))[0];
  const folder = service.cwd ?? own;
  return folder === undefined ? undefined : expandPath(folder, userHome);
}

/** The reflog, not the log: what a pull brought is older than the pull (git-reflog(1)). */
async function gitChanges(folder: string, sinceMs: number, commands: CommandPort): Promise<Change[]> {
  const off = ['core.fsmonitor=false', 'log.showSignature=false', 'core.hooksPath=/dev/null', 'core.pager=cat'];
  const result = await commands.run({
    argv: [
      'git',
      ...off.flatMap((setting) => ['-c', setting]),
      '--no-pager',
      'reflog',
      'show',
      '--date=unix',
      `--max-count=${MOST_OF_A_KIND * 4}`,
      '--format=%gd %h %gs',
      'HEAD',
    ],
    cwd: folder,
    env: { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    timeoutMs: GIT_MS,
    ends: 'tree',
  });
  if (result.kind !== 'exited' || result.exitCode !== 0) return [];
  return result.output
    .split('\n')
    .flatMap((line): Change[] => {
      const [, seconds, commit, what] = /^HEAD@\{(\d+)\} (\w+) (.*)$/.exec(line) ?? [];
      return seconds === undefined ? [] : [{ at: Number(seconds) * 1_000, what: `git ${commit}: ${what}` }];
    })
    .filter(({ at }) => at >= sinceMs)
    .slice(0, MOST_OF_A_KIND);
}

/** Only of the folder itself: what lies deeper, git tells, or nobody. */
async function filesChanged(folder: string, sinceMs: number): Promise<Change[]> {
  const names = await readdir(folder).catch(() => []);
  const changed = await Promise.all(
    names
      .filter((name) => !NOISE.test(name) && name !== '.git')
      .slice(0, 500)
      .map(async (name): Promise<Change[]> => {
        const found = await stat(path.join(folder, name)).catch(() => undefined);
        return found?.isFile() && found.mtimeMs >= sinceMs ? [{ at: found.mtimeMs, what: `${name} was changed` }] : [];
      }),
  );
  // npm writes it at the end of every installation (docs.npmjs.com, package-lock.json, "Hidden Lockfiles").
  const installed = await fileChanged(
    path.join(folder, 'node_modules', '.package-lock.json'),
    'npm packages of its folder were installed',
    sinceMs,
  );
  return [...installed, ...changed.flat().sort((a, b) => b.at - a.at)].slice(0, MOST_OF_A_KIND);
}

async function fileChanged(file: string, what: string, sinceMs: number): Promise<Change[]> {
  const found = await stat(file).catch(() => undefined);
  return found && found.mtimeMs >= sinceMs ? [{ at: found.mtimeMs, what }] : [];
}

/** A new version makes a new entry in (Homebrew), or a new folder of (npm), its package: the folder's own date. */
async function packagesChanged(folder: string, by: PackageFolder['by'], sinceMs: number): Promise<Change[]> {
  const names = await readdir(folder).catch(() => []);
  const changed = await Promise.all(
    names
      .filter((name) => !name.startsWith('.'))
      .slice(0, 2_000)
      .map(async (name): Promise<Change[]> => {
        const found = await stat(path.join(folder, name)).catch(() => undefined);
        if (!found?.isDirectory() || found.mtimeMs < sinceMs) return [];
        const versions = by === 'Homebrew' ? await readdir(path.join(folder, name)).catch(() => []) : [];
        const now = versions.length > 0 ? ` (now: ${versions.slice(-3).join(', ')})` : '';
        return [{ at: found.mtimeMs, what: `${by} changed ${name}${now}` }];
      }),
  );
  return changed
    .flat()
    .sort((a, b) => b.at - a.at)
    .slice(0, MOST_OF_A_KIND);
}
