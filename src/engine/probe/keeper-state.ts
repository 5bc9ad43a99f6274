// Asks a supervisor about the one service that fails, and about nothing while all is well (R12). Each is asked in a way that starts no
// daemon and changes nothing; what it answers is read in keeper-parse.ts.
import { type Keeper, type KeeperState, supervisorctl } from '../../contract/keeper.ts';
import { expandPath } from '../expand-path.ts';
import type { KeeperLook } from './keeper.ts';
import {
  appsOf,
  brewState,
  dockerLookOf,
  dockerState,
  lastJobOf,
  launchdState,
  pm2State,
  propertiesOf,
  supervisordState,
  systemdState,
  unclear,
} from './keeper-parse.ts';
import { supervisorSays } from './supervisor-rpc.ts';

const ASK_MS = 10_000;
const SHOWN = 'LoadState,ActiveState,SubState,Result,Restart,UnitFileState';
/** Only what is read of it: the whole is longer than an output may be. */
const DOCKER_FORMAT = '{"State":{{json .State}},"RestartPolicy":{{json .HostConfig.RestartPolicy}}}';
/** An action, and the signal of a `kill`. */
const EVENT_FORMAT = '{{.Action}} {{index .Actor.Attributes "signal"}}';
/** Docker's own memory of events is 256 long, whatever is asked for. */
const EVENTS_SINCE = '720h';

export async function stateOfKeeper(keeper: Keeper, look: KeeperLook): Promise<KeeperState> {
  switch (keeper.by) {
    case 'pm2':
      return pm2(keeper, look);
    case 'systemd':
      return systemd(keeper, look);
    case 'docker':
      return docker(keeper, look);
    case 'supervisord':
      return supervisord(keeper, look);
    case 'launchd':
      return launchd(keeper.name, look);
    case 'brew':
      return brew(keeper.name, look);
    case 'terminal':
      return keeper.shell && look.processes.isAlive(keeper.shell)
        ? {
            kind: 'terminal',
            reason: 'in-a-terminal',
            why: 'It was started by hand in a terminal that is still open.',
            restartsItself: false,
          }
        : { kind: 'down', reason: 'terminal-closed', why: 'The terminal that it was started from is closed.', restartsItself: false };
    case 'nobody':
      return { kind: 'down', reason: 'nobody-keeps-it', why: 'Nobody keeps it running.', restartsItself: false };
  }
}

async function pm2({ name, at = '~/.pm2' }: Keeper, look: KeeperLook): Promise<KeeperState> {
  const home = expandPath(at, look.userHome);
  try {
    return pm2State(appsOf(await look.pm2.call(home, 'getMonitorData', {})), name);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ENOENT' || code === 'ECONNREFUSED')
      return { kind: 'gone', reason: 'no-pm2', why: `PM2 does not run (${home}).`, restartsItself: false };
    return unclear('PM2', error instanceof Error ? error.message : String(error));
  }
}

type Said = { kind: 'said'; exitCode: number; output: string } | { kind: 'silent'; why: string };
async function ask(look: KeeperLook, ...argv: string[]): Promise<Said> {
  const result = await look.commands.run({ argv, timeoutMs: ASK_MS, ends: 'tree' });
  if (result.kind === 'exited') return { kind: 'said', exitCode: result.exitCode, output: result.output };
  if (result.kind === 'not-started')
    return { kind: 'silent', why: result.code === 'ENOENT' ? `${argv[0]} was not found on the PATH` : result.message };
  return { kind: 'silent', why: `${argv[0]} did not answer` };
}

async function systemd({ name, at }: Keeper, look: KeeperLook): Promise<KeeperState> {
  const scope = at === 'system' ? [] : ['--user'];
  const shown = await ask(look, 'systemctl', ...scope, 'show', name, '-p', SHOWN);
  if (shown.kind === 'silent') return unclear('systemd', shown.why);
  const properties = propertiesOf(shown.output);
  if (!properties.has('ActiveState')) return unclear('systemd', shown.output.trim().split('\n').at(-1) || `exit ${shown.exitCode}`);
  const isQuestion = properties.get('ActiveState') === 'inactive' && properties.get('Restart') !== 'always';
  const unitOf = at === 'system' ? '--unit' : '--user-unit';
  const journal = isQuestion
    ? await ask(look, 'journalctl', unitOf, name, '-o', 'json', '--output-fields=JOB_TYPE', '-n', '50', '-r', '--no-pager')
    : undefined;
  return systemdState(name, properties, journal?.kind === 'said' ? lastJobOf(journal.output) : undefined);
}

async function docker({ name }: Keeper, look: KeeperLook): Promise<KeeperState> {
  const inspected = await ask(look, 'docker', 'inspect', '--type', 'container', '--format', DOCKER_FORMAT, name);
  if (inspected.kind === 'silent') return unclear('Docker', inspected.why);
  if (/no such (container|object)/i.test(inspected.output))
    return { kind: 'gone', reason: 'not-in-docker', why: `Docker has no container ${name} (any more).`, restartsItself: false };
  const seen = inspected.exitCode === 0 ? dockerLookOf(inspected.output) : undefined;
  if (!seen) return unclear('Docker', inspected.output.trim().split('\n').at(-1) || `exit ${inspected.exitCode}`);
  if (seen.status !== 'exited') return dockerState(name, seen, []);
  const filters = ['--filter', `container=${name}`, '--since', EVENTS_SINCE, '--until', '0s', '--format', EVENT_FORMAT];
  const events = await ask(look, 'docker', 'events', ...filters);
  return dockerState(name, seen, events.kind === 'said' && events.exitCode === 0 ? events.output.split('\n').filter(Boolean) : []);
}

async function supervisord({ name, at }: Keeper, look: KeeperLook): Promise<KeeperState> {
  const said = await supervisorSays(name, at, look.read).catch(() => undefined);
  if (said !== undefined) return supervisordState(name, said);
  const status = await ask(look, ...supervisorctl(at), 'status', name);
  return status.kind === 'silent' ? unclear('supervisord', status.why) : supervisordState(name, status.output);
}

async function launchd(label: string, look: KeeperLook): Promise<KeeperState> {
  const domain = `gui/${look.uid}`;
  const [job, disabled] = await Promise.all([
    ask(look, '/bin/launchctl', 'print', `${domain}/${label}`),
    ask(look, '/bin/launchctl', 'print-disabled', domain),
  ]);
  if (disabled.kind === 'silent' || disabled.exitCode !== 0) return unclear('launchd', `whether ${label} is disabled`);
  // `"label" => disabled`, before macOS 13 `=> true`.
  const isDisabled = disabled.output.split('\n').some((line) => {
    const found = /^\s*"(.+)" => (\w+)\s*$/.exec(line);
    return found?.[1] === label && (found[2] === 'disabled' || found[2] === 'true');
  });
  const isMissing = job.kind === 'said' && (job.exitCode === 113 || /could not find service/i.test(job.output));
  const isLoaded = job.kind === 'said' && job.exitCode === 0 ? true : isMissing ? false : undefined;
  const pid = job.kind === 'said' && isLoaded ? Number(/^\s*pid = (\d+)\s*$/m.exec(job.output)?.[1] ?? 0) : 0;
  return launchdState(label, { isLoaded, isDisabled, pid });
}

async function brew(formula: string, look: KeeperLook): Promise<KeeperState> {
  const label = `homebrew.mxcl.${formula}`;
  return brewState(formula, await launchd(label, look), look.exists(`${look.userHome}/Library/LaunchAgents/${label}.plist`));
}
