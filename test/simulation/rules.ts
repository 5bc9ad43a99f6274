// The rules as an outsider would check them: from what was seen, done and told, never from the engine's own decisions.
// Each finding names its rule. Stamps across a jump or a reboot are compared as R9 allows.
import { remainingMs } from '../../src/contract/time.ts';
import type { LogLine, Sim } from './sim.ts';

const EARLY_MS = 60;
const WAKE_SETTLE_MS = 30_000;
const HOLD_MAX_MS = 30 * 60_000;
/** A build that began while a round was already on its way to the remedy was not there to be seen. */
const BUILD_SEEN_MS = 15_000;
/** A notice may be on its way when its service begins to wait. */
const NOTICE_MS = 5_000;
/** From the look at what it depends on to the remedy: the look for builds, the question to the keeper, and the intent on the disk. */
const ASKED_MS = 15_000;
/** What was told or counted just before a crash may be told or counted again after it (R7, R8). */
const CRASH_SHADOW_MS = 2 * 60_000;

export function breaches(sim: Sim): string[] {
  return sim.config.services
    .flatMap(({ id }) => [
      ...overlapBreaches(sim, id),
      ...paceBreaches(sim, id),
      ...windowBreaches(sim, id),
      ...strikeBreaches(sim, id),
      ...holdBreaches(sim, id),
      ...causeBreaches(sim, id),
      ...noticeBreaches(sim, id),
    ])
    .concat(queueBreaches(sim));
}

function at(line: LogLine): string {
  return `${(line.atMs / 60_000).toFixed(2)} min`;
}
function audits(sim: Sim, id: string) {
  return sim.log.filter((line): line is Extract<LogLine, { kind: 'audit' }> => line.kind === 'audit' && line.event.service === id);
}

/** R3: attempts never overlap; each one that started has its outcome before the next begins (R17). */
function overlapBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  let open: string | undefined;
  for (const line of sim.log) {
    // What a crash cut off may have lost the line of its end; the rest of the rules sees to the attempt itself.
    if (line.kind === 'machine' && ['crash', 'boot', 'engine-start'].includes(line.what)) open = undefined;
    if (line.kind !== 'audit' || line.event.service !== id) continue;
    if (line.event.event === 'recovery-started') {
      if (open !== undefined) found.push(`R3 ${id}: an attempt begins at ${at(line)} while ${open} has no outcome`);
      open = line.event.attempt as string;
    }
    if (line.event.event === 'recovery-finished' && line.event.attempt === open) open = undefined;
  }
  return found;
}

/** R3: starts are a cooldown apart. R5: never more than the budget in any window; after giving up only stand-downs. */
function paceBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  const { cooldownMs, maxAttempts, windowMs, standDownMs } = sim.config.recovery;
  const starts = audits(sim, id).filter((line) => line.event.event === 'recovery-started');
  const refused = new Set(
    audits(sim, id).flatMap(({ event }) => (event.event === 'recovery-finished' && event.outcome === 'refused' ? [event.attempt] : [])),
  );
  let person = -1;
  starts.forEach((line, index) => {
    if (line.event.event !== 'recovery-started') return;
    if (line.event.trigger === 'person') {
      person = index;
      return;
    }
    const before = starts[index - 1];
    const isComparable = before && before.boot === line.boot;
    if (isComparable && line.seenMs - before.seenMs < cooldownMs - EARLY_MS)
      found.push(`R3 ${id}: attempts at ${at(before)} and ${at(line)}`);
    if (line.event.reason === 'stand-down-over') {
      if (isComparable && line.seenMs - before.seenMs < (standDownMs[0] ?? 0) - EARLY_MS)
        found.push(`R5 ${id}: a stand-down of ${at(before)} to ${at(line)}`);
      return;
    }
    if (line.event.remedy === 'log-top-processes') return; // evidence spends nothing
    const near = starts.filter(
      (other, otherIndex) =>
        otherIndex > person &&
        otherIndex <= index &&
        other.event.event === 'recovery-started' &&
        other.event.trigger === 'auto' &&
        other.event.remedy !== 'log-top-processes' &&
        !refused.has(other.event.attempt) &&
        other.boot === line.boot &&
        line.seenMs - other.seenMs < windowMs - EARLY_MS,
    );
    if (near.length > maxAttempts) found.push(`R5 ${id}: ${near.length} automatic attempts within the window before ${at(line)}`);
  });
  return found;
}

