// Who keeps this process: a container, PM2, supervisord, launchd or brew, a unit of systemd, a terminal, or nobody. The nearest counts:
// what PM2 keeps is PM2's, though systemd keeps PM2. Classifying is pure (`keeperFrom`); reading is below it. Changes nothing.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { type Keeper, type KeeperState, supervisorctl } from '../../contract/keeper.ts';
import type { CommandPort, CommandResult, KeeperPort, Pm2Port, ProcessPort, ProcessRow, ProcessTable } from '../../contract/ports.ts';
import { ancestorsOf } from '../../contract/process-tree.ts';
import { appsOf } from './keeper-parse.ts';
import { stateOfKeeper } from './keeper-state.ts';

export interface KeeperOptions {
  readonly processes: ProcessPort;
  readonly commands: CommandPort;
  readonly pm2: Pm2Port;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly userHome: string;
  readonly procRoot?: string;
  /** Text of a file; rejects when it can't be read. */
  readonly read?: (file: string) => Promise<string>;
  readonly exists?: (file: string) => boolean;
}
/** The same with every default in place. */
export type KeeperLook = Required<KeeperOptions>;

/** What is known of a process without asking any supervisor. */
export interface KeeperFacts {
  readonly row: ProcessRow;
  /** Nearest first. */
  readonly ancestors: readonly ProcessRow[];
  /** /proc/PID/cgroup; empty where there is none. */
  readonly cgroup: string;
  /** Its environment, where this user may read it. */
  readonly env: ReadonlyMap<string, string>;
  /** launchd's jobs by pid (macOS). */
  readonly jobs: ReadonlyMap<number, string>;
  /** The same of the engine: what it shares with the engine tells nothing of this process (an engine in a container, say). */
  readonly ownCgroup: string;
  readonly enginePid: number;
  readonly uid: number;
}

/** Title of its daemon: pm2/lib/Daemon.js. */
const PM2_DAEMON = /^PM2 v\S+: God Daemon \((.+)\)/;
const SUPERVISORD = /(^|[\s/])supervisord( |$)/;
/** Groups of those that start what nobody keeps afterwards, and of the engine itself: to restart a whole desktop, login or code server
 * would be no way to mend what was started from it. */
const NO_KEEPERS = new RegExp(
  `^(${[
    'cron|crond|anacron|atd|(ssh|sshd)(@.*)?|dropbear|telnetd|xinetd|.*jarvis-health.*|user@\\d+|getty@.*|serial-getty@.*|console-getty|init',
    'gnome-terminal-server|org\\.gnome\\..*|gnome-.*|plasma-.*|app-.*@autostart|xfce.*|dbus|dbus-broker|dbus-:.*|at-spi.*|xdg-.*',
    'gdm\\d*|lightdm|sddm|display-manager|xrdp.*|x?vnc.*|tigervnc.*|code-server(@.*)?|tmux(@.*)?|screen(@.*)?|emacs',
    'docker|containerd|podman|crio|snapd|pm2-.*|supervisor|supervisord',
  ].join('|')})$`,
);

/** From facts alone. PM2's app and supervisord's program may still have to be asked for by pid: then `name` is empty. */
export function keeperFrom(facts: KeeperFacts): Keeper {
  const { row, ancestors, env } = facts;
  // systemd's driver names "docker-ID.scope", the other "/docker/ID"; podman and Kubernetes are not asked.
  const container = /(?:\/docker[/-])([0-9a-f]{12,64})/.exec(facts.cgroup)?.[1];
  if (container && !facts.ownCgroup.includes(container)) return { by: 'docker', name: container };
  // What listens for a container on a published port: it is asked for by that port.
  const published = /\bdocker-proxy\b.* -host-port (\d+)/.exec(row.command)?.[1];
  if (published) return { by: 'docker', name: '', at: published };
  for (const above of ancestors) {
    const home = PM2_DAEMON.exec(above.command)?.[1];
    if (home) return { by: 'pm2', name: '', at: home };
    if (SUPERVISORD.test(above.command)) {
      const [group, program] = [env.get('SUPERVISOR_GROUP_NAME'), env.get('SUPERVISOR_PROCESS_NAME')];
      const name = program === undefined ? '' : group === undefined || group === program ? program : `${group}:${program}`;
      return { by: 'supervisord', name, at: configOf(above.command) ?? env.get('SUPERVISOR_SERVER_URL') };
    }
    // What the engine started hangs below it, and it is nobody's keeper: it watches.
    if (above.pid === facts.enginePid) return NOBODY;
  }
  for (const { pid } of [row, ...ancestors]) {
    const label = facts.jobs.get(pid);
    // An app of the Dock has a job too, named after it; nobody restarts that one.
    if (label !== undefined && !/^(application\.|com\.apple\.|com\.jarvis\.health-system$)/.test(label)) return agent(label, facts.uid);
  }
  if (row.hasTerminal) {
    const shell = ancestors.find((above) => above.pid > 1 && above.hasTerminal);
    return {
      by: 'terminal',
      name: shell?.name ?? '',
      ...(shell ? { shell: { pid: shell.pid, startId: shell.startId } } : {}),
    };
  }
  const kept = unit(facts.cgroup);
  const own = unit(facts.ownCgroup);
  return kept && !(own?.name === kept.name && own.at === kept.at) ? kept : NOBODY;
}

