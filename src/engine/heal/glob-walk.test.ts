// What a pattern of a remedy names, and what it never does (R14).
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRefusedPattern, parsePatterns } from './glob-pattern.ts';
import { type WalkOptions, walkPatterns } from './glob-walk.ts';

let root: string;
let skipped: string[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'glob-')));
  skipped = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string): void {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), 'x');
}
async function walk(patterns: readonly string[], extra: Partial<WalkOptions> = {}): Promise<string[]> {
  const found = walkPatterns(patterns, {
    userHome: root,
    isOver: () => false,
    onSkip: (where, reason) => void skipped.push(`${path.relative(root, where)} ${reason}`),
    ...extra,
  });
  if (found.kind === 'refused') throw new Error(found.reason);
  const names: string[] = [];
  for await (const entry of found.entries)
    names.push(`${path.relative(root, entry.path)}${entry.kind === 'file' ? '' : ` (${entry.kind})`}`);
  return names.sort();
}
const named = (pattern: string, name: string): boolean => {
  const parsed = parsePatterns([`/${pattern}`], '/');
  if (isRefusedPattern(parsed)) throw new Error(parsed.reason);
  return parsed.some(({ segments: [segment] }) =>
    segment?.kind === 'glob' ? segment.isMatch(name) : segment?.kind === 'name' ? segment.name === name : !name.startsWith('.'),
  );
};

describe('one name', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', '.log', false],
    ['*.log', '.a.log', false],
    ['*.log', 'a.logs', false],
    ['*.log', '\na\n.log', true],
    ['*.log', '-rf \'a\' "b".log', true],
    ['.*', '.a', true],
    ['.*', 'a', false],
    ['?.log', 'a.log', true],
    ['?.log', 'ab.log', false],
    ['?a', '.a', false],
    ['[ab]*', 'bcd', true],
    ['[ab]*', 'cd', false],
    ['[!ab]*', 'cd', true],
    ['[!ab]*', 'a', false],
    ['[!ab]*', '!', true],
    ['[^ab]*', 'a', false],
    ['[!a]x', '.x', false],
    ['[0-9]', '7', true],
    ['[]a]*', ']', true],
    ['[a-', '[a-', true],
    ['*[', 'x[', true],
    ['{a,b}.log', 'a.log', true],
    ['{a,b}.log', 'c.log', false],
    ['{a,b{1,2}}.log', 'b2.log', true],
    ['{a}*', '{a}x', true],
    ['{a}*', 'ax', false],
    ['a{,.*}', 'a', true],
    ['a{,.*}', 'a.1', true],
    ['(a|b)*', '(a|b)x', true],
    ['(a|b)*', 'ax', false],
    ['+(a)*', 'aaa', false],
    ['!(a)*', 'b', false],
    ['!a*', 'b', false],
    ['!a*', '!ab', true],
    ['@(a)*', 'a', false],
    ['a+*', 'aab', false],
    ['[0-9]+*', '77', false],
    ['"a"*', 'ab', false],
    ['"a"*', '"a"b', true],
    ['a$*', 'a$b', true],
    ['a.b*', 'axb', false],
    ['\\**', '*a', true],
    ['\\**', 'a', false],
    ['a\\?', 'a?', true],
    ['a\\?', 'ab', false],
    ['a**b', 'axyb', true],
    ['{1..3}*', '2', false],
    ['ä*', 'äb', true],
  ])('%s names %j: %s', (pattern, name, expected) => expect(named(pattern, name)).toBe(expected));

  it('matches as a plain reading of the grammar does', () => {
    const letters = fc.constantFrom(
      'a',
      'b',
      '.',
      '*',
      '?',
      '\\*',
      '(',
      ')',
      '|',
      '+',
      '!',
      '@',
      '"',
      '$',
      '^',
      ' ',
      '\n',
      '-',
      '[ab]',
      '[!a]',
      '[',
      ']',
      '{',
      '}',
    );
    const names = fc.string({
      unit: fc.constantFrom('a', 'b', '.', '*', '(', ')', '|', '+', '!', '@', '"', '$', '^', ' ', '\n', '-', '[', ']', '{', '}'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 6 }), names, (parts, name) => {
        const pattern = parts.join('');
        // Two parts may only make a class together when they are written as one here.
        fc.pre(
          !/[[\]]/.test(parts.filter((part) => part.length === 1).join('')) &&
            pattern !== '**' &&
            name !== '.' &&
            name !== '..' &&
            pattern !== '.' &&
            pattern !== '..',
        );
        expect(named(pattern, name)).toBe(plainMatch(parts, name));
      }),
      { numRuns: 3_000 },
    );
  });
});

