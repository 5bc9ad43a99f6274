// Who builds in a service's folder (R10), from processes that really run, and on macOS from what ps and lsof would print.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessTable } from '../../contract/ports.ts';
import { createClock } from '../system.ts';
import { cargoLockHolder } from './build-locks.ts';
import { type BuildQuestion, createBuildScan } from './builds.ts';
import { createProcessPort } from './processes.ts';
import { workingDirectories } from './working-directory.ts';

const NOBODY = 4_000_000; // above the largest pid: an engine that has started nothing
const KNOWN = { tools: ['sleep', 'timeout'], ignore: [] };
const clock = createClock('boot');
const never = async (): Promise<string> => {
  throw new Error('not asked for on Linux');
};
const recorded = (name: string): string => readFileSync(fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url)), 'utf8');

let folder: string;
let shop: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'jarvis-builds-')));
  shop = path.join(folder, 'shop');
  mkdirSync(path.join(shop, 'web'), { recursive: true });
});
afterEach(() => {
  for (const child of children) process.kill(-(child.pid as number), 'SIGKILL'); // with all that it started
  children.clear();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A process that is at work in this folder once this resolves. */
async function begin(cwd: string, argv: readonly [string, ...string[]] = ['sleep', '600']): Promise<number> {
  const child = spawn(argv[0], argv.slice(1), { cwd, stdio: 'ignore', detached: true });
  children.add(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  return child.pid as number;
}
function look(question: Partial<BuildQuestion> = {}, selfPid = NOBODY, userHome = folder) {
  const processes = createProcessPort();
  const scan = createBuildScan({ processes, clock, userHome, selfPid, platform: 'linux', run: never, procRoot: '/proc' });
  return scan({ folders: [shop], builds: KNOWN, failedAt: clock.now(), serviceRoots: () => [], ...question });
}

describe.runIf(process.platform === 'linux')('a tool at work', () => {
  it('in the folder, or deeper: who, where, since when; elsewhere it is nobody here', async () => {
    expect(await look()).toBeUndefined();
    const elsewhere = await begin(folder);
    expect(await look()).toBeUndefined();
    const pid = await begin(path.join(shop, 'web'));
    const found = await look();
    expect(found).toMatchObject({ name: 'sleep', pid, folder: path.join(shop, 'web') });
    expect(Math.abs(clock.now().wallMs - (found?.since.wallMs ?? 0))).toBeLessThan(60_000);
    expect(await look({ folders: [path.join(folder, 'shop-two')] })).toBeUndefined();
    expect(elsewhere).not.toBe(pid);
  });

  it('whose own folder is elsewhere, but what it started works here', async () => {
    const pid = await begin(folder, ['timeout', '600', 'env', '-C', shop, 'sleep', '600']);
    await expect.poll(async () => (await look())?.folder).toBe(shop);
    expect(await look()).toMatchObject({ name: 'timeout', pid, folder: shop });
  });

  it('is found by a link to the folder, and by a folder written with ~', async () => {
    const pid = await begin(shop);
    symlinkSync(shop, path.join(folder, 'link'));
    expect(await look({ folders: [path.join(folder, 'link')] })).toMatchObject({ pid });
    expect(await look({ folders: ['~/shop'] })).toMatchObject({ pid });
  });

  it('in a whole home, in what holds it, or in a folder that is gone holds nobody', async () => {
    await begin(shop);
    for (const wide of ['~', folder, path.dirname(folder), '/', path.join(folder, 'gone')])
      expect(await look({ folders: [wide] })).toBeUndefined();
    const home = path.join(path.dirname(folder), `${path.basename(folder)}-home`);
    symlinkSync(folder, home);
    try {
      for (const wide of ['~', home, folder])
        expect(await look({ folders: [wide] }, NOBODY, home), 'a home that is a link').toBeUndefined();
      expect(await look({ folders: ['~/shop'] }, NOBODY, home)).toBeDefined();
    } finally {
      rmSync(home);
    }
  });

  it('of several the oldest is named, and again at the next look', async () => {
    const first = await begin(shop);
    await new Promise((resolve) => setTimeout(resolve, 30)); // ages are told in steps of 10 ms
    await begin(shop);
    expect((await look())?.pid).toBe(first);
    expect((await look())?.pid).toBe(first);
  });

  it('is nothing where it is the service itself, what that started, or what started that', async () => {
    const top = await begin(shop, ['timeout', '600', 'sleep', '600']);
    const childOf = async () => [...(await createProcessPort().table({ maxAgeMs: 0 })).rows.values()].find((row) => row.ppid === top)?.pid;
    await expect.poll(childOf).toBeDefined();
    const below = (await childOf()) as number;
    expect(await look()).toMatchObject({ pid: top });
    expect(await look({ serviceRoots: () => [top] })).toBeUndefined();
    expect(await look({ serviceRoots: () => [below] })).toBeUndefined();
  });

  it('is nothing where the engine started it', async () => {
    await begin(shop);
    expect(await look({}, process.pid)).toBeUndefined();
  });

  it('that began just before the look is seen, though somebody has read all processes a moment ago', async () => {
    const processes = createProcessPort({ clock });
    const scan = createBuildScan({ processes, clock, userHome: folder, selfPid: NOBODY, platform: 'linux', run: never, procRoot: '/proc' });
    await processes.table();
    const pid = await begin(shop);
    await new Promise((resolve) => setTimeout(resolve, 110)); // what fails within 100 ms shares a pass
    expect(await scan({ folders: [shop], builds: KNOWN, failedAt: clock.now(), serviceRoots: () => [] })).toMatchObject({ pid });
  });

  it('costs one pass for all who ask at the same moment', async () => {
    await begin(shop);
    const real = createProcessPort({ clock });
    const passes = new Set<ProcessTable>();
    const processes = {
      table: async (options?: { maxAgeMs?: number }) => {
        const table = await real.table(options);
        passes.add(table);
        return table;
      },
    };
    const scan = createBuildScan({ processes, clock, userHome: folder, selfPid: NOBODY, platform: 'linux', run: never, procRoot: '/proc' });
    const asked = Array.from({ length: 100 }, () =>
      scan({ folders: [shop], builds: KNOWN, failedAt: clock.now(), serviceRoots: () => [] }),
    );
    expect((await Promise.all(asked)).every((build) => build?.name === 'sleep')).toBe(true);
    expect(passes.size).toBe(1);
  });
});

describe.runIf(process.platform === 'linux')('git', () => {
  const builds = { tools: [], ignore: [] };
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.test', ...args], { cwd: shop, stdio: 'ignore' });
  const lock = (ageMs: number): void => {
    const file = path.join(shop, '.git', 'index.lock');
    writeFileSync(file, '');
    const at = (Date.now() - ageMs) / 1_000;
    utimesSync(file, at, at);
  };
  beforeEach(() => git('init'));

  it('works at the top of its tree, and holds a service that lives in a folder of it', async () => {
    writeFileSync(path.join(shop, '.git', 'hooks', 'pre-commit'), `#!/bin/sh\ntouch '${folder}/working'\nsleep 600\n`, { mode: 0o755 });
    const pid = await begin(path.join(shop, 'web'), [
      'git',
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@t.test',
      'commit',
      '--allow-empty',
      '-m',
      'x',
    ]);
    await expect.poll(async () => (await look({ folders: [path.join(shop, 'web')], builds }))?.name).toBe('git commit');
    expect(await look({ folders: [path.join(shop, 'web')], builds })).toMatchObject({ pid, folder: shop });
  });

  it('a lock of its index that is young is somebody at work; one that a crash left behind is not', async () => {
    lock(1_000);
    expect(await look({ builds })).toMatchObject({ name: 'git (index.lock)', pid: undefined, folder: shop });
    expect(await look({ builds, folders: [path.join(shop, 'web')] })).toMatchObject({ folder: shop });
    lock(10 * 60_000);
    expect(await look({ builds })).toBeUndefined();
  });

  it('a lock is explained by a git that only reads: an editor asking for the status', async () => {
    const hook = path.join(folder, 'monitor.sh');
    writeFileSync(hook, `#!/bin/sh\ntouch '${folder}/asked'\nsleep 600\n`, { mode: 0o755 });
    await begin(shop, ['git', '-c', `core.fsmonitor=${hook}`, 'status']);
    await expect.poll(() => existsSync(path.join(folder, 'asked'))).toBe(true);
    lock(1_000);
    expect(await look({ builds })).toBeUndefined();
  });

  it("a lock is explained by the engine's own git", async () => {
    const hook = path.join(folder, 'monitor.sh');
    writeFileSync(hook, `#!/bin/sh\ntouch '${folder}/asked'\nsleep 600\n`, { mode: 0o755 });
    await begin(shop, ['git', '-c', `core.fsmonitor=${hook}`, 'add', '-A']);
    await expect.poll(() => existsSync(path.join(folder, 'asked'))).toBe(true);
    lock(1_000);
    expect(await look({ builds }, process.pid)).toBeUndefined();
    expect(await look({ builds })).toMatchObject({ name: 'git add' });
  });
});

it("cargo's lock counts while somebody holds it, not because it is there (proc_locks(5))", async () => {
  const target = path.join(shop, 'target', 'debug');
  mkdirSync(target, { recursive: true });
  const file = path.join(target, '.cargo-lock');
  writeFileSync(file, '');
  const proc = path.join(folder, 'proc');
  mkdirSync(proc);
  const inode = execFileSync('stat', process.platform === 'darwin' ? ['-f', '%i', file] : ['-c', '%i', file], { encoding: 'utf8' }).trim();
  const line = (rest: string) => writeFileSync(path.join(proc, 'locks'), `1: POSIX  ADVISORY  WRITE 9 00:13:${inode} 0 EOF\n${rest}`);
  line('');
  expect(await cargoLockHolder(shop, proc)).toBeUndefined();
  line(`2: FLOCK  ADVISORY  WRITE 708 08:02:${inode} 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 709 08:02:${inode} 0 EOF\n`);
  expect(await cargoLockHolder(shop, proc)).toBe(708);
  expect(await cargoLockHolder(shop, path.join(folder, 'none'))).toBeUndefined();
});

describe('macOS', () => {
  it('asks one lsof for all of them; a folder that may not be read, or a pid that is gone, is left out', async () => {
    const asked: string[] = [];
    const run = async (file: string, args: readonly string[]): Promise<string> => {
      asked.push([file, ...args].join(' '));
      // lsof exits 1 when one of the pids is gone, and prints the others all the same (lsof(8)).
      throw Object.assign(new Error('exit 1'), { code: 1, stdout: recorded('builds-macos-lsof-cwd.txt'), stderr: '' });
    };
    const found = await workingDirectories([940, 941, 942, 943], { platform: 'darwin', run, procRoot: '/proc' });
    expect([...found]).toEqual([
      [940, '/Users/ada/clawd/fitness tracker'],
      [942, '/Users/ada/clawd'],
    ]);
    expect(asked).toEqual(['/usr/sbin/lsof -a -w -p 940,941,942,943 -d cwd -Fpn']);
  });

  it('npm install is found from ps and lsof; nothing is asked of lsof where no tool runs', async () => {
    const asked: string[] = [];
    const ps = recorded('builds-macos-ps.txt').replaceAll('SHOP', shop);
    const answers = (table: string) => async (file: string, args: readonly string[]) => {
      asked.push(file);
      if (file === '/bin/ps') return table;
      const pids = args[args.indexOf('-p') + 1]?.split(',') ?? [];
      return pids.map((pid) => `p${pid}\nfcwd\nn${shop}\n`).join('');
    };
    const scanOf = (table: string) => {
      const run = answers(table);
      const processes = createProcessPort({ platform: 'darwin', run, selfPid: 700, clock });
      return createBuildScan({ processes, clock, userHome: folder, selfPid: 700, platform: 'darwin', run, procRoot: '/proc' });
    };
    const question = { folders: [shop], builds: { tools: [], ignore: [] }, failedAt: clock.now(), serviceRoots: () => [] };
    // 700 is the engine, 701 its own `git pull`; 812 the watcher, 911 the build with its child 915.
    expect(await scanOf(ps)(question)).toMatchObject({ name: 'npm install', pid: 911, folder: shop });
    asked.length = 0;
    const idle = ps
      .split('\n')
      .filter((line) => !/npm install|node-gyp|make BUILD/.test(line))
      .join('\n');
    expect(await scanOf(idle)(question)).toBeUndefined();
    expect(asked.filter((file) => file.includes('lsof'))).toHaveLength(1); // for the editor's git, which explains a lock
    asked.length = 0;
    expect(
      await scanOf(
        idle
          .split('\n')
          .filter((line) => !/git|vite/.test(line))
          .join('\n'),
      )(question),
    ).toBeUndefined();
    expect(asked).toEqual(['/bin/ps']);
  });
});
