// The shape of the three state files as they lie on disk. Strict enough that garbage is refused (the whole file is then
// moved aside), forgiving to keys and reasons that a neighbouring release may add: these are kept. Pure; touches nothing.
import * as z from 'zod';
import type { AlertState, HealthState, RecoveryState } from '../../contract/flow.ts';
import { SUPERVISORS } from '../../contract/keeper.ts';

/** JSON has neither undefined nor infinity: the one is absent, the other null; both read as undefined. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** As far as a Date reaches (ECMA-262: 8.64e15 ms); beyond it, no time can be shown. */
const ms = z.number().min(0).max(8.64e15);
const stamp = z.looseObject({ wallMs: ms, bootMs: ms, boot: z.string() });
/** A named reason. By form, not by list: a reason that a later release adds must not cost the file. */
const word = <T extends string>() =>
  z.custom<T>((value) => typeof value === 'string' && /^[a-z][a-z0-9-]{0,99}$/.test(value), 'a named reason');
const id = z.string().min(1);
const count = z.int().min(0);
const identity = z.looseObject({ pid: z.int().min(1), startId: id });

const build = z.looseObject({ name: id, pid: maybe(z.int().min(1)), startId: maybe(id), folder: id, since: stamp });

const healthState = z.looseObject({
  status: z.enum(['ok', 'warning', 'error', 'unknown']),
  reason: word<HealthState['reason']>(),
  message: z.string(),
  since: stamp,
  strikes: count,
  lastStrikeAt: maybe(stamp),
  unknowns: count,
  lastUnknownAt: maybe(stamp),
  isLatched: z.boolean(),
  incident: maybe(z.looseObject({ id, startedAt: stamp, firstReason: word<never>(), firstMessage: z.string() })),
  okSince: maybe(stamp),
  settle: maybe(z.looseObject({ why: word<never>(), since: stamp, forMs: ms })),
  hold: maybe(z.looseObject({ since: maybe(stamp), usedMs: ms, build: maybe(build) })),
  paused: maybe(z.looseObject({ since: stamp, forMs: maybe(ms) })),
  stopped: maybe(z.looseObject({ since: stamp, by: maybe(z.string()) })),
  suppressedBy: z.array(id),
});

const attempt = z.looseObject({
  id,
  service: id,
  incident: maybe(id),
  remedyIndex: count,
  remedy: word<never>(),
  trigger: z.enum(['auto', 'person']),
  reason: word<never>(),
  startedAt: stamp,
  counts: z.boolean(),
  isEvidence: z.boolean(),
  startWindowMs: ms,
  returnedAt: maybe(stamp),
  outcome: maybe(z.enum(['succeeded', 'failed', 'refused', 'dry-run'])),
  outcomeReason: maybe(z.string()),
  secondsToHealthy: maybe(z.number()),
  finishedAt: maybe(stamp),
  output: maybe(z.string()),
  before: maybe(z.string()),
  after: maybe(z.string()),
});

/** A kind that a later release adds is nobody that this one could ask. */
const keeper = z.looseObject({
  by: z.enum([...SUPERVISORS, 'terminal', 'nobody']).catch('nobody'),
  name: z.string(),
  at: maybe(z.string()),
  shell: maybe(identity),
});

const recoveryState = z.looseObject({
  attempts: z.array(attempt),
  current: maybe(attempt),
  cursor: count,
  cursorIncident: maybe(id),
  gaveUp: maybe(z.looseObject({ since: stamp, standDowns: count })),
  started: z.array(identity),
  keeper: maybe(keeper),
  lastSkip: maybe(word<never>()),
});

const alertKind = z.enum(['unknown', 'down', 'gave-up']);
const notice = z.looseObject({
  alertId: id,
  service: id,
  name: z.string(),
  kind: z.enum(['unknown', 'down', 'gave-up', 'recovered']),
  severity: z.enum(['critical', 'warning', 'info']),
  title: z.string(),
  message: z.string(),
  raisedAt: stamp,
  firstFailureAt: stamp,
  strikes: count,
  reason: z.string(),
});
const alertState = z.looseObject({
  alert: maybe(
    z.looseObject({
      id,
      incident: id,
      kind: alertKind,
      raisedAt: stamp,
      firstFailureAt: stamp,
      strikes: count,
      reason: z.string(),
      message: z.string(),
      told: maybe(z.looseObject({ kind: alertKind, at: stamp })),
      acknowledgedAt: maybe(stamp),
    }),
  ),
  lastNoticeAt: maybe(stamp),
  outbox: z.array(z.looseObject({ channel: id, notice, tries: count, lastTriedAt: stamp })),
});

/** One service in a file. `seenAt`: when its state was last put, to the day; what left the configuration is dropped 30 days after. */
const fileOf = <T extends z.ZodType>(state: T) =>
  z.object({ version: z.literal(1), services: z.record(id, z.object({ seenAt: z.iso.datetime(), state })) });

export interface StateFile<T> {
  readonly version: 1;
  readonly services: Readonly<Record<string, { readonly seenAt: string; readonly state: T }>>;
}

const parser =
  <T>(schema: z.ZodType<StateFile<T>>) =>
  (value: unknown): StateFile<T> => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [first] = result.error.issues;
    throw new Error(`${first?.path.join('.')}: ${first?.message}`);
  };

/** Each gives the file its type or throws with the first place that is wrong. */
export const parseHealthFile = parser<HealthState>(fileOf(healthState));
export const parseRecoveryFile = parser<RecoveryState>(fileOf(recoveryState));
export const parseAlertFile = parser<AlertState>(fileOf(alertState));
