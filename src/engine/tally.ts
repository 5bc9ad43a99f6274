// Counts what the audit trail tells since the engine's start: looks, repairs, alerts. For monitoring systems, which
// make rates of such counters. Pure memory; touches nothing.
import type { AuditEvent } from '../contract/audit.ts';
import type { AuditPort } from '../contract/ports.ts';

/** One counter: its labels in the order that is named below, and how often. */
interface Count {
  readonly labels: readonly string[];
  value: number;
}
export interface Tally {
  /** By service, status. */
  readonly checks: ReadonlyMap<string, Count>;
  /** By service, remedy, outcome. */
  readonly attempts: ReadonlyMap<string, Count>;
  /** By service, kind. */
  readonly alerts: ReadonlyMap<string, Count>;
  /** By channel. */
  readonly deliveryFailures: ReadonlyMap<string, Count>;
}

/** A trail that counts what passes through it; nothing else about it changes. */
export function countTrail<T extends AuditPort>(audit: T): { audit: T; tally: Tally } {
  const tally = {
    checks: new Map<string, Count>(),
    attempts: new Map<string, Count>(),
    alerts: new Map<string, Count>(),
    deliveryFailures: new Map<string, Count>(),
  };
  const count = (event: AuditEvent): void => {
    switch (event.event) {
      case 'check':
        add(tally.checks, event.service, event.status);
        break;
      case 'recovery-finished':
        add(tally.attempts, event.service, event.remedy, event.outcome);
        break;
      case 'alert':
        add(tally.alerts, event.service, event.kind);
        break;
      case 'recovered':
        add(tally.alerts, event.service, 'recovered');
        break;
      case 'alert-failed':
        add(tally.deliveryFailures, event.channel);
        break;
    }
  };
  return {
    tally,
    audit: {
      ...audit,
      write(log, event, at) {
        count(event);
        audit.write(log, event, at);
      },
      again(told, latencyMs, at) {
        if (told.counter) told.counter.value += 1;
        else told.counter = add(tally.checks, told.event.service, told.event.status);
        audit.again(told, latencyMs, at);
      },
    },
  };
}

function add(counts: Map<string, Count>, ...labels: string[]): Count {
  const key = labels.join('\n');
  const counter = counts.get(key) ?? { labels, value: 0 };
  counter.value += 1;
  counts.set(key, counter);
  return counter;
}
