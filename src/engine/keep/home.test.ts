import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { mountSmallDisk, removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { openHome, resolveHome } from './home.ts';

afterAll(removeTempFolders);

test('the home is the flag, else the variable, else the place of the platform', () => {
  const base = { flag: undefined, env: {}, platform: 'linux', userHome: '/u/ada' } as const;
  const env = { JARVIS_HEALTH_HOME: '/var/jh', XDG_STATE_HOME: '/state' };
  expect(resolveHome({ ...base, flag: '/srv/jh', env })).toBe('/srv/jh');
  expect(resolveHome({ ...base, env })).toBe('/var/jh');
  expect(resolveHome({ ...base, env: { XDG_STATE_HOME: '/state' } })).toBe('/state/jarvis-health');
  expect(resolveHome({ ...base, env: { XDG_STATE_HOME: 'relative' } })).toBe('/u/ada/.local/state/jarvis-health');
  expect(resolveHome({ ...base, flag: '', env: { JARVIS_HEALTH_HOME: '' } })).toBe('/u/ada/.local/state/jarvis-health');
  expect(resolveHome({ ...base, platform: 'darwin', env: { XDG_STATE_HOME: '/state' } })).toBe(
    '/u/ada/Library/Application Support/Jarvis Health',
  );
  expect(resolveHome({ ...base, env: { JARVIS_HEALTH_HOME: '~/jh' } })).toBe('/u/ada/jh');
  expect(resolveHome({ ...base, flag: 'here' })).toBe(path.resolve('here'));
});

test('a new home is made with its parents, for its user only, and opening it again changes nothing', async () => {
  const home = path.join(tempFolder(), 'a', 'b');
  await openHome(home);
  expect(statSync(home).mode & 0o777).toBe(0o700);
  await openHome(home);
  expect(readdirSync(home)).toEqual([]);
});

test.runIf(existsSync('/proc/self'))('a folder that takes no other ends the attempt instead of being tried for ever', async () => {
  for (const home of ['/proc/jarvis', '/proc/jarvis/home'])
    await expect(openHome(home)).rejects.toMatchObject({ code: 'home-unusable', message: expect.stringContaining("can't be made") });
});

test('modes are tightened, leftovers go, what is not ours stays', async () => {
  const home = tempFolder();
  chmodSync(home, 0o755);
  for (const name of ['recovery.log', 'engine.lock', 'alert-state.json', 'mine.txt'])
    writeFileSync(path.join(home, name), 'x', { mode: 0o644 });
  writeFileSync(path.join(home, '.health-state.json.999999999-3.tmp'), 'half');
  await openHome(home);
  expect(statSync(home).mode & 0o777).toBe(0o700);
  const mode = (name: string) => statSync(path.join(home, name)).mode & 0o777;
  expect([mode('recovery.log'), mode('engine.lock'), mode('alert-state.json'), mode('mine.txt')]).toEqual([0o600, 0o600, 0o600, 0o644]);
  expect(existsSync(path.join(home, '.health-state.json.999999999-3.tmp'))).toBe(false);
});

test('a place that can be no home is refused with what was found and what to do', async () => {
  const folder = tempFolder();
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  await expect(openHome(file)).rejects.toMatchObject({ code: 'home-unusable', message: expect.stringContaining('is not a folder') });
  await expect(openHome(path.join(file, 'below'))).rejects.toMatchObject({
    code: 'home-unusable',
    hint: expect.stringContaining('--home'),
  });
  symlinkSync(path.join(folder, 'nowhere', 'x'), path.join(folder, 'dangling'));
  await expect(openHome(path.join(folder, 'dangling', 'x'))).rejects.toMatchObject({ code: 'home-unusable' });
});

test("nobody's shared folder is closed to the others", async () => {
  const shared = path.join(tempFolder(), 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const userHome = tempFolder();
  chmodSync(userHome, 0o755);
  await expect(openHome(shared)).rejects.toMatchObject({ code: 'home-unusable', message: expect.stringContaining('1777') });
  await expect(openHome(userHome, userHome)).rejects.toMatchObject({ code: 'home-unusable' });
  await expect(openHome('/')).rejects.toMatchObject({ code: 'home-unusable' });
  expect([statSync(shared).mode & 0o7777, statSync(userHome).mode & 0o777]).toEqual([0o1777, 0o755]);
});

test('a read-only home is refused, a full one is not', async () => {
  const disk = mountSmallDisk(100_000);
  if (disk === undefined) return;
  try {
    const home = path.join(disk.folder, 'home');
    await openHome(home);
    expect(() => writeFileSync(path.join(home, 'filler'), Buffer.alloc(1_000_000))).toThrow('ENOSPC');
    await openHome(home);
    disk.remount('ro');
    await expect(openHome(home)).rejects.toMatchObject({
      code: 'home-unusable',
      details: { code: 'EROFS', path: home },
      hint: expect.stringContaining('read-only'),
    });
  } finally {
    disk.unmount();
  }
});
