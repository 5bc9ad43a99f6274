// Which TCP ports this user's processes listen on, reachable from this machine: /proc/net/tcp (proc_net(5)) on Linux,
// `lsof -F` (lsof(8), "OUTPUT FOR OTHER PROGRAMS") on macOS. Reads the machine, changes nothing.
import type { Look } from './discover-types.ts';

export interface Listener {
  readonly port: number;
  readonly pids: readonly number[];
  /** Addresses by which it can be asked, the likelier first. */
  readonly hosts: readonly string[];
}

/** Listeners on loopback or on any address, lowest port first; empty where the system does not tell. */
export async function listeners(look: Look): Promise<Listener[]> {
  const found = look.platform === 'darwin' ? await macListeners(look) : look.platform === 'linux' ? await linuxListeners(look) : [];
  return found.toSorted((a, b) => a.port - b.port);
}

async function linuxListeners(look: Look): Promise<Listener[]> {
  const hosts = new Map<number, string[]>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await look.readFile(`${look.procRoot}/net/${table}`).then(String, () => '');
    for (const line of text.split('\n').slice(1)) {
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid …
      const [, local = '', , state, , , , uid] = line.trim().split(/\s+/);
      const [address = '', portHex = ''] = local.split(':');
      const reachable = hostsOf(address);
      if (state !== LISTEN || Number(uid) !== look.uid || reachable.length === 0) continue;
      const port = Number.parseInt(portHex, 16);
      hosts.set(port, [...new Set([...(hosts.get(port) ?? []), ...reachable])]);
    }
  }
  return Promise.all(
    [...hosts].map(async ([port, reachable]) => {
      const owners = await look.processes.portOwners(port);
      return { port, pids: owners.kind === 'known' ? owners.pids : [], hosts: reachable };
    }),
  );
}

const LISTEN = '0A';

/** The kernel prints each 32-bit word in the machine's order, little-endian on everything that runs this. */
function hostsOf(hex: string): string[] {
  if (hex === '00000000') return ['127.0.0.1'];
  if (/^[0-9A-F]{6}7F$/.test(hex)) return [[6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')];
  if (/^0{32}$/.test(hex)) return ['127.0.0.1', '::1'];
  if (hex === '00000000000000000000000001000000') return ['::1'];
  const mapped = /^0{16}FFFF0000([0-9A-F]{8})$/.exec(hex)?.[1];
  return mapped === undefined ? [] : hostsOf(mapped);
}

async function macListeners(look: Look): Promise<Listener[]> {
  const argv = ['/usr/sbin/lsof', '-nP', '-w', '-a', '-u', String(look.uid), '-iTCP', '-sTCP:LISTEN', '-Fpn'];
  const result = await look.commands.run({ argv, timeoutMs: 10_000, ends: 'tree' });
  // lsof exits 1 when it found nothing, and also when it could not look into everything.
  if (result.kind !== 'exited') return [];
  const found = new Map<number, { pids: Set<number>; hosts: Set<string> }>();
  let pid = 0;
  for (const line of result.output.split('\n')) {
    if (/^p\d+$/.test(line)) pid = Number(line.slice(1));
    const [, address, port] = /^n(\*|127\.[\d.]+|\[::1?\]):(\d+)$/.exec(line) ?? [];
    if (address === undefined || pid === 0) continue;
    const entry = found.get(Number(port)) ?? { pids: new Set(), hosts: new Set() };
    found.set(Number(port), entry);
    entry.pids.add(pid);
    const reachable = address === '*' || address === '[::]' ? ['127.0.0.1', '::1'] : [address.replace(/[[\]]/g, '')];
    for (const host of reachable) entry.hosts.add(host);
  }
  return [...found].map(([port, { pids, hosts }]) => ({ port, pids: [...pids], hosts: [...hosts].toSorted() }));
}
