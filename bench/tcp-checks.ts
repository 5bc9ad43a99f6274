// Figure 4: CPU of the whole engine for TCP checks (schedule, look, judge, audit line, state) against a bare Node loop that makes
// the same connections to the same server: as many a second, as many at once. Both run in the same seconds, so that a noisy moment
// hits both; the CPU of all their threads is divided by the checks that each made in that time.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMs, median, progress, type Row, type Running, sleep, spread, start, startEngine, until } from './lab.ts';

const SERVICES = 1_000;
const EVERY_MS = 1_000;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Side {
  readonly pid: number;
  checks(): Promise<number>;
  readonly costsUs: number[];
}

export async function tcp(): Promise<Row[]> {
  const server = start([process.execPath, here('./tcp-server.mjs')], { output: 'pipe' });
  const port = await answer(server);
  const check = { type: 'tcp' as const, port };
  const services = Array.from({ length: SERVICES }, (_, index) => ({ id: `service-${index}`, check }));
  const engine = await startEngine({ interval: '1s', retryInterval: '1s', services });
  const bare = start([process.execPath, here('./bare-loop.mjs'), String(port), String(SERVICES), String(EVERY_MS)], {
    output: 'pipe',
    input: 'pipe',
  });
  try {
    const log = path.join(engine.home, 'health.log');
    const ours: Side = { pid: engine.pid, checks: async () => count(readFileSync(log, 'latin1'), '"event":"check"'), costsUs: [] };
    const theirs: Side = {
      pid: bare.pid,
      checks: () => {
        bare.child.stdin?.write('\n');
        return answer(bare);
      },
      costsUs: [],
    };
    await sleep(3 * EVERY_MS);
    const rows: Row[] = [];
    for (const [rounds, windows] of [
      [1, 7],
      [10, 3],
    ] as const) {
      for (const side of [ours, theirs]) side.costsUs.length = 0;
      for (let window = 0; window < windows; window += 1) await measure([ours, theirs], rounds * SERVICES);
      progress(`tcp, ${rounds} s: ${ours.costsUs.map((us, i) => `${us.toFixed(0)}/${theirs.costsUs[i]?.toFixed(0)}`).join(' ')} µs`);
      rows.push({
        figure: `4${rounds === 1 ? 'a' : 'b'} CPU of ${SERVICES * rounds} TCP checks, ${SERVICES} services`,
        ours: `${spread(ours.costsUs, 'µs', 1)} each`,
        theirs: `bare loop: ${spread(theirs.costsUs, 'µs', 1)}`,
        ratio: median(ours.costsUs.map((us, index) => us / (theirs.costsUs[index] as number))),
        target: 1.25,
      });
    }
    return rows;
  } finally {
    await engine.end();
    await bare.end();
    await server.end();
  }
}

/** From one count of ours to the next that has so many more: its lines reach the file in batches. */
async function measure([ours, theirs]: readonly [Side, Side], checks: number): Promise<void> {
  const sides = [ours, theirs];
  const before: { readonly checks: number; readonly cpu: number }[] = [];
  for (const side of sides) before.push({ checks: await side.checks(), cpu: cpuMs(side.pid) });
  await until('so many checks', 60_000, async () => (await ours.checks()) >= (before[0]?.checks ?? 0) + checks || undefined);
  const cpus = sides.map((side) => cpuMs(side.pid));
  for (const [index, side] of sides.entries()) {
    const was = before[index] as (typeof before)[number];
    side.costsUs.push((((cpus[index] as number) - was.cpu) * 1_000) / ((await side.checks()) - was.checks));
  }
}

function answer(running: Running): Promise<number> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void => reject(new Error(`a helper ended with ${code}`));
    running.child.once('close', gone);
    running.child.stdout?.once('data', (chunk: Buffer) => {
      running.child.off('close', gone);
      resolve(Number(String(chunk)));
    });
  });
}
function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
