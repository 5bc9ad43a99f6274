// history.db (PRODUCT section 3): what the audit lines tell, made ready for graphs and uptime. Lines wait in memory and are
// committed together some seconds later, so that no round waits for the disk; roll-ups, pruning and rebuilding are done in slices of some
// milliseconds. The logs stay the truth: nothing here can stop the engine, and a lost database is filled from them again.
// Longer than 250 lines: it is the one owner of the connection, of its transactions and of their timing.
import type { DatabaseSync } from 'node:sqlite';
import type { AuditEvent, AuditLog, CheckEvent } from '../../contract/audit.ts';
import { errorText } from '../../contract/errors.ts';
import type { Overview, Series, Uptime } from '../../contract/history.ts';
import type { IncidentView } from '../../contract/operations.ts';
import type { AgesPort, ClockPort, TimersPort } from '../../contract/ports.ts';
import { isoTime, type Moment } from '../../contract/time.ts';
import type { OnQuarantine } from './durable-file.ts';
import { type IncidentPeriod, type IncidentTable, prepareIncidents, type Tried } from './history-incidents.ts';
import { LOGS, markOf, missedLines } from './history-missed.ts';
import { createProjection, type Projection } from './history-project.ts';
import { createPruner, type Pruner } from './history-prune.ts';
import { overviewOf, type SeriesInput, series, uptime } from './history-query.ts';
import { hasPast, type Rebuilt, rebuild } from './history-rebuild.ts';
import { type DayTable, prepareDays, type RollDeps, rollStep } from './history-rollup.ts';
import { fileAtPlace, isDamage, openDatabase, type PlaceOptions, quarantine } from './history-schema.ts';
import { prepareTables, type ServiceRow, type Tables } from './history-tables.ts';
import { createUptimeCache, NO_UPTIMES, type Uptimes } from './history-uptimes.ts';
import { COMMIT_MS, createWaitingLines, type WaitingLine } from './history-waiting.ts';

export interface HistoryOptions {
  readonly home: string;
  readonly clock: ClockPort;
  /** Tells what is old enough to be let go. */
  readonly ages: Pick<AgesPort, 'trustedWallMs'>;
  readonly timers: TimersPort;
  readonly onQuarantine: OnQuarantine;
  /** Told once when the history can't be kept, or is being rebuilt; with undefined when that is over. */
  readonly onTrouble: (what: 'write' | 'rebuild', message: string | undefined) => void;
  /** The logs were read into a new database: how many lines, from when. */
  readonly onRebuilt?: (rebuilt: Rebuilt) => void;
  /** false: an engine that lives for one command leaves rebuilding to the next. */
  readonly mayRebuild?: boolean;
  /** Older lines of the logs are not told to this store. Unix time. */
  readonly beginsAt: number;
  readonly maxBytes?: number;
  readonly sqlite?: PlaceOptions['sqlite'];
}

export interface HistoryStore {
  /** Takes a line of the audit trail while it is written. Never throws, never touches the disk. */
  line(log: AuditLog, event: AuditEvent, at: Moment): void;
  /** Takes the line of a check that was told before once more, with the time of this look. Likewise. */
  again(check: CheckEvent, latencyMs: number, at: Moment): void;
  /** Commits what waits. */
  flush(): void;
  /** undefined: nothing is known of this service. */
  series(input: SeriesInput): Series | undefined;
  /** `days`: how many, the last one is today. In the order asked for. */
  overview(services: readonly string[], days: number): Overview;
  uptime(service: string, sinceMs: number): Uptime | undefined;
  /** Percent over 24 h, 7 d and 30 d, some minutes old at most; null where nothing was observed. */
  uptimes(service: string): Uptimes;
  /** What was tried on this service since then, at most the newest 500. Unix time. */
  tried(service: string, sinceMs: number): readonly Tried[];
  /** Newest first; undefined while the database does not know all that the logs know. */
  incidents(period: IncidentPeriod): IncidentView[] | undefined;
  close(): Promise<void>;
}

