// What supervisors say of one service, read from what they answer. Pure; recorded answers are in test/fixtures/keepers.
import { isStoppedInPm2, type KeeperState } from '../../contract/keeper.ts';

type Kind = KeeperState['kind'];
const say = (kind: Kind, reason: string, why: string, restartsItself = false): KeeperState => ({ kind, reason, why, restartsItself });
export const unclear = (who: string, why: string): KeeperState => say('unknown', 'keeper-unclear', `${who} does not tell: ${why}.`);

// ------------------------------------------------------------ PM2
export interface Pm2App {
  readonly id: number;
  readonly name: string;
  readonly pid: number;
  readonly status: string;
  readonly isRestarting: boolean;
}

/** From `getMonitorData`, the data behind `pm2 jlist`. What is not known in it is left out. */
export function appsOf(answer: unknown): Pm2App[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((entry: unknown): Pm2App[] => {
    const { pid, name, pm_id: id, pm2_env: env } = record(entry);
    const { status, autorestart } = record(env);
    if (typeof name !== 'string' || typeof id !== 'number' || typeof status !== 'string') return [];
    // A switch of the command line arrives as a text.
    const isRestarting = autorestart !== false && autorestart !== 'false';
    return [{ id, name, pid: typeof pid === 'number' ? pid : 0, status, isRestarting }];
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** An app may have several instances: one that runs is enough, and only when all are stopped is the app stopped. States: pm2/constants.js. */
export function pm2State(apps: readonly Pm2App[], name: string): KeeperState {
  const own = apps.filter((app) => app.name === name);
  const isStopped = ({ status, pid }: Pm2App) => isStoppedInPm2(status, pid);
  if (own.length === 0) return say('gone', 'not-in-pm2', `PM2 has no app ${name} (any more).`);
  if (own.every(isStopped)) {
    if (own.some(({ isRestarting }) => isRestarting)) return say('stopped', 'stopped-in-pm2', `${name} was stopped in PM2.`);
    return say('stopped', 'stopped-in-pm2', `PM2 has ${name} as stopped, and was told not to restart it (autorestart is off).`);
  }
  if (own.every((app) => app.status === 'errored' || isStopped(app)))
    return say('down', 'gave-up-in-pm2', `PM2 has given ${name} up (errored).`);
  if (own.some(({ status }) => status === 'online')) return say('running', 'runs-in-pm2', `PM2 says that ${name} runs.`, true);
  return say('down', 'restarting-in-pm2', `PM2 is restarting ${name}.`, true);
}

// ------------------------------------------------------------ systemd
/** Lines `Key=Value` of `systemctl show`. */
export function propertiesOf(output: string): ReadonlyMap<string, string> {
  return new Map(
    output.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()]] : [];
    }),
  );
}

/** `lastJob`: the newest job of the unit in the journal (`start`, `stop`, …); undefined where the journal does not tell.
 * A unit that has ended well (`Result=success`, systemd.service(5)) was stopped, or ended by itself: with `Restart=always` only a stop can
 * leave it so; else the journal tells; where nobody tells it counts as stopped, which is the safer of the two. */
export function systemdState(unit: string, show: ReadonlyMap<string, string>, lastJob: string | undefined): KeeperState {
  const of = (key: string) => show.get(key) ?? '';
  if (of('LoadState') === 'not-found') return say('gone', 'not-in-systemd', `systemd has no unit ${unit}.`);
  if (of('LoadState') === 'masked') return say('stopped', 'stopped-in-systemd', `${unit} is masked: it was switched off on purpose.`);
  const restarts = of('Restart') !== '' && of('Restart') !== 'no';
  switch (of('ActiveState')) {
    case 'active':
    case 'reloading':
      return say('running', 'runs-in-systemd', `systemd says that ${unit} runs.`, restarts);
    case 'activating':
      return say('down', 'restarting-in-systemd', `systemd is starting ${unit}.`, true);
    case 'deactivating':
      return say('down', 'ending-in-systemd', `systemd is ending ${unit}.`, restarts);
    case 'failed':
      return say('down', 'failed-in-systemd', `${unit} has failed (${of('Result') || 'no result'}).`);
    case 'inactive':
      if (of('Result') !== 'success' && of('Result') !== '')
        return say('down', 'failed-in-systemd', `${unit} has ended (${of('Result')}).`, restarts);
      if (of('Restart') !== 'always' && lastJob === 'start')
        return say('down', 'ended-in-systemd', `${unit} has ended by itself, and systemd leaves it so.`);
      return say('stopped', 'stopped-in-systemd', `${unit} was stopped in systemd.`);
    default:
      return unclear('systemd', `${unit} is "${of('ActiveState')}"`);
  }
}

/** Type of the newest job in lines of `journalctl -o json`, newest first. */
export function lastJobOf(output: string): string | undefined {
  for (const line of output.split('\n')) {
    const type = /"JOB_TYPE"\s*:\s*"(\w+)"/.exec(line)?.[1];
    if (type) return type;
  }
  return undefined;
}

