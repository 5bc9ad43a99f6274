// Incidents, attempts and alerts in history.db: written as the audit lines tell them, read as views want them.
// Touches the tables `incident`, `attempt`, `alert`.
import type { DatabaseSync } from 'node:sqlite';
import type { AttemptView, IncidentView } from '../../contract/operations.ts';
import { isoTime } from '../../contract/time.ts';

export interface OpenIncident {
  readonly key: number;
  readonly id: string;
  readonly startedAt: number;
  readonly strikes: number;
}
export interface Tried {
  readonly remedy: string;
  readonly action: string | null;
  readonly outcome: string;
  readonly seconds: number | null;
}
interface NewIncident {
  readonly id: string;
  readonly service: number;
  readonly startedAt: number;
  readonly reason: string;
  readonly message: string;
  readonly strikes: number;
}
interface NewAttempt {
  readonly id: string;
  readonly service: number;
  readonly incident: number | undefined;
  readonly remedy: string;
  readonly trigger: string;
  readonly startedAt: number;
  readonly reason: string;
  readonly action: string | null;
  readonly before: string | null;
}
interface FinishedAttempt {
  readonly id: string;
  readonly outcome: string;
  readonly reason: string;
  readonly seconds: number | null;
  readonly output: string;
  readonly after: string | null;
}
export interface IncidentPeriod {
  readonly service: string | undefined;
  /** Unix time; incidents that overlap it are meant. */
  readonly fromMs: number;
  readonly toMs: number;
}
/** The start is of this shape where only the log told of an incident, and not its id. */
export const madeUpId = (service: string, atMs: number): string => `${service}@${isoTime({ wallMs: atMs })}`;

