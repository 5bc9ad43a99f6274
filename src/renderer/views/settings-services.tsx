// The watched services as a list that unfolds: what is looked at, what may be repaired, the repair that is proposed and the one
// button that allows it; add and remove.
import { useState } from 'preact/hooks';
import { explainCheck, explainRemedy, typeName } from '../settings/explain.ts';
import type { Field } from '../settings/fields.ts';
import { countBelow } from '../settings/problems.ts';
import { addService, allowRepair, dependents, nameOf, removeService, servicesOf } from '../settings/services.ts';
import { draft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { Glyph } from '../ui/icon.tsx';
import { Ask } from './settings-ask.tsx';
import { FieldView, Problems } from './settings-field.tsx';
import { focusOn, idOf, useForm } from './settings-form.ts';
import { Members, Union } from './settings-group.tsx';
import { MissingProgram } from './settings-program.tsx';
import { Remedies } from './settings-remedies.tsx';

type Service = ReturnType<typeof servicesOf>[number];
/** With more problems than that, nothing unfolds by itself: the page must stay usable. */
const FEW = 20;
const FRONT = ['name', 'id', 'enabled'];
const OWN = [...FRONT, 'check', 'recovery', 'proposed'];

export function Services({ field, say }: { field: Field; say: (words: string) => void }) {
  const { placed } = useForm();
  const [type, setType] = useState('http');
  const [opened, setOpened] = useState<ReadonlyMap<number, boolean>>(new Map());
  const item = field.control.kind === 'list' ? field.control.item : undefined;
  const members = item?.control.kind === 'object' ? item.control.fields : [];
  const check = members.find(({ key }) => key === 'check')?.control;
  const services = servicesOf(draft.state.text);
  if (!item) return null;
  const isOpen = (n: number) => opened.get(n) ?? (placed.at.size <= FEW && countBelow(placed, ['services', n]) > 0);
  const open = (n: number, is: boolean) => setOpened(new Map(opened).set(n, is));
  const add = () => {
    const n = services.length;
    draft.added(['services', n]);
    draft.write(addService(draft.state.text, item, type));
    open(n, true);
    focusOn(`services[${n}].name`);
    say('A service was added. It is not saved yet.');
  };
  return (
    <div class="service-rows" id={idOf('services')} tabIndex={-1}>
      <Problems path={['services']} />
      {services.length === 0 && (
        <p class="help">Nothing is watched yet. Add a service, or see what runs on this machine under “Watch something”.</p>
      )}
      <ul class="plain-list">
        {services.map((service, n) => (
          <ServiceItem
            key={n}
            service={service}
            index={n}
            members={members}
            isOpen={isOpen(n)}
            setOpen={(is) => open(n, is)}
            say={say}
            onRemoved={() => {
              setOpened(new Map());
              focusOn(n > 0 ? `services[${n - 1}]` : 'services');
            }}
          />
        ))}
      </ul>
      <div class="add-service">
        <select
          class="input"
          aria-label="Type of the new service"
          value={type}
          onChange={({ currentTarget }) => setType(currentTarget.value)}
        >
          {check?.kind === 'union' &&
            check.variants.map((one) => (
              <option key={one.type} value={one.type}>
                {typeName(one.type, 'check')}
              </option>
            ))}
        </select>
        <Button icon="watch" onPress={add} testId="add-service">
          Add a service
        </Button>
        <a href="#/watch">See what runs here</a>
      </div>
    </div>
  );
}

interface ItemProps {
  service: Service;
  index: number;
  members: readonly Field[];
  isOpen: boolean;
  setOpen: (is: boolean) => void;
  say: (words: string) => void;
  onRemoved: () => void;
}
function ServiceItem({ service, index, members, isOpen, setOpen, say, onRemoved }: ItemProps) {
  const { placed } = useForm();
  const path = ['services', index] as const;
  const name = nameOf(service, index);
  const wrong = countBelow(placed, path);
  const recovery = Array.isArray(service['recovery']) ? service['recovery'] : [];
  const proposed = Array.isArray(service['proposed']) ? service['proposed'] : [];
  return (
    <li class={`service-item${isOpen ? ' is-open' : ''}${wrong ? ' is-wrong' : ''}`}>
      <h3>
        <button type="button" class="unfold" id={idOf(path)} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <Glyph name="chevron" />
          <span class="unfold-words">
            <strong>{name}</strong>
            <small>
              {explainCheck(service['check'])}
              {service['enabled'] === false && ' · off'}
            </small>
          </span>
          {wrong > 0 && (
            <span class="pill red">
              <Glyph name="warn" size={14} />
              {wrong === 1 ? '1 problem' : `${wrong} problems`}
            </span>
          )}
          {wrong === 0 && recovery.length > 0 && (
            <span class="pill">{recovery.length === 1 ? 'Repair allowed' : `${recovery.length} repairs allowed`}</span>
          )}
          {wrong === 0 && recovery.length === 0 && <span class="pill">Only watched</span>}
        </button>
      </h3>
      <MissingProgram service={service} path={path} />
      {proposed.map((remedy, n) => (
        <div class="proposal" key={n} id={idOf([...path, 'proposed', n])}>
          <p>
            <strong>Proposed repair.</strong> {explainRemedy(remedy)}
          </p>
          <Button
            kind="primary"
            testId="allow-repair"
            onPress={() => {
              draft.write(allowRepair(draft.state.text, index, n));
              say(`The repair of ${name} is allowed as soon as you save.`);
              focusOn(path);
            }}
          >
            Allow this repair<span class="vh"> of {name}</span>
          </Button>
          <Problems isDeep path={[...path, 'proposed', n]} />
        </div>
      ))}
      {isOpen && <Body service={service} index={index} members={members} name={name} onRemoved={onRemoved} say={say} />}
    </li>
  );
}

function Body({
  service,
  index,
  members,
  name,
  onRemoved,
  say,
}: Pick<ItemProps, 'service' | 'index' | 'members' | 'onRemoved' | 'say'> & { name: string }) {
  const path = ['services', index] as const;
  const one = (key: string) => members.find((field) => field.key === key);
  const check = one('check');
  const recovery = one('recovery');
  const others = dependents(draft.state.text, index);
  return (
    <div class="service-body">
      <Problems path={path} />
      {FRONT.map(one).map(
        (field) => field && <FieldView key={field.key} field={field} path={[...path, field.key]} value={service[field.key]} />,
      )}
      {check?.control.kind === 'union' && (
        <fieldset class="field group group-head" id={idOf([...path, 'check'])} tabIndex={-1}>
          <legend>{check.label}</legend>
          <div class="field-control">
            <Problems path={[...path, 'check']} />
            <Union control={check.control} path={[...path, 'check']} value={service['check']} of="check" label={check.label} />
          </div>
        </fieldset>
      )}
      {recovery && <Remedies field={recovery} path={[...path, 'recovery']} value={service['recovery']} />}
      <Members isMoreOnly fields={members.filter(({ key }) => !OWN.includes(key))} path={path} value={service} />
      <Ask
        label={`Remove ${name}`}
        question={`Stop watching ${name}? Its history stays.${others.length > 0 ? ` ${others.join(', ')} will no longer depend on it.` : ''}`}
        yes="Remove"
        onYes={() => {
          draft.write(removeService(draft.state.text, index));
          say(`${name} is removed as soon as you save.`);
          onRemoved();
        }}
      />
    </div>
  );
}
