// Finds the gateway under any of the names it has had (PRODUCT section 4): by its process, its port or its LaunchAgent,
// and the command that restarts it. Watched only where it runs. Reads the machine, changes nothing.
import { basename } from 'node:path';
import type { ServiceInput } from '../../contract/config.ts';
import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow } from '../../contract/ports.ts';
import { expandPath } from '../expand-path.ts';
import type { Agent } from './discover-agents.ts';
import { askHttp } from './discover-http.ts';
import type { Listener } from './discover-ports.ts';
import type { Discovered, Look } from './discover-types.ts';

/** Newest first. */
const NAMES = ['openclaw', 'moltbot', 'clawdbot'] as const;
const LABEL = /^(ai\.openclaw|bot\.molt|com\.(steipete\.)?clawdbot)\./;
const PORT = 18_789;
/** Where its installers put it, for an engine that was started with the bare PATH of a desktop. */
const FOLDERS = [
  '/opt/homebrew/bin',
  '/usr/local/bin',
  '~/.local/bin',
  '~/.npm-global/bin',
  '~/.volta/bin',
  '~/.bun/bin',
  '~/Library/pnpm',
];

export interface Gateway {
  readonly found: Discovered;
  /** Its processes, which are no services of their own. */
  readonly pids: ReadonlySet<number>;
  readonly label: string | undefined;
}

export async function findGateway(found: readonly Listener[], agents: readonly Agent[], look: Look): Promise<Gateway | undefined> {
  const mine = [...look.rows.values()].filter((row) => look.isMine(row));
  const agent =
    agents.find(({ label }) => LABEL.test(label) && label.endsWith('.gateway')) ?? agents.find(({ label }) => LABEL.test(label));
  const onPort = found.find(({ port }) => port === PORT)?.pids ?? [];
  const isNamed = (row: ProcessRow) => NAMES.some((name) => row.command.includes(name));
  const matching = mine.filter((one) => matchOf(one) !== undefined);
  const row =
    matching.find(({ ppid }) => !matching.some(({ pid }) => pid === ppid)) ?? mine.find((one) => onPort.includes(one.pid) && isNamed(one));
  const root = row ?? (agent && look.rows.get(agent.pid));
  if (!root) return undefined;

  const pids = treeOf(root, mine);
  // Its derived ports (+2, +4) lie above its own.
  const own = found.filter((listener) => listener.pids.some((pid) => pids.has(pid)));
  const listener = own.find(({ port }) => port === PORT) ?? own[0];
  const name = NAMES.find((one) => root.command.includes(one)) ?? NAMES.find((one) => agent?.label.includes(one));
  const health = listener && (await healthCheck(listener, look));
  const match = matchOf(root);
  const check: ServiceInput['check'] | undefined =
    health ??
    (match !== undefined
      ? { type: 'process', match }
      : agent
        ? { type: 'process', launchdLabel: agent.label }
        : listener && { type: 'tcp', port: listener.port });
  if (!check) return undefined;
  const command = await findCommand(name, look);
  const restart =
    command === undefined
      ? agent && { type: 'launchd' as const, label: agent.label }
      : { type: 'command' as const, run: [command, 'gateway', 'restart'], timeout: '90s' };
  const seen = listener ? `on port ${listener.port}` : agent ? `as the LaunchAgent ${agent.label}` : 'as a process';
  const how = health ? 'Its /healthz answers with JSON.' : 'This build has no /healthz that answers with JSON, so its process is watched.';
  const remedy = restart ? 'The proposed remedy restarts it and gives it 5 min to start.' : 'No command that restarts it was found.';
  return {
    found: {
      service: {
        id: 'gateway',
        name: 'Gateway',
        check,
        recovery: [],
        ...(health?.type === 'http' ? { url: new URL('/', health.url).href } : {}),
        ...(restart ? { proposed: [{ ...restart, startWindow: '5m' }] } : {}),
      },
      kind: 'gateway',
      why: `The gateway (${name ?? 'unknown name'}) runs ${seen}. ${how} ${remedy}`,
    },
    pids,
    label: agent?.label,
  };
}

/** Its title (`clawdbot-gateway`), or its command with the word `gateway` last or before options; never `gateway restart`. */
function matchOf(row: ProcessRow): string | undefined {
  return NAMES.flatMap((name) => [`/(^|\\/)${name}-gateway( |$)/`, `/(^|[\\/ ])${name}[^ ]* gateway($| run( |$)| --)/`]).find((match) =>
    compileMatch(match)(row.command),
  );
}

/** An old build answers every path with a page, so only JSON that says it is well counts. */
async function healthCheck(listener: Listener, look: Look): Promise<ServiceInput['check'] | undefined> {
  for (const host of listener.hosts) {
    const answer = await askHttp(host, listener.port, '/healthz', look.timers);
    if (answer.kind !== 'answered' || answer.status !== 200) continue;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}/healthz`;
    const json = wellKnown(answer.body);
    if (json) return { type: 'http', url, json };
  }
  return undefined;
}
function wellKnown(body: string): Record<string, string | boolean> | undefined {
  try {
    const { ok, status } = JSON.parse(body) as { ok?: unknown; status?: unknown };
    if (ok === true) return { '/ok': true };
    return typeof status === 'string' && /^(ok|live|healthy|up|pass)$/i.test(status) ? { '/status': status } : undefined;
  } catch {
    return undefined;
  }
}

function treeOf(root: ProcessRow, rows: readonly ProcessRow[]): Set<number> {
  const pids = new Set([root.pid]);
  for (let before = 0; before !== pids.size; ) {
    before = pids.size;
    for (const row of rows) if (pids.has(row.ppid)) pids.add(row.pid);
  }
  return pids;
}

/** The command of the running name first. On the PATH: as people type it; elsewhere: with its folder. */
async function findCommand(running: string | undefined, look: Look): Promise<string | undefined> {
  const names = [...NAMES].toSorted((a, b) => Number(b === running) - Number(a === running));
  for (const name of names) {
    const onPath = await look.findCommand(name);
    if (onPath !== undefined) return basename(onPath);
    const folders = FOLDERS.map((folder) => expandPath(folder, look.userHome));
    const elsewhere = await look.findCommand(name, folders);
    if (elsewhere !== undefined) return elsewhere;
  }
  return undefined;
}
