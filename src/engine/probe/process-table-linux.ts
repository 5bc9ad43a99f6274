// Reads processes from Linux's /proc: no child process, about 20 µs a program. Reads synchronously, because procfs
// answers from memory and a promise per file would cost more than the file; the one read that can block, the command
// line of a process in uninterruptible sleep, goes through the thread pool. Changes nothing.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { systemCode } from '../../contract/errors.ts';
import type { ProcessIdentity } from '../../contract/flow.ts';
import type { ProcessRow, TimersPort } from '../../contract/ports.ts';
import { askOnce, inTime } from '../ask-once.ts';

/** USER_HZ, the unit of times in /proc/PID/stat: 100 on every architecture that Node runs on (proc_pid_stat(5)). */
const TICK_MS = 10;
const PF_KTHREAD = 0x0020_0000;
/** The kernel keeps 15 bytes of a program's name (TASK_COMM_LEN). */
const COMM_BYTES = 15;
const MAX_HELD = 64;
/** A process stuck in the kernel that has not told its command line in this time may never do so. */
const STUCK_MS = 1_000;

interface Stat {
  readonly comm: string;
  readonly state: string;
  readonly startTicks: string;
  /** The numbers after the state, as proc_pid_stat(5) counts them: index = field number - 3. */
  readonly fields: readonly string[];
}

/** The name stands in parentheses and may itself hold spaces, parentheses and newlines: only the last one ends it. */
function parseStat(text: string): Stat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === undefined || startTicks === undefined) return undefined;
  return { comm: text.slice(open + 1, close), state, startTicks, fields };
}

const isDead = (state: string) => state === 'Z' || state === 'X' || state === 'x';

/** Out of handles or memory: the look failed, and must not be taken for "no such process" (R2). */
const isShortage = (error: unknown) => ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(systemCode(error) ?? '');

/** undefined when the process is gone or hidden from this user; throws when the look itself failed. */
function readOrGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
}

/** A quarter cheaper than readFileSync, which reads each file twice to find its end and has no buffer to reuse. */
const buffer = Buffer.alloc(8_192);
function readSmall(path: string): string {
  const handle = openSync(path, 'r');
  let length: number;
  try {
    length = readSync(handle, buffer, 0, buffer.length, null);
  } finally {
    closeSync(handle);
  }
  return length < buffer.length ? buffer.toString('utf8', 0, length) : readFileSync(path, 'utf8');
}

/** The program's name in full. The kernel's is cut to 15 bytes, so a word of the command line that begins with it is
 * preferred: the first (also after a change of `process.title`), or the second (a script with a `#!` line). */
function programName(comm: string, words: readonly string[], exe: () => string | undefined): string {
  const isCut = Buffer.byteLength(comm) >= COMM_BYTES;
  for (const word of words.slice(0, 2)) {
    const base = word.slice(word.lastIndexOf('/') + 1).replace(/^-/, ''); // a login shell is "-bash"
    // Node names its main thread, and with it the process, so (nodejs/node src/node.cc, since 22.12).
    if (base === comm || (isCut && base.startsWith(comm)) || (base !== '' && comm === 'MainThread')) return base;
  }
  return exe() ?? comm;
}

/** Reads page size from the auxiliary vector (AT_PAGESZ is 6); Node has no call for it and arm64 has three sizes. */
function pageSize(procRoot: string): number {
  const auxv = readOrGone(() => readFileSync(`${procRoot}/self/auxv`));
  for (let at = 0; auxv && at + 16 <= auxv.length; at += 16) {
    const word = (offset: number) => Number(endianness() === 'LE' ? auxv.readBigUInt64LE(offset) : auxv.readBigUInt64BE(offset));
    if (word(at) === 6) return word(at + 8);
  }
  return 4_096;
}

/** The everyday answer about a watched process, without a text to be read: who has memory is neither gone nor a zombie, and the
 * handle stays with that very process (proc_pid_statm(5)). Who has none is asked further. Throws ESRCH when it is gone. */
function hasMemory(statm: number): boolean {
  return readSync(statm, buffer, 0, 2, 0) > 0 && buffer[0] !== 0x30;
}

export interface LinuxProcesses {
  /** All processes. Rejects with the system's error (EMFILE, …) when it could not look; never leaves rows out for that. */
  all(): Promise<ReadonlyMap<number, ProcessRow>>;
  one(pid: number): Promise<ProcessRow | undefined>;
  isAlive(identity: ProcessIdentity): boolean;
}

