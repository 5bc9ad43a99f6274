// What a rehearsal found, put side by side with what happened, and its limits in words. Pure: values in, a report out.
import type { Config } from '../contract/config.ts';
import type { RecordedAlert, RecordedDeeds } from '../contract/recorded.ts';
import type { ReplayEvent, ReplayReport, ReplayTally } from '../contract/replay.ts';
import { isoTime } from '../contract/time.ts';
import { durationText } from '../contract/units.ts';
import type { Played, PlayedRepair } from './replay-world.ts';

export interface ReportInput {
  readonly fromMs: number;
  readonly toMs: number;
  /** Since when each look is on record with its reason. */
  readonly exactFromMs: number | undefined;
  /** How often the configuration changed meanwhile. */
  readonly changes: number;
  readonly deeds: RecordedDeeds;
  readonly played: Played;
  readonly config: Config;
  readonly present: Config | undefined;
  /** Parts of the record that could not be read. */
  readonly missing: ReplayReport['missing'];
}

const MOST_EVENTS = 500;
/** A repair that would have come so much sooner or later is the same one. */
const SAME_REPAIR_MS = 120_000;

export function reportOf(input: ReportInput): ReplayReport {
  const { fromMs, toMs, deeds, played, config } = input;
  const isIn = ({ at }: { readonly at: number }): boolean => at >= fromMs && at <= toMs;
  const was = {
    alerts: deeds.alerts.filter(isIn),
    repairs: deeds.attempts.filter((attempt) => isIn(attempt) && attempt.remedy !== 'log-top-processes'),
  };
  const would = { alerts: played.alerts.filter(isIn), repairs: played.repairs.filter(isIn) };
  const events = [...alertEvents(was.alerts, would.alerts), ...repairEvents(was.repairs, would.repairs)];
  const differing = events.filter((event) => event.was === null || event.would === null);
  const shown = [...differing, ...events.filter((event) => event.was !== null && event.would !== null)].slice(0, MOST_EVENTS);
  const tallies = { was: tallyOf(was), would: tallyOf(would) };
  return {
    from: isoTime({ wallMs: fromMs }),
    to: isoTime({ wallMs: toMs }),
    looks: played.looks,
    exactFrom: input.exactFromMs === undefined ? null : isoTime({ wallMs: input.exactFromMs }),
    ...tallies,
    services: servicesOf(was, would, config),
    events: shown.sort((a, b) => timeOf(a).localeCompare(timeOf(b))),
    moreEvents: events.length - shown.length,
    sentence: sentenceOf(tallies.was, tallies.would, toMs - fromMs),
    missing: input.missing,
    notes: notesOf(input),
  };
}

interface Side {
  readonly alerts: readonly RecordedAlert[];
  readonly repairs: readonly PlayedRepair[];
}

function tallyOf({ alerts, repairs }: Side): ReplayTally {
  return { alerts: alerts.length, repairs: repairs.length, gaveUp: alerts.filter(({ kind }) => kind === 'gave-up').length };
}

function servicesOf(was: Side, would: Side, config: Config): ReplayReport['services'] {
  const names = new Map(config.services.map(({ id, name }) => [id, name]));
  const ids = new Set([...names.keys(), ...[...was.alerts, ...was.repairs].map(({ service }) => service)]);
  const of = (side: Side, id: string): ReplayTally =>
    tallyOf({ alerts: side.alerts.filter(({ service }) => service === id), repairs: side.repairs.filter(({ service }) => service === id) });
  return [...ids].map((id) => ({ service: id, name: names.get(id) ?? id, was: of(was, id), would: of(would, id) }));
}

/** An alert is the same one when it tells the same of the same incident. */
function alertEvents(was: readonly RecordedAlert[], would: readonly RecordedAlert[]): ReplayEvent[] {
  const left = new Map(would.map((alert) => [`${alert.id} ${alert.kind}`, alert]));
  const events = was.map((alert): ReplayEvent => {
    const key = `${alert.id} ${alert.kind}`;
    const same = left.get(key);
    left.delete(key);
    return { service: alert.service, kind: 'alert', what: alert.kind, was: iso(alert.at), would: same ? iso(same.at) : null };
  });
  for (const { service, kind, at } of left.values()) events.push({ service, kind: 'alert', what: kind, was: null, would: iso(at) });
  return events;
}

