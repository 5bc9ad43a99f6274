// What is wrong with the program itself, for every view: a log that can't be written, a configuration that is refused.
import type { ClockPort } from '../contract/ports.ts';
import type { Problem } from '../contract/snapshot.ts';
import { isoTime } from '../contract/time.ts';

export interface Problems {
  /** `message` undefined: it is over. The same word again changes nothing. */
  set(code: string, message: string | undefined): void;
  list(): Problem[];
}

/** Each is told once, and gone when it is over. */
export function createProblems(clock: ClockPort, changed: () => void): Problems {
  const known = new Map<string, Problem>();
  return {
    set(code: string, message: string | undefined): void {
      const before = known.get(code);
      if (before?.message === message) return;
      if (message === undefined) known.delete(code);
      else known.set(code, { code, message, since: before?.since ?? isoTime(clock.now()) });
      changed();
    },
    list: (): Problem[] => [...known.values()],
  };
}
