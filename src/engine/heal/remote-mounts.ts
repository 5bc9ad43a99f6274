// Where file systems of other machines are mounted: to look into one whose server is gone may wait for ever. Only reads.
import { readFile } from 'node:fs/promises';

const REMOTE = /^(nfs|cifs|smb|fuse|autofs|9p|afs|ceph|gluster|ncpfs|davfs|sshfs|lustre)/;

/** Mount points; none where the system does not tell without asking them (all but Linux). */
export async function remoteMounts(platform: NodeJS.Platform, file = '/proc/self/mountinfo'): Promise<readonly string[]> {
  if (platform !== 'linux') return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  // "36 35 98:0 / /mnt rw,noatime master:1 - nfs4 server:/x rw" (proc_pid_mountinfo(5)); a space in a name is written as \040.
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    return point && REMOTE.test(after)
      ? [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))]
      : [];
  });
}

export function isUnder(where: string, folder: string): boolean {
  return where === folder || where.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