export function linuxProcesses(procRoot = '/proc', timers?: Pick<TimersPort, 'after'>): LinuxProcesses {
  const bootId = readOrGone(() => readFileSync(`${procRoot}/sys/kernel/random/boot_id`, 'utf8').trim()) ?? 'boot';
  const pageBytes = pageSize(procRoot);
  // Like `starttime`, the first number counts sleep (CLOCK_BOOTTIME).
  const uptimeMs = () => Number.parseFloat(readFileSync(`${procRoot}/uptime`, 'utf8')) * 1_000;

  const readStat = (pid: number) => {
    const text = readOrGone(() => readSmall(`${procRoot}/${pid}/stat`));
    return text === undefined ? undefined : parseStat(text);
  };
  const exeName = (pid: number) => {
    const path = readOrGone(() => readlinkSync(`${procRoot}/${pid}/exe`));
    return path?.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
  };

  // A watched process is looked at every second, so a handle of it is kept. Few, oldest out first: nobody tells when a process
  // is no longer watched.
  const held = new Map<string, number>();
  function hold(key: string, handle: number): void {
    if (held.has(key)) return;
    held.set(key, handle);
    if (held.size <= MAX_HELD) return;
    const [oldest, oldHandle] = held.entries().next().value as [string, number];
    held.delete(oldest);
    closeSync(oldHandle);
  }

  function rowOf(pid: number, nowMs: number, stat: Stat, uid: number, commandLine: string): ProcessRow {
    const field = (number: number) => Number(stat.fields[number - 3]);
    const ended = commandLine.replace(/\0+$/, ''); // a shortened `process.title` leaves NULs behind
    const words = ended === '' ? [] : ended.split('\0');
    return {
      pid,
      startId: `${stat.startTicks}-${bootId}`,
      ppid: field(4),
      pgid: field(5),
      uid,
      name: words.length === 0 ? stat.comm : programName(stat.comm, words, () => exeName(pid)),
      command: words.join(' '),
      isZombie: isDead(stat.state),
      // The kernel may be some dozen pages a CPU behind (proc_pid_stat(5)); the exact figure costs a walk of all pages.
      rssBytes: Math.max(0, field(24)) * pageBytes,
      cpuMs: (field(14) + field(15)) * TICK_MS,
      ageMs: Math.max(0, nowMs - field(22) * TICK_MS),
      hasTerminal: field(7) !== 0,
    };
  }

  // Held by a lock that is never given back, each read would take one thread more of those that do all file work.
  const readOnce = askOnce((file) => readFile(file, 'utf8'));

  /** Rejects when the process does not tell: it may be anybody, and must not be left out. */
  async function slowCommandLine(pid: number, file: string): Promise<string> {
    const text = timers ? await inTime(readOnce(file), STUCK_MS, timers) : await readOnce(file);
    if (text === undefined) throw new Error(`process ${pid} is stuck and does not tell its command line`);
    return text;
  }

  /** A row, or the promise of one where the command line may block: reading it takes the lock of the process's memory,
   * which a process stuck in the kernel may hold for ever; the engine must not hang with it. */
  function read(pid: number, nowMs: number): ProcessRow | Promise<ProcessRow | undefined> | undefined {
    const stat = readStat(pid);
    if (!stat) return undefined;
    // A kernel thread is root's and has no command line; nor has a zombie.
    if ((Number(stat.fields[6]) & PF_KTHREAD) !== 0) return rowOf(pid, nowMs, stat, 0, '');
    // A process that forbids dumps (ssh-agent) shows as root's here: it is then watched, but never signalled (R13).
    const uid = readOrGone(() => statSync(`${procRoot}/${pid}`).uid);
    if (uid === undefined) return undefined;
    if (isDead(stat.state)) return rowOf(pid, nowMs, stat, uid, '');
    const path = `${procRoot}/${pid}/cmdline`;
    if (stat.state === 'D') {
      return slowCommandLine(pid, path).then(
        (text) => rowOf(pid, nowMs, stat, uid, text),
        (error: unknown) => {
          if (isShortage(error) || systemCode(error) === undefined) throw error;
          return undefined;
        },
      );
    }
    const text = readOrGone(() => readSmall(path));
    return text === undefined ? undefined : rowOf(pid, nowMs, stat, uid, text);
  }

  return {
    async all() {
      const nowMs = uptimeMs();
      const rows = new Map<number, ProcessRow>();
      const slow: Promise<ProcessRow | undefined>[] = [];
      for (const entry of readdirSync(procRoot)) {
        const first = entry.charCodeAt(0);
        if (first < 48 || first > 57) continue;
        const row = read(Number(entry), nowMs);
        if (row instanceof Promise) slow.push(row);
        else if (row) rows.set(row.pid, row);
      }
      for (const row of await Promise.all(slow)) if (row) rows.set(row.pid, row);
      return rows;
    },
    async one(pid) {
      return read(pid, uptimeMs());
    },
    isAlive({ pid, startId }) {
      const key = `${pid}/${startId}`;
      const kept = held.get(key);
      let opened: number | undefined;
      try {
        if (kept !== undefined && hasMemory(kept)) return true;
        // Before the identity is read: should the pid change hands in between, this handle is the dead one's and reads nothing.
        if (kept === undefined) opened = openSync(`${procRoot}/${pid}/statm`, 'r');
        const stat = parseStat(readSmall(`${procRoot}/${pid}/stat`));
        if (stat && !isDead(stat.state) && `${stat.startTicks}-${bootId}` === startId) {
          if (opened !== undefined) hold(key, opened);
          opened = undefined;
          return true;
        }
      } catch (error) {
        // Out of handles: not proven dead, the next look tells. Else gone (ENOENT; ESRCH from a held handle).
        if (isShortage(error)) return true;
      } finally {
        if (opened !== undefined) closeSync(opened);
      }
      held.delete(key);
      if (kept !== undefined) closeSync(kept);
      return false;
    },
  };
}
