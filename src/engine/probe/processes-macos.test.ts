// The macOS way, on written output (test/fixtures/processes-macos.md names its sources): it cannot be run here.
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { fixturePath } from '../../../test/fixtures/processes-children.ts';
import { findProcesses } from './find.ts';
import { macProcesses, type RunTool } from './process-table-macos.ts';
import { createProcessPort } from './processes.ts';

const recorded = (name: string) => readFileSync(fixturePath(`processes-macos-${name}.txt`), 'utf8');

/** Answers a tool by the first key that its command line holds; the others fail as a tool does that finds nothing. */
function tools(answers: Record<string, string | Error>): RunTool {
  return (file, args) => {
    const line = [file, ...args].join(' ');
    const key = Object.keys(answers).find((one) => line.includes(one));
    const answer = key === undefined ? Object.assign(new Error(`exit 1: ${line}`), { code: 1, stdout: '', stderr: '' }) : answers[key];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as string);
  };
}
const mac = (answers: Record<string, string | Error>) => createProcessPort({ platform: 'darwin', selfPid: 1200, run: tools(answers) });

describe('the process table on macOS', () => {
  it('reads every column', async () => {
    const table = await mac({ '/bin/ps -ax': recorded('ps') }).table();
    expect(table.rows.size).toBe(7);
    expect(table.rows.get(352)).toEqual({
      pid: 352,
      startId: String(Date.UTC(2026, 10, 16, 3, 29, 58) / 1_000),
      ppid: 1,
      pgid: 352,
      uid: 501,
      name: 'Google Chrome',
      command: '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      isZombie: false,
      rssBytes: 214_320 * 1_024,
      cpuMs: (48 * 60 + 3) * 1_000 + 110,
      ageMs: ((8 * 24 + 2) * 3_600 + 10 * 60 + 2) * 1_000,
      hasTerminal: false,
    });
    expect(table.rows.get(377)?.name).toBe('Google Chrome Helper');
    expect(table.rows.get(612)).toMatchObject({ name: 'node', command: 'clawdbot-gateway' });
    expect(table.rows.get(801)).toMatchObject({ isZombie: true, command: '' });
    expect(table.rows.get(940)).toMatchObject({ name: 'Python', hasTerminal: true, ageMs: 42 * 60_000 + 9_000 });
    expect(table.rows.get(1200)?.startId).toBe(String(Date.UTC(2026, 10, 3, 5, 39, 0) / 1_000));
    expect([...table.protected]).toEqual([1200, 940, 1]);
    expect(findProcesses(table, { match: 'app.py' })).toEqual([]); // an ancestor of the engine
  });

  it('asks ps for one process, and takes its exit 1 for "gone"', async () => {
    const port = mac({ '-p 612 ': recorded('ps').split('\n')[3] ?? '' });
    expect((await port.identify(612))?.pid).toBe(612);
    expect(await port.identify(613)).toBeUndefined();
  });

  it('never takes "could not look" for "no processes"', async () => {
    await expect(mac({}).table()).rejects.toThrow();
    await expect(mac({ ps: 'ps: unknown keyword\n' }).table()).rejects.toThrow();
    await expect(mac({ ps: Object.assign(new Error('spawn'), { code: 'ENOENT' }) }).identify(1)).rejects.toThrow('spawn');
  });
});

