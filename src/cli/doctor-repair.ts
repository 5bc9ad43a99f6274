// `doctor --repair`: what can be mended safely, each step named and asked for. Nothing that is data is deleted or rewritten: rights
// are taken from others, a torn line is closed, what can be made anew is made anew. The engine's own files only.
import { appendFile, chmod, lstat, open, readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { errorText } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { Background } from './background.ts';
import { type Io, line, paint } from './io.ts';

export interface Mending {
  readonly component: string;
  /** What would be done, as an order. */
  readonly step: string;
  run(): Promise<void>;
}
export interface MendDeps {
  readonly home: string;
  readonly uid: number;
  /** An engine owns the home: its files are its own business. */
  isOwned(): Promise<boolean>;
  /** Where the control socket of this home is, and the link to it. */
  readonly sockets: readonly string[];
  writeSchema(): Promise<void>;
  /** The service manager's file where it is stale, and why; undefined where it starts what is there, be it another installation's. */
  readonly stale: { readonly file: string; readonly why: string; renew(): Promise<void> } | undefined;
}

const LOGS = [HOME_FILES.healthLog, HOME_FILES.recoveryLog, HOME_FILES.alertsLog];
/** By these a folder is known as the home of an engine. */
const SIGNS: ReadonlySet<string> = new Set([HOME_FILES.config, HOME_FILES.lock, HOME_FILES.healthState, ...LOGS]);
const NEWLINE = 0x0a;

/** In the order in which they should be done. Looks only. */
export async function findMendings(deps: MendDeps): Promise<Mending[]> {
  const folder = await lstat(deps.home).catch(() => undefined);
  if (!folder?.isDirectory() || folder.uid !== deps.uid) return []; // not ours to mend
  const found: Mending[] = [];
  const { home } = deps;
  const names = await readdir(home);
  // Somebody's own folder, named by mistake (`--home ~`), has other files and other rights.
  if (names.length > 0 && !names.some((name) => SIGNS.has(name))) return [];
  if ((folder.mode & 0o077) !== 0)
    found.push({ component: 'home', step: `Take the rights of others away from ${home} (chmod 700)`, run: () => chmod(home, 0o700) });
  for (const name of names) {
    const file = path.join(home, name);
    const entry = await lstat(file).catch(() => undefined);
    if (entry?.isFile() && entry.uid === deps.uid && (entry.mode & 0o077) !== 0)
      // Its owner's rights stay: it may be a program that a remedy runs.
      found.push({
        component: 'home',
        step: `Take the rights of others away from ${file} (chmod go-rwx)`,
        run: () => chmod(file, entry.mode & 0o700),
      });
  }
  const hasConfig = await isThere(path.join(home, HOME_FILES.config));
  if (hasConfig && !(await isThere(path.join(home, HOME_FILES.configSchema))))
    found.push({
      component: 'configuration',
      step: `Write ${HOME_FILES.configSchema}, which editors check the configuration by`,
      run: deps.writeSchema,
    });
  if (!(await deps.isOwned())) found.push(...(await mendingsOfTheUnowned(deps)));
  const { stale } = deps;
  if (stale)
    found.push({
      component: 'background service',
      step: `Write ${stale.file} anew, which ${stale.why}, and start the engine by it`,
      run: stale.renew,
    });
  return found;
}

async function mendingsOfTheUnowned({ home, sockets, isOwned }: MendDeps): Promise<Mending[]> {
  const found: Mending[] = [];
  // An engine may have started while the person thought about it.
  const ifStill = (act: () => Promise<void>) => async () => {
    if (await isOwned()) throw new Error('An engine has started meanwhile, and sees to it itself.');
    await act();
  };
  for (const socket of sockets) {
    const entry = await lstat(socket).catch(() => undefined);
    if (entry?.isSocket() || entry?.isSymbolicLink())
      found.push({
        component: 'control socket',
        step: `Remove ${socket}: no engine listens there any more`,
        run: ifStill(() => unlink(socket)),
      });
  }
  for (const name of LOGS) {
    const log = path.join(home, name);
    if (await isTorn(log))
      found.push({
        component: name,
        step: `Close the last line of ${log}, which a crash has torn (nothing is taken away)`,
        run: ifStill(() => appendFile(log, '\n')),
      });
  }
  return found;
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

async function isTorn(log: string): Promise<boolean> {
  const found = await lstat(log).catch(() => undefined);
  if (!found?.isFile() || found.size === 0) return false;
  const handle = await open(log, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, found.size - 1);
    return buffer[0] !== NEWLINE;
  } finally {
    await handle.close();
  }
}

/** The manager's file of this home, where it starts nothing that is there: after an update of Node, say, or when this program was moved. */
export async function staleFileOf(background: Background): Promise<MendDeps['stale']> {
  const { path: file, program } = await background.state();
  if (file === undefined || program?.kind !== 'stale') return undefined;
  return {
    file,
    why: program.why,
    async renew() {
      await background.restart();
    },
  };
}

/** Asks for each step, unless `isSure`; without a terminal and without `--yes` it only names them. Gives how many were done. */
export async function mend(io: Io, mendings: readonly Mending[], isSure: boolean): Promise<number> {
  if (mendings.length === 0) {
    line(io, 'There is nothing that could be mended safely.');
    return 0;
  }
  const isAsking = !isSure && io.isTerminal && process.stdin.isTTY === true;
  const terminal = isAsking ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  let done = 0;
  try {
    for (const { component, step, run } of mendings) {
      line(io, `${component.padEnd(24)} ${step}`);
      if (!isSure && !terminal) continue;
      if (terminal && !/^y(es)?$/i.test((await terminal.question('  Do it? [y/N] ')).trim())) continue;
      try {
        await run();
        done += 1;
        line(io, `  ${paint(io, 'green', '✓')} done`);
      } catch (error) {
        line(io, `  ${paint(io, 'red', '✗')} ${errorText(error)}`);
      }
    }
  } finally {
    terminal?.close();
  }
  if (!isSure && !terminal) line(io, 'Nothing was done: say --yes to have these done, or run it in a terminal to be asked for each.');
  return done;
}
