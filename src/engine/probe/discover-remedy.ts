// Proposes the remedy for a process that was found listening: its supervisor where it has one, else its own command
// again. Every doubt means no proposal, with the reason in words. Reads the machine, changes nothing.
import { isAbsolute, join } from 'node:path';
import type { ServiceInput } from '../../contract/config.ts';
import { type Keeper, keeperTitle } from '../../contract/keeper.ts';
import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow } from '../../contract/ports.ts';
import { tilde } from '../expand-path.ts';
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

/** Whoever keeps it is asked, by name (probe/keeper.ts); an app of the desktop starts itself, by its bundle. */
async function bySupervisor(row: ProcessRow, look: Look): Promise<Proposal | undefined> {
  if (/\.app\/Contents\//.test(row.command) && !/\/Python\.app\/Contents\/MacOS\/Python( |$)/.test(row.command)) {
    return none('it is part of an app, which starts it');
  }
  const keeper = await look.keepers.of(row).catch(() => undefined);
  if (!keeper || keeper.by === 'nobody' || keeper.by === 'terminal') return undefined;
  if (keeper.by === 'systemd' && keeper.at === 'system' && look.uid !== 0)
    return none(`the system service ${keeper.name} looks after it, and needs an administrator`);
  return askKeeper(keeper, look);
}

/** What is stopped there on purpose stays so (R12), so a restart of ours undoes nobody's word. */
export function askKeeper(keeper: Keeper, look: Look): Proposal {
  const { by, name, at } = keeper;
  if (by === 'terminal' || by === 'nobody') return none('nobody looks after it');
  if (by === 'launchd')
    return { remedy: { type: 'launchd', label: name }, why: `The LaunchAgent ${name} runs it and is asked to restart it.` };
  const which = at === undefined || at.startsWith('gui/') ? {} : { at: at.startsWith('/') ? tilde(at, look.userHome) : at };
  return {
    remedy: { type: 'auto', keeper: { by, name, ...which } },
    why: `${keeperTitle(by)} keeps it as ${name} and is asked to restart it.`,
  };
}
