// What the configuration needs from this machine, as lines of `doctor`: programs that can be run, logs and folders that can be
// used, ports that no stranger holds. The looking is engine/probe/means.ts.
import type { Config } from '../contract/config.ts';
import { checkMeans } from '../engine/probe/means.ts';
import type { DoctorDeps } from './doctor-checks.ts';
import { type DoctorLine, trouble } from './doctor-line.ts';

/** One line per program, folder, log, port and pattern, however many services name it. */
export async function* configuredLines(config: Config, deps: DoctorDeps): AsyncIterable<DoctorLine> {
  if (!deps.env.PATH) yield trouble('PATH', 'not set', 'Set PATH, then run jarvis-health restart.');
  const context = { userHome: deps.userHome, searchPath: deps.env.PATH, processes: deps.processes, signal: deps.signal };
  for await (const { component, ok, found, mend } of checkMeans(config, context)) yield { component, ok, found, mend };
}
