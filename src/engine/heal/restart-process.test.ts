// Who is stopped, who is not, and what is started (R12, R13), with real processes and ports. Every signal is kept and
// compared with the pids that it may have gone to.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, isUp, type Ready, remedyOf, retold, SERVICE, until, World } from '../../../test/fixtures/heal-context.ts';
import type { ProcessIdentity } from '../../contract/flow.ts';
import type { RemedyContext } from '../../contract/ports.ts';
import { restartProcess, startProcess, stopProcess } from './restart-process.ts';
import { OVERTIME } from './result.ts';

let world: World;
let ready: string;
let cases = 0;
let signals = 0;
let wrong = 0;

beforeEach(async () => {
  world = await new World().withEngine();
  ready = path.join(world.folder, 'restarted');
});
afterEach(() => world.close());
afterAll(() => {
  process.stdout.write(`restart-process: ${cases} cases, ${signals} signals, ${wrong} wrong\n`);
  expect(wrong).toBe(0);
});

function remedy(find: object = {}, more: object = {}) {
  return remedyOf({
    find: { match: world.marker, ...find },
    start: world.argv('--ready', ready, ...('port' in find ? ['--port', String(find.port)] : [])),
    stopTimeout: '400ms',
    ...more,
  });
}
function count(may: readonly number[]): void {
  cases += 1;
  signals += world.sent.length;
  wrong += world.sent.filter((sent) => !may.includes(sent.pid)).length;
  expect(world.sent.filter((sent) => !may.includes(sent.pid))).toEqual([]);
}
/** Restarts; exactly `stopped` are ended, and one new copy comes up. */
async function healed(stopped: readonly Ready[], find: object, extra: Partial<RemedyContext> = {}, more: object = {}): Promise<Ready> {
  const pids = stopped.flatMap((one) => [one.pid, ...one.children]);
  const result = await restartProcess(remedy(find, more), world.context(extra));
  count(pids);
  expect(result).toMatchObject({ kind: 'acted', reason: stopped.length > 0 ? 'restarted' : 'started' });
  expect(pids.filter(isUp)).toEqual([]);
  const fresh = await world.readyOf(ready);
  expect(fresh.pid).toBe(result.started?.pid);
  expect(world.events).toContainEqual(
    expect.objectContaining({ event: 'process-started', pid: fresh.pid, startId: result.started?.startId }),
  );
  return fresh;
}
/** Refuses by this reason: nobody is signalled, nothing is started, `bystanders` live on. */
async function left(reason: string, bystanders: readonly Ready[], find: object, extra: Partial<RemedyContext> = {}, more: object = {}) {
  const result = await restartProcess(remedy(find, more), world.context(extra));
  count([]);
  expect(world.sent).toEqual([]);
  expect(result).toMatchObject({ kind: 'refused', reason });
  expect(result.started).toBeUndefined();
  expect(world.events).toEqual([]);
  expect(existsSync(ready)).toBe(false);
  expect(bystanders.flatMap((one) => [one.pid, ...one.children]).every(isUp)).toBe(true);
  return result;
}
async function recordedOf(...copies: readonly Ready[]): Promise<ProcessIdentity[]> {
  return Promise.all(copies.map(async ({ pid }) => ({ pid, startId: (await world.row(pid)).startId })));
}

/** Of other services: these listened, and all that was started by now is theirs. */
const othersAre = (listening: readonly ProcessIdentity[]) => () => ({
  listening,
  started: world.events.flatMap((event) => (event.event === 'process-started' ? [{ pid: event.pid, startId: event.startId }] : [])),
});

