// Looks at what runs on this machine and proposes a first configuration: it watches everything it finds and may repair
// nothing until a person says so (PRODUCT section 4). Reads the machine, changes nothing.
import type { ConfigInput } from '../../contract/config.ts';
import { isoTime } from '../../contract/time.ts';
import { tilde } from '../expand-path.ts';
import { agentService, launchAgents } from './discover-agents.ts';
import { findGateway } from './discover-gateway.ts';
import { lookOf } from './discover-look.ts';
import { uniqueIds } from './discover-names.ts';
import { listeners } from './discover-ports.ts';
import { programsOf, serviceOf } from './discover-services.ts';
import type { Discovered, DiscoverOptions } from './discover-types.ts';

export type { Discovered, DiscoverOptions } from './discover-types.ts';

/** What is worth watching: the gateway, programs with a port, LaunchAgents, then disk, memory and the engine's own logs,
 * which are always there. What can't be read is left out; rejects only when there is no process table at all. */
export async function discover(options: DiscoverOptions): Promise<Discovered[]> {
  const look = await lookOf(options);
  const [found, agents] = await Promise.all([listeners(look), launchAgents(look)]);
  const gateway = await findGateway(found, agents, look);
  const always = system(options);
  const idOf = uniqueIds(['gateway', ...always.map(({ service }) => service.id)]);
  const labels = new Map(agents.map(({ pid, label }) => [pid, label]));
  const programs = programsOf(found, labels, look).filter(({ owner }) => !gateway?.pids.has(owner.pid));
  const services = await Promise.all(programs.map((program) => serviceOf(program, look)));
  const told = new Set([gateway?.label, ...programs.map(({ label }) => label)]);
  return [
    ...(gateway ? [gateway.found] : []),
    ...services
      .filter((service) => service !== undefined)
      .map(({ name, port, service, why }): Discovered => ({ service: { id: idOf(name, port), ...service }, kind: 'port', why })),
    ...agents.filter(({ label }) => !told.has(label)).map((agent) => agentService(agent, idOf, look)),
    ...always,
  ];
}

function system({ userHome, home }: DiscoverOptions): Discovered[] {
  const disk: Discovered = {
    service: { id: 'disk', name: 'Disk Space', check: { type: 'disk', path: '~', minFree: '10%', clearAt: '12%' }, recovery: [] },
    kind: 'system',
    why: 'Every machine can run out of it. Which logs may be deleted is for a person to say, so no remedy is proposed.',
  };
  const memory: Discovered = {
    service: {
      id: 'memory',
      name: 'Memory',
      check: { type: 'memory', maxUsed: '90%', clearAt: '85%' },
      recovery: [],
      proposed: [{ type: 'log-top-processes', count: 10 }],
    },
    kind: 'system',
    why: 'Every machine can run out of it. The proposed remedy notes who uses it.',
  };
  // A home may have any name; the characters of a glob in it are meant as themselves.
  const folder = tilde(home, userHome).replace(/[*?[\]{}()!+@\\]/g, '\\$&');
  const logs: Discovered = {
    service: {
      id: 'own-logs',
      name: "Jarvis Health's Logs",
      check: { type: 'log-files', paths: [`${folder}/*.log`], maxSize: '100MB' },
      recovery: [],
    },
    kind: 'system',
    why: 'The app rotates its own logs; should that fail, it shows here.',
  };
  return [disk, memory, logs];
}

/** A whole configuration for `found`, as text. `now` is the time that it names in `about`. */
export function configFromDiscovery(
  found: readonly Discovered[],
  { home, now }: { home: string; now: { readonly wallMs: number } },
): { text: string } {
  const config: ConfigInput = {
    $schema: './config.schema.json',
    about:
      `Found on this machine by jarvis-health on ${isoTime(now)}, for ${home}. Everything here is watched and nothing is repaired yet: ` +
      'to allow a repair, move a remedy from "proposed" to "recovery".',
    services: found.map(({ service }) => service),
  };
  return { text: `${JSON.stringify(config, null, 2)}\n` };
}
