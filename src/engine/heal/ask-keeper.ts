// Asks a supervisor to restart, stop or start what it keeps, each with its own order; never by killing what it would start anew (R12).
// Runs the supervisor's command, or speaks to PM2's daemon; what that one does is its own matter, and the service decides the outcome (R18).
import type { Keeper, Supervisor } from '../../contract/keeper.ts';
import { isStoppedInPm2, keeperTitle, supervisorctl } from '../../contract/keeper.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { expandPath } from '../expand-path.ts';
import { restartAgent, startAgent, stopAgent } from './launchd.ts';
import { acted, notStarted, notStartedReason, refused } from './result.ts';

export type Order = 'restart' | 'stop' | 'start';
/** What success is called: `operations.ts` goes by these names. */
const DONE: Record<Order, string> = { restart: 'restarted', stop: 'stopped', start: 'started' };

export async function askKeeper(order: Order, keeper: Keeper, timeoutMs: number, ctx: RemedyContext): Promise<RemedyResult> {
  switch (keeper.by) {
    case 'launchd': {
      const agent = { type: 'launchd', label: keeper.name, timeoutMs, startWindowMs: 0 } as const;
      return order === 'restart' ? restartAgent(agent, ctx) : order === 'stop' ? stopAgent(agent, ctx) : startAgent(agent, ctx);
    }
    case 'pm2':
      return askPm2(order, keeper, ctx);
    case 'brew':
    case 'systemd':
    case 'docker':
    case 'supervisord':
      return run(order, keeper.by, COMMANDS[keeper.by](order, keeper), timeoutMs, keeper, ctx);
    case 'terminal':
      return refused('in-a-terminal', 'It was started by hand in a terminal that is still open; only a person restarts it.');
    case 'nobody':
      return refused('nobody-keeps-it', 'Nobody keeps it running, and no start command is configured.');
  }
}

const COMMANDS: Record<Exclude<Supervisor, 'launchd' | 'pm2'>, (order: Order, keeper: Keeper) => string[]> = {
  brew: (order, { name }) => ['brew', 'services', order, name],
  systemd: (order, { name, at }) => ['systemctl', ...(at === 'system' ? [] : ['--user']), '--no-ask-password', order, name],
  docker: (order, { name }) => ['docker', order, name],
  supervisord: (order, { name, at }) => [...supervisorctl(at), order, name],
};

async function run(
  order: Order,
  by: Supervisor,
  argv: string[],
  timeoutMs: number,
  keeper: Keeper,
  ctx: RemedyContext,
): Promise<RemedyResult> {
  const result = await ctx.commands.run({ argv, timeoutMs, signal: ctx.signal, ends: 'group' });
  if (result.kind === 'not-started') return notStarted(notStartedReason(result.code), result.message);
  const said = `${argv.join(' ')}: ${result.lastLine || result.kind}`;
  // supervisorctl says ERROR and exits with 0 or 7, as its version pleases.
  const isDone = result.kind === 'exited' && result.exitCode === 0 && !/: ERROR \(/.test(result.output);
  if (isDone) return acted(DONE[order], `${keeperTitle(by)} ${DONE[order]} ${keeper.name}.`, result.output);
  return acted(`${by}-could-not-${order}`, `${keeperTitle(by)} could not ${order} ${keeper.name} (${said}).`, result.output);
}

/** The instances of the app, one after another as PM2 itself does it. */
async function askPm2(order: Order, { name, at = '~/.pm2' }: Keeper, ctx: RemedyContext): Promise<RemedyResult> {
  const home = expandPath(at, ctx.userHome);
  let hasActed = false;
  try {
    const apps = await ctx.pm2.call(home, 'getMonitorData', {});
    const own = (Array.isArray(apps) ? apps : []).filter((app) => app?.name === name);
    // Instances that their owner stopped one by one are not the engine's to start (R12).
    const meant = ctx.trigger === 'person' ? own : own.filter((app) => !isStoppedInPm2(app.pm2_env?.status, app.pid));
    const ids = meant.map((app): unknown => app.pm_id);
    if (own.length > 0 && ids.length === 0) return refused('stopped-in-pm2', `${name} was stopped in PM2. Only a person starts it.`);
    if (ids.length === 0) return refused('not-in-pm2', `PM2 has no app ${name} (any more); nothing was started beside it.`);
    for (const id of ids) {
      hasActed = true;
      if (order === 'stop') await ctx.pm2.call(home, 'stopProcessId', id);
      // A running instance is stopped and started, a stopped or errored one started (God.restartProcessId).
      else await ctx.pm2.call(home, 'restartProcessId', { id });
    }
    return acted(DONE[order], `PM2 ${DONE[order]} ${name}.`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (hasActed) return acted(`pm2-could-not-${order}`, `PM2 could not ${order} ${name}: ${why}.`);
    return notStarted('no-pm2', `PM2 could not be asked (${home}): ${why}.`);
  }
}
