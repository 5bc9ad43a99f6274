import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, parse } from 'plist';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StartedProcess } from '../contract/ports.ts';
import { createCommandPort } from '../engine/commands.ts';
import { readOwner } from '../engine/keep/ownership.ts';
import { createProcessPort } from '../engine/probe/processes.ts';
import { createStartService } from '../engine/start-service.ts';
import { realTimers } from '../engine/system.ts';
import { type Background, type BackgroundDeps, createBackground } from './background.ts';
import { staleFileOf } from './doctor-repair.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures');
const ENGINE = join(FIXTURES, 'background-engine/engine.ts');
const processes = createProcessPort();
const commands = createCommandPort({ processes, timers: realTimers });
const startService = createStartService({ processes });
const { PATH } = process.env as { PATH?: string };
const uid = process.getuid?.() ?? 0;

/** A busy machine may take its time; it is the condition that counts. */
const PATIENT = { timeout: 20_000, interval: 20 };

let root: string;
let home: string;
let manager: string;
const pids = new Set<number>();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bg "$x" %h-'));
  home = join(root, 'home');
  manager = join(root, 'manager');
  await mkdir(manager);
  vi.stubEnv('FAKE_MANAGER', manager);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  const owner = await readOwner(home);
  if (owner?.pid !== undefined) pids.add(owner.pid);
  const job = await readFile(join(manager, 'job.json'), 'utf8').then(JSON.parse, () => ({}));
  for (const pid of [job.job, job.pid]) if (pid !== undefined) pids.add(pid);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself, as it should
    }
  }
  pids.clear();
  await vi.waitFor(async () => expect(await readOwner(home)).toBeUndefined(), PATIENT);
  await rm(root, { recursive: true });
});

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const client = net.connect(join(home, 'engine.sock'));
    client.once('connect', () => resolve(true)).once('error', () => resolve(false));
    client.once('connect', () => client.destroy());
  });
}
/** Timers under which waits are short: what counts is the number of looks. */
const quick = { ...realTimers, sleep: (ms: number) => realTimers.sleep(Math.min(ms, 10)) };

function setUp(behaviour?: string, more: Partial<BackgroundDeps> = {}) {
  const started: StartedProcess[] = [];
  const background = createBackground({
    platform: 'linux',
    userHome: root,
    uid,
    home,
    command: [process.execPath, ENGINE, 'run', home, ...(behaviour === undefined ? [] : [behaviour])],
    commands,
    timers: realTimers,
    processes,
    readOwner,
    isUp: answers,
    env: { PATH },
    async start(spec) {
      const child = await startService(spec);
      started.push(child);
      pids.add(child.pid);
      return child;
    },
    ...more,
  });
  return { background, started };
}
const calls = async () => (await readFile(join(manager, 'calls.log'), 'utf8')).trim().split('\n');