describe('with a port', () => {
  it('nobody runs: it is started, in its folder, with its log', async () => {
    const port = await freePort();
    const log = path.join(world.folder, 'app.log');
    const fresh = await healed([], { port }, {}, { log });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(`pid ${fresh.pid}\n`);
    expect(await world.processes.cwd(fresh.pid)).toBe(world.folder);
    expect(existsSync(log)).toBe(true);
    expect((await world.row(fresh.pid)).pgid).toBe(fresh.pid);
  });

  it('the listener that matches is stopped with its tree, wherever it works', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port), '--workers', '2'], { cwd: world.elsewhere });
    const fresh = await healed([old], { port });
    await until(async () => (await (await fetch(`http://127.0.0.1:${port}/`)).text()) === `pid ${fresh.pid}\n`, 'the new one answers');
  });

  it('one that ignores TERM is killed before the new one starts', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port), '--ignore-term', '--sessions', '1']);
    await healed([old], { port });
    expect(
      world.sent
        .filter((sent) => sent.signal === 'SIGKILL')
        .map((sent) => sent.pid)
        .sort(),
    ).toEqual([old.pid, ...old.children].sort());
  });

  it("a stranger's listener is never touched, and named", async () => {
    const port = await freePort();
    const stranger = await world.copy(['--port', String(port)], { marker: 'somebody-else' });
    const result = await left('port-taken', [stranger], { port });
    expect(result.message).toContain(`pid ${stranger.pid}`);
    expect(result.message).toContain('somebody-else');
  });

  it("a stranger's listener protects also our own copy beside it: it could not be started anew", async () => {
    const port = await freePort();
    const stranger = await world.copy(['--port', String(port)], { marker: 'somebody-else' });
    const own = await world.copy();
    await left('port-taken', [stranger, own], { port }, { recorded: await recordedOf(own) });
  });

  it("another user's listener is never touched, although it matches", async () => {
    const port = await freePort();
    const other = await world.copy(['--port', String(port)]);
    const processes = retold(world.processes, new Map([[other.pid, { uid: 4_242 }]]));
    const result = await left('port-taken', [other], { port }, { processes });
    expect(result.message).toContain('another user');
  });

  it('an owner that this user may not see is left alone', async () => {
    const port = await freePort();
    const processes = { ...world.processes, portOwners: async () => ({ kind: 'unknown' as const, why: 'not permitted' }) };
    const own = await world.copy();
    await left('owner-unknown', [own], { port }, { processes });
  });

  it('the engine is not its own patient, although it listens and matches', async () => {
    const port = await freePort();
    const processes = { ...world.processes, portOwners: async () => ({ kind: 'known' as const, pids: [world.enginePid] }) };
    await left('port-taken', [], { port }, { processes });
    expect(isUp(world.enginePid)).toBe(true);
  });

  it('a master and its workers that share the socket are one', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port), '--workers', '2']);
    const pids = [old.children[1] as number, old.pid, old.children[0] as number];
    const real = world.processes;
    const processes = { ...real, portOwners: async () => ({ kind: 'known' as const, pids: pids.filter(isUp) }) };
    await healed([old], { port }, { processes });
  });

  it('a listener is left alone beside others that work in its folder, one or two; not beside its own tree or a copy elsewhere', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port), '--workers', '1']);
    const elsewhere = await world.copy([], { cwd: world.elsewhere });
    const others = [await world.copy()];
    await left('several-candidates', [old, elsewhere, ...others], { port });
    others.push(await world.copy());
    await left('several-candidates', [old, elsewhere, ...others], { port });
    await left(
      'several-candidates',
      [old, elsewhere, ...others],
      { port },
      { processes: { ...world.processes, cwd: async () => undefined } },
    );
    for (const other of others) process.kill(other.pid, 'SIGKILL');
    await until(() => !others.some((other) => isUp(other.pid)), 'the others are gone');
    await healed([old], { port });
    expect(isUp(elsewhere.pid)).toBe(true);
  });

  it('a listener is not started anew beside two old copies that enter its folder while it is being stopped', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port)]);
    const others = [await world.copy([], { cwd: world.elsewhere }), await world.copy([], { cwd: world.elsewhere })];
    const processes = {
      ...world.processes,
      cwd: async (pid: number) => (isUp(old.pid) ? world.processes.cwd(pid) : world.folder),
    };
    const result = await restartProcess(remedy({ port }), world.context({ processes }));
    count([old.pid]);
    expect(result).toMatchObject({ kind: 'acted', reason: 'another-copy' });
    expect([existsSync(ready), ...others.map((other) => isUp(other.pid))]).toEqual([false, true, true]);
  });

  it('a worker that listens is stopped with its master, or the master would start it anew', async () => {
    const port = await freePort();
    const old = await world.copy(['--workers', '1', '--respawn']);
    const processes = { ...world.processes, portOwners: async () => ({ kind: 'known' as const, pids: old.children.filter(isUp) }) };
    await healed([old], { port }, { processes });
  });

  it('two copies that both listen: nobody knows which', async () => {
    const port = await freePort();
    const one = await world.copy([], { detached: false });
    const two = await world.copy([], { detached: false });
    const processes = { ...world.processes, portOwners: async () => ({ kind: 'known' as const, pids: [one.pid, two.pid] }) };
    await left('several-candidates', [one, two], { port }, { processes });
  });

  it('orphaned workers of a recorded master are known by its process group', async () => {
    const port = await freePort();
    const old = await world.copy(['--workers', '2']);
    const recorded = await recordedOf(old);
    process.kill(old.pid, 'SIGKILL');
    await until(() => !isUp(old.pid), 'the master is dead');
    const processes = { ...world.processes, portOwners: async () => ({ kind: 'known' as const, pids: old.children.filter(isUp) }) };
    await healed([{ pid: old.children[0] as number, children: [old.children[1] as number] }], { port }, { processes, recorded });
  });

  it('a recorded copy that hangs before it listens is stopped, not doubled', async () => {
    const port = await freePort();
    const old = await world.copy([], { cwd: world.elsewhere });
    await healed([old], { port }, { recorded: await recordedOf(old) });
  });

  it('dies between the look and the signal: it is started all the same', async () => {
    const port = await freePort();
    const old = await world.copy(['--port', String(port)]);
    const real = world.processes;
    let looks = 0;
    const processes = {
      ...real,
      table: async (options?: { maxAgeMs?: number }) => {
        const table = await real.table(options);
        looks += 1;
        if (looks === 1) {
          process.kill(old.pid, 'SIGKILL');
          await until(() => !isUp(old.pid), 'it has died');
        }
        return table;
      },
    };
    const result = await restartProcess(remedy({ port }), world.context({ processes }));
    count([]);
    expect(result).toMatchObject({ kind: 'acted', reason: 'started' });
    await world.readyOf(ready);
  });
});

