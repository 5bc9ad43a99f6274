import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import type { CommandResult } from '../../contract/ports.ts';
import { probeCommand } from './command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'probe-command-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (argv: string[], part: object = {}, signal?: AbortSignal) =>
  probeCommand(
    checkSchema.parse({ type: 'command', run: argv, timeout: '10s', ...part }) as CheckOf<'command'>,
    probeContext({ userHome: folder, ...(signal ? { signal } : {}) }),
  );
const sh = (script: string, part: object = {}) => run(['sh', '-c', script], part);
const answering = (result: CommandResult) =>
  probeCommand(
    checkSchema.parse({ type: 'command', run: ['x'] }) as CheckOf<'command'>,
    probeContext({ commands: { run: async () => result } }),
  );

describe('a look by a program of the user', () => {
  it.each([
    [0, 'ok', 'exit-ok'],
    [1, 'warning', 'exit-warning'],
    [2, 'error', 'exit-error'],
    [3, 'unknown', 'exit-unknown'],
    [127, 'unknown', 'exit-unknown'],
  ])('takes exit %i as %s', async (code, level, reason) => {
    await expect(sh(`echo first; echo last; exit ${code}`)).resolves.toEqual({ level, reason, message: 'last' });
  });

  it('cuts performance data, colours and long lines from the message', async () => {
    await expect(sh("printf 'DISK OK - 4 GB free | /=2643MB;5948;5958;0;5968\\n'")).resolves.toMatchObject({
      message: 'DISK OK - 4 GB free',
    });
    await expect(sh("printf '\\033[31mred\\033[0m\\n'")).resolves.toMatchObject({ message: 'red' });
    const long = await sh('head -c 5000 /dev/zero | tr "\\0" x');
    expect(long.message.length).toBeLessThanOrEqual(300);
    await expect(sh('exit 2')).resolves.toMatchObject({ message: 'Exited with 2' });
    await expect(sh('echo "| only=data"')).resolves.toMatchObject({ message: 'Exited with 0' });
  });

  it('runs in its folder with its environment, and no shell reads its words', async () => {
    mkdirSync(path.join(folder, 'sub'));
    await expect(run(['sh', '-c', 'echo "$PWD $X"'], { cwd: '~/sub', env: { X: '1' } })).resolves.toMatchObject({
      message: expect.stringMatching(/\/sub 1$/),
    });
    await expect(run(['echo', '$HOME; $(id)'])).resolves.toMatchObject({ message: '$HOME; $(id)' });
  });

  it('fails in time when the program does not end', async () => {
    await expect(sh('echo half; sleep 600', { timeout: '300ms' })).resolves.toEqual({
      level: 'error',
      reason: 'timed-out',
      message: 'Did not end within 300 ms: half',
    });
  });

  it('cannot look when the program was killed, or the look was', async () => {
    await expect(sh('kill -SEGV $$')).resolves.toEqual({ level: 'unknown', reason: 'exit-unknown', message: 'Ended by SIGSEGV' });
    await expect(run(['sleep', '600'], {}, AbortSignal.abort())).resolves.toMatchObject({ level: 'unknown', reason: 'cut-short' });
  });

  it('tells what to do when the program can not be started', async () => {
    await expect(run(['no-such-program-here'])).resolves.toEqual({
      level: 'unknown',
      reason: 'program-missing',
      message: expect.stringMatching(
        /^The program "no-such-program-here" was not found in \/.*: install it, or write its whole path into "run"$/,
      ),
    });
    await expect(run(['sh', '-c', 'true'], { cwd: '~/gone' })).resolves.toMatchObject({
      level: 'unknown',
      reason: 'not-found',
      message: expect.stringContaining('"cwd"'),
    });
    const script = path.join(folder, 'script');
    writeFileSync(script, 'echo hi\n', { mode: 0o600 });
    await expect(run([script])).resolves.toMatchObject({
      level: 'unknown',
      reason: 'permission-denied',
      message: expect.stringContaining('chmod +x'),
    });
    await expect(answering({ kind: 'not-started', code: 'EAGAIN', message: '' })).resolves.toMatchObject({
      level: 'unknown',
      reason: 'no-handles',
    });
    await expect(answering({ kind: 'not-started', code: 'E2BIG', message: '' })).resolves.toMatchObject({
      level: 'unknown',
      reason: 'probe-failed',
    });
  });
});
