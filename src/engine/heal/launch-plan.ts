// What will be started, worked out and tried before anything is stopped: a remedy whose program or folder is missing must
// not first end the process that still runs. Reads the file system; changes nothing.
import path from 'node:path';
import type { RemedyOf } from '../../contract/config.ts';
import type { RemedyContext, RemedyResult, StartSpec, TimersPort } from '../../contract/ports.ts';
import { lookedFor } from '../../contract/program.ts';
import { inTime, statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { findProgram } from '../find-program.ts';
import { notStarted, refused } from './result.ts';

/** The working folder of a remedy: its own, else the service's, else none is known. */
export function folderOf(cwd: string | undefined, ctx: RemedyContext): string | undefined {
  const folder = cwd ?? ctx.serviceCwd;
  return folder === undefined ? undefined : expandPath(folder, ctx.userHome);
}

export function launchPlan(remedy: RemedyOf<'restart-process'>, ctx: RemedyContext): StartSpec {
  const cwd = folderOf(remedy.cwd, ctx);
  const log = remedy.log === undefined ? undefined : expandPath(remedy.log, ctx.userHome);
  return { argv: remedy.start, cwd, env: remedy.env, log };
}

const ANSWER_MS = 5_000;

/** Why this can't start, as far as one can know before trying; undefined when nothing speaks against it. To start something in a folder
 * on a drive that is gone would hold up the whole engine, since it waits in the thread until the program runs. */
export async function whyNotStartable(spec: StartSpec, timers: Pick<TimersPort, 'after'>): Promise<RemedyResult | undefined> {
  const why = await inTime(
    look(spec).then((found) => found ?? 'nothing'),
    ANSWER_MS,
    timers,
  );
  if (why === undefined)
    return refused('drive-silent', `${spec.cwd ?? 'Its program'} does not answer: the drive that it lies on may be gone.`);
  return why === 'nothing' ? undefined : why;
}

async function look(spec: StartSpec): Promise<RemedyResult | undefined> {
  if (spec.cwd !== undefined && !(await isFolder(spec.cwd)))
    return notStarted('folder-missing', `The folder ${spec.cwd} is missing, or is no folder.`);
  if (spec.log !== undefined && !(await isFolder(path.dirname(spec.log)))) {
    return notStarted('log-folder-missing', `The folder ${path.dirname(spec.log)} of the log file is missing. Create it, or change "log".`);
  }
  const program = spec.argv[0] ?? '';
  const searchPath = spec.env?.['PATH'] ?? process.env['PATH'];
  const found = await findProgram(program, { searchPath, cwd: spec.cwd ?? '.' });
  if (found.kind === 'found') return undefined;
  if (found.kind === 'not-executable') return notStarted('not-allowed', `The program ${program} may not be run by this user.`);
  const hint = program.includes('/') ? '' : '; write its whole path';
  const looked = lookedFor(program, searchPath);
  return notStarted('program-missing', `The program ${program} was not found${looked}${hint}.`);
}

function isFolder(place: string): Promise<boolean> {
  return statOnce(place).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