/** R4: no automatic remedy after a wake, a boot or a remedy's return, until the window is over or an ok was seen. R12: none while paused or stopped. */
function windowBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  const startWindowMs = 60_000;
  let closedUntil: number | undefined;
  let paused: { untilMs: number } | undefined;
  let isStopped = false;
  let running = 0;
  let isAlive = false;
  let pauseUntilMs = 0;
  for (const line of sim.log) {
    if (line.kind === 'machine' && line.what === 'engine-start') isAlive = true;
    // An engine that was not there has no way to know of a sleep.
    if (line.kind === 'machine' && line.what === 'wake' && isAlive) closedUntil = line.atMs + WAKE_SETTLE_MS;
    if (line.kind === 'machine' && line.what === 'boot') closedUntil = line.atMs + startWindowMs - 5_000;
    if (line.kind === 'machine' && line.what === 'crash') {
      running = 0;
      isAlive = false;
      // It died before it could notice that it had slept.
      if (closedUntil !== undefined && closedUntil - line.atMs > WAKE_SETTLE_MS / 2) closedUntil = undefined;
    }
    // A pause of some length ends on the wall clock after a reboot.
    if (line.kind === 'machine' && line.what === 'boot' && paused?.untilMs !== Number.POSITIVE_INFINITY) paused = undefined;
    if (line.kind === 'look' && line.service === id && (line.status === 'ok' || line.status === 'warning')) closedUntil = undefined;
    if (line.kind === 'word' && line.service === id) {
      // What was said last counts, from when it was said, once an answer has promised it.
      if (line.word === 'pause' && !line.isAnswered) pauseUntilMs = line.atMs + (line.forMs ?? Number.POSITIVE_INFINITY);
      if (line.word === 'pause') paused = line.isAnswered ? { untilMs: pauseUntilMs } : undefined;
      if (line.word === 'resume') paused = undefined;
      if (line.word === 'stop' && line.isAnswered) isStopped = true;
      if (line.word === 'heal' || line.word === 'start') isStopped = false;
    }
    if (line.kind === 'look' && line.service === id && line.status === 'ok') isStopped = false;
    if (line.kind !== 'remedy' || line.service !== id) continue;
    if (line.step === 'returns') {
      running -= 1;
      // Where nothing was touched, or nothing could be started, no window opens (R18).
      if (line.result === 'acted') closedUntil = line.atMs + startWindowMs;
      continue;
    }
    running += 1;
    if (running > 1) found.push(`R3 ${id}: two attempts overlap at ${at(line)}`);
    if (line.trigger === 'person') continue;
    if (closedUntil !== undefined && line.atMs < closedUntil - EARLY_MS)
      found.push(`R4 ${id}: an automatic remedy inside a window at ${at(line)}`);
    if (paused && line.atMs < paused.untilMs) found.push(`R12 ${id}: an automatic remedy while paused at ${at(line)}`);
    // What came while the answer was on its way could not be known.
    if (line.userStoppedAtMs !== undefined && line.atMs - line.userStoppedAtMs > 2_000)
      found.push(`R12 ${id}: an automatic remedy at ${at(line)} on what its user had stopped by its supervisor`);
    if (isStopped) found.push(`R12 ${id}: an automatic remedy on what was stopped on purpose at ${at(line)}`);
  }
  return found;
}

