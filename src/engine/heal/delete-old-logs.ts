// Deletes old logs, oldest first, and nothing that R14 protects: what it can't be sure of stays. Touches only files that
// the remedy's own patterns name, and records each one that it deletes or keeps.
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { RemedyOf } from '../../contract/config.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { sizeText } from '../../contract/units.ts';
import { Repositories } from './git-repositories.ts';
import { trackedAmong } from './git-tracked.ts';
import { tooWide } from './glob-pattern.ts';
import { type FoundEntry, walkPatterns } from './glob-walk.ts';
import { KeptFiles } from './kept-files.ts';
import { ageDays, type FolderFacts, Folders, isOfDatabase, judgeAge, OpenNow, whyKeepFile } from './may-delete.ts';
import { type FileMark, unlinkSame } from './unlink-same.ts';

/** Candidates held in memory at once; when there are more the oldest are dealt with first and the walk is repeated. */
const MAX_CANDIDATES = 10_000;
/** Files that are judged together: git is asked once for them. */
const BATCH = 100;

interface Candidate {
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  readonly mark: FileMark;
  readonly bytes: number;
}
/** For tests that change the tree between the last judgement of a file and its deletion. */
export interface DeleteSeam {
  readonly maxCandidates?: number;
  readonly beforeUnlink?: (path: string) => void | Promise<void>;
}

export async function deleteOldLogs(
  remedy: RemedyOf<'delete-old-logs'>,
  context: RemedyContext,
  seam: DeleteSeam = {},
): Promise<RemedyResult> {
  const run = new Run(remedy.olderThanMs, remedy.timeoutMs, context, await Folders.besides(context.home), seam);
  const wide = tooWide(remedy.paths, context.userHome);
  if (wide !== undefined) {
    const message = `The pattern "${wide}" names every file of a home or a disk; name the folder that holds the logs, or how they end`;
    return { kind: 'refused', reason: 'pattern-too-wide', message, output: '' };
  }
  const walk = () =>
    walkPatterns(remedy.paths, {
      userHome: context.userHome,
      isOver: () => run.isOver(),
      onSkip: (path, reason) => run.skip(path, reason),
    });
  const first = walk();
  if (first.kind === 'refused') return { kind: 'refused', reason: first.reason, message: first.message, output: '' };
  if (await run.canAsk()) {
    for (let next: typeof first | undefined = first; next; ) {
      const isComplete = await run.pass(next.entries);
      const again = isComplete || run.isOver() ? undefined : walk();
      next = again?.kind === 'walk' ? again : undefined;
    }
  }
  return run.result();
}

class Run {
  readonly #olderThanMs: number;
  readonly #timeoutMs: number;
  readonly #context: RemedyContext;
  readonly #folders: Folders;
  readonly #repositories: Repositories;
  readonly #seam: DeleteSeam;
  readonly #startedAtMs: number;
  readonly #open: OpenNow;
  readonly #kept: KeptFiles;
  /** The youngest that was dealt with; the next walk takes up after it. */
  #last: Candidate | undefined;
  #isFirstWalk = true;
  #canList = true;
  #deleted = 0;
  #bytes = 0;

  constructor(olderThanMs: number, timeoutMs: number, context: RemedyContext, folders: Folders, seam: DeleteSeam) {
    this.#olderThanMs = olderThanMs;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
    this.#folders = folders;
    this.#repositories = new Repositories(context);
    this.#seam = seam;
    this.#startedAtMs = context.clock.now().awakeMs;
    this.#open = new OpenNow(context);
    this.#kept = new KeptFiles((effect) => context.record(effect));
  }

  isOver(): boolean {
    return !this.#canList || this.#context.signal.aborted || this.#isTimedOut();
  }

