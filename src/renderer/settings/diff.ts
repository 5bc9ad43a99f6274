// What differs between two texts, line by line (longest common subsequence), for a person who looks before saving.
// Pure; touches nothing.

export interface DiffRow {
  readonly kind: 'same' | 'gone' | 'new' | 'skip';
  readonly text: string;
  /** Line in the old and in the new text, from 1. */
  readonly before?: number;
  readonly after?: number;
}

const CONTEXT = 3;
/** Over so many pairs of changed lines the table would cost more than it tells: everything between counts as replaced. */
const MAX_CELLS = 4_000_000;

/** Every changed line with three unchanged ones around it; `skip` rows say how many were left out. Empty: no difference. */
export function diffLines(before: string, after: string): DiffRow[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  if (head === a.length && head === b.length) return [];
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const rows: DiffRow[] = [];
  let i = 0;
  let j = 0;
  const same = () => rows.push({ kind: 'same', text: a[i] ?? '', before: ++i, after: ++j });
  const gone = () => rows.push({ kind: 'gone', text: a[i] ?? '', before: ++i });
  const fresh = () => rows.push({ kind: 'new', text: b[j] ?? '', after: ++j });
  while (i < head) same();
  for (const step of steps(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) [same, gone, fresh][step]?.();
  while (i < a.length) same();
  return folded(rows);
}

/** 0: both go on, 1: the old line went, 2: the new line came. */
function steps(a: readonly string[], b: readonly string[]): number[] {
  const out: number[] = [];
  if (a.length * b.length > MAX_CELLS) return [...a.map(() => 1), ...b.map(() => 2)];
  // Lengths of the longest common rest of a[i…] and b[j…], one row more and one column more than lines.
  const width = b.length + 1;
  const rest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => rest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      rest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const step =
      i < a.length && j < b.length && a[i] === b[j] ? 0 : i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1)) ? 1 : 2;
    out.push(step);
    if (step !== 2) i += 1;
    if (step !== 1) j += 1;
  }
  return out;
}

function folded(rows: readonly DiffRow[]): DiffRow[] {
  const near = new Set<number>();
  for (const [at, row] of rows.entries()) {
    if (row.kind !== 'same') for (let k = at - CONTEXT; k <= at + CONTEXT; k += 1) near.add(k);
  }
  const out: DiffRow[] = [];
  let left = 0;
  const flush = () => {
    if (left > 0) out.push({ kind: 'skip', text: left === 1 ? '1 line unchanged' : `${left} lines unchanged` });
    left = 0;
  };
  for (const [at, row] of rows.entries()) {
    if (!near.has(at)) left += 1;
    else {
      flush();
      out.push(row);
    }
  }
  flush();
  return out;
}
