// Completes the options of a discovery: real files as defaults, one process table. Reads the machine, changes nothing.
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessRow } from '../../contract/ports.ts';
import type { DiscoverOptions, Look } from './discover-types.ts';
import { createKeeperPort } from './keeper.ts';

/** Rejects with the system's error when the process table can't be read. */
export async function lookOf(options: DiscoverOptions): Promise<Look> {
  const table = await options.processes.table({ maxAgeMs: 0 });
  const all = {
    searchPath: process.env['PATH'] ?? '',
    procRoot: '/proc',
    readFile: (path: string) => readFile(path),
    listFolder: (path: string) => readdir(path),
    isExecutable,
    ...options,
  };
  const { processes, commands, platform, uid, userHome, procRoot } = all;
  // Without somebody who speaks to PM2 its apps are nobody's.
  const pm2 = options.pm2 ?? { call: () => Promise.reject(new Error('PM2 is not asked')) };
  const read = (file: string): Promise<string> => all.readFile(file).then(String);
  const keepers = options.keepers ?? createKeeperPort({ processes, commands, pm2, platform, uid, userHome, procRoot, read });
  return {
    ...all,
    keepers,
    rows: table.rows,
    isMine: (row): row is ProcessRow => row !== undefined && row.uid === options.uid && !row.isZombie && !table.protected.has(row.pid),
    async findCommand(name, folders = all.searchPath.split(':').filter((folder) => folder !== '')) {
      for (const path of name.includes('/') ? [name] : folders.map((folder) => join(folder, name))) {
        if (await all.isExecutable(path)) return path;
      }
      return undefined;
    },
  };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
