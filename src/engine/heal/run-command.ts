// The `command` remedy: runs one command of the configuration. Whatever its exit, the service decides the outcome (R18);
// only a command that could not be started at all opens no start window.
import type { RemedyOf } from '../../contract/config.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { folderOf } from './launch-plan.ts';
import { commandSubject, repairAlone } from './one-at-a-time.ts';
import { acted, notStarted, notStartedReason } from './result.ts';

export function runCommand(remedy: RemedyOf<'command'>, ctx: RemedyContext): Promise<RemedyResult> {
  const cwd = folderOf(remedy.cwd, ctx);
  return repairAlone(commandSubject(remedy.run, cwd, remedy.env), ctx, () => runIn(cwd, remedy, ctx));
}

async function runIn(cwd: string | undefined, remedy: RemedyOf<'command'>, ctx: RemedyContext): Promise<RemedyResult> {
  const command = `"${remedy.run.join(' ')}"`;
  const result = await ctx.commands.run({
    argv: remedy.run,
    cwd,
    env: remedy.env,
    timeoutMs: remedy.timeoutMs,
    signal: ctx.signal,
    ends: 'group',
  });
  switch (result.kind) {
    case 'exited':
      return acted(`command-exited-${result.exitCode}`, `${command} exited with ${result.exitCode}.`, result.output);
    case 'signalled':
      return acted('command-signalled', `${command} was ended by ${result.signal}.`, result.output);
    case 'timed-out':
      return acted('command-timed-out', `${command} was ended after ${remedy.timeoutMs} ms.`, result.output);
    case 'aborted':
      return acted('command-aborted', `${command} was ended with the engine.`, result.output);
    case 'not-started':
      return notStarted(notStartedReason(result.code), result.message);
  }
}