describe('what the engine recorded', () => {
  it('is stopped by its identity, also in another folder and beside another copy', async () => {
    const own = await world.copy(['--workers', '1'], { cwd: world.elsewhere });
    const other = await world.copy([], { cwd: path.dirname(world.elsewhere) });
    await healed([own], {}, { recorded: await recordedOf(own) });
    expect(isUp(other.pid)).toBe(true);
  });

  it('is left alone beside a copy, or two, that work in the very folder: what is started would be one more', async () => {
    const own = await world.copy([], { cwd: world.elsewhere });
    const others = [await world.copy()];
    const recorded = await recordedOf(own);
    await left('several-candidates', [own, ...others], {}, { recorded });
    others.push(await world.copy());
    await left('several-candidates', [own, ...others], {}, { recorded });
  });

  it('is stopped and started beside two copies that work elsewhere', async () => {
    const own = await world.copy();
    const others = [await world.copy([], { cwd: world.elsewhere }), await world.copy([], { cwd: world.elsewhere })];
    await healed([own], {}, { recorded: await recordedOf(own) });
    expect(others.every((other) => isUp(other.pid))).toBe(true);
  });

  it('with another start is another process: the pid was given away', async () => {
    const stranger = await world.copy([], { cwd: world.elsewhere });
    await left('no-certain-owner', [stranger], {}, { recorded: [{ pid: stranger.pid, startId: 'long-ago' }] });
  });

  it('but no longer matches is left alone, and nothing is started beside it', async () => {
    const own = await world.copy(['--title', 'renamed']);
    await until(async () => (await world.row(own.pid)).command.startsWith('renamed'), 'it has renamed itself');
    const result = await left('no-certain-owner', [own], {}, { recorded: await recordedOf(own) });
    expect(result.message).toContain('no longer matches');
  });

  it('as a start script is known by what it runs', async () => {
    const script = path.join(world.folder, 'start.sh');
    const file = path.join(world.folder, 'inner');
    writeFileSync(
      script,
      `${world
        .argv('--ready', file)
        .map((word) => `'${word}'`)
        .join(' ')}\nexit 0\n`,
    );
    const shell = world.raw(['sh', script], world.elsewhere);
    const inner = await world.readyOf(file);
    const recorded = await recordedOf({ pid: shell.pid as number, children: [] });
    await healed([inner], {}, { recorded });
  });

  it('may have a terminal: the engine gave it none, but it is its own', async () => {
    const own = await world.copy();
    const processes = retold(world.processes, new Map([[own.pid, { hasTerminal: true }]]));
    await healed([own], {}, { processes, recorded: await recordedOf(own) });
  });
});

