// What a background engine wrote before it failed to come up, for the person who started it. Reads engine.log; makes it,
// empty and private, before a service manager would make it for all to read.
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../contract/errors.ts';

const TAIL_BYTES = 8_192;
const TAIL_LINES = 12;

/** Makes the log (0600) and its folder (0700) where missing; bytes that it holds already. */
export async function prepareLog(path: string): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a', 0o600);
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
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
