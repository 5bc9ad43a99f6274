import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { serviceView } from '../../test/fixtures/service-view.ts';
import type { AuditPort } from '../contract/ports.ts';
import type { ServiceView, Snapshot } from '../contract/snapshot.ts';
import { countTrail } from '../engine/tally.ts';
import { metricsText } from './metrics.ts';

const at = '2026-01-31T08:00:00.000Z';
function view(over: Partial<ServiceView>): ServiceView {
  const uptime = { '24h': 99.5, '7d': null, '30d': null };
  return serviceView({ message: 'Answered', latencyMs: 12.5, uptime, can: { heal: false, start: false, stop: false }, ...over });
}
const services: ServiceView[] = [
  view({}),
  view({
    id: 'gateway',
    name: 'Gate "way"\n\\ one',
    status: 'error',
    phase: 'recovering',
    consecutiveFailures: 3,
    alerting: true,
    lastAttempt: { id: 'a', at, remedy: 'command', trigger: 'auto', outcome: 'failed', reason: 'x', secondsToHealthy: null },
  }),
  view({ id: 'disk', name: 'Disk', value: 7, unit: 'percent', limit: 10 }),
  view({ id: 'logs', name: 'Logs', value: 123_456_789, unit: 'bytes', limit: 1e8 }),
  view({ id: 'slow', name: 'Slow', value: 250, unit: 'ms', limit: 2_000 }),
  view({ id: 'workers', name: 'Workers', value: 4, unit: 'count', limit: 2 }),
  view({ id: 'blind', name: 'Blind', status: 'unknown', latencyMs: null }),
  view({ id: 'new', name: 'New', status: 'unknown', lastCheckAt: null, latencyMs: null }),
];
const snapshot: Snapshot = {
  version: 1,
  rev: 1,
  at,
  overall: 'error',
  sentence: '',
  counts: { ok: 5, warning: 0, error: 1, unknown: 2, paused: 0, stopped: 0 },
  engine: { pid: 1, startedAt: at, mode: 'headless', version: '1.2.3', dryRun: false, recoveryEnabled: true, home: '/home' },
  problems: [{ code: 'config-refused', message: 'x', since: at }],
  services,
};

function counted() {
  const written: string[] = [];
  const { audit, tally } = countTrail<AuditPort>({
    write: (_log, event) => void written.push(event.event),
    again: (told) => void written.push(told.event.event),
    flush: async () => undefined,
  });
  const now = { wallMs: 0, bootMs: 0, awakeMs: 0, boot: 'b' };
  const check = {
    event: 'check',
    phase: 'healthy',
    reason: '',
    message: '',
    latencyMs: 1,
    value: null,
    unit: null,
    consecutiveFailures: 0,
  } as const;
  const well = { ...check, service: 'web', status: 'ok' } as const;
  audit.write('health', well, now);
  const told = { event: well };
  for (let count = 0; count < 2; count += 1) audit.again(told, 1, now);
  audit.write('health', { ...check, service: 'gateway', status: 'error' }, now);
  const finished = {
    event: 'recovery-finished',
    service: 'gateway',
    attempt: 'a',
    remedy: 'command',
    reason: '',
    output: '',
    secondsToHealthy: null,
  } as const;
  audit.write('recovery', { ...finished, outcome: 'failed' }, now);
  audit.write('recovery', { ...finished, outcome: 'succeeded' }, now);
  audit.write('alerts', { event: 'alert', service: 'gateway', id: 'i', kind: 'down', strikes: 3, reason: '', channels: [] }, now);
  audit.write('alerts', { event: 'recovered', service: 'gateway', id: 'i', channels: [] }, now);
  audit.write('alerts', { event: 'alert-failed', service: 'gateway', id: 'i', channel: 'notification', error: 'x' }, now);
  audit.write('health', { event: 'engine-started' }, now);
  expect(written).toHaveLength(10);
  return tally;
}
const text = metricsText({ snapshot, tally: counted(), streams: 2 });
const lines = text.split('\n');

it('tells every service in base units, with names escaped', () => {
  for (const line of [
    `jarvis_health_build_info{version="1.2.3",mode="headless",dry_run="false",node="${process.version}"} 1`,
    'jarvis_health_overall_status{status="error"} 1',
    'jarvis_health_up{service="web",name="Web"} 1',
    'jarvis_health_up{service="gateway",name="Gate \\"way\\"\\n\\\\ one"} 0',
    'jarvis_health_service_status{service="gateway",status="error"} 1',
    'jarvis_health_service_status{service="gateway",status="ok"} 0',
    'jarvis_health_service_phase{service="gateway",phase="recovering"} 1',
    'jarvis_health_service_consecutive_failures{service="gateway"} 3',
    'jarvis_health_service_check_latency_seconds{service="web"} 0.0125',
    'jarvis_health_service_value_ratio{service="disk"} 0.07',
    'jarvis_health_service_limit_ratio{service="disk"} 0.1',
    'jarvis_health_service_value_bytes{service="logs"} 123456789',
    'jarvis_health_service_value_seconds{service="slow"} 0.25',
    'jarvis_health_service_value{service="workers"} 4',
    `jarvis_health_service_last_check_timestamp_seconds{service="web"} ${Date.parse(at) / 1_000}`,
    'jarvis_health_service_alerting{service="gateway"} 1',
    'jarvis_health_service_last_attempt_succeeded{service="gateway"} 0',
    'jarvis_health_service_uptime_ratio{service="web",window="24h"} 0.995',
    'jarvis_health_alerts_standing 1',
    'jarvis_health_problems{code="config-refused"} 1',
    'jarvis_health_event_streams 2',
  ]) {
    expect(lines).toContain(line);
  }
});

it('counts looks, repairs and alerts, from nothing on', () => {
  for (const line of [
    'jarvis_health_checks_total{service="web",status="ok"} 3',
    'jarvis_health_checks_total{service="web",status="error"} 0',
    'jarvis_health_checks_total{service="gateway",status="error"} 1',
    'jarvis_health_recovery_attempts_total{service="gateway",remedy="command",outcome="failed"} 1',
    'jarvis_health_recovery_attempts_total{service="gateway",remedy="command",outcome="succeeded"} 1',
    'jarvis_health_alerts_total{service="gateway",kind="down"} 1',
    'jarvis_health_alerts_total{service="gateway",kind="recovered"} 1',
    'jarvis_health_alert_delivery_failures_total{channel="notification"} 1',
  ]) {
    expect(lines).toContain(line);
  }
});

it('what cannot be seen is neither up nor down', () => {
  expect(text).not.toMatch(/jarvis_health_up\{service="(blind|new)"/);
  expect(text).toContain('jarvis_health_service_status{service="blind",status="unknown"} 1');
});

it('every metric has one HELP and one TYPE, before its samples, and no sample stands twice', () => {
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const names = new Set(samples.map((line) => /^[a-z_]+/.exec(line)?.[0]));
  for (const name of names) {
    expect(lines.filter((line) => line.startsWith(`# HELP ${name} `))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith(`# TYPE ${name} `))).toHaveLength(1);
  }
  const series = samples.map((line) => line.replace(/ [^ ]+$/, ''));
  expect(new Set(series).size).toBe(series.length);
  expect(text.endsWith('\n')).toBe(true);
});

it('promtool finds nothing to say about it', ({ skip }) => {
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (promtool.error) return skip('promtool is not installed here (Debian: apt-get install prometheus)');
  expect({ status: promtool.status, said: promtool.stdout + promtool.stderr }).toEqual({ status: 0, said: '' });
});
