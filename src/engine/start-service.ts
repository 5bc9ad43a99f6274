// Starts a service process that outlives the engine: a session of its own, output to its log file or to nowhere, no pipe
// to us (R18). Touches the log file and starts one process. Uses the bare spawn: there is no stream to manage here, and
// the time from a kill to the next answer is counted in milliseconds.
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import path from 'node:path';
import { errorText, HealthError, systemCode } from '../contract/errors.ts';
import type { ProcessPort, StartedProcess, StartSpec } from '../contract/ports.ts';
import { whyNotStarted } from './commands.ts';

export interface StartServiceOptions {
  readonly processes: Pick<ProcessPort, 'identify'>;
}

/** Rejects with a HealthError `refused` whose details carry `code` (the system's) when it can't be started. */
export function createStartService({ processes }: StartServiceOptions): (spec: StartSpec) => Promise<StartedProcess> {
  return async (spec) => {
    const [file, ...args] = spec.argv as [string, ...string[]];
    const log = spec.log === undefined ? undefined : openLog(path.resolve(spec.cwd ?? '.', spec.log));
    try {
      const output = log ?? 'ignore';
      const child = spawn(file, args, {
        detached: true,
        stdio: ['ignore', output, output],
        env: { ...process.env, ...spec.env },
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      });
      const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
        child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
      });
      // Spawning is synchronous: a pid means that the program was executed.
      if (child.pid === undefined) throw await new Promise((resolve) => child.once('error', resolve));
      child.on('error', () => undefined);
      child.unref();
      const row = await processes.identify(child.pid).catch(() => undefined);
      // Over before it could be looked at: an identity that nothing alive has.
      return { pid: child.pid, startId: row?.startId ?? 'ended-at-once', ended };
    } catch (error) {
      const code = systemCode(error) ?? 'UNKNOWN';
      throw new HealthError('refused', whyNotStarted(spec, code, errorText(error)), { details: { code }, cause: error });
    } finally {
      if (log !== undefined) closeSync(log);
    }
  };
}

/** Opens for appending; 0600 when created. Non-blocking, or a FIFO without a reader would stop the whole engine. */
function openLog(file: string): number {
  const folder = path.dirname(file);
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    const code = systemCode(error) ?? 'UNKNOWN';
    const isFolderThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const why = isFolderThere ? `can't be opened: ${errorText(error)}` : `can't be created: the folder ${folder} is missing`;
    throw new HealthError('refused', `The log file ${file} ${why}.`, { details: { code }, cause: error });
  }
  const kind = fstatSync(descriptor);
  if (kind.isFile() || kind.isCharacterDevice()) return descriptor;
  closeSync(descriptor);
  throw new HealthError('refused', `The log ${file} is no regular file.`, { details: { code: 'EINVAL' } });
}