describe('the only tree of this user', () => {
  it('that matches and works in the folder is stopped; one elsewhere is not', async () => {
    const here = await world.copy(['--workers', '1']);
    const elsewhere = await world.copy([], { cwd: world.elsewhere });
    await healed([here], {});
    expect(isUp(elsewhere.pid)).toBe(true);
  });

  it('is found through a folder that is a symlink', async () => {
    const here = await world.copy();
    symlinkSync(world.folder, path.join(world.elsewhere, 'link'));
    await healed([here], {}, {}, { cwd: path.join(world.elsewhere, 'link') });
  });

  it('elsewhere is not certain: no kill, no second copy', async () => {
    const elsewhere = await world.copy([], { cwd: world.elsewhere });
    const result = await left('no-certain-owner', [elsewhere], {});
    expect(result.message).toContain(`pid ${elsewhere.pid}`);
  });

  it('elsewhere, but known as that of another service, is not the service, which is started beside it', async () => {
    const elsewhere = await world.copy(['--workers', '1'], { cwd: world.elsewhere });
    // The worker is known by its parent.
    await healed([], {}, { others: othersAre(await recordedOf(elsewhere)) });
    expect([elsewhere.pid, ...elsewhere.children].every(isUp)).toBe(true);
  });

  it('elsewhere is no certain other if one of them has come since', async () => {
    const known = await world.copy([], { cwd: world.elsewhere });
    const fresh = await world.copy([], { cwd: world.elsewhere });
    const result = await left('no-certain-owner', [known, fresh], {}, { others: othersAre(await recordedOf(known)) });
    expect(result.message).not.toContain(`pid ${known.pid} `);
    expect(result.message).toContain(`pid ${fresh.pid}`);
  });

  it('is nobody where the processes can not be read: refused, which spends nothing', async () => {
    const one = await world.copy();
    const processes = { ...world.processes, table: () => Promise.reject(new Error('process 7 is stuck')) };
    const result = await left('owner-unknown', [one], {}, { processes });
    expect(result.message).toContain('process 7 is stuck');
  });

  it('in its own folder is the service, whoever else is said to own it', async () => {
    const here = await world.copy(['--workers', '1']);
    await healed([here], {}, { others: othersAre(await recordedOf(here)) });
  });

  it('is not certain where no folder is configured', async () => {
    const one = await world.copy();
    await left('no-certain-owner', [one], {}, { serviceCwd: undefined });
  });

  it('is not certain where the system does not tell folders', async () => {
    const one = await world.copy();
    await left('no-certain-owner', [one], {}, { processes: { ...world.processes, cwd: async () => undefined } });
  });

  it('is not one of two', async () => {
    const copies = [await world.copy(), await world.copy()];
    await left('several-candidates', copies, {});
  });

  it('of another user does not count: it is started', async () => {
    const other = await world.copy();
    const processes = retold(world.processes, new Map([[other.pid, { uid: 4_242 }]]));
    await healed([], {}, { processes });
    expect(isUp(other.pid)).toBe(true);
  });

  it('in a terminal is left to the person who sits there, but a person may restart it', async () => {
    const typed = await world.copy();
    const processes = retold(world.processes, new Map([[typed.pid, { hasTerminal: true }]]));
    await left('has-terminal', [typed], {}, { processes });
    await healed([typed], {}, { processes, trigger: 'person' });
  });

  it('in a real terminal is left alone', async () => {
    const file = path.join(world.folder, 'typed');
    const command = world
      .argv('--ready', file)
      .map((word) => `'${word}'`)
      .join(' ');
    if (!existsSync('/usr/bin/script')) return process.stdout.write('skipped: no script(1) here to make a terminal\n');
    world.raw(['/usr/bin/script', '-qec', `exec ${command}`, '/dev/null'], world.folder);
    const typed = await world.readyOf(file);
    expect((await world.row(typed.pid)).hasTerminal).toBe(true);
    const result = await restartProcess(remedy(), world.context());
    count([]);
    expect(result).toMatchObject({ kind: 'refused' });
    expect(['has-terminal', 'several-candidates']).toContain(result.reason);
    expect(isUp(typed.pid)).toBe(true);
    return undefined;
  });

  it('is not a command that the engine runs itself, whatever its words', async () => {
    // A check like `sh -c 'curl … app.py'`: a child of the engine, somewhere else, matching.
    const processes = retold(world.processes, new Map());
    const check = await world.copy([], { cwd: world.elsewhere });
    const asChild = retold(processes, new Map([[check.pid, { ppid: world.enginePid }]]));
    await healed([], {}, { processes: asChild });
    expect(isUp(check.pid)).toBe(true);
  });
});

