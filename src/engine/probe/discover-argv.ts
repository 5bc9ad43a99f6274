// The command line of a running process as words, and what in it is safe to write down: the script that names it, a match
// for R13, and whether a secret may be in it. Reads /proc; changes nothing.
import { basename } from 'node:path';
import type { ProcessRow } from '../../contract/ports.ts';
import type { Look } from './discover-types.ts';

/** The words as they were given; undefined when they can't be told for certain. */
export async function argvOf(row: ProcessRow, look: Look): Promise<readonly string[] | undefined> {
  if (look.platform === 'linux') {
    const text = await look.readFile(`${look.procRoot}/${row.pid}/cmdline`).then(String, () => '');
    // A program that rewrites its title leaves one word with spaces, padded by zeros or not.
    const words = text.replace(/\0+$/, '').split('\0');
    return words.length === 1 && words[0]?.includes(' ') ? undefined : words[0] === '' ? undefined : words;
  }
  // macOS tells the line with its words joined by spaces (ps(1)); quotes or double spaces prove that a word held one.
  return /["']| {2}|^$/.test(row.command) ? undefined : row.command.split(' ');
}

const INTERPRETER = /^(python[\d.]*|node|nodejs|bun|deno|ruby[\d.]*|perl[\d.]*|php[\d.]*|java|bash|sh|zsh|dash)$/i;
/** Options whose value is the next word, by interpreter: it is not the script. */
const TAKES_VALUE: readonly (readonly [RegExp, RegExp])[] = [
  [/^python/i, /^-[WX]$/],
  [/^(node|nodejs|bun|deno)$/i, /^(-r|-C|--require|--import|--loader|--conditions|--env-file|--title)$/],
  [/^java$/i, /^(-cp|-classpath|--class-path|-p|--module-path)$/],
  [/^(ruby|perl)/i, /^-[IrC]$/],
  [/^php/i, /^-[dt]$/],
];
const INLINE = new Set(['-c', '-e', '--eval', '-p', '--print']);

export interface Program {
  /** Script, module or program: what a person would call it. */
  readonly name: string;
  /** A `match` that fits this program's command line and few others. */
  readonly match: string;
  /** The script that an interpreter is given, as it stands in the words. */
  readonly script?: string | undefined;
}

/** What the words run; undefined for code given on the command line itself. */
export function programOf(argv: readonly string[]): Program | undefined {
  const [first = '', ...rest] = argv;
  const own = basename(first);
  if (!INTERPRETER.test(own)) return { name: own, match: wordMatch(own) };
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] as string;
    const next = rest[at + 1];
    if (INLINE.has(word)) return undefined;
    if ((word === '-m' || word === '-jar' || word === '-S') && next !== undefined) {
      const name = word === '-S' ? 'server' : basename(next);
      return { name, match: word === '-jar' ? wordMatch(basename(next)) : wordMatch(`${word} ${next}`) };
    }
    if (TAKES_VALUE.some(([program, option]) => program.test(own) && option.test(word))) at += 1;
    else if (!word.startsWith('-') && !(word === 'run' && /^(bun|deno)$/.test(own)))
      return { name: basename(word), match: wordMatch(basename(word)), script: word };
  }
  return undefined;
}

/** A whole word of the line or the end of a path in it: `app.py` must not fit `myapp.py`. */
function wordMatch(text: string): string {
  return `/(^|[\\/ ])${text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}( |$)/`;
}

const SECRET_WORD =
  /pass(word|wd|phrase)?\b|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|bearer|\bauth\b|auth[-_]?key|:\/\/[^/\s]*:[^/\s]*@/i;

/** Words that name a secret, an address with a password, or long random text. Errs on the careful side. */
export function looksSecret(argv: readonly string[]): boolean {
  return argv.some((word) => SECRET_WORD.test(word) || word.split(/[=/,:]/).some(isRandom));
}
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
function isRandom(text: string): boolean {
  return UUID.test(text) || text.split(/[-_.]/).some((part) => /^[a-z\d+]{16,}$/i.test(part) && /\d/.test(part) && /[a-z]/i.test(part));
}
