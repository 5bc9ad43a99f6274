// The last look before the file is written: what changes, line by line; and, when somebody else has changed the file
// meanwhile, both changes and the choice between them. A native dialog: the focus stays in it, Escape closes it.
import { useEffect, useRef } from 'preact/hooks';
import { diffLines } from '../settings/diff.ts';
import { draft, useDraft } from '../settings/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { Banner } from '../ui/card.tsx';
import { Diff } from './settings-diff.tsx';
import { Rehearsal } from './settings-rehearsal.tsx';

/** `means`: what the change means, as names with words. `done` is told whether it is saved. */
export function SaveDialog({
  title,
  means = [],
  done,
}: {
  title: string;
  means?: readonly (readonly [string, string])[];
  done: (isSaved: boolean) => void;
}) {
  const { base, text, path, warnings, saving, saveError, conflict } = useDraft();
  const dialog = useRef<HTMLDialogElement>(null);
  const end = useRef(done);
  end.current = done;
  useEffect(() => {
    dialog.current?.showModal();
    return () => draft.dismiss();
  }, []);
  const finish = (isSaved: boolean) => {
    dialog.current?.close();
    end.current(isSaved);
  };
  const save = async (how: () => Promise<boolean>) => (await how()) && finish(true);
  // Of what the engine wonders about, only what this change brings; proposed repairs have their own button.
  const fresh = new Set(diffLines(base, text).flatMap(({ kind, after }) => (kind === 'new' && after ? [after] : [])));
  const isRefused = saveError?.code === 'config-invalid';
  useEffect(() => {
    if (isRefused) finish(false);
  }, [isRefused]);
  return (
    <dialog
      ref={dialog}
      class="save-dialog"
      aria-labelledby="save-title"
      onCancel={(event) => {
        event.preventDefault();
        if (!saving) finish(false);
      }}
    >
      <h2 id="save-title" tabIndex={-1}>
        {conflict === undefined ? title : 'The file was changed meanwhile'}
      </h2>
      <div aria-live="assertive">
        {saveError && !isRefused && <Banner kind="error" title="Not saved." text={`${saveError.message} Your changes are kept here.`} />}
        {conflict !== undefined && (
          <Banner
            kind="warning"
            title="Nothing was written."
            text="Somebody, or another window, saved this file after you began. Both changes are shown; only one can stay."
          />
        )}
      </div>
      {conflict === undefined ? (
        <>
          {means.length > 0 && (
            <dl class="means">
              {means.map(([name, words]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{words}</dd>
                </div>
              ))}
            </dl>
          )}
          {warnings
            .filter(({ path: place, line }) => fresh.has(line) && !place.endsWith('proposed'))
            .map(({ path: place, found, allowed }) => (
              <Banner key={place} kind="warning" title={`Is ${place} meant?`} text={`${found}: ${allowed}`} />
            ))}
          <Rehearsal text={text} />
          <p class="help">{path}</p>
          <Diff before={base} after={text} label="What changes in the file" />
          <div class="dialog-actions">
            <Button onPress={() => finish(false)} why={saving ? 'it is being saved' : undefined}>
              Cancel
            </Button>
            <Button kind="primary" isBusy={saving} onPress={() => void save(() => draft.save())} testId="save">
              Save
            </Button>
          </div>
        </>
      ) : (
        <>
          <h3>Changed in the file</h3>
          <Diff before={base} after={conflict} label="What was changed in the file meanwhile" />
          <h3>Your change</h3>
          <Diff before={base} after={text} label="What you have changed" />
          <div class="dialog-actions">
            <Button onPress={() => finish(false)}>Decide later</Button>
            <Button onPress={() => void draft.takeTheirs().then(() => finish(false))} testId="take-theirs">
              Load the file, drop my change
            </Button>
            <Button kind="danger" isBusy={saving} onPress={() => void save(draft.overwrite)} testId="overwrite">
              Overwrite it with mine
            </Button>
          </div>
        </>
      )}
    </dialog>
  );
}