/** A program of this name with these words, up when its promise resolves. It has no terminal. */
async function program(name: string, ...words: string[]): Promise<Ready> {
  const file = path.join(world.folder, name);
  writeFileSync(file, '#!/bin/sh\necho up\nwhile :; do sleep 1; done\n', { mode: 0o755 });
  const child = world.raw([file, ...words], world.folder);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return { pid: child.pid as number, children: [] };
}

describe('who only has the words of the service, in its folder and without a terminal', () => {
  it.each(['gvim', 'tail', 'claude', 'ssh'])('%s is no obstacle and no target: the service is started', async (name) => {
    const bystander = await program(name, '-f', `${world.marker}.py`);
    await healed([], {});
    expect(isUp(bystander.pid)).toBe(true);
  });

  it.each([
    ['was told to mend it', (marker: string) => ['-p', `restart ${marker}, it is down`]],
    ['has it as a file to work on', (marker: string) => ['check', `${marker}.py`]],
  ])('a program that %s: nobody is ended, nothing is started', async (_, words) => {
    const other = await program('assistant', ...words(world.marker));
    const result = await left('no-certain-owner', [other], {});
    expect(result.message).toContain('may not be what runs it');
  });

  it('a listener beside them is restarted all the same', async () => {
    const port = await freePort();
    const others = [await program('gvim', world.marker), await program('assistant', '-p', world.marker)];
    const old = await world.copy(['--port', String(port)]);
    await healed([old], { port });
    expect(others.every(({ pid }) => isUp(pid))).toBe(true);
  });

  it('a service that has an editor’s name is known by its program', async () => {
    const service = await program('nova', 'x');
    const remedyOfIt = remedyOf({ find: { match: `${world.folder}/nova` }, start: ['ls'] });
    expect(await stopProcess(remedyOfIt, world.context())).toMatchObject({ reason: 'stopped' });
    expect(isUp(service.pid)).toBe(false);
  });
});

