// Rotates the logs that the patterns name and that are over the check's limit (R15): finishes what an earlier run left, packs
// each log beside itself, keeps the newest archives. Touches those logs and files with our own names beside them; never the
// engine's home, a database, a link. Records each log that it rotates or keeps.
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { RemedyOf } from '../../contract/config.ts';
import { errorText, systemCode } from '../../contract/errors.ts';
import type { RemedyContext, RemedyResult } from '../../contract/ports.ts';
import { sizeText } from '../../contract/units.ts';
import { nameOf, nextId, type OurName, readOurName } from './archive-name.ts';
import { Repositories } from './git-repositories.ts';
import { walkPatterns } from './glob-walk.ts';
import { KeptFiles } from './kept-files.ts';
import { folderOf } from './launch-plan.ts';
import { type FolderFacts, Folders, isOfDatabase, OpenNow, whyKeepFile } from './may-delete.ts';
import { pruneArchives } from './prune-archives.ts';
import { acted, refused } from './result.ts';
import { type CopySeam, rotateByCopy } from './rotate-copy.ts';
import { takeUpLeftovers } from './rotate-leftovers.ts';
import { isLetGo, packSetAside, putBack, type SetAside, setAside } from './rotate-rename.ts';
import type { Rotated, Rotation } from './rotation.ts';

const PACKED = /\.(gz|bz2|xz|zst|lz4|zip|br)$/i;

/** A log and what stands beside it under our names. */
interface Log {
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  readonly ours: OurName[];
}

export async function rotateLogs(remedy: RemedyOf<'rotate-logs'>, context: RemedyContext, seam: CopySeam = {}): Promise<RemedyResult> {
  const time = new AbortController();
  const cancel = context.timers.after(remedy.timeoutMs, () => time.abort());
  const signal = AbortSignal.any([context.signal, time.signal]);
  try {
    const run = new Run(remedy, { ...context, signal }, await Folders.besides(context.home), seam);
    const walk = walkPatterns(remedy.paths ?? context.checkPaths, {
      userHome: context.userHome,
      isOver: () => signal.aborted,
      onSkip: (path, reason) => run.kept.keep(path, reason),
      nameOf: (name) => readOurName(name)?.source ?? name,
    });
    if (walk.kind === 'refused') return refused(walk.reason, walk.message);
    const logs = new Map<string, Log>();
    for await (const { folder, name, matchedName, kind } of walk.entries) {
      const path = `${folder}/${matchedName}`;
      const log = logs.get(path) ?? { folder, name: matchedName, path, ours: [] };
      logs.set(path, log);
      const ours = kind === 'file' ? readOurName(name) : undefined;
      if (ours) log.ours.push(ours);
    }
    await run.rotateAll([...logs.values()]);
    return run.result(context.signal.aborted ? 'aborted' : time.signal.aborted ? 'timed-out' : undefined);
  } finally {
    cancel();
  }
}

class Run {
  readonly kept: KeptFiles;
  readonly #remedy: RemedyOf<'rotate-logs'>;
  readonly #context: RemedyContext;
  readonly #folders: Folders;
  readonly #repositories: Repositories;
  readonly #seam: CopySeam;
  readonly #openNow: OpenNow;
  #rotated = 0;
  #bytes = 0;
  #lossy = 0;
  #isDiskFull = false;
  #trouble: string | undefined;
  #after: { readonly isOk: boolean; readonly isStarted: boolean; readonly text: string } | undefined;

  constructor(remedy: RemedyOf<'rotate-logs'>, context: RemedyContext, folders: Folders, seam: CopySeam) {
    this.#remedy = remedy;
    this.#context = context;
    this.#folders = folders;
    this.#repositories = new Repositories(context);
    this.#seam = seam;
    this.#openNow = new OpenNow(context);
    this.kept = new KeptFiles((effect) => context.record(effect));
  }

