// What each audit line means for the history: a reading, a span, an incident, an attempt, an alert. The same lines give
// the same history, whether they come while they are written or years later from the logs (R17). Belongs into a transaction.
import type { AuditLog } from '../../contract/audit.ts';
import { SPAN, type SpanState, STATUS } from './history-bucket.ts';
import { type IncidentTable, madeUpId, type OpenIncident } from './history-incidents.ts';
import { withoutCovered } from './history-raw.ts';
import { createReadings } from './history-readings.ts';
import { floor5 } from './history-rollup.ts';
import type { ServiceRow, Tables } from './history-tables.ts';
import { type Instant, type OpenSpan, Timeline } from './history-timeline.ts';

/** Nothing answered, so the time it took says nothing about the service. */
const NO_ANSWER: ReadonlySet<unknown> = new Set([
  'refused',
  'reset',
  'timed-out',
  'unreachable',
  'tls-failed',
  'name-not-resolved',
  'process-missing',
  'process-zombie',
  'not-found',
]);

interface ProjectDeps {
  readonly tables: Tables;
  readonly incidents: IncidentTable;
  /** By id; shared by all who read and write. */
  readonly services: Map<string, ServiceRow>;
  /** Readings before this have left: what is told late about that time changes no roll-up. */
  rawFloorMs(): number;
}
type Line = Readonly<Record<string, unknown>>;
export interface Projection {
  readonly timeline: Timeline;
  /** By the service's key. */
  readonly openIncidents: ReadonlyMap<number, OpenIncident>;
  /** Takes over incidents that stand open at the end of the logs, `atMs`. */
  adopt(standing: ReadonlyMap<number, OpenIncident>, atMs: number): void;
  apply(log: AuditLog, line: Line, at: Instant): void;
  /** A check that was told before, with the time of another look. */
  again(check: Line, latencyMs: number, at: Instant): void;
  /** Writes what waits to be written together; the last word of a transaction. */
  settle(): void;
}

/** `isLive`: what stands open is remembered in the database, and an equal millisecond is the next one. Else (from the logs)
 * only what is over is written, and what is there already is the same thing. */