/** The logs hold their own lines for a tenth of a second. */
const LOGS_WAIT_MS = 1_000;
const RETRY_MS = 10_000;
/** How long one slice of background work may take, and the rest after it. */
const SLICE_MS = 5;
const REST_MS = 25;
const LAST_SLICES_MS = 40;
/** Readings that are not rolled up yet are read as they are, so an hour is soon enough, and the disk is spared. */
const WORK_EVERY_MS = 3_600_000;
/** After a full hour; the roller leaves the last seconds alone. */
const AFTER_MS = 6_000;
const COMMITS_A_CHECKPOINT = 64;
/** A step of letting go changes as many pages as some rounds. */
const COMMITS_A_STEP = 8;
const PRUNE_EVERY_MS = 1_800_000;
/** Ages are trusted, and old things let go, when no clock was set for so long. */
const STEADY_MS = 3_600_000;
const CLOCK_STEP_MS = 2_000;
/** For more than this share of an age the machine can't have been off without a doubt (contract/ports.ts). */
const AWAY_SHARE = 1 / 4;
const LINES_A_SLICE = 200;

/** An open database and all that belongs to it. */
interface Ground {
  readonly db: DatabaseSync;
  /** The file that it has open. */
  readonly file: string | undefined;
  readonly tables: Tables;
  readonly incidents: IncidentTable;
  readonly days: DayTable;
  readonly services: Map<string, ServiceRow>;
  readonly pruner: Pruner;
  projection: Projection;
}

