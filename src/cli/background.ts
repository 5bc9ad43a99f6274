// The background service behind `start`, `stop`, `restart` (PRODUCT section 6): a LaunchAgent on macOS, a systemd user
// unit where there is such a manager, else a detached process. Both calls are safe twice. Whoever owns the home is the
// truth about what runs; a service manager is only asked to start it and to leave it alone.
import { join } from 'node:path';
import { EXIT, HealthError, systemCode } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { CommandPort, ProcessPort, ProcessRow, StartedProcess, StartSpec, TimersPort } from '../contract/ports.ts';
import { createDetached } from './background-detached.ts';
import { createLaunchd } from './background-launchd.ts';
import { logTail, prepareLog } from './background-log.ts';
import { type InstalledProgram, installedProgram } from './background-program.ts';
import { createSystemd, hasUserManager } from './background-systemd.ts';

const READY_MS = 30_000;
const STOP_MS = 10_000;
const KILLED_MS = 3_000;
const LOOK_MS = 50;
/** How long a single round (`check --once`) may still hold the home. */
const ROUND_MS = 60_000;
const TELLS_MS = 1_000;

type BackgroundKind = 'launchd' | 'systemd' | 'detached';
export interface BackgroundReport {
  readonly kind: BackgroundKind;
  /** false when there was nothing to do. */
  readonly changed: boolean;
  readonly running: boolean;
  readonly pid?: number | undefined;
  /** One line for people. */
  readonly message: string;
}
export interface BackgroundState {
  readonly kind: BackgroundKind;
  /** It comes back by itself after a crash and at the next login (launchd, systemd); started by `start` (detached). */
  readonly installed: boolean;
  readonly running: boolean;
  readonly pid?: number | undefined;
  /** The plist, unit or pid file. */
  readonly path?: string | undefined;
  /** Whose program its file starts; undefined where no service manager has one for this home. */
  readonly program?: InstalledProgram | undefined;
}
export interface Background {
  /** Resolves when the engine is up. Rejects `conflict` (also beside an engine in a terminal), `config-invalid`, `no-engine` (with the end of its log). */
  start(): Promise<BackgroundReport>;
  /** Resolves when the home is free. Rejects `conflict` when the app owns it, `refused` when it could not be ended. */
  stop(): Promise<BackgroundReport>;
  restart(): Promise<BackgroundReport>;
  state(): Promise<BackgroundState>;
  logPath(): string;
}

interface Owner {
  readonly pid?: number | undefined;
  readonly mode?: string | undefined;
  readonly startedAt?: string | undefined;
}
export interface BackgroundDeps {
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  readonly uid: number;
  readonly home: string;
  /** argv that runs the headless engine: [node, bin, 'run', '--home', home]. */
  readonly command: readonly string[];
  readonly commands: CommandPort;
  readonly timers: TimersPort;
  readonly processes: Pick<ProcessPort, 'identify'>;
  start(spec: StartSpec): Promise<StartedProcess>;
  /** Who holds the home at this moment: only a live process is named. */
  readOwner(home: string): Promise<Owner | undefined>;
  /** Whether the engine answers on its socket. */
  isUp(): Promise<boolean>;
  readonly env?: {
    readonly PATH?: string | undefined;
    readonly XDG_RUNTIME_DIR?: string | undefined;
    readonly XDG_CONFIG_HOME?: string | undefined;
  };
  readonly kill?: (pid: number, signal: NodeJS.Signals) => void;
  readonly launchctl?: string;
  readonly systemctl?: string;
}

interface Failure {
  readonly exitCode: number | undefined;
  readonly text: string;
}
/** How one kind of service manager is asked. */
export interface Supervisor {
  readonly kind: BackgroundKind;
  readonly path: string;
  /** Its file is there, and is about this home. */
  installed(): Promise<boolean>;
  /** The words that its file starts, undefined when they can't be made out; none where no file starts anything. */
  installedWords?(): Promise<readonly string[] | undefined>;
  launch(): Promise<void>;
  /** Whether this process is the one that it runs for this home. */
  owns(pid: number): Promise<boolean>;
  /** Why what was launched will not come up, once that is certain. */
  failure(): Promise<Failure | undefined>;
  /** Ends it for good: not only now, also at the next login. `pid`: whom it is ending. */
  halt(): Promise<{ readonly pid: number | undefined }>;
}

