// Deletes one file, if it is still the very file that was judged, in the very folder in which it was judged (R14).
// Everything between the last look and the deed is synchronous. Touches that one name only.
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync, unlinkSync } from 'node:fs';
import { systemCode } from '../../contract/errors.ts';

export interface JudgedFile {
  /** Real path of the folder. */
  readonly folder: string;
  readonly name: string;
  readonly folderDev: bigint;
  readonly folderIno: bigint;
  readonly stats: FileMark;
}
/** What tells a file from every other, and from itself when somebody has written to it. */
export type FileMark = Pick<BigIntStats, 'dev' | 'ino' | 'mtimeNs' | 'size'>;
/** What could be deleted is gone: undefined. Else why the file stays: a rule's name, or `delete-failed-CODE`. */
export type WhyNotDeleted = 'folder-changed' | 'changed-meanwhile' | `delete-failed-${string}`;

/** The folder is opened once. On Linux the last look and the deletion go through that handle (`/proc/self/fd`), so that a
 * folder swapped for a symlink meanwhile leads nowhere else. Where there is no such path (macOS) the folder's real path and
 * identity are compared directly before; what remains there is the time between two system calls. In both, another file
 * put under the same name between the last look and the deletion, two system calls apart, would be deleted. */
export function unlinkSame(file: JudgedFile, platform: NodeJS.Platform): WhyNotDeleted | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(file.folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const { dev, ino } = fstatSync(handle, { bigint: true });
    if (dev !== file.folderDev || ino !== file.folderIno) return 'folder-changed';
    const door = platform === 'linux' ? doorOf(handle) : undefined;
    const real = door === undefined ? realpathSync.native(file.folder) : readlinkSync(door);
    if (real !== file.folder) return 'folder-changed';
    const at = `${door ?? file.folder}/${file.name}`;
    if (!isSame(lstatSync(at, { bigint: true }), file.stats)) return 'changed-meanwhile';
    unlinkSync(at);
    return undefined;
  } catch (error) {
    const code = systemCode(error) ?? 'unknown';
    if (code === 'ELOOP' || code === 'ENOTDIR') return 'folder-changed';
    return code === 'ENOENT' ? 'changed-meanwhile' : `delete-failed-${code}`;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Whether both are the same regular file with one name and the same content, as far as the file system tells. */
function isSame(now: BigIntStats, then: FileMark): boolean {
  return (
    now.isFile() &&
    now.dev === then.dev &&
    now.ino === then.ino &&
    now.nlink === 1n &&
    now.mtimeNs === then.mtimeNs &&
    now.size === then.size
  );
}

function doorOf(handle: number): string | undefined {
  const door = `/proc/self/fd/${handle}`;
  try {
    readlinkSync(door);
    return door;
  } catch {
    return undefined;
  }
}
