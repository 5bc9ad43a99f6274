// Reads processes on macOS (and other BSDs) from one `ps` over all of them: there is no /proc, and Node has no call for
// the kernel's table. Start times are read in UTC, so that a journey or summer time does not make a process another one.
// Not run on a Mac here: parsed from the documented format (ps(1); test/fixtures/processes-macos-ps.txt). Changes nothing.
import { getPriority } from 'node:os';
import type { ProcessIdentity } from '../../contract/flow.ts';
import type { ProcessRow } from '../../contract/ports.ts';

/** Runs a program and gives its stdout. Rejects as `execFile` does: with `code`, `stdout` and `stderr` on the error.
 * Must run it with LC_ALL=C and TZ=UTC. */
export type RunTool = (file: string, args: readonly string[]) => Promise<string>;

// `ucomm`, the kernel's name, may hold spaces; it stands between two columns that cannot be mistaken. `command` is last
// and therefore whole (-ww).
const COLUMNS = 'pid=,ppid=,pgid=,uid=,stat=,tty=,rss=,time=,etime=,ucomm=,lstart=,command=';
const LINE =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\d+)\s+([\d:.]+)\s+([\d:-]+)\s+(\S.*?)\s+([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})(?: (.*))?$/;
/** The kernel keeps 16 bytes of a program's name (MAXCOMLEN, sys/param.h). */
const UCOMM_BYTES = 16;
/** A watched pid is confirmed to be the same process this often. Between two looks a second apart a pid does not come
 * back: numbers go up to 99,999 before they are used again. */
const CONFIRM_EVERY_MS = 30_000;

/** `[[dd-]hh:]mm:ss[.cc]` to milliseconds. */
function timeMs(text: string): number {
  const [days, clock] = text.includes('-') ? (text.split('-') as [string, string]) : ['0', text];
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1_000);
}

/** The name in full where the kernel's is cut: as it goes on in the last such word of the command line's path. A name
 * that has a space after its 16th byte stays cut there. */
function fullName(ucomm: string, command: string): string {
  if (Buffer.byteLength(ucomm) < UCOMM_BYTES) return ucomm;
  const at = `/${command}`.lastIndexOf(`/${ucomm}`);
  return at < 0 ? ucomm : ucomm + (/^[^\s/]*/.exec(command.slice(at + ucomm.length))?.[0] ?? '');
}

function parseLine(line: string): ProcessRow | undefined {
  const found = LINE.exec(line);
  if (!found) return undefined;
  const [, pid, ppid, pgid, uid, stat, tty, rss, time, etime, ucomm, lstart, command] = found as unknown as string[];
  const isZombie = (stat as string).includes('Z');
  const text = isZombie ? '' : (command ?? '').trimEnd();
  return {
    pid: Number(pid),
    startId: String(Date.parse(`${lstart} UTC`) / 1_000),
    ppid: Number(ppid),
    pgid: Number(pgid),
    uid: Number(uid),
    name: fullName(ucomm as string, text),
    command: text,
    isZombie,
    rssBytes: Number(rss) * 1_024,
    cpuMs: timeMs(time as string),
    ageMs: timeMs(etime as string),
    hasTerminal: tty !== '??' && tty !== '-',
  };
}

export interface MacProcesses {
  all(): Promise<ReadonlyMap<number, ProcessRow>>;
  one(pid: number): Promise<ProcessRow | undefined>;
  isAlive(identity: ProcessIdentity): boolean;
}

/** `nowMs`: a clock that counts sleep, undefined when there is none (then a pid is confirmed once, not again).
 * `lookAt` throws ESRCH when no living process has the pid. */
export function macProcesses(
  run: RunTool,
  nowMs: () => number | undefined = () => undefined,
  lookAt: (pid: number) => unknown = getPriority,
): MacProcesses {
  /** Who has a pid, as far as `ps` last told. */
  const known = new Map<number, { readonly startId: string; readonly atMs: number | undefined }>();
  let asked = new Set<number>();

  async function read(selection: readonly string[]): Promise<Map<number, ProcessRow>> {
    const atMs = nowMs();
    const output = await run('/bin/ps', [...selection, '-ww', '-o', COLUMNS]);
    const rows = new Map<number, ProcessRow>();
    for (const line of output.split('\n')) {
      const row = parseLine(line);
      if (!row) continue;
      rows.set(row.pid, row);
      known.set(row.pid, { startId: row.startId, atMs });
    }
    return rows;
  }

  /** Asks who has this pid, together with all others that are asked for in the same turn. */
  function confirm(pid: number): void {
    asked.add(pid);
    if (asked.size > 1) return;
    queueMicrotask(() => {
      const pids = [...asked];
      read(['-p', pids.join(',')])
        .catch(() => undefined) // exit 1: none of them is there; `lookAt` tells that too
        .finally(() => {
          asked = new Set();
        });
    });
  }

  return {
    async all() {
      const rows = await read(['-ax']);
      if (rows.size === 0) throw new Error('ps printed no process that could be read');
      for (const pid of known.keys()) if (!rows.has(pid)) known.delete(pid);
      return rows;
    },
    async one(pid) {
      try {
        return (await read(['-p', String(pid)])).get(pid);
      } catch (error) {
        if ((error as { code?: unknown }).code === 1) return undefined; // ps: none matched
        throw error;
      }
    },
    /** Honest about its limits: that a process is gone or a zombie is seen at once, because getpriority(2) finds only
     * living processes (XNU kern_resource.c getpriority, kern_proc.c proc_find; kill(2) also finds zombies) and needs no
     * permission. That the pid belongs to another process by now is seen when `ps` has confirmed it: asked for at the
     * first look, then every 30 s, counted with sleep. Until it has answered, the pid counts as alive. Who signals must
     * `identify` first (R13). */
    isAlive({ pid, startId }) {
      try {
        lookAt(pid);
      } catch (error) {
        // A SystemError of node:os has its code in `info`.
        if ((error as { info?: { code?: string } }).info?.code === 'ESRCH') return false;
      }
      const seen = known.get(pid);
      if (seen && seen.startId !== startId) return false;
      const now = nowMs();
      const isOld = seen?.atMs !== undefined && now !== undefined && now - seen.atMs >= CONFIRM_EVERY_MS;
      if (!seen || isOld) confirm(pid);
      return true;
    },
  };
}
