// What is shown before saving is exactly what changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './diff.ts';

const marks = { same: ' ', gone: '-', new: '+', skip: '…' } as const;
const told = (before: string, after: string) => diffLines(before, after).map(({ kind, text }) => marks[kind] + text);

describe('diffLines', () => {
  it('shows a changed line with three around it and says how many are left out', () => {
    const lines = Array.from({ length: 12 }, (_, n) => `line ${n + 1}`);
    const changed = lines.with(5, 'line six');
    expect(told(lines.join('\n'), changed.join('\n'))).toEqual([
      '…2 lines unchanged',
      ' line 3',
      ' line 4',
      ' line 5',
      '-line 6',
      '+line six',
      ' line 7',
      ' line 8',
      ' line 9',
      '…3 lines unchanged',
    ]);
  });

  it('knows the numbers of lines on both sides', () => {
    expect(diffLines('a\nb', 'a\nx\nb')).toEqual([
      { kind: 'same', text: 'a', before: 1, after: 1 },
      { kind: 'new', text: 'x', after: 2 },
      { kind: 'same', text: 'b', before: 2, after: 3 },
    ]);
  });

  it('is empty for equal texts, and whole for an empty one', () => {
    expect(diffLines('a\nb', 'a\nb')).toEqual([]);
    expect(told('', 'a')).toEqual(['-', '+a']);
  });

  it('for any two texts: its old lines are the old text, its new lines the new one', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 7 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after);
        const rows = diffLines(before, after);
        fc.pre(rows.every(({ kind }) => kind !== 'skip'));
        expect(
          rows
            .filter((row) => row.before !== undefined)
            .map((row) => row.text)
            .join('\n'),
        ).toBe(before);
        expect(
          rows
            .filter((row) => row.after !== undefined)
            .map((row) => row.text)
            .join('\n'),
        ).toBe(after);
      }),
    );
  });
});
