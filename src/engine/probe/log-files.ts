// Watches log files: their size on disk, a pattern in what was appended since the last look, and their age.
// Reads, changes nothing. What a person can rely on: a glob visits at most MAX_ENTRIES entries (glob.ts), a look searches
// at most the newest SEARCH_CAP bytes of a file (log-search.ts); where it saw only a part, it says so.
import path from 'node:path';
import type { CheckOf } from '../../contract/config.ts';
import type { Measure } from '../../contract/flow.ts';
import type { AgesPort, ProbeContext } from '../../contract/ports.ts';
import { durationText, sizeText } from '../../contract/units.ts';
import type { Finding } from './finding.ts';
import { type Found, type FoundFile, findFiles, type GlobOptions, MAX_ENTRIES } from './glob.ts';
import { type Search, searchAppended } from './log-search.ts';
import { findingOf } from './system-error.ts';

export type LogFilesSystem = Pick<GlobOptions, 'readdir' | 'stat' | 'maxEntries'>;

export async function probeLogFiles(check: CheckOf<'log-files'>, ctx: ProbeContext, system: LogFilesSystem = {}): Promise<Finding> {
  const found = await findFiles(check.paths, { userHome: ctx.userHome, signal: ctx.signal, ...system });
  const files = unique([...found.byPattern.values()].flat());
  const search =
    check.pattern === undefined ? undefined : await searchAppended(files, check.pattern, found.troubles.length === 0 && !found.isCut, ctx);
  const troubles = [...found.troubles, ...(search?.troubles ?? [])];
  const size = check.maxSize === undefined ? undefined : largestOf(files, check.maxSize);
  const measures = size ? [size] : [];

  if (search && search.count > 0) return { level: 'error', reason: 'pattern-found', message: foundText(search), measures };
  const stale = check.maxAgeMs === undefined ? undefined : staleText(found, check.maxAgeMs, ctx.ages);
  if (stale !== undefined) return { level: 'error', reason: 'log-stale', message: stale, measures };
  // A limit that is passed by what we saw is passed, whatever we could not see.
  if (size && size.value > size.limit) return { level: 'ok', reason: 'within-limits', message: size.failText, measures };
  const trouble = troubles[0];
  if (trouble) return { ...findingOf(trouble.error, `to read ${trouble.path}`), level: 'unknown', measures };
  if (found.isCut) {
    const message = `More than ${system.maxEntries ?? MAX_ENTRIES} files and folders: not all were looked at; name the logs more closely in "paths"`;
    return { level: 'unknown', reason: 'cut-short', message, measures };
  }
  if (files.length === 0) return { level: 'ok', reason: 'within-limits', message: 'No files yet' };
  return { level: 'ok', reason: 'within-limits', message: okText(files, size, search), measures };
}

function largestOf(files: readonly FoundFile[], limit: number): Measure | undefined {
  const largest = files.reduce<FoundFile | undefined>((most, file) => (most && most.allocated >= file.allocated ? most : file), undefined);
  if (!largest) return undefined;
  return {
    name: 'size',
    value: largest.allocated,
    unit: 'bytes',
    limit,
    failsWhen: 'above',
    clearAt: undefined,
    failText: `${path.basename(largest.path)} takes ${sizeText(largest.allocated)}; the limit is ${sizeText(limit)}`,
    okText: `${countText(files)}, the largest ${sizeText(largest.allocated)}`,
  };
}

/** Each entry of `paths` must have one file that is fresh: the files of other days that a glob also matches are old by right. */
function staleText(found: Found, maxAgeMs: number, ages: AgesPort): string | undefined {
  for (const files of found.byPattern.values()) {
    const newest = files.reduce<FoundFile | undefined>((best, file) => (best && best.mtimeMs >= file.mtimeMs ? best : file), undefined);
    // A clock that is set makes no log old (R9).
    const ageMs = newest ? ages.ageMs(newest.mtimeMs) : 0;
    if (newest && ageMs > maxAgeMs) {
      return `${path.basename(newest.path)} was last written ${durationText(ageMs)} ago; the limit is ${durationText(maxAgeMs)}`;
    }
  }
  return undefined;
}

function foundText({ first, count }: Search): string {
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  return `${path.basename(first?.path ?? '')}: ${first?.line ?? ''}${more}`;
}

function okText(files: readonly FoundFile[], size: Measure | undefined, search: Search | undefined): string {
  const skipped = search && search.skippedBytes > 0 ? `; ${sizeText(search.skippedBytes)} of new text were too much to search` : '';
  return `${size?.okText ?? countText(files)}${search ? ', nothing new found in them' : ''}${skipped}`;
}

function countText(files: readonly FoundFile[]): string {
  return files.length === 1 ? '1 file' : `${files.length} files`;
}

function unique(files: readonly FoundFile[]): FoundFile[] {
  return [...new Map(files.map((file) => [file.id, file])).values()];
}
