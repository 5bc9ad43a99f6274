// Finds a pattern in the lines of a text that arrives in chunks. Pure; bounded: neither a file without line ends nor
// a line of a gigabyte takes more than a chunk of memory.
import { compileMatch } from '../../contract/match.ts';
import { shownLine } from '../../contract/scrub.ts';

/** A longer line is searched in overlapping pieces, so that an expression meets no text without end. In characters. */
const LINE_CAP = 16 * 1024;
const OVERLAP = 1024;
/** A line without an end is kept up to this many bytes. */
const OPEN_CAP = 64 * 1024;
const SHOWN_CAP = 200;
const NEWLINE = 0x0a;

export interface Matcher {
  readonly isMatch: (text: string) => boolean;
  /** Text that was found stays found when its line grows; an expression like /^ERROR$/ needs the whole line. */
  readonly needsWholeLine: boolean;
}

/** Text, or `/a regular expression/flags`, as the configuration's `match` is. */
export function matcherOf(pattern: string): Matcher {
  return { isMatch: compileMatch(pattern), needsWholeLine: /^\/.+\/[dgimsuvy]*$/s.test(pattern) };
}

export class LineSearch {
  /** The first line that matched, as people may see it: at most 200 characters, without control characters. */
  first: string | undefined;
  count = 0;
  /** The line that has no end yet. */
  openLine: Buffer;
  readonly #matcher: Matcher;

  constructor(matcher: Matcher, openLine: Buffer) {
    this.#matcher = matcher;
    this.openLine = openLine;
  }

  add(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end !== -1) {
      // Decoded between line ends only: there no character is cut in two.
      const lines = Buffer.concat([this.openLine, chunk.subarray(0, end)])
        .toString('utf8')
        .split('\n');
      for (const line of lines) this.#test(line);
    }
    const rest = chunk.subarray(end + 1);
    this.openLine = end === -1 ? Buffer.concat([this.openLine, rest]) : Buffer.from(rest);
    if (this.openLine.length > OPEN_CAP) {
      const isFound = this.#test(this.openLine.toString('utf8'));
      this.openLine = isFound ? Buffer.alloc(0) : Buffer.from(this.openLine.subarray(-OVERLAP));
    }
  }

  /** All there is has been added. `isWhole`: the open line is known to have ended. */
  endChunk(isWhole: boolean): void {
    if (this.openLine.length === 0 || (this.#matcher.needsWholeLine && !isWhole)) return;
    if (this.#test(this.openLine.toString('utf8')) || isWhole) this.openLine = Buffer.alloc(0);
  }

  #test(text: string): boolean {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    for (let at = 0; at === 0 || at < line.length - OVERLAP; at += LINE_CAP - OVERLAP) {
      const piece = line.slice(at, at + LINE_CAP);
      if (!this.#matcher.isMatch(piece)) continue;
      this.count += 1;
      this.first ??= shownLine(piece, SHOWN_CAP);
      return true;
    }
    return false;
  }
}
