// The background service on macOS: a LaunchAgent of this user. Writes its plist, and asks launchctl; what launchctl
// answers was taken from recorded output (test/fixtures/background-managers names the sources).
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, parse } from 'plist';
import { HealthError } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { CommandResult } from '../contract/ports.ts';
import type { BackgroundDeps, Supervisor } from './background.ts';

const LABEL = 'com.jarvis.health-system';
const HOME_VARIABLE = 'JARVIS_HEALTH_HOME';
const CALL_MS = 15_000;
const LOOK_MS = 200;
/** launchd lets a job end for up to ExitTimeOut (10 s) after bootout before its label is free. */
const GONE_MS = 15_000;
const BOOTSTRAP_TRIES = 4;

type PlistDeps = Pick<BackgroundDeps, 'home' | 'command' | 'userHome' | 'env'>;

/** The LaunchAgent as a property list (launchd.plist(5)). */
function launchAgent({ home, command, userHome, env = process.env }: PlistDeps): string {
  const log = join(home, HOME_FILES.engineLog);
  return build({
    Label: LABEL,
    ProgramArguments: [...command],
    RunAtLoad: true,
    // Back after a crash, not after a clean end: `stop` and Quit mean it.
    KeepAlive: { SuccessfulExit: false },
    // launchd knows no exit code that ends it: a lasting refusal (a bad configuration, a home that another engine owns) costs
    // one start a minute at most. Whatever ran longer than that is back at once (launchd.plist(5), ThrottleInterval).
    ThrottleInterval: 60,
    ExitTimeOut: 10,
    // Services that it started outlive it (R18); without this key launchd ends the whole process group.
    AbandonProcessGroup: true,
    ProcessType: 'Background',
    WorkingDirectory: userHome,
    StandardOutPath: log,
    StandardErrorPath: log,
    // launchd gives /usr/bin:/bin:/usr/sbin:/sbin only: remedies would not find what the person's shell finds.
    EnvironmentVariables: { PATH: env.PATH ?? '/usr/bin:/bin:/usr/sbin:/sbin', [HOME_VARIABLE]: home },
  });
}

export function createLaunchd(deps: BackgroundDeps): Supervisor {
  const { commands, timers, uid, home, launchctl = '/bin/launchctl' } = deps;
  const path = join(deps.userHome, 'Library', 'LaunchAgents', `${LABEL}.plist`);
  const domain = `gui/${uid}`;
  const target = `${domain}/${LABEL}`;
  const ask = (...args: string[]) => commands.run({ argv: [launchctl, ...args], timeoutMs: CALL_MS, ends: 'tree' });

  interface Plist {
    readonly EnvironmentVariables?: Record<string, string>;
    readonly ProgramArguments?: unknown;
  }
  /** undefined without a plist; a damaged one is nobody's, and may be replaced. */
  async function readPlist(): Promise<Plist | undefined> {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return (parse(text) as Plist | undefined) ?? {};
    } catch {
      return {};
    }
  }
  /** The home that the plist is about; undefined without a plist. */
  async function installedHome(): Promise<string | undefined> {
    const found = await readPlist();
    return found && (found.EnvironmentVariables?.[HOME_VARIABLE] ?? '');
  }
  async function look(): Promise<LaunchdJob | undefined> {
    const answer = await ask('print', target);
    return answer.kind === 'exited' && answer.exitCode === 0 ? parsePrint(answer.output) : undefined;
  }
  /** After bootout the job may be `SIGTERMed` for a while; a bootstrap that comes before its end fails with error 5. */
  async function bootout(): Promise<void> {
    await ask('bootout', target);
    for (let waitedMs = 0; waitedMs < GONE_MS && (await look()); waitedMs += LOOK_MS) await timers.sleep(LOOK_MS);
  }
  async function bootstrap(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask('bootstrap', domain, path);
      if (answer.kind === 'exited' && answer.exitCode === 0) return;
      if (await look()) return; // loaded already, which launchctl also calls error 5
      if (isExit(answer, 125) || isExit(answer, 112)) {
        throw new HealthError('refused', `launchd has no desktop session of this user: ${words(answer)}`, {
          hint: 'Log in at the desktop once and try again, or use jarvis-health run.',
        });
      }
      // Error 5 right after a bootout is a race in launchd; a moment later it works.
      if (!isExit(answer, 5) || tries >= BOOTSTRAP_TRIES)
        throw new HealthError('refused', `launchctl bootstrap: ${words(answer)}`, { details: { path } });
      await timers.sleep(1_000);
    }
  }

  return {
    kind: 'launchd',
    path,
    installed: async () => (await installedHome()) === home,
    async installedWords() {
      const words = (await readPlist())?.ProgramArguments;
      return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
    },
    async launch() {
      const other = await installedHome();
      if (other && other !== home) {
        throw new HealthError('conflict', `The background service is installed for another home: ${other}`, {
          hint: `Stop that one first: jarvis-health stop --home '${other}'`,
        });
      }
      if (await look()) await bootout(); // the plist may be another than the one that was loaded
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, launchAgent(deps), { mode: 0o644 });
      await rename(`${path}.new`, path);
      await ask('enable', target); // the person asks for it now, whatever was disabled before (R12)
      await bootstrap();
      if ((await look())?.pid === undefined) await ask('kickstart', target);
    },
    async owns(pid) {
      return (await installedHome()) === home && (await look())?.pid === pid;
    },
    async failure() {
      const job = await look();
      if (!job) return { exitCode: undefined, text: 'launchd has no such job any more' };
      if (job.pid !== undefined) return undefined;
      if (job.lastSignal !== undefined) return { exitCode: undefined, text: `it was ended by ${job.lastSignal}` };
      if (job.lastExitCode === undefined) return undefined; // "(never exited)": on its way
      return { exitCode: job.lastExitCode, text: `it ended with exit code ${job.lastExitCode}` };
    },
    async halt() {
      const installed = await installedHome();
      if (installed !== home && installed !== '') return { pid: undefined };
      const job = await look();
      await rm(path, { force: true }); // first: a login meanwhile must not bring it back
      if (job) await bootout();
      return { pid: job?.pid };
    },
  };
}

interface LaunchdJob {
  readonly pid: number | undefined;
  readonly lastExitCode: number | undefined;
  readonly lastSignal: string | undefined;
}

/** The first lines of `launchctl print` about the job itself; its endpoints follow. */
function parsePrint(output: string): LaunchdJob {
  const value = (name: string) => new RegExp(`^\\s*${name} = (.+)$`, 'm').exec(output)?.[1]?.trim();
  const number = (text: string | undefined) => (text !== undefined && /^\d+/.test(text) ? Number.parseInt(text, 10) : undefined);
  return { pid: number(value('pid')), lastExitCode: number(value('last exit code')), lastSignal: value('last terminating signal') };
}

function isExit(answer: CommandResult, code: number): boolean {
  return answer.kind === 'exited' && answer.exitCode === code;
}

function words(answer: CommandResult): string {
  if (answer.kind === 'not-started') return answer.message;
  if (answer.kind !== 'exited') return answer.kind;
  return answer.output.trim().split('\n')[0] || `exit code ${answer.exitCode}`;
}