function repairEvents(was: readonly PlayedRepair[], would: readonly PlayedRepair[]): ReplayEvent[] {
  const left = new Map<string, PlayedRepair[]>();
  for (const repair of would) {
    const key = `${repair.service} ${repair.remedy}`;
    const same = left.get(key);
    if (same) same.push(repair);
    else left.set(key, [repair]);
  }
  const events = was.map((repair): ReplayEvent => {
    const waiting = left.get(`${repair.service} ${repair.remedy}`) ?? [];
    const index = waiting.findIndex(({ at }) => Math.abs(at - repair.at) <= SAME_REPAIR_MS);
    const [same] = index < 0 ? [] : waiting.splice(index, 1);
    return { service: repair.service, kind: 'repair', what: repair.remedy, was: iso(repair.at), would: same ? iso(same.at) : null };
  });
  for (const { service, remedy, at } of [...left.values()].flat())
    events.push({ service, kind: 'repair', what: remedy, was: null, would: iso(at) });
  return events;
}

function iso(wallMs: number): string {
  return isoTime({ wallMs });
}
function timeOf({ was, would }: ReplayEvent): string {
  return was ?? would ?? '';
}

function sentenceOf(was: ReplayTally, would: ReplayTally, spanMs: number): string {
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`;
  const span = `the last ${durationText(spanMs)}`;
  const instead = (before: number, after: number, one: string): string =>
    before === after ? `as many ${one}s (${after})` : `${count(after, one)} instead of ${before}`;
  return `With this, ${span} would have had ${instead(was.alerts, would.alerts, 'alert')}, and ${instead(was.repairs, would.repairs, 'repair')}.`;
}

function notesOf({ fromMs, exactFromMs, changes, config, present, deeds }: ReportInput): string[] {
  const notes = [
    'The looks are those that were made: they tell what was. A repair that would have come, or not come, might have changed what followed.',
  ];
  if (exactFromMs === undefined)
    notes.push('Only what history.db keeps was there to be played: single readings of a month, five-minute averages before that.');
  else if (exactFromMs > fromMs)
    notes.push(
      `Before ${iso(exactFromMs)} only what history.db keeps was there to be played: single readings of a month, five-minute averages before that, without holds, pauses and sleep.`,
    );
  if (changes > 0)
    notes.push(
      `The configuration changed ${changes === 1 ? 'once' : `${changes} times`} in this time; what happened, happened under each of them.`,
    );
  const before = new Map((present?.services ?? []).map((service) => [service.id, service]));
  const sooner = config.services.filter((service) => {
    const now = before.get(service.id);
    return now && (service.intervalMs < now.intervalMs || service.retryIntervalMs < now.retryIntervalMs);
  });
  if (sooner.length > 0)
    notes.push(`${list(sooner)}: a shorter interval sees more than was recorded; what it would have seen, nobody knows.`);
  const fresh = present ? config.services.filter(({ id }) => !before.has(id)) : [];
  if (fresh.length > 0) notes.push(`${list(fresh)}: not watched now, so there is little or nothing on record.`);
  const changed = config.services.filter((service) => {
    const now = before.get(service.id);
    return now && now.check.type !== service.check.type;
  });
  if (changed.length > 0) notes.push(`${list(changed)}: another kind of check would have seen something else than what is on record.`);
  if (deeds.attempts.some(({ trigger }) => trigger === 'person')) notes.push('What people did is played as they did it.');
  return notes;
}

function list(services: readonly { readonly id: string }[]): string {
  const ids = services.slice(0, 5).map(({ id }) => id);
  return services.length > 5 ? `${ids.join(', ')} and ${services.length - 5} more` : ids.join(', ');
}
