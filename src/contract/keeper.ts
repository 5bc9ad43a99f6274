// Who keeps a process running, what that one says of it (R4, R12), and how it is called. Shapes and words only.
import type { ProcessIdentity } from './flow.ts';

/** Those that can be asked to restart what they keep. */
export const SUPERVISORS = ['launchd', 'brew', 'pm2', 'systemd', 'docker', 'supervisord'] as const;
export type Supervisor = (typeof SUPERVISORS)[number];

export interface Keeper {
  readonly by: Supervisor | 'terminal' | 'nobody';
  /** As that one names it: label, formula, app, unit, container, program. Empty for nobody. */
  readonly name: string;
  /** Which of several: PM2's home, `user` or `system` of systemd, supervisord's configuration file or address. */
  readonly at?: string | undefined;
  /** Of a terminal: the shell that it was started from. Once that is gone, nobody sits there any more. */
  readonly shell?: ProcessIdentity | undefined;
}

/** What the keeper says of a service that fails. `stopped`: on purpose, so that only a person starts it (R12). `down`: it ended, and
 * was not meant to. `terminal`: somebody started it by hand and still sits there. `gone`: the keeper does not know it, or is not there
 * itself. */
export interface KeeperState {
  readonly kind: 'running' | 'stopped' | 'down' | 'terminal' | 'gone' | 'unknown';
  /** Named reason (R16), like `stopped-in-pm2`. */
  readonly reason: string;
  /** One sentence for people. */
  readonly why: string;
  /** It brings the service back by itself, and is given the time for that (R4). */
  readonly restartsItself: boolean;
}

export interface Keeping {
  readonly keeper: Keeper;
  readonly state: KeeperState;
}

const TITLES: Record<Keeper['by'], string> = {
  launchd: 'launchd',
  brew: 'brew services',
  pm2: 'PM2',
  systemd: 'systemd',
  docker: 'Docker',
  supervisord: 'supervisord',
  terminal: 'a terminal',
  nobody: 'nobody',
};
/** As people call it. */
export function keeperTitle(by: Keeper['by']): string {
  return TITLES[by];
}

/** The beginning of a command to supervisord; `at` as in `Keeper`. */
export function supervisorctl(at: string | undefined): string[] {
  return ['supervisorctl', ...(at === undefined ? [] : /^\w+:/.test(at) ? ['-s', at] : ['-c', at])];
}

/** Whether PM2 has an instance as stopped. Between a crash and the next start it says so too, but then with the pid of the dead one still
 * in it; a stop sets that to 0 (pm2/lib/God.js `handleExit`, God/ActionMethods.js `stopProcessId`). */
export function isStoppedInPm2(status: unknown, pid: unknown): boolean {
  return status === 'stopping' || (status === 'stopped' && !pid);
}
