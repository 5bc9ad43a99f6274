import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openApiToken } from './api-token.ts';

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'jh-token-'));
  file = path.join(home, 'api-token');
});
afterEach(async () => {
  await chmod(home, 0o700);
  await rm(home, { recursive: true, force: true });
});

async function open() {
  const quarantined: string[] = [];
  const troubles: string[] = [];
  const token = await openApiToken({
    home,
    clock: { now: () => ({ wallMs: Date.parse('2026-01-31T08:00:00Z'), bootMs: 0, awakeMs: 0, boot: 'b' }) },
    onQuarantine: (_file, _moved, why) => void quarantined.push(why),
    onTrouble: (message) => void troubles.push(message),
  });
  return { token, quarantined, troubles };
}

it('is made once, for its user only, and kept', async () => {
  const first = await open();
  expect(first.token).toMatch(/^[\w-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toBe(`${first.token}\n`);
  expect(await open()).toEqual({ token: first.token, quarantined: [], troubles: [] });
});

it('a mode that lets others read is tightened', async () => {
  const { token } = await open();
  await chmod(file, 0o644);
  expect((await open()).token).toBe(token);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it.each<[string, () => Promise<unknown>]>([
  ['empty', () => writeFile(file, '')],
  ['too short', () => writeFile(file, 'abc')],
  ['of other letters', () => writeFile(file, 'é'.repeat(43))],
  ['two lines', () => writeFile(file, `${'a'.repeat(43)}\n\n`)],
  ['huge', () => writeFile(file, 'a'.repeat(100_000))],
  ['a folder', () => mkdir(file)],
  ['a link to nowhere', () => symlink('/nowhere', file)],
])('one that is %s is moved aside, told, and made anew', async (_name, damage) => {
  await damage();
  const { token, quarantined } = await open();
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(quarantined).toHaveLength(1);
  expect((await readdir(home)).toSorted()).toEqual(['api-token', 'api-token.corrupt-2026-01-31T08-00-00.000Z']);
  expect((await open()).token).toBe(token);
});

it('where it cannot be written it holds until the engine ends, and that is told', async () => {
  const missing = path.join(home, 'gone');
  const troubles: string[] = [];
  const token = await openApiToken({
    home: missing,
    clock: { now: () => ({ wallMs: 0, bootMs: 0, awakeMs: 0, boot: 'b' }) },
    onQuarantine: () => undefined,
    onTrouble: (message) => void troubles.push(message),
  });
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(troubles).toHaveLength(1);
});