  #isTimedOut(): boolean {
    return this.#context.clock.now().awakeMs - this.#startedAtMs >= this.#timeoutMs;
  }

  skip(path: string, reason: string): void {
    if (this.#isFirstWalk) this.#kept.keep(path, reason);
  }

  /** If open files can't be listed nothing is deleted (R14). */
  async canAsk(maxAgeMs?: number): Promise<boolean> {
    this.#canList = await this.#open.refresh(maxAgeMs);
    return this.#canList;
  }

  /** One walk and its deletions. False: more candidates than fit were found. */
  async pass(entries: AsyncIterable<FoundEntry>): Promise<boolean> {
    const max = this.#seam.maxCandidates ?? MAX_CANDIDATES;
    let candidates: Candidate[] = [];
    let isComplete = true;
    for await (const entry of entries) {
      const candidate = await this.#candidate(entry);
      if (!candidate || (this.#last && byAge(candidate, this.#last) <= 0)) continue;
      candidates.push(candidate);
      if (candidates.length < 2 * max) continue;
      candidates = candidates.sort(byAge).slice(0, max);
      isComplete = false;
    }
    candidates.sort(byAge);
    if (candidates.length > max) isComplete = false;
    this.#isFirstWalk = false;
    // Who holds what is asked after the files were chosen, never before.
    if (candidates.length > 0) await this.canAsk(0);
    for (let at = 0; at < Math.min(max, candidates.length) && !this.isOver(); at += BATCH) {
      await this.#deleteBatch(candidates.slice(at, Math.min(max, at + BATCH)));
    }
    return isComplete;
  }

  async #candidate(entry: FoundEntry): Promise<Candidate | undefined> {
    const { folder, name, path } = entry;
    const stats: BigIntStats | undefined = await lstat(path, { bigint: true }).catch(() => undefined);
    if (!stats || stats.isDirectory()) return undefined;
    const why = whyKeepFile(stats) ?? judgeAge(stats, this.#olderThanMs, this.#context);
    // Too young is how most files are; that is no news.
    if (why === 'young') return undefined;
    if (why !== 'old') {
      this.skip(path, why);
      return undefined;
    }
    const { dev, ino, mtimeNs, size } = stats;
    // st_blocks counts in 512 bytes whatever the file system's own block is (stat(2)).
    return { folder, name, path, mark: { dev, ino, mtimeNs, size }, bytes: Number(stats.blocks) * 512 };
  }

  async #deleteBatch(batch: readonly Candidate[]): Promise<void> {
    const allowed: { candidate: Candidate; facts: FolderFacts }[] = [];
    for (const candidate of batch) {
      const facts = await this.#folders.judge(candidate.folder);
      const why = typeof facts === 'string' ? facts : (await isOfDatabase(candidate.path)) ? 'database' : undefined;
      if (typeof facts === 'string' || why) this.#kept.keep(candidate.path, why ?? 'folder-changed');
      else allowed.push({ candidate, facts });
    }
    const tracked = await trackedAmong(
      allowed.map(({ candidate }) => candidate.path),
      this.#repositories,
      this.#context,
    );
    for (const { candidate, facts } of allowed) {
      const git = tracked.get(candidate.path);
      if (git) {
        this.#kept.keep(candidate.path, git);
        continue;
      }
      if (this.isOver() || !(await this.canAsk())) return;
      await this.#deleteOne(candidate, facts);
    }
    this.#last = batch.at(-1);
  }

  async #deleteOne(candidate: Candidate, { dev, ino }: FolderFacts): Promise<void> {
    await this.#seam.beforeUnlink?.(candidate.path);
    const { folder, name, mark } = candidate;
    const file = { folder, name, folderDev: dev, folderIno: ino, stats: mark };
    const why = this.#open.holders(mark).length > 0 ? 'open' : unlinkSame(file, this.#context.platform);
    if (why) {
      this.#kept.keep(candidate.path, why);
      return;
    }
    this.#deleted += 1;
    this.#bytes += candidate.bytes;
    const { path, bytes } = candidate;
    this.#context.record({ event: 'file-deleted', path, bytes, ageDays: ageDays(mark, this.#context) });
  }

  result(): RemedyResult {
    this.#kept.recordRest();
    const output = this.#kept.count > 0 ? `Kept: ${this.#kept.text()}` : '';
    const done = `Deleted ${this.#deleted} ${this.#deleted === 1 ? 'file' : 'files'}, ${sizeText(this.#bytes)}`;
    if (!this.#canList) {
      const why = `open files can't be listed: ${this.#open.why}`;
      if (this.#deleted === 0) {
        return { kind: 'refused', reason: 'open-files-unknown', message: `Nothing was deleted, because ${why}`, output };
      }
      return { kind: 'acted', reason: 'open-files-unknown', message: `${done}, then stopped, because ${why}`, output };
    }
    if (this.#context.signal.aborted) return { kind: 'acted', reason: 'aborted', message: `${done}, then was stopped`, output };
    if (this.#isTimedOut()) return { kind: 'acted', reason: 'timed-out', message: `${done}, then its time was over`, output };
    if (this.#deleted > 0) return { kind: 'acted', reason: 'deleted', message: done, output };
    const inDoubt = this.#kept.countOf('age-in-doubt');
    if (inDoubt > 0) {
      const files = inDoubt === 1 ? '1 file is' : `${inDoubt} files are`;
      const message = `Nothing was deleted: ${files} old enough by the clock only, which was set ahead, or was further on after a start than can be told for certain`;
      return { kind: 'refused', reason: 'age-in-doubt', message, output };
    }
    const message = this.#kept.count > 0 ? 'Nothing that may be deleted was found' : 'Nothing old enough was found';
    return { kind: 'acted', reason: 'nothing-to-delete', message, output };
  }
}

/** Oldest first; the path decides between equals, so that a walk can be taken up where the last one ended. */
function byAge(a: Candidate, b: Candidate): number {
  if (a.mark.mtimeNs !== b.mark.mtimeNs) return a.mark.mtimeNs < b.mark.mtimeNs ? -1 : 1;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
