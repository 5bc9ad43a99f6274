import { type FSWatcher, mkdtempSync, rmSync } from 'node:fs';
import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TimersPort } from '../../contract/ports.ts';
import { type ConfigWatchOptions, watchConfig } from './config-watch.ts';

let home: string;
let path: string;
let open: { close(): void }[] = [];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'health-watch-'));
  path = join(home, 'config.json');
  await writeFile(path, 'first');
});
afterEach(() => {
  for (const watching of open.splice(0)) watching.close();
  open = [];
  rmSync(home, { recursive: true, force: true });
});

/** Real timers, shortened: what is tested is the order of events, not the wait. */
const timers: TimersPort = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms / 10);
    return () => clearTimeout(timer);
  },
  sleep: (ms) => new Promise((done) => setTimeout(done, ms / 10)),
};
function watching(extra: Partial<ConfigWatchOptions> = {}) {
  const texts: string[] = [];
  const troubles: string[] = [];
  const watch = watchConfig({
    path,
    timers,
    text: 'first',
    onChange: (text) => texts.push(text),
    onTrouble: (error) => troubles.push((error as { code: string }).code),
    ...extra,
  });
  open.push(watch);
  return { texts, troubles, close: watch.close };
}
async function eventually(texts: string[], expected: string[]) {
  await vi.waitFor(() => expect(texts).toEqual(expected), { timeout: 10_000, interval: 10 });
}
async function replace(text: string) {
  await writeFile(join(home, 'config.json.new'), text);
  await rename(join(home, 'config.json.new'), path);
}

it('hands over what an editor saves in place, then what one saves by rename, each once', async () => {
  const { texts } = watching();
  await writeFile(path, 'second');
  await eventually(texts, ['second']);
  await replace('third');
  await eventually(texts, ['second', 'third']);
  // The same text again is no change; the next real one is.
  await replace('third');
  await writeFile(join(home, 'health.log'), 'somebody else writes beside it');
  await replace('fourth');
  await eventually(texts, ['second', 'third', 'fourth']);
});

it('hands over what changed before the watch stood', async () => {
  await writeFile(path, 'changed meanwhile');
  const { texts } = watching();
  await eventually(texts, ['changed meanwhile']);
});

it('tells once that the file is gone, and takes it up again when it is back', async () => {
  const { texts, troubles } = watching();
  await rm(path);
  await eventually(troubles, ['config-missing']);
  await replace('back');
  await eventually(texts, ['back']);
  expect(troubles).toEqual(['config-missing']);
});

it('tells the same text once more when it was gone meanwhile', async () => {
  const { texts, troubles } = watching();
  await rm(path);
  await vi.waitFor(() => expect(troubles).toHaveLength(1), { timeout: 10_000, interval: 10 });
  await replace('first');
  await eventually(texts, ['first']);
});

it('follows a link to a file in another folder', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'health-dotfiles-'));
  try {
    await writeFile(join(elsewhere, 'mine.json'), 'first');
    await rm(path);
    await symlink(join(elsewhere, 'mine.json'), path);
    let watched = 0;
    const { watch } = await import('node:fs');
    const { texts } = watching({
      watchFolder: ((...args: Parameters<typeof watch>) => {
        watched += 1;
        return watch(...args);
      }) as typeof watch,
    });
    await vi.waitFor(() => expect(watched).toBe(2));
    await writeFile(join(elsewhere, 'mine.json'), 'second');
    await eventually(texts, ['second']);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

it('looks by itself where the system has no watches left', async () => {
  const { texts } = watching({
    watchFolder: (() => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    }) as unknown as (folder: string) => FSWatcher as never,
  });
  await writeFile(path, 'second');
  await eventually(texts, ['second']);
  await replace('third');
  await eventually(texts, ['second', 'third']);
});

it('is silent once it is closed', async () => {
  const { texts, troubles, close } = watching();
  close();
  await writeFile(path, 'second');
  const later = watching();
  await eventually(later.texts, ['second']);
  expect({ texts, troubles }).toEqual({ texts: [], troubles: [] });
});
