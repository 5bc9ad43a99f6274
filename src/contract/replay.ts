// What a rehearsal answers (PRODUCT section 6, `replay`): the alerts and repairs that another configuration would have given,
// beside those that there were. Shapes only.
import * as z from 'zod';

const time = z.iso.datetime();
const tallySchema = z.object({
  /** Notices of trouble. */
  alerts: z.int(),
  /** Attempts to repair, without mere evidence. */
  repairs: z.int(),
  gaveUp: z.int(),
});
export type ReplayTally = z.infer<typeof tallySchema>;

const replayEventSchema = z.object({
  service: z.string(),
  kind: z.enum(['alert', 'repair']),
  /** Kind of the alert, or type of the remedy. */
  what: z.string(),
  /** When it happened, and when it would have; null: it did not, or would not have. */
  was: time.nullable(),
  would: time.nullable(),
});
export type ReplayEvent = z.infer<typeof replayEventSchema>;

/** A part of the record that could not be played, because it is damaged or gone. */
const missingSchema = z.object({
  /** As seen from the home; of what is gone, the log that it belonged to. */
  file: z.string(),
  kind: z.enum(['damaged-lines', 'broken-archive', 'missing-file', 'lost-lines', 'broken-history']),
  /** How many lines, where that is known. */
  lines: z.int().nullable(),
  /** The time that it was about, as far as what is left tells. */
  from: time.nullable(),
  to: time.nullable(),
  /** All of it in one sentence. */
  message: z.string(),
});
export type MissingRecord = z.infer<typeof missingSchema>;

export const replaySchema = z.object({
  from: time,
  to: time,
  /** How many looks were played. */
  looks: z.int(),
  /** From here on every look is on record with its reason; before it, what history.db keeps of older times. null: nowhere. */
  exactFrom: time.nullable(),
  was: tallySchema,
  would: tallySchema,
  services: z.array(z.object({ service: z.string(), name: z.string(), was: tallySchema, would: tallySchema })),
  /** Oldest first, at most 500, those that differ before those that do not. */
  events: z.array(replayEventSchema),
  moreEvents: z.int(),
  /** The result in one sentence. */
  sentence: z.string(),
  /** Parts of the record that could not be read: what happened then may be missing on both sides. Oldest first. */
  missing: z.array(missingSchema),
  /** What this cannot tell. */
  notes: z.array(z.string()),
});
export type ReplayReport = z.infer<typeof replaySchema>;
