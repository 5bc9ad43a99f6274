// What the history can tell: graphs, day bars, uptime (PRODUCT section 3 `history.db`, section 6). Shapes only.
import * as z from 'zod';

const time = z.iso.datetime();

/** One point of a graph: one reading, or a bucket of many. `null` where the look measured nothing. */
const seriesPointSchema = z.object({
  /** Start of the bucket. */
  at: time,
  count: z.int(),
  min: z.number().nullable(),
  mean: z.number().nullable(),
  max: z.number().nullable(),
  p95: z.number().nullable(),
  /** Looks that failed, looks that could not see. */
  failures: z.int(),
  unknowns: z.int(),
  /** Seconds of this bucket in which the service was down. */
  secondsDown: z.number(),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;

export const seriesSchema = z.object({
  service: z.string(),
  from: time,
  to: time,
  /** Width of a bucket. */
  stepMs: z.number(),
  /** Of which the points come: single readings or a roll-up. */
  source: z.enum(['readings', '5m', '1h', '1d']),
  /** What `min`, `mean`, `max`, `p95` measure: the look's value in its own unit, or its latency in ms. */
  metric: z.enum(['value', 'latency']),
  unit: z.enum(['percent', 'bytes', 'ms', 'count']).nullable(),
  limit: z.number().nullable(),
  points: z.array(seriesPointSchema),
});
export type Series = z.infer<typeof seriesSchema>;

/** One day of a service, in the machine's time zone. `none`: nothing was recorded. */
const dayBarSchema = z.object({
  day: z.iso.date(),
  status: z.enum(['ok', 'warning', 'error', 'none']),
  secondsDown: z.number(),
  failures: z.int(),
  incidents: z.int(),
});
export type DayBar = z.infer<typeof dayBarSchema>;

/** What the overview shows beside each service. */
export const overviewSchema = z.array(
  z.object({
    service: z.string(),
    /** Oldest first, the last one is today. */
    days: z.array(dayBarSchema),
    /** The last 24 h in 48 equal parts; null where nothing was measured. */
    spark: z.array(z.number().nullable()),
    sparkFailures: z.array(z.boolean()),
  }),
);
export type Overview = z.infer<typeof overviewSchema>;

/** Share of the observed time in which a service was not down. Paused, stopped, unknown and sleeping time is not observed. */
const uptimeSchema = z.object({
  percent: z.number().nullable(),
  observedSeconds: z.number(),
  downSeconds: z.number(),
  leftOutSeconds: z.object({ paused: z.number(), unknown: z.number(), asleep: z.number() }),
});
export type Uptime = z.infer<typeof uptimeSchema>;
