// In which folders processes work: /proc on Linux, one lsof for all that are asked for on macOS. Whose folder the system does not
// tell this user (another user's process) is left out. Looks, changes nothing.
import { readlinkSync } from 'node:fs';
import { lsof } from './port-owner.ts';
import type { RunTool } from './process-table-macos.ts';

export interface FolderSource {
  readonly platform: NodeJS.Platform;
  readonly run: RunTool;
  readonly procRoot: string;
}

/** Absolute folders by pid. Never rejects: who cannot look knows no folder. */
export async function workingDirectories(pids: readonly number[], source: FolderSource): Promise<ReadonlyMap<number, string>> {
  const folders = new Map<number, string>();
  if (pids.length === 0) return folders;
  if (source.platform === 'linux') {
    for (const pid of pids) {
      try {
        folders.set(pid, readlinkSync(`${source.procRoot}/${pid}/cwd`));
      } catch {
        // gone, or another user's
      }
    }
    return folders;
  }
  const output = await lsof(source.run, ['-a', '-w', '-p', pids.join(','), '-d', 'cwd', '-Fpn']).catch(() => '');
  return parsed(output);
}

/** Lines `p940`, `fcwd`, `n/Users/ada/shop` (lsof(8), "OUTPUT FOR OTHER PROGRAMS"); `f` comes unasked. */
function parsed(output: string): ReadonlyMap<number, string> {
  const folders = new Map<number, string>();
  let pid: number | undefined;
  for (const line of output.split('\n')) {
    if (/^p\d+$/.test(line)) pid = Number(line.slice(1));
    // In place of a folder that may not be read stands a sentence in brackets.
    else if (pid !== undefined && line.startsWith('n/')) folders.set(pid, line.slice(1));
  }
  return folders;
}
