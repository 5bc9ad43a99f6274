import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from './find-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'find-program-'));
  for (const name of ['a', 'b', 'c/tool']) mkdirSync(path.join(folder, name), { recursive: true });
  writeFileSync(path.join(folder, 'a/tool'), '');
  writeFileSync(path.join(folder, 'b/tool'), '');
  chmodSync(path.join(folder, 'b/tool'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => names.map((name) => (name === '' || name === 'b' ? name : path.join(folder, name))).join(':');

test('the first that may be run, past one that may not and a folder of that name', async () => {
  const searchPath = at('c', 'a', '/b');
  expect(await findProgram('tool', { searchPath })).toEqual({ kind: 'found', path: path.join(folder, 'b/tool') });
  expect(await findProgram('tool', { searchPath: at('c', 'a') })).toEqual({ kind: 'not-executable', path: path.join(folder, 'a/tool') });
  expect(await findProgram('tool', { searchPath: at('c') })).toEqual({ kind: 'missing' });
  expect(await findProgram('tool', { searchPath: undefined })).toEqual({ kind: 'missing' });
});

test('what is relative counts from the folder in which it would be started, else from nowhere', async () => {
  expect(await findProgram('./b/tool', { searchPath: '', cwd: folder })).toMatchObject({ kind: 'found' });
  expect(await findProgram('./b/tool', { searchPath: '' })).toEqual({ kind: 'missing' });
  expect(await findProgram('tool', { searchPath: 'b', cwd: folder })).toMatchObject({ kind: 'found' });
  expect(await findProgram('tool', { searchPath: '', cwd: path.join(folder, 'b') })).toMatchObject({ kind: 'found' });
  expect(await findProgram('tool', { searchPath: 'b' })).toEqual({ kind: 'missing' });
});
