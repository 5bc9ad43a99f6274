// Reads a path pattern as a remedy may use it: absolute or from `~`, with `*`, `**`, `?`, `{a,b}` and `[..]`. Whatever
// else a glob library would read as a pattern stands for itself, so that a remedy never matches more than it says. Pure.
import path from 'node:path';
import picomatch from 'picomatch';

export type Segment =
  | { readonly kind: 'name'; readonly name: string }
  /** `**`: any number of folders, also none. */
  | { readonly kind: 'any-depth' }
  | { readonly kind: 'glob'; readonly isMatch: (name: string) => boolean };
export interface Pattern {
  /** The leading folders without a glob. */
  readonly fixed: string;
  /** At least one; the last one names files. */
  readonly segments: readonly Segment[];
  /** The last one as it was written. */
  readonly last: string;
}
export interface RefusedPattern {
  readonly kind: 'refused';
  readonly reason: 'relative-pattern' | 'pattern-names-a-folder' | 'pattern-goes-up' | 'pattern-too-wide' | 'pattern-invalid';
  readonly message: string;
}

/** More alternatives than this in one pattern are a mistake. */
const MAX_ALTERNATIVES = 1_000;

export function isRefusedPattern(parsed: readonly Pattern[] | RefusedPattern): parsed is RefusedPattern {
  return 'kind' in parsed;
}

export function parsePatterns(texts: readonly string[], userHome: string): readonly Pattern[] | RefusedPattern {
  const patterns: Pattern[] = [];
  for (const text of texts) {
    const refuse = (reason: RefusedPattern['reason'], why: string): RefusedPattern => ({
      kind: 'refused',
      reason,
      message: `The pattern "${text}" ${why}`,
    });
    if (text.includes('\0')) return refuse('pattern-invalid', 'holds a NUL');
    const plain = alternatives(text);
    if (!plain) return refuse('pattern-too-wide', 'has too many alternatives');
    for (const one of plain) {
      const absolute = one === '~' || one.startsWith('~/') ? escaped(userHome) + one.slice(1) : one;
      if (!absolute.startsWith('/')) return refuse('relative-pattern', 'is not absolute');
      if (absolute.endsWith('/')) return refuse('pattern-names-a-folder', 'names a folder, not files');
      const pattern = patternOf(absolute.split('/').filter((part) => part !== ''));
      if (!pattern) return refuse('pattern-goes-up', 'has "." or ".." after its fixed part');
      patterns.push(pattern);
    }
  }
  return patterns;
}

/** The first of these patterns that says nothing of a file's name (`*`, `**`, `.*`, `*.*`) and begins at the root, at a folder directly
 * below it, or at the user's home or above. Old documents would be deleted for old logs, where one word was forgotten. */
export function tooWide(texts: readonly string[], userHome: string): string | undefined {
  return texts.find((text) => {
    const patterns = parsePatterns([text], userHome);
    return !isRefusedPattern(patterns) && patterns.some((pattern) => namesAnything(pattern) && isOnTop(pattern.fixed, userHome));
  });
}
const namesAnything = ({ last }: Pattern): boolean => !/[\p{L}\p{N}]/u.test(last);
function isOnTop(fixed: string, userHome: string): boolean {
  const folder = path.normalize(fixed);
  const home = path.normalize(userHome);
  return folder.split('/').length <= 2 || folder === home || home.startsWith(`${folder}/`);
}

function patternOf(parts: readonly string[]): Pattern | undefined {
  const segments = parts.map(segmentOf);
  const firstGlob = segments.findIndex((segment) => segment.kind !== 'name');
  // The last part is never fixed: a symlink in the place of a file is not followed.
  const fixedCount = Math.min(firstGlob === -1 ? segments.length : firstGlob, segments.length - 1);
  const rest = segments.slice(fixedCount);
  if (rest.some((segment) => segment.kind === 'name' && (segment.name === '.' || segment.name === '..'))) return undefined;
  const fixed = segments.slice(0, fixedCount).map((segment) => (segment as { name: string }).name);
  return { fixed: `/${fixed.join('/')}`, segments: rest, last: parts.at(-1) ?? '' };
}

