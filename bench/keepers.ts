// What it costs to ask a supervisor about a service that fails (R12): supervisord over its own socket, as the engine does, against its
// own command, in CPU with all children. PM2 is asked over its socket too (test/e2e/pm2.test.ts); systemd and Docker by commands
// that are no scripts.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createKeeperPort } from '../src/engine/probe/keeper.ts';
import { createProcessPort } from '../src/engine/probe/processes.ts';
import { median, newFolder, type Row, spread, start, until } from './lab.ts';

const LIMIT_MS = 150;
const TIMES = 11;

export async function keepers(): Promise<Row[]> {
  const row = { figure: 'asking supervisord about a service that fails: CPU', target: 1 };
  if (spawnSync('supervisord', ['--version']).error) {
    return [{ ...row, ours: '-', theirs: '-', ratio: undefined, note: 'not measured: supervisord is not installed' }];
  }
  const folder = newFolder('supervisord');
  const config = path.join(folder, 'supervisord.conf');
  const socket = path.join(folder, 's.sock');
  writeFileSync(
    config,
    `[supervisord]
logfile=${folder}/log
pidfile=${folder}/pid
nodaemon=true
[unix_http_server]
file=${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${socket}
[program:web]
command=sleep 600
`,
  );
  const daemon = start(['supervisord', '-c', config], { cwd: folder, errors: 'ignore' });
  try {
    await until('supervisord', 20_000, async () => existsSync(socket) || undefined);
    const port = createKeeperPort({
      processes: createProcessPort(),
      commands: { run: () => Promise.reject(new Error('no command is needed')) },
      pm2: { call: () => Promise.reject(new Error('not asked')) },
      platform: process.platform,
      uid: process.getuid?.() ?? 0,
      userHome: folder,
    });
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let time = 0; time < TIMES; time += 1) {
      const before = process.cpuUsage();
      const state = await port.stateOf({ by: 'supervisord', name: 'web', at: config });
      const { user, system } = process.cpuUsage(before);
      if (!['running', 'down'].includes(state.kind)) throw new Error(`supervisord: ${state.why}`);
      ours.push((user + system) / 1_000);
      theirs.push(commandMs(['supervisorctl', '-c', config, 'status', 'web']));
    }
    return [
      {
        ...row,
        ours: spread(ours, 'ms', 1),
        theirs: `limit ${LIMIT_MS} ms; its own command: ${spread(theirs, 'ms', 0)}`,
        ratio: median(ours) / LIMIT_MS,
      },
    ];
  } finally {
    await daemon.end();
  }
}

/** Of a command with its children, as the shell that waits for it tells (times(1)). */
function commandMs(argv: readonly string[]): number {
  const { stdout } = spawnSync('sh', ['-c', '"$@" >/dev/null; times', 'sh', ...argv], { encoding: 'utf8' });
  const children = stdout.trim().split('\n')[1] ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1_000,
    0,
  );
}
