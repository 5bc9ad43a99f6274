// What was added to a growing file since the last look, whole lines only; follows it when it is rotated. Only reads.
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

export interface Tail {
  /** Everything up to now is known already. */
  skip(): Promise<void>;
  news(): Promise<string[]>;
}

const CHUNK_BYTES = 1_000_000;

export function createTail(file: string): Tail {
  let inode: number | undefined;
  let offset = 0;
  let rest = '';
  let decoder = new StringDecoder('utf8'); // a chunk may end within a letter
  return {
    async skip() {
      const found = await stat(file).catch(() => undefined);
      inode = found?.ino;
      offset = found?.size ?? 0;
    },
    async news() {
      // A pipe in its place would be waited for.
      const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
      if (!handle) return [];
      try {
        const found = await handle.stat();
        if (!found.isFile()) return [];
        if (found.ino !== inode || found.size < offset) {
          inode = found.ino;
          offset = 0;
          rest = '';
          decoder = new StringDecoder('utf8');
        }
        const length = Math.min(CHUNK_BYTES, found.size - offset);
        if (length <= 0) return [];
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
        offset += bytesRead;
        const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
        rest = lines.pop() ?? '';
        return lines.filter(Boolean);
      } finally {
        await handle.close();
      }
    },
  };
}
