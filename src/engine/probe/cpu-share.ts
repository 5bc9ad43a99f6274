// Measures the CPU that processes use together, between one look and the next. Remembers what it saw in the probe's
// memory; touches nothing else.
import type { ProbeContext, ProcessRow } from '../../contract/ports.ts';

interface Sample {
  readonly cpuMs: number;
  readonly ageMs: number;
  readonly percent: number;
}
const SAMPLES = 'process.cpu';
/** The system counts CPU and age in steps of 10 ms (Linux) or a second (macOS); over a shorter span they are mostly noise. */
const SHORTEST_SPAN_MS = 2_000;

/** Percent of one core, all processes together, to one decimal: since the look before, of a process not seen before
 * since its start. Time is each process's own age, read in the same pass as its CPU, so that a table that was read
 * half a second ago makes no error. A look within 2 s of the last repeats its figure. */
export function cpuPercent(rows: readonly ProcessRow[], memory: ProbeContext['memory']): number {
  const before = (memory.get(SAMPLES) as ReadonlyMap<string, Sample> | undefined) ?? new Map<string, Sample>();
  const samples = new Map<string, Sample>();
  for (const { pid, startId, cpuMs, ageMs } of rows) {
    const id = `${pid}/${startId}`;
    const last = before.get(id);
    const spanMs = ageMs - (last?.ageMs ?? 0);
    if (last && spanMs < SHORTEST_SPAN_MS) samples.set(id, last);
    else samples.set(id, { cpuMs, ageMs, percent: spanMs > 0 ? (Math.max(0, cpuMs - (last?.cpuMs ?? 0)) / spanMs) * 100 : 0 });
  }
  memory.set(SAMPLES, samples);
  return Math.round(samples.values().reduce((sum, sample) => sum + sample.percent, 0) * 10) / 10;
}
