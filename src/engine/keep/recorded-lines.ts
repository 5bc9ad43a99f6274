// Lines of the audit logs as a rehearsal needs them. Pure; reading the files is audit-reader.ts.
import type { Outcome, Status } from '../../contract/flow.ts';
import type { RecordedDeeds, RecordedLine } from '../../contract/recorded.ts';

type Line = Readonly<Record<string, unknown>>;

/** A line of health.log; undefined where it says nothing that changes a decision. */
export function recordedLine(line: Line): RecordedLine | undefined {
  const at = timeOf(line);
  switch (line['event']) {
    case 'check':
      return {
        kind: 'look',
        at,
        service: textOf(line['service']),
        status: textOf(line['status']) as Status,
        reason: textOf(line['reason']),
        message: textOf(line['message']),
        latencyMs: numberOf(line['latencyMs']) ?? 0,
        value: numberOf(line['value']) ?? null,
        unit: line['unit'] === null ? null : textOf(line['unit']),
        incident: textOf(line['incident']) || undefined,
        isPaused: line['phase'] === 'paused',
        isStopped: line['phase'] === 'stopped',
        isHeld: line['phase'] === 'held' || line['noStrike'] === 'held',
        isSuppressed: line['phase'] === 'suppressed',
        processAgeMs: numberOf(line['processAgeMs']),
        isOnlyLook: line['isOnlyLook'] === true,
      };
    case 'slept':
      return { kind: 'slept', at };
    case 'clock-jumped':
      return { kind: 'jumped', at, byMs: numberOf(line['byMs']) ?? 0 };
    case 'engine-started':
      return {
        kind: 'started',
        at,
        boot: textOf(line['boot']) || undefined,
        upMs: numberOf(line['upMs']),
        isDryRun: line['dryRun'] === true,
      };
    case 'engine-stopped':
      return { kind: 'stopped', at };
    case 'config-loaded':
      return { kind: 'configured', at };
    case 'command':
      return { kind: 'word', at, service: textOf(line['service']), word: textOf(line['command']), forMs: numberOf(line['forMs']) };
    default:
      return undefined;
  }
}

/** Takes what a line of recovery.log or alerts.log tells into `deeds`. */
export function addDeed(deeds: RecordedDeeds, line: Line): void {
  const at = timeOf(line);
  const service = textOf(line['service']);
  switch (line['event']) {
    case 'recovery-started':
      deeds.attempts.push({
        id: textOf(line['attempt']),
        at,
        service,
        remedy: textOf(line['remedy']),
        trigger: line['trigger'] === 'person' ? 'person' : 'auto',
        outcome: undefined,
        reason: '',
        ranMs: undefined,
      });
      break;
    case 'recovery-finished': {
      const attempt = deeds.attempts.findLast(({ id }) => id === line['attempt']);
      if (!attempt) break; // it began before the time that is played
      attempt.outcome = textOf(line['outcome']) as Outcome;
      attempt.reason = textOf(line['reason']);
      attempt.ranMs = numberOf(line['ranMs']);
      break;
    }
    case 'recovery-skipped':
      if (line['reason'] === 'state-unwritable') deeds.unwritable.push({ at, service });
      break;
    case 'alert':
      deeds.alerts.push({ at, service, id: textOf(line['id']), kind: textOf(line['kind']) });
      break;
  }
}

function timeOf(line: Line): number {
  const { at } = line;
  return typeof at === 'string' ? Date.parse(at) : Number.NaN;
}
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
