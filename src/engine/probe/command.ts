// Runs a person's own check program as Nagios plugins are run: exit 0 ok, 1 warning, 2 error, else unknown; the last line
// is the message, without the performance data behind `|`. No shell; the whole tree is ended with it (R18).
import { access } from 'node:fs/promises';
import type { CheckOf } from '../../contract/config.ts';
import type { ReadingReason, Status } from '../../contract/flow.ts';
import type { CommandResult, ProbeContext } from '../../contract/ports.ts';
import { lookedFor } from '../../contract/program.ts';
import { shownLine } from '../../contract/scrub.ts';
import { durationText } from '../../contract/units.ts';
import { expandPath } from '../expand-path.ts';
import type { Finding } from './finding.ts';
import { troubleOf } from './system-error.ts';

const MESSAGE_CAP = 300;

const EXITS: Readonly<Record<number, { readonly level: Status; readonly reason: ReadingReason }>> = {
  0: { level: 'ok', reason: 'exit-ok' },
  1: { level: 'warning', reason: 'exit-warning' },
  2: { level: 'error', reason: 'exit-error' },
};
const OTHER = { level: 'unknown', reason: 'exit-unknown' } as const;

export async function probeCommand(check: CheckOf<'command'>, ctx: ProbeContext): Promise<Finding> {
  const cwd = check.cwd === undefined ? undefined : expandPath(check.cwd, ctx.userHome);
  const result = await ctx.commands.run({
    argv: check.run,
    cwd,
    env: check.env,
    timeoutMs: check.timeoutMs,
    signal: ctx.signal,
    ends: 'tree',
  });
  switch (result.kind) {
    case 'exited':
      return { ...(EXITS[result.exitCode] ?? OTHER), message: messageOf(result.lastLine) || `Exited with ${result.exitCode}` };
    case 'signalled':
      return { ...OTHER, message: `Ended by ${result.signal}${withLine(result.lastLine)}` };
    case 'timed-out':
      return {
        level: 'error',
        reason: 'timed-out',
        message: `Did not end within ${durationText(check.timeoutMs)}${withLine(result.lastLine)}`,
      };
    case 'aborted':
      return { level: 'unknown', reason: 'cut-short', message: 'The look was cut short' };
    case 'not-started':
      return notStarted(result, check, cwd);
  }
}

async function notStarted(
  result: Extract<CommandResult, { kind: 'not-started' }>,
  check: CheckOf<'command'>,
  cwd: string | undefined,
): Promise<Finding> {
  const program = check.run[0] ?? '';
  switch (result.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      // The system says the same of a missing program and of a missing folder.
      return cwd !== undefined && !(await exists(cwd))
        ? { level: 'unknown', reason: 'not-found', message: `The folder ${cwd} does not exist: correct "cwd"` }
        : {
            level: 'unknown',
            reason: 'program-missing',
            message: `The program "${program}" was not found${lookedFor(program, check.env?.['PATH'] ?? process.env['PATH'])}: install it, or write its whole path into "run"`,
          };
    case 'EACCES':
    case 'EPERM':
      return {
        level: 'unknown',
        reason: 'permission-denied',
        message: `The program "${program}" may not be run: make it executable (chmod +x)`,
      };
    case 'ENOEXEC':
      return {
        level: 'unknown',
        reason: 'probe-failed',
        message: `"${program}" is not a program: its first line should name one, like #!/bin/sh`,
      };
    default: {
      const trouble = troubleOf(Object.assign(new Error(), { code: result.code }));
      const reason = trouble?.level === 'unknown' ? trouble.reason : 'probe-failed';
      return { level: 'unknown', reason, message: `The program "${program}" could not be started (${result.code})` };
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function messageOf(line: string): string {
  return shownLine(line.split('|', 1)[0] ?? '', MESSAGE_CAP);
}

function withLine(line: string): string {
  const text = messageOf(line);
  return text ? `: ${text}` : '';
}
