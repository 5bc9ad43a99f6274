// What the command line writes to and knows of its surroundings; injected, so that tests need no process of their own.
import { styleText } from 'node:util';
import { EXIT_OF_ERROR, errorText, HealthError } from '../contract/errors.ts';
import { plainLines } from '../contract/plain-text.ts';

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** stdout is a terminal: progress and live status make sense. */
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
  /** The words that run this command line anew, for the background service; undefined: Node with the built entry. */
  readonly self?: readonly string[];
}

export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    isTerminal: process.stdout.isTTY === true,
    hasColour: process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  };
}

export type Colour = 'green' | 'yellow' | 'red' | 'gray' | 'bold';
export function paint(io: Io, colour: Colour, text: string): string {
  return io.hasColour ? styleText(colour, text, { validateStream: false }) : text;
}

/** What `paint` writes. */
const ESC = '\u001b';
const OWN_COLOUR = new RegExp(`(${ESC}\\[(?:[0-9]|[2-3][0-9]|90)m)`);

/** For people. Where it is not coloured, every control character is a stranger's. */
export function line(io: Io, text = ''): void {
  io.out(`${shown(io, text)}\n`);
}
/** Our own colours stay; nothing else in a text, which may hold a log's words or a program's name, moves a terminal. */
export function shown(io: Io, text: string): string {
  if (!io.hasColour) return plainLines(text);
  return text
    .split(OWN_COLOUR)
    .map((part, index) => (index % 2 === 0 ? plainLines(part) : part))
    .join('');
}
/** What is wrong, for people, on stderr: the words of a file or of an argument move no terminal there either. */
export function problem(io: Io, text: string): void {
  io.err(`${plainLines(text)}\n`);
}

/** JSON leaves some control characters as they are, which a terminal obeys, and some that break or turn a line round for whoever
 * looks at it; written as an escape they mean the same. */
function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
/** An answer for programs. */
export function json(io: Io, value: unknown): void {
  io.out(`${jsonText(value, 2)}\n`);
}
/** One of many, each on a line of its own. */
export function jsonLine(io: Io, value: unknown): void {
  io.out(`${jsonText(value)}\n`);
}

/** Tells an error the way people need it, and gives the exit code. */
export function tellError(io: Io, error: unknown, isJson: boolean): number {
  const known = error instanceof HealthError ? error : new HealthError('internal', errorText(error), { cause: error });
  if (isJson) {
    io.err(`${jsonText({ error: { ...known.details, code: known.code, message: known.message, hint: known.hint ?? null } })}\n`);
  } else {
    problem(io, `jarvis-health: ${known.message}`);
    if (known.hint) problem(io, `  ${known.hint}`);
    if (known.code === 'internal' && io.env['JARVIS_HEALTH_DEBUG'] && error instanceof Error) problem(io, error.stack ?? '');
  }
  return EXIT_OF_ERROR[known.code];
}

/** A port as people write it: only digits, 0 to 65535; undefined when it is none. */
export function portOf(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