describe('whether a process lives, on macOS', () => {
  const gone = Object.assign(new Error('no such process'), { info: { code: 'ESRCH' } });
  const line = recorded('ps').split('\n')[3] ?? '';
  const gateway = { pid: 612, startId: String(Date.UTC(2026, 10, 24, 2, 27, 15) / 1_000) };

  it('is dead at once when the kernel finds no living process', () => {
    const run = vi.fn<RunTool>();
    const source = macProcesses(run, undefined, () => {
      throw gone;
    });
    expect(source.isAlive(gateway)).toBe(false);
    expect(run).not.toHaveBeenCalled();
  });

  it('is alive when the kernel will not tell, and is confirmed by one ps, again after 30 s', async () => {
    let now = 0;
    const run = vi.fn<RunTool>(() => Promise.resolve(line));
    const source = macProcesses(
      run,
      () => now,
      () => {
        throw Object.assign(new Error('not permitted'), { info: { code: 'EPERM' } });
      },
    );
    expect(source.isAlive(gateway)).toBe(true);
    source.isAlive({ pid: 7, startId: '1' });
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1));
    expect(run.mock.calls[0]?.[1].slice(0, 2)).toEqual(['-p', '612,7']);
    await vi.waitFor(() => expect(source.isAlive({ ...gateway, startId: '1' })).toBe(false));
    for (now = 1_000; now < 30_000; now += 1_000) expect(source.isAlive(gateway)).toBe(true);
    expect(run).toHaveBeenCalledTimes(1);
    source.isAlive(gateway);
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(2));
  });

  it('is dead when its pid belongs to another process by now', async () => {
    const source = macProcesses(
      () => Promise.resolve(line),
      undefined,
      () => 0,
    );
    const old = { pid: 612, startId: String(Number(gateway.startId) - 5_000) };
    expect(source.isAlive(old)).toBe(true); // ps has not answered yet
    await vi.waitFor(() => expect(source.isAlive(old)).toBe(false));
    expect(source.isAlive(gateway)).toBe(true);
  });
});

describe('ports, folders and files on macOS', () => {
  it('finds the listeners of a port', async () => {
    expect(await mac({ 'lsof -nP -w -iTCP:3000 -sTCP:LISTEN': recorded('lsof-port') }).portOwners(3000)).toEqual({
      kind: 'known',
      pids: [940, 941],
    });
  });
  it('says nobody only when nobody listens', async () => {
    const port = mac({ netstat: recorded('netstat') });
    expect(await port.portOwners(3000)).toEqual({ kind: 'known', pids: [] }); // only a connection is left
    for (const taken of [631, 5000]) expect(await port.portOwners(taken)).toMatchObject({ kind: 'unknown' });
    expect(await port.portOwners(31)).toEqual({ kind: 'known', pids: [] });
  });
  it('says unknown when it could not look', async () => {
    const missing = Object.assign(new Error('spawn /usr/sbin/lsof ENOENT'), { code: 'ENOENT' });
    const port = mac({ lsof: missing, netstat: recorded('netstat') });
    expect(await port.portOwners(3000)).toMatchObject({ kind: 'unknown', why: expect.stringContaining('ENOENT') });
    expect(await port.openFiles()).toMatchObject({ kind: 'unknown', why: expect.stringContaining('ENOENT') });
    expect(await port.cwd(940)).toBeUndefined();
  });
  it('tells where a process works', async () => {
    expect(await mac({ '-p 940 -d cwd -Fpn': recorded('lsof-cwd') }).cwd(940)).toBe('/Users/ada/clawd/fitness tracker');
  });
  it('tells who holds a file, and how', async () => {
    // Exit 1 with output: something could not be looked into, as always without root.
    const partly = Object.assign(new Error('exit 1'), { code: 1, stdout: recorded('lsof-files'), stderr: '' });
    const open = await mac({ lsof: partly }).openFiles();
    if (open.kind !== 'known') throw new Error(open.why);
    const disk = 0x1000010;
    expect(Object.fromEntries(open.files)).toEqual({
      [`${0x100000f}:1152921500312524`]: [{ pid: 352, isWriter: false, isAppend: undefined }],
      [`${0x100000f}:20981`]: [{ pid: 352, isWriter: true, isAppend: false }],
      [`${disk}:77001`]: [
        { pid: 940, isWriter: true, isAppend: true },
        { pid: 940, isWriter: false, isAppend: false },
      ],
      [`${disk}:77002`]: [{ pid: 940, isWriter: true, isAppend: false }],
    });
  });
  it("gives no list that lacks the engine's own files", async () => {
    expect(await mac({ lsof: recorded('lsof-port') }).openFiles()).toMatchObject({ kind: 'unknown' });
  });
});
