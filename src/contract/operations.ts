// The one table of operations: what can be asked of an engine, and what comes back. The control socket, HTTP,
// the command line and later the window are all made from it. Shapes only.
import * as z from 'zod';
import { overviewSchema, seriesSchema } from './history.ts';
import { queueAlertSchema } from './queue.ts';
import { replaySchema } from './replay.ts';
import type { OperationName } from './routes.ts';
import { serviceViewSchema, snapshotSchema } from './snapshot.ts';
import { LONGEST_DURATION_MS } from './units.ts';

const time = z.iso.datetime();
const byService = z.strictObject({ id: z.string() });
const byAlert = z.strictObject({ id: z.string() });

const attemptViewSchema = z.object({
  attempt: z.string(),
  service: z.string(),
  remedy: z.string(),
  trigger: z.enum(['auto', 'person']),
  startedAt: time,
  /** null while it runs. */
  outcome: z.enum(['succeeded', 'failed', 'refused', 'dry-run']).nullable(),
  reason: z.string(),
  secondsToHealthy: z.number().nullable(),
  output: z.string(),
  /** What was run; what the look before it saw, and the one that told its outcome. Not known to records of older versions. */
  action: z.string().optional(),
  before: z.string().optional(),
  after: z.string().optional(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

const incidentViewSchema = z.object({
  id: z.string(),
  service: z.string(),
  startedAt: time,
  endedAt: time.nullable(),
  reason: z.string(),
  message: z.string(),
  strikes: z.int(),
  alerted: z.string().nullable(),
  /** When a person was first told; not known to every record. */
  alertedAt: time.nullable(),
  attempts: z.array(attemptViewSchema),
});
export type IncidentView = z.infer<typeof incidentViewSchema>;

/** One line of the audit trail, as `history` shows it. */
const historyLineSchema = z.looseObject({ at: time, event: z.string() });
export type HistoryLine = z.infer<typeof historyLineSchema>;

const period = z.strictObject({ service: z.string().optional(), from: time.optional(), to: time.optional() });

const configProblemSchema = z.object({
  path: z.string(),
  line: z.int(),
  column: z.int(),
  found: z.string(),
  allowed: z.string(),
  nearest: z.string().optional(),
  message: z.string(),
});
export type ConfigProblemView = z.infer<typeof configProblemSchema>;
const configFileSchema = z.object({
  path: z.string(),
  /** As it stands in the file, also when it is refused. */
  text: z.string(),
  /** Problems of that text; empty when it is in force. */
  problems: z.array(configProblemSchema),
});
const judgedConfigSchema = z.object({ ok: z.boolean(), problems: z.array(configProblemSchema), warnings: z.array(configProblemSchema) });
const discoveredSchema = z.object({
  service: z.looseObject({ id: z.string(), name: z.string().optional() }),
  why: z.string(),
  kind: z.enum(['port', 'launch-agent', 'gateway', 'system']),
  /** Something of the configuration watches it already. */
  isWatched: z.boolean(),
});
export type DiscoveredView = z.infer<typeof discoveredSchema>;

export const OPERATIONS = {
  status: { input: z.strictObject({}), output: snapshotSchema },
  service: { input: byService, output: serviceViewSchema },
  trail: { input: period, output: z.array(historyLineSchema) },
  /** `points`: at most so many buckets (default 300). `metric` default: the value where the check measures one, else latency. */
  history: {
    input: z.strictObject({
      service: z.string(),
      from: time,
      to: time,
      points: z.coerce.number().int().min(1).max(5_000).optional(),
      metric: z.enum(['value', 'latency']).optional(),
    }),
    output: seriesSchema,
  },
  overview: { input: z.strictObject({ days: z.coerce.number().int().min(1).max(730).optional() }), output: overviewSchema },
  incidents: { input: period, output: z.array(incidentViewSchema) },
  alerts: { input: z.strictObject({}), output: z.array(queueAlertSchema) },
  config: { input: z.strictObject({}), output: configFileSchema },
  schema: { input: z.strictObject({}), output: z.looseObject({}) },
  /** What runs on this machine and could be watched; takes a few seconds. */
  discover: { input: z.strictObject({}), output: z.array(discoveredSchema) },
  validate: { input: z.strictObject({ text: z.string().max(5_000_000) }), output: judgedConfigSchema },
  /** `base`: the text that the edit started from; refused as `conflict` when the file has changed meanwhile. */
  saveConfig: { input: z.strictObject({ text: z.string().max(5_000_000), base: z.string().optional() }), output: configFileSchema },
  /** `from` default: seven days ago, `to` now. Rejects `config-invalid`. Takes some seconds for a long time. */
  replay: {
    input: z.strictObject({ text: z.string().max(5_000_000), from: time.optional(), to: time.optional() }),
    output: replaySchema,
  },
  /** `round`: also recovery and alerts, and wait for the outcome of an attempt that it starts. */
  check: { input: byService.extend({ round: z.boolean().optional() }), output: serviceViewSchema },
  heal: { input: byService.extend({ wait: z.boolean().optional() }), output: attemptViewSchema },
  pause: { input: byService.extend({ forMs: z.int().min(1_000).max(LONGEST_DURATION_MS).optional() }), output: serviceViewSchema },
  resume: { input: byService, output: serviceViewSchema },
  ack: { input: byService, output: serviceViewSchema },
  start: { input: byService, output: attemptViewSchema },
  /** `pid`: whom the person saw; refused where somebody else holds it by now. Afterwards the service is restarted where a remedy says how. */
  freePort: {
    input: byService.extend({ pid: z.int().min(2).optional() }),
    output: z.object({ reason: z.string(), message: z.string(), service: serviceViewSchema }),
  },
  stop: { input: byService, output: serviceViewSchema },
  /** Without `by` a fresh name is given, which the answer shows. The id `next` takes the alert that waits longest (routes.ts); null:
   * none waits, which is how an agent that asks in a loop finds the queue most of the time, and no error. */
  claim: { input: byAlert.extend({ by: z.string().min(1).max(200).optional() }), output: queueAlertSchema.nullable() },
  done: {
    input: byAlert.extend({ by: z.string().min(1).max(200).optional(), result: z.string().max(10_000).optional() }),
    output: queueAlertSchema,
  },
  release: { input: byAlert.extend({ by: z.string().min(1).max(200).optional() }), output: queueAlertSchema },
} as const satisfies Record<OperationName, { input: z.ZodObject; output: z.ZodType }>;

export type Operations = {
  readonly [N in OperationName]: (input: OperationInput<N>) => Promise<OperationOutput<N>>;
};
export type OperationInput<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['input']>;
export type OperationOutput<N extends OperationName> = z.output<(typeof OPERATIONS)[N]['output']>;
