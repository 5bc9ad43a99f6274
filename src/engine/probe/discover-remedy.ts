// Proposes the remedy for a process that was found listening: its supervisor where it has one, else its own command
// again. Every doubt means no proposal, with the reason in words. Reads the machine, changes nothing.
import { isAbsolute, join } from 'node:path';
import type { ServiceInput } from '../../contract/config.ts';
import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow } from '../../contract/ports.ts';
import { argvOf, looksSecret, programOf } from './discover-argv.ts';
import type { Look } from './discover-types.ts';

type Remedy = NonNullable<ServiceInput['proposed']>[number];
export interface Proposal {
  readonly remedy: Remedy | undefined;
  /** For people; never holds a command line. */
  readonly why: string;
}
const none = (why: string): Proposal => ({ remedy: undefined, why: `No remedy is proposed: ${why}.` });

/** A remedy for the process `row` that listens on `port`. `cwd` is its working folder. */
export async function proposeRestart(row: ProcessRow, port: number, cwd: string | undefined, look: Look): Promise<Proposal> {
  return (await bySupervisor(row, look)) ?? byCommand(row, port, cwd, look);
}

async function byCommand(row: ProcessRow, port: number, cwd: string | undefined, look: Look): Promise<Proposal> {
  const argv = await argvOf(row, look);
  const [first] = argv ?? [];
  if (argv === undefined || first === undefined) return none('its exact command is not known');
  if (looksSecret(argv)) return none('its command line holds what may be a secret, which is not copied into a file');
  if (cwd === undefined) return none('its working folder is not known');
  const isThere = first.includes('/')
    ? await look.isExecutable(isAbsolute(first) ? first : join(cwd, first))
    : (await look.findCommand(first)) !== undefined;
  if (!isThere) return none('its command line does not begin with a program that can be found again');
  const program = programOf(argv);
  if (!program) return none('it runs code that was given on its command line');
  if (!compileMatch(program.match)(row.command)) return none('its command line changed while it was looked at');
  const terminal = row.hasTerminal ? ' It runs in a terminal, so only a person may restart it (R12).' : '';
  const split = look.platform === 'darwin' ? ' This system tells a command as one text: compare its words.' : '';
  return {
    remedy: { type: 'restart-process', find: { port, match: program.match }, start: [...argv], cwd: tilde(cwd, look.userHome) },
    why: `The proposed remedy starts it again as it was started, without its own environment variables.${terminal}${split}`,
  };
}

/** systemd tells by the control group (systemd.slice(5)), PM2 by the title of its daemon, an app by its bundle. */
async function bySupervisor(row: ProcessRow, look: Look): Promise<Proposal | undefined> {
  if (/\.app\/Contents\//.test(row.command) && !/\/Python\.app\/Contents\/MacOS\/Python( |$)/.test(row.command)) {
    return none('it is part of an app, which starts it');
  }
  for (let above = look.rows.get(row.ppid); above && above.pid > 1; above = look.rows.get(above.ppid)) {
    if (/^PM2 v|God Daemon/.test(above.command)) return none('PM2 looks after it');
  }
  if (look.platform !== 'linux') return undefined;
  const groups = await look.readFile(`${look.procRoot}/${row.pid}/cgroup`).then(String, () => '');
  if (/docker|containerd|kubepods|libpod/.test(groups)) return none('a container looks after it');
  const unit = /\/([^/\n]+)\.service$/m.exec(groups)?.[1];
  // What cron or an earlier engine started stays in their group, and nobody looks after it.
  if (unit === undefined || /^(cron|crond|atd|ssh|sshd|.*jarvis-health.*|user@\d+)$/.test(unit)) return undefined;
  if (!/\/user@\d+\.service\//.test(groups)) return none(`the system service ${unit} looks after it, and needs an administrator`);
  // A restart that this engine orders would also start what its user has stopped by systemctl, on purpose (R12).
  return none(`the user service ${unit} looks after it`);
}

/** A path as a person writes it. */
export function tilde(path: string, userHome: string): string {
  if (path === userHome) return '~';
  return path.startsWith(`${userHome}/`) && userHome !== '/' ? `~${path.slice(userHome.length)}` : path;
}
