import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineBuffer } from './line-buffer.ts';

const taken = (fill: (buffer: LineBuffer) => void): string => {
  const buffer = new LineBuffer();
  fill(buffer);
  return buffer.take().toString();
};

it('puts numbers as JSON does', () => {
  const tenths = fc.integer({ min: 0, max: 2 ** 33 }).map((n) => Math.round(n) / 10);
  fc.assert(
    fc.property(fc.oneof(tenths, fc.double(), fc.integer()), (value) => {
      expect(taken((buffer) => buffer.number(value))).toBe(JSON.stringify(value));
    }),
  );
  for (const value of [0, -0, 0.1, 9.9, 10, 99.9, 100, 1e21, -1, 0.25])
    expect(taken((buffer) => buffer.number(value))).toBe(JSON.stringify(value));
});

it('puts three digits', () => {
  for (let value = 0; value < 1_000; value += 1) expect(taken((buffer) => buffer.threeDigits(value))).toBe(String(value).padStart(3, '0'));
});

it('holds any text, in order, however much', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 3_000 }), fc.constant('\ud800')), { maxLength: 30 }), (texts) => {
      const whole = taken((buffer) => {
        for (const [index, text] of texts.entries()) {
          if (index % 2) buffer.bytes(Buffer.from(text));
          else buffer.text(text);
        }
      });
      expect(whole).toBe(texts.map((text) => Buffer.from(text).toString()).join(''));
    }),
  );
});

it('what was taken stands until it is given back, and what comes meanwhile is taken next', () => {
  const buffer = new LineBuffer();
  for (let round = 0; round < 20; round += 1) {
    const size = 10 ** (round % 6);
    buffer.text('a'.repeat(size));
    const first = buffer.take();
    buffer.text('b'.repeat(3 * size));
    expect(first.toString()).toBe('a'.repeat(size));
    buffer.giveBack(first);
    buffer.text('c');
    const second = buffer.take();
    expect(second.toString()).toBe(`${'b'.repeat(3 * size)}c`);
    buffer.giveBack(second);
  }
});
