// The words of a notice: what a person and the agent read. Pure: values in, text out, so that every way
// of telling (desktop, queue, webhook) says the same. Touches nothing.
import type { RemedyType } from './config.ts';
import type { Notice, NoticeKind, Outcome, ReadingReason } from './flow.ts';
import { durationText } from './units.ts';

const TITLE_MAX = 60;
const MESSAGE_MAX = 300;

/** What a limit or a pattern saw is not "down": the service may well run. */
export const NOT_DOWN: ReadonlySet<string> = new Set<ReadingReason>([
  'over-limit',
  'too-slow',
  'pressure-warning',
  'pressure-critical',
  'pattern-found',
  'log-stale',
  'exit-error',
]);
const RESTARTS: ReadonlySet<string> = new Set<RemedyType>(['restart-process', 'launchd', 'auto']);
const SEVERITY: Record<NoticeKind, Notice['severity']> = {
  down: 'critical',
  'gave-up': 'critical',
  unknown: 'warning',
  recovered: 'info',
};

export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** The service's name as people know it. */
  readonly name: string;
  /** What the last look saw, one sentence. */
  readonly message: string;
  /** Reason of the failing reading (R16). */
  readonly reason: string;
  readonly strikes: number;
  /** How long it has been failing; for `recovered`, how long it was. */
  readonly sinceMs: number;
  /** Finished repairs of this incident, without mere evidence. */
  readonly attempts: readonly { readonly remedy: RemedyType; readonly outcome: Outcome | undefined }[];
  /** When the app will try once more, after giving up (R5). */
  readonly nextTryMs?: number | undefined;
  /** Who holds its port, one sentence, where it is not the service itself. */
  readonly portHolder?: string | undefined;
  /** Names of services that are suppressed because of this one (R11). */
  readonly affects?: readonly string[] | undefined;
}

/** Title (at most 60 characters), message (one to three short sentences) and severity of a notice. */
export function noticeWords(facts: NoticeFacts): Pick<Notice, 'title' | 'message' | 'severity'> {
  const sentences = facts.kind === 'recovered' ? wellAgain(facts) : trouble(facts);
  return { title: title(facts), message: cut(sentences.filter(Boolean).join(' '), MESSAGE_MAX), severity: SEVERITY[facts.kind] };
}

function title(facts: NoticeFacts): string {
  switch (facts.kind) {
    case 'down':
      return around('', facts.name, NOT_DOWN.has(facts.reason) ? ' needs attention' : ' is down');
    case 'gave-up':
      return around('', facts.name, ' needs you: repairs did not help');
    case 'unknown':
      return around('Cannot look at ', facts.name, '');
    case 'recovered':
      return around('', facts.name, ' is well again');
  }
}

function trouble(facts: NoticeFacts): string[] {
  const seen = bare(facts.message) || 'It does not answer';
  const inARow = facts.strikes > 1 ? ` (${facts.strikes} checks in a row)` : '';
  const long = facts.sinceMs >= 1_000 ? ` for ${durationText(facts.sinceMs)}` : inARow;
  const affected = facts.affects?.length ? `Also affected: ${listText(facts.affects)}.` : '';
  const next =
    facts.kind === 'gave-up' && facts.nextTryMs !== undefined && facts.nextTryMs > 0
      ? `The next try is in ${durationText(facts.nextTryMs)}.`
      : '';
  return [`${seen}${long}.`, facts.portHolder ?? '', facts.kind === 'unknown' ? '' : tried(facts), next, affected];
}

/** Some by name; a dozen names would leave no room for what to do. */
const MOST_NAMES = 4;
function listText(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ');
  return `${names.slice(0, MOST_NAMES - 1).join(', ')} and ${names.length - MOST_NAMES + 1} more`;
}

function tried(facts: NoticeFacts): string {
  const failed = facts.attempts.filter((attempt) => attempt.outcome === 'failed');
  if (failed.length > 0) {
    const verb = failed.every((attempt) => RESTARTS.has(attempt.remedy)) ? 'Restarted' : 'Tried to repair it';
    return `${verb} ${times(failed.length)} without success.`;
  }
  // It came back each time and fell over again: a crash loop, which is no failure of the repair.
  const worked = facts.attempts.filter((attempt) => attempt.outcome === 'succeeded').length;
  return worked > 0 ? `Repaired ${times(worked)}, and it failed again.` : '';
}

function wellAgain(facts: NoticeFacts): string[] {
  const long = facts.sinceMs >= 1_000 ? ` after ${durationText(facts.sinceMs)}` : '';
  const last = facts.attempts.at(-1);
  if (last?.outcome !== 'succeeded') return [`It recovered${long}.`];
  return [`${RESTARTS.has(last.remedy) ? 'A restart' : 'A repair'} brought it back${long}.`];
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}

/** The sentence without its full stop, so that more can follow. */
function bare(sentence: string): string {
  return sentence.trim().replace(/[.\s]+$/u, '');
}

/** Shortens the name, never the words around it: they say what happened. */
function around(before: string, name: string, after: string): string {
  return before + cut(name, TITLE_MAX - before.length - after.length) + after;
}

function cut(text: string, max: number): string {
  const letters = [...text];
  return letters.length <= max ? text : `${letters.slice(0, max - 1).join('')}…`;
}