describe('a detached process', () => {
  test('starts, is there, stops; both twice', async () => {
    const { background, started } = setUp();
    expect(await background.state()).toEqual({ kind: 'detached', installed: false, running: false });

    const first = await background.start();
    expect(first).toMatchObject({ kind: 'detached', changed: true, running: true, pid: started[0]?.pid });
    expect(first.message).toMatch(/^Started: the engine, pid \d+, since 20/);
    expect(await background.start()).toMatchObject({ changed: false, running: true, pid: first.pid });
    expect(started).toHaveLength(1);
    expect(await background.state()).toEqual({
      kind: 'detached',
      installed: true,
      running: true,
      pid: first.pid,
      path: join(home, 'engine.pid'),
    });
    expect((await readFile(join(home, 'engine.pid'), 'utf8')).split('\n')[0]).toBe(String(first.pid));
    expect((await stat(background.logPath())).mode & 0o777).toBe(0o600);

    expect(await background.stop()).toMatchObject({ changed: true, running: false, pid: first.pid });
    expect(await started[0]?.ended).toEqual({ exitCode: 0, signal: null });
    expect(await background.stop()).toMatchObject({ changed: false, running: false, message: 'It was not running.' });
    await expect(access(join(home, 'engine.pid'))).rejects.toThrow();
  });

  test('restart is another process', async () => {
    const { background } = setUp();
    const first = await background.start();
    const second = await background.restart();
    expect(second).toMatchObject({ changed: true, running: true });
    expect(second.message).toMatch(/^Restarted/);
    expect(second.pid).not.toBe(first.pid);
  });

  test('a refused configuration is told with what the engine said', async () => {
    const { background } = setUp('bad-config');
    await expect(background.start()).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('"intervall" is not known'),
      details: { exitCode: 78 },
    });
    expect(await background.state()).toMatchObject({ installed: false, running: false });
  });

  test('only what this start wrote is told, not the log of last week', async () => {
    await mkdir(home, { mode: 0o700 });
    await writeFile(join(home, 'engine.log'), 'an old story\n');
    const { background } = setUp('crash');
    const error = await background.start().catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'no-engine', message: expect.stringContaining('exit code 1') });
    expect((error as Error).message).toContain('TypeError: nothing works');
    expect((error as Error).message).not.toContain('old story');
  });

  test('a log over 10 MB is set aside at the next start, one old one is kept', async () => {
    await mkdir(home, { mode: 0o700 });
    const log = join(home, 'engine.log');
    await writeFile(`${log}.1`, 'the oldest');
    await writeFile(log, 'just right'.padEnd(10_000_000));
    const { background } = setUp();
    await background.start();
    expect((await stat(log)).size, '10 MB may stay').toBeGreaterThanOrEqual(10_000_000);
    await background.stop();
    await writeFile(log, 'too much'.padEnd(10_000_001));
    await background.start();
    expect((await stat(log)).size).toBeLessThan(1_000);
    expect((await stat(log)).mode & 0o777).toBe(0o600);
    expect((await readFile(`${log}.1`, 'utf8')).startsWith('too much')).toBe(true);
    expect((await readdir(home)).filter((name) => name.startsWith('engine.log'))).toEqual(['engine.log', 'engine.log.1']);
  });

  test('a program that is missing is told', async () => {
    const { background } = setUp(undefined, { command: ['/nowhere/node', 'x'] });
    await expect(background.start()).rejects.toThrow('/nowhere/node was not found');
  });

  test('an engine that does not end by TERM is killed, and only it', async () => {
    const { background, started } = setUp('deaf', { timers: quick });
    await background.start();
    const report = await background.stop();
    expect(report.message).toMatch(/^Killed: the engine, pid \d+/);
    expect(await started[0]?.ended).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  test('two starts at once: one engine', async () => {
    const both = [setUp('slow'), setUp('slow')];
    const reports = await Promise.all(both.map((one) => one.background.start()));
    expect(reports[0]?.pid).toBe(reports[1]?.pid);
    expect((await readOwner(home))?.pid).toBe(reports[0]?.pid);
    expect(await setUp().background.start(), 'it is known as ours').toMatchObject({ changed: false, pid: reports[0]?.pid });
  });

  test('beside an engine in the foreground nothing is started, and that is said; stop ends it by its pid', async () => {
    await mkdir(home, { mode: 0o700 });
    const foreground = await startService({ argv: [process.execPath, ENGINE, 'run', home] });
    pids.add(foreground.pid);
    await vi.waitFor(async () => expect((await readOwner(home))?.pid).toBe(foreground.pid), PATIENT);
    await vi.waitFor(async () => expect(await answers()).toBe(true), PATIENT);
    const { background, started } = setUp();
    await expect(background.start()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`runs in a terminal \\(pid ${foreground.pid}, since .*Nothing was installed`)),
      hint: expect.stringContaining('Stop that one first'),
    });
    expect(started).toEqual([]);
    await background.stop();
    expect(await foreground.ended).toEqual({ exitCode: 0, signal: null });
  });

  test('the app is never stopped from here, and a single round is waited for', async () => {
    await mkdir(home, { mode: 0o700 });
    const app = await startService({ argv: [process.execPath, ENGINE, 'run', home, 'app'] });
    pids.add(app.pid);
    await vi.waitFor(async () => expect((await readOwner(home))?.pid).toBe(app.pid), PATIENT);
    const { background } = setUp();
    await expect(background.stop()).rejects.toMatchObject({ code: 'conflict', details: { mode: 'app' } });
    expect(await background.state()).toMatchObject({ running: false });
    process.kill(app.pid, 'SIGKILL');
    await app.ended;

    const round = await startService({ argv: [process.execPath, ENGINE, 'run', home, 'once'] });
    pids.add(round.pid);
    await vi.waitFor(async () => expect((await readOwner(home))?.pid).toBe(round.pid), PATIENT);
    await expect(background.stop()).rejects.toMatchObject({ code: 'conflict' });
    const start = background.start();
    process.kill(round.pid, 'SIGKILL');
    expect(await start).toMatchObject({ changed: true, running: true });
  });

  test('a pid file of somebody else is nobody: nothing is signalled (R13)', async () => {
    await mkdir(home, { mode: 0o700 });
    const bystander = await startService({ argv: ['sleep', '300'] });
    pids.add(bystander.pid);
    await writeFile(join(home, 'engine.pid'), `${bystander.pid}\nnot-its-start\n`);
    const { background } = setUp();
    expect(await background.stop()).toMatchObject({ changed: false });
    expect(processes.isAlive(bystander)).toBe(true);
  });

  test('an owner whose pid now is another process is not signalled (R13)', async () => {
    const kill = vi.fn();
    let looks = 0;
    const another = () => `start ${++looks}`;
    const row = await processes.identify(process.ppid);
    const { background } = setUp(undefined, {
      timers: quick,
      kill,
      readOwner: async () => ({ pid: 4_000_000, mode: 'headless' }),
      processes: { identify: async () => (row ? { ...row, pid: 4_000_000, startId: another() } : undefined) },
    });
    await expect(background.stop()).rejects.toMatchObject({ code: 'refused' });
    expect(kill).not.toHaveBeenCalled();
  });

  test('stopped on its way up, it does not come up', async () => {
    const { background, started } = setUp('slow');
    const start = background.start();
    const outcome = expect(start).rejects.toMatchObject({ code: 'no-engine' });
    await vi.waitFor(() => access(join(home, 'engine.pid')), PATIENT);
    expect(await background.stop()).toMatchObject({ changed: true, running: false });
    await outcome;
    expect((await started[0]?.ended)?.signal).toBe('SIGTERM');
  });
});

