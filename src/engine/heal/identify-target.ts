// Who is the process to stop? (R13) Certain is: who listens on the port and matches; else whom the engine recorded, or
// the pid file names, and who matches; else the only tree of this user that matches and works in the remedy's folder.
// When nobody is certain, or another tree in that folder could be the service too, nothing is stopped and nothing is started. Reads through ports; signals nobody.
// Longer than 250 lines because the rule is one: each question is asked of the same look at the machine.
import { readFileSync, statSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { errorText } from '../../contract/errors.ts';
import { compileMatch } from '../../contract/match.ts';
import type { PortOwners, ProcessRow, ProcessTable, RemedyContext } from '../../contract/ports.ts';
import { ancestorsOf, descendantsOf, isOfOthers, isOfTrees } from '../../contract/process-tree.ts';
import { durationText } from '../../contract/units.ts';
import { inTime, statOnce } from '../ask-once.ts';
import { expandPath } from '../expand-path.ts';
import { folderOf } from './launch-plan.ts';
import { processText } from './result.ts';
import { isBystander, runsIt } from './runs-it.ts';

export interface Find {
  readonly port?: number | undefined;
  readonly match: string;
  readonly pidFile?: string | undefined;
  /** How the remedy starts it: tells it from what only has its words. */
  readonly start?: readonly string[] | undefined;
}
type RefusalReason = 'port-taken' | 'owner-unknown' | 'several-candidates' | 'no-certain-owner' | 'has-terminal';
export type Target =
  /** The roots of the trees to stop; certainly the service. */
  | { readonly kind: 'found'; readonly roots: readonly ProcessRow[] }
  /** Nothing of it runs. */
  | { readonly kind: 'none' }
  /** `rows`: because of whom. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string; readonly rows: readonly ProcessRow[] };

/** A pid file is a number, in some programs with a few lines more. */
const PID_FILE_BYTES = 4_096;
/** Process ages and file times come from different clocks. */
const PID_FILE_SLACK_MS = 2_000;
const OWNER_LOOKS = 3;
const OWNER_PAUSE_MS = 20;
const FOLDER_MS = 2_000;
/** Before anything has been signalled: who held the port when the service failed, in the look of the same round, is not asked again
 * (lsof, 30 ms and more). It only names candidates; what a signal needs is confirmed directly before it (R13). */
export const SAME_ROUND_MS = 100;

function refuse(reason: RefusalReason, message: string, rows: readonly ProcessRow[]): Target {
  return { kind: 'refused', reason, message, rows };
}

/** Unknown is asked anew: a listener that ends while the system is being read looks like one that may not be seen. */
async function ownersOf(port: number, ctx: RemedyContext, maxAgeMs: number): Promise<PortOwners> {
  for (let look = 1; ; look += 1) {
    const owners = await ctx.processes.portOwners(port, { maxAgeMs: look === 1 ? maxAgeMs : 0 });
    if (owners.kind === 'known' || look === OWNER_LOOKS) return owners;
    await ctx.timers.sleep(OWNER_PAUSE_MS, ctx.signal);
  }
}

/** The target of a remedy, told by all that it says of its service. `ownersAgeMs`: how old the answer may be who holds its port. */
export function targetOf(
  { find, start, cwd }: { readonly find: Find; readonly start?: readonly string[] | undefined; readonly cwd?: string | undefined },
  ctx: RemedyContext,
  ownersAgeMs = 0,
): Promise<Target> {
  return identifyTarget({ ...find, start }, folderOf(cwd, ctx), ctx, ownersAgeMs);
}

/** `cwd`: the remedy's working folder, absolute. */
async function identifyTarget(find: Find, cwd: string | undefined, ctx: RemedyContext, ownersAgeMs: number): Promise<Target> {
  const [owners, table] = await Promise.all([
    find.port === undefined ? undefined : ownersOf(find.port, ctx, ownersAgeMs),
    ctx.processes.table({ maxAgeMs: 0 }).catch(errorText),
  ]);
  if (typeof table === 'string') return refuse('owner-unknown', `The processes of this machine could not be read: ${table}.`, []);
  if (owners?.kind === 'unknown') {
    return refuse('owner-unknown', `Something listens on port ${find.port}, but this user may not see what: ${owners.why}.`, []);
  }
  const look = new Look(find, table, ctx);

  const listeners: ProcessRow[] = [];
  for (const pid of owners?.pids ?? []) {
    // The table and the list of owners are not of one instant.
    const row = table.rows.get(pid) ?? (await ctx.processes.identify(pid));
    if (row && !row.isZombie) listeners.push(row);
  }
  const stranger = listeners.find(
    (row) => !look.isOurs(row) && !listeners.some((master) => look.isOurs(master) && look.isBelow(row, master)),
  );
  if (stranger)
    return refuse('port-taken', `Port ${find.port} is taken by ${await look.strangerText(stranger)}${look.whyStrange(stranger)}.`, [
      stranger,
    ]);

  const certain = look.recorded();
  if (listeners.length > 0) {
    const groups = look.rootsOf(listeners.filter((row) => look.isOurs(row)));
    const isCertain = (root: ProcessRow) => certain.roots.some((known) => known.pid === root.pid || look.isBelow(root, known));
    if (groups.length > 1 && !groups.every(isCertain)) {
      return refuse('several-candidates', `Several processes listen on port ${find.port}: ${listed(groups)}.`, groups);
    }
    // Together with what the engine itself had started and does not listen: it would be a second copy.
    return withoutRival(look.allowed(look.rootsOf([...groups, ...certain.roots]), [...listeners, ...groups]), look, cwd);
  }
  if (certain.roots.length > 0) return withoutRival(look.allowed(certain.roots, certain.roots), look, cwd);
  const filed = look.pidFile();
  if (filed) return withoutRival(look.allowed(look.rootsOf([filed]), [filed]), look, cwd);
  if (certain.renamed) {
    return refuse(
      'no-certain-owner',
      `${processText(certain.renamed)} was started by this engine, but no longer matches "${find.match}".`,
      [certain.renamed],
    );
  }
  return onlyTree(look, cwd);
}

/** A tree beside the certain one that works in the same folder, or in one that the system does not tell, could be the service
 * too; what is started would be a second copy (R13). A copy elsewhere, a command that the engine runs, and another program that
 * only names it (an editor, a `tail`), could not. */
async function withoutRival(target: Target, look: Look, cwd: string | undefined): Promise<Target> {
  if (target.kind !== 'found' || cwd === undefined) return target;
  const { roots } = target;
  const isOther = (row: ProcessRow) =>
    !look.isRecorded(row) &&
    !look.isUnrecordedChild(row) &&
    roots.some((root) => root.name === row.name) &&
    !roots.some((root) => root.pid === row.pid || look.isBelow(row, root) || look.isBelow(root, row));
  const { here, untold } = await placesOf(look.matching().filter(isOther), look, await realFolder(cwd, look.ctx));
  const rivals = look.rootsOf([...here, ...untold]);
  if (rivals.length === 0) return target;
  const all = [...roots, ...rivals];
  return refuse('several-candidates', `Several processes match "${look.find.match}" and may be the service: ${listed(all)}.`, all);
}

/** By where they work. `untold`: in a folder that the system does not tell. Who is gone meanwhile is left out. */
async function placesOf(rows: readonly ProcessRow[], look: Look, folder: string | undefined) {
  const here: ProcessRow[] = [];
  const elsewhere: ProcessRow[] = [];
  const untold: ProcessRow[] = [];
  const places = await Promise.all(rows.map(async (row) => ({ row, where: await look.ctx.processes.cwd(row.pid) })));
  for (const { row, where } of places) {
    if (where === undefined) {
      if (look.ctx.processes.isAlive(row)) untold.push(row);
    } else (where === folder ? here : elsewhere).push(row);
  }
  return { here, elsewhere, untold };
}

async function onlyTree(look: Look, cwd: string | undefined): Promise<Target> {
  const matching = look.matching();
  if (matching.length === 0) return { kind: 'none' };
  const folder = cwd === undefined ? undefined : await realFolder(cwd, look.ctx);
  const { here, elsewhere, untold } = await placesOf(matching, look, folder);
  const roots = look.rootsOf(here);
  // A copy whose folder nobody knows may be in this one too; a helper below a certain root is part of its tree.
  const doubtful = look.rootsOf(untold).filter((row) => !roots.some((root) => root.pid === row.pid || look.isBelow(row, root)));
  if (roots.length + doubtful.length > 1)
    return refuse('several-candidates', `Several processes match "${look.find.match}": ${listed([...roots, ...doubtful])}.`, [
      ...roots,
      ...doubtful,
    ]);
  const root = roots[0];
  if (root) {
    // No other evidence than its words: then they must be what it runs, not what somebody told it.
    if (!here.some((row) => runsIt(row, look.find.match, look.find.start)))
      return refuse('no-certain-owner', `${processText(root)} has "${look.find.match}" in its command line, but may not be what runs it.`, [
        root,
      ]);
    // A command that the engine runs at this moment (a check, say) is no service, but neither is it surely none.
    if (look.isUnrecordedChild(root))
      return refuse('no-certain-owner', `${processText(root)} runs under this engine, which did not record it as the service.`, [root]);
    return look.allowed([root], [root, ...here]);
  }
  const others = [...doubtful, ...elsewhere.filter((row) => !look.isUnrecordedChild(row) && !look.isOfOthers(row))];
  if (others.length === 0) return { kind: 'none' };
  const why = folder === undefined ? 'no working folder is configured to tell by' : `none is known to work in ${cwd}`;
  return refuse('no-certain-owner', `${listed(look.rootsOf(others))} matches "${look.find.match}", but ${why}.`, others);
}

/** One look at the machine: a table and the questions that R13 asks of it. */
class Look {
  readonly find: Find;
  readonly table: ProcessTable;
  readonly ctx: RemedyContext;
  readonly #matches: (commandLine: string) => boolean;
  constructor(find: Find, table: ProcessTable, ctx: RemedyContext) {
    this.find = find;
    this.table = table;
    this.ctx = ctx;
    this.#matches = compileMatch(find.match);
  }

  /** Of this user, not the engine nor above it, matching, and no mere bystander: the conditions that every target meets. */
  isOurs(row: ProcessRow): boolean {
    if (row.pid <= 1 || row.uid !== this.ctx.uid || row.isZombie || this.table.protected.has(row.pid)) return false;
    return this.#matches(row.command) && !isBystander(row, this.find.match, this.find.start);
  }
  /** What a person needs to know of who took the port: program, folder, age, who started it. */
  async strangerText(row: ProcessRow): Promise<string> {
    const folder = await this.ctx.processes.cwd(row.pid);
    const parent = row.ppid > 1 ? this.table.rows.get(row.ppid) : undefined;
    return [
      `${processText(row)}, running for ${durationText(row.ageMs)}`,
      folder === undefined ? '' : ` in ${folder}`,
      parent ? `, started by ${parent.name} (pid ${parent.pid})` : '',
    ].join('');
  }
  whyStrange(row: ProcessRow): string {
    if (this.table.protected.has(row.pid)) return ', which is this engine or runs it';
    if (row.uid !== this.ctx.uid) return ', which belongs to another user';
    if (this.#matches(row.command)) return `, which has "${this.find.match}" in its command line, but is ${row.name}`;
    return `, which does not match "${this.find.match}"`;
  }
  isBelow(row: ProcessRow, above: ProcessRow): boolean {
    return ancestorsOf(this.table, row.pid).some((ancestor) => ancestor.pid === above.pid);
  }
  matching(): ProcessRow[] {
    return [...this.table.rows.values()].filter((row) => this.isOurs(row));
  }

  /** The tops of the trees that these belong to. Upwards only from parent to parent that matches, and never out of a terminal: what
   * made that terminal (`tmux new-session … app.py`) has the text in its command line, and other people's windows below it. */
  rootsOf(rows: readonly ProcessRow[]): ProcessRow[] {
    const tops = new Map<number, ProcessRow>();
    for (const row of rows) {
      let top = row;
      for (const ancestor of ancestorsOf(this.table, row.pid)) {
        if (!this.isOurs(ancestor) || (top.hasTerminal && !ancestor.hasTerminal)) break;
        top = ancestor;
      }
      tops.set(top.pid, top);
    }
    const found = [...tops.values()];
    return found.filter((row) => !found.some((other) => other.pid !== row.pid && this.isBelow(row, other)));
  }

  /** What the engine itself started and recorded, as far as it lives. A start script that does not match itself is known by
   * what it runs; when it is gone, by what is left in its process group, whose number the kernel gives to nobody else. */
  recorded(): { roots: ProcessRow[]; renamed: ProcessRow | undefined } {
    const rows: ProcessRow[] = [];
    let renamed: ProcessRow | undefined;
    for (const identity of this.ctx.recorded) {
      const now = this.table.rows.get(identity.pid);
      if (now && now.startId !== identity.startId) continue;
      if (now && !now.isZombie) {
        const below = descendantsOf(this.table, now.pid).filter((row) => this.isOurs(row));
        if (this.isOurs(now)) rows.push(now);
        else if (below.length > 0) rows.push(...below);
        else if (!this.table.protected.has(now.pid)) renamed ??= now;
      } else {
        rows.push(...this.matching().filter((row) => row.pgid === identity.pid));
      }
    }
    return { roots: this.rootsOf(rows), renamed };
  }

  /** The process that the pid file names, if that file can be meant for it: it matches, and began before the file was written. */
  pidFile(): ProcessRow | undefined {
    if (this.find.pidFile === undefined) return undefined;
    const file = expandPath(this.find.pidFile, this.ctx.userHome);
    try {
      const written = statSync(file);
      if (!written.isFile() || written.size > PID_FILE_BYTES) return undefined;
      const row = this.table.rows.get(Number(/^\s*(\d{1,10})\s*(\n|$)/.exec(readFileSync(file, 'utf8'))?.[1]));
      if (!row || !this.isOurs(row)) return undefined;
      const startedAt = this.ctx.clock.now().wallMs - row.ageMs;
      return startedAt <= written.mtimeMs + PID_FILE_SLACK_MS ? row : undefined;
    } catch {
      return undefined;
    }
  }

  /** A child of the engine that it did not record as the service: most likely a command of some check. */
  isUnrecordedChild(row: ProcessRow): boolean {
    if (this.isRecorded(row)) return false;
    return ancestorsOf(this.table, row.pid).some((ancestor) => ancestor.pid === this.#enginePid());
  }
  #enginePid(): number | undefined {
    // The deepest of the protected: the others are its ancestors.
    const pids = [...this.table.protected];
    return pids.find((pid) => !pids.some((other) => this.table.rows.get(other)?.ppid === pid));
  }
  isRecorded(row: ProcessRow): boolean {
    return isOfTrees(this.table, row, this.ctx.recorded);
  }
  isOfOthers(row: ProcessRow): boolean {
    return isOfOthers(this.table, row, this.ctx.others());
  }

  /** R12: somebody who sits at a terminal is told, and touched only by a person's order. Helpers further down the tree may have
   * terminals of their own (a service that offers shells); they do not count. */
  allowed(roots: readonly ProcessRow[], seen: readonly ProcessRow[]): Target {
    const atTerminal = [...roots, ...seen].find((row) => row.hasTerminal && !this.isRecorded(row));
    if (atTerminal && this.ctx.trigger === 'auto') {
      return refuse('has-terminal', `${processText(atTerminal)} runs in a terminal; somebody started it by hand, so it is left alone.`, [
        atTerminal,
      ]);
    }
    return { kind: 'found', roots };
  }
}

function listed(rows: readonly ProcessRow[]): string {
  return rows.slice(0, 5).map(processText).join(', ') + (rows.length > 5 ? ` and ${rows.length - 5} more` : '');
}

/** As the system tells working folders: without symlinks. One on a drive that is gone is known by its name only. */
async function realFolder(folder: string, { timers }: RemedyContext): Promise<string> {
  const real = statOnce(folder).then(() => realpath(folder));
  return (await inTime(real, FOLDER_MS, timers).catch(() => undefined)) ?? folder;
}