/** Rejects `home-unusable` when there can be no database; the engine then runs without one. */
export async function openHistory(options: HistoryOptions): Promise<HistoryStore> {
  const { clock, timers, mayRebuild = true, maxBytes = 200_000_000 } = options;
  let ground: Ground | undefined = await openGround(options.beginsAt);
  const waiting = createWaitingLines();
  const uptimes = createUptimeCache(clock);
  let isClosed = false;
  let cancelCommit: (() => void) | undefined;
  /** How long the planned commit was to wait. */
  let commitInMs = 0;
  let cancelWork: (() => void) | undefined;
  let commits = 0;
  let reopening: Promise<void> | undefined;
  let rebuilding: { readonly stop: AbortController; readonly done: Promise<void>; reachedMs: number } | undefined;
  let nextPruneMs = 0;
  let steady = { offsetMs: offsetOf(clock.now()), sinceMs: clock.now().bootMs };
  await catchUp();
  startRebuild();
  planWork(REST_MS);

  // ------------------------------------------------------------ opening
  async function openGround(beginsAt: number): Promise<Ground> {
    const {
      db,
      tables: all,
      isNew,
    } = await openDatabase(options, (fresh) => ({
      tables: prepareTables(fresh),
      incidents: prepareIncidents(fresh),
      days: prepareDays(fresh),
    }));
    const services = new Map<string, ServiceRow>();
    const { tables, incidents } = all;
    // Also where a crash came before the first line was committed.
    if (isNew || tables.meta('alive') === undefined)
      tables.setMeta('rebuild', (await hasPast(options.home).catch(() => true)) ? beginsAt : 0);
    const pruner = createPruner(db, () => services.values(), maxBytes, tables.meta('raw_floor') ?? 0);
    const made = { db, ...all, services, pruner, file: fileAtPlace(options.home) };
    loadServices(made);
    return { ...made, projection: createProjection({ tables, incidents, services, rawFloorMs: pruner.floorMs }, true) };
  }

  function loadServices({ services, tables }: Pick<Ground, 'services' | 'tables'>): void {
    services.clear();
    for (const row of tables.services()) services.set(row.id, row);
  }

  /** Lines of the engine before this one that it could not commit any more: taken in as if they were told now. */
  async function catchUp(): Promise<void> {
    const aliveMs = ground?.tables.meta('alive');
    if (aliveMs === undefined) return;
    let jumpedMs = 0;
    // The logs have no clock but the wall's, and say where it was set.
    ground?.projection.timeline.tick({ wallMs: aliveMs, bootMs: aliveMs });
    try {
      const missed = await missedLines({
        home: options.home,
        markOf: (log) => ground?.tables.meta(`mark-${log}`),
        aliveMs,
        beforeMs: options.beginsAt,
      });
      for (const [index, { log, line, atMs }] of missed.entries()) {
        if (line['event'] === 'clock-jumped' && typeof line['byMs'] === 'number') jumpedMs += line['byMs'];
        waiting.add(log, line as unknown as AuditEvent, undefined, { wallMs: atMs, bootMs: atMs - jumpedMs });
        if (index % LINES_A_SLICE < LINES_A_SLICE - 1) continue;
        flush();
        await timers.sleep(REST_MS);
      }
      flush();
    } catch (error) {
      options.onTrouble('rebuild', `The logs could not be read: ${errorText(error)}`);
    }
  }

  // ------------------------------------------------------------ transactions
  /** All or nothing, in memory too. */
  function transaction(on: Ground, work: () => void): void {
    try {
      on.db.exec('BEGIN IMMEDIATE');
      work();
      on.db.exec('COMMIT');
      commits += 1;
    } catch (error) {
      try {
        on.db.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself, or nothing was begun.
      }
      if (isDamage(error)) startOver(errorText(error));
      else {
        loadServices(on);
        on.projection = createProjection(projectDeps(on), true);
      }
      throw error;
    }
  }
  function projectDeps({ tables, incidents, services, pruner }: Ground) {
    return { tables, incidents, services, rawFloorMs: pruner.floorMs };
  }

  /** The file is damaged while it is in use, and goes aside, or somebody has taken it away (`why` is undefined): the logs fill a new one. */
  function startOver(why: string | undefined): void {
    const damaged = ground;
    if (!damaged || reopening || isClosed) return;
    ground = undefined;
    uptimes.clear();
    rebuilding?.stop.abort();
    reopening = (async () => {
      try {
        damaged.db.close();
        if (why !== undefined) await quarantine(options, why);
        ground = await openGround(clock.now().wallMs);
        options.onTrouble('write', undefined);
        await rebuilding?.done;
        startRebuild();
        planCommit(COMMIT_MS);
      } catch (error) {
        options.onTrouble('write', `The history cannot be kept: ${errorText(error)}`);
      } finally {
        reopening = undefined;
      }
    })();
  }

  function flush(): void {
    cancelCommit?.();
    cancelCommit = undefined;
    const on = ground;
    if (!on || waiting.size() === 0) return;
    if (fileAtPlace(options.home) !== on.file) {
      startOver(undefined);
      return;
    }
    const batch = waiting.take();
    try {
      commit(on, batch);
      options.onTrouble('write', undefined);
    } catch (error) {
      if (mayPass(error) || ground === undefined) {
        waiting.giveBack(batch);
        if (ground) options.onTrouble('write', `The history cannot be written: ${errorText(error)}`);
        planCommit(RETRY_MS);
        return;
      }
      // One line that can't be kept must not keep out the others.
      for (const line of batch) {
        try {
          commit(on, [line]);
        } catch (lineError) {
          options.onTrouble('write', `A line of ${line.log}.log could not be kept in the history: ${errorText(lineError)}`);
        }
      }
    }
    const seen = batch.values().map(({ event }) => (event.event === 'check' ? on.services.get(event.service) : undefined));
    guarded(() => uptimes.refresh(rollDeps(on), seen), undefined);
    waiting.done(batch);
  }

  function commit(on: Ground, batch: readonly WaitingLine[]): void {
    transaction(on, () => {
      for (const { log, event, latencyMs, wallMs, bootMs } of batch) {
        const line = event as unknown as Record<string, unknown>;
        if (latencyMs === undefined) on.projection.apply(log, line, { wallMs, bootMs });
        else on.projection.again(line, latencyMs, { wallMs, bootMs });
      }
      on.projection.settle();
      const { aliveMs } = on.projection.timeline;
      if (aliveMs !== undefined) on.tables.setMeta('alive', aliveMs);
      for (const of of LOGS) {
        const last = batch.findLast(({ log }) => log === of);
        if (last) on.tables.setMeta(`mark-${of}`, markOf(asWritten(last)));
      }
      if (waiting.hasDropped()) on.tables.setMeta('rebuild', clock.now().wallMs);
    });
    if (waiting.hasDropped()) {
      waiting.forgetDropped();
      startRebuild();
    }
    if (commits >= COMMITS_A_CHECKPOINT) planWork(REST_MS);
  }

  /** The shortest wait that is asked for is the one that counts; 0: not within the round that tells the line. */
  function planCommit(inMs: number): void {
    if (isClosed || (cancelCommit && inMs >= commitInMs)) return;
    cancelCommit?.();
    commitInMs = inMs;
    cancelCommit = timers.after(inMs, flush);
  }

  // ------------------------------------------------------------ work in slices
  function planWork(inMs: number): void {
    cancelWork?.();
    cancelWork = undefined;
    if (!isClosed) cancelWork = timers.after(inMs, work);
  }

  function work(): void {
    flush(); // what waits may be of the time that is rolled up now
    const on = ground;
    let hasMore = false;
    if (on) {
      try {
        hasMore = workSlice(on, SLICE_MS);
      } catch (error) {
        if (ground) options.onTrouble('write', `The history cannot be written: ${errorText(error)}`);
      }
    }
    const now = clock.now().wallMs;
    planWork(hasMore ? REST_MS : WORK_EVERY_MS - (now % WORK_EVERY_MS) + AFTER_MS);
  }

  /** One slice: bring the journal home when it is long, else roll up, else let go. */
  function workSlice(on: Ground, budgetMs: number): boolean {
    if (commits >= COMMITS_A_CHECKPOINT) {
      commits = 0;
      on.db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return true;
    }
    const deadline = clock.now().awakeMs + budgetMs;
    const isTime = () => clock.now().awakeMs < deadline;
    let hasMore = false;
    // One step is always done: a machine that is busy must not make it look as if there were nothing to do.
    transaction(on, () => {
      const deps = rollDeps(on);
      const until = rebuilding ? { ...deps, nowMs: () => rebuilding?.reachedMs ?? 0 } : deps;
      for (const service of on.services.values()) {
        while (rollStep(until, service)) {
          hasMore = true;
          if (!isTime()) return;
        }
      }
    });
    const now = clock.now();
    if (hasMore || rebuilding || now.bootMs < nextPruneMs) return hasMore;
    const forgetBefore = isSteady(now) ? before : undefined;
    transaction(on, () => {
      do {
        hasMore = on.pruner.step(now.wallMs, forgetBefore);
        commits += COMMITS_A_STEP;
      } while (hasMore && isTime());
    });
    if (!hasMore) nextPruneMs = now.bootMs + PRUNE_EVERY_MS;
    return hasMore;
  }

  /** A clock that was set ahead, also years, makes no reading old: nothing is lost by it. */
  const before = (ageMs: number): number => options.ages.trustedWallMs(ageMs, ageMs * AWAY_SHARE) - ageMs;

  function isSteady(now: Moment): boolean {
    if (Math.abs(offsetOf(now) - steady.offsetMs) > CLOCK_STEP_MS) steady = { offsetMs: offsetOf(now), sinceMs: now.bootMs };
    return now.bootMs - steady.sinceMs >= STEADY_MS;
  }

  function rollDeps(on: Ground): RollDeps {
    const nowMs = (): number => clock.now().wallMs;
    return { tables: on.tables, days: on.days, open: on.projection.timeline.open, nowMs };
  }

  // ------------------------------------------------------------ the logs
  function startRebuild(): void {
    const on = ground;
    const before = on?.tables.meta('rebuild');
    if (!on || !mayRebuild || isClosed || rebuilding || !before) return;
    const stop = new AbortController();
    rebuilding = { stop, reachedMs: 0, done: run(on, before, stop.signal) };
  }

  async function run(on: Ground, beforeMs: number, signal: AbortSignal): Promise<void> {
    await timers.sleep(LOGS_WAIT_MS, signal); // what the logs still hold in memory is written meanwhile
    const importer = createProjection(projectDeps(on), false);
    let hasBegun = false;
    try {
      const rebuilt = await rebuild(
        {
          home: options.home,
          timers,
          beforeMs,
          signal,
          transaction: (apply) => {
            if (!hasBegun) options.onTrouble('rebuild', 'The history is being rebuilt from the logs.');
            hasBegun = true;
            flush(); // and nothing of the engine's own lines is lost when this is rolled back
            transaction(on, apply);
          },
          reached: (atMs) => {
            if (rebuilding) rebuilding.reachedMs = atMs;
            planWork(0);
          },
        },
        importer,
      );
      if (!rebuilt) return;
      transaction(on, () => {
        on.projection.adopt(importer.openIncidents, rebuilt.toMs);
        on.tables.setMeta('rebuild', 0);
      });
      uptimes.clear(); // what was known halfway
      if (rebuilt.lines > 0) options.onRebuilt?.(rebuilt);
      options.onTrouble('rebuild', undefined);
    } catch (error) {
      if (!signal.aborted) options.onTrouble('rebuild', `The history could not be rebuilt from the logs: ${errorText(error)}`);
    } finally {
      rebuilding = undefined;
      planWork(REST_MS);
    }
  }

  // ------------------------------------------------------------ answers
  /** What waits belongs to the answer. */
  function ready(): { on: Ground; deps: RollDeps } | undefined {
    flush();
    return ground && { on: ground, deps: rollDeps(ground) };
  }

  function answer<T>(ask: (on: Ground, deps: RollDeps) => T): T | undefined {
    const to = ready();
    if (!to) return undefined;
    try {
      return ask(to.on, to.deps);
    } catch (error) {
      if (isDamage(error)) startOver(errorText(error));
      throw error;
    }
  }

  function guarded<T>(ask: () => T, instead: T): T {
    try {
      return ask();
    } catch (error) {
      if (isDamage(error)) startOver(errorText(error));
      return instead;
    }
  }

  return {
    line(log, event, at) {
      if (isClosed) return;
      waiting.add(log, event, undefined, at);
      planCommit(waiting.waitFor(log, event));
    },
    again(check, latencyMs, at) {
      if (isClosed) return;
      waiting.add('health', check, latencyMs, at);
      planCommit(waiting.everydayWait());
    },
    flush,
    series: (input) =>
      answer((on, deps) => {
        const service = on.services.get(input.service);
        return service && series(deps, service, input);
      }),
    overview: (ids, count) =>
      answer((on, deps) =>
        ids.map((id) => overviewOf(deps, on.services.get(id) ?? { key: -1, id, unit: null, valueSince: 0, rolled: 0 }, count)),
      ) ?? [],
    uptime: (id, sinceMs) =>
      answer((on, deps) => {
        const service = on.services.get(id);
        return service && uptime(deps, service, sinceMs);
      }),
    uptimes(id) {
      const service = ground?.services.get(id);
      const on = ground;
      if (!service || !on) return NO_UPTIMES;
      return guarded(() => uptimes.of(rollDeps(on), service), NO_UPTIMES);
    },
    tried: (id, sinceMs) =>
      answer((on) => {
        const service = on.services.get(id);
        return service && on.incidents.tried(service.key, sinceMs);
      }) ?? [],
    incidents: (period) =>
      answer((on) => {
        return on.tables.meta('rebuild') ? undefined : on.incidents.list(period);
      }),
    async close() {
      if (isClosed) return;
      cancelWork?.();
      await reopening;
      flush();
      isClosed = true;
      cancelCommit?.();
      rebuilding?.stop.abort();
      await rebuilding?.done;
      const on = ground;
      ground = undefined;
      if (!on) return;
      try {
        const end = clock.now().awakeMs + LAST_SLICES_MS;
        while (clock.now().awakeMs < end && workSlice(on, SLICE_MS));
      } catch {
        // What is not rolled up now is rolled up at the next start.
      }
      on.db.close();
    },
  };
}

/** As it stands in its log. */
function asWritten({ event, latencyMs, wallMs }: WaitingLine) {
  return { at: isoTime({ wallMs }), ...event, ...(latencyMs === undefined ? {} : { latencyMs }) };
}

const offsetOf = (now: Moment): number => now.wallMs - now.bootMs;

/** A full disk, another process at work, a right that was taken: what waits is written when that is over. */
function mayPass(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  // SQLITE_BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN.
  return typeof code === 'number' && [5, 6, 7, 8, 10, 13, 14].includes(code & 0xff);
}
