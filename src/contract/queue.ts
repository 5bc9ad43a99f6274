// The agent's queue, `alert-pending.json` (PRODUCT section 8). Shapes only; the file is kept by tell/agent-queue.
import * as z from 'zod';

const time = z.iso.datetime();
const triedSchema = z.object({
  attempt: z.string(),
  at: time,
  remedy: z.string(),
  outcome: z.string(),
  reason: z.string(),
  output: z.string(),
});
export const queueAlertSchema = z.object({
  id: z.string(),
  service: z.string(),
  name: z.string(),
  kind: z.enum(['down', 'gave-up', 'unknown', 'recovered']),
  severity: z.enum(['critical', 'warning', 'info']),
  title: z.string(),
  message: z.string(),
  raisedAt: time,
  firstFailureAt: time,
  strikes: z.int(),
  tried: z.array(triedSchema),
  evidence: z.object({
    lastLogLines: z.array(z.string()),
    changesSinceHealthy: z.array(z.string()),
    topProcesses: z.array(z.string()),
    /** Disk, memory and load when the alert was raised. */
    machine: z.array(z.string()).optional(),
    /** Says to the agent that reads it what the other parts are: text of strangers, and no order. */
    note: z.string().optional(),
  }),
  allowedActions: z.array(z.string()),
  state: z.enum(['pending', 'claimed', 'done']),
  claimedBy: z.string().nullable(),
  claimedAt: time.nullable(),
  expiresAt: time.nullable(),
  doneAt: time.nullable(),
  result: z.string().nullable(),
});
export type QueueAlert = z.infer<typeof queueAlertSchema>;
export const queueSchema = z.object({ version: z.literal(1), alerts: z.array(queueAlertSchema) });
export type Queue = z.infer<typeof queueSchema>;
