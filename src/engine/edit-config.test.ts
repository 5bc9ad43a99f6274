import { mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServiceInput } from '../contract/config.ts';
import { createConfigOperations } from './edit-config.ts';
import { type LoadedConfig, loadConfig } from './keep/config-file.ts';
import type { Discovered } from './probe/discover-types.ts';

let home: string;
let file: string;
const textOf = (...services: ServiceInput[]): string => `${JSON.stringify({ services }, null, 2)}\n`;
const web: ServiceInput = { id: 'web', check: { type: 'http', url: 'http://localhost:3000/health' }, recovery: [] };

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'jh-edit-'));
  file = path.join(home, 'config.json');
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function editing(text: string, discover?: () => Promise<Discovered[]>) {
  await writeFile(file, text);
  let inForce: LoadedConfig = await loadConfig(home);
  const taken: string[] = [];
  const operations = createConfigOperations({
    home,
    version: '1.2.3',
    inForce: () => inForce,
    take: (loaded) => {
      taken.push(loaded.text);
      inForce = loaded;
    },
    ...(discover ? { discover } : {}),
  });
  return { operations, taken };
}

it('an edit is judged, saved and taken, in this order', async () => {
  const before = textOf(web);
  const after = textOf(web, { ...web, id: 'other' });
  const { operations, taken } = await editing(before);
  expect(await operations.config({})).toEqual({ path: file, text: before, problems: [] });
  await expect(operations.saveConfig({ text: '{ "services": [', base: before })).rejects.toMatchObject({ code: 'config-invalid' });
  expect(taken).toEqual([]);
  expect(await operations.saveConfig({ text: after, base: before })).toEqual({ path: file, text: after, problems: [] });
  expect(taken).toEqual([after]);
  await expect(operations.saveConfig({ text: before, base: before })).rejects.toMatchObject({ code: 'conflict' });
  expect(await operations.saveConfig({ text: before })).toMatchObject({ text: before }); // without a base a person insists
  expect(await readFile(file, 'utf8')).toBe(before);
});

it('of edits that come together only the first with the same base wins', async () => {
  const base = textOf(web);
  const { operations, taken } = await editing(base);
  const texts = ['one', 'two', 'three'].map((id) => textOf({ ...web, id }));
  const results = await Promise.allSettled(texts.map((text) => operations.saveConfig({ text, base })));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(taken).toEqual([texts[0]]);
});

it('a file that somebody linked from elsewhere stays a link', async () => {
  const { operations } = await editing(textOf(web));
  const elsewhere = path.join(home, 'dotfiles');
  await mkdir(elsewhere);
  await writeFile(path.join(elsewhere, 'health.json'), textOf(web));
  await unlink(file);
  await symlink(path.join(elsewhere, 'health.json'), file);
  const text = textOf({ ...web, id: 'linked' });
  await operations.saveConfig({ text, base: textOf(web) });
  expect(await readFile(path.join(elsewhere, 'health.json'), 'utf8')).toBe(text);
});

it('a file that is gone or no text is shown as what is in force, with the reason, and can be saved again', async () => {
  const text = textOf(web);
  const { operations } = await editing(text);
  await unlink(file);
  const shown = await operations.config({});
  expect(shown).toMatchObject({ text, problems: [{ found: 'no file' }] });
  await operations.saveConfig({ text, base: shown.text });
  expect(await operations.config({})).toEqual({ path: file, text, problems: [] });
  await writeFile(file, Buffer.from([0x7b, 0xff, 0x7d]));
  expect(await operations.config({})).toMatchObject({ text, problems: [{ found: 'bytes that are no UTF-8 text', line: 1 }] });
});

it('judging changes nothing, and warns as the command line does', async () => {
  const { operations, taken } = await editing(textOf(web));
  const short = JSON.stringify({ services: [{ ...web, interval: '5s', retryInterval: '5s' }] });
  expect(await operations.validate({ text: short })).toMatchObject({
    ok: true,
    problems: [],
    warnings: [{ path: 'services[0].interval' }],
  });
  expect(await operations.validate({ text: '{}' })).toMatchObject({ ok: false, problems: [{ path: 'services' }] });
  expect(taken).toEqual([]);
  expect(await operations.schema({})).toMatchObject({ title: 'Jarvis Health configuration' });
});

it.each<[string, ServiceInput, ServiceInput, boolean]>([
  ['the same port by another name of this machine', web, { ...web, check: { type: 'tcp', port: 3000 } }, true],
  ['another port', web, { ...web, check: { type: 'tcp', port: 3001 } }, false],
  ['the port without a number', web, { ...web, check: { type: 'http', url: 'http://127.0.0.1/' } }, false],
  ['the same port of another machine', web, { ...web, check: { type: 'http', url: 'http://nas.test:3000/' } }, false],
  [
    'a process whose remedy knows the port',
    {
      ...web,
      check: { type: 'process', match: 'app.py' },
      recovery: [{ type: 'restart-process', find: { port: 3000, match: 'app.py' }, start: ['app.py'] }],
    },
    web,
    true,
  ],
  [
    'a LaunchAgent that a remedy asks',
    { ...web, recovery: [{ type: 'launchd', label: 'com.me.app' }] },
    { id: 'agent', check: { type: 'process', launchdLabel: 'com.me.app' } },
    true,
  ],
  [
    'a gateway that is restarted by the same command',
    { ...web, check: { type: 'process', match: 'gw' }, recovery: [{ type: 'command', run: ['gw', 'restart'] }] },
    { id: 'gateway', check: { type: 'tcp', port: 18789 }, proposed: [{ type: 'command', run: ['gw', 'restart'] }] },
    true,
  ],
  ['a service that is switched off', { ...web, enabled: false }, web, true],
  [
    'memory, whatever its limit',
    { id: 'ram', check: { type: 'memory', maxUsed: '50%' } },
    { id: 'memory', check: { type: 'memory' } },
    true,
  ],
  ['the disk', web, { id: 'disk', check: { type: 'disk' } }, false],
])('what is found counts as watched: %s', async (_name, configured, found, isWatched) => {
  const { operations } = await editing(textOf(configured), async () => [{ service: found, why: 'seen', kind: 'port' }]);
  expect(await operations.discover({})).toEqual([{ service: found, why: 'seen', kind: 'port', isWatched }]);
});

it('windows that look around together share one look', async () => {
  let looks = 0;
  const { operations } = await editing(textOf(web), async () => {
    looks += 1;
    return [];
  });
  await Promise.all([operations.discover({}), operations.discover({})]);
  expect(looks).toBe(1);
  await operations.discover({});
  expect(looks).toBe(2);
});
