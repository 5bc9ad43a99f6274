// Figure 7: the whole process of `status --json` against a running engine, from the shell script on, against `node -e 0`, in turns.
import { spawnSync } from 'node:child_process';
import { BIN, median, type Row, spread, startEngine } from './lab.ts';

const ROUNDS = 31;

function timeMs(argv: readonly string[]): number {
  const [file, ...args] = argv as [string, ...string[]];
  const began = performance.now();
  const ran = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (ran.status === null || ran.status > 3) throw new Error(`${file} ended with ${ran.status}`);
  return performance.now() - began;
}

export async function status(): Promise<Row[]> {
  const engine = await startEngine({ services: [{ id: 'memory', check: { type: 'memory', maxUsed: '98%' } }] });
  try {
    const call = [BIN, 'status', '--json', '--home', engine.home];
    const floor = [process.execPath, '-e', '0'];
    for (const warm of [call, floor]) timeMs(warm);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(timeMs(call));
      theirs.push(timeMs(floor));
    }
    return [
      {
        figure: '7 status --json, whole process',
        ours: spread(ours, 'ms'),
        theirs: `node -e 0: ${spread(theirs, 'ms')}`,
        ratio: median(ours) / median(theirs),
        target: 2.5,
      },
    ];
  } finally {
    await engine.end();
  }
}
