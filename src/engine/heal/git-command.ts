// Asks git, read-only, with nothing of our environment that could point it elsewhere.
import type { CommandResult, RemedyContext } from '../../contract/ports.ts';

const ASK_TIMEOUT_MS = 30_000;

/** `ceiling`: git must not look for a repository in this folder or above. */
export function askGit(
  { commands, userHome, signal }: Pick<RemedyContext, 'commands' | 'userHome' | 'signal'>,
  args: readonly string[],
  ceiling = '/',
): Promise<CommandResult> {
  const searchPath = process.env['PATH'] ?? '/usr/bin:/bin';
  return commands.run({
    // `env -i`: GIT_DIR, GIT_INDEX_FILE and their kin would make git answer for another repository.
    argv: [
      '/usr/bin/env',
      '-i',
      `PATH=${searchPath}`,
      `HOME=${userHome}`,
      'LC_ALL=C',
      'GIT_OPTIONAL_LOCKS=0',
      'GIT_TERMINAL_PROMPT=0',
      `GIT_CEILING_DIRECTORIES=${ceiling}`,
      'git',
      '-c',
      'core.fsmonitor=false',
      ...args,
    ],
    timeoutMs: ASK_TIMEOUT_MS,
    signal,
    ends: 'tree',
  });
}