// ------------------------------------------------------------ Docker
interface DockerLook {
  readonly status: string;
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  readonly policy: string;
}
/** From `docker inspect` with the format of keeper-state.ts. */
export function dockerLookOf(output: string): DockerLook | undefined {
  try {
    const { State, RestartPolicy } = record(JSON.parse(output));
    const { Status, ExitCode, OOMKilled } = record(State);
    const policy = record(RestartPolicy)['Name'];
    if (typeof Status !== 'string') return undefined;
    return {
      status: Status,
      exitCode: Number(ExitCode ?? 0),
      isOutOfMemory: OOMKilled === true,
      policy: typeof policy === 'string' && policy !== '' ? policy : 'no',
    };
  } catch {
    return undefined;
  }
}

/** `events`: actions of this container as `docker events` still has them, oldest first, with the signal of a `kill`. Docker does not show that a container was stopped
 * by hand; but with `always` or `unless-stopped` nothing else leaves it `exited`, and an order is an event: `kill` with a
 * signal that ends, `stop` (a crash has only `die`). Where the events are gone, the exit code of TERM or KILL counts as an order. */
export function dockerState(name: string, look: DockerLook, events: readonly string[]): KeeperState {
  const restarts = look.policy !== 'no';
  switch (look.status) {
    case 'running':
      return say('running', 'runs-in-docker', `Docker says that ${name} runs.`, restarts);
    case 'restarting':
      return say('down', 'restarting-in-docker', `Docker is restarting ${name}.`, true);
    case 'paused':
      return say('stopped', 'stopped-in-docker', `${name} was paused in Docker.`);
    case 'created':
      return say('stopped', 'stopped-in-docker', `${name} was made in Docker and never started.`);
    case 'exited':
    case 'dead':
      break;
    default:
      return unclear('Docker', `${name} is "${look.status}"`);
  }
  const stopped = say('stopped', 'stopped-in-docker', `${name} was stopped in Docker.`);
  const down = say('down', 'ended-in-docker', `${name} has ended in Docker with ${look.exitCode}.`);
  if (look.policy === 'always' || look.policy === 'unless-stopped') return stopped;
  const since = events.slice(events.findLastIndex((event) => /^start\b/.test(event)) + 1);
  // SIGINT, QUIT, KILL, TERM; a HUP only makes it read its configuration anew.
  if (since.some((event) => /^stop\b|^kill (2|3|9|15)$/.test(event.trim()))) return stopped;
  if (since.some((event) => /^die\b/.test(event))) return down;
  return !look.isOutOfMemory && [137, 143].includes(look.exitCode) ? stopped : down;
}

// ------------------------------------------------------------ supervisord
/** From `supervisorctl status NAME`; states: supervisord.org/subprocess.html. */
export function supervisordState(name: string, output: string): KeeperState {
  const line = output.split('\n').find((text) => text.startsWith(`${name} `) || text.startsWith(`${name}:`)) ?? '';
  const state = /^\S+\s+([A-Z]+)\b/.exec(line)?.[1];
  switch (state) {
    case 'RUNNING':
      return say('running', 'runs-in-supervisord', `supervisord says that ${name} runs.`, true);
    case 'STARTING':
    case 'BACKOFF':
      return say('down', 'restarting-in-supervisord', `supervisord is starting ${name}.`, true);
    case 'STOPPED':
    case 'STOPPING':
      return say('stopped', 'stopped-in-supervisord', `${name} was stopped in supervisord.`);
    case 'FATAL':
      return say('down', 'gave-up-in-supervisord', `supervisord has given ${name} up (FATAL).`);
    case 'EXITED':
      return say('down', 'ended-in-supervisord', `${name} has ended, and supervisord leaves it so (EXITED).`);
    default:
      if (/no such (process|group)/.test(output)) return say('gone', 'not-in-supervisord', `supervisord has no program ${name}.`);
      if (/refused|no such file|SHUTDOWN/i.test(output)) return say('gone', 'no-supervisord', 'supervisord does not run.');
      return unclear('supervisord', output.trim().split('\n').at(-1) ?? 'no answer');
  }
}

// ------------------------------------------------------------ launchd, brew services
/** `isLoaded` undefined: launchctl does not say. `hasPlist`: its file is among the user's LaunchAgents. */
export function launchdState(label: string, facts: { isLoaded: boolean | undefined; isDisabled: boolean; pid: number }): KeeperState {
  if (facts.isDisabled) return say('stopped', 'disabled-in-launchd', `${label} was disabled on purpose.`);
  if (facts.isLoaded === undefined) return unclear('launchd', `nothing is said of ${label}`);
  if (!facts.isLoaded) return say('down', 'agent-not-loaded', `${label} is not loaded.`);
  return facts.pid > 0
    ? say('running', 'runs-in-launchd', `launchd says that ${label} runs.`, true)
    : say('down', 'down-in-launchd', `launchd has ${label} loaded, and it does not run.`, true);
}

/** `brew services stop` unloads the job and takes its file away; a file that is there, and not loaded, went missing otherwise. */
export function brewState(formula: string, state: KeeperState, hasPlist: boolean): KeeperState {
  if (state.reason === 'disabled-in-launchd' || (state.reason === 'agent-not-loaded' && !hasPlist))
    return say('stopped', 'stopped-in-brew', `${formula} was stopped in brew services.`);
  return state;
}
