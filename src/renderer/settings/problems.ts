// Which problem of the file is shown at which field of the form, and which stand above it because no field is theirs.
// Pure; touches nothing.
import type { ConfigProblemView } from '../../contract/operations.ts';
import type { Control, Field } from './fields.ts';
import type { Path } from './json-text.ts';
import { pathOf, pathText, valueAt } from './path.ts';

export interface Placed {
  /** By the path of the field that shows them. */
  readonly at: ReadonlyMap<string, readonly ConfigProblemView[]>;
  /** Without a field: unknown keys, broken JSON, the file as a whole. */
  readonly top: readonly ConfigProblemView[];
  /** How many of `at` stand at or below a path: counted once, since a form of thousands asks for each of its parts. */
  readonly below: ReadonlyMap<string, number>;
}

/** Whether the form has a control or a group for exactly this path, given the value (a union's fields depend on it). */
function hasField(fields: readonly Field[], path: Path, value: unknown): boolean {
  const [key, ...rest] = path;
  const field = fields.find((one) => one.key === key);
  return field !== undefined && inControl(field.control, rest, valueAt(value, [key as string]));
}

function inControl(control: Control, path: Path, value: unknown): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return true;
  switch (control.kind) {
    case 'object':
      return hasField(control.fields, path, value);
    case 'union': {
      const type = valueAt(value, ['type']);
      if (step === 'type') return rest.length === 0;
      return hasField(control.variants.find((variant) => variant.type === type)?.fields ?? [], path, value);
    }
    case 'list':
    case 'map':
      return valueAt(value, [step]) !== undefined && inControl(control.item.control, rest, valueAt(value, [step]));
    default:
      return false;
  }
}

/** `value`: the parsed file; undefined when it is no JSON, then all stand above. */
export function placeProblems(problems: readonly ConfigProblemView[], fields: readonly Field[], value: unknown): Placed {
  const at = new Map<string, ConfigProblemView[]>();
  const top: ConfigProblemView[] = [];
  const below = new Map<string, number>();
  for (const problem of problems) {
    const path = pathOf(problem.path);
    if (value === undefined || path.length === 0 || !hasField(fields, path, value)) top.push(problem);
    else {
      const place = pathText(path);
      const list = at.get(place);
      if (list) list.push(problem);
      else at.set(place, [problem]);
      for (let length = path.length; length > 0; length -= 1) {
        const part = pathText(path.slice(0, length));
        below.set(part, (below.get(part) ?? 0) + 1);
      }
    }
  }
  return { at, top, below };
}

/** Problems at or below a path, for a part of the form that is folded. */
export function countBelow({ below }: Placed, path: Path): number {
  return below.get(pathText(path)) ?? 0;
}

export function isBelow(place: string, prefix: string): boolean {
  return place === prefix || (place.startsWith(prefix) && /^[.[]/.test(place.slice(prefix.length)));
}

/** The sentence at a field: `Found text "5 minutes". It takes a duration like "5m". Did you mean 5m?` */
export function problemText({ found, allowed, nearest }: ConfigProblemView): string {
  const what = found === 'nothing' ? `Missing: it takes ${allowed}.` : `Found ${found}; it takes ${allowed}.`;
  return nearest === undefined ? what : `${what} Did you mean ${nearest}?`;
}
