// The one table of operations: what can be asked of an engine, and what comes back. The control socket, HTTP,
// the command line and later the window are all made from it. Shapes only.
import * as z from 'zod';
import { queueAlertSchema } from './queue.ts';
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
  attempts: z.array(attemptViewSchema),
});
export type IncidentView = z.infer<typeof incidentViewSchema>;

/** One line of the audit trail, as `history` shows it. */
const historyLineSchema = z.looseObject({ at: time, event: z.string() });
export type HistoryLine = z.infer<typeof historyLineSchema>;

const period = z.strictObject({ service: z.string().optional(), from: time.optional(), to: time.optional() });

export const OPERATIONS = {
  status: { input: z.strictObject({}), output: snapshotSchema },
  service: { input: byService, output: serviceViewSchema },
  history: { input: period, output: z.array(historyLineSchema) },
  incidents: { input: period, output: z.array(incidentViewSchema) },
  alerts: { input: z.strictObject({}), output: z.array(queueAlertSchema) },
  config: { input: z.strictObject({}), output: z.object({ path: z.string(), text: z.string() }) },
  /** `round`: also recovery and alerts, and wait for the outcome of an attempt that it starts. */
  check: { input: byService.extend({ round: z.boolean().optional() }), output: serviceViewSchema },
  heal: { input: byService.extend({ wait: z.boolean().optional() }), output: attemptViewSchema },
  pause: { input: byService.extend({ forMs: z.int().min(1_000).max(LONGEST_DURATION_MS).optional() }), output: serviceViewSchema },
  resume: { input: byService, output: serviceViewSchema },
  ack: { input: byService, output: serviceViewSchema },
  start: { input: byService, output: attemptViewSchema },
  stop: { input: byService, output: serviceViewSchema },
  /** Without `by` a fresh name is given, which the answer shows. The id `next` takes the alert that waits longest (routes.ts). */
  claim: { input: byAlert.extend({ by: z.string().min(1).max(200).optional() }), output: queueAlertSchema },
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