it('a person’s restart of what runs in tmux ends that window only, not the server that has its words', async () => {
  if (!existsSync('/usr/bin/tmux')) return process.stdout.write('skipped: no tmux here\n');
  const port = await freePort();
  const file = path.join(world.folder, 'in-tmux');
  const socket = path.join(world.folder, 'tmux.sock');
  world.raw(['tmux', '-S', socket, 'new-session', '-d', '-s', 'a', ...world.argv('--port', String(port), '--ready', file)], world.folder);
  const one = await world.readyOf(file);
  const server = await world.row((await world.row(one.pid)).ppid);
  world.pids.add(server.pid);
  expect(server.command).toContain(world.marker);
  const other = path.join(world.folder, 'other-window');
  world.raw(['tmux', '-S', socket, 'new-window', '-t', 'a', process.execPath, SERVICE, 'another', '--ready', other], world.folder);
  const window = await world.readyOf(other);
  await left('has-terminal', [one, window], { port });
  await healed([one], { port }, { trigger: 'person' });
  expect([server.pid, window.pid].every(isUp)).toBe(true);
  return undefined;
});

it('nor what made its terminal, whatever that is called', async () => {
  if (spawnSync('python3', ['-c', 'import pty']).status !== 0) return process.stdout.write('skipped: no python3 here to make a terminal\n');
  const port = await freePort();
  const file = path.join(world.folder, 'in-pty');
  const words = world.argv('--port', String(port), '--ready', file);
  const maker = world.raw(['python3', '-c', 'import pty,sys,time; pty.spawn(sys.argv[1:]); time.sleep(60)', ...words], world.folder);
  const one = await world.readyOf(file);
  expect((await world.row(one.pid)).ppid).toBe(maker.pid);
  const result = await stopProcess(remedy({ port }), world.context({ trigger: 'person' }));
  count([one.pid]);
  expect(result).toMatchObject({ reason: 'stopped' });
  expect(isUp(maker.pid as number)).toBe(true);
  return undefined;
});

describe('a pid file', () => {
  it('names the one of two copies', async () => {
    const one = await world.copy([], { cwd: world.elsewhere });
    const two = await world.copy([], { cwd: world.elsewhere });
    const pidFile = path.join(world.folder, 'app.pid');
    writeFileSync(pidFile, `${two.pid}\n`);
    const result = await stopProcess(remedy({ pidFile }), world.context());
    count([two.pid]);
    expect(isUp(two.pid)).toBe(false);
    expect(isUp(one.pid)).toBe(true);
    expect(result.kind).toBe('acted');
  });

  it('does not settle it where the other one works in the folder', async () => {
    const one = await world.copy();
    const two = await world.copy();
    const pidFile = path.join(world.folder, 'app.pid');
    writeFileSync(pidFile, `${two.pid}\n`);
    await left('several-candidates', [one, two], { pidFile });
  });

  it.each([
    ['is missing', () => undefined],
    ['is garbage', (file: string) => writeFileSync(file, 'not a number')],
    ['is empty', (file: string) => writeFileSync(file, '')],
    ['is a folder', (file: string) => mkdirSync(file)],
    ['names nobody', (file: string) => writeFileSync(file, '4194303')],
    ['names pid 1', (file: string) => writeFileSync(file, '1')],
    ['names pid 0', (file: string) => writeFileSync(file, '0')],
    ['names the engine', (file: string) => writeFileSync(file, String(world.enginePid))],
  ])('that %s counts as none', async (_, make) => {
    const pidFile = path.join(world.elsewhere, 'app.pid');
    make(pidFile);
    await healed([], { pidFile });
    expect(isUp(world.enginePid)).toBe(true);
  });

  it('of a stranger counts as none', async () => {
    const stranger = await world.copy([], { marker: 'somebody-else' });
    const pidFile = path.join(world.folder, 'app.pid');
    writeFileSync(pidFile, String(stranger.pid));
    await healed([], { pidFile });
    expect(isUp(stranger.pid)).toBe(true);
  });

  it('that is older than the process that has its number now counts as none', async () => {
    const other = await world.copy([], { cwd: world.elsewhere });
    const pidFile = path.join(world.folder, 'app.pid');
    writeFileSync(pidFile, String(other.pid));
    utimesSync(pidFile, new Date(0), new Date(0));
    await left('no-certain-owner', [other], { pidFile });
  });
});

