// What the window says about a service: one sentence or two that a person understands, and the words for named reasons (R16).
// Pure: values in, text out. Over 250 lines because all words stand in one place, where they can be read against each other.
import type { AttemptView, IncidentView } from '../contract/operations.ts';
import { portHolderText } from '../contract/port-words.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { NOT_DOWN } from '../contract/words.ts';
import { clockText, pointText, spanText } from './time-words.ts';

const RESTARTS: ReadonlySet<string> = new Set(['restart-process', 'launchd', 'auto']);
const EVIDENCE = 'log-top-processes';

export interface SentenceFacts {
  readonly nowMs: number;
  /** The open incident, where it is known: it tells how often was repaired. */
  readonly incident?: Pick<IncidentView, 'startedAt' | 'attempts'> | undefined;
}

/** "Down for 4 min. Restarted once, no answer on port 3000." */
export function sentenceOf(view: ServiceView, facts: SentenceFacts): string {
  switch (view.phase) {
    case 'paused':
      return view.pausedUntil ? `Paused until ${pointText(view.pausedUntil, facts.nowMs)}.` : 'Paused until you resume it.';
    case 'stopped':
      return `${STOPPED[view.stoppedBy ?? ''] ?? 'Stopped on purpose'}. It stays so until you start it.`;
  }
  if (view.reason === 'not-yet-checked') {
    const waitMs = view.nextCheckAt === null ? 0 : Date.parse(view.nextCheckAt) - facts.nowMs;
    return waitMs > 1_000 ? `The first look comes in ${spanText(waitMs)}.` : 'The first look is under way.';
  }
  if (view.status === 'unknown') return `Cannot be looked at: ${lower(bare(view.message))}.`;
  if (view.status !== 'error') {
    if (view.phase === 'settling') return `${bare(view.message)}. It was started a moment ago.`;
    return `${bare(view.message)}.`;
  }
  const holder = view.portHolder ? portHolderText(view.portHolder, facts.nowMs) : '';
  return [howLong(view, facts), holder, ...whatNow(view, facts)].filter(Boolean).join(' ');
}

/** Where somebody has stopped it (R12). */
const STOPPED: Readonly<Record<string, string>> = {
  'stopped-in-pm2': 'Stopped in PM2',
  'stopped-in-systemd': 'Stopped in systemd',
  'stopped-in-docker': 'Stopped in Docker',
  'stopped-in-supervisord': 'Stopped in supervisord',
  'stopped-in-brew': 'Stopped in brew services',
  'disabled-in-launchd': 'Disabled in launchd',
};

/** "Gateway has been down for 12 min. 3 repairs did not help.": the worst, in the head of the window. */
export function briefOf(view: ServiceView, facts: SentenceFacts): string {
  const since = facts.incident?.startedAt ?? view.since;
  const span = since === null ? '' : ` for ${spanText(Math.max(0, facts.nowMs - Date.parse(since)))}`;
  const state = view.status === 'unknown' ? 'could not be looked at' : NOT_DOWN.has(view.reason) ? 'has not been well' : 'has been down';
  const count = realRepairs(view, facts.incident).length;
  const repairs =
    count > 0 ? `${count} ${count === 1 ? 'repair' : 'repairs'} did not help.` : whyNot(view, facts) || `${upper(bare(view.message))}.`;
  return `${view.name} ${state}${span}. ${repairs}`;
}

function howLong(view: ServiceView, { incident, nowMs }: SentenceFacts): string {
  const since = incident?.startedAt ?? view.since;
  const span = since === null ? '' : ` for ${spanText(Math.max(0, nowMs - Date.parse(since)))}`;
  if (!NOT_DOWN.has(view.reason)) return `Down${span}.`;
  return view.reason === 'over-limit' ? `Over its limit${span}.` : `Not well${span}.`;
}

function whatNow(view: ServiceView, facts: SentenceFacts): string[] {
  const seen = bare(view.message);
  const repairs = repairsOf(view, facts.incident);
  switch (view.phase) {
    case 'recovering':
      return [`${upper(seen)}.`, `${doing(view.lastAttempt?.remedy)} now.`];
    case 'settling': {
      const last = view.lastAttempt;
      if (last && last.outcome === null) {
        return [`${done(last.remedy)} ${spanText(Math.max(0, facts.nowMs - Date.parse(last.at)))} ago, waiting for it to answer.`];
      }
      return ['It was started a moment ago and may still be starting.'];
    }
    case 'held':
      return [`${upper(seen)}.`, holdText(view, facts)];
    case 'suppressed':
      return [
        `${view.waitsFor.length > 0 ? `Waits for ${view.waitsFor.join(' and ')}` : 'Something that it depends on is down'}; that comes first.`,
      ];
    case 'gave-up':
      return [`${repairs ? `${repairs} without success.` : 'Repairs did not help.'}`, `${upper(seen)}.`, nextTry(view, facts)];
    default:
      return [repairs ? `${repairs}, ${lower(seen)}.` : `${upper(seen)}.`, whyNot(view, facts)];
  }
}

