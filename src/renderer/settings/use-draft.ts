// The one draft of this window, for every view that changes the configuration; the page is not closed over unsaved
// changes without a question, and another view reminds of them.
import { useEffect, useState } from 'preact/hooks';
import { client } from '../client.ts';
import { createDraft, type DraftState } from './draft.ts';

export const draft = createDraft((name, input) => client.ask(name, input));

addEventListener('beforeunload', (event) => {
  if (draft.isDirty()) event.preventDefault();
});

export function useDraft(): DraftState {
  const [, force] = useState(0);
  useEffect(() => draft.subscribe(() => force((n) => n + 1)), []);
  return draft.state;
}

/** Where the person has gone elsewhere with unsaved changes: they wait, and this says so. */
export function remind(): void {
  if (!draft.isDirty()) return;
  const note = document.createElement('aside');
  note.className = 'unsaved-note';
  note.setAttribute('aria-label', 'Unsaved changes');
  const words = document.createElement('p');
  words.setAttribute('role', 'status');
  const back = document.createElement('a');
  back.className = 'button primary';
  back.href = '#/settings';
  back.textContent = 'Back to Settings';
  const later = document.createElement('button');
  later.type = 'button';
  later.className = 'button plain';
  later.textContent = 'Later';
  note.append(words, back, later);
  document.body.append(note);
  // A live region speaks of what changes in it, not of what it came with.
  words.textContent = 'Your changes in Settings are kept, but not saved yet.';
  const stop = draft.subscribe(() => !draft.isDirty() && end());
  const end = () => {
    stop();
    note.remove();
    removeEventListener('hashchange', moved);
  };
  const moved = () => /^#\/(settings|watch)/.test(location.hash) && end();
  addEventListener('hashchange', moved);
  later.addEventListener('click', end);
}
