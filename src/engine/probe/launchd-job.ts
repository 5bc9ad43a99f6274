// Asks launchd which process runs a job (macOS). Read from the documented output of launchctl(1), recorded in
// test/fixtures/processes-macos-launchctl-*.txt; not run on a Mac here. Runs launchctl, changes nothing.
import type { ProbeContext } from '../../contract/ports.ts';

export type LaunchdJob =
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'not-running'; readonly lastExit: string | undefined }
  | { readonly kind: 'not-loaded' }
  | { readonly kind: 'unknown'; readonly reason: 'program-missing' | 'cut-short' | 'probe-failed'; readonly why: string };

/** `launchctl list LABEL` prints `"PID" = 709;`, `launchctl print` prints `pid = 709`; a job at rest has no such line.
 * Only the first: nested parts of `print` follow after it. */
function parseJob(output: string): LaunchdJob {
  const pid = Number(/^\s*"?pid"?\s*=\s*(\d+);?\s*$/im.exec(output)?.[1] ?? 0);
  if (pid > 0) return { kind: 'running', pid };
  return { kind: 'not-running', lastExit: /^\s*(?:"LastExitStatus"|last exit code)\s*=\s*(.+?);?\s*$/im.exec(output)?.[1] };
}

/** First `list`, which looks where the engine itself lives; over ssh that is not the user's session, so then `print gui/UID`. */
export async function launchdJob(label: string, ctx: ProbeContext, timeoutMs: number, uid = process.getuid?.() ?? 0): Promise<LaunchdJob> {
  for (const words of [
    ['list', label],
    ['print', `gui/${uid}/${label}`],
  ]) {
    const result = await ctx.commands.run({ argv: ['/bin/launchctl', ...words], timeoutMs, signal: ctx.signal, ends: 'tree' });
    if (result.kind === 'not-started') {
      return { kind: 'unknown', reason: result.code === 'ENOENT' ? 'program-missing' : 'probe-failed', why: result.message };
    }
    if (result.kind === 'aborted') return { kind: 'unknown', reason: 'cut-short', why: 'launchctl was cut short' };
    if (result.kind !== 'exited') return { kind: 'unknown', reason: 'probe-failed', why: `launchctl ${result.kind}` };
    if (result.exitCode === 0) return parseJob(result.output);
    // 113: "Could not find service" (3 in older releases). A missing session is no answer about the job.
    if (!/could not find service/i.test(result.output)) {
      return { kind: 'unknown', reason: 'probe-failed', why: result.lastLine || `launchctl exited ${result.exitCode}` };
    }
  }
  return { kind: 'not-loaded' };
}