/** R2: one strike a look, only on an error, at the pace of `retryInterval`, none in windows or pauses; gone with ok and warning. */
function strikeBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  const service = sim.config.services.find((one) => one.id === id);
  let strikes = 0;
  let last: Extract<LogLine, { kind: 'audit' }> | undefined;
  let attemptEndedAt = -1;
  let wokeAt = Number.NEGATIVE_INFINITY;
  let isAlive = false;
  for (const line of sim.log) {
    if (line.kind === 'machine' && line.what === 'crash') {
      last = undefined;
      isAlive = false;
      wokeAt = Number.NEGATIVE_INFINITY; // it may have died before it could notice
      strikes = Number.POSITIVE_INFINITY; // what was durable is known at the next look
    }
    if (line.kind === 'machine' && line.what === 'engine-start') isAlive = true;
    if (line.kind === 'machine' && line.what === 'wake' && isAlive) wokeAt = line.atMs;
    if (line.kind !== 'audit' || line.event.service !== id) continue;
    const { event } = line;
    if (event.event === 'recovery-finished' && event.outcome === 'failed') attemptEndedAt = line.atMs;
    if (event.event === 'command' && (event as { command?: string }).command?.startsWith('stop')) strikes = Number.POSITIVE_INFINITY;
    if (event.event !== 'check') continue;
    const now = event.consecutiveFailures as number;
    const status = event.status as string;
    const grew = now - strikes;
    if ((status === 'ok' || status === 'warning') && now !== 0) found.push(`R2 ${id}: ${status} with ${now} strikes at ${at(line)}`);
    if (grew > 1) found.push(`R2 ${id}: ${grew} strikes by one look at ${at(line)}`);
    if (grew === 1) {
      if (status !== 'error') found.push(`R2 ${id}: a strike on ${status} at ${at(line)}`);
      if (event.phase === 'paused' || event.phase === 'stopped' || event.phase === 'suppressed')
        found.push(`R2 ${id}: a strike while ${event.phase} at ${at(line)}`);
      if (line.atMs - wokeAt < WAKE_SETTLE_MS) found.push(`R9 ${id}: a strike right after a sleep at ${at(line)}`);
      const isWindowsEnd = attemptEndedAt >= 0 && line.atMs - attemptEndedAt < 1_000;
      const retryMs = service?.retryIntervalMs ?? 0;
      if (last && strikes > 0 && !isWindowsEnd && line.seenMs - last.seenMs < retryMs - EARLY_MS)
        found.push(`R2 ${id}: strikes at ${at(last)} and ${at(line)}`);
      last = line;
    }
    strikes = now;
  }
  return found;
}

/** R10: while a build is at work, and has not been for 30 min of this trouble, no automatic remedy begins, no strike is added and
 * nobody is told of what is new. Counted from the first moment that a build was there and the service was not, so that what the engine
 * itself counts, at the latest from its first look, can only be less. */
function holdBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  let buildSince: number | undefined;
  let firstAt: number | undefined;
  let from: LogLine | undefined;
  let strikes = 0;
  for (const line of sim.log) {
    if (line.kind === 'machine' && line.what === 'crash') strikes = Number.POSITIVE_INFINITY; // what was durable is known at the next look
    if ('service' in line && line.service !== id) continue;
    if (line.kind === 'audit' && line.event.service !== id) continue;
    if (line.kind === 'build' && line.step === 'begins') buildSince = line.atMs;
    if (line.kind === 'build' && line.step === 'ends') buildSince = undefined;
    if (line.kind === 'build' && line.step === 'seen' && firstAt === undefined) {
      firstAt = line.atMs;
      from = line;
    }
    if (line.kind === 'look' && (line.status === 'ok' || line.status === 'warning')) firstAt = undefined;
    const isAtWork = buildSince !== undefined && line.atMs - buildSince > BUILD_SEEN_MS;
    // Across a boot only the wall clock tells how long it was, and somebody may have set it (R9).
    const isComparable = firstAt === undefined || (line.boot === from?.boot && line.wallJumps === from.wallJumps);
    const isHeld = isAtWork && isComparable && (firstAt === undefined || line.atMs - firstAt < HOLD_MAX_MS - EARLY_MS);
    if (line.kind === 'remedy' && line.step === 'begins' && line.trigger === 'auto' && isHeld)
      found.push(`R10 ${id}: an automatic remedy during a build at ${at(line)}`);
    if (line.kind === 'audit' && line.event.event === 'alert' && isHeld && line.event.kind !== 'unknown')
      found.push(`R10 ${id}: an alert during a build at ${at(line)}`);
    if (line.kind !== 'audit' || line.event.event !== 'check') continue;
    const now = line.event.consecutiveFailures as number;
    if (now > strikes && (isHeld || line.event.phase === 'held')) found.push(`R10 ${id}: a strike while held at ${at(line)}`);
    strikes = now;
  }
  return found;
}

