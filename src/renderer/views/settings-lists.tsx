// Lists and names with values: items that are typed, ticked where what fits is known, added and removed one by one.
import { useState } from 'preact/hooks';
import { blankOf, type Control, type Field } from '../settings/fields.ts';
import type { Json, Path } from '../settings/json-text.ts';
import { valueAt } from '../settings/path.ts';
import { draft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { Input, Problems } from './settings-field.tsx';
import { focusOn, idOf, useForm } from './settings-form.ts';

type Of<K extends Control['kind']> = Extract<Control, { readonly kind: K }>;

export function List({ field, control, path, value }: { field: Field; control: Of<'list'>; path: Path; value: unknown }) {
  const form = useForm();
  const { item } = control;
  const choices = choicesOf(field, form.value, path);
  if (choices) return <Choices choices={choices} path={path} value={value} fallback={field.fallback} />;
  const items = Array.isArray(value) ? value : [];
  const add = () => {
    draft.set([...path, items.length], blankOf(item.control));
    focusOn([...path, items.length]);
  };
  const shownDefault = value === undefined && Array.isArray(field.fallback) && field.fallback.length > 0 ? field.fallback.join(', ') : '';
  return (
    <div class="list">
      {shownDefault && <p class="help">Default: {shownDefault}</p>}
      {items.map((one, n) => (
        <div class="list-item" key={n}>
          <span class="list-line">
            <Input field={item} path={[...path, n]} value={one} label={`${field.label}, ${n + 1}`} />
            <Button
              kind="quiet"
              icon="close"
              label={`Remove ${field.label.toLowerCase()}, ${n + 1}`}
              onPress={() => {
                // An empty list says "none"; without the key the default holds.
                draft.remove(items.length === 1 ? path : [...path, n]);
                focusOn(n > 0 ? [...path, n - 1] : path);
              }}
            />
          </span>
          <Problems path={[...path, n]} />
        </div>
      ))}
      <Button kind="quiet" icon="watch" onPress={add}>
        Add<span class="vh"> to {field.label.toLowerCase()}</span>
      </Button>
    </div>
  );
}

/** What a list can hold, where that is known: it is ticked, not typed. */
export function choicesOf({ key, control }: Field, value: unknown, path: Path): readonly string[] | undefined {
  if (key === 'dependsOn') return otherIds(value, path);
  return control.kind === 'list' && control.item.control.kind === 'choice' ? control.item.control.choices : undefined;
}

function otherIds(value: unknown, path: Path): string[] {
  const own = valueAt(value, [...path.slice(0, -1), 'id']);
  const services = valueAt(value, ['services']);
  const ids = Array.isArray(services) ? services.map((service) => valueAt(service, ['id'])) : [];
  return ids.filter((id): id is string => typeof id === 'string' && id !== own);
}

function Choices({ choices, path, value, fallback }: { choices: readonly string[]; path: Path; value: unknown; fallback: unknown }) {
  const now = (Array.isArray(value) ? value : Array.isArray(fallback) ? fallback : []).map(String);
  const all = [...new Set([...choices, ...now])];
  const toggle = (choice: string) => {
    const at = now.indexOf(choice);
    if (!Array.isArray(value)) draft.set(path, at < 0 ? [...now, choice] : now.filter((one) => one !== choice));
    else if (at < 0) draft.set([...path, now.length], choice);
    else draft.remove([...path, at]);
  };
  if (all.length === 0) return <p class="help">There is nothing to choose from.</p>;
  return (
    <div class="choices">
      {all.map((choice) => (
        <label key={choice}>
          <input type="checkbox" checked={now.includes(choice)} onChange={() => toggle(choice)} /> {choice}
        </label>
      ))}
    </div>
  );
}

export function Names({ control, path, value }: { control: Of<'map'>; path: Path; value: unknown }) {
  const [name, setName] = useState('');
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const id = `${idOf(path)}-new`;
  const add = () => {
    if (name === '') return document.getElementById(id)?.focus();
    draft.set([...path, name], valueAt(value, [name]) === undefined ? '' : (valueAt(value, [name]) as Json));
    focusOn([...path, name]);
    setName('');
  };
  return (
    <div class="list">
      {entries.map(([key, one]) => (
        <div class="list-item" key={key}>
          <span class="list-line">
            <code class="name">{key}</code>
            <Input field={control.item} path={[...path, key]} value={one} label={`Value of ${key}`} />
            <Button
              kind="quiet"
              icon="close"
              label={`Remove ${key}`}
              onPress={() => draft.remove(entries.length === 1 ? path : [...path, key])}
            />
          </span>
          <Problems path={[...path, key]} />
        </div>
      ))}
      <span class="list-line">
        <input
          id={id}
          class="input"
          aria-label="New name"
          placeholder="New name"
          spellcheck={false}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && add()}
        />
        <Button kind="quiet" icon="watch" onPress={add}>
          Add<span class="vh"> this name</span>
        </Button>
      </span>
    </div>
  );
}
