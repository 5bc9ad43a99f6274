import { describe, expect, it } from 'vitest';
import { compileMatch } from './match.ts';

describe('match', () => {
  it('is text contained in the whole command line', () => {
    expect(compileMatch('app.py')('python3 app.py --port 3000')).toBe(true);
    expect(compileMatch('app.py')('python3 appxpy')).toBe(false);
  });

  it('is an expression between slashes, with flags', () => {
    expect(compileMatch('/(^|\\/)gateway( |$)/')('/usr/bin/gateway run')).toBe(true);
    expect(compileMatch('/(^|\\/)gateway( |$)/')('vim gateway.ts')).toBe(false);
    expect(compileMatch('/GATEWAY/i')('gateway')).toBe(true);
  });

  it('answers the same each time, also with flags that remember', () => {
    const matches = compileMatch('/app/g');
    expect([matches('app'), matches('app'), matches('app')]).toEqual([true, true, true]);
  });

  it('takes a path for text: it does not end in a slash', () => {
    expect(compileMatch('/opt/app.py')('python3 /opt/app.py')).toBe(true);
  });
});