/** R11: no automatic remedy while what it depends on was last seen down, and it was looked at anew before; nobody is told of what waits.
 * A paused parent is not looked at, and holds nobody: once somebody has paused it, it is left out until somebody resumes it. */
function causeBreaches(sim: Sim, id: string): string[] {
  const parents = sim.config.services.find((one) => one.id === id)?.dependsOn ?? [];
  const found: string[] = [];
  for (const parent of parents) {
    let seen: Extract<LogLine, { kind: 'look' }> | undefined;
    let isLeftOut = false;
    let waitsSince: number | undefined;
    for (const line of sim.log) {
      if (line.kind === 'machine' && line.what === 'crash') waitsSince = undefined;
      if (line.kind === 'look' && line.service === parent) seen = line;
      if (line.kind === 'word' && line.service === parent && line.word === 'pause') isLeftOut = true;
      if (line.kind === 'word' && line.service === parent && line.word === 'resume') isLeftOut = false;
      if (line.kind === 'audit' && line.event.service === id && line.event.event === 'check')
        waitsSince = line.event.phase === 'suppressed' ? (waitsSince ?? line.atMs) : undefined;
      if (line.kind === 'audit' && line.event.service === id && line.event.event === 'alert') {
        if (waitsSince !== undefined && line.atMs - waitsSince > NOTICE_MS)
          found.push(`R11 ${id}: told at ${at(line)} while it waits for ${parent}`);
      }
      if (line.kind !== 'remedy' || line.service !== id || line.step !== 'begins' || line.trigger !== 'auto' || isLeftOut) continue;
      if (seen?.status === 'error') found.push(`R11 ${id}: an automatic remedy at ${at(line)} while ${parent} is down`);
      if (seen === undefined || line.atMs - seen.atMs > ASKED_MS)
        found.push(`R11 ${id}: a remedy at ${at(line)}, ${parent} was not asked anew`);
    }
  }
  return found;
}

