import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock, isUp, until } from '../../test/fixtures/heal-context.ts';
import type { CommandSpec } from '../contract/ports.ts';
import { createCommandPort } from './commands.ts';
import { createProcessPort } from './probe/processes.ts';
import { realTimers } from './system.ts';

const commands = createCommandPort({ processes: createProcessPort({ clock }), timers: realTimers });
let folder: string;
let pids: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'commands-'));
  pids = path.join(folder, 'pids');
});
afterEach(async () => {
  for (const pid of known()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone already
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

function known(): number[] {
  return existsSync(pids) ? readFileSync(pids, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number) : [];
}
function sh(script: string, spec: Partial<CommandSpec> = {}) {
  return commands.run({ argv: ['sh', '-c', script], timeoutMs: 20_000, ends: 'tree', cwd: folder, ...spec });
}
async function has(count: number): Promise<void> {
  await until(() => known().length >= count, `${count} processes have written their pids`);
}

describe('a command', () => {
  it('yields its exit code, both outputs and the last line', async () => {
    expect(await sh('echo one; echo two >&2; exit 7')).toMatchObject({ kind: 'exited', exitCode: 7 });
    const result = await sh('echo one; echo two >&2; echo');
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
    if (result.kind === 'exited') expect(result.output.split('\n').filter(Boolean).sort()).toEqual(['one', 'two']);
    expect(await sh('echo first; echo "  last  "; echo')).toMatchObject({ lastLine: 'last' });
  });

  it('gets its words as they are: no shell reads them', async () => {
    expect(await commands.run({ argv: ['echo', '$HOME', '; id', '*'], timeoutMs: 5_000, ends: 'tree' })).toMatchObject({
      output: '$HOME ; id *\n',
    });
  });

  it('has no input, inherits the environment and takes what is added', async () => {
    process.env['HEAL_TEST_INHERITED'] = 'yes';
    expect(await sh('cat; echo "$HEAL_TEST_INHERITED $ADDED"', { env: { ADDED: 'too' } })).toMatchObject({ output: 'yes too\n' });
  });

  it('says which signal ended it', async () => {
    expect(await sh('kill -9 $$')).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('that floods keeps its beginning and its end', async () => {
    const result = await sh('echo begin; yes 0123456789 | head -c 5000000; echo; echo end');
    if (result.kind !== 'exited') throw new Error(result.kind);
    expect(result.output.length).toBeLessThan(66_000);
    expect(result.output).toMatch(/^begin\n/);
    expect(result.output).toMatch(/bytes cut/);
    expect(result.lastLine).toBe('end');
  });

  it('that is not there, is no program, or has no folder says which of them', async () => {
    const run = (argv: string[], cwd?: string) => commands.run({ argv, cwd, timeoutMs: 5_000, ends: 'tree' });
    const plain = path.join(folder, 'plain');
    writeFileSync(plain, 'x', { mode: 0o600 });
    expect(await run(['no-such-program-anywhere'])).toMatchObject({
      kind: 'not-started',
      code: 'ENOENT',
      message: expect.stringContaining('was not found'),
    });
    expect(await run([plain])).toMatchObject({ kind: 'not-started', code: 'EACCES', message: expect.stringContaining('may not be run') });
    expect(await run(['true'], path.join(folder, 'gone'))).toMatchObject({
      kind: 'not-started',
      message: expect.stringContaining('folder'),
    });
    expect(await run(['true', 'a\0b'])).toMatchObject({ kind: 'not-started' });
  });

  it('is not started when the signal came before', async () => {
    const result = await sh(`echo $$ >> ${pids}`, { signal: AbortSignal.abort() });
    expect(result.kind).toBe('aborted');
    expect(known()).toEqual([]);
  });
});

describe('a check that takes too long', () => {
  it('is ended as a whole tree, also what ignores TERM or moved to its own session', async () => {
    const script = `
      echo $$ >> ${pids}
      sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done' &
      setsid sh -c 'echo $$ >> ${pids}; sleep 600 & echo $! >> ${pids}; wait' &
      echo started; wait; sleep 600`;
    const running = sh(script, { timeoutMs: 1_500 });
    await has(4);
    const result = await running;
    expect(result).toMatchObject({ kind: 'timed-out', lastLine: 'started' });
    await until(() => known().every((pid) => !isUp(pid)), 'the tree has ended');
  });

  it('is ended when the engine says so, and tells it apart', async () => {
    const stop = new AbortController();
    const running = sh(`echo $$ >> ${pids}; sleep 600`, { signal: stop.signal });
    await has(1);
    stop.abort();
    expect(await running).toMatchObject({ kind: 'aborted' });
    expect(known().every((pid) => !isUp(pid))).toBe(true);
  });

  it('is ended although it is frozen', async () => {
    const running = sh(`echo $$ >> ${pids}; kill -STOP $$`, { timeoutMs: 800 });
    expect(await running).toMatchObject({ kind: 'timed-out' });
    expect(known().every((pid) => !isUp(pid))).toBe(true);
  });
});

describe('a check that is over', () => {
  it('leaves nothing behind in its group', async () => {
    const result = await sh(`sleep 600 & echo $! >> ${pids}; echo done`);
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0, lastLine: 'done' });
    expect(known()).toHaveLength(1);
    await until(() => known().every((pid) => !isUp(pid)), 'the leftover has ended');
  });

  it('is not waited for by a pipe that somebody in another session still holds', async () => {
    const result = await sh(`setsid sh -c 'echo $$ >> ${pids}; exec sleep 600' & while [ ! -s ${pids} ]; do sleep 0.02; done; echo done`);
    expect(result).toMatchObject({ kind: 'exited', lastLine: 'done' });
    // Nobody can tell any more that it came from the check, so it is left alone (R13).
    expect(known().every(isUp)).toBe(true);
  });
});

describe("a remedy's command", () => {
  it('that takes too long loses its own group, never what it put in another session', async () => {
    const daemon = path.join(folder, 'daemon');
    const script = `
      echo $$ >> ${pids}
      sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done' &
      setsid sh -c 'echo $$ > ${daemon}; exec sleep 600' &
      wait; sleep 600`;
    const running = sh(script, { timeoutMs: 1_500, ends: 'group' });
    await has(2);
    await until(() => existsSync(daemon) && readFileSync(daemon, 'utf8') !== '', 'the daemon is up');
    const daemonPid = Number(readFileSync(daemon, 'utf8'));
    try {
      expect(await running).toMatchObject({ kind: 'timed-out' });
      await until(() => known().every((pid) => !isUp(pid)), 'the group has ended');
      expect(isUp(daemonPid)).toBe(true);
    } finally {
      process.kill(daemonPid, 'SIGKILL');
    }
  });

  it('whose daemon kept the output returns at once, and the daemon can go on writing', async () => {
    const wrote = path.join(folder, 'wrote');
    const daemon = `echo $$ >> ${pids}; i=0; while [ $i -lt 20 ]; do echo "line $i"; sleep 0.05; i=$((i+1)); done; echo yes > ${wrote}; sleep 600`;
    const result = await sh(`setsid sh -c '${daemon}' & echo returned`, { ends: 'group' });
    expect(result).toMatchObject({ kind: 'exited', exitCode: 0 });
    if (result.kind === 'exited') expect(result.output).toContain('returned');
    await until(() => existsSync(wrote), 'the daemon wrote on after our end of the pipe was given up');
    expect(known().every(isUp)).toBe(true);
  });

  it('leaves a daemon that can go on writing when the engine is killed', async () => {
    const wrote = path.join(folder, 'wrote');
    const engine = path.join(folder, 'engine.ts');
    const source = (name: string) => JSON.stringify(path.join(import.meta.dirname, name));
    const daemon = `echo $$ >> ${pids}; while [ ! -e ${folder}/go ]; do sleep 0.02; done; i=0; while [ $i -lt 20 ]; do echo "line $i"; i=$((i+1)); done; echo yes > ${wrote}; sleep 600`;
    writeFileSync(
      engine,
      `import { writeFileSync } from 'node:fs';
       import { createCommandPort } from ${source('commands.ts')};
       import { createProcessPort } from ${source('probe/processes.ts')};
       import { realTimers } from ${source('system.ts')};
       const commands = createCommandPort({ processes: createProcessPort(), timers: realTimers });
       const script = ${JSON.stringify(`setsid sh -c '${daemon}' & while [ ! -s ${pids} ]; do sleep 0.02; done`)};
       await commands.run({ argv: ['sh', '-c', script], timeoutMs: 20_000, ends: 'group' });
       writeFileSync(${JSON.stringify(path.join(folder, 'returned'))}, '');
       setInterval(() => {}, 60_000);`,
    );
    const child = spawn(process.execPath, [engine], { stdio: 'inherit' });
    await until(() => existsSync(path.join(folder, 'returned')), 'the command has returned');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    writeFileSync(path.join(folder, 'go'), '');
    await until(() => existsSync(wrote), 'the daemon wrote without the engine');
    expect(known().every(isUp)).toBe(true);
  });

  it('leaves alone what it started in the background of its own group', async () => {
    await sh(`sleep 600 & echo $! >> ${pids}; echo done`, { ends: 'group' });
    expect(known()).toHaveLength(1);
    expect(known().every(isUp)).toBe(true);
  });

  it('keeps its folder', async () => {
    expect(await sh('pwd', { ends: 'group' })).toMatchObject({ lastLine: expect.stringContaining(path.basename(folder)) });
    expect(statSync(folder).isDirectory()).toBe(true);
  });
});
