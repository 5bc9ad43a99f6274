// What a command printed, in bounded memory (R18): the beginning and the end are kept, the middle is cut and its size
// is said. Touches nothing.

const HALF = 32 * 1_024;

export interface CappedOutput {
  add(chunk: Uint8Array): void;
  /** Everything kept so far, with a line in the middle that says what was cut. */
  text(): string;
  /** The last line that is not empty. */
  lastLine(): string;
}

/** Keeps at most `2 * half` bytes. */
export function cappedOutput(half = HALF): CappedOutput {
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let cutBytes = 0;

  function trimTail(): void {
    // Joined only when it has doubled, so that many small chunks cost a constant each.
    if (tailBytes <= 2 * half) return;
    const whole = Buffer.concat(tail);
    cutBytes += whole.length - half;
    // A copy, or the slice would keep the whole alive.
    tail = [Buffer.from(whole.subarray(whole.length - half))];
    tailBytes = half;
  }
  function parts(): { first: string; cut: number; last: string } {
    const whole = Buffer.concat(tail);
    const last = whole.length > half ? whole.subarray(whole.length - half) : whole;
    const cut = cutBytes + whole.length - last.length;
    // Joined before it is decoded: a letter of several bytes may lie across the seam.
    if (cut === 0) return { first: '', cut, last: Buffer.concat([...head, last]).toString('utf8') };
    return { first: Buffer.concat(head).toString('utf8'), cut, last: last.toString('utf8') };
  }

  return {
    add(chunk) {
      const room = half - headBytes;
      if (room > 0) {
        const kept = Buffer.from(chunk.subarray(0, room));
        head.push(kept);
        headBytes += kept.length;
      }
      if (chunk.length > room) {
        const rest = Buffer.from(chunk.subarray(Math.max(0, room)));
        tail.push(rest);
        tailBytes += rest.length;
        trimTail();
      }
    },
    text() {
      const { first, cut, last } = parts();
      return cut > 0 ? `${first}\n… ${cut} bytes cut …\n${last}` : last;
    },
    lastLine() {
      const lines = parts().last.split(/\r?\n/);
      return lines.findLast((line) => line.trim() !== '')?.trim() ?? '';
    },
  };
}