/** R6: a cooldown apart, nothing told that was not raised, one recovered for what was told. */
function noticeBreaches(sim: Sim, id: string): string[] {
  const found: string[] = [];
  const service = sim.config.services.find((one) => one.id === id);
  const lines = sim.log.filter((line) => line.kind === 'machine' || (line.kind === 'audit' && line.event.service === id));
  const told = new Map<string, number>();
  const recovered = new Set<string>();
  let last: LogLine | undefined;
  let crashedAt = Number.NEGATIVE_INFINITY;
  let wasFull = false;
  let isLost = false;
  for (const line of lines) {
    if (line.kind === 'machine') {
      if (line.what === 'crash') crashedAt = line.atMs;
      if (line.what === 'disk-full') wasFull = true;
      if (line.what === 'crash' && wasFull) isLost = true; // what could not be written is not known any more
      continue;
    }
    if (line.kind !== 'audit') continue;
    const isShadow = isLost || line.atMs - crashedAt < CRASH_SHADOW_MS;
    const { event } = line;
    if (event.event === 'alert') {
      const alertId = event.id as string;
      if (event.kind === 'down' && (event.strikes as number) < (service?.afterFailures ?? 3))
        found.push(`R6 ${id}: down after ${event.strikes} strikes at ${at(line)}`);
      if (last && last.boot === line.boot && line.atMs - last.atMs < (service?.alertCooldownMs ?? 0) - EARLY_MS && !isShadow)
        found.push(`R6 ${id}: notices at ${at(last)} and ${at(line)}`);
      if (recovered.has(alertId)) found.push(`R6 ${id}: ${alertId} told after its recovery at ${at(line)}`);
      told.set(alertId, line.atMs);
      last = line;
    }
    if (event.event === 'recovered') {
      const alertId = event.id as string;
      if (!told.has(alertId) && !isShadow) found.push(`R6 ${id}: recovered without having been told, ${alertId} at ${at(line)}`);
      if (recovered.has(alertId) && !isShadow) found.push(`R6 ${id}: recovered twice, ${alertId} at ${at(line)}`);
      recovered.add(alertId);
    }
  }
  return found;
}

/** R7: one entry an alert, and never two open ones for one trouble. */
function queueBreaches(sim: Sim): string[] {
  const alerts = sim.home.queue();
  const found: string[] = [];
  const open = new Map<string, string>();
  const ids = new Set<string>();
  for (const alert of alerts) {
    if (ids.has(alert.id)) found.push(`R7 ${alert.id} is queued twice`);
    ids.add(alert.id);
    if (alert.state === 'done' || alert.kind === 'recovered') continue;
    const other = open.get(alert.service);
    if (other) found.push(`R7 ${alert.service} is queued under ${other} and ${alert.id}`);
    open.set(alert.service, alert.id);
  }
  return found;
}

/** What must be true when the world has been left in peace for long enough: told what stands, closed what is over (R6, R7). */
export function unfinished(sim: Sim): string[] {
  const found: string[] = [];
  for (const { id, afterFailures, alertCooldownMs } of sim.config.services) {
    const { health, alert, recovery } = sim.state(id);
    const standing = alert.alert;
    const shouldStand = health.status === 'error' && (health.strikes >= afterFailures || recovery.gaveUp !== undefined);
    const isCooling = alert.lastNoticeAt && remainingMs(alert.lastNoticeAt, alertCooldownMs + 2 * 60_000, sim.time.clock.now()) > 0;
    const isQuiet = isCooling || health.paused || health.stopped || health.suppressedBy.length > 0 || standing?.acknowledgedAt;
    if (shouldStand && !isQuiet && !standing?.told) found.push(`R6 ${id}: ${health.strikes} strikes and nobody was told`);
    if (shouldStand && !isQuiet && recovery.gaveUp && standing?.told?.kind !== 'gave-up')
      found.push(`R6 ${id}: gave up and nobody was told`);
    const entries = sim.home.queue().filter((entry) => entry.service === id && entry.state !== 'done');
    if (shouldStand && !isQuiet && !entries.some((entry) => entry.id === standing?.id))
      found.push(`R7 ${id}: the alert that stands is not in the queue`);
    if (!health.incident && !health.paused && entries.some((entry) => entry.state === 'pending'))
      found.push(`R7 ${id}: an alert whose incident is over is still pending`);
    if (alert.outbox.length > 0) found.push(`R7 ${id}: ${alert.outbox.length} deliveries are still waiting`);
    const isAlone = health.paused === undefined && health.stopped === undefined;
    // In its start window it is looked at every few seconds; what came up this moment has not been seen yet.
    if (isAlone && sim.service(id).upForMs() > 5_000 && sim.service(id).sees === 'by-life' && health.status !== 'ok')
      found.push(`R1 ${id}: is up and is seen as ${health.status}`);
  }
  return found;
}
