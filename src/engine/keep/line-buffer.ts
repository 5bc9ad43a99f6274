// Lines that wait for their file, as bytes. The parts of a line that is told again and again are copied, not made and encoded anew:
// that took longer than all else about it (bench/tcp-checks.ts). Touches nothing.

const FIRST_BYTES = 4_096;
/** A larger one is given back after it was written. */
const MOST_KEPT_BYTES = 262_144;
const ZERO = 0x30;
const POINT = 0x2e;
/** Larger numbers are told by the language. */
const MOST_TENTHS = 2 ** 31;

export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;
  #spare: Buffer<ArrayBuffer> | undefined;

  text(text: string): void {
    this.#makeRoom(text.length * 3); // one letter is at most three bytes (a pair of surrogates four)
    this.#length += this.#bytes.write(text, this.#length);
  }

  bytes(part: Uint8Array): void {
    this.#makeRoom(part.length);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  /** `value` with exactly three digits, 0 to 999. */
  threeDigits(value: number): void {
    this.#makeRoom(3);
    const bytes = this.#bytes;
    bytes[this.#length] = ZERO + ((value / 100) | 0);
    bytes[this.#length + 1] = ZERO + (((value / 10) | 0) % 10);
    bytes[this.#length + 2] = ZERO + (value % 10);
    this.#length += 3;
  }

  /** As JSON has it. Quick where there is at most one digit behind the point. */
  number(value: number): void {
    const tenths = Math.round(value * 10);
    if (!(tenths >= 0 && tenths < MOST_TENTHS && tenths / 10 === value)) {
      this.text(JSON.stringify(value));
      return;
    }
    this.#makeRoom(12);
    const bytes = this.#bytes;
    let whole = (tenths / 10) | 0;
    const rest = tenths % 10;
    let digits = 1;
    for (let ten = 10; whole >= ten; ten *= 10) digits += 1;
    for (let at = this.#length + digits - 1; at >= this.#length; at -= 1) {
      bytes[at] = ZERO + (whole % 10);
      whole = (whole / 10) | 0;
    }
    this.#length += digits;
    if (rest === 0) return;
    bytes[this.#length] = POINT;
    bytes[this.#length + 1] = ZERO + rest;
    this.#length += 2;
  }

  /** What waits; it is valid until it is given back, and what comes meanwhile goes elsewhere. */
  take(): Buffer<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#spare = undefined;
    this.#length = 0;
    return taken;
  }

  /** The bytes that `take` gave are not needed any more. */
  giveBack(taken: Buffer<ArrayBuffer>): void {
    if (taken.buffer.byteLength <= MOST_KEPT_BYTES) this.#spare = Buffer.from(taken.buffer);
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
