// A program that was not found, and its remedy: its whole path, typed or chosen. It is written into the draft, which is saved as all
// of Settings is. Shown where the engine has said so, and nowhere else.
import { useState } from 'preact/hooks';
import { missesProgram } from '../../contract/program.ts';
import { shell } from '../client.ts';
import { valueAt } from '../settings/path.ts';
import { programPlace, type servicesOf } from '../settings/services.ts';
import { draft } from '../settings/use-draft.ts';
import { useLive } from '../store.ts';
import { Button } from '../ui/button.tsx';
import { idOf } from './settings-form.ts';

export function MissingProgram({ service, path }: { service: ReturnType<typeof servicesOf>[number]; path: readonly ['services', number] }) {
  const view = useLive((live) => live.snapshot?.services.find(({ id }) => id === service['id']));
  const [typed, setTyped] = useState('');
  const missing = view && missesProgram(view);
  const place = missing && programPlace(service, missing, view.lastAttempt?.remedy);
  if (!view || !place) return null;
  const program = String(valueAt(service, place));
  const use = (file: string) => draft.set([...path, ...place], file);
  return (
    <div class="proposal">
      <p>
        <strong>“{program}” was not found.</strong> {missing === 'check' ? `${view.message}. ` : 'So its repair can’t run. '}
        In a terminal, <code>command -v {program.split('/').at(-1)}</code> says where it is.
      </p>
      <span class="list-line">
        <input
          class="input"
          id={idOf([...path, 'program'])}
          aria-label={`Whole path of ${program}`}
          placeholder={`/opt/homebrew/bin/${program.split('/').at(-1)}`}
          spellcheck={false}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        {shell && (
          <Button
            onPress={() =>
              void shell?.('chooseProgram').then(
                (file) => file !== null && use(file),
                () => undefined,
              )
            }
            testId="choose-program"
          >
            Choose…
          </Button>
        )}
        <Button
          kind="primary"
          why={typed.startsWith('/') ? undefined : 'a whole path begins with /'}
          onPress={() => use(typed)}
          testId="use-program"
        >
          Use it
        </Button>
      </span>
    </div>
  );
}
