// The person's unsaved edit of the configuration: the text as it stands in the file, the text as they want it, what the
// engine says of it, and the way into the file. Lives as long as the window, so that neither another view nor an engine
// that went away loses it. Asks the engine; knows no view.
import { errorText, HealthError } from '../../contract/errors.ts';
import type { ConfigProblemView } from '../../contract/operations.ts';
import type { Client } from '../client.ts';
import { type Json, jsonOf, type Path, removeAt, setAt } from './json-text.ts';
import { pathText } from './path.ts';
import { isBelow } from './problems.ts';

export interface DraftState {
  /** `failed`: nothing could be loaded yet, `error` says why. */
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly error: HealthError | undefined;
  readonly path: string;
  readonly schema: object;
  /** As it stood in the file when the edit began. */
  readonly base: string;
  readonly text: string;
  readonly problems: readonly ConfigProblemView[];
  readonly warnings: readonly ConfigProblemView[];
  /** Whether `problems` are those of `text`. `unreachable`: the engine can't be asked at the moment. */
  readonly judged: 'yes' | 'waiting' | 'unreachable';
  readonly saving: boolean;
  readonly saveError: HealthError | undefined;
  /** The file as somebody else changed it meanwhile. */
  readonly conflict: string | undefined;
}
type Later = (then: () => void, ms: number) => () => void;

const JUDGE_AFTER_MS = 350;
const browserLater: Later = (then, ms) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};
const asHealth = (error: unknown) => (error instanceof HealthError ? error : new HealthError('internal', errorText(error)));

export function createDraft(ask: Client['ask'], later: Later = browserLater) {
  let state: DraftState = {
    phase: 'loading',
    error: undefined,
    path: '',
    schema: {},
    base: '',
    text: '',
    problems: [],
    warnings: [],
    judged: 'yes',
    saving: false,
    saveError: undefined,
    conflict: undefined,
  };
  const listeners = new Set<() => void>();
  /** Typing in one field is one edit: each letter starts again from the text before the first. */
  let typing: { place: string; before: string } | undefined;
  /** Problems of what was just added wait until the person has been at the field or wants to save. */
  let fresh: string | undefined;
  const touched = new Set<string>();
  let cancel = () => {};

  function change(part: Partial<DraftState>): void {
    state = { ...state, ...part };
    for (const tell of listeners) tell();
  }

  async function judge(): Promise<boolean> {
    cancel();
    const { text } = state;
    try {
      const { ok, problems, warnings } = await ask('validate', { text });
      if (state.text !== text) return false;
      change({ problems, warnings, judged: 'yes' });
      return ok;
    } catch {
      if (state.text === text) change({ judged: 'unreachable' });
      return false;
    }
  }

  function write(text: string, keepTyping = false): void {
    if (!keepTyping) typing = undefined;
    if (text === state.text) return;
    change({ text, judged: 'waiting', saveError: undefined });
    cancel();
    cancel = later(() => void judge(), JUDGE_AFTER_MS);
  }

  function edit(path: Path, how: (before: string) => string): void {
    const place = pathText(path);
    if (typing?.place !== place) typing = { place, before: state.text };
    write(how(typing.before), true);
  }

  async function load(): Promise<void> {
    if (isDirty()) return;
    try {
      const [file, schema] = await Promise.all([ask('config', {}), 'properties' in state.schema ? state.schema : ask('schema', {})]);
      if (isDirty()) return;
      typing = undefined;
      change({ ...file, base: file.text, schema, phase: 'ready', error: undefined, warnings: [], judged: 'yes', conflict: undefined });
    } catch (error) {
      change(state.phase === 'ready' ? { error: asHealth(error) } : { phase: 'failed', error: asHealth(error) });
    }
  }

  /** True when it is in the file. `base`: the text that may be overwritten. */
  async function save(base = state.base): Promise<boolean> {
    cancel();
    const { text } = state;
    change({ saving: true, saveError: undefined });
    try {
      const file = await ask('saveConfig', { text, base });
      // The file may end up written a little differently; what was typed meanwhile stays.
      change({
        ...file,
        base: file.text,
        text: state.text === text ? file.text : state.text,
        judged: 'yes',
        warnings: [],
        conflict: undefined,
      });
      fresh = undefined;
      typing = undefined;
      return true;
    } catch (caught) {
      const error = asHealth(caught);
      const problems = error.details['problems'];
      if (error.code === 'conflict') return await meet(error);
      if (Array.isArray(problems)) change({ problems: problems as ConfigProblemView[], judged: 'yes', saveError: error });
      else change({ saveError: error });
      return false;
    } finally {
      change({ saving: false });
    }
  }

  /** The file has changed meanwhile: shows how. True when it has become the very text that was to be saved. */
  async function meet(error: HealthError): Promise<boolean> {
    try {
      const theirs = await ask('config', {});
      const isSame = theirs.text === state.text;
      change(isSame ? { base: theirs.text, problems: theirs.problems, conflict: undefined } : { conflict: theirs.text });
      return isSame;
    } catch {
      change({ saveError: error });
      return false;
    }
  }

  function isDirty(): boolean {
    return state.phase === 'ready' && state.text !== state.base;
  }

  return {
    get state() {
      return state;
    },
    isDirty,
    load,
    save,
    judge,
    /** The whole text, as the text editor gives it. */
    write: (text: string) => write(text),
    set: (path: Path, value: Json) => write(setAt(state.text, path, value)),
    remove: (path: Path) => write(removeAt(state.text, path)),
    /** One more letter in the field at `path`; undefined: it was emptied. */
    type: (path: Path, value: Json | undefined) =>
      edit(path, (before) => (value === undefined ? removeAt(before, path) : setAt(before, path, value))),
    /** Back to the text of the file. */
    discard: () => {
      write(state.base);
      change({ conflict: undefined });
      fresh = undefined;
    },
    /** Drops the person's edit for the file as it is now. */
    takeTheirs: () => {
      change({ text: state.base, conflict: undefined });
      typing = undefined;
      return load();
    },
    overwrite: () => save(state.conflict),
    dismiss: () => change({ conflict: undefined, saveError: undefined }),
    added: (path: Path) => {
      fresh = pathText(path);
      touched.clear();
    },
    touch: (place: string) => {
      if (fresh === undefined || !isBelow(place, fresh) || touched.has(place)) return;
      touched.add(place);
      change({});
    },
    /** Nothing waits any longer: the person wants to save. */
    showAll: () => {
      fresh = undefined;
      change({});
    },
    visible: () => state.problems.filter(({ path }) => fresh === undefined || !isBelow(path, fresh) || touched.has(path)),
    isReadable: () => {
      const value = jsonOf(state.text);
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    },
    subscribe: (tell: () => void) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
  };
}
