// Is this process a build, a watcher, or neither (R10)? Told from its name and command line and the table of tools. Pure: a row
// of the process table goes in. The words of a command line are split at spaces, since macOS tells it no other way.
import path from 'node:path';
import type { BuildsConfig } from '../../contract/config.ts';
import type { ProcessRow } from '../../contract/ports.ts';
import { BUILD_TOOLS, type BuildTool, INTERPRETER_TAKES, INTERPRETERS, JAVA_MAINS, NAMELESS, WATCHERS } from './build-tools.ts';

type Row = Pick<ProcessRow, 'name' | 'command' | 'hasTerminal'>;
export type Activity =
  /** `isRunner`: it only starts what a project calls a build; where that turns out to watch, it is none. */
  | { readonly kind: 'build'; readonly name: string; readonly isRunner: boolean }
  | { readonly kind: 'watcher' }
  /** Git that only reads: what explains a lock of the index that is no build. */
  | { readonly kind: 'git' };

/** A program with the words after it, whatever interpreter runs it. */
interface Call {
  readonly name: string;
  readonly words: readonly string[];
}

const TOOLS = new Map(BUILD_TOOLS.flatMap((tool) => tool.names.map((name) => [name, tool] as const)));
/** What a project calls its scripts. Not `lint` and `format`: they leave what runs as it is. */
const SERVES = /(^|[:._-])(dev|develop|start|serve|server|watch|watcher|preview|storybook|live|hot|debug|repl)([:._-]|$)/i;
/** Targets of a maker that are no work. */
const RUNS = /^(run|up|down|logs?|ps|help|exec|shell|lint|fmt|format)([:._-]|$)/i;
const BUILDS =
  /(^|[:._-])(build|rebuild|compile|transpile|bundle|pack|package|dist|release|publish|install|ci|bootstrap|prepare|generate|codegen|tests?|unit|e2e|typecheck|clean|make)([:._-]|$)/i;

/** What this process is. The configuration's own words on it go first. */
export function activityOf(row: Row, builds: BuildsConfig, parent?: Pick<Row, 'command'>): Activity | undefined {
  const call = callOf(row, parent);
  if (!call) return undefined;
  if (builds.ignore.some((words) => isCalled(call, words))) return undefined;
  const added = builds.tools.find((words) => isCalled(call, words));
  if (added !== undefined) return { kind: 'build', name: added, isRunner: false };
  if (WATCHERS.has(call.name)) return { kind: 'watcher' };
  const tool = TOOLS.get(call.name);
  return tool && judged(call, tool, row);
}

function judged(call: Call, tool: BuildTool, row: Row): Activity | undefined {
  const { name, words } = call;
  const [word, next] = plainWords(words, tool.takes ?? []);
  const build = (label: string | undefined, isRunner = false): Activity => ({
    kind: 'build',
    name: label ? `${name} ${label}` : name,
    isRunner,
  });
  const none: Activity | undefined = name === 'git' ? { kind: 'git' } : undefined;
  if (tool.with?.some((option) => words.includes(option))) return build(undefined);
  if (tool.watches?.some((word) => words.some((one) => one === word || isOn(one, word)))) return { kind: 'watcher' };
  if (tool.helps?.some((word) => words.some((one) => one === word || isOn(one, word)))) return undefined;
  // An interpreter's title in place of its command line has no words to judge by ("yarn" may be `yarn start`).
  if (word === undefined && tool.only?.includes('') && row.command.trim() === name) return undefined;
  if (tool.reads?.includes(next ?? '')) return none;
  if (tool.only?.includes(word ?? '')) return build(word, tool.scripts !== undefined && /^t(e?st)?$/.test(word ?? ''));
  if (tool.watches?.includes('')) return { kind: 'watcher' };
  if (tool.scripts && word !== undefined) {
    if (tool.scripts.includes(word)) return next !== undefined && saysBuild(next) ? build(`${word} ${next}`, true) : undefined;
    if (tool.scripts.includes('') && saysBuild(word)) return build(word, true);
    return none;
  }
  if (tool.isMaker) {
    const isWork = word === undefined || !(SERVES.test(word) || RUNS.test(word));
    return isWork ? build(word !== undefined && BUILDS.test(word) ? word : undefined, true) : undefined;
  }
  return tool.only ? none : build(undefined);
}

/** `--watch=true`, but not `--watch=false`. */
function isOn(word: string, option: string): boolean {
  return option.startsWith('-') && word.startsWith(`${option}=`) && !/=(false|0|no)$/.test(word);
}

