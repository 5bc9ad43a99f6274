// Fields that hold others: objects, one of several types, and the frame of lists. A group is a fieldset, so that its name is
// read with each of its controls; rarely used settings wait behind "More".
import { useState } from 'preact/hooks';
import { typeName } from '../settings/explain.ts';
import { blankOf, type Control, type Field } from '../settings/fields.ts';
import type { Json, Path } from '../settings/json-text.ts';
import { pathText, valueAt } from '../settings/path.ts';
import { countBelow } from '../settings/problems.ts';
import { draft } from '../settings/use-draft.ts';
import { type FieldProps, FieldView, Problems, useBound, Words } from './settings-field.tsx';
import { idOf, useForm } from './settings-form.ts';
import { choicesOf, List, Names } from './settings-lists.tsx';

type Of<K extends Control['kind']> = Extract<Control, { readonly kind: K }>;

export function Group({ field, path, value }: FieldProps) {
  // A group itself can't be invalid, only be described as such.
  const form = useForm();
  const { 'aria-invalid': _, ...bound } = useBound(path, field.help);
  const { control } = field;
  return (
    <fieldset
      class={`field group ${control.kind === 'list' || control.kind === 'map' ? 'group-side' : 'group-head'}`}
      {...bound}
      tabIndex={-1}
    >
      <legend>
        {field.label}
        {field.required && <span class="needed"> (needed)</span>}
      </legend>
      <div class="field-control">
        {field.help && (
          <p class="help group-help" id={`${idOf(path)}-help`}>
            <Words text={field.help} />
          </p>
        )}
        <Problems path={path} isDeep={choicesOf(field, form.value, path) !== undefined} />
        {control.kind === 'object' && <Members fields={control.fields} path={path} value={value} />}
        {control.kind === 'union' && <Union control={control} path={path} value={value} of="check" label={field.label} />}
        {control.kind === 'map' && <Names control={control} path={path} value={value} />}
        {control.kind === 'list' && <List field={field} control={control} path={path} value={value} />}
      </div>
    </fieldset>
  );
}

/** The fields of an object: those that are needed or set, and the others behind "More". */
export function Members({
  fields,
  path,
  value,
  isMoreOnly,
}: {
  fields: readonly Field[];
  path: Path;
  value: unknown;
  isMoreOnly?: boolean;
}) {
  const { placed } = useForm();
  const place = (field: Field) => [...path, field.key];
  // Decided once: a field does not jump to another place while it is typed in.
  const [front] = useState(() => {
    const used = fields.filter(({ key, required }) => required || valueAt(value, [key]) !== undefined);
    return new Set((used.length > 0 || isMoreOnly ? used : fields.slice(0, 2)).map(({ key }) => key));
  });
  const rest = fields.filter(({ key }) => !front.has(key));
  const isWrong = rest.some((field) => countBelow(placed, place(field)) > 0);
  const view = (field: Field) => <FieldView key={field.key} field={field} path={place(field)} value={valueAt(value, [field.key])} />;
  return (
    <>
      {fields.filter(({ key }) => front.has(key)).map(view)}
      {rest.length > 0 && (
        <details class="more" open={isWrong || undefined}>
          <summary>
            More <span class="more-names">{rest.map(({ label }) => label).join(', ')}</span>
          </summary>
          {rest.map(view)}
        </details>
      )}
    </>
  );
}

/** What was set for another type waits here, for who goes back to it. */
const before = new Map<string, Json>();

export function Union({
  control,
  path,
  value,
  of,
  label,
}: {
  control: Of<'union'>;
  path: Path;
  value: unknown;
  of: 'check' | 'remedy';
  label: string;
}) {
  const type = String(valueAt(value, ['type']) ?? '');
  const variant = control.variants.find((one) => one.type === type);
  const bound = useBound([...path, 'type'], '');
  const change = (next: string) => {
    const here = pathText(path);
    if (value !== undefined) before.set(`${here} ${type}`, value as Json);
    const blank = before.get(`${here} ${next}`) ?? blankOf(control, next);
    draft.set(path, blank);
  };
  return (
    <>
      <div class="field">
        <label for={bound.id}>Type</label>
        <div class="field-control">
          <select
            {...bound}
            aria-label={`${label}: type`}
            class="input"
            value={type}
            onChange={({ currentTarget }) => change(currentTarget.value)}
          >
            {!variant && <option value={type}>{type || 'Choose…'}</option>}
            {control.variants.map((one) => (
              <option key={one.type} value={one.type}>
                {typeName(one.type, of)}
              </option>
            ))}
          </select>
          <Problems path={[...path, 'type']} />
        </div>
      </div>
      {variant && <Members key={type} fields={variant.fields} path={path} value={value} />}
    </>
  );
}
