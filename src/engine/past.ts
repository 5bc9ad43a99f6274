// The engine's past: opens the history beside the first rounds, has it listen to the audit trail, and answers what views ask
// about it. Where there can be no history the engine runs on without one and says so; the trail alone still answers (R17).
import type { ServiceConfig } from '../contract/config.ts';
import { errorText, HealthError } from '../contract/errors.ts';
import type { Overview, Series } from '../contract/history.ts';
import type { IncidentView, OperationInput } from '../contract/operations.ts';
import type { AgesPort, AuditPort, ClockPort, TimersPort } from '../contract/ports.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { isoTime } from '../contract/time.ts';
import type { Cell } from './cell.ts';
import { repairsOf } from './decide/rank.ts';
import { type Period, readIncidents } from './history.ts';
import type { OnQuarantine } from './keep/durable-file.ts';
import { type HistoryOptions, type HistoryStore, openHistory } from './keep/history.ts';
import type { Uptimes } from './keep/history-uptimes.ts';

interface PastOptions<A extends AuditPort> {
  readonly home: string;
  readonly clock: ClockPort;
  readonly ages: AgesPort;
  readonly timers: TimersPort;
  readonly audit: A;
  /** When the engine began: older lines were written by another. Unix time. */
  readonly beginsAt: number;
  readonly isScheduled: boolean;
  readonly onQuarantine: OnQuarantine;
  problem(code: string, message: string | undefined): void;
  /** What was asked in vain before can be answered now. */
  onReady(): void;
  readonly sqlite?: HistoryOptions['sqlite'];
}
export interface Past<A extends AuditPort> {
  /** The trail, with the history listening to it. */
  readonly audit: A;
  uptimes(service: string): Uptimes;
  /** How its remedies have worked; read anew after each repair. */
  repairs(service: ServiceConfig): ServiceView['repairs'];
  series(input: OperationInput<'history'>, cell: Cell | undefined): Promise<Series>;
  overview(services: readonly string[], days: number | undefined): Promise<Overview>;
  incidents(period: Period): Promise<IncidentView[]>;
  close(): Promise<void>;
}

const DEFAULT_DAYS = 90;
const REPAIRS_MS = 90 * 86_400_000;

/** Never rejects, and waits for nothing: a history of years takes a moment to be looked through (`quick_check`). */
export function openPast<A extends AuditPort>(options: PastOptions<A>): Past<A> {
  const { home, clock, problem } = options;
  let store: HistoryStore | undefined;
  const repairs = new Map<string, { readonly service: ServiceConfig; readonly value: ServiceView['repairs'] }>();
  /** Told before the history was there to listen; undefined once it is, or never will be. */
  let early: Parameters<HistoryStore['line']>[] | undefined = [];
  const opening = openHistory({
    home,
    clock,
    ages: options.ages,
    timers: options.timers,
    sqlite: options.sqlite,
    beginsAt: options.beginsAt,
    mayRebuild: options.isScheduled,
    onQuarantine: options.onQuarantine,
    onTrouble: (what, message) => problem(what === 'write' ? 'history' : 'history-rebuild', message),
    onRebuilt: ({ lines, fromMs }) =>
      options.audit.write(
        'health',
        { event: 'history-rebuilt', lines, from: fromMs === undefined ? null : isoTime({ wallMs: fromMs }) },
        clock.now(),
      ),
  }).then(
    (opened) => {
      store = opened;
      for (const line of early ?? []) store.line(...line);
      early = undefined;
      options.onReady();
    },
    (error: unknown) => {
      early = undefined;
      problem('history', `There is no history, graphs and uptime are missing: ${errorText(error)}`);
    },
  );

  async function known(): Promise<HistoryStore> {
    await opening;
    if (store) return store;
    throw new HealthError('home-unusable', 'There is no history in this home.', { hint: 'What is wrong is told in the status.' });
  }

  return {
    audit: {
      ...options.audit,
      write(log, event, at) {
        options.audit.write(log, event, at);
        if (event.event === 'recovery-finished') repairs.delete(event.service);
        if (store) store.line(log, event, at);
        else early?.push([log, event, at]);
      },
      again(told, latencyMs, at) {
        options.audit.again(told, latencyMs, at);
        if (store) store.again(told.event, latencyMs, at);
        else early?.push(['health', { ...told.event, latencyMs }, at]);
      },
    },
    repairs(service) {
      if (!store) return undefined;
      const known = repairs.get(service.id);
      if (known?.service === service) return known.value;
      let value: ServiceView['repairs'];
      try {
        value = repairsOf(service, store.tried(service.id, clock.now().wallMs - REPAIRS_MS));
      } catch {
        // What is wrong with the database is told in the status; a view must not break by it.
      }
      repairs.set(service.id, { service, value });
      return value;
    },
    uptimes: (service) => store?.uptimes(service) ?? { '24h': null, '7d': null, '30d': null },
    async series(input, cell) {
      const found = (await known()).series(input);
      if (found) return { ...found, limit: limitOf(found, cell) };
      if (!cell) throw new HealthError('not-found', `There is no service ${input.service}.`);
      const { service, from, to } = input;
      return { service, from, to, stepMs: 0, source: 'readings', metric: input.metric ?? 'latency', unit: null, limit: null, points: [] };
    },
    overview: async (services, days) => (await known()).overview(services, days ?? DEFAULT_DAYS),
    async incidents(period) {
      const { service, from, to } = period;
      const fromMs = from === undefined ? 0 : Date.parse(from);
      const toMs = to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to);
      let found: IncidentView[] | undefined;
      await opening;
      try {
        found = store?.incidents({ service, fromMs, toMs });
      } catch {
        // What is wrong with the database is told in the status; the trail knows as much.
      }
      if (found) return found;
      await options.audit.flush().catch(() => undefined);
      return readIncidents(home, period);
    },
    async close() {
      await opening;
      await store?.close().catch((error: unknown) => problem('history', errorText(error)));
    },
  };
}

/** The limit of the graph's own metric, as the last look had it. */
function limitOf({ metric, unit }: Series, cell: Cell | undefined): number | null {
  const verdict = cell?.verdict;
  if (verdict?.limit === undefined || verdict.unit !== unit) return null;
  // A check that judges its latency calls that its value.
  return metric === 'value' || unit === 'ms' ? verdict.limit : null;
}
