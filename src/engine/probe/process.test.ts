// The process check, on real processes where they matter and on a written table where numbers matter.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endAllPrograms, endProgram, fixturePath, startFixture, startProgram } from '../../../test/fixtures/processes-children.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import type { CommandResult, CommandSpec, ProbeContext, ProcessPort, ProcessRow } from '../../contract/ports.ts';
import { probeProcess } from './process.ts';
import { createProcessPort } from './processes.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-check-'));
});
afterEach(async () => {
  await endAllPrograms();
  rmSync(folder, { recursive: true, force: true });
});

const check = (text: Record<string, unknown>) => checkSchema.parse({ type: 'process', ...text }) as CheckOf<'process'>;

function context(more: Partial<ProbeContext> = {}): ProbeContext {
  return {
    clock: { now: () => ({ wallMs: 0, bootMs: 0, awakeMs: 0, boot: 'b' }) },
    ages: { ageMs: () => 0, trustedWallMs: () => 0 },
    timers: { after: () => () => {}, sleep: () => Promise.resolve() },
    processes: createProcessPort(),
    commands: { run: () => Promise.reject(new Error('no command expected')) },
    signal: new AbortController().signal,
    platform: process.platform,
    userHome: folder,
    memory: new Map(),
    ...more,
  };
}
function row(pid: number, more: Partial<ProcessRow> = {}): ProcessRow {
  return {
    pid,
    startId: `s${pid}`,
    ppid: 1,
    pgid: pid,
    uid: 501,
    name: 'node',
    command: 'node app.js',
    isZombie: false,
    rssBytes: 30e6,
    cpuMs: 500,
    ageMs: 10_000,
    hasTerminal: false,
    ...more,
  };
}
function written(rows: ProcessRow[]): ProcessPort {
  const byPid = new Map(rows.map((one) => [one.pid, one]));
  return {
    ...createProcessPort(),
    table: () => Promise.resolve({ rows: byPid, protected: new Set([1, 99]) }),
    identify: (pid) => Promise.resolve(byPid.get(pid)),
  };
}

if (process.platform !== 'linux') process.stderr.write('process.test.ts: the tests with real processes need Linux\n');
describe.runIf(process.platform === 'linux')('a real process', () => {
  it('is found, and missed when it has ended', async () => {
    const title = `check-${process.pid}`;
    const { child, pid, line } = startFixture('processes-titled.mjs', [title, 'x'.repeat(40)]);
    await line;
    const ctx = context();
    const found = await probeProcess(check({ match: title }), ctx);
    expect(found).toMatchObject({
      level: 'ok',
      reason: 'process-running',
      message: `Process ${pid} runs`,
      processes: [{ pid }],
      measures: [],
    });
    expect(found.processAgeMs).toBeLessThan(30_000);
    expect(await probeProcess(check({ name: title }), ctx)).toMatchObject({ level: 'ok', processes: [{ pid }] });
    expect(await probeProcess(check({ match: title, min: 2 }), ctx)).toMatchObject({
      level: 'error',
      reason: 'process-too-few',
      processes: [{ pid }],
    });
    await endProgram(child);
    expect(await probeProcess(check({ match: title }), ctx)).toMatchObject({ level: 'error', reason: 'process-missing' });
  });

  it('is dead when only a zombie is left, found by name, by pid file, or known from the look before', async () => {
    // A name of its own: other programs of this machine may be called sleep.
    const name = `zombie-${process.pid}`;
    execFileSync('cp', ['/bin/sleep', join(folder, name)]);
    const { line } = startProgram('/bin/sh', ['-c', `${folder}/${name} 0.4 & echo $!; exec sleep 61`]);
    const pid = Number(await line);
    writeFileSync(join(folder, 'pid'), `${pid}\n`);
    const ctx = context();
    await vi.waitFor(
      async () => expect(await probeProcess(check({ match: `/${name} 0.4` }), ctx)).toMatchObject({ level: 'ok', processes: [{ pid }] }),
      { interval: 5 },
    );
    await vi.waitFor(async () =>
      expect(await probeProcess(check({ match: `/${name} 0.4` }), ctx)).toMatchObject({ level: 'error', reason: 'process-zombie' }),
    );
    expect(await probeProcess(check({ name }), context())).toMatchObject({ level: 'error', reason: 'process-zombie' });
    expect(await probeProcess(check({ pidFile: '~/pid' }), context())).toMatchObject({ level: 'error', reason: 'process-zombie' });
    expect(await probeProcess(check({ match: `/${name} 0.4` }), context())).toMatchObject({ level: 'error', reason: 'process-missing' });
  });

  it('measures memory and CPU and leaves the judgement to others', async () => {
    const { line, pid } = startFixture('processes-listener.mjs', ['127.0.0.1']);
    await line;
    writeFileSync(join(folder, 'pid'), String(pid));
    const found = await probeProcess(check({ pidFile: join(folder, 'pid'), maxMemory: '1MB', maxCpu: 50 }), context());
    expect(found.level).toBe('ok');
    expect(found.measures).toEqual([
      expect.objectContaining({
        name: 'memory',
        unit: 'bytes',
        limit: 1e6,
        failsWhen: 'above',
        failText: expect.stringMatching(/^Uses \d+ MB of memory, more than 1 MB$/),
      }),
      expect.objectContaining({ name: 'cpu', unit: 'percent', limit: 50, failsWhen: 'above' }),
    ]);
    expect(found.measures?.[0]?.value).toBeGreaterThan(10e6);
    expect(found.measures?.[1]?.value).toBeGreaterThan(0);
  });
});

