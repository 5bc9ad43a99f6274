// Tells which processes listen on a TCP port of this machine, on any address (R13). "Nobody" is said only when nobody
// listens; a listener whose process this user cannot see is `unknown`. Reads /proc or runs lsof; changes nothing.
import { readdirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { errorText, systemCode } from '../../contract/errors.ts';
import type { PortOwners } from '../../contract/ports.ts';
import type { RunTool } from './process-table-macos.ts';

const LISTEN = '0A'; // TCP_LISTEN in /proc/net/tcp (include/net/tcp_states.h)

/** Inodes of the sockets that listen in /proc/net/tcp or tcp6, with their ports (proc_net(5)). */
function listenersIn(table: string): (readonly [inode: string, port: number])[] {
  return table.split('\n').flatMap((line) => {
    if (!line.includes(` ${LISTEN} `)) return []; // nearly all lines of a busy machine are of connections
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === LISTEN && inode !== undefined ? [[inode, Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)] as const] : [];
  });
}

/** Who holds which listening socket: pids by inode. */
export type SocketHolders = ReadonlyMap<string, readonly number[]>;
type FindHolders = (inodes: ReadonlySet<string>) => Promise<SocketHolders>;

/** `find`: asked only where somebody listens on the port; a look into the files of every process is dear. */
export async function linuxPortOwners(
  port: number,
  procRoot: string,
  find: FindHolders = (inodes) => socketHolders(procRoot, inodes),
): Promise<PortOwners> {
  try {
    // Side by side in the thread pool: the kernel walks its whole table of connections for each, 5 ms on a large machine.
    const [ipv4, ipv6] = await Promise.all([
      readFile(`${procRoot}/net/tcp`, 'utf8'),
      readFile(`${procRoot}/net/tcp6`, 'utf8').catch((error) => {
        if (systemCode(error) === 'ENOENT') return ''; // IPv6 is off
        throw error;
      }),
    ]);
    const listeners = new Map([...listenersIn(ipv4), ...listenersIn(ipv6)]);
    const inodes = [...listeners].flatMap(([inode, its]) => (its === port ? [inode] : []));
    if (inodes.length === 0) return { kind: 'known', pids: [] };
    const holders = await find(new Set(listeners.keys()));
    const owners = inodes.map((inode) => holders.get(inode) ?? []);
    if (owners.every((pids) => pids.length > 0)) return { kind: 'known', pids: [...new Set(owners.flat())] };
    return { kind: 'unknown', why: `a process that this user cannot see listens on port ${port}` };
  } catch (error) {
    return { kind: 'unknown', why: `the listeners of port ${port} could not be read: ${errorText(error)}` };
  }
}

/** Half as long as with a promise for each process; on a machine full of them (3 ms a hundred) others have their turn in between. */
const TURN_PROCESSES = 100;

export async function socketHolders(procRoot: string, inodes: ReadonlySet<string>): Promise<SocketHolders> {
  const holders = new Map<string, number[]>();
  let looked = 0;
  for (const entry of readdirSync(procRoot)) {
    if (!/^\d+$/.test(entry)) continue;
    for (const inode of socketsOf(`${procRoot}/${entry}/fd`, inodes)) {
      const pids = holders.get(inode);
      if (pids) pids.push(Number(entry));
      else holders.set(inode, [Number(entry)]);
    }
    looked += 1;
    if (looked % TURN_PROCESSES === 0) await setImmediate();
  }
  return holders;
}

/** Which of the sockets a process holds; none when it is gone or another user's. */
function socketsOf(folder: string, inodes: ReadonlySet<string>): ReadonlySet<string> {
  const held = new Set<string>();
  try {
    for (const fd of readdirSync(folder)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) held.add(inode);
      } catch {
        // closed in between
      }
    }
  } catch (error) {
    if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCode(error) ?? '')) throw error;
  }
  return held;
}

/** lsof shows a user only the user's own sockets, so an empty answer is checked against netstat, which shows all. */
export async function macPortOwners(port: number, run: RunTool): Promise<PortOwners> {
  try {
    const pids = (await lsof(run, ['-nP', '-w', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp']))
      .split('\n')
      .filter((line) => /^p\d+$/.test(line))
      .map((line) => Number(line.slice(1)));
    if (pids.length > 0) return { kind: 'known', pids: [...new Set(pids)] };
    const sockets = await run('/usr/sbin/netstat', ['-an', '-p', 'tcp']);
    // "tcp4  0  0  127.0.0.1.3000  *.*  LISTEN"
    const isTaken = sockets.split('\n').some((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[0]?.startsWith('tcp') && fields[3]?.endsWith(`.${port}`) && fields[5] === 'LISTEN';
    });
    if (!isTaken) return { kind: 'known', pids: [] };
    return { kind: 'unknown', why: `a process that this user cannot see listens on port ${port}` };
  } catch (error) {
    return { kind: 'unknown', why: `the listeners of port ${port} could not be read: ${errorText(error)}` };
  }
}

/** lsof exits 1 both when nothing was found and when it could not look into everything; what it printed counts (lsof(8)). */
export async function lsof(run: RunTool, args: readonly string[]): Promise<string> {
  try {
    return await run('/usr/sbin/lsof', args);
  } catch (error) {
    const failed = error as { code?: unknown; stdout?: unknown; stderr?: unknown };
    const isQuiet = failed.stderr === undefined || failed.stderr === '';
    if (failed.code === 1 && typeof failed.stdout === 'string' && (failed.stdout !== '' || isQuiet)) return failed.stdout;
    throw error;
  }
}
