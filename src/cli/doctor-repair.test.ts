// What `doctor --repair` offers and does, on real files; and what it leaves alone.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findMendings, type MendDeps, mend } from './doctor-repair.ts';
import type { Io } from './io.ts';

let home: string;
let said: string;
let renewed: number;
let isOwned: boolean;
beforeEach(() => {
  home = path.join(mkdtempSync(path.join(os.tmpdir(), 'doctor-repair-')), 'home');
  mkdirSync(home, { mode: 0o700 });
  said = '';
  renewed = 0;
  isOwned = false;
});
afterEach(() => rmSync(path.dirname(home), { recursive: true, force: true }));

const io = (): Io => ({
  out: (text) => {
    said += text;
  },
  err: () => undefined,
  env: {},
  isTerminal: false,
  hasColour: false,
});
const deps = (more: Partial<MendDeps> = {}): MendDeps => ({
  home,
  uid: process.getuid?.() ?? 0,
  isOwned: async () => isOwned,
  sockets: [path.join(home, 'engine.sock')],
  writeSchema: async () => writeFileSync(path.join(home, 'config.schema.json'), '{}', { mode: 0o600 }),
  stale: undefined,
  ...more,
});
const file = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(path.join(home, name), text);
  chmodSync(path.join(home, name), mode);
  return path.join(home, name);
};
const steps = async (more?: Partial<MendDeps>) => (await findMendings(deps(more))).map(({ step }) => step);

test('a home in order has nothing to mend', async () => {
  file('health.log', '{"at":"x"}\n');
  file('config.json', '{}');
  file('config.schema.json', '{}');
  expect(await steps()).toEqual([]);
  expect(await mend(io(), [], true)).toBe(0);
  expect(said).toContain('nothing that could be mended');
});

test('without a word nothing is done; with --yes each step is, and no byte of data is lost', async () => {
  chmodSync(home, 0o755);
  const config = file('config.json', '{"services":[]}', 0o644);
  const log = file('health.log', '{"at":"x"}\n{"at":"y","eve');
  const mendings = await findMendings(deps());
  expect(mendings.map(({ component }) => component)).toEqual(['home', 'home', 'configuration', 'health.log']);

  expect(await mend(io(), mendings, false)).toBe(0);
  expect(said).toContain('Nothing was done');
  expect(statSync(home).mode & 0o777).toBe(0o755);
  expect(readFileSync(log, 'utf8')).toBe('{"at":"x"}\n{"at":"y","eve');

  expect(await mend(io(), mendings, true)).toBe(4);
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(readFileSync(config, 'utf8')).toBe('{"services":[]}');
  expect(readFileSync(log, 'utf8')).toBe('{"at":"x"}\n{"at":"y","eve\n');
  expect(await steps()).toEqual([]);
});

test('a program in the home keeps the right to be run, and a folder that is no home is left as it is', async () => {
  const script = file('restart.sh', '#!/bin/sh\n', 0o755);
  chmodSync(home, 0o755);
  expect(await steps()).toEqual([]);
  file('config.json', '{}');
  await mend(io(), await findMendings(deps()), true);
  expect(statSync(script).mode & 0o777).toBe(0o700);
});

test('a socket that nobody listens on is removed; one whose engine runs is not, also when it started meanwhile', async () => {
  const socket = path.join(home, 'engine.sock');
  const server = net.createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    isOwned = true;
    file('health.log', 'torn'); // its engine is just writing it
    expect(await steps()).toEqual([]);
    isOwned = false;
    const mendings = await findMendings(deps());
    expect(mendings.map(({ component }) => component)).toEqual(['control socket', 'health.log']);
    isOwned = true;
    expect(await mend(io(), mendings, true)).toBe(0);
    expect(said).toContain('An engine has started meanwhile');
    expect(statSync(socket).isSocket()).toBe(true);
    isOwned = false;
    expect(await mend(io(), mendings, true)).toBe(2);
    expect(statSync(socket, { throwIfNoEntry: false })).toBeUndefined();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a file of the service manager that starts nothing is written anew, and only that', async () => {
  expect(await steps()).toEqual([]);
  const stale = {
    file: '/agents/agent.plist',
    why: 'names a program that is not there any more, /old/node',
    renew: async () => {
      renewed += 1;
    },
  };
  expect(await steps({ stale })).toEqual([
    'Write /agents/agent.plist anew, which names a program that is not there any more, /old/node, and start the engine by it',
  ]);
  expect(await mend(io(), await findMendings(deps({ stale })), true)).toBe(1);
  expect(renewed).toBe(1);
});

test('a home that belongs to somebody else is not ours to mend', async () => {
  chmodSync(home, 0o755);
  expect(await steps({ uid: 12_345_678 })).toEqual([]);
});
