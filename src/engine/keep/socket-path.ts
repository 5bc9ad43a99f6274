// Where the control socket is: in the home, or, where that path is too long for the system, at a short per-user path
// with a link to it in the home (PRODUCT section 3). Touches only those two names and the per-user folder.
import fs from 'node:fs/promises';
import path from 'node:path';
import { HealthError, systemCode } from '../../contract/errors.ts';
import { HOME_FILES } from '../../contract/home.ts';
import { homeUnusable } from './durable-file.ts';
import type { Ownership } from './ownership.ts';

export interface SocketAddress {
  /** What to listen on and connect to. */
  readonly address: string;
  /** Name in the home that points at it, when it is elsewhere. */
  readonly link?: string;
}
export interface SocketPlace {
  readonly uid: number;
  /** The user's folder for temporary files. */
  readonly tmp: string;
}

/** `sun_path` holds 104 bytes on macOS, 108 on Linux, with a closing zero (unix(4), unix(7)). */
const MAX_BYTES = 100;

/** Address of the engine's socket for this home. The same home and place give the same address. */
export function socketAddress(home: string, { uid, tmp }: SocketPlace): SocketAddress {
  const direct = path.join(home, HOME_FILES.socket);
  if (Buffer.byteLength(direct) <= MAX_BYTES) return { address: direct };
  const name = `${process.getBuiltinModule('node:crypto').createHash('sha256').update(path.resolve(home)).digest('hex').slice(0, 16)}.sock`;
  const short = path.join(tmp, `jarvis-health-${uid}`, name);
  const address = Buffer.byteLength(short) <= MAX_BYTES ? short : path.join('/tmp', `jarvis-health-${uid}`, name);
  return { address, link: direct };
}

/** Address to connect to: the engine may have been started with another temporary folder, then the link in the home knows better. */
export async function connectAddress(home: string, place: SocketPlace): Promise<string> {
  const { address, link } = socketAddress(home, place);
  if (link === undefined) return address;
  return fs.readlink(link).catch(() => address);
}

/** Makes ready to listen: folder, link, and a stale socket removed. Ownership proves that no living engine listens there.
 * Rejects `home-unusable`, also when the per-user folder belongs to somebody else. */
export async function prepareSocket({ address, link }: SocketAddress, { uid }: { readonly uid: number }, _held: Ownership): Promise<void> {
  try {
    if (link !== undefined) await openUserFolder(path.dirname(address), uid);
    await removeStale(address);
    if (link === undefined) return;
    await removeStale(link);
    await fs.symlink(address, link);
  } catch (error) {
    throw homeUnusable(address, "can't be used as the control socket", error);
  }
}

async function removeStale(file: string): Promise<void> {
  const found = await fs.lstat(file).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket() && !found.isSymbolicLink() && !found.isFile()) {
    throw new HealthError('home-unusable', `${file} is in the way of the control socket`, {
      hint: 'Move it elsewhere.',
      details: { path: file },
    });
  }
  await fs.unlink(file);
}

/** Temporary folders are shared: somebody else may have made ours before us. */
async function openUserFolder(folder: string, uid: number): Promise<void> {
  try {
    await fs.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  const found = await fs.lstat(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new HealthError('home-unusable', `${folder} does not belong to this user`, {
      hint: 'Choose a home with a shorter path with --home.',
      details: { path: folder, uid: found.uid },
    });
  }
  if ((found.mode & 0o777) !== 0o700) await fs.chmod(folder, 0o700);
}
