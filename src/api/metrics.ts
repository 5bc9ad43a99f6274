// The snapshot and the counters as Prometheus text (exposition format 0.0.4: prometheus.io/docs/instrumenting/exposition_formats).
// Base units only: seconds, bytes, ratios (prometheus.io/docs/practices/naming). Knows no rule.
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import type { Tally } from '../engine/tally.ts';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface MetricsInput {
  readonly snapshot: Snapshot;
  readonly tally: Tally;
  readonly streams: number;
}
type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number];

const STATUSES = ['ok', 'warning', 'error', 'unknown'] as const;
const PHASES = ['healthy', 'failing', 'recovering', 'settling', 'held', 'suppressed', 'gave-up', 'paused', 'stopped'] as const;

/** Each unit of a reading under the unit that Prometheus wants. */
const UNITS = {
  percent: { suffix: '_ratio', factor: 0.01, what: 'as a ratio' },
  bytes: { suffix: '_bytes', factor: 1, what: 'in bytes' },
  ms: { suffix: '_seconds', factor: 0.001, what: 'in seconds' },
  count: { suffix: '', factor: 1, what: 'as a number' },
} as const;

export function metricsText({ snapshot, tally, streams }: MetricsInput): string {
  const { services, engine } = snapshot;
  const of = (view: ServiceView): Labels => ({ service: view.id });
  const seen = services.filter((view) => view.lastCheckAt !== null);
  const perService = (value: (view: ServiceView) => number | null): Sample[] =>
    services.flatMap((view) => {
      const found = value(view);
      return found === null ? [] : [[of(view), found] as const];
    });
  const seconds = (time: string | null): number | null => (time === null ? null : Date.parse(time) / 1_000);
  const usage = process.resourceUsage();

  return [
    family('build_info', 'gauge', 'Version of the engine; always 1.', [
      [{ version: engine?.version ?? '', mode: engine?.mode ?? '', dry_run: String(engine?.dryRun ?? false), node: process.version }, 1],
    ]),
    family('overall_status', 'gauge', 'Colour of the whole: 1 for the one that holds.', stateSet(STATUSES, 'status', snapshot.overall, {})),
    family(
      'up',
      'gauge',
      '1 when the last look found the service well or with a warning, 0 when it found an error; absent while it cannot be seen.',
      seen.filter((view) => view.status !== 'unknown').map((view) => [{ ...of(view), name: view.name }, view.status === 'error' ? 0 : 1]),
    ),
    family(
      'service_status',
      'gauge',
      'What the last look saw: 1 for the status that holds.',
      services.flatMap((view) => stateSet(STATUSES, 'status', view.status, of(view))),
    ),
    family(
      'service_phase',
      'gauge',
      'What the engine does about it: 1 for the phase that holds.',
      services.flatMap((view) => stateSet(PHASES, 'phase', view.phase, of(view))),
    ),
    family(
      'service_consecutive_failures',
      'gauge',
      'Strikes in a row.',
      perService((view) => view.consecutiveFailures),
    ),
    family(
      'service_check_latency_seconds',
      'gauge',
      'How long the last look took.',
      perService((view) => (view.latencyMs === null ? null : view.latencyMs / 1_000)),
    ),
    ...(Object.keys(UNITS) as (keyof typeof UNITS)[]).flatMap((unit) => measured(services, unit)),
    family(
      'service_last_check_timestamp_seconds',
      'gauge',
      'When it was last looked at, in Unix time.',
      perService((view) => seconds(view.lastCheckAt)),
    ),
    family(
      'service_alerting',
      'gauge',
      '1 while an alert stands.',
      perService((view) => Number(view.alerting)),
    ),
    family(
      'service_acknowledged',
      'gauge',
      '1 while its alert is acknowledged.',
      perService((view) => Number(view.acknowledged)),
    ),
    family(
      'service_last_attempt_timestamp_seconds',
      'gauge',
      'When the last repair was started, in Unix time.',
      perService((view) => seconds(view.lastAttempt?.at ?? null)),
    ),
    family(
      'service_last_attempt_succeeded',
      'gauge',
      '1 when the last finished repair brought the service back, 0 when it did not.',
      perService((view) => (view.lastAttempt?.outcome ? Number(view.lastAttempt.outcome === 'succeeded') : null)),
    ),
    family(
      'service_uptime_ratio',
      'gauge',
      'Share of the observed time in which the service was not down.',
      services.flatMap((view) =>
        Object.entries(view.uptime).flatMap(([window, percent]) =>
          percent === null ? [] : [[{ ...of(view), window }, percent / 100] as const],
        ),
      ),
    ),
    family('alerts_standing', 'gauge', 'Services whose alert stands.', [[{}, services.filter((view) => view.alerting).length]]),
    family(
      'problems',
      'gauge',
      'Troubles of the engine itself: 1 for each that stands.',
      snapshot.problems.map(({ code }) => [{ code }, 1]),
    ),
    family('checks_total', 'counter', 'Looks since the start of the engine, by what they saw.', [
      ...services.flatMap((view) =>
        STATUSES.filter((status) => !tally.checks.has(`${view.id}\n${status}`)).map((status) => [{ ...of(view), status }, 0] as const),
      ),
      ...counted(tally.checks, ['service', 'status']),
    ]),
    family(
      'recovery_attempts_total',
      'counter',
      'Finished repairs since the start of the engine, by outcome.',
      counted(tally.attempts, ['service', 'remedy', 'outcome']),
    ),
    family('alerts_total', 'counter', 'Alerts told since the start of the engine, by kind.', counted(tally.alerts, ['service', 'kind'])),
    family(
      'alert_delivery_failures_total',
      'counter',
      'Deliveries of an alert that failed, by channel.',
      counted(tally.deliveryFailures, ['channel']),
    ),
    family('event_streams', 'gauge', 'Clients that follow the events.', [[{}, streams]]),
    family(
      'engine_start_time_seconds',
      'gauge',
      'When the engine was opened, in Unix time.',
      engine ? [[{}, Date.parse(engine.startedAt) / 1_000]] : [],
    ),
    // Named as every Prometheus client library names them.
    family(
      'process_cpu_seconds_total',
      'counter',
      'CPU time of the process, user and system.',
      [[{}, (usage.userCPUTime + usage.systemCPUTime) / 1e6]],
      '',
    ),
    family('process_resident_memory_bytes', 'gauge', 'Memory of the process that is resident.', [[{}, process.memoryUsage.rss()]], ''),
  ].join('');
}

