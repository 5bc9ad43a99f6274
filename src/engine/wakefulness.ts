// Notices that the machine has slept, or that its clock was set, by a heartbeat and by every look at the clocks (R9). Says so in the audit
// trail and to who plans the looks; decides nothing about services.
import type { AuditPort, ClockPort, TimersPort } from '../contract/ports.ts';
import type { Moment } from '../contract/time.ts';
import { WAKE_SETTLE_MS } from './decide/window.ts';

/** A beat that comes later than two more periods was a sleep. */
const BEAT_MS = 15_000;
const LATE_MS = 2 * BEAT_MS;
/** Between two clocks: this much difference is a sleep (boot against awake) or a jump (wall against boot). */
const CLOCK_STEP_MS = 2_000;

export interface WakefulnessDeps {
  readonly clock: ClockPort;
  readonly timers: TimersPort;
  readonly audit: AuditPort;
  /** false: there is no heartbeat, only who looks at the clocks notices. */
  readonly isScheduled: boolean;
  /** The clocks at a beat, and where one was set: for whoever must know how old something is (R9, R14). */
  readonly clockSeen: ((now: Moment) => void) | undefined;
  /** Called within `notice` and `slept`, after the number of sleeps has grown. */
  onSlept(now: Moment): void;
}

export interface Wakefulness {
  /** Grows with every sleep. */
  epoch(): number;
  /** The same, after this look at the clocks: a look at a service may end before the late beat tells that the machine has slept. */
  epochAt(now: Moment): number;
  /** True when the machine has slept since the last look at the clocks, or this moment comes much later than planned. Everything has then
   * been planned anew. */
  notice(now: Moment, plannedBootMs?: number): boolean;
  /** Somebody says that it has slept (a power event), or it was noticed. */
  slept(now: Moment, forMs: number): void;
  /** What is left of the settle time after the last wake, 0 when it is over. */
  wakingMs(now: Moment): number;
  /** Begins to beat, or beats anew from now. */
  beat(): void;
  close(): void;
}

export function createWakefulness({ clock, timers, audit, isScheduled, clockSeen, onSlept }: WakefulnessDeps): Wakefulness {
  let epoch = 0;
  let asleepUntilBootMs = 0;
  let isClosed = false;
  let cancelBeat: (() => void) | undefined;
  let beatAtBootMs: number | undefined;
  let seen = clock.now();

  function notice(now: Moment, plannedBootMs?: number): boolean {
    // The end of a look may be told when a newer moment has been seen: it has no news of the clocks.
    const isOlder = now.awakeMs < seen.awakeMs || now.bootMs < seen.bootMs;
    if (isOlder || (now.awakeMs === seen.awakeMs && now.bootMs === seen.bootMs)) return false;
    const bootGap = now.bootMs - seen.bootMs;
    const sleptMs = bootGap - (now.awakeMs - seen.awakeMs);
    const planned = plannedBootMs === undefined ? beatAtBootMs : Math.min(plannedBootMs, beatAtBootMs ?? plannedBootMs);
    const lateMs = planned === undefined ? 0 : now.bootMs - planned;
    const jumpMs = now.wallMs - seen.wallMs - bootGap;
    seen = now;
    if (Math.abs(jumpMs) > CLOCK_STEP_MS) {
      audit.write('health', { event: 'clock-jumped', byMs: Math.round(jumpMs) }, now);
      clockSeen?.(now);
    }
    if (sleptMs <= CLOCK_STEP_MS && lateMs <= LATE_MS) return false;
    slept(now, Math.max(sleptMs, lateMs));
    return true;
  }

  function slept(now: Moment, forMs: number): void {
    seen = now; // whoever told of it: the same sleep is not found a second time
    epoch += 1;
    asleepUntilBootMs = now.bootMs + WAKE_SETTLE_MS;
    audit.write('health', { event: 'slept', forMs: Math.round(forMs) }, now);
    onSlept(now);
    beat();
  }

  function beat(): void {
    cancelBeat?.();
    if (!isScheduled || isClosed) return;
    beatAtBootMs = clock.now().bootMs + BEAT_MS;
    cancelBeat = timers.after(BEAT_MS, () => {
      const now = clock.now();
      clockSeen?.(now);
      if (!notice(now)) beat();
    });
  }

  return {
    epoch: () => epoch,
    epochAt(now) {
      notice(now);
      return epoch;
    },
    notice,
    slept,
    wakingMs: (now) => Math.max(0, asleepUntilBootMs - now.bootMs),
    beat,
    close() {
      isClosed = true;
      cancelBeat?.();
    },
  };
}