export type IncidentTable = ReturnType<typeof prepareIncidents>;
export function prepareIncidents(db: DatabaseSync) {
  const open = db.prepare(
    'SELECT service, key, id, started_at AS startedAt, strikes FROM incident WHERE ended_at IS NULL ORDER BY started_at',
  );
  const byId = db.prepare('SELECT key FROM incident WHERE id = ?');
  const byStart = db.prepare('SELECT key FROM incident WHERE service = ? AND started_at = ?');
  const add = db.prepare('INSERT INTO incident (id, service, started_at, reason, message, strikes) VALUES (?, ?, ?, ?, ?, ?)');
  const rename = db.prepare('UPDATE OR IGNORE incident SET id = ? WHERE key = ?');
  const reopen = db.prepare(
    'UPDATE incident SET ended_at = NULL, strikes = max(strikes, ?), started_at = min(started_at, ?) WHERE key = ?',
  );
  const wellSince = db.prepare('SELECT min(at) AS at FROM reading WHERE service = ? AND at > ? AND status < 2');
  const moveAttempts = db.prepare('UPDATE attempt SET incident = ? WHERE incident = ?');
  const takeOver = db.prepare(
    `UPDATE incident SET started_at = min(incident.started_at, old.started_at), reason = old.reason, message = old.message,
      strikes = max(incident.strikes, old.strikes), alerted = ifnull(incident.alerted, old.alerted)
      FROM incident AS old WHERE incident.key = ? AND old.key = ?`,
  );
  // A repair is told before the look that began the incident is written down.
  const claimAttempts = db.prepare('UPDATE attempt SET incident = ? WHERE service = ? AND started_at >= ? AND incident IS NULL');
  const remove = db.prepare('DELETE FROM incident WHERE key = ?');
  const end = db.prepare('UPDATE incident SET ended_at = max(started_at, ?) WHERE key = ?');
  const strike = db.prepare('UPDATE incident SET strikes = max(strikes, ?) WHERE key = ?');
  const alerted = db.prepare('UPDATE incident SET alerted = ? WHERE key = ?');
  const begin = db.prepare(
    `INSERT INTO attempt (id, service, incident, remedy, "trigger", started_at, reason, output, action, before)
      VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)
      ON CONFLICT (id) DO NOTHING`,
  );
  const finish = db.prepare('UPDATE attempt SET outcome = ?, reason = ?, seconds = ?, output = ?, after = ? WHERE id = ?');
  const addAlert = db.prepare('INSERT OR IGNORE INTO alert VALUES (?, ?, ?, ?, ?)');
  const find = (and: string) =>
    db.prepare(
      `SELECT i.key, i.id, s.id AS service, i.started_at, i.ended_at, i.reason, i.message, i.strikes, i.alerted,
          CASE WHEN i.alerted IS NOT NULL THEN (
            SELECT min(at) FROM alert
              WHERE at BETWEEN i.started_at AND ifnull(i.ended_at, 9e15) AND alert.service = i.service AND event = 'alert'
          ) END AS alerted_at
        FROM incident i JOIN service s ON s.key = i.service
        WHERE i.started_at <= ? AND ifnull(i.ended_at, 9e15) >= ? ${and} ORDER BY i.started_at DESC, i.key DESC`,
    );
  const ofAll = find('');
  const ofOne = find('AND i.service = (SELECT key FROM service WHERE id = ?)');
  const tried = db.prepare(
    'SELECT remedy, action, outcome, seconds FROM attempt WHERE service = ? AND started_at >= ? AND outcome IS NOT NULL ORDER BY started_at DESC LIMIT 500',
  );
  const attempts = db.prepare(
    `SELECT a.id, a.incident, s.id AS service, a.remedy, a."trigger", a.started_at, a.outcome, a.reason, a.seconds, a.output, a.action,
      a.before, a.after
      FROM attempt a JOIN service s ON s.key = a.service WHERE a.incident BETWEEN ? AND ? ORDER BY a.started_at`,
  );

  return {
    open: () => open.all() as unknown as (OpenIncident & { service: number })[],
    /** The one with this id, or that began at this moment; else a new one. It stands open. */
    put(incident: NewIncident): OpenIncident {
      const { id, service, startedAt, strikes } = incident;
      const known = (byId.get(id) ?? byStart.get(service, startedAt)) as unknown as { key: number } | undefined;
      if (known) {
        rename.run(id, known.key);
        reopen.run(strikes, startedAt, known.key);
      }
      const key = known?.key ?? Number(add.run(id, service, startedAt, incident.reason, incident.message, strikes).lastInsertRowid);
      claimAttempts.run(key, service, startedAt);
      return { key, id, startedAt, strikes };
    },
    find: (id: string): number | undefined => (byId.get(id) as unknown as { key: number } | undefined)?.key,
    rename: (key: number, id: string) => rename.run(id, key),
    end: (key: number, atMs: number) => end.run(atMs, key),
    /** The first look after `atMs` that saw the service well. */
    wellSince: (service: number, atMs: number): number | undefined =>
      (wellSince.get(service, atMs) as unknown as { at: number | null }).at ?? undefined,
    /** The logs and the running engine tell of the same incident. */
    merge(from: number, to: number): void {
      moveAttempts.run(to, from);
      takeOver.run(to, from);
      remove.run(from);
    },
    strike: (key: number, strikes: number) => strike.run(strikes, key),
    alerted: (key: number, kind: string) => alerted.run(kind, key),
    begin(attempt: NewAttempt): void {
      const { id, service, incident = null, remedy, trigger, startedAt, reason, action, before } = attempt;
      begin.run(id, service, incident, remedy, trigger, startedAt, reason, action, before);
    },
    finish: ({ id, outcome, reason, seconds, output, after }: FinishedAttempt) => finish.run(outcome, reason, seconds, output, after, id),
    alert: (atMs: number, service: number, id: string, event: string, detail: string) => addAlert.run(atMs, service, id, event, detail),

    /** What was tried on one service since then, at most the newest 500. */
    tried: (service: number, sinceMs: number) => tried.all(service, sinceMs) as unknown as Tried[],

    /** Newest first, each with what was tried. */
    list({ service, fromMs, toMs }: IncidentPeriod): IncidentView[] {
      const rows = (service === undefined ? ofAll.all(toMs, fromMs) : ofOne.all(toMs, fromMs, service)) as unknown as IncidentRow[];
      const views = new Map(rows.map((row) => [row.key, incidentView(row)]));
      let [least, most] = [Number.POSITIVE_INFINITY, 0];
      for (const { key } of rows) {
        least = Math.min(least, key);
        most = Math.max(most, key);
      }
      if (rows.length === 0) return [];
      for (const row of attempts.iterate(least, most)) {
        const attempt = row as unknown as AttemptRow;
        views.get(attempt.incident)?.attempts.push(attemptView(attempt));
      }
      return [...views.values()];
    },
  };
}

interface IncidentRow {
  readonly key: number;
  readonly id: string;
  readonly service: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly reason: string;
  readonly message: string;
  readonly strikes: number;
  readonly alerted: string | null;
  readonly alerted_at: number | null;
}
interface AttemptRow {
  readonly id: string;
  readonly incident: number;
  readonly service: string;
  readonly remedy: string;
  readonly trigger: AttemptView['trigger'];
  readonly started_at: number;
  readonly outcome: AttemptView['outcome'];
  readonly reason: string;
  readonly seconds: number | null;
  readonly output: string;
  readonly action: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

function incidentView(row: IncidentRow): IncidentView {
  return {
    id: row.id,
    service: row.service,
    startedAt: isoTime({ wallMs: row.started_at }),
    endedAt: row.ended_at === null ? null : isoTime({ wallMs: row.ended_at }),
    reason: row.reason,
    message: row.message,
    strikes: row.strikes,
    alerted: row.alerted,
    alertedAt: row.alerted_at === null ? null : isoTime({ wallMs: row.alerted_at }),
    attempts: [],
  };
}

function attemptView(row: AttemptRow): AttemptView {
  return {
    attempt: row.id,
    service: row.service,
    remedy: row.remedy,
    trigger: row.trigger,
    startedAt: isoTime({ wallMs: row.started_at }),
    outcome: row.outcome,
    reason: row.reason,
    secondsToHealthy: row.seconds,
    output: row.output,
    ...(row.action === null ? {} : { action: row.action }),
    ...(row.before === null ? {} : { before: row.before }),
    ...(row.after === null ? {} : { after: row.after }),
  };
}