  async rotateAll(logs: readonly Log[]): Promise<void> {
    const aside: { log: Log; aside: SetAside }[] = [];
    for (const log of logs) {
      if (this.#context.signal.aborted || this.#isDiskFull) return this.#finish(aside);
      await this.#guarded(log.path, async () => {
        const facts = await this.#judgeFolder(log);
        if (!facts) return;
        for (const { path, result } of await takeUpLeftovers(this.#leftoverOf(log), log.ours)) this.#note(path, log.path, result);
        const rotation = await this.#choose(log);
        if (rotation && this.#remedy.after) {
          const moved = await this.#setAside(rotation);
          if (moved) aside.push({ log, aside: moved });
        } else if (rotation) {
          this.#note(log.path, log.path, await rotateByCopy(rotation, this.#seam));
        }
        if (!rotation || !this.#remedy.after) await this.#prune(log, facts);
      });
    }
    await this.#finish(aside);
  }

  /** Where nothing may be rotated nothing of ours can be left over either. */
  async #judgeFolder(log: Log): Promise<FolderFacts | undefined> {
    const facts = await this.#folders.judge(log.folder);
    if (typeof facts !== 'string') return facts;
    this.kept.keep(log.path, facts);
    return undefined;
  }

  #leftoverOf({ folder, name }: Log) {
    return { folder, name, context: this.#context, openNow: this.#openNow, signal: this.#context.signal };
  }

  /** The log, if it is to be rotated. What is merely small is no news; what a rule keeps is recorded. */
  async #choose(log: Log): Promise<Rotation | undefined> {
    const stats: BigIntStats | undefined = await lstat(log.path, { bigint: true }).catch(() => undefined);
    if (!stats || stats.isDirectory()) return undefined;
    const why = whyKeepFile(stats);
    // st_blocks counts in 512 bytes whatever the file system's own block is (stat(2)).
    const isSmall = stats.size === 0n || Number(stats.blocks) * 512 < (this.#context.rotateOverBytes ?? 0);
    if (!why && (isSmall || PACKED.test(log.name))) return undefined;
    const reason = why ?? ((await isOfDatabase(log.path)) ? 'database' : undefined);
    if (reason) {
      this.kept.keep(log.path, reason);
      return undefined;
    }
    const id = nextId(log.ours, this.#context.clock.now().wallMs);
    return { ...this.#leftoverOf(log), path: log.path, stats, id };
  }

  async #setAside(rotation: Rotation): Promise<SetAside | undefined> {
    const isKnown = await this.#openNow.refresh();
    const moved = isKnown ? await setAside(rotation) : undefined;
    if (!moved) this.kept.keep(rotation.path, isKnown ? 'changed-meanwhile' : 'open-files-unknown');
    return moved;
  }

  /** Tells the writers once, for all their logs; then packs what they have let go of. */
  async #finish(asides: readonly { log: Log; aside: SetAside }[]): Promise<void> {
    if (asides.length === 0) return;
    const after = await this.#tellWriters();
    this.#after = after;
    for (const { log, aside } of asides) {
      await this.#guarded(log.path, async () => {
        const letGo = await isLetGo(aside, after.isOk ? undefined : 0);
        const isUnknown = letGo === 'unknown';
        if (letGo === true) this.#note(log.path, log.path, await packSetAside(aside));
        // Who still writes to it while nothing has its name has not reopened: no check would ever look at that file again.
        else if (await putBack(aside))
          this.kept.keep(log.path, !after.isOk ? 'after-failed' : isUnknown ? 'open-files-unknown' : 'not-reopened');
        else {
          const waiting = `${aside.folder}/${nameOf(aside.name, aside.id, 'rotating')}`;
          this.kept.keep(waiting, isUnknown ? 'open-files-unknown' : 'still-open');
        }
        const facts = await this.#judgeFolder(log);
        if (facts) await this.#prune(log, facts);
      });
    }
  }

  async #tellWriters() {
    const result = await this.#context.commands.run({
      argv: this.#remedy.after ?? [],
      cwd: folderOf(undefined, this.#context),
      timeoutMs: this.#remedy.timeoutMs,
      signal: this.#context.signal,
      ends: 'group',
    });
    if (result.kind === 'not-started') return { isOk: false, isStarted: false, text: result.message };
    return { isOk: result.kind === 'exited' && result.exitCode === 0, isStarted: true, text: result.output };
  }

  #note(path: string, source: string, result: Rotated): void {
    if (result.kind === 'kept') {
      this.kept.keep(path, result.reason);
      return;
    }
    this.#rotated += 1;
    this.#bytes += result.bytes;
    if (!result.lossless) this.#lossy += 1;
    this.#context.record({ event: 'file-rotated', path: source, archive: result.archive, bytes: result.bytes, lossless: result.lossless });
  }

  async #prune(log: Log, facts: FolderFacts): Promise<void> {
    // The list of the walk lacks at most what this run has made.
    if (log.ours.length >= this.#remedy.keep)
      await pruneArchives({ ...log, facts }, this.#remedy.keep, this.#repositories, this.#context, this.kept);
  }

  /** One log's trouble is not another's; but where the disk is full, the next would only try in vain. */
  async #guarded(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const code = systemCode(error) ?? 'unknown';
      this.#isDiskFull ||= code === 'ENOSPC' || code === 'EDQUOT';
      if (code === 'unknown') this.#trouble = errorText(error);
      if (this.#context.signal.aborted) this.kept.keep(path, 'aborted');
      else this.kept.keep(path, this.#isDiskFull ? 'disk-full' : `rotate-failed-${code}`);
    }
  }

  result(cut: 'aborted' | 'timed-out' | undefined): RemedyResult {
    this.kept.recordRest();
    const output = [
      this.kept.count > 0 ? `Kept: ${this.kept.text()}` : '',
      this.#lossy > 0 ? `Not proven to be lossless: ${this.#lossy}` : '',
      this.#trouble ?? '',
      this.#after?.text ? `After: ${this.#after.text}` : '',
    ];
    const text = output.filter((line) => line !== '').join('\n');
    const done = `Rotated ${this.#rotated} ${this.#rotated === 1 ? 'file' : 'files'}, ${sizeText(this.#bytes)}`;
    if (cut) return acted(cut, `${done}, then ${cut === 'aborted' ? 'was stopped' : 'its time was over'}`, text);
    if (this.#isDiskFull) return acted('disk-full', `${done}; the disk has no room for an archive`, text);
    if (this.#after && !this.#after.isStarted) {
      return { kind: 'not-started', reason: 'after-not-started', message: `${done}; "after" could not be started`, output: text };
    }
    if (this.#after && !this.#after.isOk) return acted('after-failed', `${done}; "after" failed`, text);
    if (this.#rotated > 0) return acted('rotated', this.kept.count > 0 ? `${done}; ${this.kept.count} kept` : done, text);
    const reason = this.kept.mainReason();
    if (!reason) return acted('nothing-to-rotate', 'No log is large enough to be rotated');
    return { kind: 'refused', reason, message: `Nothing was rotated: ${this.kept.text()}`, output: text };
  }
}
