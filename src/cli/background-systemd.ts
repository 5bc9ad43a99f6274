// The background service on Linux with a systemd user manager: a unit of this user. Writes the unit, and asks systemctl;
// what systemctl answers was taken from recorded output (test/fixtures/background-managers names the sources).
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EXIT, HealthError } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { CommandResult } from '../contract/ports.ts';
import type { BackgroundDeps, Supervisor } from './background.ts';

const UNIT = 'jarvis-health.service';
const CALL_MS = 20_000;
/** Refusals that another start does not mend: systemd leaves the unit `failed`, with its reason in engine.log. */
const LASTING_EXITS = [EXIT.usage, EXIT.noEngine, EXIT.config, EXIT.owned];
/** Answers of `is-system-running` behind which a manager stands; `offline` and `unknown` mean that there is none. */
const MANAGED = new Set(['initializing', 'starting', 'running', 'degraded', 'maintenance']);

/** Whether a systemd user manager runs and answers (systemctl(1), is-system-running). */
export async function hasUserManager(deps: Pick<BackgroundDeps, 'commands' | 'env' | 'systemctl'>): Promise<boolean> {
  const { commands, env = process.env, systemctl = 'systemctl' } = deps;
  if (!env.XDG_RUNTIME_DIR) return false;
  const isThere = await access(join(env.XDG_RUNTIME_DIR, 'systemd')).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  const answer = await commands.run({ argv: [systemctl, '--user', 'is-system-running'], timeoutMs: CALL_MS, ends: 'tree' });
  // `degraded` (some other unit has failed) answers with exit code 1: the word counts.
  return answer.kind === 'exited' && MANAGED.has(answer.lastLine.trim());
}

/** The unit file (systemd.service(5), systemd.kill(5)). */
function unitFile({ home, command, env = process.env }: Pick<BackgroundDeps, 'home' | 'command' | 'env'>): string {
  const log = join(home, HOME_FILES.engineLog);
  return `[Unit]
Description=Jarvis Health
# A watcher that gives up watches nobody.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command.map(quoted).join(' ')}
Environment=${assignment('PATH', env.PATH ?? '/usr/local/bin:/usr/bin:/bin')}
Environment=${homeLine(home)}
# Services that it started outlive it.
KillMode=process
TimeoutStopSec=10
Restart=on-failure
RestartSec=5
# Wrong usage, a refused configuration and a home that another engine owns do not mend by another start.
RestartPreventExitStatus=${LASTING_EXITS.join(' ')}
StandardOutput=append:${log.replaceAll('%', '%%')}
StandardError=append:${log.replaceAll('%', '%%')}
UMask=0077

[Install]
WantedBy=default.target
`;
}

/** One word of ExecStart: quoted, and nothing in it expanded (systemd.service(5), "Command lines"). */
function quoted(word: string): string {
  return `"${escaped(word).replaceAll('$', '$$$$')}"`;
}
function assignment(name: string, value: string): string {
  return `"${name}=${escaped(value)}"`;
}
function homeLine(home: string): string {
  return assignment('JARVIS_HEALTH_HOME', home);
}
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('%', '%%');
}

/** The words of ExecStart, also as a person may have written them, without quotes; undefined without such a line. */
function startedWords(unit: string): string[] | undefined {
  const found = /^ExecStart=(.*)$/m.exec(unit)?.[1];
  if (found === undefined) return undefined;
  return [...found.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([bare, inner]) => unescaped((inner ?? bare).replaceAll('$$', '$')));
}
function unescaped(text: string): string {
  return text.replaceAll('%%', '%').replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

export function createSystemd(deps: BackgroundDeps): Supervisor {
  const { commands, home, env = process.env, systemctl = 'systemctl' } = deps;
  const path = join(env.XDG_CONFIG_HOME || join(deps.userHome, '.config'), 'systemd', 'user', UNIT);
  const ask = (...args: string[]) => commands.run({ argv: [systemctl, '--user', ...args], timeoutMs: CALL_MS, ends: 'tree' });

  async function must(...args: string[]): Promise<void> {
    const answer = await ask(...args);
    if (answer.kind === 'exited' && answer.exitCode === 0) return;
    throw new HealthError('refused', `systemctl --user ${args.join(' ')}: ${words(answer)}`, { details: { path } });
  }
  const unitText = () => readFile(path, 'utf8').catch(() => undefined);
  const isOurs = (text: string | undefined) => text?.split('\n').includes(`Environment=${homeLine(home)}`) ?? false;
  async function show(): Promise<Map<string, string>> {
    const answer = await ask('show', UNIT, '--property=ActiveState,MainPID,Result,ExecMainStatus');
    const lines = answer.kind === 'exited' ? answer.output.split('\n') : [];
    return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  }

  return {
    kind: 'systemd',
    path,
    installed: async () => isOurs(await unitText()),
    installedWords: async () => startedWords((await unitText()) ?? ''),
    async launch() {
      const before = await unitText();
      if (before !== undefined && !isOurs(before)) {
        throw new HealthError('conflict', `The background service is installed for another home (${path}).`, {
          hint: 'Stop that one first: jarvis-health stop --home FOLDER',
        });
      }
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, unitFile(deps), { mode: 0o644 });
      await rename(`${path}.new`, path);
      await must('daemon-reload');
      await must('enable', UNIT);
      await must('restart', UNIT); // not `start`: a unit that waits for its next try is "activating" already
    },
    async owns(pid) {
      return isOurs(await unitText()) && Number((await show()).get('MainPID')) === pid;
    },
    async failure() {
      const now = await show();
      const state = now.get('ActiveState');
      const exitCode = Number(now.get('ExecMainStatus') ?? 0);
      const hasEnded = state === 'failed' || state === 'inactive' || (state === 'activating' && exitCode !== 0);
      return hasEnded ? { exitCode, text: `it ended with exit code ${exitCode} (${now.get('Result') ?? 'unknown'})` } : undefined;
    },
    async halt() {
      if (!isOurs(await unitText())) return { pid: undefined };
      const pid = Number((await show()).get('MainPID') ?? 0);
      await must('disable', '--now', UNIT);
      await rm(path, { force: true });
      await ask('daemon-reload');
      return { pid: pid > 0 ? pid : undefined };
    },
  };
}

function words(answer: CommandResult): string {
  if (answer.kind === 'not-started') return answer.message;
  return answer.kind === 'exited' ? answer.lastLine || `exit code ${answer.exitCode}` : answer.kind;
}
