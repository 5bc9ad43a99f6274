// Turns listening ports into proposed services: one per program, named after it, checked over HTTP where it answers.
// Helpers of editors, browsers and the system are left out by the rules below. Reads the machine, changes nothing.
import type { ServiceInput } from '../../contract/config.ts';
import type { ProcessRow } from '../../contract/ports.ts';
import { tilde } from '../expand-path.ts';
import { argvOf, programOf } from './discover-argv.ts';
import { askHttp } from './discover-http.ts';
import { agentName, appName } from './discover-names.ts';
import type { Listener } from './discover-ports.ts';
import { askKeeper, type Proposal, proposeRestart } from './discover-remedy.ts';
import type { Look } from './discover-types.ts';
import { agent } from './keeper.ts';

/** One program and the ports it listens on. `label`: the LaunchAgent that runs it. */
export interface Program {
  readonly owner: ProcessRow;
  readonly listeners: readonly Listener[];
  readonly label: string | undefined;
}

/** Editors, browsers, chat and sync apps, and the desktop's own services: they open ports for themselves. */
const DESKTOP =
  /(^|\/)(code|code-insiders|codium|cursor|windsurf|zed|electron|chrome|chromium|google chrome|brave|firefox|safari|msedge|opera|vivaldi|slack|discord|spotify|dropbox|figma_agent|idea|pycharm|webstorm|goland|clion|rider|rapportd|controlcenter|airplayxpchelper|sharingd|identityservicesd|logioptionsplus_agent|adobe[^/]*|kdeconnectd|gvfsd[^/]*|tsserver[^/]*|gopls|rust-analyzer|pyright[^/]*|sshd[^/]*|adb|ssh-agent)([ :(]|\.app\/|$)/i;
/** They take an HTTP request for an attack or for noise in their logs, so they are not asked. */
const NOT_HTTP = /^(redis-server|valkey-server|postgres|mysqld|mariadbd|mongod|memcached|beam\.smp|epmd|sshd)$/;

/** Ports grouped by the program that owns them, helpers left out. */
export function programsOf(found: readonly Listener[], labels: ReadonlyMap<number, string>, look: Look): Program[] {
  const programs = new Map<number, Program>();
  for (const listener of found) {
    const rows = listener.pids.map((pid) => look.rows.get(pid)).filter((row) => look.isMine(row));
    // Of a master and its workers, which share the socket: the master.
    const owner = rows.find((row) => !listener.pids.includes(row.ppid)) ?? rows[0];
    if (!owner || isHelper(owner, listener.port, look)) continue;
    const before = programs.get(owner.pid)?.listeners ?? [];
    programs.set(owner.pid, { owner, listeners: [...before, listener], label: labelOf(owner, labels, look) });
  }
  return [...programs.values()];
}

/** Left out: desktop programs; macOS's own; and a port that the system gave at random, unless the command line asks for it. */
function isHelper(row: ProcessRow, port: number, look: Look): boolean {
  if (
    DESKTOP.test(row.name) ||
    DESKTOP.test(row.command.split(' -')[0] ?? '') ||
    /\/\.(vscode|cursor|windsurf)(-server)?\//.test(row.command)
  )
    return true;
  if (look.platform === 'darwin' && /^\/(System|usr\/libexec|usr\/sbin)\//.test(row.command)) return true;
  // Linux: net.ipv4.ip_local_port_range begins at 32768; macOS: net.inet.ip.portrange.first is 49152.
  const ephemeral = look.platform === 'darwin' ? 49_152 : 32_768;
  return port >= ephemeral && !mentions(row, port);
}
function mentions(row: ProcessRow, port: number): boolean {
  return new RegExp(`(^|\\D)${port}(\\D|$)`).test(row.command);
}

function labelOf(row: ProcessRow, labels: ReadonlyMap<number, string>, look: Look): string | undefined {
  for (let at: ProcessRow | undefined = row; at && at.pid > 1; at = look.rows.get(at.ppid)) {
    const label = labels.get(at.pid);
    if (label !== undefined) return label;
  }
  return undefined;
}

/** A service that has no id yet: ids are given in order, when all are known. */
export interface Nameless {
  readonly name: string;
  readonly port: number;
  readonly service: Omit<ServiceInput, 'id'>;
  readonly why: string;
}

/** The program as a service; undefined when it went away meanwhile. */
export async function serviceOf(program: Program, look: Look): Promise<Nameless | undefined> {
  const { owner, label } = program;
  const asked = await Promise.all(program.listeners.map((listener) => ask(listener, owner, look)));
  const open = asked.filter((answer) => answer !== undefined);
  const main =
    open.find(({ listener }) => mentions(owner, listener.port)) ??
    open.find(({ status }) => status !== undefined && status < 500) ??
    open[0];
  if (!main) return undefined;
  const { port } = main.listener;
  const cwd = await look.processes.cwd(owner.pid);
  const argv = await argvOf(owner, look);
  const script = argv && programOf(argv)?.name;
  const name = label === undefined ? appName(script ?? owner.name, cwd, look.userHome) : agentName(label);
  const proposal: Proposal = label === undefined ? await proposeRestart(owner, port, cwd, look) : askKeeper(agent(label, look.uid), look);
  const address = `http://${main.host.includes(':') ? `[${main.host}]` : main.host}:${port}/`;
  const { check, said } = checkOf(main, address);
  const others = open.filter((answer) => answer !== main).map(({ listener }) => listener.port);
  const also = others.length > 0 ? ` It also listens on ${others.join(', ')}.` : '';
  const service: Nameless['service'] = {
    name,
    check,
    recovery: [],
    ...(proposal.remedy === undefined ? {} : { proposed: [proposal.remedy] }),
    ...(check.type === 'http' ? { url: address } : {}),
    ...(cwd === undefined || cwd === '/' ? {} : { cwd: tilde(cwd, look.userHome) }),
  };
  return { name, port, service, why: `${script ?? owner.name} listens on port ${port} and ${said}.${also} ${proposal.why}` };
}

interface Asked {
  readonly listener: Listener;
  readonly host: string;
  /** undefined: no HTTP. */
  readonly status: number | undefined;
}

async function ask(listener: Listener, owner: ProcessRow, look: Look): Promise<Asked | undefined> {
  if (NOT_HTTP.test(owner.name)) return { listener, host: listener.hosts[0] ?? '127.0.0.1', status: undefined };
  for (const host of listener.hosts) {
    const answer = await askHttp(host, listener.port, '/', look.timers);
    if (answer.kind !== 'closed') return { listener, host, status: answer.kind === 'answered' ? answer.status : undefined };
  }
  return undefined;
}

/** An app whose front page says "not found" or "log in" is well; one that answers 5xx now would only be alarm from the start. */
function checkOf({ listener, host, status }: Asked, url: string): { check: ServiceInput['check']; said: string } {
  if (status === undefined || status >= 500) {
    const said = status === undefined ? 'does not speak HTTP' : `answers ${status}, so only its port is watched`;
    return { check: { type: 'tcp', ...(host === '127.0.0.1' ? {} : { host }), port: listener.port }, said };
  }
  if (status < 400) return { check: { type: 'http', url }, said: `answers HTTP with ${status}` };
  return { check: { type: 'http', url, status: '200-499' }, said: `answers HTTP with ${status}, which counts as well` };
}
