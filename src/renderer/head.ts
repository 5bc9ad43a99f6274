// The head of the overview: the status sentence, and one line under it. Pure.
import type { IncidentView } from '../contract/operations.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { needsPerson, worstFirst } from './face.ts';
import { agoText, inText } from './time-words.ts';
import { briefOf } from './words.ts';

export function headOf(snapshot: Snapshot, nowMs: number, incidents: readonly IncidentView[] = []): { title: string; text: string } {
  const needing = worstFirst(snapshot.services).filter(needsPerson);
  const [first] = needing;
  if (snapshot.overall === 'error' && first) {
    const title = `${needing.length} of ${snapshot.services.length} ${needing.length === 1 ? 'needs' : 'need'} you`;
    const incident = incidents.find((one) => one.service === first.id && one.endedAt === null);
    return { title, text: briefOf(first, { nowMs, incident }) };
  }
  if (snapshot.overall === 'unknown' && snapshot.sentence !== 'Asleep')
    return { title: snapshot.sentence, text: 'The first round takes a few seconds.' };
  return { title: snapshot.sentence, text: snapshot.overall === 'ok' ? roundText(snapshot, nowMs) : countsText(snapshot.counts) };
}

/** "Last look 1 min ago, the next in 3 min." */
function roundText({ services }: Snapshot, nowMs: number): string {
  const last = services
    .map((view) => view.lastCheckAt ?? '')
    .sort()
    .at(-1);
  const next = services.flatMap((view) => view.nextCheckAt ?? []).sort()[0];
  if (!last) return '';
  const waitMs = next === undefined ? 0 : Date.parse(next) - nowMs;
  return `Last look ${agoText(nowMs - Date.parse(last))}${waitMs > 0 ? `, the next ${inText(waitMs)}` : ''}.`;
}

/** "4 well · 1 warning · 1 paused": the parts that are not zero. */
function countsText(counts: Snapshot['counts']): string {
  const words: [number, string][] = [
    [counts.error, 'failing'],
    [counts.unknown, 'not seen'],
    [counts.warning, counts.warning === 1 ? 'warning' : 'warnings'],
    [counts.ok, 'well'],
    [counts.paused, 'paused'],
    [counts.stopped, 'stopped'],
  ];
  return words.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(' · ');
}
