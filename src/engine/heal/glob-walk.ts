// Finds what the patterns of a remedy name, one entry after the other (R14): a symlink is followed only in the fixed part
// of a pattern, once; below it symlinked folders are never entered. Reads folders; opens no file, changes nothing.
import type { Dir, Dirent } from 'node:fs';
import { lstat, opendir, realpath } from 'node:fs/promises';
import { systemCode } from '../../contract/errors.ts';
import { isRefusedPattern, type Pattern, parsePatterns, type Segment } from './glob-pattern.ts';

export interface FoundEntry {
  /** Real folder and name: no part of the folder was a symlink when it was walked. */
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  /** The name under which it matched (`nameOf`). */
  readonly matchedName: string;
  readonly kind: 'file' | 'symlink' | 'other';
}
export interface WalkOptions {
  readonly userHome: string;
  /** Asked between entries; true ends the walk. */
  readonly isOver: () => boolean;
  /** Told of what could not be looked at, with a named reason. */
  readonly onSkip: (path: string, reason: string) => void;
  /** The name to match a file by, if it is not its own: a leftover stands for the file it came from. */
  readonly nameOf?: (name: string) => string;
  readonly opendir?: typeof opendir;
}
export type Walk =
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }
  | { readonly kind: 'walk'; readonly entries: AsyncGenerator<FoundEntry> };

/** Nothing is read before the first entry is asked for. One refused pattern refuses all. */
export function walkPatterns(texts: readonly string[], options: WalkOptions): Walk {
  const patterns = parsePatterns(texts, options.userHome);
  return isRefusedPattern(patterns) ? patterns : { kind: 'walk', entries: walk(patterns, options) };
}

/** Where in which pattern a folder stands: `at` is the segment that its entries are compared with. */
interface State {
  readonly segments: readonly Segment[];
  readonly at: number;
}
interface Folder {
  readonly path: string;
  readonly states: readonly State[];
}

async function* walk(patterns: readonly Pattern[], options: WalkOptions): AsyncGenerator<FoundEntry> {
  // Depth first with the folders still to read on a stack: one handle open at a time, however deep the tree is.
  const stack = (await rootsOf(patterns, options)).reverse();
  for (let folder = stack.pop(); folder && !options.isOver(); folder = stack.pop()) {
    for await (const { name, kind } of entriesOf(folder, options)) {
      if (options.isOver()) return;
      const path = folder.path === '/' ? `/${name}` : `${folder.path}/${name}`;
      if (kind === 'folder') {
        const states = descend(folder.states, name);
        if (states.length > 0) stack.push({ path, states });
        continue;
      }
      const matchedName = options.nameOf?.(name) ?? name;
      if (!folder.states.some((state) => isLast(state) && matches(state, matchedName))) continue;
      yield { folder: folder.path, name, path, matchedName, kind };
    }
  }
}

/** The fixed parts, resolved once. One that lies within another becomes a part of its patterns, so that no file is met twice. */
async function rootsOf(patterns: readonly Pattern[], options: WalkOptions): Promise<Folder[]> {
  const roots = new Map<string, State[]>();
  for (const pattern of patterns) {
    const real = await realpath(pattern.fixed).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') options.onSkip(pattern.fixed, 'folder-unreadable');
      return undefined;
    });
    if (real === undefined) continue;
    const states = roots.get(real) ?? [];
    states.push(...closure({ segments: pattern.segments, at: 0 }));
    roots.set(real, states);
  }
  const outermost: { path: string; states: State[] }[] = [];
  for (const [path, states] of [...roots].sort(([a], [b]) => a.length - b.length)) {
    const outer = outermost.find((root) => path.startsWith(root.path === '/' ? '/' : `${root.path}/`));
    if (!outer) {
      outermost.push({ path, states });
      continue;
    }
    const between: Segment[] = path
      .slice(outer.path === '/' ? 1 : outer.path.length + 1)
      .split('/')
      .map((name) => ({ kind: 'name', name }));
    for (const state of states) outer.states.push({ segments: [...between, ...state.segments.slice(state.at)], at: 0 });
  }
  return outermost;
}

/** `**` also stands for no folder at all. */
function closure(state: State): State[] {
  const states = [state];
  for (let at = state.at; state.segments[at]?.kind === 'any-depth' && at + 1 < state.segments.length; at += 1) {
    states.push({ segments: state.segments, at: at + 1 });
  }
  return states;
}

function isLast({ segments, at }: State): boolean {
  return at === segments.length - 1;
}

function matches({ segments, at }: State, name: string): boolean {
  const segment = segments[at] as Segment;
  if (segment.kind === 'name') return segment.name === name;
  if (segment.kind === 'any-depth') return !name.startsWith('.');
  return segment.isMatch(name);
}

function descend(states: readonly State[], name: string): State[] {
  const next: State[] = [];
  for (const state of states) {
    if (!matches(state, name)) continue;
    if (state.segments[state.at]?.kind === 'any-depth') next.push(...closure(state));
    else if (!isLast(state)) next.push(...closure({ segments: state.segments, at: state.at + 1 }));
  }
  // `a/**/**/b` reaches the same place on several ways.
  return next.filter((state, index) => next.findIndex((other) => other.segments === state.segments && other.at === state.at) === index);
}

interface Entry {
  readonly name: string;
  readonly kind: FoundEntry['kind'] | 'folder';
}

async function* entriesOf(folder: Folder, options: WalkOptions): AsyncGenerator<Entry> {
  let dir: Dir;
  try {
    dir = await (options.opendir ?? opendir)(folder.path, { bufferSize: 256 });
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return;
    options.onSkip(folder.path, 'folder-unreadable');
    // A folder that may be passed but not listed still gives up the entries that a pattern names outright.
    yield* namedEntriesOf(folder);
    return;
  }
  try {
    for await (const entry of dir) {
      // The bytes are no UTF-8 and the name cannot be told or recorded exactly: left alone.
      if (entry.name.includes('\uFFFD')) options.onSkip(`${folder.path}/${entry.name}`, 'name-not-utf8');
      else yield { name: entry.name, kind: kindOf(entry) };
    }
  } catch {
    options.onSkip(folder.path, 'folder-unreadable');
  }
}

async function* namedEntriesOf(folder: Folder): AsyncGenerator<Entry> {
  const names = new Set<string>();
  for (const { segments, at } of folder.states) {
    const segment = segments[at];
    if (segment?.kind === 'name') names.add(segment.name);
  }
  for (const name of names) {
    const stats = await lstat(`${folder.path}/${name}`).catch(() => undefined);
    if (stats) yield { name, kind: kindOf(stats) };
  }
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Entry['kind'] {
  if (entry.isDirectory()) return 'folder';
  if (entry.isSymbolicLink()) return 'symlink';
  return entry.isFile() ? 'file' : 'other';
}