export function createProjection(deps: ProjectDeps, isLive: boolean): Projection {
  const { tables, incidents } = deps;
  const readings = createReadings(tables);
  const byKey = new Map([...deps.services.values()].map((service) => [service.key, service]));
  const timeline = openTimeline();
  const open = new Map<number, OpenIncident>(isLive ? incidents.open().map((incident) => [incident.service, incident]) : []);

  function openTimeline(): Timeline {
    const sink = {
      closed(key: number, from: number, to: number, state: SpanState): void {
        // Where the clock was set back there may be older knowledge of the same hours: it stands.
        for (const piece of withoutCovered(tables.spans(key, from, to), from, to)) tables.addSpan(key, piece.from, piece.to, state);
        if (!isLive) setBack(key, from);
      },
      opened(key: number, span: OpenSpan | undefined, at: number): void {
        if (!isLive) return;
        if (span) tables.setOpen(key, span.from, span.state);
        else tables.endOpen(key);
        setBack(key, at);
      },
    };
    if (!isLive) return new Timeline(sink);
    const spans = tables.openSpans().map(([key, from, state]) => [key, { from, state: state as SpanState }] as const);
    return new Timeline(sink, spans, tables.meta('alive'), tables.wills() as [number, SpanState][]);
  }

  function serviceOf(id: string, atMs: number): ServiceRow {
    const known = deps.services.get(id);
    if (known) return known;
    const service: ServiceRow = { key: tables.addService(id, floor5(atMs)), id, unit: null, valueSince: 0, rolled: floor5(atMs) };
    deps.services.set(id, service);
    byKey.set(service.key, service);
    return service;
  }

  /** Roll-ups from here on are made anew. */
  function setBack(key: number, atMs: number): void {
    const service = byKey.get(key);
    if (service && floor5(atMs) >= service.rolled) return; // nearly always
    const rolled = Math.max(floor5(atMs), floor5(deps.rawFloorMs() + 299_999));
    if (!service || rolled >= service.rolled) return;
    service.rolled = rolled;
    tables.setRolled(key, rolled);
  }

  function check(line: Line, at: Instant, latencyMs = numberOf(line['latencyMs'])): void {
    const service = serviceOf(textOf(line['service']), at.wallMs);
    const status = STATUS[line['status'] as keyof typeof STATUS] ?? STATUS.unknown;
    const value = numberOf(line['value']);
    const unit = line['unit'];
    const hasAnswered = status !== STATUS.unknown && !NO_ANSWER.has(line['reason']);
    const latency = hasAnswered && latencyMs !== null ? Math.max(0, Math.round(latencyMs * 10)) : null;
    if (value !== null && typeof unit === 'string' && unit !== service.unit) {
      // The logs tell it oldest first; what is live is newer than they are.
      if (service.unit === null || isLive) {
        service.valueSince = service.unit === null ? 0 : at.wallMs;
        service.unit = unit;
        tables.setUnit(service.key, unit, service.valueSince);
      }
    }
    const isOfUnit = unit === service.unit;
    const readAt = Math.round(at.wallMs);
    if (isLive) readings.add(service.key, readAt, status, latency, isOfUnit ? value : null);
    else tables.addReading(service.key, readAt, status, latency, isOfUnit ? value : null);
    setBack(service.key, readAt);
    const will = timeline.willed.get(service.key);
    timeline.mark(service.key, stateOf(line['phase'], status), at);
    // What is live knows what the database has.
    if (!isLive || will !== timeline.willed.get(service.key)) tables.setWill(service.key, timeline.willed.get(service.key) ?? null);
    followIncident(service, line, status, at.wallMs);
  }

  function followIncident(service: ServiceRow, line: Line, status: number, atMs: number): void {
    const before = open.get(service.key);
    const strikes = numberOf(line['consecutiveFailures']) ?? 0;
    const told = textOf(line['incident']) || undefined;
    const isWell = status === STATUS.ok || status === STATUS.warning;
    if (isWell) endIncident(service.key, atMs);
    // Lines of older versions name no incident: there is one from the first strike on.
    if (isWell || (told === undefined && strikes === 0)) return;
    const id = told ?? before?.id ?? madeUpId(service.id, atMs);
    if (before && before.id !== id && isMadeUp(before.id)) {
      incidents.rename(before.key, id);
      open.set(service.key, { ...before, id });
    } else if (before?.id !== id) {
      endIncident(service.key, atMs);
      const begun = { id, service: service.key, startedAt: Math.round(atMs), strikes };
      open.set(service.key, incidents.put({ ...begun, reason: textOf(line['reason']), message: textOf(line['message']) }));
    }
    const now = open.get(service.key) as OpenIncident;
    if (strikes <= now.strikes) return;
    incidents.strike(now.key, strikes);
    open.set(service.key, { ...now, strikes });
  }

  function endIncident(key: number, atMs: number): void {
    const before = open.get(key);
    if (!before) return;
    incidents.end(before.key, Math.round(atMs));
    open.delete(key);
  }

  function command(line: Line, at: Instant): void {
    const service = serviceOf(textOf(line['service']), at.wallMs);
    const what = line['command'];
    if (what === 'pause') timeline.mark(service.key, SPAN.paused, at);
    else if (what === 'stop') {
      timeline.mark(service.key, SPAN.stopped, at);
      endIncident(service.key, at.wallMs);
    } else if (what === 'resume' || what === 'start') timeline.mark(service.key, undefined, at);
    tables.setWill(service.key, timeline.willed.get(service.key) ?? null);
  }

  /** What left the configuration is nobody's business any more. */
  function configLoaded(line: Line, at: Instant): void {
    const { watched } = line;
    if (!Array.isArray(watched)) return;
    for (const service of deps.services.values()) {
      if (watched.includes(service.id)) continue;
      timeline.mark(service.key, undefined, at);
      tables.setWill(service.key, null);
      endIncident(service.key, at.wallMs);
    }
  }

  function alert(line: Line, at: Instant): void {
    const service = serviceOf(textOf(line['service']), at.wallMs);
    const id = textOf(line['id']);
    const { at: _at, event, service: _service, id: _id, ...detail } = line;
    incidents.alert(Math.round(at.wallMs), service.key, id, textOf(event), JSON.stringify(detail));
    if (event !== 'alert') return;
    // An alert's id is service and incident (R7).
    const incident = id.slice(service.id.length + 1);
    const standing = open.get(service.key);
    if (standing && isMadeUp(standing.id) && incidents.find(incident) === undefined) {
      incidents.rename(standing.key, incident);
      open.set(service.key, { ...standing, id: incident });
    }
    const key = incidents.find(incident) ?? standing?.key;
    if (key !== undefined) incidents.alerted(key, textOf(line['kind']));
  }

  function attemptBegun(line: Line, at: Instant): void {
    const service = serviceOf(textOf(line['service']), at.wallMs);
    incidents.begin({
      id: textOf(line['attempt']),
      service: service.key,
      incident: open.get(service.key)?.key,
      remedy: textOf(line['remedy']),
      trigger: line['trigger'] === 'person' ? 'person' : 'auto',
      startedAt: Math.round(at.wallMs),
      reason: textOf(line['reason']),
      action: textOf(line['action']) || null,
      before: textOf(line['before']) || null,
    });
  }
  function attemptFinished(line: Line): void {
    incidents.finish({
      id: textOf(line['attempt']),
      outcome: textOf(line['outcome']),
      reason: textOf(line['reason']),
      seconds: numberOf(line['secondsToHealthy']),
      output: textOf(line['output']),
      after: textOf(line['after']) || null,
    });
  }

  const meanings: Readonly<Record<string, (line: Line, at: Instant) => void>> = {
    check,
    command,
    'config-loaded': configLoaded,
    'clock-jumped': (_line, at) => void timeline.tick(at),
    slept: (line, at) => timeline.slept(at, numberOf(line['forMs']) ?? 0),
    'engine-started'(line, at) {
      timeline.started(at);
      configLoaded(line, at);
    },
    'engine-stopped': (_line, at) => timeline.stopped(at),
    'recovery-started': attemptBegun,
    'recovery-finished': attemptFinished,
  };
  function apply(log: AuditLog, line: Line, at: Instant): void {
    const event = textOf(line['event']);
    if (Object.hasOwn(meanings, event)) meanings[event]?.(line, at);
    else if (log === 'alerts' && textOf(line['service']) !== '') alert(line, at);
  }

  function adopt(standing: ReadonlyMap<number, OpenIncident>, atMs: number): void {
    for (const [key, incident] of standing) {
      const mine = open.get(key);
      const wellAt = incidents.wellSince(key, atMs);
      if (mine?.key === incident.key) continue;
      if (wellAt !== undefined) incidents.end(incident.key, wellAt);
      else if (mine) incidents.merge(incident.key, mine.key);
      else open.set(key, incident);
    }
  }

  const again = (line: Line, latencyMs: number, at: Instant): void => check(line, at, latencyMs);
  return { timeline, apply, again, settle: readings.settle, adopt, openIncidents: open };
}

/** The time that follows a look, until the next one: as it saw it. */
function stateOf(phase: unknown, status: number): SpanState {
  if (phase === 'paused') return SPAN.paused;
  if (phase === 'stopped') return SPAN.stopped;
  if (status === STATUS.error) return SPAN.down;
  return status === STATUS.unknown ? SPAN.unknown : SPAN.up;
}
function isMadeUp(id: string): boolean {
  return id.includes('@');
}
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
