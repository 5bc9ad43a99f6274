// Records the files that a remedy met and left alone, each with its reason (R14, R16); after the first fifty only their
// number. Writes into the record, nowhere else.
import type { EffectEvent } from '../../contract/audit.ts';

const MAX_RECORDED = 50;

export class KeptFiles {
  readonly #record: (effect: EffectEvent) => void;
  readonly #counts = new Map<string, number>();
  readonly #unrecorded = new Map<string, number>();
  #recorded = 0;

  constructor(record: (effect: EffectEvent) => void) {
    this.#record = record;
  }

  keep(path: string, reason: string): void {
    add(this.#counts, reason);
    if (this.#recorded < MAX_RECORDED) {
      this.#recorded += 1;
      this.#record({ event: 'file-kept', path, reason });
    } else add(this.#unrecorded, reason);
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  countOf(reason: string): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Once, at the end. */
  recordRest(): void {
    const rest = [...this.#unrecorded.values()].reduce((sum, count) => sum + count, 0);
    if (rest > 0) this.#record({ event: 'file-kept', path: `(${rest} more)`, reason: countsText(this.#unrecorded) });
  }

  /** `"3 open, 1 home"`; empty when nothing was kept. */
  text(): string {
    return countsText(this.#counts);
  }

  /** The most frequent reason; undefined when nothing was kept. */
  mainReason(): string | undefined {
    return [...this.#counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  }
}

function add(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

function countsText(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
}
