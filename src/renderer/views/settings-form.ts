// What every control of the form needs to know of the whole, and how controls are named. No markup.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Field } from '../settings/fields.ts';
import type { Path } from '../settings/json-text.ts';
import { pathOf, pathText } from '../settings/path.ts';
import type { Placed } from '../settings/problems.ts';

interface Form {
  readonly fields: readonly Field[];
  /** The parsed text. */
  readonly value: unknown;
  readonly placed: Placed;
  /** Shows a line in the editor of the text. */
  showLine(line: number): void;
}
export const FormContext = createContext<Form>({
  fields: [],
  value: undefined,
  placed: { at: new Map(), top: [], below: new Map() },
  showLine: () => {},
});
export const useForm = () => useContext(FormContext);

/** Id of the control at a path; lists of ids are separated by spaces, so it has none. */
export function idOf(path: Path | string): string {
  return `at-${(typeof path === 'string' ? path : pathText(path)).replace(/\s/g, '_')}`;
}

/** Focuses the control of a path once it is on the page, or the nearest part around it that can take the focus. */
export function focusOn(path: Path | string): void {
  const steps = typeof path === 'string' ? pathOf(path) : path;
  requestAnimationFrame(() => {
    for (let length = steps.length; length > 0; length -= 1) {
      const found = document.getElementById(idOf(steps.slice(0, length)));
      found?.focus();
      found?.scrollIntoView({ block: 'center' });
      if (found) return;
    }
  });
}
