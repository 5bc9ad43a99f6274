// One field of the form: label, control, help and its problems, bound together for eye and screen reader. Every change goes
// to the draft at once; what does not fit stays as typed, and the engine says why.
import { useState } from 'preact/hooks';
import { hideIn, isSecret } from '../secrets.ts';
import { exampleIn, type Field, shown, typed } from '../settings/fields.ts';
import { type Json, jsonOf, type Path } from '../settings/json-text.ts';
import { pathText, valueAt } from '../settings/path.ts';
import { isBelow, problemText } from '../settings/problems.ts';
import { draft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { Glyph } from '../ui/icon.tsx';
import { idOf, useForm } from './settings-form.ts';
import { Group } from './settings-group.tsx';

const LONG = new Set(['about']);

export interface FieldProps {
  field: Field;
  path: Path;
  value: unknown;
}

/** `like \`this\`` → code. */
export function Words({ text }: { text: string }) {
  return <>{text.split('`').map((part, n) => (n % 2 ? <code key={n}>{part}</code> : part))}</>;
}

/** The problems of one path; they are read with the control that names this by `aria-describedby`. `isDeep`: also of all
 * that is below, where it has no controls of its own. */
export function Problems({ path, isDeep }: { path: Path; isDeep?: boolean }) {
  const { placed, showLine } = useForm();
  const here = pathText(path);
  const problems = [...placed.at].flatMap(([place, list]) => (place === here || (isDeep && isBelow(place, here)) ? list : []));
  if (problems.length === 0) return null;
  return (
    <div class="field-problems" id={`${idOf(path)}-error`}>
      {problems.map((problem) => (
        <p key={problem.path + problem.found}>
          <Glyph name="warn" size={15} />
          <span>
            {problemText(problem)}{' '}
            <button type="button" class="link" onClick={() => showLine(problem.line)}>
              Line {problem.line}
            </button>
          </span>
        </p>
      ))}
    </div>
  );
}

/** Attributes that tie a control to its help and problems. */
export function useBound(path: Path, help: string) {
  const { placed } = useForm();
  const id = idOf(path);
  const isWrong = placed.at.has(pathText(path));
  const described = [help && `${id}-help`, isWrong && `${id}-error`].filter(Boolean).join(' ');
  return { id, 'aria-describedby': described || undefined, 'aria-invalid': isWrong ? ('true' as const) : undefined };
}

export function FieldView(props: FieldProps) {
  const { kind } = props.field.control;
  if (kind === 'list' || kind === 'map' || kind === 'object' || kind === 'union') return <Group {...props} />;
  return <Single {...props} />;
}

function Single({ field, path, value }: FieldProps) {
  const id = idOf(path);
  return (
    <div class="field">
      <label for={id}>
        {field.label}
        {field.required && <span class="needed"> (needed)</span>}
      </label>
      <div class="field-control">
        <Input field={field} path={path} value={value} />
        {field.help && (
          <p class="help single-help" id={`${id}-help`}>
            <Words text={field.help} />
          </p>
        )}
        <Problems path={path} />
      </div>
    </div>
  );
}

/** The bare control of a single value. `label`: its name where no label stands beside it. */
export function Input({ field, path, value, label }: FieldProps & { label?: string }) {
  const { fields, value: whole } = useForm();
  const bound = useBound(path, label === undefined ? field.help : '');
  const { control, required, fallback } = field;
  const text = shown(control, value);
  // A secret that stood here before is shown when asked for; what is typed now can be seen.
  const [veil, setVeil] = useState<false | 'hidden' | 'shown'>(
    () => text !== '' && (isSecret(path.at(-1), path.at(-2)) || hideIn(text) !== text) && 'hidden',
  );
  const example = exampleIn(field, fields, whole);
  const shared = { ...bound, 'aria-label': label, onBlur: () => draft.touch(pathText(path)) };
  const put = (next: Json | undefined) => draft.type(path, next);
  if (control.kind === 'boolean' && fallback !== undefined) {
    const isOn = value === undefined ? fallback === true : value === true;
    // Back to what holds anyway, where the file does not say it: then it need not say it now.
    const isSaid = valueAt(jsonOf(draft.state.base), path) !== undefined;
    return (
      <span class="check-line">
        <input {...shared} type="checkbox" checked={isOn} onChange={() => put(!isOn === fallback && !isSaid ? undefined : !isOn)} />
        {value !== undefined && isSaid && (
          <Button kind="quiet" onPress={() => put(undefined)}>
            Default<span class="vh"> for {field.label}</span>
          </Button>
        )}
      </span>
    );
  }
  if (control.kind === 'choice' || control.kind === 'boolean') {
    const choices = control.kind === 'choice' ? control.choices : ['true', 'false'];
    const now = value === undefined ? '' : String(value);
    return (
      <select
        {...shared}
        class="input"
        value={now}
        onChange={({ currentTarget }) => {
          const next = currentTarget.value;
          put(next === '' ? undefined : control.kind === 'boolean' ? next === 'true' : next);
        }}
      >
        <option value="">{example ? `Default (${example})` : 'Default'}</option>
        {now !== '' && !choices.includes(now) && <option value={now}>{now}</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {control.kind === 'boolean' ? (choice === 'true' ? 'Yes' : 'No') : choice}
          </option>
        ))}
      </select>
    );
  }
  const input = {
    ...shared,
    class: field.isShort ? 'input is-short' : 'input',
    value: text,
    placeholder: example,
    spellcheck: false,
    autocomplete: 'off' as const,
    autocapitalize: 'off' as const,
    // An empty one that is not needed is not there: the default holds again.
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      put(currentTarget.value === '' && !required ? undefined : typed(control, currentTarget.value)),
  };
  // Long texts are long from the start: a control that changes under the hands would lose the focus.
  if (control.kind === 'text' && LONG.has(field.key)) return <textarea {...input} rows={3} />;
  const line =
    veil === 'hidden' ? (
      <input {...input} type="password" />
    ) : (
      <input {...input} type="text" {...(control.kind === 'number' ? { inputMode: 'numeric' as const } : {})} />
    );
  if (!veil) return line;
  return (
    <span class="list-line">
      {line}
      <Button kind="quiet" onPress={() => setVeil(veil === 'hidden' ? 'shown' : 'hidden')}>
        {veil === 'hidden' ? 'Show' : 'Hide'}
        <span class="vh"> {label ?? field.label}</span>
      </Button>
    </span>
  );
}
