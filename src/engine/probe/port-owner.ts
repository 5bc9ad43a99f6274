// Tells which processes listen on a TCP port of this machine, on any address (R13). "Nobody" is said only when nobody
// listens; a listener whose process this user cannot see is `unknown`. Reads /proc or runs lsof; changes nothing.
import { readlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { errorText, systemCode } from '../../contract/errors.ts';
import type { PortOwners } from '../../contract/ports.ts';
import type { RunTool } from './process-table-macos.ts';

const LISTEN = '0A'; // TCP_LISTEN in /proc/net/tcp (include/net/tcp_states.h)

/** Inodes of the listening sockets of a port in /proc/net/tcp or tcp6 (proc_net(5)). */
function listeningInodes(table: string, port: number): string[] {
  const portHex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const line of table.split('\n')) {
    if (!line.includes(portHex)) continue;
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(portHex) && fields[3] === LISTEN && fields[9] !== undefined) inodes.push(fields[9]);
  }
  return inodes;
}

export async function linuxPortOwners(port: number, procRoot: string): Promise<PortOwners> {
  try {
    const ipv4 = await readFile(`${procRoot}/net/tcp`, 'utf8');
    const ipv6 = await readFile(`${procRoot}/net/tcp6`, 'utf8').catch((error) => {
      if (systemCode(error) === 'ENOENT') return ''; // IPv6 is off
      throw error;
    });
    const unowned = new Set([...listeningInodes(ipv4, port), ...listeningInodes(ipv6, port)]);
    if (unowned.size === 0) return { kind: 'known', pids: [] };
    const targets = new Set([...unowned].map((inode) => `socket:[${inode}]`));
    const pids: number[] = [];
    for (const entry of await readdir(procRoot)) {
      if (!/^\d+$/.test(entry)) continue;
      const held = await socketsOf(`${procRoot}/${entry}/fd`, targets);
      if (held.length > 0) pids.push(Number(entry));
      for (const target of held) unowned.delete(target.slice('socket:['.length, -1));
    }
    if (unowned.size === 0) return { kind: 'known', pids };
    return { kind: 'unknown', why: `a process that this user cannot see listens on port ${port}` };
  } catch (error) {
    return { kind: 'unknown', why: `the listeners of port ${port} could not be read: ${errorText(error)}` };
  }
}

/** Which of the sockets a process holds; none when it is gone or another user's. */
async function socketsOf(folder: string, targets: ReadonlySet<string>): Promise<string[]> {
  try {
    const held: string[] = [];
    for (const fd of await readdir(folder)) {
      try {
        const target = readlinkSync(`${folder}/${fd}`);
        if (targets.has(target)) held.push(target);
      } catch {
        // closed in between
      }
    }
    return held;
  } catch (error) {
    if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCode(error) ?? '')) throw error;
    return [];
  }
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
