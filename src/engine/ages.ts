// The one place that knows how old something is that only carries a time of the wall clock: a log, a reading, a state (R9, R14). Keeps
// what was seen of the clocks, in memory and in the home, and asks decide/clock-spans.ts. Each question is a look at the clocks.
import type { AgesPort, ClockPort } from '../contract/ports.ts';
import type { Moment } from '../contract/time.ts';
import { ageOf, type ClockSpan, lookAtClock, trustedWallMs } from './decide/clock-spans.ts';
import { createClockFile, lastSignOfLife } from './keep/clock-file.ts';
import type { OnQuarantine } from './keep/durable-file.ts';

/** The end of the last span on the disk may be so old. After a boot it makes the machine seem to have been off for longer, by that. */
const WRITE_EVERY_MS = 3_600_000;

export interface Ages extends AgesPort {
  /** The clocks at this moment: the more often, the narrower it is known when one was set. */
  look(now: Moment): void;
  /** Resolves when what is being written is on the disk, or can't be. */
  idle(): Promise<void>;
}

interface AgesOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly onQuarantine: OnQuarantine;
  /** Looks, and writes nothing. */
  readonly isDryRun: boolean;
}

/** Open it before anything else of the home is written. Where the file can't be read or written the engine knows what it saw itself. */
export async function openAges({ home, clock, onQuarantine, isDryRun }: AgesOptions): Promise<Ages> {
  const file = createClockFile({ home, clock, onQuarantine });
  const lastMs = await lastSignOfLife(home);
  const kept = await file.read().catch(() => undefined);
  let writing: Promise<void> | undefined;
  let written = kept?.spans ?? [];
  const ages = agesOf(clock, kept?.spans ?? sign(lastMs), writeIfNew);

  function writeIfNew(spans: readonly ClockSpan[]): void {
    const last = spans.at(-1);
    const before = written.at(-1);
    const isGoingOn = last && before && last.fromBootMs === before.fromBootMs && last.boot === before.boot;
    if (isDryRun || writing || (isGoingOn && last.toBootMs - before.toBootMs < WRITE_EVERY_MS)) return;
    // Other files of the home tell that it can't be written; here the next look tries again.
    writing = file
      .write({ version: 1, spans: [...spans] })
      .then(
        () => {
          written = [...spans];
        },
        () => undefined,
      )
      .finally(() => {
        writing = undefined;
      });
  }

  return { ...ages, idle: async () => writing };
}

/** No record of the clocks: the home's own files tell when somebody last looked, by a clock of then. */
function sign(lastMs: number | undefined): readonly ClockSpan[] {
  return lastMs === undefined ? [] : [{ boot: '', fromBootMs: 0, toBootMs: 0, aheadMs: lastMs }];
}

/** From what is known so far, without a home. `seen`: told after each look. */
export function agesOf(
  clock: ClockPort,
  known: readonly ClockSpan[],
  seen: (spans: readonly ClockSpan[]) => void = () => undefined,
): AgesPort & { look(now: Moment): void } {
  let spans = known;
  const look = (now: Moment): void => {
    spans = lookAtClock(spans, now);
    seen(spans);
  };
  look(clock.now());
  return {
    look,
    ageMs(writtenAtMs, awayMs = Number.POSITIVE_INFINITY) {
      look(clock.now());
      return ageOf(spans, writtenAtMs, awayMs);
    },
    trustedWallMs(limitMs, awayMs) {
      look(clock.now());
      return trustedWallMs(spans, limitMs, awayMs);
    },
  };
}