describe('nothing is stopped for a start that can not follow', () => {
  it('when program, folder or log folder is missing', async () => {
    const running = await world.copy();
    for (const [more, reason] of [
      [{ start: ['no-such-program-anywhere'] }, 'program-missing'],
      [{ start: ['./no-such-script.sh'] }, 'program-missing'],
      [{ cwd: path.join(world.folder, 'gone') }, 'folder-missing'],
      [{ log: path.join(world.folder, 'gone', 'app.log') }, 'log-folder-missing'],
      [{ start: [world.folder] }, 'program-missing'],
    ] as const) {
      const result = await restartProcess(remedy({}, more), world.context());
      expect(result).toMatchObject({ kind: 'not-started', reason });
    }
    count([]);
    expect(world.sent).toEqual([]);
    expect(isUp(running.pid)).toBe(true);
  });

  it('when the engine is ending', async () => {
    const running = await world.copy();
    world.stopper.abort();
    await left('aborted', [running], {});
  });

  it('when its time is over', async () => {
    const running = await world.copy();
    world.stopper.abort(OVERTIME);
    await left('timed-out', [running], {});
  });
});

it.each([['the engine ends'], [OVERTIME]])('what was stopped is started, though meanwhile: %s', async (reason) => {
  const own = await world.copy();
  const kill = (pid: number, signal: NodeJS.Signals) => {
    world.stopper.abort(reason);
    world.context().kill(pid, signal);
  };
  const result = await restartProcess(remedy(), world.context({ kill }));
  count([own.pid]);
  expect(result).toMatchObject({ kind: 'acted', reason: 'restarted' });
  expect(isUp(own.pid)).toBe(false);
});

describe('there is never a second copy', () => {
  it('when it will not die', async () => {
    const own = await world.copy();
    const kill = (pid: number, signal: NodeJS.Signals) => void world.sent.push({ pid, signal });
    const result = await restartProcess(remedy(), world.context({ kill }));
    count([own.pid]);
    expect(result).toMatchObject({ kind: 'acted', reason: 'could-not-stop' });
    expect(result.started).toBeUndefined();
    expect(existsSync(ready)).toBe(false);
  });

  it('when a supervisor has started it again', async () => {
    const own = await world.copy([]);
    let again: Promise<Ready> | undefined;
    const kill = (pid: number, signal: NodeJS.Signals) => {
      world.sent.push({ pid, signal });
      process.kill(pid, 'SIGKILL');
      again ??= world.copy();
    };
    const result = await restartProcess(remedy(), world.context({ kill }));
    count([own.pid]);
    expect(result).toMatchObject({ kind: 'acted', reason: 'came-back' });
    expect(isUp((await again)?.pid as number)).toBe(true);
    expect(existsSync(ready)).toBe(false);
  });
});