function measured(services: readonly ServiceView[], unit: keyof typeof UNITS): string[] {
  const { suffix, factor, what } = UNITS[unit];
  const samples = (key: 'value' | 'limit'): Sample[] =>
    services.flatMap((view) => {
      const number = view[key];
      return view.unit === unit && number !== null ? [[{ service: view.id }, rounded(number * factor)] as const] : [];
    });
  return [
    family(`service_value${suffix}`, 'gauge', `What the last look measured, ${what}.`, samples('value')),
    family(`service_limit${suffix}`, 'gauge', `The limit of what is measured, ${what}.`, samples('limit')),
  ];
}

/** 0.07 * 100 is 7.000000000000001 in binary; nobody measured that. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

function stateSet<T extends string>(all: readonly T[], label: string, held: T, labels: Labels): Sample[] {
  return all.map((state) => [{ ...labels, [label]: state }, Number(state === held)]);
}

function counted(counts: Tally['checks'], names: readonly string[]): Sample[] {
  return [...counts.values()].map(({ labels, value }) => [Object.fromEntries(names.map((name, at) => [name, labels[at] ?? ''])), value]);
}

/** One metric with all its samples; nothing at all when it has none. */
function family(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[], prefix = 'jarvis_health_'): string {
  if (samples.length === 0) return '';
  const full = prefix + name;
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text).replaceAll('"', '\\"')}"`);
    return `${full}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  });
  return `# HELP ${full} ${escaped(help)}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

/** Backslash and line feed, as the format wants it; the double quote besides in labels. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
