// Lines that differ, as a person compares them: marks, colours and words say which side a line is of.
import { type DiffRow, diffLines } from '../settings/diff.ts';

const MARK = { same: '', gone: '−', new: '+', skip: '' } as const;
const SPOKEN: Partial<Record<DiffRow['kind'], string>> = { gone: 'Removed: ', new: 'Added: ' };

export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const rows = diffLines(before, after);
  if (rows.length === 0) return <p class="help">Nothing differs.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard too
    // biome-ignore lint/a11y/useSemanticElements: a named part of a dialog that scrolls
    <div class="diff" role="region" aria-label={label} tabIndex={0}>
      <div class="diff-rows">
        {rows.map((row, n) => (
          <div class={`diff-row ${row.kind}`} key={n}>
            <span class="diff-line" aria-hidden="true">
              {row.after ?? row.before}
            </span>
            <span class="diff-mark" aria-hidden="true">
              {MARK[row.kind]}
            </span>
            <code>
              {SPOKEN[row.kind] && <span class="vh">{SPOKEN[row.kind]}</span>}
              {row.text}
            </code>
          </div>
        ))}
      </div>
    </div>
  );
}
