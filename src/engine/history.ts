// What happened, read back from the audit trail: lines, and incidents put together from them (R17). Only reads.
// The database of the next version answers the same questions faster; the log files stay the truth.
import path from 'node:path';
import type { AuditLog } from '../contract/audit.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { AttemptView, HistoryLine, IncidentView } from '../contract/operations.ts';
import { readAudit } from './keep/audit-reader.ts';
import { createTail } from './keep/tail.ts';
import { realTimers, systemNow } from './system.ts';

export interface Period {
  readonly service?: string | undefined;
  /** ISO 8601, both ends included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Answers are held in memory: the newest lines of a long period, no more. */
const MOST_LINES = 50_000;

const ALL_LOGS = ['health', 'recovery', 'alerts'] as const satisfies readonly AuditLog[];

/** A line carries the time of what it tells, and is written a moment later: a check when its repair has begun. */
const LATE_MS = 10_000;

/** Lines of all three logs by their time; those of the same moment as they were written. */
async function* query(home: string, period: Period): AsyncIterable<HistoryLine> {
  const lines = readAudit({
    home,
    logs: ALL_LOGS,
    service: period.service,
    fromMs: period.from === undefined ? undefined : Date.parse(period.from),
    toMs: period.to === undefined ? undefined : Date.parse(period.to),
  });
  const held: HistoryLine[] = [];
  for await (const { line } of lines as AsyncIterable<{ line: HistoryLine }>) {
    let index = held.length;
    while (index > 0 && (held[index - 1] as HistoryLine).at > line.at) index -= 1;
    held.splice(index, 0, line);
    const settled = Date.parse((held.at(-1) as HistoryLine).at) - LATE_MS;
    while (held.length > 0 && Date.parse((held[0] as HistoryLine).at) < settled) yield held.shift() as HistoryLine;
  }
  yield* held;
}

/** Lines of all three logs, oldest first, at most the newest 50,000. */
export async function readHistory(home: string, period: Period): Promise<HistoryLine[]> {
  const lines: HistoryLine[] = [];
  for await (const line of query(home, period)) {
    lines.push(line);
    if (lines.length > 2 * MOST_LINES) lines.splice(0, MOST_LINES);
  }
  return lines.slice(-MOST_LINES);
}

type Open = { -readonly [K in keyof IncidentView]: IncidentView[K] };

/** From the first strike to the first ok after it, with what was tried and whether somebody was told: all that stood open at some time
 * of the period. Newest first. Read from the oldest line on, because nothing else tells when an incident began. */
export async function readIncidents(home: string, period: Period): Promise<IncidentView[]> {
  const open = new Map<string, Open>();
  const done: IncidentView[] = [];
  for await (const line of query(home, { ...period, from: undefined })) {
    const service = textOf(line['service']);
    if (!service) continue;
    switch (line['event']) {
      case 'check':
        seen(service, line, open, done);
        break;
      case 'recovery-started':
        open.get(service)?.attempts.push(startedView(service, line));
        break;
      case 'recovery-finished':
        finished(open.get(service) ?? done.findLast((incident) => incident.service === service), line);
        break;
      case 'alert': {
        const incident = open.get(service);
        if (incident) Object.assign(incident, { alerted: textOf(line['kind']), alertedAt: incident.alertedAt ?? textOf(line['at']) });
        break;
      }
    }
  }
  const fromMs = period.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(period.from);
  return [...done, ...open.values()]
    .filter(({ endedAt }) => endedAt === null || Date.parse(endedAt) >= fromMs)
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

function seen(service: string, line: Record<string, unknown>, open: Map<string, Open>, done: IncidentView[]): void {
  const strikes = Number(line['consecutiveFailures'] ?? 0);
  const at = textOf(line['at']);
  const named = textOf(line['incident']);
  const isWell = line['status'] === 'ok' || line['status'] === 'warning';
  const before = open.get(service);
  if (before && (isWell || (named !== '' && named !== before.id))) {
    before.endedAt = at;
    open.delete(service);
    done.push(before);
  }
  const incident = open.get(service);
  if (incident) incident.strikes = Math.max(incident.strikes, strikes);
  // Lines of older versions name no incident: there is one from the first strike on.
  if (incident || isWell || (named === '' && strikes === 0)) return;
  open.set(service, {
    id: named || `${service}@${at}`,
    service,
    startedAt: at,
    endedAt: null,
    reason: textOf(line['reason']),
    message: textOf(line['message']),
    strikes,
    alerted: null,
    alertedAt: null,
    attempts: [],
  });
}

function startedView(service: string, line: Record<string, unknown>): AttemptView {
  return {
    attempt: textOf(line['attempt']),
    service,
    remedy: textOf(line['remedy']),
    trigger: line['trigger'] === 'person' ? 'person' : 'auto',
    startedAt: textOf(line['at']),
    outcome: null,
    reason: textOf(line['reason']),
    secondsToHealthy: null,
    output: '',
    ...(line['action'] === undefined ? {} : { action: textOf(line['action']) }),
    ...(line['before'] === undefined ? {} : { before: textOf(line['before']) }),
  };
}

function finished(incident: IncidentView | undefined, line: Record<string, unknown>): void {
  if (!incident) return;
  let attempt = incident.attempts.find((known) => known.attempt === line['attempt']);
  if (!attempt) {
    // A crash came between its intent and the line that says so: its end is all that is written (R8).
    attempt = startedView(incident.service, line);
    incident.attempts.push(attempt);
  }
  const seconds = line['secondsToHealthy'];
  Object.assign(attempt, {
    outcome: line['outcome'],
    reason: textOf(line['reason']),
    secondsToHealthy: typeof seconds === 'number' ? seconds : null,
    output: textOf(line['output']),
    ...(line['after'] === undefined ? {} : { after: textOf(line['after']) }),
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const DAY_MS = 86_400_000;
const FOLLOW_MS = 250;

function parseLine(text: string): HistoryLine | undefined {
  try {
    return JSON.parse(text) as HistoryLine;
  } catch {
    return undefined; // a line that a crash has torn
  }
}

/** The newest `count` lines, oldest first. Looks back one day, then as far as there is anything. */
export async function auditTail(home: string, count: number, nowMs = systemNow()): Promise<HistoryLine[]> {
  if (count === 0) return [];
  const recent = await readHistory(home, { from: new Date(nowMs - DAY_MS).toISOString() });
  const lines = recent.length >= count ? recent : await readHistory(home, {});
  return lines.slice(-count);
}

/** Tells every line that is written from now on, in the order of the files, until the signal aborts. */
export async function followAudit(home: string, tell: (line: HistoryLine) => void, signal: AbortSignal): Promise<void> {
  const tails = [HOME_FILES.healthLog, HOME_FILES.recoveryLog, HOME_FILES.alertsLog].map((name) => createTail(path.join(home, name)));
  for (const tail of tails) await tail.skip();
  while (!signal.aborted) {
    const news = (await Promise.all(tails.map((tail) => tail.news()))).flat().map((text) => parseLine(text));
    for (const entry of news.filter((line) => line !== undefined).sort((a, b) => a.at.localeCompare(b.at))) tell(entry);
    await realTimers.sleep(FOLLOW_MS, signal);
  }
}
