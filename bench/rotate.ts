// How much memory rotating takes, by the size of the log (R15: it must not grow with it). Each log is rotated in a process
// of its own; what counts is the peak of its resident memory. `npx node bench/rotate.ts [SMALL_MB LARGE_MB]`.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RemedyContext } from '../src/contract/ports.ts';
import { NO_KEEPERS } from '../test/fixtures/no-keepers.ts';

const MB = 1_000_000;

/** Lines that compress like those of a real log: mostly the same words, with numbers that differ. */
function writeLog(file: string, bytes: number): void {
  const log = openSync(file, 'w');
  let written = 0;
  for (let n = 1; written < bytes; ) {
    let block = '';
    while (block.length < MB) block += `2026-01-02T03:04:05Z info request ${n} took ${(n++ * 7_919) % 10_007} ms\n`;
    written += writeSync(log, block);
  }
  closeSync(log);
}

async function rotateHere(root: string): Promise<void> {
  const { rotateLogs } = await import('../src/engine/heal/rotate-logs.ts');
  const { createProcessPort } = await import('../src/engine/probe/processes.ts');
  const { createClock, realTimers } = await import('../src/engine/system.ts');
  const { agesOf } = await import('../src/engine/ages.ts');
  const clock = createClock('boot-of-the-bench');
  const context: RemedyContext = {
    clock,
    ages: agesOf(clock, []),
    timers: realTimers,
    processes: createProcessPort({ clock }),
    commands: { run: () => Promise.reject(new Error('no command is needed')) },
    start: () => Promise.reject(new Error('nothing is started')),
    kill: () => {},
    signal: new AbortController().signal,
    platform: process.platform,
    userHome: root,
    uid: process.getuid?.() ?? -1,
    home: path.join(root, 'engine-home'),
    checkPaths: ['~/*.log'],
    rotateOverBytes: undefined,
    serviceCwd: root,
    recorded: [],
    others: () => ({ listening: [], started: [] }),
    ...NO_KEEPERS,
    trigger: 'auto',
    record: () => {},
  };
  const begun = performance.now();
  const remedy = { type: 'rotate-logs', keep: 10, after: undefined, paths: undefined, timeoutMs: 600_000, startWindowMs: 1_000 } as const;
  const result = await rotateLogs(remedy, context);
  if (result.reason !== 'rotated') throw new Error(result.message);
  process.stdout.write(`${JSON.stringify({ peakKb: process.resourceUsage().maxRSS, ms: performance.now() - begun })}\n`);
}

function measure(megabytes: number): { peakMb: number; seconds: number } {
  const root = mkdtempSync(path.join(os.tmpdir(), 'bench-rotate-'));
  try {
    writeLog(path.join(root, 'app.log'), megabytes * MB);
    const ran = spawnSync(process.execPath, [import.meta.filename, '--here', root], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(ran.stderr);
    const { peakKb, ms } = JSON.parse(ran.stdout) as { peakKb: number; ms: number };
    return { peakMb: (peakKb * 1_024) / MB, seconds: ms / 1_000 };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const [first, second] = process.argv.slice(2);
if (first === '--here') {
  await rotateHere(second ?? '');
} else {
  const [small, large] = [Number(first ?? 20), Number(second ?? 200)];
  const [a, b] = [measure(small), measure(large)];
  for (const [size, { peakMb, seconds }] of [
    [small, a],
    [large, b],
  ] as const) {
    process.stdout.write(`${String(size).padStart(5)} MB log: peak ${peakMb.toFixed(0)} MB resident, ${seconds.toFixed(1)} s\n`);
  }
  process.stdout.write(`memory, ${large} MB against ${small} MB: ${(b.peakMb / a.peakMb).toFixed(2)} x\n`);
}