/** Another checkout of this program, as far as a service manager's file tells. */
async function elsewhere(): Promise<{ entry: string; command: string[] }> {
  const entry = join(root, 'elsewhere', 'index.js');
  await mkdir(join(root, 'elsewhere'), { recursive: true });
  await writeFile(entry, `import ${JSON.stringify(ENGINE)};`);
  return { entry, command: [process.execPath, '--expose-gc', entry, 'run', '--home', home] };
}
/** What is told of a file that `theirs` has installed, as each of these states of it is looked at by this program. */
async function judged(mine: Background, path: string, { entry }: { entry: string }): Promise<void> {
  expect(await mine.state()).toMatchObject({ installed: true, program: { kind: 'other', name: entry } });
  expect(await staleFileOf(mine), 'what works is not mended').toBeUndefined();
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll('--home', '--hope'));
  expect(await mine.state(), 'the same by other words').toMatchObject({ program: { kind: 'other' } });
  await writeFile(path, text);
  await rm(entry);
  const stale = { file: path, why: `names a program that is not there any more, ${entry}` };
  expect(await staleFileOf(mine)).toMatchObject(stale);
  await writeFile(path, text.replace(/^ExecStart=.*$/m, '').replace(/<key>ProgramArguments<\/key>\s*<array>[\s\S]*?<\/array>/, ''));
  expect(await staleFileOf(mine)).toMatchObject({ why: 'names no program that could be made out' });
}