export function createBackground(deps: BackgroundDeps): Background {
  const { home, timers } = deps;
  const logPath = join(home, HOME_FILES.engineLog);
  let chosen: Promise<Supervisor> | undefined;
  function supervisor(): Promise<Supervisor> {
    chosen ??= choose(deps);
    return chosen;
  }

  /** Looks until `check` has an answer; undefined at the end of `limitMs`. */
  async function until<T>(limitMs: number, check: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
      const found = await check();
      if (found !== undefined || waitedMs >= limitMs) return found;
      await timers.sleep(LOOK_MS);
    }
  }
  const isFree = async (limitMs: number) => (await until(limitMs, async () => ((await deps.readOwner(home)) ? undefined : true))) === true;
  /** The owner tells its pid a moment after it has taken the home. */
  async function owner(): Promise<Owner | undefined> {
    let last: Owner | undefined;
    await until(TELLS_MS, async () => {
      last = await deps.readOwner(home);
      return !last || last.pid !== undefined ? true : undefined;
    });
    return last;
  }

  async function start(): Promise<BackgroundReport> {
    const { kind, launch, failure, owns } = await supervisor();
    const before = await owner();
    if (before?.mode === 'once') {
      if (!(await isFree(ROUND_MS))) throw notOurs(before);
    } else if (before) {
      const pid = before.pid;
      // A start at the same time may not have noted yet whom it has started.
      const isOwn = pid !== undefined && (await until(TELLS_MS, async () => ((await owns(pid)) ? true : undefined)));
      if (before.mode !== 'app' && !isOwn) throw inTerminal(before);
      return { kind, changed: false, running: true, pid: before.pid, message: `Already running: ${who(before)}.` };
    }
    const logFrom = await prepareLog(logPath);
    await launch();
    let looks = 0;
    const end = await until(READY_MS, async () => {
      const now = await deps.readOwner(home);
      if (now?.pid !== undefined && (await deps.isUp())) return { now, failed: undefined };
      looks += 1;
      // A service manager is asked every tenth time only: each question is a process.
      const failed = kind === 'detached' || looks % 10 === 0 ? await failure() : undefined;
      // Where somebody else was quicker, that one is the engine, and ours was rightly refused.
      return failed && (await isFree(0)) ? { now: undefined, failed } : undefined;
    });
    if (end?.now?.pid !== undefined) await owns(end.now.pid);
    if (end?.now) return { kind, changed: true, running: true, pid: end.now.pid, message: `Started: ${who(end.now)}.` };
    throw notUp(end?.failed, await logTail(logPath, logFrom), logPath);
  }

  async function stop(): Promise<BackgroundReport> {
    const { kind, halt } = await supervisor();
    const before = await owner();
    if (before?.mode === 'app' || before?.mode === 'once') throw notOurs(before);
    const identity = before?.pid === undefined ? undefined : await deps.processes.identify(before.pid);
    const halted = await halt();
    const report = (message: string, changed = true) => ({ kind, changed, running: false, pid: before?.pid, message });
    if (!before) {
      const { pid } = halted;
      if (pid === undefined) return report('It was not running.', false);
      await until(STOP_MS, async () => ((await deps.processes.identify(pid)) ? undefined : true));
      return report('Stopped before it was up.');
    }
    // Whoever its manager is not already ending is asked directly: exactly the owner, and nobody else (R13).
    if (halted.pid !== before.pid) await signal(identity, 'SIGTERM');
    if (await isFree(STOP_MS)) return report(`Stopped: ${who(before)}.`);
    await signal(identity, 'SIGKILL');
    if (await isFree(KILLED_MS)) return report(`Killed: ${who(before)} did not end within ${STOP_MS / 1_000} s.`);
    throw new HealthError('refused', `${who(before)} did not end, and could not be killed with certainty.`, {
      details: { pid: before.pid },
    });
  }

  /** Only to the process that was identified as the owner, confirmed directly before (R13). */
  async function signal(identity: ProcessRow | undefined, name: NodeJS.Signals): Promise<void> {
    if (!identity || identity.pid <= 1 || identity.pid === process.pid) return;
    const now = await deps.processes.identify(identity.pid);
    if (now?.startId !== identity.startId || now.uid !== deps.uid || (await deps.readOwner(home))?.pid !== identity.pid) return;
    try {
      (deps.kill ?? process.kill)(identity.pid, name);
    } catch (error) {
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }

  return {
    start,
    stop,
    async restart() {
      const stopped = await stop();
      const started = await start();
      return stopped.changed ? { ...started, message: started.message.replace(/^Started/, 'Restarted') } : started;
    },
    async state() {
      const { kind, path, installed, installedWords } = await supervisor();
      const now = await deps.readOwner(home);
      const isInstalled = await installed();
      const running = now !== undefined && now.mode !== 'app' && now.mode !== 'once';
      const program =
        isInstalled && installedWords ? await installedProgram({ words: await installedWords(), own: deps.command, home }) : undefined;
      return { kind, installed: isInstalled, running, pid: running ? now.pid : undefined, path: isInstalled ? path : undefined, program };
    },
    logPath: () => logPath,
  };
}

async function choose(deps: BackgroundDeps): Promise<Supervisor> {
  if (deps.platform === 'darwin') return createLaunchd(deps);
  if (deps.platform === 'linux' && (await hasUserManager(deps))) return createSystemd(deps);
  return createDetached(deps);
}

function who(owner: Owner): string {
  const mode = owner.mode === 'app' ? 'the app' : owner.mode === 'once' ? 'a single round' : 'the engine';
  return [mode, owner.pid && `pid ${owner.pid}`, owner.startedAt && `since ${owner.startedAt}`].filter(Boolean).join(', ');
}

function notOurs(owner: Owner): HealthError {
  const hint = owner.mode === 'app' ? 'Quit it from its menu.' : 'It ends by itself; then try again.';
  return new HealthError('conflict', `This home is not run by the background service, but by ${who(owner)}.`, {
    hint,
    details: { pid: owner.pid, mode: owner.mode },
  });
}

function inTerminal(owner: Owner): HealthError {
  const told = [owner.pid && `pid ${owner.pid}`, owner.startedAt && `since ${owner.startedAt}`].filter(Boolean).join(', ');
  return new HealthError('conflict', `An engine already runs in a terminal (${told}). Nothing was installed.`, {
    hint: 'Stop that one first (Ctrl-C there, or jarvis-health stop), then jarvis-health start.',
    details: { pid: owner.pid, mode: owner.mode },
  });
}

function notUp(failed: Failure | undefined, lines: string[], logPath: string): HealthError {
  const why = failed ? `The engine did not come up: ${failed.text}.` : `The engine did not come up within ${READY_MS / 1_000} s.`;
  const code = failed?.exitCode === EXIT.config ? 'config-invalid' : 'no-engine';
  const hint = code === 'config-invalid' ? 'jarvis-health validate shows what is wrong.' : `Its log is ${logPath}.`;
  return new HealthError(code, [why, ...lines.map((line) => `  ${line}`)].join('\n'), {
    hint,
    details: { exitCode: failed?.exitCode, log: lines },
  });
}
