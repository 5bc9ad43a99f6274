// The process table against real processes: names, zombies, starts, ends, ports, folders and open files.
// Linux only, where these can be run; the macOS way has its own tests on recorded text.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endAllPrograms, endProgram, startFixture, startProgram } from '../../../test/fixtures/processes-children.ts';
import type { ClockPort, OpenFile } from '../../contract/ports.ts';
import { realTimers } from '../system.ts';
import { createProcessPort } from './processes.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'processes-')));
});
afterEach(async () => {
  await endAllPrograms();
  rmSync(folder, { recursive: true, force: true });
});

function steppedClock(): { clock: ClockPort; step: (ms: number) => void } {
  let bootMs = 1_000;
  const clock = { now: () => ({ wallMs: bootMs, bootMs, awakeMs: bootMs, boot: 'b' }) };
  return {
    clock,
    step: (ms) => {
      bootMs += ms;
    },
  };
}

if (process.platform !== 'linux') process.stderr.write('processes.test.ts: the /proc tests need Linux\n');
describe.runIf(process.platform === 'linux')('the process table on Linux', () => {
  const port = createProcessPort();

  it('tells what a process is', async () => {
    const { pid } = startProgram('sleep', ['61']);
    await vi.waitFor(async () => expect((await port.identify(pid))?.name).toBe('sleep'));
    const row = await port.identify(pid);
    expect(row).toMatchObject({
      pid,
      ppid: process.pid,
      pgid: pid,
      uid: process.getuid?.(),
      command: 'sleep 61',
      isZombie: false,
      hasTerminal: false,
    });
    expect(row?.ageMs).toBeLessThan(30_000);
    expect(row?.startId).toMatch(/^\d+-[0-9a-f-]{36}$/);
    const table = await port.table({ maxAgeMs: 0 });
    expect(table.rows.get(pid)).toMatchObject({ pid, startId: row?.startId });
    const self = table.rows.get(process.pid);
    expect(self?.name).toBe('node');
    expect(Math.abs((self?.rssBytes ?? 0) / process.memoryUsage.rss() - 1)).toBeLessThan(0.5);
    expect(Math.abs((self?.ageMs ?? 0) - process.uptime() * 1_000)).toBeLessThan(5_000);
    expect(self?.cpuMs).toBeGreaterThan(0);
  });

  it('is not led astray by spaces and parentheses in a name', async () => {
    const odd = join(folder, 'we) R (ird 1');
    symlinkSync('/bin/sleep', odd);
    const script = join(folder, 'my (odd) service with a long name');
    writeFileSync(script, '#!/bin/sh\necho up\nread -r line\nsleep 61\n');
    chmodSync(script, 0o755);
    const one = startProgram(odd, ['61']);
    const two = startProgram(script);
    await two.line;
    await vi.waitFor(async () => {
      expect(await port.identify(one.pid)).toMatchObject({ name: 'we) R (ird 1', ppid: process.pid, command: `${odd} 61` });
      expect(await port.identify(two.pid)).toMatchObject({ name: 'my (odd) service with a long name', isZombie: false });
    });
  });

  it('follows a process that renames itself, beyond the 15 bytes that the kernel keeps', async () => {
    const { pid, line } = startFixture('processes-titled.mjs', ['gateway-with-a-long-name', 'x'.repeat(60)]);
    const before = await port.identify(pid);
    await line;
    const after = await port.identify(pid);
    expect(after).toMatchObject({ name: 'gateway-with-a-long-name', command: 'gateway-with-a-long-name' });
    expect(after?.startId).toBe(before?.startId);
  });

  it('calls a program that was replaced on disk by its name', async () => {
    const program = join(folder, 'sleeper');
    copyFileSync('/bin/sleep', program);
    const { pid } = startProgram(program, ['61'], 'another name');
    await vi.waitFor(async () => expect((await port.identify(pid))?.name).toBe('sleeper'));
    rmSync(program);
    expect((await port.identify(pid))?.name).toBe('sleeper');
  });

  it('knows a zombie, without a command line, and calls it dead', async () => {
    // The shell starts a child and becomes a program that never collects it.
    const { pid } = startProgram('/bin/sh', ['-c', 'sleep 0.01 & exec sleep 61']);
    const zombie = await vi.waitFor(async () => {
      const table = await port.table({ maxAgeMs: 0 });
      const found = [...table.rows.values()].find((row) => row.ppid === pid && row.isZombie);
      if (!found) throw new Error('no zombie yet');
      return found;
    });
    expect(zombie).toMatchObject({ name: 'sleep', command: '' });
    expect(port.isAlive(zombie)).toBe(false);
    expect((await port.identify(zombie.pid))?.isZombie).toBe(true);
  });

  it('tells the living from the ended and from another process with the same pid', async () => {
    const { child, pid } = startProgram('sleep', ['61']);
    const row = await port.identify(pid);
    if (!row) throw new Error('not there');
    expect(port.isAlive(row)).toBe(true);
    expect(port.isAlive({ pid, startId: row.startId.replace(/^\d+/, '1') })).toBe(false);
    await endProgram(child);
    expect(port.isAlive(row)).toBe(false);
    expect(await port.identify(pid)).toBeUndefined();
    expect(await port.cwd(pid)).toBeUndefined();
  });

  it('reads on when processes end while it reads', async () => {
    const children = Array.from({ length: 20 }, () => startProgram('sleep', ['61']));
    const passes = Promise.all(Array.from({ length: 30 }, () => port.table({ maxAgeMs: 0 })));
    await Promise.all(children.map(({ child }) => endProgram(child)));
    for (const table of await passes) expect(table.rows.has(process.pid)).toBe(true);
    const after = await port.table({ maxAgeMs: 0 });
    for (const { pid } of children) expect(after.rows.has(pid)).toBe(false);
  });

  it('protects the engine and all its ancestors', async () => {
    const table = await port.table();
    expect(table.protected.has(process.pid)).toBe(true);
    expect(table.protected.has(process.ppid)).toBe(true);
    const { pid } = startProgram('sleep', ['61']);
    const ofChild = await createProcessPort({ selfPid: pid }).table();
    expect([...ofChild.protected]).toEqual(expect.arrayContaining([pid, process.pid, process.ppid]));
    expect(table.protected.has(pid)).toBe(false);
  });

  it('shares one pass while it is fresh, and looks anew for who allows no age', async () => {
    const { clock, step } = steppedClock();
    const shared = createProcessPort({ clock });
    const first = await shared.table();
    step(400);
    expect(await shared.table()).toBe(first);
    expect(await shared.table({ maxAgeMs: 100 })).not.toBe(first);
    const second = await shared.table();
    step(501);
    const [third, fourth] = await Promise.all([shared.table(), shared.table()]);
    expect(third).not.toBe(second);
    expect(fourth).toBe(third);
  });

  it('never takes "could not look" for "no processes"', async () => {
    const nowhere = createProcessPort({ procRoot: join(folder, 'no-proc') });
    await expect(nowhere.table()).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(nowhere.table()).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await nowhere.openFiles()).toMatchObject({ kind: 'unknown' });
    expect(await nowhere.portOwners(80)).toMatchObject({ kind: 'unknown' });
  });

  it('does not wait for ever for one that is stuck in the kernel and does not tell its command line, nor take it for none', async () => {
    for (const file of ['uptime', '7/stat', '7/cmdline']) mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, 'uptime'), '100.00 1.00\n');
    writeFileSync(join(folder, '7/stat'), `7 (stuck) D ${'1 '.repeat(40)}`);
    execFileSync('mkfifo', [join(folder, '7/cmdline')]); // reading it waits, as for the lock of a stuck process's memory
    const stuck = createProcessPort({ procRoot: folder, timers: realTimers });
    await expect(stuck.table()).rejects.toThrow('process 7');
    await expect(stuck.identify(7)).rejects.toThrow('process 7');
    writeFileSync(join(folder, '7/cmdline'), 'stuck\0now\0');
    await vi.waitFor(async () => expect((await stuck.identify(7))?.command).toBe('stuck now'));
  });

  it.each(['127.0.0.1', '0.0.0.0', '::1', '::'])('finds who listens on %s', async (address) => {
    const { child, pid, line } = startFixture('processes-listener.mjs', [address]);
    const listening = Number(await line);
    expect(await port.portOwners(listening)).toEqual({ kind: 'known', pids: [pid] });
    await endProgram(child);
    expect(await port.portOwners(listening)).toEqual({ kind: 'known', pids: [] });
  });

  it('answers many questions from one look where that is allowed, and finds who has come since', async () => {
    const still = createProcessPort({ clock: { now: () => ({ wallMs: 0, bootMs: 0, awakeMs: 0, boot: 'b' }) } as never });
    const first = startFixture('processes-listener.mjs', ['127.0.0.1']);
    const held = Number(await first.line);
    expect(await still.portOwners(held, { holdersMaxAgeMs: 1_000 })).toEqual({ kind: 'known', pids: [first.pid] });
    const second = startFixture('processes-listener.mjs', ['127.0.0.1']);
    expect(await still.portOwners(Number(await second.line), { holdersMaxAgeMs: 1_000 })).toEqual({ kind: 'known', pids: [second.pid] });
    await endProgram(first.child);
    expect(await still.portOwners(held, { holdersMaxAgeMs: 1_000 }), 'who listens is read anew each time').toEqual({
      kind: 'known',
      pids: [],
    });
  });

  it('gives an answer again only to who allows its age, and never the older one of shared holders', async () => {
    const { clock, step } = steppedClock();
    const stepped = createProcessPort({ clock });
    const { child, pid, line } = startFixture('processes-listener.mjs', ['127.0.0.1']);
    const listening = Number(await line);
    const found = { kind: 'known', pids: [pid] };
    expect(await stepped.portOwners(listening)).toEqual(found);
    await endProgram(child);
    expect(await stepped.portOwners(listening, { maxAgeMs: 100 })).toEqual(found);
    step(100);
    expect(await stepped.portOwners(listening, { maxAgeMs: 100 })).toEqual({ kind: 'known', pids: [] });
    const next = startFixture('processes-listener.mjs', ['127.0.0.1', String(listening)]);
    await next.line;
    expect(await stepped.portOwners(listening, { holdersMaxAgeMs: 1_000 }), 'who has come since').toEqual({
      kind: 'known',
      pids: [next.pid],
    });
    expect(await stepped.portOwners(listening)).toEqual({ kind: 'known', pids: [next.pid] });
  });

  it('says unknown when the listener belongs to a process that it cannot see', async () => {
    const { pid, line } = startFixture('processes-listener.mjs', ['127.0.0.1']);
    const listening = Number(await line);
    // A /proc in which the sockets are shown, but no process.
    symlinkSync('/proc/self/net', join(folder, 'net'));
    const blind = createProcessPort({ procRoot: folder });
    expect(await blind.portOwners(listening)).toMatchObject({ kind: 'unknown', why: expect.stringContaining(String(listening)) });
    expect(await port.portOwners(listening)).toEqual({ kind: 'known', pids: [pid] });
  });

  it('tells where a process works', async () => {
    const { pid, line } = startProgram('/bin/sh', ['-c', `cd '${folder}' && echo there && exec sleep 61`]);
    await line;
    expect(await port.cwd(pid)).toBe(folder);
  });

  it('tells who holds a file, whether it writes, and whether it appends', async () => {
    const paths = {
      read: join(folder, 'read'),
      append: join(folder, 'append'),
      own: join(folder, 'own offset'),
      free: join(folder, 'free'),
    };
    for (const path of Object.values(paths)) writeFileSync(path, 'x');
    const { pid, line } = startFixture('processes-holder.mjs', [`r:${paths.read}`, `a:${paths.append}`, `r+:${paths.own}`]);
    await line;
    const open = await port.openFiles();
    if (open.kind !== 'known') throw new Error(open.why);
    const holders = (path: string): readonly OpenFile[] | undefined => {
      const { dev, ino } = statSync(path);
      return open.files.get(`${dev}:${ino}`);
    };
    expect(holders(paths.read)).toEqual([{ pid, isWriter: false, isAppend: false }]);
    expect(holders(paths.append)).toEqual([{ pid, isWriter: true, isAppend: true }]);
    expect(holders(paths.own)).toEqual([{ pid, isWriter: true, isAppend: false }]);
    expect(holders(paths.free)).toBeUndefined();
  });

  it("counts the engine's own handles, and files that were renamed or deleted", async () => {
    const path = join(folder, 'mine');
    const handle = openSync(path, 'a');
    const { dev, ino } = statSync(path);
    rmSync(path);
    const open = await port.openFiles();
    closeSync(handle);
    if (open.kind !== 'known') throw new Error(open.why);
    expect(open.files.get(`${dev}:${ino}`)).toEqual([{ pid: process.pid, isWriter: true, isAppend: true }]);
  });
});