describe('launchd', () => {
  const mac = { platform: 'darwin' as const, launchctl: join(FIXTURES, 'background-managers/launchctl.mjs'), timers: quick };
  const plistPath = () => join(root, 'Library/LaunchAgents/com.jarvis.health-system.plist');

  test('starts and stops a LaunchAgent; both twice', async () => {
    const { background } = setUp(undefined, mac);
    expect(await background.state()).toEqual({ kind: 'launchd', installed: false, running: false });
    const first = await background.start();
    expect(first).toMatchObject({ kind: 'launchd', changed: true, running: true });
    expect(await background.start()).toMatchObject({ changed: false, pid: first.pid });
    expect(await background.state()).toMatchObject({ installed: true, running: true, pid: first.pid, path: plistPath() });
    expect((await calls()).filter((call) => !call.startsWith('print'))).toEqual([
      `enable gui/${uid}/com.jarvis.health-system`,
      `bootstrap gui/${uid} ${plistPath()}`,
    ]);

    const second = await background.restart();
    expect(second.pid).not.toBe(first.pid);
    expect(await background.stop()).toMatchObject({ changed: true, running: false });
    expect(await readdir(join(root, 'Library/LaunchAgents'))).toEqual([]); // or the next login would start it
    expect(await background.stop()).toMatchObject({ changed: false });
  });

  test('its plist: back after a crash only, and services outlive it (R18)', async () => {
    const { background } = setUp(undefined, mac);
    await background.start();
    expect((await stat(plistPath())).mode & 0o777).toBe(0o644);
    const text = await readFile(plistPath(), 'utf8');
    expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\s*<!DOCTYPE plist PUBLIC "-\/\/Apple\/\/DTD PLIST 1.0\/\/EN"/);
    expect(parse(text)).toEqual({
      Label: 'com.jarvis.health-system',
      ProgramArguments: [process.execPath, ENGINE, 'run', home],
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 60,
      ExitTimeOut: 10,
      AbandonProcessGroup: true,
      ProcessType: 'Background',
      WorkingDirectory: root,
      StandardOutPath: join(home, 'engine.log'),
      StandardErrorPath: join(home, 'engine.log'),
      EnvironmentVariables: { PATH, JARVIS_HEALTH_HOME: home },
    });
  });

  test("launchd's race after a bootout is waited out", async () => {
    await writeFile(join(manager, 'race'), '2');
    const { background } = setUp(undefined, mac);
    expect(await background.start()).toMatchObject({ running: true });
    expect((await calls()).filter((call) => call.startsWith('bootstrap'))).toHaveLength(3);
  });

  test('without a desktop session it says what to do', async () => {
    await writeFile(join(manager, 'no-session'), '');
    const { background } = setUp(undefined, mac);
    await expect(background.start()).rejects.toMatchObject({ code: 'refused', hint: expect.stringContaining('Log in at the desktop') });
  });

  test('an engine that ends at once is told with its exit code and its words', async () => {
    const { background } = setUp('bad-config', mac);
    await expect(background.start()).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/exit code 78.*intervall/s),
    });
    expect(await background.stop()).toMatchObject({ running: false });
    expect(await background.state()).toMatchObject({ installed: false });
  });

  test('an agent of another home is neither replaced nor stopped', async () => {
    const { background } = setUp(undefined, mac);
    await background.start();
    const other = setUp(undefined, { ...mac, home: join(root, 'other home'), readOwner: async () => undefined }).background;
    await expect(other.start()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(home) });
    expect(await other.stop()).toMatchObject({ changed: false });
    expect(await background.state()).toMatchObject({ installed: true, running: true });
  });

  test('what another checkout has installed is told apart from what is stale', async () => {
    const own = setUp(undefined, mac).background;
    await own.start();
    expect(await own.state()).toMatchObject({ program: { kind: 'own' } });
    await own.stop();
    const theirs = await elsewhere();
    await mkdir(join(root, 'Library/LaunchAgents'), { recursive: true });
    const dict = { ProgramArguments: theirs.command, EnvironmentVariables: { JARVIS_HEALTH_HOME: home } };
    await writeFile(plistPath(), build(dict));
    await judged(own, plistPath(), theirs);
  });

  test('a damaged plist is replaced', async () => {
    await mkdir(join(root, 'Library/LaunchAgents'), { recursive: true });
    await writeFile(plistPath(), '<plist><dict><key>');
    const { background } = setUp(undefined, mac);
    expect(await background.start()).toMatchObject({ running: true });
  });
});

