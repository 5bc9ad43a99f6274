import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import { probeLogFiles } from '../probe/log-files.ts';
import { openHome } from './home.ts';
import { claimHome, readOwner } from './ownership.ts';

let home: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  home = tempFolder();
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children.clear();
});
afterAll(removeTempFolders);

const me = { pid: process.pid, mode: 'headless', startedAt: '2026-01-01T00:00:00.000Z' } as const;
/** A real process that tries to own the home, at once or when written to, and what it says. */
function engine(...words: string[]) {
  const child = spawn(process.execPath, [path.resolve('test/fixtures/keep-owner.ts'), home, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const says = async (): Promise<string> => (await lines.next()).value ?? 'nothing';
  return { child, says };
}

test('the second is refused with the pid, mode and start of the first; after release it gets in', async () => {
  const held = await claimHome(home, me);
  await expect(claimHome(home, me)).rejects.toMatchObject({
    code: 'home-owned',
    message: expect.stringContaining(`pid ${process.pid} (headless), since 2026`),
    details: { pid: process.pid, mode: 'headless', since: me.startedAt },
  });
  expect(await engine().says()).toBe(`home-owned ${process.pid}`);
  expect(await readOwner(home)).toEqual(me);
  expect(readdirSync(home).sort()).toEqual(['engine.json', 'engine.lock']); // no journal beside it
  for (const name of readdirSync(home)) expect(statSync(path.join(home, name)).mode & 0o777).toBe(0o600);
  await held.release();
  await held.release();
  expect(await readOwner(home)).toBeUndefined();
  const { child, says } = engine();
  expect(await says()).toBe(`owner ${child.pid}`);
});

test('kill -9 of the owner frees the home at once; what it said of itself counts for nothing then', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { child, says } = engine();
    expect(await says()).toBe(`owner ${child.pid}`);
    expect(await readOwner(home)).toMatchObject({ pid: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path.join(home, 'engine.json'))).toBe(true);
    expect(await readOwner(home)).toBeUndefined();
  }
  await (await claimHome(home, me)).release();
});

test('of twenty that start in the same instant exactly one owns the home', async () => {
  const engines = Array.from({ length: 20 }, () => engine('wait'));
  for (const { says } of engines) expect(await says()).toBe('ready');
  for (const { child } of engines) child.stdin.write('go');
  const said = await Promise.all(engines.map(({ says }) => says()));
  const owners = said.filter((line) => line.startsWith('owner'));
  expect(owners, said.join()).toHaveLength(1);
  expect(said.filter((line) => line.startsWith('home-owned'))).toHaveLength(19);
  expect(await readOwner(home)).toMatchObject({ pid: Number(owners[0]?.split(' ')[1]) });
}, 120_000);

test('nothing that this engine does with its own home frees the lock (POSIX locks go with any close)', async () => {
  const held = await claimHome(home, me);
  await openHome(home);
  await expect(claimHome(home, me)).rejects.toMatchObject({ code: 'home-owned' });
  await readOwner(home);
  expect(await engine().says()).toBe(`home-owned ${process.pid}`);
  await held.release();
});

test('nor does a check that searches every file of the home: it never opens the lock', async () => {
  const held = await claimHome(home, me);
  const check = checkSchema.parse({ type: 'log-files', paths: [`${home}/*`], pattern: 'ERROR' }) as CheckOf<'log-files'>;
  const { level } = await probeLogFiles(check, probeContext());
  expect(level).toBe('ok');
  expect(await engine().says()).toBe(`home-owned ${process.pid}`);
  await held.release();
});

test('looking all the time refuses nobody', async () => {
  let isDone = false;
  async function lookOn(): Promise<number> {
    let looks = 0;
    for (; !isDone; looks += 1) {
      await readOwner(home);
      await new Promise(setImmediate);
    }
    return looks;
  }
  const looking = lookOn();
  for (let round = 0; round < 4; round += 1) {
    const { child, says } = engine();
    expect(await says()).toBe(`owner ${child.pid}`);
    child.stdin.write('end');
    await once(child, 'exit');
  }
  isDone = true;
  expect(await looking).toBeGreaterThan(10);
});

test('looking makes nothing: no home, no lock, a pid file of a dead or foreign process', async () => {
  expect(await readOwner(home)).toBeUndefined();
  expect(await readOwner(path.join(home, 'nowhere'))).toBeUndefined();
  writeFileSync(path.join(home, 'engine.json'), JSON.stringify({ ...me, pid: process.ppid }));
  expect(await readOwner(home)).toBeUndefined();
  expect(readdirSync(home)).toEqual(['engine.json']);
});

test('garbage, or a folder, in the place of the lock does not stop the engine', async () => {
  const lock = path.join(home, 'engine.lock');
  writeFileSync(lock, 'this is no lock file, and long enough to be looked at'.repeat(100));
  expect(await readOwner(home)).toBeUndefined();
  const held = await claimHome(home, me);
  expect(await engine().says()).toBe(`home-owned ${process.pid}`);
  await held.release();
  home = tempFolder();
  mkdirSync(path.join(home, 'engine.lock'));
  await (await claimHome(home, me)).release();
  expect(readdirSync(home).some((name) => name.startsWith('engine.lock.corrupt-'))).toBe(true);
});

test('what an owner said of itself, when it is garbage, is left out', async () => {
  const held = await claimHome(home, me);
  for (const text of ['', 'null', '{"pid":0}', '{"pid":"1"}', '{"pid":999999999}']) {
    writeFileSync(path.join(home, 'engine.json'), text);
    expect(await readOwner(home)).toEqual({});
    await expect(claimHome(home, me)).rejects.toMatchObject({ code: 'home-owned', message: expect.not.stringContaining('undefined') });
  }
  expect(readFileSync(path.join(home, 'engine.lock'))).toHaveLength(0);
  await held.release();
});

test('a home that is not there is unusable', async () => {
  await expect(claimHome(path.join(home, 'nowhere'), me)).rejects.toMatchObject({ code: 'home-unusable' });
});
