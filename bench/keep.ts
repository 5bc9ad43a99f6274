// What keeping costs: a line of the audit trail and a put of state, in microseconds, beside the bare means of Node.
// Run: `npx node bench/keep.ts`. Prints a table; judges nothing.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CheckEvent } from '../src/contract/audit.ts';
import { openAuditLogs } from '../src/engine/keep/audit-log.ts';
import { createReserve } from '../src/engine/keep/reserve.ts';
import { openStateStore } from '../src/engine/keep/state.ts';
import { realAges, realClock, realTimers, sampleState } from '../test/fixtures/keep-support.ts';

const SERVICES = 10_000;
const ROUNDS = 5;
const home = mkdtempSync(path.join(tmpdir(), 'jh-bench-'));
const say = (text: string) => process.stdout.write(`${text}\n`);
const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const event: CheckEvent = {
  event: 'check',
  service: 'fitness-tracker',
  status: 'ok',
  phase: 'healthy',
  reason: 'answered',
  message: '200 OK in 12 ms',
  latencyMs: 12.25,
  value: 12.25,
  unit: 'ms',
  consecutiveFailures: 0,
};

/** Microseconds of the thread for each of `count`, and until all is in the file. Medians of some rounds. */
async function measure(act: () => void | Promise<void>, finish: () => Promise<unknown>, count: number) {
  const calls: number[] = [];
  const wholes: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const start = performance.now();
    await act();
    const called = performance.now();
    await finish();
    if (round === 0) continue; // warms up
    calls.push(((called - start) * 1_000) / count);
    wholes.push(((performance.now() - start) * 1_000) / count);
  }
  return { call: median(calls), whole: median(wholes) };
}
const row = (name: string, { call, whole }: { call: number; whole: number }) =>
  say(`${name.padEnd(48)} ${call.toFixed(2).padStart(8)} ${whole.toFixed(2).padStart(8)}`);

try {
  say(`${`${SERVICES} of each, µs for each`.padEnd(48)} ${'the call'.padStart(8)} ${'in file'.padStart(8)}`);
  const logs = await openAuditLogs({ home, clock: realClock, timers: realTimers, maxBytes: 1e9, onTrouble: () => {} });
  const line = await measure(
    () => {
      for (let i = 0; i < SERVICES; i += 1) logs.write('health', event, realClock.now());
    },
    () => logs.flush(),
    SERVICES,
  );
  row('audit line', line);
  const stringify = await measure(
    () => {
      let bytes = 0;
      for (let i = 0; i < SERVICES; i += 1) bytes += JSON.stringify({ at: new Date().toISOString(), ...event }).length;
      if (bytes === 0) throw new Error('nothing measured');
    },
    async () => {},
    SERVICES,
  );
  row('bare JSON.stringify', stringify);
  const few = SERVICES / 10;
  const bare = await measure(
    async () => {
      for (let i = 0; i < few; i += 1)
        await appendFile(path.join(home, 'bare.log'), `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
    },
    async () => {},
    few,
  );
  row('bare JSON.stringify + fs.appendFile', bare);
  await logs.close();

  const store = await openStateStore({
    home,
    clock: realClock,
    ages: realAges,
    timers: realTimers,
    reserve: createReserve(home),
    onQuarantine: () => {},
  });
  let n = 0;
  const states = () => Array.from({ length: SERVICES }, () => sampleState(n));
  let round = states();
  const change = await measure(
    () => {
      for (let i = 0; i < SERVICES; i += 1) store.put(`service-${i}`, round[i] as (typeof round)[number]);
    },
    async () => {
      await store.flush({ urgent: true });
      n += 1;
      round = states();
    },
    SERVICES,
  );
  row('put of a changed state', change);
  const same = states();
  const unchanged = await measure(
    () => {
      for (let i = 0; i < SERVICES; i += 1) store.put(`service-${i}`, same[i] as (typeof same)[number]);
    },
    () => store.flush({ urgent: true }),
    SERVICES,
  );
  row('put of an unchanged state', unchanged);
  n += 1;
  const one = await measure(
    () => store.put('service-1', sampleState(n++)),
    () => store.flush({ urgent: true }),
    1,
  );
  row(`one change among ${SERVICES} services`, one);
  const bytes = ['health', 'recovery', 'alert'].reduce((sum, name) => sum + statSync(path.join(home, `${name}-state.json`)).size, 0);
  say('');
  say(
    `audit line / bare JSON.stringify:                 ${(line.call / stringify.call).toFixed(2)} (the call), ${(line.whole / stringify.call).toFixed(2)} (in the file)`,
  );
  say(`audit line in file / JSON.stringify + appendFile: ${(line.whole / bare.call).toFixed(3)}`);
  say(
    `put / bare JSON.stringify of a line:              ${(change.call / stringify.call).toFixed(2)} changed, ${(unchanged.call / stringify.call).toFixed(2)} unchanged`,
  );
  say(`state files of ${SERVICES} services: ${(bytes / 1e6).toFixed(1)} MB`);
  await store.close();
} finally {
  rmSync(home, { recursive: true, force: true });
}
