// Settings: the configuration as a form made from its schema, and beside it the file as text. Both change the same draft;
// nothing is written before the person has seen what changes.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ConfigProblemView } from '../../contract/operations.ts';
import { fieldsOf } from '../settings/fields.ts';
import { jsonOf } from '../settings/json-text.ts';
import { valueAt } from '../settings/path.ts';
import { placeProblems } from '../settings/problems.ts';
import { servicesOf } from '../settings/services.ts';
import { draft, remind, useDraft } from '../settings/use-draft.ts';
import { useLive } from '../store.ts';
import { Button } from '../ui/button.tsx';
import { Card, Empty, Section, Skeleton } from '../ui/card.tsx';
import { Glyph } from '../ui/icon.tsx';
import { Ask } from './settings-ask.tsx';
import { FieldView, Problems } from './settings-field.tsx';
import { FileEditor, ProblemList } from './settings-file.tsx';
import { FormContext, focusOn, idOf } from './settings-form.ts';
import { SaveDialog } from './settings-save.tsx';
import { Services } from './settings-services.tsx';
import './settings.css';

/** Written for programs, not for the person who fills a form. */
const HIDDEN = new Set(['$schema']);

/** `service`: the one whose program is to be chosen. */
export function Settings({ service }: { service?: string }) {
  const state = useDraft();
  const epoch = useLive((live) => live.epoch);
  const [tab, setTab] = useState<'form' | 'file'>('form');
  const [goTo, setGoTo] = useState<{ line: number }>();
  const [isSaving, setSaving] = useState(false);
  const [said, say] = useState('');
  const hasFocused = useRef(false);
  const fields = useMemo(() => fieldsOf(state.schema).filter(({ key }) => !HIDDEN.has(key)), [state.schema]);
  const value = useMemo(() => jsonOf(state.text), [state.text]);
  const isReadable = typeof value === 'object' && value !== null && !Array.isArray(value);
  const visible = draft.visible();
  const placed = placeProblems(visible, fields, isReadable ? value : undefined);

  useEffect(() => {
    void (draft.isDirty() ? draft.judge() : draft.load());
  }, [epoch]);
  useEffect(() => {
    // Another program may have written the file while this window lay behind.
    const look = () => void draft.load();
    addEventListener('focus', look);
    return () => {
      removeEventListener('focus', look);
      remind();
    };
  }, []);
  useEffect(() => {
    if (state.phase !== 'ready' || hasFocused.current) return;
    hasFocused.current = true;
    const asked = servicesOf(draft.state.text).findIndex(({ id }) => id === service);
    if (asked >= 0) focusOn(['services', asked, 'program']);
    else if (draft.visible().length > 0) focusFirst();
  }, [state.phase]);

  function showLine(line: number): void {
    setTab('file');
    setGoTo({ line });
  }
  /** In the order of the file; one without a field stands above the form. */
  function focusFirst(): void {
    const [first] = draft.visible();
    const now = jsonOf(draft.state.text);
    if (!first) return;
    if (now === undefined) showLine(first.line);
    else if (tab === 'form') focusOn(placeProblems([first], fieldsOf(draft.state.schema), now).at.has(first.path) ? first.path : 'top');
  }
  async function review(): Promise<void> {
    draft.showAll();
    const isFit = await draft.judge();
    if (isFit) return setSaving(true);
    if (draft.state.judged === 'unreachable') return say('The engine does not answer. Your changes are kept here; try again in a moment.');
    const { length } = draft.state.problems;
    say(length === 1 ? 'One problem is to be mended first.' : `${length} problems are to be mended first.`);
    if (tab === 'file') showLine(draft.state.problems[0]?.line ?? 1);
    else focusFirst();
  }

  if (state.phase === 'failed') {
    return (
      <Empty title="The configuration can't be shown" level="h1">
        <p>{state.error?.message}</p>
        <p>{state.error?.hint}</p>
        <Button kind="primary" onPress={() => void draft.load()}>
          Try again
        </Button>
      </Empty>
    );
  }
  const isDirty = draft.isDirty();
  return (
    <div class="settings">
      <header class="settings-head">
        <h1>Settings</h1>
        <div class="tabs" role="tablist" aria-label="How to edit">
          {(['form', 'file'] as const).map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              id={`tab-${one}`}
              aria-selected={tab === one}
              aria-controls="settings-panel"
              tabIndex={tab === one ? 0 : -1}
              onClick={() => setTab(one)}
              onKeyDown={(event) => {
                if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
                const next = one === 'form' ? 'file' : 'form';
                setTab(next);
                document.getElementById(`tab-${next}`)?.focus();
              }}
            >
              {one === 'form' ? 'Form' : 'Edit the file'}
            </button>
          ))}
        </div>
      </header>
      <FormContext.Provider value={{ fields, value, placed, showLine }}>
        <div id="settings-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
          {state.phase === 'loading' ? (
            <Card>
              <Skeleton lines={6} />
            </Card>
          ) : tab === 'file' ? (
            <FileEditor goTo={goTo} />
          ) : (
            <>
              <TopProblems problems={placed.top} showLine={showLine} value={value} isReadable={isReadable} />
              {isReadable && <Form fields={fields} value={value} say={say} />}
            </>
          )}
        </div>
      </FormContext.Provider>
      <div class={`save-bar${isDirty || said ? ' is-up' : ''}`}>
        <p role="status">
          {said ||
            (isDirty
              ? visible.length > 0
                ? visible.length === 1
                  ? '1 problem.'
                  : `${visible.length} problems.`
                : 'Not saved yet.'
              : '')}
          {state.judged === 'unreachable' && isDirty && ' The engine does not answer; your changes are kept here.'}
        </p>
        {isDirty && (
          <>
            <Ask
              label="Discard"
              question="Drop all changes that are not saved?"
              yes="Drop them"
              onYes={() => {
                draft.discard();
                say('Back to the file as it is.');
              }}
            />
            <Button kind="primary" onPress={() => void review()} testId="review">
              Review and save
            </Button>
          </>
        )}
      </div>
      {isSaving && (
        <SaveDialog
          title="Save these changes?"
          done={(isSaved) => {
            setSaving(false);
            if (isSaved) say('Saved, and in force.');
            else if (draft.state.problems.length > 0) focusFirst();
          }}
        />
      )}
    </div>
  );
}

