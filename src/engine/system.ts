// The real clock, timers and ids behind the ports. The only file of the engine that reads a clock or sets a timer.
import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { ClockPort, CommandPort, IdsPort, TimersPort } from '../contract/ports.ts';

/** Above this difference the machine has slept, or somebody set the clock: ask the system again. */
const DRIFT_MS = 1_000;
/** The system's uptime has steps of 10 ms on Linux; smaller changes of the offset are noise. */
const NOISE_MS = 50;

/** Wall clock, clock since boot (sleep included), awake clock, boot id (R9).
 * On Linux the awake clock stands still in sleep, and the uptime does not; on macOS libuv's monotonic clock runs on in sleep.
 * So there the uptime is asked once only: libuv gives it in whole seconds, and its steps would be jumps of our clock.
 * On Linux asking costs a file read, so it is asked once a second at most, and at once when wall and awake clock disagree. */
export function createClock(
  boot: string,
  platform: NodeJS.Platform = process.platform,
  source = { wall: () => Date.now(), awake: () => performance.now(), uptimeMs: () => os.uptime() * 1_000 },
): ClockPort {
  const isAwakeClockWholeBoot = platform === 'darwin';
  let askedAwake = source.awake();
  let askedWall = source.wall();
  let offset = source.uptimeMs() - askedAwake;
  let wallMs = askedWall;
  let wallReadAt = askedAwake;
  return {
    now() {
      const awakeMs = source.awake();
      // It counts whole milliseconds: within one it is not read again, since that takes as long as all else here.
      if (!(awakeMs - wallReadAt < 1)) {
        wallMs = source.wall();
        wallReadAt = awakeMs;
      }
      const awakeGap = awakeMs - askedAwake;
      if (!isAwakeClockWholeBoot && (awakeGap > 1_000 || Math.abs(wallMs - askedWall - awakeGap) > DRIFT_MS)) {
        const asked = source.uptimeMs() - awakeMs;
        if (Math.abs(asked - offset) > NOISE_MS) offset = asked;
        askedAwake = awakeMs;
        askedWall = wallMs;
      }
      return { wallMs, bootMs: awakeMs + offset, awakeMs, boot };
    },
  };
}

/** Id of this boot: from the kernel; where it does not tell, the wall time of the boot, rounded. */
export async function bootId(platform: NodeJS.Platform, commands?: CommandPort): Promise<string> {
  if (platform === 'linux') {
    const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    if (id.trim()) return id.trim();
  }
  if (platform === 'darwin' && commands) {
    const told = await commands.run({ argv: ['/usr/sbin/sysctl', '-n', 'kern.bootsessionuuid'], timeoutMs: 2_000, ends: 'tree' });
    if (told.kind === 'exited' && told.exitCode === 0 && told.lastLine) return told.lastLine;
  }
  return `since-${Math.round((Date.now() - os.uptime() * 1_000) / 60_000)}`;
}

/** Node's longest timer; a longer wait is asked for again when it fires. */
const LONGEST_MS = 2 ** 31 - 1;

export const realTimers: TimersPort = {
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(LONGEST_MS, Math.max(0, ms)));
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(LONGEST_MS, Math.max(0, ms)));
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};

/** Random bytes are asked for so many ids at once: one call costs as much as half a look at a port. */
const RANDOM_IDS = 200;
const RANDOM_BYTES = 5;

/** From the kernel, and only where that has no such file from OpenSSL, which takes 3 MB as soon as it is asked (ADR 0004). */
function randomHex(bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  try {
    const source = openSync('/dev/urandom', 'r');
    try {
      if (readSync(source, buffer, 0, bytes, null) === bytes) return buffer.toString('hex');
    } finally {
      closeSync(source);
    }
  } catch {
    // asked of OpenSSL below
  }
  return process.getBuiltinModule('node:crypto').randomBytes(bytes).toString('hex');
}

/** Ids that sort by time and never repeat: milliseconds in base 36, then 40 random bits. */
export function createIds(now: () => number = () => Date.now()): IdsPort {
  let last = 0;
  let random = '';
  return {
    next(prefix) {
      last = Math.max(last + 1, now());
      if (random === '') random = randomHex(RANDOM_BYTES * RANDOM_IDS);
      const own = random.slice(0, 2 * RANDOM_BYTES);
      random = random.slice(2 * RANDOM_BYTES);
      return `${prefix}-${last.toString(36)}-${own}`;
    },
  };
}

/** Unix time now, for what only shows a time. */
export function systemNow(): number {
  return Date.now();
}

/** Turns of the event loop since this process began: each time that it woke, for a timer or for news from outside (uv_metrics_info). */
export function loopTurns(): number {
  return process.getBuiltinModule('node:perf_hooks').performance.nodeTiming.uvMetricsInfo.loopCount;
}