function saysBuild(script: string): boolean {
  return BUILDS.test(script) && !SERVES.test(script);
}

/** Without options, and without the words that these take. */
function plainWords(words: readonly string[], takes: readonly string[]): string[] {
  return words.filter((word, at) => !word.startsWith('-') && !word.startsWith('+') && !takes.includes(words[at - 1] ?? ''));
}

/** "npm run build" is called by `npm run build --silent`. */
function isCalled(call: Call, written: string): boolean {
  const [name, ...words] = written.split(' ');
  const plain = plainWords(call.words, TOOLS.get(call.name)?.takes ?? []);
  return name === call.name && words.every((word, at) => plain[at] === word);
}

/** The program that runs, seen through its interpreter. */
function callOf(row: Row, parent: Pick<Row, 'command'> | undefined): Call | undefined {
  // vitest gives itself a title and so hides its words; who called it may still have them. In a terminal it watches unless told.
  if (row.command.startsWith('node (vitest')) {
    const told = /\bvitest (?:--\S+ )*(run|watch|dev|bench|related|--run)\b/.exec(parent?.command ?? '')?.[1];
    return { name: 'vitest', words: [told ?? (row.hasTerminal ? 'watch' : 'run')] };
  }
  const all = row.command.split(/\s+/).filter(Boolean);
  // A program whose path has a space in it begins at the word that ends as its name does.
  const begin = Math.max(
    0,
    all.slice(0, 6).findIndex((word) => path.posix.basename(word) === row.name),
  );
  const words = all.slice(begin);
  const [program, ...rest] = words;
  if (program === undefined) return undefined;
  const name = bareName(program);
  if (name === 'java') return javaCall(rest);
  if (!INTERPRETERS.has(name)) return { name, words: rest };
  return interpreted(name, rest);
}

function interpreted(interpreter: string, words: readonly string[]): Call | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    const after = words.slice(at + 1);
    if (interpreter === 'node' && word.startsWith('--watch')) return { name: 'node --watch', words: [] };
    if (interpreter === 'node' && word === '--test') {
      return { name: words.some((one) => one.startsWith('--watch')) ? 'node --watch' : 'node --test', words: [] };
    }
    if (word === '-m' && after[0] !== undefined) return { name: bareName(after[0]), words: after.slice(1) };
    if (word === '-c' || word === '-e' || word === '--eval') return undefined; // the program is a text
    if (INTERPRETER_TAKES.has(word)) at += 1;
    else if (!word.startsWith('-')) return isInstalled(word) ? { name: scriptName(word), words: after } : undefined;
  }
  return undefined;
}

/** A script of a project may be called like a tool (`make.js`, `task.py`); a tool lies where tools are installed, or is called
 * without its extension. */
function isInstalled(script: string): boolean {
  if (!/\.(?:[cm]?[jt]s|py|rb|php|pl|sh)$/.test(script)) return true;
  return (
    /(^|\/)(?:node_modules|bin|lib|libexec|Homebrew|site-packages|dist-packages|\.yarn)\//.test(script) || /(^|\/)setup\.py$/.test(script)
  );
}

function javaCall(words: readonly string[]): Call | undefined {
  const at = words.findLastIndex((word) => JAVA_MAINS.some(([main]) => main.test(word)));
  const found = JAVA_MAINS.find(([main]) => main.test(words[at] ?? ''));
  return found && { name: found[1], words: words.slice(at + 1) };
}

/** Base name without version and extension: `/usr/bin/x86_64-linux-gnu-gcc-13` is `gcc`, `yarn-4.1.0.cjs` is `yarn`. */
function bareName(program: string): string {
  const base = path.posix.basename(program).replace(/^-/, '');
  if (TOOLS.has(base) || WATCHERS.has(base)) return base;
  const bare = base.replace(/\.(?:[cm]?[jt]s|py|rb|php|phar|pl|sh|exe)$/, '').replace(/-?\d+(?:\.\d+)*$/, '');
  return /^(?:\w+-)+(gcc|g\+\+|cc|c\+\+|ld|as|ar)$/.exec(bare)?.[1] ?? bare;
}

/** `node_modules/typescript/bin/tsc` is `tsc`, `npm-cli.js` is `npm`, and a script that says nothing is its package. */
function scriptName(script: string): string {
  const name = bareName(script).replace(/-cli$/, '');
  if (!NAMELESS.has(name)) return TOOLS.has(name) || WATCHERS.has(name) ? name : bareName(script);
  return /(?:^|.*\/)node_modules\/(?:@[^/]+\/)?([^/]+)\//.exec(script)?.[1] ?? name;
}
