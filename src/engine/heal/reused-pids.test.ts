// A pid that was given away is not the process that had it (R13). Really: in a process namespace of its own, where the next pid can be named.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../test/fixtures/reused-pids.ts', import.meta.url));
const NAMESPACE = ['--pid', '--fork', '--mount-proc'];
const isAllowed =
  process.platform === 'linux' && spawnSync('unshare', [...NAMESPACE, 'sh', '-c', 'echo 100 > /proc/sys/kernel/ns_last_pid']).status === 0;
if (!isAllowed) process.stdout.write('pids that are really given away are not tested: that needs unshare(1) and root\n');

it.runIf(isAllowed)(
  'whoever has got the pid of a dead service is never signalled, although he is called the same and works in the same folder',
  () => {
    const { stdout, stderr } = spawnSync('unshare', [...NAMESPACE, process.execPath, SCRIPT], { encoding: 'utf8', timeout: 110_000 });
    const found = JSON.parse(stdout.trim().split('\n').at(-1) || `{"stderr":${JSON.stringify(stderr)}}`);
    process.stdout.write(`pids given away: ${stdout}`);
    expect(found.reused).toBeGreaterThanOrEqual(10);
    expect(found).toEqual({ reused: found.reused, signals: 0, unharmed: found.reused, known: 0, refused: found.reused });
  },
  120_000,
);
