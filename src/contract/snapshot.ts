// All that a view may know: one small whole value with a revision (PRODUCT section 6, `status --json`).
// Zod, so that the same shapes describe the API. Touches nothing.
import * as z from 'zod';
import { portHolderSchema } from './port-holder.ts';

const status = z.enum(['ok', 'warning', 'error', 'unknown']);
const phase = z.enum(['healthy', 'failing', 'recovering', 'settling', 'held', 'suppressed', 'gave-up', 'paused', 'stopped']);
const time = z.iso.datetime();
const uptime = z.number().min(0).max(100).nullable();

export const serviceViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  status,
  phase,
  reason: z.string(),
  message: z.string(),
  since: time.nullable(),
  lastCheckAt: time.nullable(),
  nextCheckAt: time.nullable(),
  latencyMs: z.number().nullable(),
  value: z.number().nullable(),
  unit: z.enum(['percent', 'bytes', 'ms', 'count']).nullable(),
  limit: z.number().nullable(),
  consecutiveFailures: z.int(),
  alerting: z.boolean(),
  acknowledged: z.boolean(),
  lastAttempt: z
    .object({
      id: z.string(),
      at: time,
      remedy: z.string(),
      trigger: z.enum(['auto', 'person']),
      outcome: z.enum(['succeeded', 'failed', 'refused', 'dry-run']).nullable(),
      reason: z.string(),
      secondsToHealthy: z.number().nullable(),
    })
    .nullable(),
  nextAttemptAt: time.nullable(),
  /** Why nothing is being repaired, or what is awaited; null when there is nothing to say. */
  recoveryReason: z.string().nullable(),
  /** The build that holds its restart (R10), and until when at most; null in every other phase. */
  hold: z.object({ build: z.string(), pid: z.int().nullable(), folder: z.string(), since: time, until: time }).nullable(),
  /** Why the last failing look was no strike; null when it was one, or when there was none. */
  strikeReason: z.string().nullable(),
  /** Names of what must be well first (R11): what it depends on, or the full disk that it lives on. */
  waitsFor: z.array(z.string()),
  /** Why somebody was told of it, or why nobody was; null without an incident. */
  alertReason: z.string().nullable(),
  uptime: z.object({ '24h': uptime, '7d': uptime, '30d': uptime }),
  forecast: z.null(),
  url: z.string().nullable(),
  logs: z.string().nullable(),
  pausedUntil: time.nullable(),
  /** What each remedy achieved in the last 90 days, in the order of the configuration, and the advice of another order, in
   * words; absent where nothing was tried. */
  repairs: z
    .object({
      remedies: z.array(
        z.object({
          remedy: z.string(),
          action: z.string(),
          attempts: z.int(),
          succeeded: z.int(),
          /** From its start to healthy. */
          medianSeconds: z.number().nullable(),
        }),
      ),
      advice: z.string().nullable(),
    })
    .optional(),
  /** Why it is stopped: `person` (by this app), or as its supervisor says (`stopped-in-pm2`, …); null when it is not (R12). */
  stoppedBy: z.string().nullable(),
  /** Who holds its port though it is not the service itself; null when nobody does, or nobody looked. */
  portHolder: portHolderSchema.nullable(),
  /** What a person can do now. */
  can: z.object({ heal: z.boolean(), start: z.boolean(), stop: z.boolean() }),
});
export type ServiceView = z.infer<typeof serviceViewSchema>;

export const snapshotSchema = z.object({
  version: z.literal(1),
  rev: z.int(),
  at: time,
  overall: status,
  /** The status sentence: tooltip, first menu row, first line of `status`. */
  sentence: z.string(),
  counts: z.object({ ok: z.int(), warning: z.int(), error: z.int(), unknown: z.int(), paused: z.int(), stopped: z.int() }),
  engine: z
    .object({
      pid: z.int(),
      startedAt: time,
      mode: z.enum(['app', 'headless', 'once']),
      version: z.string(),
      dryRun: z.boolean(),
      recoveryEnabled: z.boolean(),
      home: z.string(),
      /** How often its process woke in an hour, on average since its start; null in its first minute. */
      wakeUpsPerHour: z.int().nullable().optional(),
      /** null: not asked (`battery.slower` is 1), or the system does not tell. */
      onBattery: z.boolean().nullable().optional(),
    })
    .nullable(),
  /** What is wrong with the app itself: a refused configuration, a home that can't be written, a failing channel. */
  problems: z.array(z.object({ code: z.string(), message: z.string(), since: time })),
  services: z.array(serviceViewSchema),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
export type Problem = Snapshot['problems'][number];