/** "The restart waits: npm install (process 4711) has been at work in /srv/shop for 2 min." (R10) */
function holdText({ hold }: ServiceView, { nowMs }: SentenceFacts): string {
  if (!hold) return 'The restart waits: a build is running in its folder.';
  const who = `${hold.build}${hold.pid === null ? '' : ` (process ${hold.pid})`}`;
  return `The restart waits: ${who} has been at work in ${hold.folder} for ${spanText(Math.max(0, nowMs - Date.parse(hold.since)))}.`;
}

function nextTry(view: ServiceView, { nowMs }: SentenceFacts): string {
  if (!view.nextAttemptAt) return '';
  return Date.parse(view.nextAttemptAt) <= nowMs ? 'The next try is due.' : `Next try at ${pointText(view.nextAttemptAt, nowMs)}.`;
}

/** Why nothing is being repaired at this moment; silent where the next attempt is a matter of course. */
function whyNot(view: ServiceView, facts: SentenceFacts): string {
  switch (view.recoveryReason) {
    case 'no-remedy':
      return 'Nothing is set up to repair it.';
    case 'recovery-disabled':
      return 'Repairs are switched off.';
    case 'supervisor-first':
      return 'Its own supervisor gets the first chance.';
    case 'in-a-terminal':
      return 'It was started by hand in a terminal that is still open, so only you restart it.';
    case 'state-unwritable':
      return 'Not repaired: the record of a repair cannot be written.';
    case 'cooldown':
      return view.nextAttemptAt ? `Next try at ${clockText(view.nextAttemptAt)}.` : '';
    case 'build-running':
      return holdText(view, facts);
    default:
      return view.recoveryReason && view.nextAttemptAt && Date.parse(view.nextAttemptAt) > facts.nowMs ? nextTry(view, facts) : '';
  }
}

/** "Restarted twice"; empty when nothing was tried in this incident. */
function repairsOf(view: ServiceView, incident: SentenceFacts['incident']): string {
  const real = realRepairs(view, incident);
  const [first] = real;
  if (!first) return '';
  const verb = real.every((attempt) => RESTARTS.has(attempt.remedy)) ? 'Restarted' : real.length === 1 ? done(first.remedy) : 'Repaired';
  return `${verb} ${times(real.length)}`;
}

/** Those that were carried out, without mere evidence. */
function realRepairs(view: ServiceView, incident: SentenceFacts['incident']): readonly Pick<AttemptView, 'remedy' | 'outcome'>[] {
  const attempts: readonly Pick<AttemptView, 'remedy' | 'outcome'>[] = incident?.attempts ?? lastOfThisIncident(view);
  return attempts.filter((attempt) => attempt.remedy !== EVIDENCE && (attempt.outcome === 'failed' || attempt.outcome === 'succeeded'));
}

function lastOfThisIncident(view: ServiceView): readonly Pick<AttemptView, 'remedy' | 'outcome'>[] {
  const { lastAttempt, since } = view;
  return lastAttempt && since && lastAttempt.at >= since ? [lastAttempt] : [];
}

/** What a remedy does, as it happens. */
export function doing(remedy: string | undefined): string {
  return words(remedy)[0];
}
/** What a remedy did. */
function done(remedy: string | undefined): string {
  return words(remedy)[1];
}
function words(remedy: string | undefined): readonly [string, string] {
  switch (remedy) {
    case 'restart-process':
    case 'launchd':
    case 'auto':
      return ['Being restarted', 'Restarted'];
    case 'command':
      return ['Its repair command runs', 'Ran its repair command'];
    case 'delete-old-logs':
      return ['Old logs are being deleted', 'Deleted old logs'];
    case 'rotate-logs':
      return ['Its logs are being rotated', 'Rotated its logs'];
    case 'http':
      return ['Its repair address is being called', 'Called its repair address'];
    case EVIDENCE:
      return ['The largest processes are being listed', 'Listed the largest processes'];
    case 'start':
      return ['Being started', 'Started'];
    default:
      return ['Being repaired', 'Repaired'];
  }
}

/** What the button that repairs this kind of service is called. */
export function healWord(type: string): string {
  return type === 'disk' || type === 'memory' || type === 'log-files' ? 'Repair now' : 'Restart';
}