describe('memory and CPU', () => {
  it('adds up all processes, since the start and then between looks', async () => {
    const memory = new Map<string, unknown>();
    const look = (rows: ProcessRow[]) =>
      probeProcess(check({ match: 'app.js', maxMemory: '50MB', maxCpu: 80 }), context({ memory, processes: written(rows) }));
    const values = async (rows: ProcessRow[]) => (await look(rows)).measures?.map((one) => one.value);
    expect(await values([row(5), row(6, { cpuMs: 1_000 })])).toEqual([60e6, 15]); // 5 % and 10 % since their starts
    // Ten seconds on: 9 s of CPU, none, and a new one with 1 s in its 2 s of life.
    expect(
      await values([
        row(5, { cpuMs: 9_500, ageMs: 20_000 }),
        row(6, { cpuMs: 1_000, ageMs: 20_000 }),
        row(7, { cpuMs: 1_000, ageMs: 2_000 }),
      ]),
    ).toEqual([90e6, 140]);
    // A look half a second later is too short to tell anything new.
    expect(await values([row(5, { cpuMs: 9_500, ageMs: 20_500 })])).toEqual([30e6, 90]);
    // The same pid is another process now.
    expect(await values([row(5, { startId: 'other', cpuMs: 100, ageMs: 1_000 })])).toEqual([30e6, 10]);
  });
  it('gives the age of the youngest', async () => {
    const found = await probeProcess(
      check({ name: 'node' }),
      context({ processes: written([row(5), row(6, { ageMs: 70 }), row(7, { ageMs: 900 })]) }),
    );
    expect(found.processAgeMs).toBe(70);
    expect(found.message).toBe('3 processes run');
  });
});

describe('a pid file', () => {
  const look = (more: Partial<ProbeContext> = {}) =>
    probeProcess(check({ pidFile: '~/run/app.pid' }), context({ processes: written([row(5), row(99)]), ...more }));
  beforeEach(() => mkdirSync(join(folder, 'run')));
  const write = (text: string) => writeFileSync(join(folder, 'run', 'app.pid'), text);

  it('names the process, also with more lines below', async () => {
    for (const text of ['5', '5\n', ' 5\r\n', '5\n/var/lib/db\n1710\n']) {
      write(text);
      expect(await look(), JSON.stringify(text)).toMatchObject({ level: 'ok', processes: [{ pid: 5, startId: 's5' }] });
    }
  });
  it('is an error when missing, stale, garbage, or naming the engine itself', async () => {
    expect(await look()).toMatchObject({ level: 'error', reason: 'process-missing' });
    for (const text of ['', 'five', '5x', '-5', '0', '5 6', '\0\0', '9'.repeat(400)]) {
      write(text);
      expect(await look(), JSON.stringify(text)).toMatchObject({ level: 'error', reason: 'wrong-answer' });
    }
    for (const text of ['4711', '99']) {
      write(text);
      expect(await look(), text).toMatchObject({ level: 'error', reason: 'process-missing' });
    }
  });
  it('does not hang on a pipe, and does not fail on a folder', async () => {
    execFileSync('mkfifo', [join(folder, 'run', 'app.pid')]);
    expect(await look()).toMatchObject({ level: 'error', reason: 'wrong-answer' });
    rmSync(join(folder, 'run', 'app.pid'));
    mkdirSync(join(folder, 'run', 'app.pid'));
    expect(await look()).toMatchObject({ level: 'error', reason: 'wrong-answer' });
  });
});

