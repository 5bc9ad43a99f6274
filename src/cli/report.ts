// Operations' answers as text for people. Pure: values in, lines out.
import type { AttemptView, HistoryLine, IncidentView } from '../contract/operations.ts';
import { portHolderText } from '../contract/port-words.ts';
import type { QueueAlert } from '../contract/queue.ts';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { durationText } from '../contract/units.ts';
import { type Colour, type Io, paint } from './io.ts';

type Shown = ServiceView['status'];
const COLOUR: Record<Shown, Colour> = { ok: 'green', warning: 'yellow', error: 'red', unknown: 'gray' };
/** Never by colour alone: each state has its own sign (PRODUCT section 2). */
const SIGN: Record<Shown, string> = { ok: '✓', warning: '!', error: '✗', unknown: '?' };
const OVERALL_WORD: Record<Shown, string> = { ok: 'OK', warning: 'WARNING', error: 'CRITICAL', unknown: 'UNKNOWN' };
const RANK: Record<Shown, number> = { ok: 0, unknown: 1, warning: 2, error: 3 };

export function worstOf(statuses: readonly Shown[]): Shown {
  return statuses.reduce<Shown>((worst, status) => (RANK[status] > RANK[worst] ? status : worst), statuses.length === 0 ? 'unknown' : 'ok');
}

/** First line of a check as monitoring plugins have it: word, colon, sentence. */
export function pluginLine(views: readonly ServiceView[]): string {
  const worst = worstOf(views.map((view) => view.status));
  const bad = views.filter((view) => view.status !== 'ok');
  const sentence =
    bad.length === 0
      ? `${views.length} of ${views.length} services are well`
      : bad
          .map((view) => `${view.name}: ${view.message}`)
          .join('; ')
          .replaceAll('|', '/')
          .replaceAll('\n', ' ');
  return `${OVERALL_WORD[worst]}: ${sentence}`;
}

export function statusLines(snapshot: Snapshot, io: Io, nowMs: number): string[] {
  const head = `${paint(io, COLOUR[snapshot.overall], `${SIGN[snapshot.overall]} ${snapshot.sentence}`)}`;
  const width = Math.max(...snapshot.services.map((view) => view.name.length), 4);
  return [
    head,
    ...(snapshot.services.length > 0 ? [''] : []),
    ...snapshot.services.flatMap((view) => serviceLines(view, io, width, nowMs)),
    ...(snapshot.problems.length > 0 ? ['', ...snapshot.problems.map((problem) => paint(io, 'yellow', `! ${problem.message}`))] : []),
  ];
}

/** How the remedies of a service have worked, and the advice of another order. */
export function repairLines({ name, repairs }: ServiceView): string[] {
  if (!repairs) return [];
  const rows = repairs.remedies.map(({ action, attempts, succeeded, medianSeconds }) => {
    const speed = medianSeconds === null ? '' : `, ${medianSeconds.toFixed(1)} s to healthy (median)`;
    return `  ${action}: ${attempts === 0 ? 'not tried' : `helped ${succeeded} of ${attempts} times${speed}`}`;
  });
  return [`${name}: repairs of the last 90 days`, ...rows, ...(repairs.advice ? [`  → ${repairs.advice}`] : [])];
}

export function serviceLines(view: ServiceView, io: Io, width: number, nowMs: number): string[] {
  const shown: Shown = view.phase === 'paused' || view.phase === 'stopped' ? 'unknown' : view.status;
  const sign = view.phase === 'paused' ? '‖' : view.phase === 'stopped' ? '■' : SIGN[shown];
  const since =
    view.since && view.status !== 'unknown' ? paint(io, 'gray', ` (${durationText(Math.max(0, nowMs - Date.parse(view.since)))})`) : '';
  const first = `${paint(io, COLOUR[shown], sign)} ${view.name.padEnd(width)}  ${view.message}${since}`;
  const holder = view.portHolder ? portHolderText(view.portHolder, nowMs).replace(/\.$/, '') : '';
  const more = [phaseText(view, nowMs), holder, attemptText(view), alertText(view)].filter(Boolean).join(' · ');
  return more ? [first, `  ${' '.repeat(width)}  ${paint(io, 'gray', more)}`] : [first];
}

const PHASE_TEXT: Record<ServiceView['phase'], string> = {
  healthy: '',
  failing: 'failing',
  recovering: 'a repair is running',
  settling: 'starting: nothing is done until its start window ends',
  held: 'held: a build is running',
  suppressed: 'waits for what it depends on',
  'gave-up': 'gave up: only you, or time, allows another try',
  paused: 'paused',
  stopped: 'stopped on purpose',
};
const REASON_TEXT: Record<string, string> = {
  'no-remedy': 'no remedy is written for it',
  'recovery-disabled': 'repairs are switched off',
  cooldown: 'next repair waits for its cooldown',
  'supervisor-first': 'its supervisor goes first',
  'in-a-terminal': 'started by hand in a terminal that is still open: only you restart it',
  'state-unwritable': 'no repair: the home cannot be written',
};

