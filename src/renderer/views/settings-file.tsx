// The file itself, as text: plain editing with line numbers, judged while typing; each problem leads to its line.
import { useEffect, useRef } from 'preact/hooks';
import type { ConfigProblemView } from '../../contract/operations.ts';
import { problemText } from '../settings/problems.ts';
import { draft, useDraft } from '../settings/use-draft.ts';
import { Glyph } from '../ui/icon.tsx';

/** More than a person reads; a file of another kind can have thousands, and the page must stay usable. One more is shown
 * rather than counted: after so many the engine's last one counts the rest. */
const MOST = 100;

export function ProblemList({ problems, show, id }: { problems: readonly ConfigProblemView[]; show: (line: number) => void; id?: string }) {
  const shown = problems.length > MOST + 1 ? MOST : problems.length;
  return (
    <ul class="file-problems plain-list" id={id}>
      {problems.slice(0, shown).map((problem) => (
        <li key={`${problem.path} ${problem.line} ${problem.found}`}>
          <Glyph name="warn" size={15} />
          <button type="button" class="link" onClick={() => show(problem.line)}>
            Line {problem.line}
          </button>
          <span>
            {problem.path && <code>{problem.path}</code>} {problemText(problem)}
          </span>
        </li>
      ))}
      {problems.length > shown && <li>and {problems.length - shown} more</li>}
    </ul>
  );
}

/** `goTo`: a line that is to be shown; a new object shows it again. */
export function FileEditor({ goTo }: { goTo: { line: number } | undefined }) {
  const { text, problems, path } = useDraft();
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLPreElement>(null);
  // A text area knows only one kind of line end; the file keeps its own.
  const eol = draft.state.base.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  const wrong = new Set(problems.map(({ line }) => line));

  function show(line: number): void {
    const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const at = area.current;
    if (!at) return;
    at.focus();
    at.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
    at.scrollTop = ((line - 4) * at.scrollHeight) / Math.max(1, lines.length);
  }
  useEffect(() => {
    if (goTo) show(goTo.line);
  }, [goTo]);

  return (
    <div class="file-editor">
      <label for="file-text">
        <span class="vh">Text of </span>
        <code>{path}</code>
      </label>
      <div class={`file-area${problems.length > 0 ? ' is-wrong' : ''}`}>
        <pre class="gutter" aria-hidden="true" ref={gutter}>
          {lines.map((_, n) => (
            <span key={n} class={wrong.has(n + 1) ? 'wrong-line' : undefined}>
              {n + 1}
              {'\n'}
            </span>
          ))}
        </pre>
        <textarea
          id="file-text"
          ref={area}
          value={text}
          wrap="off"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-describedby="file-problems"
          aria-invalid={problems.length > 0 ? 'true' : undefined}
          onInput={({ currentTarget }) => draft.write(currentTarget.value.replaceAll('\n', eol))}
          onScroll={({ currentTarget }) => {
            if (gutter.current) gutter.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <ProblemList problems={problems} show={show} id="file-problems" />
    </div>
  );
}