function Form({ fields, value, say }: { fields: ReturnType<typeof fieldsOf>; value: unknown; say: (words: string) => void }) {
  const groups = fields.filter(({ control }) => control.kind === 'object');
  const services = fields.find(({ key }) => key === 'services');
  // The note for people is long and last.
  const singles = fields
    .filter((field) => field !== services && !groups.includes(field))
    .toSorted((a, b) => Number(a.key === 'about') - Number(b.key === 'about'));
  return (
    <>
      {services && (
        <Section title="Services" id="settings-services">
          <Services field={services} say={say} />
        </Section>
      )}
      <Section title="General" id="settings-general">
        {singles.map((field) => (
          <FieldView key={field.key} field={field} path={[field.key]} value={valueAt(value, [field.key])} />
        ))}
      </Section>
      {groups.map((field) => (
        <Section key={field.key} title={field.label} id={`settings-${field.key}`}>
          <div id={idOf([field.key])} tabIndex={-1}>
            <p class="help group-help">{field.help}</p>
            <Problems path={[field.key]} />
            {field.control.kind === 'object' &&
              field.control.fields.map((one) => (
                <FieldView key={one.key} field={one} path={[field.key, one.key]} value={valueAt(value, [field.key, one.key])} />
              ))}
          </div>
        </Section>
      ))}
    </>
  );
}

function TopProblems({
  problems,
  showLine,
  value,
  isReadable,
}: {
  problems: readonly ConfigProblemView[];
  showLine: (line: number) => void;
  value: unknown;
  isReadable: boolean;
}) {
  if (problems.length === 0) return null;
  return (
    <div class="top-problems" id={idOf('top')} tabIndex={-1}>
      <h2>
        <Glyph name="warn" size={18} />
        {isReadable
          ? 'The file has problems that no field shows'
          : `The file is ${value === undefined ? 'not JSON yet' : 'JSON, but not an object in braces { }'}, so there is no form of it`}
      </h2>
      <ProblemList problems={problems} show={showLine} />
    </div>
  );
}
