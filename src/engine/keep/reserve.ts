// Room kept back on the disk (R3): 4 MB that are given up when the disk is full, so that even then the intent of a
// repair can be written and the disk be healed. Touches only `reserve` in the home.
import path from 'node:path';
import { HOME_FILES } from '../../contract/home.ts';
import { type FsPort, homeUnusable, isDiskFull, realFs, replaceFile, syncFolder } from './durable-file.ts';

export interface Reserve {
  /** Frees the room. True when there was any to free. Never rejects. */
  giveUp(): Promise<boolean>;
  /** Takes the room back when at least three times as much is free; otherwise does nothing. Rejects only for other trouble than a full disk. */
  restore(): Promise<void>;
}

const CLEAR_ROOM = 3;

/** Random, because zeros are stored as nothing by file systems that compress; from the kernel, because OpenSSL takes 3 MB of
 * memory for good as soon as it is asked (docs/decisions/0004-memory.md). */
async function randomBytes(bytes: number): Promise<Buffer<ArrayBuffer>> {
  const filler = Buffer.allocUnsafeSlow(bytes);
  const source = await realFs.open('/dev/urandom', 'r');
  try {
    for (let at = 0; at < bytes; ) at += (await source.read(filler, at, bytes - at, 0)).bytesRead;
  } finally {
    await source.close();
  }
  return filler;
}

/** Keeps `bytes` back; the file is made by `restore`, call it at start and now and then. */
export function createReserve(home: string, bytes = 4_000_000, fs: FsPort = realFs): Reserve {
  const file = path.join(home, HOME_FILES.reserve);
  let last: Promise<unknown> = Promise.resolve();
  function inOrder<R>(act: () => Promise<R>): Promise<R> {
    const result = last.then(act);
    last = result.catch(() => {});
    return result;
  }

  async function isThere(): Promise<boolean> {
    const found = await fs.lstat(file).catch(() => undefined);
    // Blocks are counted in 512 bytes (stat(2)): a sparse or shortened file is no reserve.
    return found?.isFile() === true && found.size >= bytes && found.blocks * 512 >= bytes;
  }

  async function giveUp(): Promise<boolean> {
    const size = await fs.lstat(file).then(
      (found) => found.size,
      () => 0,
    );
    try {
      await fs.unlink(file);
    } catch {
      // Copy-on-write file systems may need room to remove a name; shortening needs less.
      const isShort = await fs.truncate(file, 0).then(
        () => true,
        () => false,
      );
      if (!isShort) return false;
    }
    // ext4 hands freed blocks out again only once its journal has committed; a sync makes that now.
    await syncFolder(fs, home).catch(() => {});
    return size > 0;
  }

  async function restore(): Promise<void> {
    if (await isThere()) return;
    try {
      const { bavail, bsize } = await fs.statfs(home);
      if (bavail * bsize < bytes * CLEAR_ROOM) return;
      const filler = await randomBytes(bytes);
      await replaceFile(fs, file, filler);
      filler.buffer.transfer(0); // given back at once: an idle engine may not collect it for hours
    } catch (error) {
      if (!isDiskFull(error)) throw homeUnusable(file, "can't be written", error);
    }
  }

  return { giveUp: () => inOrder(giveUp), restore: () => inOrder(restore) };
}
