// The unsaved edit survives slow, failing and contradicting answers, and reaches the file only as it was seen.
import { describe, expect, it, vi } from 'vitest';
import { HealthError } from '../../contract/errors.ts';
import type { Client } from '../client.ts';
import { createDraft } from './draft.ts';

const TEXT = '{ "interval": "5m", "services": [] }';
const problem = { path: 'interval', line: 1, column: 3, found: 'x', allowed: 'y', message: 'z' };

/** An engine whose answers a story sets; `run` lets the waiting judgement begin. */
function story(answers: Partial<Record<string, (input: Record<string, unknown>) => unknown>> = {}) {
  const calls: [string, unknown][] = [];
  const file = { text: TEXT };
  const standard: Record<string, (input: Record<string, unknown>) => unknown> = {
    config: () => ({ path: '/c', text: file.text, problems: [] }),
    schema: () => ({ properties: {} }),
    validate: () => ({ ok: true, problems: [], warnings: [] }),
    saveConfig: ({ text }) => {
      file.text = String(text);
      return { path: '/c', text, problems: [] };
    },
  };
  const waiting = new Set<() => void>();
  const ask = (async (name: string, input: Record<string, unknown>) => {
    calls.push([name, input]);
    return (answers[name] ?? standard[name])?.(input);
  }) as unknown as Client['ask'];
  const draft = createDraft(ask, (then) => {
    waiting.add(then);
    return () => waiting.delete(then);
  });
  const run = () => {
    for (const then of [...waiting]) then();
    waiting.clear();
  };
  return { draft, file, run, answers, names: () => calls.map(([name]) => name), last: () => calls.at(-1)?.[1] };
}

describe('the draft', () => {
  it('loads, edits, is judged once after a burst of letters, and saves with its base', async () => {
    const { draft, run, names, last } = story();
    await draft.load();
    for (const text of ['4', '4m', '4m0', '4m']) draft.type(['interval'], text);
    expect(draft.state).toMatchObject({ text: TEXT.replace('5m', '4m'), judged: 'waiting' });
    run();
    await vi.waitFor(() => expect(draft.state.judged).toBe('yes'));
    expect(names().filter((name) => name === 'validate')).toHaveLength(1);
    expect(await draft.save()).toBe(true);
    expect(last()).toEqual({ text: TEXT.replace('5m', '4m'), base: TEXT });
    expect(draft.isDirty()).toBe(false);
  });

  it('a judgement of an older text is dropped', async () => {
    let answer = (_: unknown) => {};
    const { draft, run } = story({ validate: () => new Promise((resolve) => (answer = resolve)) });
    await draft.load();
    draft.type(['interval'], 'x');
    run();
    draft.type(['interval'], '6m');
    answer({ ok: false, problems: [problem], warnings: [] });
    await Promise.resolve();
    expect(draft.state).toMatchObject({ problems: [], judged: 'waiting' });
  });

  it('keeps the edit when the engine is away: judging, saving and loading again do not touch it', async () => {
    const gone = () => {
      throw new HealthError('no-engine', 'The engine does not answer.');
    };
    const { draft, answers } = story();
    await draft.load();
    draft.set(['interval'], '6m');
    Object.assign(answers, { validate: gone, saveConfig: gone, config: gone });
    expect(await draft.judge()).toBe(false);
    expect(draft.state.judged).toBe('unreachable');
    expect(await draft.save()).toBe(false);
    expect(draft.state.saveError?.code).toBe('no-engine');
    await draft.load();
    expect(draft.state).toMatchObject({ phase: 'ready', text: TEXT.replace('5m', '6m'), base: TEXT, saving: false });
  });

  it('a load that began before the edit does not overwrite it', async () => {
    let answer = (_: unknown) => {};
    const { draft, answers } = story();
    await draft.load();
    answers['config'] = () => new Promise((resolve) => (answer = resolve));
    const loading = draft.load();
    draft.set(['interval'], '6m');
    answer({ path: '/c', text: '{}', problems: [] });
    await loading;
    expect(draft.state.text).toBe(TEXT.replace('5m', '6m'));
  });

  it('meets a file that has changed: the same change is no conflict, another is, and both ways out work', async () => {
    const { draft, file, answers } = story();
    const saveConfig = ({ text, base }: Record<string, unknown>) => {
      if (base !== file.text) throw new HealthError('conflict', 'changed');
      file.text = String(text);
      return { path: '/c', text, problems: [] };
    };
    Object.assign(answers, { saveConfig });
    await draft.load();
    draft.set(['interval'], '6m');
    file.text = TEXT.replace('5m', '6m');
    expect(await draft.save()).toBe(true);
    expect(draft.state).toMatchObject({ conflict: undefined, base: file.text });
    expect(draft.isDirty()).toBe(false);

    draft.set(['interval'], '7m');
    file.text = TEXT.replace('5m', '8m');
    expect(await draft.save()).toBe(false);
    expect(draft.state.conflict).toBe(file.text);
    expect(await draft.overwrite()).toBe(true);
    expect(file.text).toBe(TEXT.replace('5m', '7m'));

    draft.set(['interval'], '9m');
    file.text = TEXT;
    await draft.save();
    await draft.takeTheirs();
    expect(draft.state).toMatchObject({ text: TEXT, base: TEXT, conflict: undefined });
  });

  it('a refused save brings its problems', async () => {
    const { draft } = story({
      saveConfig: () => {
        throw new HealthError('config-invalid', 'refused', { details: { problems: [problem] } });
      },
    });
    await draft.load();
    draft.set(['interval'], 'x');
    expect(await draft.save()).toBe(false);
    expect(draft.visible()).toEqual([problem]);
  });

  it('what was just added is not scolded before it was touched or is to be saved', async () => {
    const inNew = { ...problem, path: 'services[0].check.port' };
    const { draft } = story({ validate: () => ({ ok: false, problems: [problem, inNew], warnings: [] }) });
    await draft.load();
    draft.added(['services', 0]);
    draft.set(['services', 0], { id: 'a' });
    await draft.judge();
    expect(draft.visible()).toEqual([problem]);
    draft.touch('services[0].check.port');
    expect(draft.visible()).toEqual([problem, inNew]);
    draft.added(['services', 0]);
    draft.showAll();
    expect(draft.visible()).toHaveLength(2);
  });

  it('two equal removals are two removals', async () => {
    const { draft, file } = story();
    file.text = '[1, 2, 3]';
    await draft.load();
    draft.remove([0]);
    draft.remove([0]);
    expect(draft.state.text).toBe('[3]');
    draft.discard();
    expect(draft.isDirty()).toBe(false);
  });

  it('says why nothing could be loaded, and tries again', async () => {
    const { draft, answers } = story({
      config: () => {
        throw new Error('odd');
      },
    });
    await draft.load();
    expect(draft.state).toMatchObject({ phase: 'failed', error: { code: 'internal', message: 'odd' } });
    delete answers['config'];
    await draft.load();
    expect(draft.state).toMatchObject({ phase: 'ready', error: undefined });
  });
});
