// The repairs of a service: each as the sentence that says what it may do, its settings folded beneath.
import { useState } from 'preact/hooks';
import { explainRemedy, typeName } from '../settings/explain.ts';
import { blankOf } from '../settings/fields.ts';
import { countBelow } from '../settings/problems.ts';
import { draft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { type FieldProps, Problems } from './settings-field.tsx';
import { focusOn, idOf, useForm } from './settings-form.ts';
import { Union } from './settings-group.tsx';

/** The allowed repairs of a service: what each may do, its settings folded, and one more. */
export function Remedies({ field, path, value }: FieldProps) {
  const { placed } = useForm();
  const union = field.control.kind === 'list' && field.control.item.control.kind === 'union' ? field.control.item.control : undefined;
  const items = Array.isArray(value) ? value : [];
  const [type, setType] = useState('');
  if (!union) return null;
  return (
    <fieldset class="field group group-head remedies" id={idOf(path)} tabIndex={-1}>
      <legend>Repairs</legend>
      <div class="field-control">
        <p class="help group-help">
          {items.length > 1
            ? 'Tried in this order.'
            : items.length === 0
              ? 'Nothing is repaired; you are told when it fails.'
              : 'Tried when it fails.'}
        </p>
        <Problems path={path} />
        {items.map((item, n) => (
          <details class="remedy" key={n} open={countBelow(placed, [...path, n]) > 0 || undefined}>
            <summary id={idOf([...path, n])}>{explainRemedy(item)}</summary>
            <Problems path={[...path, n]} />
            <Union control={union} path={[...path, n]} value={item} of="remedy" label={`Repair ${n + 1}`} />
            <Button
              kind="danger"
              onPress={() => {
                draft.remove([...path, n]);
                focusOn(path);
              }}
            >
              Do not repair it like this
            </Button>
          </details>
        ))}
        <span class="list-line">
          <select
            class="input"
            aria-label="Type of the new repair"
            value={type}
            onChange={({ currentTarget }) => setType(currentTarget.value)}
          >
            <option value="">Add a repair…</option>
            {union.variants.map((one) => (
              <option key={one.type} value={one.type}>
                {typeName(one.type, 'remedy')}
              </option>
            ))}
          </select>
          <Button
            why={type === '' ? 'choose a type first' : undefined}
            onPress={() => {
              const at = [...path, items.length];
              draft.added(at);
              draft.set(at, blankOf(union, type));
              setType('');
              focusOn(at);
            }}
          >
            Add
          </Button>
        </span>
      </div>
    </fieldset>
  );
}
