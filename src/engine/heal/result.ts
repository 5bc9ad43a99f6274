// How remedies say what they did (R16): three short words for three kinds of result. Touches nothing.
import { HealthError } from '../../contract/errors.ts';
import { plainLine } from '../../contract/plain-text.ts';
import type { ProcessRow, RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { shownCommand } from '../../contract/scrub.ts';

/** Why the signal of a remedy is aborted when its `timeout`, and not the engine, is over. */
export const OVERTIME = 'overtime';

export function refused(reason: string, message: string): RemedyResult {
  return { kind: 'refused', reason, message, output: '' };
}
export function acted(reason: string, message: string, output = ''): RemedyResult {
  return { kind: 'acted', reason, message, output };
}
export function notStarted(reason: string, message: string): RemedyResult {
  return { kind: 'not-started', reason, message, output: '' };
}

/** Before anything was touched. */
export function outOfTime({ signal }: Pick<RemedyContext, 'signal'>): RemedyResult {
  return signal.reason === OVERTIME
    ? refused('timed-out', 'Its time was over before anything was done.')
    : refused('aborted', 'The engine is ending.');
}

/** The system's code that a start was refused with. */
export function startCode(error: unknown): string | undefined {
  const code = error instanceof HealthError ? error.details['code'] : (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Named reason for a command that could not be started. */
export function notStartedReason(code: string | undefined): string {
  if (code === 'ENOENT') return 'program-missing';
  if (code === 'EACCES' || code === 'EPERM') return 'not-allowed';
  return 'could-not-start';
}

const COMMAND_LENGTH = 120;
/** A process as people know it, without what may be a secret: `python3 (pid 4711: python3 -m http.server)`. */
export function processText(row: Pick<ProcessRow, 'pid' | 'name' | 'command'>): string {
  const text = shownCommand(row.command, COMMAND_LENGTH);
  const command = text.length > COMMAND_LENGTH ? `${text.slice(0, COMMAND_LENGTH)}…` : text;
  return `${plainLine(row.name)} (pid ${row.pid}: ${command})`;
}
