// The `launchd` remedy and a person's Stop and Start of a LaunchAgent, all through `launchctl`. What the user disabled
// stays so until a person starts it; an agent that is not loaded is loaded only if it went missing during our own attempt,
// or when a person asks (R12). Runs launchctl; touches no plist.
import { existsSync } from 'node:fs';
import type { RemedyOf } from '../../contract/config.ts';
import type { CommandResult, RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { type AgentState, isDisabled, readAgent } from './launchctl-output.ts';
import { acted, notStarted, notStartedReason, refused } from './result.ts';

type Remedy = RemedyOf<'launchd'>;

const LAUNCHCTL = '/bin/launchctl';
/** One call of launchctl; `bootout` and `kickstart -k` wait for the old process (ExitTimeOut, 20 s by default). */
const CALL_MS = 30_000;
/** After a bootout launchd keeps the label for some seconds, and answers bootstrap with 5 or 37 meanwhile
 * (seen as about 5 s on macOS 26: github.com/headroomlabs-ai/headroom/issues/1289). */
const SETTLE_MS = 15_000;
const SETTLE_POLL_MS = 500;

export interface LaunchdOptions {
  readonly exists?: (file: string) => boolean;
}

/** Restarts the agent. By a person's order also one that is disabled or not loaded. */
export async function restartAgent(remedy: Remedy, ctx: RemedyContext, options: LaunchdOptions = {}): Promise<RemedyResult> {
  const launchctl = new Launchctl(remedy, ctx, options);
  const before = await launchctl.look();
  if ('kind' in before) return before;
  if (before.isDisabled || !before.agent.isLoaded) {
    if (ctx.trigger === 'person') return launchctl.load(before.agent);
    if (before.isDisabled) return refused('disabled-by-user', `${remedy.label} was disabled on purpose; only a person starts it.`);
    return refused(
      'agent-not-loaded',
      `${remedy.label} is not loaded, and did not go missing by our doing; start it yourself if it should run.`,
    );
  }
  const kick = await launchctl.run('kickstart', '-k', launchctl.target);
  if (kick.kind === 'not-started') return notStarted(notStartedReason(kick.code), kick.message);
  const after = await launchctl.print();
  // It was there before our own attempt, and is not now.
  if ('isLoaded' in after && !after.isLoaded) return launchctl.bootstrap(before.agent.plist, 'agent-loaded-again');
  if (kick.kind === 'exited' && kick.exitCode === 0) return acted('kickstarted', `launchd restarted ${remedy.label}.`, kick.output);
  return acted(reasonOf(kick), `launchctl could not restart ${remedy.label}: ${kick.lastLine || kick.kind}.`, kick.output);
}

/** Stops the agent so that it stays stopped, also after the next login. */
export async function stopAgent(remedy: Remedy, ctx: RemedyContext, options: LaunchdOptions = {}): Promise<RemedyResult> {
  const launchctl = new Launchctl(remedy, ctx, options);
  const before = await launchctl.look();
  if ('kind' in before) return before;
  // Disabled first: a KeepAlive agent that is only booted out is back at the next login.
  const disable = await launchctl.run('disable', launchctl.target);
  if (disable.kind === 'not-started') return notStarted(notStartedReason(disable.code), disable.message);
  if (!before.agent.isLoaded) return acted('not-running', `${remedy.label} was not loaded; it is disabled now.`, disable.output);
  const bootout = await launchctl.run('bootout', launchctl.target);
  // 36 says "in progress", 3 "no such process": what counts is whether it is gone.
  if (await launchctl.waitUntilGone())
    return acted('stopped', `${remedy.label} is stopped and disabled.`, bootout.kind === 'not-started' ? '' : bootout.output);
  return acted('could-not-stop', `${remedy.label} is still loaded.`, bootout.kind === 'not-started' ? bootout.message : bootout.output);
}

/** Starts the agent by a person's order: enabled, loaded, running. */
export async function startAgent(remedy: Remedy, ctx: RemedyContext, options: LaunchdOptions = {}): Promise<RemedyResult> {
  const launchctl = new Launchctl(remedy, ctx, options);
  const before = await launchctl.look();
  if ('kind' in before) return before;
  return launchctl.load(before.agent);
}

function reasonOf(result: CommandResult): string {
  if (result.kind === 'exited') return `command-exited-${result.exitCode}`;
  return result.kind === 'timed-out' ? 'command-timed-out' : 'command-signalled';
}

/** One label in the domain of this user's login. */
class Launchctl {
  readonly #remedy: Remedy;
  readonly #ctx: RemedyContext;
  readonly #exists: (file: string) => boolean;
  readonly domain: string;
  readonly target: string;
  constructor(remedy: Remedy, ctx: RemedyContext, options: LaunchdOptions) {
    this.#remedy = remedy;
    this.#ctx = ctx;
    this.#exists = options.exists ?? existsSync;
    this.domain = `gui/${ctx.uid}`;
    this.target = `${this.domain}/${remedy.label}`;
  }

  run(...words: string[]): Promise<CommandResult> {
    const timeoutMs = Math.min(CALL_MS, this.#remedy.timeoutMs);
    return this.#ctx.commands.run({ argv: [LAUNCHCTL, ...words], timeoutMs, signal: this.#ctx.signal, ends: 'group' });
  }

  /** How the agent stands, or why that can't be told. */
  async look(): Promise<{ agent: AgentState; isDisabled: boolean } | RemedyResult> {
    if (this.#ctx.platform !== 'darwin') return refused('not-supported', 'launchd is there on macOS only.');
    const [agent, disabled] = await Promise.all([this.print(), this.run('print-disabled', this.domain)]);
    if (!('isLoaded' in agent)) return agent;
    if (disabled.kind !== 'exited' || disabled.exitCode !== 0) {
      return refused('launchd-unclear', `launchctl does not tell whether ${this.#remedy.label} is disabled.`);
    }
    return { agent, isDisabled: isDisabled(disabled.output, this.#remedy.label) };
  }

  async print(): Promise<AgentState | RemedyResult> {
    const result = await this.run('print', this.target);
    if (result.kind === 'not-started') return notStarted(notStartedReason(result.code), result.message);
    if (result.kind !== 'exited') return refused('launchd-unclear', `launchctl did not answer about ${this.#remedy.label}.`);
    const agent = readAgent(result.exitCode, result.output);
    return (
      agent ?? refused('launchd-unclear', `launchctl says about ${this.#remedy.label}: ${result.lastLine || `exit ${result.exitCode}`}.`)
    );
  }

  async load(agent: AgentState): Promise<RemedyResult> {
    const enable = await this.run('enable', this.target);
    if (enable.kind === 'not-started') return notStarted(notStartedReason(enable.code), enable.message);
    if (!agent.isLoaded) return this.bootstrap(this.#plist(), 'agent-loaded');
    const kick = await this.run('kickstart', this.target);
    if (kick.kind === 'not-started') return notStarted(notStartedReason(kick.code), kick.message);
    if (kick.kind === 'exited' && kick.exitCode === 0) return acted('kickstarted', `launchd started ${this.#remedy.label}.`, kick.output);
    return acted(reasonOf(kick), `launchctl could not start ${this.#remedy.label}: ${kick.lastLine}.`, kick.output);
  }

  /** Loads and starts it. Tried anew while launchd still lets go of the label. */
  async bootstrap(plist: string | undefined, reason: string): Promise<RemedyResult> {
    const { label } = this.#remedy;
    if (plist === undefined) return notStarted('plist-missing', `No plist is known for ${label}; looked in the LaunchAgents folders.`);
    let output = '';
    const begun = this.#ctx.clock.now().awakeMs;
    do {
      const load = await this.run('bootstrap', this.domain, plist);
      if (load.kind === 'not-started') return notStarted(notStartedReason(load.code), load.message);
      output = load.output;
      const state = await this.print();
      if ('isLoaded' in state && state.isLoaded) {
        // Without RunAtLoad it is loaded and idle; on one that runs this does nothing.
        if (state.state !== 'running') await this.run('kickstart', this.target);
        return acted(reason, `${label} is loaded from ${plist}.`, output);
      }
      await this.#ctx.timers.sleep(SETTLE_POLL_MS, this.#ctx.signal);
    } while (!this.#ctx.signal.aborted && this.#ctx.clock.now().awakeMs - begun < Math.min(SETTLE_MS, this.#remedy.timeoutMs));
    return acted('could-not-load', `${label} could not be loaded from ${plist}.`, output);
  }

  async waitUntilGone(): Promise<boolean> {
    const begun = this.#ctx.clock.now().awakeMs;
    for (;;) {
      const state = await this.print();
      if ('isLoaded' in state && !state.isLoaded) return true;
      if (this.#ctx.signal.aborted || this.#ctx.clock.now().awakeMs - begun > Math.min(SETTLE_MS, this.#remedy.timeoutMs)) return false;
      await this.#ctx.timers.sleep(SETTLE_POLL_MS, this.#ctx.signal);
    }
  }

  #plist(): string | undefined {
    const name = `LaunchAgents/${this.#remedy.label}.plist`;
    return [`${this.#ctx.userHome}/Library/${name}`, `/Library/${name}`].find((file) => this.#exists(file));
  }
}