describe('stop and start by a person', () => {
  it('stops, says so, and is content when nothing runs', async () => {
    const own = await world.copy(['--workers', '1']);
    expect(await stopProcess(remedy(), world.context())).toMatchObject({ kind: 'acted', reason: 'stopped' });
    count([own.pid, ...own.children]);
    expect([own.pid, ...own.children].some(isUp)).toBe(false);
    expect(await stopProcess(remedy(), world.context())).toMatchObject({ kind: 'acted', reason: 'not-running' });
  });

  it('starts where nothing runs, and not where it does', async () => {
    const port = await freePort();
    const first = await startProcess(remedy({ port }), world.context({ trigger: 'person' }));
    expect(first).toMatchObject({ kind: 'acted', reason: 'started' });
    await world.readyOf(ready);
    expect(await startProcess(remedy({ port }), world.context({ trigger: 'person' }))).toMatchObject({
      kind: 'refused',
      reason: 'already-running',
    });
    const stranger = await freePort();
    await world.copy(['--port', String(stranger)], { marker: 'somebody-else' });
    expect(await startProcess(remedy({ port: stranger }), world.context())).toMatchObject({ kind: 'refused', reason: 'port-taken' });
    count([]);
    expect(world.sent).toEqual([]);
  });
});

it('a log in the folder of the service is appended to, under its own name', async () => {
  const fresh = await healed([], {}, {}, { log: path.join(world.folder, 'app.log'), start: world.argv('--ready', ready, '--talk', '20') });
  await until(() => readFileSync(path.join(world.folder, 'app.log'), 'utf8').includes(`${fresh.pid} still here`), 'it logs');
});

describe('two at once on one process', () => {
  /** As where the table of processes comes from another program: who asks meanwhile has the same answer. */
  function slowTable(): Partial<RemedyContext> {
    const { processes } = world;
    return {
      processes: {
        ...processes,
        identify: (pid) => processes.identify(pid),
        table: async (options) => {
          const table = await processes.table(options);
          await new Promise((resolve) => setTimeout(resolve, 50));
          return table;
        },
      } as RemedyContext['processes'],
    };
  }
  const copies = async () =>
    [...(await world.processes.table({ maxAgeMs: 0 })).rows.values()].filter(
      ({ command, pid, isZombie }) => command.includes(world.marker) && pid !== world.enginePid && !isZombie,
    );

  it.each([{}, { port: true }])(
    'two services share it (%o): one copy is started, and the other repair waits and leaves it alone',
    async (by) => {
      const find = 'port' in by ? { port: await freePort() } : {};
      const results = await Promise.all([
        restartProcess(remedy(find), world.context(slowTable())),
        restartProcess(remedy(find), world.context(slowTable())),
      ]);
      expect(await copies()).toHaveLength(1);
      expect(results.map(({ reason }) => reason)).toEqual(['started', 'just-restarted']);
      count([]);
    },
  );

  it.each([
    ['another port and another folder: two apps, each has its repair', true, ['started', 'started']],
    ['another port, the same folder: one process may serve both', false, ['started', 'just-restarted']],
  ])('two services whose process is called alike, %s', async (_, isElsewhere, reasons) => {
    const find = [{ port: await freePort() }, { port: await freePort() }] as const;
    const results = await Promise.all([
      restartProcess(remedy(find[0]), world.context(slowTable())),
      restartProcess(
        remedy(find[1], isElsewhere ? { cwd: world.elsewhere } : {}),
        world.context({ ...slowTable(), others: othersAre([]) }),
      ),
    ]);
    expect(results.map(({ reason }) => reason)).toEqual(reasons);
    count([]);
  });

  it('a person says Start twice, while it is being repaired: one copy', async () => {
    const person = { ...slowTable(), trigger: 'person' as const };
    const results = await Promise.all([
      restartProcess(remedy(), world.context(slowTable())),
      startProcess(remedy(), world.context(person)),
      startProcess(remedy(), world.context(person)),
    ]);
    expect(await copies()).toHaveLength(1);
    expect(results[0]).toMatchObject({ kind: 'acted', reason: 'started' });
    expect(results.slice(1).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
    count([]);
  });
});
