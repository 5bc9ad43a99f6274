// What is known of the clocks of this machine, over restarts of the engine and of the machine: `clock-state.json`. Where there is none
// yet, the newest sign of life among the home's other files. Touches that one file only.
import path from 'node:path';
import * as z from 'zod';
import { HOME_FILES } from '../../contract/home.ts';
import type { ClockPort, JsonFilePort } from '../../contract/ports.ts';
import { createDurableFile, type FsPort, type OnQuarantine, realFs } from './durable-file.ts';

const ms = z.number().finite();
const fileSchema = z.object({
  version: z.literal(1),
  spans: z.array(z.object({ boot: z.string(), fromBootMs: ms, toBootMs: ms, aheadMs: ms })),
});
export type ClockFile = z.infer<typeof fileSchema>;

interface ClockFileOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly onQuarantine: OnQuarantine;
  readonly fs?: FsPort | undefined;
}

export function createClockFile({ home, clock, onQuarantine, fs }: ClockFileOptions): JsonFilePort<ClockFile> {
  const parse = (value: unknown): ClockFile => fileSchema.parse(value);
  return createDurableFile<ClockFile>({ path: path.join(home, HOME_FILES.clockState), parse, onQuarantine, now: clock, fs });
}

/** The files that every engine writes while it looks. */
const SIGNS = [HOME_FILES.healthLog, HOME_FILES.history, HOME_FILES.healthState, HOME_FILES.recoveryState];

/** When this home was last written to, by the clock of then; undefined: nothing tells. Ask before anything is written. Unix time. */
export async function lastSignOfLife(home: string, fs: FsPort = realFs): Promise<number | undefined> {
  const times = await Promise.all(
    SIGNS.map((name) =>
      fs.lstat(path.join(home, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  const newest = Math.max(...times);
  return newest > 0 ? newest : undefined;
}
