// Lists who holds which regular file open, so that nothing in use is deleted or cut (R14, R15). Counts the engine's own
// handles too; the caller decides. Reads /proc or runs lsof; changes nothing.
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { errorText, systemCode } from '../../contract/errors.ts';
import type { OpenFile, OpenFiles } from '../../contract/ports.ts';
import { lsof } from './port-owner.ts';
import type { RunTool } from './process-table-macos.ts';

const O_ACCMODE = 0o3;
const O_APPEND = 0o2000; // Linux, all architectures that Node runs on (proc_pid_fdinfo(5) shows octal)
const FWRITE = 0x2; // XNU sys/fcntl.h
const FAPPEND = 0x8;

type Files = Map<string, OpenFile[]>;

function add(files: Files, key: string, file: OpenFile): void {
  const holders = files.get(key);
  if (holders) holders.push(file);
  else files.set(key, [file]);
}

export async function linuxOpenFiles(procRoot: string): Promise<OpenFiles> {
  const files: Files = new Map();
  try {
    await readdir(`${procRoot}/self/fd`); // if not even this can be read, an empty list would be a lie
    for (const entry of await readdir(procRoot)) {
      if (!/^\d+$/.test(entry)) continue;
      await addFilesOf(files, Number(entry), `${procRoot}/${entry}`);
      await addMapsOf(files, Number(entry), `${procRoot}/${entry}`);
    }
  } catch (error) {
    return { kind: 'unknown', why: `open files could not be listed: ${errorText(error)}` };
  }
  return { kind: 'known', files };
}

/** A map that is shared with the file, and where it is: `7f..-7f.. rw-s 00000000 08:01 123   /path` (proc_pid_maps(5)). */
const SHARED_MAP = /^\S+ .(.).s \S+ \S+ [1-9]\d*\s+(\/.*)$/gm;

/** Adds the files that a process has mapped; their handles may be closed by now. Whoever writes into a map writes where it likes, and
 * is killed when the file is emptied below it. The map's own device number is not `stat`'s on every file system, so its path is asked. */
async function addMapsOf(files: Files, pid: number, folder: string): Promise<void> {
  // To list the maps of a process that is stuck in the kernel may take as long as that.
  const state = await readFile(`${folder}/stat`, 'utf8').catch(() => '');
  if (/\) D /.test(state)) return;
  const text = await readFile(`${folder}/maps`, 'utf8').catch(() => '');
  for (const [, write, file = ''] of text.matchAll(SHARED_MAP)) {
    if (/^\/(?:dev|proc|memfd:|SYSV)/.test(file)) continue;
    const info = await stat(file).catch(() => undefined);
    if (info?.isFile())
      add(files, `${info.dev}:${info.ino}`, { pid, isWriter: write === 'w', isAppend: write === 'w' ? false : undefined });
  }
}

/** Adds what one process holds; nothing when it is gone or another user's. */
async function addFilesOf(files: Files, pid: number, folder: string): Promise<void> {
  let fds: string[];
  try {
    fds = await readdir(`${folder}/fd`);
  } catch (error) {
    if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(systemCode(error) ?? '')) throw error;
    return;
  }
  const looks = fds.map(async (fd) => {
    try {
      // The link's text is made by the kernel and never asks the file system; only what may be a file is stat'ed, off
      // the main thread, because a file of a dead network mount hangs there.
      const target = readlinkSync(`${folder}/fd/${fd}`);
      if (!target.startsWith('/') || /^\/(?:dev|proc)\//.test(target)) return;
      const info = await stat(`${folder}/fd/${fd}`);
      if (info.isFile()) add(files, `${info.dev}:${info.ino}`, { pid, ...modeOf(`${folder}/fdinfo/${fd}`) });
    } catch {
      // closed in between, or on a file system that answers nobody
    }
  });
  await Promise.all(looks);
}

/** How a handle was opened. When that is hidden: a writer of an unknown kind, the careful answer. */
function modeOf(path: string): Pick<OpenFile, 'isWriter' | 'isAppend'> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw error;
    return { isWriter: true, isAppend: undefined };
  }
  const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(text)?.[1] ?? '', 8);
  if (Number.isNaN(flags)) return { isWriter: true, isAppend: undefined };
  return { isWriter: (flags & O_ACCMODE) !== 0, isAppend: (flags & O_APPEND) !== 0 };
}

/** `+fG` adds the open flags in hex (lsof(8); lsof lib/dialects/darwin/libproc/dfile.c enter_file_info). */
export async function macOpenFiles(run: RunTool, selfPid: number): Promise<OpenFiles> {
  let output: string;
  try {
    output = await lsof(run, ['-nP', '-w', '+fG', '-FpfatGDi']);
  } catch (error) {
    return { kind: 'unknown', why: `open files could not be listed: ${errorText(error)}` };
  }
  // It must have seen at least this very process; else the list is not one.
  if (!output.split('\n').includes(`p${selfPid}`)) {
    return { kind: 'unknown', why: "open files could not be listed: lsof did not show even the engine's own" };
  }
  return { kind: 'known', files: parseLsof(output) };
}

/** Field output: a line `p…` begins a process, `f…` a file of it; each field is one line led by its letter. */
function parseLsof(output: string): Files {
  const files: Files = new Map();
  let pid = 0;
  let file: Map<string, string> | undefined;
  const end = () => {
    const [device, inode, open] = [file?.get('D'), file?.get('i'), file?.get('G')];
    if (file?.get('t') !== 'REG' || device === undefined || inode === undefined) return;
    const flags = open === undefined ? Number.NaN : Number.parseInt(open, 16);
    const isWriter = /[wu]/.test(file.get('a') ?? '') || (flags & FWRITE) !== 0;
    const isAppend = Number.isNaN(flags) ? undefined : (flags & FAPPEND) !== 0;
    add(files, `${Number(device)}:${inode}`, { pid, isWriter, isAppend });
  };
  for (const line of output.split('\n')) {
    const [letter, value] = [line.charAt(0), line.slice(1)];
    if (letter === 'p' || letter === 'f') {
      end();
      file = letter === 'f' ? new Map() : undefined;
      if (letter === 'p') pid = Number(value);
    } else file?.set(letter, value.trim());
  }
  end();
  return files;
}