const REASONS: Record<string, string> = {
  'first-strike': 'it had just failed',
  'next-remedy': 'the one before had not helped',
  'stand-down-over': 'one more try after a while',
  person: 'you asked for it',
  cooldown: 'too soon after the last try',
  'budget-spent': 'all tries were spent',
  'gave-up': 'all tries were spent',
  'no-remedy': 'nothing is set up to repair it',
  'recovery-disabled': 'repairs are switched off',
  'dependency-down': 'something it depends on was down',
  'build-running': 'a build was running',
  'build-ended': 'the build had ended',
  'time-over': 'a build may hold it for 30 min, and no longer',
  'well-again': 'it was well again',
  'start-window': 'it may still be starting',
  settling: 'it may still be starting',
  'supervisor-first': 'its own supervisor gets the first chance',
  'state-unwritable': 'the record could not be written',
  'attempt-running': 'a repair was running already',
  'healthy-again': 'it is well again',
  'came-back': 'it came back by itself',
  'just-restarted': 'it was restarted a moment ago',
  'no-answer': 'no answer in its start window',
  'timed-out': 'no answer in time',
  'could-not-verify': 'the outcome could not be seen',
  interrupted: 'the engine ended in between',
  'dry-run': 'dry run: nothing was touched',
  'no-certain-owner': 'no process could be named for certain',
  'another-copy': 'another copy is running',
  'port-taken': 'its port is taken by something else',
  'in-a-terminal': 'somebody started it by hand in a terminal that is still open',
  'keeper-unknown': 'who keeps it is not known',
  'keeper-unclear': 'its supervisor did not answer',
  'nobody-keeps-it': 'nobody keeps it, and no start command is set up',
  'no-pm2': 'PM2 does not run',
  'not-in-pm2': 'PM2 does not know it any more',
  'no-supervisord': 'supervisord does not run',
  'not-in-supervisord': 'supervisord does not know it any more',
  'not-in-docker': 'Docker does not know it any more',
  'not-in-systemd': 'systemd does not know it',
  'stopped-in-pm2': 'you have stopped it in PM2',
  'stopped-in-systemd': 'you have stopped it in systemd',
  'stopped-in-docker': 'you have stopped it in Docker',
  'stopped-in-supervisord': 'you have stopped it in supervisord',
  'stopped-in-brew': 'you have stopped it in brew services',
  'disabled-in-launchd': 'you have disabled it',
  'agent-not-loaded': 'its agent is not loaded',
  'could-not-stop': 'the old process did not end',
  'disabled-by-user': 'you have disabled it',
  'no-remedy-says-how': 'no remedy says how',
  'open-files-unknown': 'open files could not be listed',
  'age-in-doubt': 'the clock was set, so nobody knows how old the files are',
  'nothing-to-delete': 'there was nothing to delete',
  'nothing-to-rotate': 'there was nothing to rotate',
  'writes-at-own-offset': 'its writer does not append',
  'program-missing': 'the program was not found',
  'command-timed-out': 'its command took too long',
  'evidence-recorded': 'for the record',
};
/** A named reason in words; one that is not known is shown as it is named. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll('-', ' ');
}

/** Seconds to healthy are a figure of their own: short ones are told to a tenth, never as "a moment". */
function healedText(seconds: number): string {
  return seconds < 10 ? `${Math.max(0.1, Math.round(seconds * 10) / 10)} s` : spanText(seconds * 1_000);
}

/** "Restarted, well after 4 s": an attempt in one line. */
export function attemptText(attempt: Pick<AttemptView, 'remedy' | 'outcome' | 'reason' | 'secondsToHealthy' | 'trigger'>): string {
  const by = attempt.trigger === 'person' ? ' by you' : '';
  switch (attempt.outcome) {
    case null:
      return `${doing(attempt.remedy)}${by ? ', as you asked' : ''}`;
    case 'succeeded':
      return attempt.remedy === EVIDENCE
        ? done(attempt.remedy)
        : `${done(attempt.remedy)}${by}, well ${attempt.secondsToHealthy === null ? 'again' : `after ${healedText(attempt.secondsToHealthy)}`}`;
    case 'failed':
      return `${done(attempt.remedy)}${by} without success: ${reasonText(attempt.reason)}`;
    case 'refused':
      return `Not repaired: ${reasonText(attempt.reason)}`;
    case 'dry-run':
      return `Would have: ${lower(done(attempt.remedy))} (dry run)`;
  }
}

/** What an incident was, in a few words: "No answer on port 3000". */
export function incidentText(incident: Pick<IncidentView, 'message' | 'reason'>): string {
  return upper(bare(incident.message)) || upper(reasonText(incident.reason));
}

/** How an incident ended, or how it stands. */
export function endText(incident: IncidentView, nowMs: number): string {
  const span = spanText((incident.endedAt ? Date.parse(incident.endedAt) : nowMs) - Date.parse(incident.startedAt));
  if (!incident.endedAt) return `going on for ${span}`;
  const last = incident.attempts.at(-1);
  const how = last?.outcome === 'succeeded' && last.remedy !== EVIDENCE ? `${lower(done(last.remedy))}, ` : '';
  return `${how}over after ${span}`;
}

const KINDS: Record<string, string> = {
  down: 'you were told',
  'gave-up': 'you were told: repairs did not help',
  unknown: 'you were told: cannot look',
  recovered: 'you were told',
};
export function alertedText(kind: string): string {
  return KINDS[kind] ?? 'you were told';
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}
/** Without its full stop, so that more can follow. */
function bare(sentence: string): string {
  return sentence.trim().replace(/[.\s]+$/u, '');
}
/** Upper first letter, but not of names of files and programs. */
function upper(text: string): string {
  return /^[a-z]+[ ,']/.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
}
/** Lower first letter, but not of abbreviations and names like "TLS". */
function lower(text: string): string {
  return /^[A-Z][a-z' ]/.test(text) ? text.slice(0, 1).toLowerCase() + text.slice(1) : text;
}
