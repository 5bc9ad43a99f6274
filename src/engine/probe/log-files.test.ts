import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probeContext } from '../../../test/fixtures/probe-context.ts';
import { type CheckOf, checkSchema } from '../../contract/config.ts';
import type { ProbeContext } from '../../contract/ports.ts';
import { findFiles } from './glob.ts';
import { type LogFilesSystem, probeLogFiles } from './log-files.ts';
import { searchAppended } from './log-search.ts';

let home: string;
let ctx: ProbeContext;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'probe-logs-'));
  ctx = probeContext({ userHome: home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const at = (name: string) => path.join(home, name);
function write(name: string, text: string | Buffer): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
}
const look = (part: object, system?: LogFilesSystem) =>
  probeLogFiles(checkSchema.parse({ type: 'log-files', paths: ['~/*.log'], ...part }) as CheckOf<'log-files'>, ctx, system);
const names = async (...patterns: string[]) => {
  const found = await findFiles(patterns, { userHome: home, signal: ctx.signal });
  return [...found.byPattern.values()]
    .flat()
    .map((file) => path.relative(home, file.path))
    .toSorted();
};
const denied = Object.assign(new Error('denied'), { code: 'EACCES' });

describe('finding log files', () => {
  it('understands fixed paths, stars, double stars, braces and hidden folders that are named', async () => {
    for (const name of ['a.log', 'b.txt', 'x/b.log', 'x/y/c.log', 'x/y/c.log.1', '.hid/d.log', 'z z/[e].log']) write(name, 'x');
    expect(await names('~/a.log')).toEqual(['a.log']);
    expect(await names('*.log')).toEqual(['a.log']);
    expect(await names('~/*/*.log')).toEqual(['x/b.log', 'z z/[e].log']);
    expect(await names('~/**/*.log')).toEqual(['a.log', 'x/b.log', 'x/y/c.log', 'z z/[e].log']);
    expect(await names('~/x/**/*.log{,.*}')).toEqual(['x/b.log', 'x/y/c.log', 'x/y/c.log.1']);
    expect(await names('~/{a.log,x/b.log}')).toEqual(['a.log', 'x/b.log']);
    expect(await names('~/x/*/c.log')).toEqual(['x/y/c.log']);
    expect(await names('~/.hid/*.log')).toEqual(['.hid/d.log']);
    expect(await names('~/**/.hid/*.log')).toEqual(['.hid/d.log']);
    expect(await names('~/nothing/*.log', '~/nothing.log')).toEqual([]);
  });

  it('follows a link to a folder in the fixed part only, and takes no folder, pipe or dangling link for a file', async () => {
    write('real/deep/a.log', 'x');
    symlinkSync(at('real'), at('link'));
    symlinkSync(at('nowhere'), at('real/gone.log'));
    symlinkSync(at('real'), at('real/circle'));
    mkdirSync(at('real/folder.log'));
    expect(await names('~/link/**/*.log')).toEqual(['link/deep/a.log']);
    expect(await names('~/**/*.log')).toEqual(['real/deep/a.log']);
  });

  it('does not enter folders that can hold no match', async () => {
    write('x/logs/a.log', 'x');
    write('x/node_modules/deep/b.log', 'x');
    const entered: string[] = [];
    const spy = ((folder: string, options: { withFileTypes: true }) => {
      entered.push(path.relative(home, folder));
      return readdir(folder, options);
    }) as unknown as typeof readdir;
    await findFiles(['~/*/logs/*.log'], { userHome: home, signal: ctx.signal, readdir: spy });
    expect(entered).toEqual(['', 'x', 'x/logs']);
  });
});

describe('the size of log files', () => {
  it('is that of the largest, on the disk, not by its length', async () => {
    write('small.log', 'x'.repeat(10_000));
    write('holes.log', '');
    truncateSync(at('holes.log'), 500_000_000);
    const found = await look({ maxSize: '100MB' });
    expect(found).toMatchObject({ level: 'ok', reason: 'within-limits' });
    expect(found.measures).toEqual([expect.objectContaining({ name: 'size', unit: 'bytes', limit: 1e8, failsWhen: 'above' })]);
    expect(found.measures?.[0]?.value).toBeLessThan(100_000);
    expect(found.measures?.[0]?.failText).toMatch(/^small\.log takes .+; the limit is 100 MB$/);
  });

  it('is also that of a log which a rotation has set aside, while nothing else has its name', async () => {
    const aside = 'a.log.20260102T030405Z.jarvis-rotating';
    write(aside, 'x'.repeat(10_000));
    write('b.log.20260102.jarvis-rotating', 'x');
    write('x/c.log.20260102T030405Z-2.jarvis-rotating', 'x');
    for (const pattern of ['~/*.log', '~/a.log']) {
      const found = await look({ paths: [pattern], maxSize: '1KB' });
      expect(found.measures?.[0]?.failText).toContain(`${aside} takes`);
    }
    expect(await names('~/a.log', '~/b.log', '~/**/c.log')).toEqual([aside, 'x/c.log.20260102T030405Z-2.jarvis-rotating']);
    write('a.log', 'x');
    expect(await names('~/a.log')).toEqual(['a.log']);
    expect(await names('~/*.log')).toEqual(['a.log']);
  });

  it('is no trouble while there are no files', async () => {
    await expect(look({ maxSize: '1MB', maxAge: '1h', pattern: 'x' })).resolves.toEqual({
      level: 'ok',
      reason: 'within-limits',
      message: 'No files yet',
    });
  });
});

describe('a pattern', () => {
  const search = () => look({ pattern: '/ERROR|FATAL/' });

  it('counts only in what was written since the last look', async () => {
    write('a.log', 'ERROR of yesterday\n');
    await expect(search()).resolves.toMatchObject({ level: 'ok', message: '1 file, nothing new found in them' });
    appendFileSync(at('a.log'), 'fine\nERROR of today\r\nFATAL too\n');
    await expect(search()).resolves.toMatchObject({
      level: 'error',
      reason: 'pattern-found',
      message: 'a.log: ERROR of today (and 1 more)',
    });
    await expect(search()).resolves.toMatchObject({ level: 'ok' });
  });

  it('is found in a file that is new, and in one that was emptied, even if it has grown again', async () => {
    write('a.log', 'one line that is long enough\n');
    await search();
    write('b.log', 'ERROR in b\n');
    await expect(search()).resolves.toMatchObject({ message: 'b.log: ERROR in b' });
    truncateSync(at('a.log'), 0);
    appendFileSync(at('a.log'), 'ERROR, and then much more text than there was before\n'.padEnd(500, '.'));
    await expect(search()).resolves.toMatchObject({ message: expect.stringContaining('a.log: ERROR, and then') });
  });

  it('keeps its place through a rotation: the old file is not read again, the new one from its start', async () => {
    ctx.memory.clear();
    write('a.log', 'ERROR old\n');
    const rotated = () => look({ pattern: 'ERROR', paths: ['~/a.log*'] });
    await rotated();
    renameSync(at('a.log'), at('a.log.1'));
    write('a.log', 'fine\n');
    await expect(rotated()).resolves.toMatchObject({ level: 'ok' });
    appendFileSync(at('a.log.1'), 'ERROR last words\n');
    await expect(rotated()).resolves.toMatchObject({ message: 'a.log.1: ERROR last words' });
  });

  it('is found across the borders of looks, chunks and very long lines', async () => {
    write('a.log', 'start\n');
    await search();
    appendFileSync(at('a.log'), 'an ERR');
    await expect(search()).resolves.toMatchObject({ level: 'ok' });
    appendFileSync(at('a.log'), 'OR here\n');
    await expect(search()).resolves.toMatchObject({ message: 'a.log: an ERROR here' });
    for (const length of [64 * 1024 - 3, 16 * 1024 - 3, 128 * 1024 - 3, 300_000]) {
      appendFileSync(at('a.log'), `${'ü'.repeat(length / 2)}ERROR in a long line\n`);
      await expect(search()).resolves.toMatchObject({ level: 'error', reason: 'pattern-found' });
      await expect(search()).resolves.toMatchObject({ level: 'ok' });
    }
  });

  it('waits for the end of a line when it is an expression, but not for ever', async () => {
    write('a.log', '');
    const whole = () => look({ pattern: '/^ERROR$/' });
    await whole();
    appendFileSync(at('a.log'), 'ERROR');
    await expect(whole()).resolves.toMatchObject({ level: 'ok' });
    await expect(whole()).resolves.toMatchObject({ level: 'error', message: 'a.log: ERROR' });
    appendFileSync(at('a.log'), 's: 0\nERROR');
    await expect(whole()).resolves.toMatchObject({ level: 'ok' });
    appendFileSync(at('a.log'), 's: 0\n');
    await expect(whole()).resolves.toMatchObject({ level: 'ok' });
  });

  it('shows at most 200 plain characters of the line', async () => {
    write('a.log', '');
    await search();
    appendFileSync(at('a.log'), `\u001b[31mERROR\u001b[0m\tx${'y'.repeat(1_000)}\n`);
    const found = await search();
    expect(found.message).toMatch(/^a\.log: ERROR xy+…$/);
    expect(found.message.length).toBeLessThanOrEqual(210);
  });

  it('searches the newest part of too much text, and says what it left out', async () => {
    write('a.log', 'x\n');
    const caps = { file: 1_000, look: 1_500 };
    const files = async () => [...(await findFiles(['~/*.log'], { userHome: home, signal: ctx.signal })).byPattern.values()].flat();
    await searchAppended(await files(), 'ERROR', true, ctx, caps);
    appendFileSync(at('a.log'), `ERROR early\n${'.'.repeat(4_988)}`);
    write('b.log', `${'.'.repeat(989)}\nERROR late`);
    const found = await searchAppended(await files(), 'ERROR', true, ctx, caps);
    expect(found).toMatchObject({ count: 1, first: { line: 'ERROR late' }, skippedBytes: 4_000 + 500 });
  });

  it('is read again by the next look when this one was cut short', async () => {
    write('a.log', 'ERROR old\n');
    await search();
    appendFileSync(at('a.log'), 'ERROR new\n');
    const calm = ctx;
    ctx = { ...calm, signal: AbortSignal.abort() };
    await search();
    ctx = calm;
    await expect(search()).resolves.toMatchObject({ message: 'a.log: ERROR new' });
  });
});

describe('the age of log files', () => {
  it('is that of the newest file of each path', async () => {
    write('a.log', 'x');
    write('a-old.log', 'x');
    write('b/b.log', 'x');
    const threeHoursAgo = Date.now() / 1_000 - 3 * 3_600;
    utimesSync(at('a-old.log'), threeHoursAgo, threeHoursAgo);
    const check = { paths: ['~/*.log', '~/b/b.log'], maxAge: '1h' };
    await expect(look(check)).resolves.toMatchObject({ level: 'ok', message: '3 files' });
    utimesSync(at('b/b.log'), threeHoursAgo, threeHoursAgo);
    await expect(look(check)).resolves.toMatchObject({
      level: 'error',
      reason: 'log-stale',
      message: 'b.log was last written 3 h ago; the limit is 1 h',
    });
  });
});

describe('a clock that is set', () => {
  it('ahead makes no log stale, until the time has passed', async () => {
    let now = { wallMs: Date.now(), bootMs: 3_600_000, awakeMs: 3_600_000, boot: 'one' };
    const pass = (ms: number, wallMs = ms) => {
      now = { wallMs: now.wallMs + wallMs, bootMs: now.bootMs + ms, awakeMs: now.awakeMs + ms, boot: 'one' };
    };
    ctx = probeContext({ userHome: home, clock: { now: () => now } });
    write('a.log', 'x');
    const check = { maxAge: '1h' };
    await expect(look(check)).resolves.toMatchObject({ level: 'ok' });
    pass(10_000, 3 * 365 * 86_400_000);
    await expect(look(check)).resolves.toMatchObject({ level: 'ok' });
    pass(3_600_000);
    await expect(look(check)).resolves.toMatchObject({ reason: 'log-stale', message: expect.stringContaining('1 h ago') });
  });
});

describe('what cannot be seen', () => {
  it('is told: a folder without permission', async () => {
    write('a.log', 'x'.repeat(100_000));
    write('secret/b.log', 'x');
    chmodSync(at('secret'), 0);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.stdout.write('Tests run as root, whom no folder stops: the refusal is injected.\n');
    const refusing = ((folder: string, options: { withFileTypes: true }) =>
      folder.endsWith('secret') ? Promise.reject(denied) : readdir(folder, options)) as unknown as typeof readdir;
    const system = isRoot ? { readdir: refusing } : {};
    const check = { paths: ['~/**/*.log'], maxSize: '1MB' };
    await expect(look(check, system)).resolves.toMatchObject({
      level: 'unknown',
      reason: 'permission-denied',
      message: `No permission to read ${at('secret')}`,
    });
    // What is seen to be over its limit is over it all the same.
    await expect(look({ ...check, maxSize: '10kB' }, system)).resolves.toMatchObject({ level: 'ok', measures: [{ limit: 10_000 }] });
    chmodSync(at('secret'), 0o700);
  });

  it('does not make old text new when it is seen again', async () => {
    write('secret/b.log', 'ERROR old\n');
    write('a.log', 'x\n');
    let isRefused = true;
    const readdirOr = ((folder: string, options: { withFileTypes: true }) =>
      isRefused && folder.endsWith('secret') ? Promise.reject(denied) : readdir(folder, options)) as unknown as typeof readdir;
    const check = { paths: ['~/**/*.log'], pattern: 'ERROR' };
    await look(check, { readdir: readdirOr });
    isRefused = false;
    await expect(look(check, { readdir: readdirOr })).resolves.toMatchObject({ level: 'ok' });
    isRefused = true;
    await look(check, { readdir: readdirOr });
    isRefused = false;
    appendFileSync(at('secret/b.log'), 'ERROR new\n');
    await expect(look(check, { readdir: readdirOr })).resolves.toMatchObject({ message: 'b.log: ERROR new' });
  });

  it('is told: more files than a look visits', async () => {
    for (let n = 0; n < 20; n += 1) write(`${n}.log`, 'x');
    await expect(look({ maxSize: '1MB' }, { maxEntries: 10 })).resolves.toMatchObject({
      level: 'unknown',
      reason: 'cut-short',
      message: expect.stringContaining('More than 10 files'),
    });
  });
});
