// What will be started, worked out and tried before anything is stopped: a remedy whose program or folder is missing must
// not first end the process that still runs. Reads the file system; changes nothing.
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { RemedyOf } from '../../contract/config.ts';
import type { RemedyContext, RemedyResult, StartSpec } from '../../contract/ports.ts';
import { lookedFor } from '../../contract/program.ts';
import { expandPath } from '../expand-path.ts';
import { notStarted } from './result.ts';

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

/** Why this can't start, as far as one can know before trying; undefined when nothing speaks against it. */
export function whyNotStartable(spec: StartSpec): RemedyResult | undefined {
  if (spec.cwd !== undefined && !isFolder(spec.cwd))
    return notStarted('folder-missing', `The folder ${spec.cwd} is missing, or is no folder.`);
  if (spec.log !== undefined && !isFolder(path.dirname(spec.log))) {
    return notStarted('log-folder-missing', `The folder ${path.dirname(spec.log)} of the log file is missing. Create it, or change "log".`);
  }
  const program = spec.argv[0] ?? '';
  const places = program.includes('/')
    ? [path.resolve(spec.cwd ?? '.', program)]
    : (spec.env?.['PATH'] ?? process.env['PATH'] ?? '')
        .split(path.delimiter)
        .map((folder) => path.resolve(spec.cwd ?? '.', folder, program));
  if (places.some(isProgram)) return undefined;
  if (places.some((place) => fileKind(place) === 'file')) {
    return notStarted('not-allowed', `The program ${program} may not be run by this user.`);
  }
  const hint = program.includes('/') ? '' : '; write its whole path';
  const looked = lookedFor(program, spec.env?.['PATH'] ?? process.env['PATH']);
  return notStarted('program-missing', `The program ${program} was not found${looked}${hint}.`);
}

function fileKind(place: string): 'file' | 'folder' | undefined {
  try {
    const found = statSync(place);
    return found.isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
function isFolder(place: string): boolean {
  return fileKind(place) === 'folder';
}
function isProgram(place: string): boolean {
  try {
    accessSync(place, constants.X_OK);
    return fileKind(place) === 'file';
  } catch {
    return false;
  }
}