const NOBODY: Keeper = { by: 'nobody', name: '' };

export function agent(label: string, uid: number): Keeper {
  const formula = /^homebrew\.mxcl\.(.+)$/.exec(label)?.[1];
  return formula === undefined ? { by: 'launchd', name: label, at: `gui/${uid}` } : { by: 'brew', name: formula };
}

/** systemd tells by the control group (systemd.slice(5)); the last `.service` of the path is the nearest. */
function unit(cgroup: string): Keeper | undefined {
  for (const line of cgroup.split('\n')) {
    // The unified hierarchy, or systemd's own where there is none.
    const path = /^(?:0::|\d+:name=systemd:)(.+)$/.exec(line)?.[1];
    const name = path && [...path.matchAll(/\/([^/]+)\.service(?=\/|$)/g)].at(-1)?.[1];
    if (!path || name === undefined || NO_KEEPERS.test(name)) continue;
    return { by: 'systemd', name: `${name}.service`, at: /\/user@\d+\.service\//.test(path) ? 'user' : 'system' };
  }
  return undefined;
}
/** `-c FILE` of supervisord's own command line. */
function configOf(command: string): string | undefined {
  return /\s(?:-c|--configuration)[ =]?(\S+)/.exec(command)?.[1];
}

export function createKeeperPort(options: KeeperOptions): KeeperPort {
  const look: KeeperLook = { procRoot: '/proc', read: (file) => readFile(file, 'utf8'), exists: existsSync, ...options };
  return {
    async of(row) {
      const facts = await factsOf(row, look);
      const keeper = keeperFrom(facts);
      if (keeper.by === 'pm2') return (await appOf(keeper, facts, look)) ?? NOBODY;
      if (keeper.by === 'supervisord') return programOf(keeper, facts, look);
      if (keeper.by === 'docker') return containerOf(keeper, look);
      if (keeper.by === 'systemd') return (await isLeftBehind(keeper, facts, look)) ? NOBODY : keeper;
      return keeper;
    },
    stateOf: (keeper): Promise<KeeperState> => stateOfKeeper(keeper, look),
  };
}

async function factsOf(row: ProcessRow, look: KeeperLook): Promise<KeeperFacts> {
  const table = await look.processes.table();
  const isLinux = look.platform === 'linux';
  const [cgroup, ownCgroup, environment, jobs] = await Promise.all([
    isLinux ? look.read(`${look.procRoot}/${row.pid}/cgroup`).catch(() => '') : '',
    isLinux ? look.read(`${look.procRoot}/self/cgroup`).catch(() => '') : '',
    // Only of this user's processes; the kernel refuses others (proc_pid_environ(5)).
    isLinux ? look.read(`${look.procRoot}/${row.pid}/environ`).catch(() => '') : '',
    look.platform === 'darwin' ? jobsOf(look) : new Map<number, string>(),
  ]);
  const env = new Map(
    environment.split('\0').flatMap((entry): [string, string][] => {
      const at = entry.indexOf('=');
      return at > 0 ? [[entry.slice(0, at), entry.slice(at + 1)]] : [];
    }),
  );
  return { row, ancestors: ancestorsOf(table, row.pid), cgroup, ownCgroup, env, jobs, enginePid: engineOf(table), uid: look.uid };
}

/** The deepest of the protected: the others are its ancestors. */
function engineOf(table: ProcessTable): number {
  const pids = [...table.protected];
  return pids.find((pid) => !pids.some((other) => table.rows.get(other)?.ppid === pid)) ?? process.pid;
}

/** `launchctl list`: PID, last exit status and label, tab between. */
async function jobsOf(look: KeeperLook): Promise<ReadonlyMap<number, string>> {
  const result = await look.commands.run({ argv: ['/bin/launchctl', 'list'], timeoutMs: 5_000, ends: 'tree' });
  const lines = result.kind === 'exited' ? result.output.split('\n').map((line) => line.split('\t')) : [];
  return new Map(lines.flatMap(([pid, , label]) => (label && /^\d+$/.test(pid ?? '') ? [[Number(pid), label] as const] : [])));
}

/** What a unit's program started on the side and let go stays in its group (systemd.kill(5)), and is not the unit's service: a restart
 * of the unit would end all the rest of it for that one. A unit without a main process, or one that systemd does not tell, keeps it. */
async function isLeftBehind({ name, at }: Keeper, { row, ancestors }: KeeperFacts, look: KeeperLook): Promise<boolean> {
  const argv = ['systemctl', ...(at === 'system' ? [] : ['--user']), 'show', name, '-p', 'MainPID'];
  const result = await look.commands.run({ argv, timeoutMs: 10_000, ends: 'tree' });
  const main = result.kind === 'exited' ? Number(/^MainPID=(\d+)$/m.exec(result.output)?.[1] ?? 0) : 0;
  return main > 0 && ![row, ...ancestors].some(({ pid }) => pid === main);
}

/** PM2 knows its apps by pid; what else hangs below its daemon is nobody's. One that does not answer has said nothing: that is thrown, and
 * never taken for "nobody", or what it keeps would be killed and started beside it (R12). */
async function appOf(keeper: Keeper, { row, ancestors }: KeeperFacts, look: KeeperLook): Promise<Keeper | undefined> {
  const apps = appsOf(await look.pm2.call(keeper.at ?? '', 'getMonitorData', {}));
  const pids = [row.pid, ...ancestors.map(({ pid }) => pid)];
  const app = apps.find(({ pid }) => pid > 1 && pids.includes(pid));
  return app && { ...keeper, name: app.name };
}

/** Its configuration file from the folder that it works in. Without an environment that may be read, it is asked which pid it keeps. */
async function programOf(keeper: Keeper, { row, ancestors }: KeeperFacts, look: KeeperLook): Promise<Keeper> {
  const daemon = ancestors.find(({ command }) => SUPERVISORD.test(command));
  const folder = daemon && (await look.processes.cwd(daemon.pid));
  const at = keeper.at && !/^\w+:/.test(keeper.at) && !isAbsolute(keeper.at) ? resolve(folder ?? '/', keeper.at) : keeper.at;
  if (keeper.name !== '') return { ...keeper, at };
  const result = await look.commands.run({ argv: [...supervisorctl(at), 'status'], timeoutMs: 10_000, ends: 'tree' });
  const pids = new Set([row.pid, ...ancestors.map(({ pid }) => pid)]);
  const own = saidBy(result, 'supervisorctl')
    .split('\n')
    .find((line) => pids.has(Number(/^\S+\s+RUNNING\s+pid (\d+),/.exec(line)?.[1])));
  return own === undefined ? NOBODY : { ...keeper, at, name: own.split(/\s/, 1)[0] ?? '' };
}

/** By its name, which outlives a container that is made anew. */
async function containerOf(keeper: Keeper, look: KeeperLook): Promise<Keeper> {
  if (keeper.at !== undefined) {
    const argv = ['docker', 'ps', '--filter', `publish=${keeper.at}`, '--format', '{{.Names}}'];
    const result = await look.commands.run({ argv, timeoutMs: 10_000, ends: 'tree' });
    const [name = '', another] = saidBy(result, 'docker', 0)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    // One port on two addresses may be two containers: then it is not known whose this is.
    if (another !== undefined) throw new Error(`port ${keeper.at} is published by ${name} and by ${another}`);
    return name === '' ? NOBODY : { by: 'docker', name };
  }
  const argv = ['docker', 'inspect', '--format', '{{.Name}}', keeper.name];
  const result = await look.commands.run({ argv, timeoutMs: 10_000, ends: 'tree' });
  const name = result.kind === 'exited' && result.exitCode === 0 ? result.lastLine.trim().replace(/^\//, '') : '';
  return name === '' ? { ...keeper, name: keeper.name.slice(0, 12) } : { ...keeper, name };
}

/** Throws where it did not answer. */
function saidBy(result: CommandResult, program: string, exitCode?: number): string {
  if (result.kind === 'exited' && (exitCode === undefined || result.exitCode === exitCode)) return result.output;
  throw new Error(
    `${program} did not answer (${result.kind === 'not-started' ? result.message : result.output.trim().split('\n').at(-1) || result.kind})`,
  );
}