function phaseText(view: ServiceView, nowMs: number): string {
  const by = view.stoppedBy === null || view.stoppedBy === 'person' ? '' : ` (${view.stoppedBy.replaceAll('-', ' ')})`;
  if (view.phase === 'stopped') return `${PHASE_TEXT.stopped}${by}`;
  const strikes = view.phase === 'failing' && view.consecutiveFailures > 0 ? `strike ${view.consecutiveFailures}` : '';
  const reason = view.recoveryReason ? (REASON_TEXT[view.recoveryReason] ?? '') : '';
  const next = view.nextAttemptAt && !view.hold ? `next try in ${durationText(Math.max(0, Date.parse(view.nextAttemptAt) - nowMs))}` : '';
  const until = view.phase === 'paused' && view.pausedUntil ? `for ${durationText(Math.max(0, Date.parse(view.pausedUntil) - nowMs))}` : '';
  const waits = view.phase === 'suppressed' && view.waitsFor.length > 0 ? `waits for ${view.waitsFor.join(' and ')}` : undefined;
  const phase = view.hold ? heldText(view.hold, nowMs) : (waits ?? PHASE_TEXT[view.phase]);
  return [phase, strikes, until, reason, next].filter(Boolean).join(', ');
}

/** "held: npm install (pid 4711) works in /srv/shop, for 2 min; at most 28 min more" (R10). */
function heldText({ build, pid, folder, since, until }: NonNullable<ServiceView['hold']>, nowMs: number): string {
  const age = durationText(Math.max(0, nowMs - Date.parse(since)));
  return `held: ${build}${pid === null ? '' : ` (pid ${pid})`} works in ${folder}, for ${age}; at most ${durationText(Math.max(0, Date.parse(until) - nowMs))} more`;
}

function attemptText(view: ServiceView): string {
  const last = view.lastAttempt;
  if (!last || view.phase === 'healthy') return '';
  return last.outcome === null
    ? `${last.remedy} under way`
    : `last repair: ${last.remedy} ${last.outcome}${last.outcome === 'refused' ? ` (${last.reason})` : ''}`;
}

function alertText(view: ServiceView): string {
  return view.acknowledged ? 'acknowledged' : view.alerting ? 'alert stands' : '';
}

export function attemptLines(attempt: AttemptView, name: string): string[] {
  const outcome =
    attempt.outcome === null
      ? `${name}: ${attempt.remedy} is running; its outcome follows (${attempt.attempt})`
      : attempt.outcome === 'succeeded'
        ? `${name}: ${attempt.remedy} succeeded${attempt.secondsToHealthy === null ? '' : `, healthy after ${attempt.secondsToHealthy.toFixed(1)} s`}`
        : `${name}: ${attempt.remedy} ${attempt.outcome} (${attempt.reason})`;
  return attempt.output
    ? [
        outcome,
        ...attempt.output
          .trimEnd()
          .split('\n')
          .map((text) => `  ${text}`),
      ]
    : [outcome];
}

export function alertLines(alert: QueueAlert): string[] {
  const held = alert.state === 'claimed' ? ` by ${alert.claimedBy} until ${alert.expiresAt}` : alert.result ? ` (${alert.result})` : '';
  return [`${alert.id}  ${alert.kind}  ${alert.state}${held}`, `  ${alert.title}`, `  ${alert.message}`];
}

export function incidentLines(incident: IncidentView): string[] {
  const length = incident.endedAt ? durationText(Date.parse(incident.endedAt) - Date.parse(incident.startedAt)) : 'still going on';
  return [
    `${incident.startedAt}  ${incident.service}  ${length}  ${incident.message}${incident.alerted ? `  (told: ${incident.alerted})` : ''}`,
    ...incident.attempts.flatMap((attempt) => [
      `  ${attemptLines({ ...attempt, output: '' }, attempt.startedAt)[0]}`,
      ...seenLines(attempt),
    ]),
  ];
}

/** What was run, what was seen before it and after; nothing where an older version kept none of it. */
function seenLines({ action, before, after }: AttemptView): string[] {
  const parts = [action && `ran: ${action}`, before && `before: ${before}`, after && `after: ${after}`].filter(Boolean);
  return parts.length > 0 ? [`    ${parts.join('; ')}`] : [];
}

/** One line of the audit trail for people. */
export function historyLine(entry: HistoryLine): string {
  const field = (name: string): string => (entry[name] === undefined || entry[name] === null ? '' : String(entry[name]));
  const who = field('service').padEnd(16);
  switch (entry.event) {
    case 'check':
      return `${entry.at}  ${who} ${field('status').padEnd(7)} ${field('message')}${Number(entry['consecutiveFailures']) > 0 ? ` (strike ${field('consecutiveFailures')})` : ''}`;
    case 'recovery-started':
      return `${entry.at}  ${who} repair  ${field('remedy')} started: ${field('reason')}`;
    case 'recovery-finished':
      return `${entry.at}  ${who} repair  ${field('remedy')} ${field('outcome')}: ${field('secondsToHealthy') ? `healthy after ${field('secondsToHealthy')} s` : field('reason')}`;
    case 'recovery-skipped':
      return `${entry.at}  ${who} repair  none: ${field('reason')}`;
    case 'held':
      return `${entry.at}  ${who} repair  held: ${field('build')}${field('pid') ? ` (pid ${field('pid')})` : ''} works in ${field('folder')}, for ${durationText(Number(entry['ageMs']))}`;
    case 'hold-ended':
      return `${entry.at}  ${who} repair  no longer held: ${field('reason')}, after ${durationText(Number(entry['heldMs']))}`;
    case 'alert':
      return `${entry.at}  ${who} alert   ${field('kind')} after ${field('strikes')} strikes`;
    case 'recovered':
      return `${entry.at}  ${who} alert   recovered`;
    default:
      return `${entry.at}  ${who} ${entry.event}  ${detailsOf(entry)}`;
  }
}

function detailsOf(entry: HistoryLine): string {
  const skip = new Set(['at', 'event', 'service']);
  return Object.entries(entry)
    .filter(([key]) => !skip.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
