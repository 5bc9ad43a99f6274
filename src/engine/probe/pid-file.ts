// Reads the pid that a program wrote into its pid file. The file is another program's: it may be missing, garbage, a
// folder or a pipe, and none of these may hang the look. Reads one file, changes nothing.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const LONGEST_PID_LINE = 64;

/** The pid in the first line (some programs write more below it); undefined when there is none. Rejects with the
 * system's error when the file can't be read. */
export async function readPidFile(path: string): Promise<number | undefined> {
  // Without O_NONBLOCK opening a pipe waits for its writer, for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONGEST_PID_LINE), 0, LONGEST_PID_LINE, 0);
    const pid = Number(/^[ \t]*(\d{1,10})[ \t]*\r?(?:\n|$)/.exec(buffer.toString('latin1', 0, bytesRead))?.[1] ?? 0);
    return pid > 0 ? pid : undefined;
  } finally {
    await file.close();
  }
}