describe('systemd', () => {
  async function withManager(behaviour?: string) {
    const runtime = join(root, 'run');
    await mkdir(join(runtime, 'systemd'), { recursive: true });
    const systemctl = join(FIXTURES, 'background-managers/systemctl.mjs');
    const env = { PATH, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: join(manager, 'config') };
    return setUp(behaviour, { systemctl, env, timers: quick });
  }
  const unitPath = () => join(manager, 'config/systemd/user/jarvis-health.service');

  test('starts and stops a unit of the user; both twice', async () => {
    const { background } = await withManager();
    expect(await background.state()).toEqual({ kind: 'systemd', installed: false, running: false });
    const first = await background.start();
    expect(first).toMatchObject({ kind: 'systemd', changed: true, running: true });
    expect(await background.start()).toMatchObject({ changed: false, pid: first.pid });
    expect(await background.state()).toMatchObject({ installed: true, running: true, pid: first.pid, path: unitPath() });
    expect((await calls()).slice(0, 4)).toEqual([
      'is-system-running',
      'daemon-reload',
      'enable jarvis-health.service',
      'restart jarvis-health.service',
    ]);
    expect(await background.stop()).toMatchObject({ changed: true, running: false, pid: first.pid });
    expect(await calls()).toContain('disable --now jarvis-health.service');
    await expect(access(unitPath())).rejects.toThrow();
    expect(await background.stop()).toMatchObject({ changed: false });
  });

  test('what another checkout has installed is told apart from what is stale', async () => {
    const { background } = await withManager();
    await background.start();
    expect(await background.state()).toMatchObject({ program: { kind: 'own' } });
    const unit = await readFile(unitPath(), 'utf8');
    await background.stop();
    const theirs = await elsewhere();
    const words = theirs.command.map((word) =>
      JSON.stringify(word)
        .replaceAll('$', () => '$$')
        .replaceAll('%', '%%'),
    );
    await writeFile(
      unitPath(),
      unit.replace(/^ExecStart=.*$/m, () => `ExecStart=${words.join(' ')}`),
    );
    await judged(background, unitPath(), theirs);
    await writeFile(unitPath(), unit.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} ${ENGINE} run --home /another`));
    expect(await staleFileOf(background)).toMatchObject({ why: 'starts an engine for another home, /another' });
  });

  test('an engine in a terminal is not taken for the unit', async () => {
    await mkdir(home, { mode: 0o700 });
    const foreground = await startService({ argv: [process.execPath, ENGINE, 'run', home] });
    pids.add(foreground.pid);
    await vi.waitFor(async () => expect((await readOwner(home))?.pid).toBe(foreground.pid), PATIENT);
    const { background } = await withManager();
    await expect(background.start()).rejects.toMatchObject({ code: 'conflict', details: { pid: foreground.pid } });
    expect(await background.state()).toMatchObject({ installed: false, running: true });
  });

  test('its unit keeps services alive (R18), comes back after a crash, and systemd itself reads it', async (context) => {
    const { background } = await withManager();
    await background.start();
    const unit = await readFile(unitPath(), 'utf8');
    expect(unit).toContain('\nKillMode=process\n');
    expect(unit).toContain('\nRestart=on-failure\n');
    expect(unit).toContain('\nRestartPreventExitStatus=64 69 78 75\n');
    const verify = await commands.run({ argv: ['systemd-analyze', '--version'], timeoutMs: 5_000, ends: 'tree' });
    if (verify.kind !== 'exited') {
      process.stderr.write('skipped: reading the unit with systemd itself needs systemd-analyze\n');
      return context.skip('needs systemd-analyze');
    }
    // A runtime folder is all that it wants to read a unit of a user.
    const runtime = { ...process.env, XDG_RUNTIME_DIR: join(root, 'run') };
    const { stdout, stderr } = await promisify(execFile)('systemd-analyze', ['--user', '--man=no', 'verify', unitPath()], { env: runtime });
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('jarvis-health'))).toEqual([]);
  });

  test('an engine that ends at once is told with its exit code and its words', async () => {
    const { background } = await withManager('crash');
    await expect(background.start()).rejects.toMatchObject({
      code: 'no-engine',
      message: expect.stringMatching(/exit code 1 .*nothing works/s),
    });
    await background.stop();
  });

  test.each([
    ['degraded', 'systemd'],
    ['offline', 'detached'],
  ])('a manager that says %s means %s', async (answer, kind) => {
    await writeFile(join(manager, 'answer'), `${answer}\n`);
    const { background } = await withManager();
    expect(await background.state()).toMatchObject({ kind });
  });

  test('without a runtime folder of systemd nobody is asked', async () => {
    const { background } = setUp(undefined, { systemctl: join(FIXTURES, 'nowhere'), env: { PATH: '', XDG_RUNTIME_DIR: root } });
    expect(await background.state()).toMatchObject({ kind: 'detached' });
  });

  test('a folder that may not be written is told, and nothing was started', async (context) => {
    if (uid === 0) {
      process.stderr.write('skipped: root may write everywhere\n');
      return context.skip('root may write everywhere');
    }
    const { background } = await withManager();
    await mkdir(join(manager, 'config'), { recursive: true });
    await chmod(join(manager, 'config'), 0o500);
    await expect(background.start()).rejects.toThrow('EACCES');
    await chmod(join(manager, 'config'), 0o700);
  });
});
