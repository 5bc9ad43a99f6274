// `logs [-f]`: the audit trail as the engine writes it, for people (or as it is, with --json).
import { EXIT } from '../contract/errors.ts';
import type { HistoryLine } from '../contract/operations.ts';
import { auditTail, followAudit } from '../engine/history.ts';
import { jsonLine, line, problem } from './io.ts';
import type { Call } from './program.ts';
import { historyLine } from './report.ts';

export async function logs(call: Call, options: { readonly isFollowing: boolean; readonly lines: number }): Promise<number> {
  const show = (entry: HistoryLine): void => (call.isJson ? jsonLine(call.io, entry) : line(call.io, historyLine(entry)));
  const lines = await auditTail(call.home, options.lines);
  for (const entry of lines) show(entry);
  if (lines.length === 0 && options.lines > 0) problem(call.io, 'Nothing is recorded yet.');
  if (!options.isFollowing) return EXIT.ok;
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  process.stdout.once('error', end); // nobody reads any longer
  await followAudit(call.home, show, stop.signal);
  return EXIT.ok;
}