function segmentOf(part: string): Segment {
  if (part === '**') return { kind: 'any-depth' };
  if (!/[*?[]/.test(part.replace(/\\./gs, ''))) return { kind: 'name', name: part.replace(/\\(.)/gs, '$1') };
  const compare = picomatch(onlyGlobs(part), {
    windows: false,
    nobrace: true,
    noextglob: true,
    nonegate: true,
    flags: 's',
    dot: true,
    // picomatch takes `./x` and `x/` for `x`; a name has no slash, but may be compared as it is only.
    contains: false,
  });
  // A leading dot must be written, and not come out of `*`, `?` or brackets (glob(7)).
  const namesDot = part.startsWith('.') || part.startsWith('\\.');
  return { kind: 'glob', isMatch: (name) => (name.startsWith('.') ? namesDot : !namesDot) && compare(name) };
}

/** Everything but `*`, `?`, brackets and escapes loses its meaning: picomatch reads quotes, `(…)`, `|`, `+`, `@`, `!` and braces too.
 * `[!a]` becomes `[^a]`, which picomatch reads as every shell does. */
function onlyGlobs(part: string): string {
  let result = '';
  for (let i = 0; i < part.length; i += 1) {
    const char = part[i] as string;
    if (char === '\\' && i + 1 < part.length) {
      i += 1;
      result += literal(part[i] as string);
    } else if (char === '[') {
      const end = bracketEnd(part, i);
      if (end === -1) result += '\\[';
      else {
        result += bracketOf(part.slice(i + 1, end));
        i = end;
      }
    } else if (char === '*') {
      // `a**b` is `a*b`: within a name there is nothing deeper.
      if (!result.endsWith('*') || result.endsWith('\\*')) result += '*';
    } else result += char === '?' ? '?' : literal(char);
  }
  return result;
}

function literal(char: string): string {
  return /[\p{L}\p{N}\s_]/u.test(char) || char.charCodeAt(0) > 127 ? char : `\\${char}`;
}

/** A `]` that comes first belongs to the class. */
function bracketEnd(part: string, start: number): number {
  const first = part[start + 1] === '!' || part[start + 1] === '^' ? start + 2 : start + 1;
  return part.indexOf(']', first + 1);
}

function bracketOf(inner: string): string {
  const isNegated = inner.startsWith('!') || inner.startsWith('^');
  const members = (isNegated ? inner.slice(1) : inner).replace(/[\\\][^&~]/g, '\\$&');
  return `[${isNegated ? '^' : ''}${members}]`;
}

function escaped(path: string): string {
  return path.replace(/[\\*?[\]{}]/g, '\\$&').replace(/\/+$/, '');
}

/** `{a,b}` written out, as a shell does it first. undefined: too many. Braces without a comma stand for themselves. */
function alternatives(text: string): string[] | undefined {
  const done: string[] = [];
  const open = [text];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const found = firstBraces(next);
    if (!found) done.push(next);
    else for (const choice of found.choices) open.push(next.slice(0, found.start) + choice + next.slice(found.end + 1));
    if (done.length + open.length > MAX_ALTERNATIVES) return undefined;
  }
  return done.reverse();
}

function firstBraces(text: string): { start: number; end: number; choices: string[] } | undefined {
  for (let start = 0; start < text.length; start += 1) {
    if (text[start] === '\\') start += 1;
    else if (text[start] === '{') {
      const choices: string[] = [];
      let depth = 0;
      let from = start + 1;
      for (let i = start; i < text.length; i += 1) {
        if (text[i] === '\\') i += 1;
        else if (text[i] === '{') depth += 1;
        else if (text[i] === ',' && depth === 1) {
          choices.push(text.slice(from, i));
          from = i + 1;
        } else if (text[i] === '}') {
          depth -= 1;
          if (depth > 0) continue;
          if (choices.length === 0) break;
          return { start, end: i, choices: [...choices, text.slice(from, i)] };
        }
      }
    }
  }
  return undefined;
}