function plainMatch(parts: readonly string[], name: string): boolean {
  if (name.startsWith('.') && parts[0] !== '.') return false;
  const go = (at: number, from: number): boolean => {
    const part = parts[at];
    const char = name[from];
    if (part === undefined) return char === undefined;
    if (part === '*') return go(at + 1, from) || (char !== undefined && go(at, from + 1));
    if (char === undefined) return false;
    if (part === '?') return go(at + 1, from + 1);
    if (part === '[ab]') return 'ab'.includes(char) && go(at + 1, from + 1);
    if (part === '[!a]') return char !== 'a' && go(at + 1, from + 1);
    return char === (part === '\\*' ? '*' : part) && go(at + 1, from + 1);
  };
  return go(0, 0);
}

describe('refused patterns', () => {
  it.each([
    ['logs/*.log', 'relative-pattern'],
    ['*.log', 'relative-pattern'],
    ['', 'relative-pattern'],
    ['~other/*.log', 'relative-pattern'],
    ['{~,x}/*.log', 'relative-pattern'],
    ['/a/*/', 'pattern-names-a-folder'],
    ['/a/logs/', 'pattern-names-a-folder'],
    ['/a/*/../b', 'pattern-goes-up'],
    ['/a/..', 'pattern-goes-up'],
    ['/a\0/*', 'pattern-invalid'],
    [`/a/${'{a,b}'.repeat(12)}`, 'pattern-too-wide'],
  ])('%s: %s', (pattern, reason) => {
    expect(walkPatterns(['/tmp/*.log', pattern], { userHome: '/', isOver: () => false, onSkip: () => {} })).toMatchObject({
      kind: 'refused',
      reason,
    });
  });
});

