// What history.db still knows of times that the audit logs no longer reach, as recorded lines: single readings of the last
// month, before that the looks that five-minute roll-ups counted, spread over their five minutes. Only reads, on a connection
// of its own, a quarter of a day at a time.
import { statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { errorText } from '../../contract/errors.ts';
import type { Outcome, Status } from '../../contract/flow.ts';
import { HOME_FILES } from '../../contract/home.ts';
import type { RecordedDeeds, RecordedLook } from '../../contract/recorded.ts';
import { type Bucket, newBucket, SPAN, STATUS } from './history-bucket.ts';
import { addChunk } from './history-bytes.ts';
import { chunkKey, LEVELS } from './history-chunks.ts';

const LEVEL = LEVELS['5m'];
const STATUS_NAMES: readonly Status[] = (['ok', 'warning', 'error', 'unknown'] as const).toSorted((a, b) => STATUS[a] - STATUS[b]);

interface Service {
  readonly key: number;
  readonly id: string;
  readonly unit: string | null;
  readonly valueSince: number;
  /** Its oldest single reading. */
  readonly rawFrom: number;
}
interface Incident {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}
export interface OlderPast {
  /** Adds the repairs and alerts of [fromMs, toMs). */
  addDeeds(deeds: RecordedDeeds, fromMs: number, toMs: number): void;
  /** Looks of [fromMs, toMs), some hours at a time, oldest first. */
  looks(fromMs: number, toMs: number): Generator<RecordedLook[]>;
  /** Oldest single reading of any service; undefined: there is none. */
  readonly rawFromMs: number | undefined;
  close(): void;
}

/** undefined: there is no database, or none that can be read, which is told. */
export async function openOlderPast(home: string, onTrouble: (why: string) => void): Promise<OlderPast | undefined> {
  const file = path.join(home, HOME_FILES.history);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const { DatabaseSync: Database } = await import('node:sqlite');
  try {
    // A reader of a database that nobody has open would leave two files beside it (sqlite.org/wal.html, "Read-Only Databases").
    const isInUse = statSync(`${file}-wal`, { throwIfNoEntry: false }) !== undefined;
    const place = isInUse ? file : `${pathToFileURL(file).href}?immutable=1`;
    return guarded(pastOf(new Database(place, { readOnly: true, timeout: 100 })), onTrouble);
  } catch (error) {
    onTrouble(errorText(error));
    return undefined;
  }
}

/** A database that is damaged somewhere shows it only when that part is read: what comes before it is told all the same. */
function guarded(past: OlderPast, onTrouble: (why: string) => void): OlderPast {
  return {
    ...past,
    addDeeds(...span) {
      try {
        past.addDeeds(...span);
      } catch (error) {
        onTrouble(errorText(error));
      }
    },
    *looks(...span) {
      try {
        yield* past.looks(...span);
      } catch (error) {
        onTrouble(errorText(error));
      }
    },
  };
}

function pastOf(db: DatabaseSync): OlderPast {
  const rows = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const services = db
    .prepare(
      `SELECT key, id, unit, value_since AS valueSince,
        ifnull((SELECT min(at) FROM reading WHERE service = service.key), 9e15) AS rawFrom FROM service`,
    )
    .all() as unknown as Service[];
  const chunk = rows('SELECT data FROM chunk WHERE key = ?');
  const readings = rows('SELECT at, status, latency, value FROM reading WHERE service = ? AND at >= ? AND at < ? ORDER BY at');
  const stops = rows(`SELECT 1 FROM span WHERE service = ? AND start <= ? AND "end" > ? AND state = ${SPAN.stopped}`);
  const incidentRows = rows('SELECT id, started_at, ended_at, reason FROM incident WHERE service = ? ORDER BY started_at');
  const incidents = new Map<number, Incident[]>();
  const incidentAt = (service: number, at: number): Incident | undefined => {
    let known = incidents.get(service);
    if (!known) {
      known = (incidentRows.all(service) as unknown as [string, number, number | null, string][]).map(([id, from, to, reason]) => ({
        id,
        from,
        to: to ?? Number.MAX_SAFE_INTEGER,
        reason,
      }));
      incidents.set(service, known);
    }
    // The last that had begun by then.
    let [low, high] = [0, known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((known[middle] as Incident).from <= at) low = middle + 1;
      else high = middle;
    }
    const found = known[low - 1];
    return found && at < found.to ? found : undefined;
  };

  function lookOf(service: Service, at: number, status: number, latency: number | null, value: number | null): RecordedLook {
    const isBad = status === STATUS.error || status === STATUS.unknown;
    const incident = isBad ? incidentAt(service.key, at) : undefined;
    const known = at < service.valueSince ? null : value;
    const reason = isBad
      ? (incident?.reason ?? (status === STATUS.error ? 'refused' : 'probe-failed'))
      : known === null
        ? 'answered'
        : 'within-limits';
    return {
      kind: 'look',
      at,
      service: service.id,
      status: STATUS_NAMES[status] ?? 'unknown',
      reason,
      message: '',
      latencyMs: (latency ?? 0) / 10,
      value: known,
      unit: known === null ? null : service.unit,
      incident: incident?.id,
      isPaused: false,
      isSuppressed: false,
      isStopped: status === STATUS.error && stops.get(service.key, at, at) !== undefined,
      isHeld: false,
      processAgeMs: undefined,
      isOnlyLook: false,
    };
  }

  /** Which of the looks failed is not kept: those next to the five minutes before, if these ended so, else the last. */
  function looksOf(service: Service, start: number, bucket: Bucket, wasBad: boolean): RecordedLook[] {
    const { count, failures, unknowns, warnings } = bucket;
    const bad = failures + unknowns;
    if (count === 1 && bad + warnings === 0)
      return [
        lookOf(
          service,
          start + LEVEL.bucketMs / 2,
          STATUS.ok,
          bucket.latency.count > 0 ? bucket.latency.sum : null,
          bucket.value.count > 0 ? bucket.value.sum : null,
        ),
      ];
    const latency = bucket.latency.count > 0 ? Math.round(bucket.latency.sum / bucket.latency.count) : null;
    const value = bucket.value.count > 0 ? bucket.value.sum / bucket.value.count : null;
    return Array.from({ length: count }, (_, index) => {
      const place = wasBad ? index : count - 1 - index;
      const status = place < failures ? STATUS.error : place < bad ? STATUS.unknown : place < bad + warnings ? STATUS.warning : STATUS.ok;
      const at = start + Math.round(((index + 0.5) / count) * LEVEL.bucketMs);
      return lookOf(service, at, status, latency, value);
    });
  }

  return {
    rawFromMs: services.length === 0 ? undefined : Math.min(...services.map(({ rawFrom }) => rawFrom)),
    addDeeds(deeds, fromMs, toMs) {
      const attempts = rows(
        `SELECT a.id, a.started_at, s.id, a.remedy, a."trigger", a.outcome, a.reason FROM attempt a JOIN service s ON s.key = a.service
          WHERE a.started_at >= ? AND a.started_at < ? ORDER BY a.started_at`,
      );
      type AttemptRow = [string, number, string, string, 'auto' | 'person', Outcome | null, string];
      for (const row of attempts.iterate(fromMs, toMs)) {
        const [id, at, service, remedy, trigger, outcome, reason] = row as unknown as AttemptRow;
        deeds.attempts.push({ id, at, service, remedy, trigger, outcome: outcome ?? undefined, reason, ranMs: undefined });
      }
      const alerts = rows(
        `SELECT a.at, s.id, a.id, a.detail FROM alert a JOIN service s ON s.key = a.service
          WHERE a.at >= ? AND a.at < ? AND a.event = 'alert' ORDER BY a.at`,
      );
      for (const row of alerts.iterate(fromMs, toMs)) {
        const [at, service, id, detail] = row as unknown as [number, string, string, string];
        deeds.alerts.push({ at, service, id, kind: String((JSON.parse(detail) as { kind?: unknown }).kind) });
      }
    },
    *looks(fromMs, toMs) {
      const wasBad = new Map<number, boolean>();
      for (let start = Math.floor(fromMs / LEVEL.chunkMs) * LEVEL.chunkMs; start < toMs; start += LEVEL.chunkMs) {
        const [from, to] = [Math.max(fromMs, start), Math.min(toMs, start + LEVEL.chunkMs)];
        const found: RecordedLook[] = [];
        for (const service of services) {
          const row =
            from < service.rawFrom ? (chunk.get(chunkKey(service.key, LEVEL, start)) as unknown as [Uint8Array] | undefined) : undefined;
          if (row) {
            eachBucket(row[0], (index, bucket) => {
              const at = start + index * LEVEL.bucketMs;
              if (at < from || at + LEVEL.bucketMs > Math.min(to, service.rawFrom)) return;
              for (const look of looksOf(service, at, bucket, wasBad.get(service.key) ?? false)) found.push(look);
              wasBad.set(service.key, found.at(-1)?.status === 'error');
            });
          }
          if (to <= service.rawFrom) continue;
          for (const [at, status, latency, value] of readings.iterate(service.key, from, to) as unknown as Iterable<
            [number, number, number | null, number | null]
          >) {
            found.push(lookOf(service, at, status, latency, value));
          }
        }
        if (found.length > 0) yield found.sort((a, b) => a.at - b.at);
      }
    },
    close: () => db.close(),
  };
}

/** One after the other in the same bucket: a year has two million, and most of what they cost is being made and collected. */
function eachBucket(bytes: Uint8Array, use: (index: number, bucket: Bucket) => void): void {
  const bucket = newBucket();
  let current: number | undefined;
  addChunk(bytes, LEVEL.bucketMs, 'all', (index) => {
    if (current !== undefined) use(current, bucket);
    current = index;
    Object.assign(bucket, { count: 0, failures: 0, unknowns: 0, warnings: 0 });
    for (const tally of [bucket.latency, bucket.value]) {
      tally.count = 0;
      tally.sum = 0;
      tally.bins.clear();
    }
    return bucket;
  });
  if (current !== undefined) use(current, bucket);
}
