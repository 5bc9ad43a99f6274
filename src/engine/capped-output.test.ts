import { describe, expect, it } from 'vitest';
import { cappedOutput } from './capped-output.ts';

const bytes = (text: string) => Buffer.from(text);

describe('capped output', () => {
  it('keeps everything that fits', () => {
    const output = cappedOutput(8);
    output.add(bytes('12345'));
    output.add(bytes('67890'));
    output.add(bytes('abcdef'));
    expect(output.text()).toBe('1234567890abcdef');
  });

  it('keeps the beginning and the end, and says how much is missing', () => {
    const output = cappedOutput(4);
    for (let i = 0; i < 1_000; i += 1) output.add(bytes(`${i % 10}`));
    expect(output.text()).toBe('0123\n… 992 bytes cut …\n6789');
  });

  it('cuts one large chunk too', () => {
    const output = cappedOutput(4);
    output.add(bytes(`AAAA${'x'.repeat(50)}ZZZZ`));
    expect(output.text()).toBe('AAAA\n… 50 bytes cut …\nZZZZ');
  });

  it('finds the last line that says something', () => {
    const output = cappedOutput();
    output.add(bytes('DISK OK\r\n  all is well | free=12%  \n\n'));
    expect(output.lastLine()).toBe('all is well | free=12%');
    expect(cappedOutput().lastLine()).toBe('');
  });
});
