// LaunchAgents of this user that run all the time and run now (macOS; launchd.plist(5), launchctl(1)). Written against
// documented output, see test/fixtures/discover-macos.md. Reads the machine, changes nothing.
import { join } from 'node:path';
import { parse } from 'plist';
import { agentName } from './discover-names.ts';
import { askKeeper } from './discover-remedy.ts';
import type { Discovered, Look } from './discover-types.ts';
import { agent } from './keeper.ts';

export interface Agent {
  readonly label: string;
  readonly pid: number;
}

const OWN_LABEL = 'com.jarvis.health-system';
/** Vendors' updaters and helpers look after themselves. */
const VENDOR = /^com\.(apple|google|microsoft|adobe|dropbox|valvesoftware)\.|keystone|update/i;

/** Loaded, enabled and running agents; empty on other systems and where launchctl does not answer. */
export async function launchAgents(look: Look): Promise<Agent[]> {
  if (look.platform !== 'darwin') return [];
  const folder = join(look.userHome, 'Library/LaunchAgents');
  const files = await look.listFolder(folder).catch(() => []);
  const [running, disabled] = await Promise.all([runningJobs(look), disabledJobs(look)]);
  const found: Agent[] = [];
  for (const file of files.filter((name) => name.endsWith('.plist')).toSorted()) {
    const job = await readPlist(join(folder, file), look);
    const label = typeof job?.['Label'] === 'string' ? job['Label'] : undefined;
    const pid = label === undefined ? undefined : running.get(label);
    if (!job || label === undefined || pid === undefined) continue;
    if (label === OWN_LABEL || VENDOR.test(label) || disabled.has(label) || !runsAllTheTime(job)) continue;
    found.push({ label, pid });
  }
  return found;
}

/** An agent without a port of its own: watched by its process. */
export function agentService({ label }: Agent, idOf: (name: string) => string, look: Look): Discovered {
  const { remedy, why } = askKeeper(agent(label, look.uid), look);
  const name = agentName(label);
  return {
    service: {
      id: idOf(name),
      name,
      check: { type: 'process', launchdLabel: label },
      recovery: [],
      ...(remedy ? { proposed: [remedy] } : {}),
    },
    kind: 'launch-agent',
    why: `The LaunchAgent ${label} is loaded and running. ${why}`,
  };
}

/** A job that only runs now and then is no service. */
function runsAllTheTime(job: Readonly<Record<string, unknown>>): boolean {
  if (job['Disabled'] === true) return false;
  if (job['KeepAlive'] !== undefined && job['KeepAlive'] !== false) return true;
  const isScheduled = ['StartInterval', 'StartCalendarInterval', 'WatchPaths', 'QueueDirectories'].some((key) => job[key] !== undefined);
  return job['RunAtLoad'] === true && !isScheduled;
}

async function readPlist(path: string, look: Look): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const bytes = await look.readFile(path);
    const isBinary = bytes.subarray(0, 6).toString('latin1') === 'bplist';
    const text = isBinary ? await output(look, ['/usr/bin/plutil', '-convert', 'xml1', '-o', '-', path]) : bytes.toString('utf8');
    // The parser prints its own complaints, so what is plainly no property list is not given to it.
    if (!/<plist[\s\S]*<\/plist>/.test(text)) return undefined;
    const value = parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A file that launchd can't read either is no service.
    return undefined;
  }
}

/** `launchctl list` prints PID, last exit status and label, tab between; `-` where nothing runs. */
async function runningJobs(look: Look): Promise<Map<string, number>> {
  const lines = (await output(look, ['/bin/launchctl', 'list'])).split('\n').map((line) => line.split('\t'));
  return new Map(lines.flatMap(([pid, , label]) => (label && /^\d+$/.test(pid ?? '') ? [[label, Number(pid)] as const] : [])));
}

/** `launchctl print-disabled` prints `"label" => disabled`, `=> true` before macOS 13. */
async function disabledJobs(look: Look): Promise<Set<string>> {
  const text = await output(look, ['/bin/launchctl', 'print-disabled', `gui/${look.uid}`]);
  return new Set([...text.matchAll(/"([^"]+)" => (?:disabled|true)/g)].map(([, label]) => label as string));
}

async function output(look: Look, argv: readonly string[]): Promise<string> {
  const result = await look.commands.run({ argv, timeoutMs: 5_000, ends: 'tree' });
  return result.kind === 'exited' && result.exitCode === 0 ? result.output : '';
}