describe('when it could not look', () => {
  const failing = (code: string) =>
    context({ processes: { ...createProcessPort(), table: () => Promise.reject(Object.assign(new Error(code), { code })) } });
  it.each([
    ['EMFILE', 'no-handles'],
    ['ENFILE', 'no-handles'],
    ['EACCES', 'permission-denied'],
    ['ENOENT', 'program-missing'],
    ['EIO', 'probe-failed'],
    ['ESOMETHING', 'probe-failed'],
  ])('%s is unknown, never an error of the service: %s', async (code, reason) => {
    expect(await probeProcess(check({ match: 'app.js' }), failing(code))).toMatchObject({ level: 'unknown', reason });
  });
});

describe('a launchd label', () => {
  const recorded = (name: string) => readFileSync(fixturePath(`processes-macos-launchctl-${name}.txt`), 'utf8');
  const exited = (output: string, exitCode = 0): CommandResult => ({
    kind: 'exited',
    exitCode,
    output,
    lastLine: output.trim().split('\n').at(-1) ?? '',
  });
  const missing = exited(recorded('missing'), 113);
  const calls: (readonly string[])[] = [];
  const look = (answers: CommandResult[], platform: NodeJS.Platform = 'darwin') => {
    calls.length = 0;
    const run = ({ argv }: CommandSpec) => {
      calls.push(argv);
      return Promise.resolve(answers[calls.length - 1] as CommandResult);
    };
    return probeProcess(
      check({ launchdLabel: 'com.example.gateway' }),
      context({ platform, commands: { run }, processes: written([row(612)]) }),
    );
  };

  it('names the process that runs', async () => {
    expect(await look([exited(recorded('list-running'))])).toMatchObject({ level: 'ok', processes: [{ pid: 612 }] });
    expect(calls).toEqual([['/bin/launchctl', 'list', 'com.example.gateway']]);
    expect(await look([missing, exited(recorded('print'))])).toMatchObject({ level: 'ok', processes: [{ pid: 612 }] });
    expect(calls[1]).toEqual(['/bin/launchctl', 'print', `gui/${process.getuid?.()}/com.example.gateway`]);
  });
  it('is an error at rest and when not loaded', async () => {
    expect(await look([exited(recorded('list-resting'))])).toMatchObject({
      level: 'error',
      reason: 'process-missing',
      message: 'com.example.gateway is loaded but does not run; last exit: 256',
    });
    expect(await look([missing, missing])).toMatchObject({
      level: 'error',
      reason: 'process-missing',
      message: 'com.example.gateway is not loaded in launchd',
    });
  });
  it('is unknown when launchd could not be asked', async () => {
    expect(await look([missing, exited('Could not find domain for user gui: 501\n', 113)])).toMatchObject({
      level: 'unknown',
      reason: 'probe-failed',
    });
    expect(await look([{ kind: 'not-started', code: 'ENOENT', message: 'no launchctl' }])).toMatchObject({
      level: 'unknown',
      reason: 'program-missing',
    });
    expect(await look([{ kind: 'aborted', output: '', lastLine: '' }])).toMatchObject({ level: 'unknown', reason: 'cut-short' });
    expect(await look([], 'linux')).toMatchObject({ level: 'unknown', reason: 'not-supported' });
  });
});
