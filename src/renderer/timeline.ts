// An incident as a list of moments: failed, repaired, told, over. Pure.
import type { HistoryLine, IncidentView } from '../contract/operations.ts';
import type { QueueAlert } from '../contract/queue.ts';
import { sizeText } from '../contract/units.ts';
import { attemptText, incidentText, reasonText } from './words.ts';

export interface Moment {
  readonly at: string;
  readonly kind: 'failed' | 'attempt' | 'told' | 'over' | 'detail';
  readonly text: string;
  /** What the remedy printed. */
  readonly output?: string | undefined;
}

/** Oldest first. `alert`: the agent's entry for this incident, where there is one. */
export function momentsOf(incident: IncidentView, alert?: Pick<QueueAlert, 'raisedAt' | 'state' | 'claimedBy' | 'kind'>): Moment[] {
  const moments: Moment[] = [{ at: incident.startedAt, kind: 'failed', text: incidentText(incident) }];
  for (const attempt of incident.attempts) {
    moments.push({ at: attempt.startedAt, kind: 'attempt', text: attemptText(attempt), output: attempt.output || undefined });
  }
  const toldAt = incident.alertedAt ?? alert?.raisedAt;
  if (incident.alerted && toldAt) moments.push({ at: toldAt, kind: 'told', text: `You were told${agentText(alert)}` });
  if (incident.endedAt) moments.push({ at: incident.endedAt, kind: 'over', text: 'Well again' });
  return moments.sort((a, b) => a.at.localeCompare(b.at));
}

/** What the audit trail adds: why nothing was done, whom a signal went to, what was deleted or rotated (R16, R17). */
function momentsOfTrail(lines: readonly HistoryLine[]): Moment[] {
  const moments: Moment[] = [];
  const deleted = { at: '', files: 0, bytes: 0 };
  for (const line of lines) {
    const of = (name: string): string => String(line[name] ?? '');
    const add = (text: string) => moments.push({ at: line.at, kind: 'detail', text });
    switch (line.event) {
      case 'recovery-skipped':
        add(`Not repaired: ${reasonText(of('reason'))}`);
        break;
      case 'held':
        add(`Held: ${of('build')}${line['pid'] ? ` (process ${of('pid')})` : ''} was at work in ${of('folder')}`);
        break;
      case 'hold-ended':
        add(`No longer held: ${reasonText(of('reason'))}`);
        break;
      case 'alert':
        moments.push({ at: line.at, kind: 'told', text: 'You were told' });
        break;
      case 'acknowledged':
        add('Acknowledged');
        break;
      case 'alert-failed':
        add(`Telling you by ${of('channel')} failed: ${of('error')}`);
        break;
      case 'process-signalled':
        add(`${of('signal').replace(/^SIG/, '')} sent to process ${of('pid')}`);
        break;
      case 'process-started':
        add(`Process ${of('pid')} started: ${of('command')}`);
        break;
      case 'file-rotated':
        add(`Rotated ${of('path')} (${sizeText(Number(line['bytes'] ?? 0))}${line['lossless'] === true ? ', no line lost' : ''})`);
        break;
      case 'file-deleted':
        deleted.at ||= line.at;
        deleted.files += 1;
        deleted.bytes += Number(line['bytes'] ?? 0);
        break;
    }
  }
  if (deleted.files > 0) {
    moments.push({
      at: deleted.at,
      kind: 'detail',
      text: `Deleted ${deleted.files} ${deleted.files === 1 ? 'file' : 'files'}, ${sizeText(deleted.bytes)}`,
    });
  }
  return moments;
}

/** The whole story, oldest first: what the incident knows, and what only the trail knows; what is said twice is told once. */
export function storyOf(incident: IncidentView, trail: readonly HistoryLine[]): Moment[] {
  const known = momentsOf(incident);
  const isTold = known.some((moment) => moment.kind === 'told');
  const said = new Set<string>();
  const details = momentsOfTrail(trail).filter((moment) => {
    const isNew = !said.has(moment.text) && !(isTold && moment.kind === 'told');
    said.add(moment.text);
    return isNew;
  });
  return [...known, ...details].sort((a, b) => a.at.localeCompare(b.at));
}

function agentText(alert: Pick<QueueAlert, 'state' | 'claimedBy'> | undefined): string {
  switch (alert?.state) {
    case 'pending':
      return ', and it is queued for the agent';
    case 'claimed':
      return `; ${alert.claimedBy ?? 'an agent'} works on it`;
    case 'done':
      return '; the agent is done';
    default:
      return '';
  }
}