describe('walking', () => {
  it('finds what is named, at every depth, and nothing that is hidden', async () => {
    for (const name of ['a.log', 'x/b.log', 'x/y/c.log', 'x/y/d.log.1', '.h/e.log', 'x/.f.log', 'b.txt']) write(name);
    expect(await walk(['~/*.log'])).toEqual(['a.log']);
    expect(await walk(['~/**/*.log'])).toEqual(['a.log', 'x/b.log', 'x/y/c.log']);
    expect(await walk(['~/*/*.log'])).toEqual(['x/b.log']);
    expect(await walk(['~/**/y/*'])).toEqual(['x/y/c.log', 'x/y/d.log.1']);
    expect(await walk(['~/x/**'])).toEqual(['x/b.log', 'x/y/c.log', 'x/y/d.log.1']);
    expect(await walk(['~/**/**/*.log'])).toEqual(['a.log', 'x/b.log', 'x/y/c.log']);
    expect(await walk(['~/.h/*.log', '~/**/.f.log'])).toEqual(['.h/e.log', 'x/.f.log']);
    expect(await walk(['~/{a.log,x/{b,z}.log}'])).toEqual(['a.log', 'x/b.log']);
    expect(await walk(['~/x/y/c.log', '~/nothing/*', '~/x/b.log/*'])).toEqual(['x/y/c.log']);
  });

  it('meets a file once, however many patterns name it', async () => {
    write('x/y/c.log');
    expect(await walk(['~/**/*.log', '~/x/y/*.log', '~/x/y/c.log', '~/x/**'])).toEqual(['x/y/c.log']);
    expect(await walk(['~/x/*/c.log', '~/**/*.log'])).toEqual(['x/y/c.log']);
  });

  it('follows a symlink in the fixed part, once, and none below it', async () => {
    write('real/logs/a.log');
    write('elsewhere/b.log');
    symlinkSync(path.join(root, 'real'), path.join(root, 'link'));
    symlinkSync(path.join(root, 'elsewhere'), path.join(root, 'real/sub'));
    symlinkSync(path.join(root, 'elsewhere/b.log'), path.join(root, 'real/logs/b.log'));
    symlinkSync(path.join(root, 'real'), path.join(root, 'real/circle'));
    expect(await walk(['~/link/**/*.log'])).toEqual(['real/logs/a.log', 'real/logs/b.log (symlink)']);
    expect(await walk(['~/real/*/b.log'])).toEqual(['real/logs/b.log (symlink)']);
    expect(await walk(['~/l*/**/*.log'])).toEqual([]);
    expect(await walk(['~/link/sub/*.log'])).toEqual(['elsewhere/b.log']);
  });

  it('takes a symlink in the place of the file for what it is, without a glob too', async () => {
    write('real.log');
    symlinkSync(path.join(root, 'real.log'), path.join(root, 'link.log'));
    expect(await walk(['~/link.log'])).toEqual(['link.log (symlink)']);
  });

  it('copes with odd names, and leaves alone what has no name that can be told', async () => {
    for (const name of ['new\nline.log', '-rf.log', ' .log', 'q\'"uote.log', '*.log', '$(x).log', 'x\\y.log']) write(name);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff]), Buffer.from('.log')]), 'x');
    expect(await walk(['~/*.log'])).toEqual([' .log', '$(x).log', '*.log', '-rf.log', 'new\nline.log', 'q\'"uote.log', 'x\\y.log'].sort());
    expect(skipped).toEqual(['bad\uFFFD.log name-not-utf8']);
    expect(await walk(['~/\\*.log', '~/x\\\\y.log'])).toEqual(['*.log', 'x\\y.log']);
  });

  it('tells of a folder that it may not list, and still finds in it what is named outright', async () => {
    write('closed/a.log');
    write('open/b.log');
    // Root may list every folder, so the refusal is injected.
    const refusing = ((folder: string, options?: object) =>
      folder.endsWith('closed')
        ? Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' }))
        : opendir(folder, options)) as typeof opendir;
    expect(await walk(['~/**/*.log'], { opendir: refusing })).toEqual(['open/b.log']);
    expect(await walk(['~/*/a.log'], { opendir: refusing })).toEqual(['closed/a.log']);
    expect(skipped).toEqual(['closed folder-unreadable', 'closed folder-unreadable']);
  });

  it('enters only folders in which a match can lie, and ends when told to', async () => {
    for (const name of ['x/logs/a.log', 'x/node_modules/deep/b.log', 'y/logs/c.log']) write(name);
    const entered: string[] = [];
    const spy = ((folder: string, options?: object) => {
      entered.push(path.relative(root, folder));
      return opendir(folder, options);
    }) as typeof opendir;
    await walk(['~/x/*/a.log', '~/*/logs/*.log'], { opendir: spy });
    expect(entered.sort()).toEqual(['', 'x', 'x/logs', 'x/node_modules', 'y', 'y/logs']);
    expect(await walk(['~/**/*.log'], { isOver: () => true })).toEqual([]);
  });

  it('walks a deep tree and a wide one with one handle open', async () => {
    let deep = root;
    for (let n = 0; n < 400; n += 1) deep = path.join(deep, 'deeper');
    mkdirSync(deep, { recursive: true });
    writeFileSync(path.join(deep, 'a.log'), '');
    for (let n = 0; n < 2_000; n += 1) writeFileSync(path.join(root, `${n}.log`), '');
    expect(await walk(['~/**/*.log'])).toHaveLength(2_001);
  });
});
