// What a background engine wrote before it failed to come up, for the person who started it. Reads engine.log; makes it,
// empty and private, before a service manager would make it for all to read, and sets a large one aside as engine.log.1.
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText, HealthError, systemCode } from '../contract/errors.ts';

/** A running engine writes one line a change: at each start is often enough to look. */
const LOG_BYTES = 10_000_000;
const TAIL_BYTES = 8_192;
const TAIL_LINES = 12;

/** Makes the log (0600) and its folder (0700) where missing; bytes that it holds already. One over 10 MB becomes
 * `engine.log.1`, in place of the one before. Only while no engine writes to it. */
export async function prepareLog(path: string): Promise<number> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rotate(path);
    const file = await open(path, 'a', 0o600);
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new HealthError('home-unusable', `The engine could not write its log: ${errorText(error)}`, {
      hint: 'jarvis-health doctor says what is wrong with the home; or choose another folder with --home.',
      details: { path },
      cause: error,
    });
  }
}

async function rotate(path: string): Promise<void> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size > LOG_BYTES) await rename(path, `${path}.1`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error; // another start was quicker, or there is none yet
  }
}

/** The last lines (at most 12) that were written after `from` (bytes). */
export async function logTail(path: string, from: number): Promise<string[]> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const begin = Math.max(from <= size ? from : 0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, begin);
      return buffer.toString('utf8', 0, bytesRead).trim().split('\n').filter(Boolean).slice(-TAIL_LINES);
    } finally {
      await file.close();
    }
  } catch (error) {
    return [`(${path} can't be read: ${errorText(error)})`];
  }
}
