// A log is rotated while somebody writes to it, while the disk is full, while the engine is killed (R15). Told by what a
// reader finds afterwards: the archives in their order, then the log.
// Longer than 250 lines because the rule is one, and a reader wants all its stories on one page.
import { type ChildProcess, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FilesWorld, MAPPED } from '../../../test/fixtures/files-context.ts';
import { type RemedyOf, remedySchema } from '../../contract/config.ts';
import type { OpenFile, RemedyContext } from '../../contract/ports.ts';
import { realTimers } from '../system.ts';
import { byAge, nextId, readOurName } from './archive-name.ts';
import type { CopySeam } from './rotate-copy.ts';
import { rotateLogs } from './rotate-logs.ts';

const FIXTURES = path.join(import.meta.dirname, '../../../test/fixtures');
const WRITER = path.join(FIXTURES, 'files-writer.mjs');
const CHILD = path.join(FIXTURES, 'files-rotate-child.ts');
let world: FilesWorld;
beforeEach(() => {
  world = new FilesWorld();
});
afterEach(() => world.close());

function remedyOf(input: object = {}): RemedyOf<'rotate-logs'> {
  return remedySchema.parse({ type: 'rotate-logs', paths: ['~/*.log'], ...input }) as RemedyOf<'rotate-logs'>;
}
async function rotate(input: object = {}, extra: Partial<RemedyContext> = {}, seam: CopySeam = {}) {
  world.events.length = 0;
  const result = await rotateLogs(remedyOf(input), world.context(extra), seam);
  return { result, rotated: world.events.filter((event) => event.event === 'file-rotated') };
}
const keptOf = () =>
  Object.fromEntries(
    world.events.flatMap((event) => (event.event === 'file-kept' ? [[path.relative(world.root, event.path), event.reason]] : [])),
  );
const names = () =>
  readdirSync(world.root)
    .filter((name) => name !== 'engine-home')
    .sort();
const ours = (log = 'app.log') => names().flatMap((name) => (readOurName(name)?.source === log ? [{ ...readOurName(name), name }] : []));
const archives = (log = 'app.log') =>
  ours(log)
    .filter((one) => one.kind === 'archive')
    .sort((a, b) => byAge(a as Parameters<typeof byAge>[0], b as Parameters<typeof byAge>[0]))
    .map((one) => one.name);
/** All that a reader finds, oldest first. Throws where an archive is no valid gzip. */
function content(log = 'app.log'): string {
  const old = archives(log).map((name) => gunzipSync(readFileSync(world.at(name))).toString());
  return old.join('') + (existsSync(world.at(log)) ? readFileSync(world.at(log), 'utf8') : '');
}
function numbered(from: number, to: number): string {
  let text = '';
  for (let n = from; n <= to; n += 1) text += `line ${n}\n`;
  return text;
}
/** The numbers of all lines, which rise by one; where some were lost, by more; never by less. */
function numbersIn(text: string): number[] {
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => Number(/^line (\d+)$/.exec(line)?.[1]));
}
async function stopWriter(writer: ChildProcess): Promise<number> {
  const lines: string[] = [];
  createInterface({ input: writer.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
  const closed = new Promise((resolve) => writer.once('close', resolve));
  writer.kill('SIGTERM');
  await closed;
  return Number(lines.at(-1));
}
const writer = (mode: string, ...pause: string[]) => world.run([process.execPath, WRITER, world.at('app.log'), mode, ...pause]);
async function grown(atLeast: number): Promise<void> {
  await expect
    .poll(() => (existsSync(world.at('app.log')) ? statSync(world.at('app.log')).size : 0), { timeout: 20_000 })
    .toBeGreaterThan(atLeast);
}
/** The real list of open files, told differently from the n-th time on. */
function openFilesFrom(n: number, change: (files: Map<string, readonly OpenFile[]>) => unknown): Partial<RemedyContext> {
  const real = world.context().processes;
  let asked = 0;
  return {
    processes: {
      ...real,
      async openFiles() {
        asked += 1;
        const answer = await real.openFiles();
        if (asked < n || answer.kind === 'unknown') return answer;
        const files = new Map(answer.files);
        return change(files) === 'unknown' ? { kind: 'unknown', why: 'no lsof' } : { kind: 'known', files };
      },
    },
  };
}
const holderOf = (name: string, file: OpenFile) => (files: Map<string, readonly OpenFile[]>) => {
  const { dev, ino } = statSync(world.at(name));
  files.set(`${dev}:${ino}`, [...(files.get(`${dev}:${ino}`) ?? []), file]);
};

describe('a log that nobody writes to', () => {
  it('is packed whole and empty afterwards, and that is recorded as lossless', async () => {
    world.file('app.log', 0, numbered(1, 50_000));
    chmodSync(world.at('app.log'), 0o640);
    const size = statSync(world.at('app.log')).size;
    const { result, rotated } = await rotate();
    expect(result).toMatchObject({ kind: 'acted', reason: 'rotated', message: 'Rotated 1 file, 539 kB' });
    expect(archives()).toEqual([expect.stringMatching(/^app\.log\.\d{8}T\d{6}Z\.gz$/)]);
    expect(rotated).toEqual([
      { event: 'file-rotated', path: world.at('app.log'), archive: world.at(archives()[0] as string), bytes: size, lossless: true },
    ]);
    expect(statSync(world.at('app.log')).size).toBe(0);
    expect(content()).toBe(numbered(1, 50_000));
    expect(statSync(world.at(archives()[0] as string)).mode & 0o777).toBe(0o640);
    expect(spawnSync('gzip', ['-t', world.at(archives()[0] as string)]).status).toBe(0);
  });
  it('is rotated again and again in the same second, in order', async () => {
    for (let n = 0; n < 12; n += 1) {
      appendFileSync(world.at('app.log'), numbered(n * 10 + 1, n * 10 + 10));
      await rotate({ keep: 100 });
    }
    expect(archives()).toHaveLength(12);
    expect(content()).toBe(numbered(1, 120));
  });
  it('may hold bytes that are no text, and a last line without an end', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * n) % 256));
    writeFileSync(world.at('app.log'), bytes);
    await rotate();
    expect(gunzipSync(readFileSync(world.at(archives()[0] as string))).equals(bytes)).toBe(true);
  });
  it('may be read by somebody meanwhile', async () => {
    await world.hold(world.file('app.log', 0, numbered(1, 10)));
    expect((await rotate()).rotated).toMatchObject([{ lossless: true }]);
  });
  it('is not called lossless when others whom this user can’t see may write to it', async () => {
    world.file('app.log', 0, numbered(1, 10));
    chmodSync(world.at('app.log'), 0o666);
    const { uid } = statSync(world.at('app.log'));
    const someUid = uid === 0 ? 1_000 : uid;
    expect((await rotate({}, { uid: someUid })).rotated).toMatchObject([{ lossless: false }]);
  });
  it('keeps a line that is written at the last moment, and is not called lossless then', async () => {
    world.file('app.log', 0, numbered(1, 10));
    const { rotated } = await rotate({}, {}, { beforeEmptying: () => appendFileSync(world.at('app.log'), numbered(11, 11)) });
    expect(content()).toBe(numbered(1, 11));
    expect(rotated).toMatchObject([{ lossless: false }]);
  });
  it('is not called lossless when somebody opened it meanwhile', async () => {
    world.file('app.log', 0, numbered(1, 10));
    const extra = openFilesFrom(3, holderOf('app.log', { pid: 4_711, isWriter: true, isAppend: true }));
    expect((await rotate({}, extra)).rotated).toMatchObject([{ lossless: false }]);
    expect(content()).toBe(numbered(1, 10));
  });
});

describe('what is left alone', () => {
  it.each<[string, () => unknown, Record<string, string>]>([
    ['an empty log', () => world.file('app.log', 0, ''), {}],
    ['a symlink', () => [world.file('real.txt'), symlinkSync('real.txt', world.at('app.log'))], { 'app.log': 'symlink' }],
    ['a hard link', () => linkSync(world.file('real.txt'), world.at('app.log')), { 'app.log': 'hard-linked' }],
    ['a folder', () => mkdirSync(world.at('app.log')), {}],
    ['a database', () => [world.file('CURRENT'), world.file('000003.log')], { '000003.log': 'database' }],
    ['a file of SQLite', () => [world.file('app.log'), world.file('app.log-wal')], { 'app.log': 'database' }],
    ['what is packed already', () => world.file('app.gz.log.gz'), {}],
  ])('%s', async (_, build, kept) => {
    build();
    const before = names();
    const { rotated } = await rotate({ paths: ['~/*.log', '~/*.gz'] });
    expect(rotated).toEqual([]);
    expect(keptOf()).toEqual(kept);
    expect(names()).toEqual(before);
  });
  it('the home', async () => {
    world.file('engine-home/health.log');
    const { result } = await rotate({ paths: ['~/**/*.log'] });
    expect(result).toMatchObject({ kind: 'refused', reason: 'home' });
    expect(readdirSync(world.home)).toEqual(['health.log']);
  });
  it('a log below the limit of the check, by its blocks', async () => {
    world.file('small.log', 0, 'x'.repeat(50_000));
    world.file('large.log', 0, 'x'.repeat(150_000));
    truncateSync(world.file('holes.log', 0, 'x'), 500_000);
    const { rotated } = await rotate({}, { rotateOverBytes: 100_000 });
    expect(rotated.map((event) => path.basename(event.path))).toEqual(['large.log']);
    expect((await rotate({}, { rotateOverBytes: 100_000 })).result).toMatchObject({ kind: 'acted', reason: 'nothing-to-rotate' });
  });
  it('everything, when a pattern is relative', async () => {
    world.file('app.log');
    expect((await rotate({ paths: ['app.log'] })).result).toMatchObject({ kind: 'refused', reason: 'relative-pattern' });
    expect(names()).toEqual(['app.log']);
  });
  it('its own archives, whatever the pattern', async () => {
    world.file('app.log');
    for (let n = 0; n < 3; n += 1) {
      appendFileSync(world.at('app.log'), 'x\n');
      await rotate({ paths: ['~/*'] });
    }
    expect(names()).toEqual(['app.log', ...archives()].sort());
    expect(archives()).toHaveLength(3);
  });
});

describe('which logs', () => {
  it('are those of the check when the remedy names none', async () => {
    world.file('app.log');
    world.file('other.log');
    const remedy = remedySchema.parse({ type: 'rotate-logs' }) as RemedyOf<'rotate-logs'>;
    await rotateLogs(remedy, world.context({ checkPaths: ['~/app.log'] }));
    expect([archives().length, archives('other.log').length]).toEqual([1, 0]);
  });
  it('have names of any kind', async () => {
    for (const name of ['new\nline.log', '-rf.log', `q'".log`, '*.log']) {
      world.file(name);
      await rotate();
      expect([archives(name).length, content(name)]).toEqual([1, `${name}\n`]);
    }
  });
  it('do not stand in each other’s way', async () => {
    world.file('a.log');
    await world.hold(world.file('b.log'), 'r+');
    world.file('c.log');
    const { result, rotated } = await rotate();
    expect(rotated.map((event) => path.basename(event.path)).sort()).toEqual(['a.log', 'c.log']);
    expect(keptOf()).toEqual({ 'b.log': 'writes-at-own-offset' });
    expect(result).toMatchObject({ kind: 'acted', reason: 'rotated' });
  });
});

describe('archives', () => {
  it('are kept up to their number, the newest; what only looks like one stays', async () => {
    const others = [
      'app.log.20200101T000000Z-1.gz',
      'app.log.20200101.gz',
      'app.log.20200101T000000Z.gz.bak',
      'app.log.1.gz',
      'xapp.log.20200101T000000Z.gz',
    ];
    for (const name of others) world.file(name);
    for (const day of ['01', '02', '03', '04']) world.file(`app.log.202001${day}T000000Z.gz`, 900, gzipSync(''));
    symlinkSync('app.log.1.gz', world.at('app.log.20190101T000000Z.gz'));
    linkSync(world.at('app.log.1.gz'), world.at('app.log.20190102T000000Z.gz'));
    world.file('app.log', 0, 'x\n');
    await rotate({ keep: 3 });
    expect(archives().slice(0, 4)).toEqual([
      'app.log.20190101T000000Z.gz',
      'app.log.20190102T000000Z.gz',
      'app.log.20200103T000000Z.gz',
      'app.log.20200104T000000Z.gz',
    ]);
    expect(archives()).toHaveLength(5);
    expect(names()).toEqual(expect.arrayContaining(others));
    expect(keptOf()).toMatchObject({ 'app.log.20190101T000000Z.gz': 'symlink', 'app.log.20190102T000000Z.gz': 'hard-linked' });
    expect(world.events.filter((event) => event.event === 'file-deleted').map((event) => path.basename(event.path))).toEqual([
      'app.log.20200101T000000Z.gz',
      'app.log.20200102T000000Z.gz',
    ]);
  });
  it('are kept when git tracks them', async () => {
    world.file('app.log.20200101T000000Z.gz', 900, gzipSync('old\n'));
    world.git(world.root, 'init');
    world.git(world.root, 'add', '-f', 'app.log.20200101T000000Z.gz');
    world.file('app.log', 0, 'new\n');
    await rotate({ keep: 1 });
    expect(archives()).toHaveLength(2);
  });
  it('are kept when a bare repository beside them tracks them', async () => {
    world.file('app.log.20200101T000000Z.gz', 900, gzipSync('old\n'));
    world.git(world.root, 'init', '--bare', '.cfg');
    world.git(world.root, '--git-dir=.cfg', '--work-tree=.', 'add', '-f', 'app.log.20200101T000000Z.gz');
    world.file('app.log', 0, 'new\n');
    await rotate({ keep: 1 });
    expect(archives()).toHaveLength(2);
  });
  it('stay in order, and the new one is never the one that is deleted, when the clock goes back', async () => {
    for (const year of [2097, 2098, 2099]) world.file(`app.log.${year}0101T000000Z.gz`, 1, gzipSync(`${year}\n`));
    world.file('app.log', 0, 'now\n');
    await rotate({ keep: 3 });
    expect(content()).toBe('2098\n2099\nnow\n');
    expect(archives().at(-1)).toBe('app.log.20990101T000000Z-2.gz');
  });
  it('have names that order by number, not by letter', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    const tenth = { stamp: '20260102T030405Z', sequence: 10 };
    expect(nextId([{ ...tenth, sequence: 9 }, tenth], at)).toEqual({ ...tenth, sequence: 11 });
    expect(nextId([], at)).toEqual({ ...tenth, sequence: 1 });
    expect(readOurName('a-20260102T030405Z-01.gz')).toBeUndefined();
    expect(readOurName('-20260102T030405Z.gz')).toBeUndefined();
  });
});

describe('a writer that keeps its log open', () => {
  it('in append mode, and resting: lossless, on the evidence of its position', async () => {
    const child = await writer('append', '3600000');
    await grown(0);
    const { rotated } = await rotate();
    // Only Linux tells positions; elsewhere nothing is proven.
    expect(rotated).toMatchObject([{ lossless: process.platform === 'linux' }]);
    expect(await stopWriter(child)).toBe(1);
    expect(content()).toBe('line 1\n');
  });
  it('in append mode, where positions are not told: never lossless', async () => {
    await writer('append', '3600000');
    await grown(0);
    expect((await rotate({}, { platform: 'darwin' })).rotated).toMatchObject([{ lossless: false }]);
  });
  it('in append mode, at its leisure: nothing is doubled, and lost only where that is recorded', async () => {
    const child = await writer('append', '1');
    let isLossless = true;
    for (let n = 0; n < 8; n += 1) {
      await grown(300);
      const { rotated } = await rotate();
      isLossless &&= rotated.every((event) => event.lossless);
    }
    const written = await stopWriter(child);
    const found = numbersIn(content());
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
    if (isLossless) expect(found).toEqual(Array.from({ length: written }, (_, n) => n + 1));
  });
  it('in append mode, as fast as it can: nothing is doubled, and lost only where that is recorded', async () => {
    const child = await writer('append');
    const lossless: boolean[] = [];
    for (let n = 0; n < 5; n += 1) {
      await grown(2_000_000);
      const { result, rotated } = await rotate();
      expect(result.reason).toBe('rotated');
      lossless.push(...rotated.map((event) => event.lossless));
    }
    const written = await stopWriter(child);
    expect(lossless).toHaveLength(5);
    const found = numbersIn(content());
    expect(found.length).toBeGreaterThan(100_000);
    for (let n = 1; n < found.length; n += 1)
      if ((found[n] as number) <= (found[n - 1] as number)) expect([found[n - 1], found[n]]).toEqual(['a line', 'only once']);
    expect(found.at(-1)).toBe(written);
    if (lossless.every(Boolean)) expect(found).toHaveLength(written);
  }, 90_000);
  it('in append mode, faster than it can be copied: nothing is emptied, and no archive is left that would double lines', async () => {
    world.file('app.log', 0, numbered(1, 100));
    // A hole is as good as what a fast writer writes, and needs no disk.
    const { result, rotated } = await rotate({}, {}, { beforeEmptying: () => truncateSync(world.at('app.log'), 1e9) });
    expect(result).toMatchObject({ kind: 'refused', reason: 'writes-too-fast' });
    expect([rotated, names(), statSync(world.at('app.log')).size]).toEqual([[], ['app.log'], 1e9]);
    truncateSync(world.at('app.log'), numbered(1, 100).length);
    expect(content()).toBe(numbered(1, 100));
  }, 60_000);
  it('at its own offset: refused, and untouched', async () => {
    world.file('app.log', 0, '');
    const child = await writer('offset', '5');
    await grown(50);
    const inode = statSync(world.at('app.log')).ino;
    const { result } = await rotate();
    expect(result).toMatchObject({ kind: 'refused', reason: 'writes-at-own-offset' });
    const written = await stopWriter(child);
    expect(names()).toEqual(['app.log']);
    expect(statSync(world.at('app.log')).ino).toBe(inode);
    expect(content()).toBe(numbered(1, written));
  });
  it.runIf(MAPPED)('by a map, without a handle: refused, untouched, and the writer lives on', async () => {
    const text = 'x'.repeat(8_192);
    world.file('app.log', 0, text);
    const writer = await world.run(['python3', MAPPED as string, world.at('app.log')]);
    const { result } = await rotate({});
    expect(result).toMatchObject({ kind: 'refused', reason: 'writes-at-own-offset' });
    expect([names(), content()]).toEqual([['app.log'], text]);
    // In an emptied file this would be its death (SIGBUS).
    writer.stdin?.write('now\n');
    while (!content().startsWith('!') && writer.signalCode === null) await realTimers.sleep(10);
    expect(writer.signalCode).toBe(null);
  });
  it.each<[string, OpenFile]>([
    ['in a way that the system does not tell', { pid: 4_711, isWriter: true, isAppend: undefined }],
    ['at its own offset, opened while the log was copied', { pid: 4_711, isWriter: true, isAppend: false }],
  ])('%s: refused, and untouched', async (_, file) => {
    world.file('app.log', 0, numbered(1, 100));
    for (const from of [1, 2]) {
      const { result } = await rotate({}, openFilesFrom(from, holderOf('app.log', file)));
      expect(result).toMatchObject({ kind: 'refused', reason: 'writes-at-own-offset' });
      expect([names(), content()]).toEqual([['app.log'], numbered(1, 100)]);
    }
  });
  it('in a way that can’t be found out: refused, and untouched', async () => {
    world.file('app.log', 0, numbered(1, 100));
    for (const from of [1, 2]) {
      const { result } = await rotate(
        {},
        openFilesFrom(from, () => 'unknown'),
      );
      expect(result).toMatchObject({ kind: 'refused', reason: 'open-files-unknown' });
      expect([names(), content()]).toEqual([['app.log'], numbered(1, 100)]);
    }
  });
});

describe('a log that changes under the rotation', () => {
  it.each<[string, () => void]>([
    ['is emptied by somebody else', () => truncateSync(world.at('app.log'), 0)],
    ['is cut by somebody else', () => truncateSync(world.at('app.log'), 20)],
  ])('and %s is left to them', async (_, doing) => {
    world.file('app.log', 0, numbered(1, 100));
    const { result } = await rotate({}, {}, { beforeEmptying: doing });
    expect(result).toMatchObject({ kind: 'refused', reason: 'changed-meanwhile' });
    expect(names()).toEqual(['app.log']);
  });
  it('and is told to stop is untouched', async () => {
    world.file('app.log', 0, numbered(1, 100));
    const stop = new AbortController();
    const { result } = await rotate({}, { signal: stop.signal }, { beforeEmptying: () => stop.abort() });
    expect(result).toMatchObject({ kind: 'acted', reason: 'aborted' });
    expect([names(), content()]).toEqual([['app.log'], numbered(1, 100)]);
  });
  it('and gets another file in its place: the packed one is emptied, the other is not', async () => {
    world.file('app.log', 0, numbered(1, 100));
    await rotate(
      {},
      {},
      {
        beforeEmptying: () => {
          renameSync(world.at('app.log'), world.at('moved'));
          world.file('app.log', 0, 'new\n');
        },
      },
    );
    expect(readFileSync(world.at('app.log'), 'utf8')).toBe('new\n');
    expect(content()).toBe(`${numbered(1, 100)}new\n`);
  });
});

describe('a writer that reopens', () => {
  const hangUp = (child: ChildProcess) => [process.execPath, '-e', `process.kill(${child.pid}, 'SIGHUP'); console.log('told')`];
  it('loses nothing, and that is proven', async () => {
    const child = await writer('reopen');
    for (let n = 0; n < 3; n += 1) {
      await grown(1_000_000);
      const { result, rotated } = await rotate({ after: hangUp(child) });
      expect(result).toMatchObject({ kind: 'acted', reason: 'rotated', output: 'After: told\n' });
      expect(rotated).toMatchObject([{ lossless: true }]);
      expect(ours().map((one) => one.kind)).toEqual(Array(n + 1).fill('archive'));
    }
    const written = await stopWriter(child);
    expect(content()).toBe(numbered(1, written));
  }, 90_000);
  it('may write at its own offset', async () => {
    world.file('app.log', 0, '');
    const child = await writer('offset', '2');
    await grown(50);
    // It does not reopen, but it ends: then nobody holds the old file either.
    const end = [process.execPath, '-e', `process.kill(${child.pid}, 'SIGTERM')`];
    expect((await rotate({ after: end })).rotated).toMatchObject([{ lossless: true }]);
    expect(existsSync(world.at('app.log'))).toBe(false);
    expect(numbersIn(content()).length).toBeGreaterThan(5);
  });
  it('is told once for all its logs', async () => {
    world.file('a.log');
    world.file('b.log');
    const count = [process.execPath, '-e', `require('node:fs').appendFileSync('count.txt', 'x')`];
    expect((await rotate({ after: count })).rotated).toHaveLength(2);
    expect(readFileSync(world.at('count.txt'), 'utf8')).toBe('x');
  });
  it('is told in the folder of its service, also one below `~`', async () => {
    world.file('a.log');
    mkdirSync(world.at('service'));
    await rotate({ after: [process.execPath, '-e', `require('node:fs').writeFileSync('told.txt', '')`] }, { serviceCwd: '~/service' });
    expect(readdirSync(world.at('service'))).toEqual(['told.txt']);
  });
  it('but did not, and nothing has taken its name: its log has its name again, and goes on', async () => {
    const child = await writer('append', '2');
    await grown(100);
    const inode = statSync(world.at('app.log')).ino;
    const { result, rotated } = await rotate({ after: ['true'] }, { clock: world.hastyClock() });
    expect(result).toMatchObject({ kind: 'refused', reason: 'not-reopened' });
    expect([rotated, keptOf()]).toEqual([[], { 'app.log': 'not-reopened' }]);
    expect([names(), statSync(world.at('app.log')).ino]).toEqual([['app.log'], inode]);
    await grown(statSync(world.at('app.log')).size);
    const written = await stopWriter(child);
    expect(content()).toBe(numbered(1, written));
  });
  it('but did not yet, and another file has its name: the old log waits, and the next rotation packs it', async () => {
    const child = await writer('reopen', '2');
    await grown(100);
    const create = [process.execPath, '-e', `require('node:fs').writeFileSync('app.log', '')`];
    const { result, rotated } = await rotate({ after: create }, { clock: world.hastyClock() });
    expect(rotated).toEqual([]);
    expect(result).toMatchObject({ kind: 'refused', reason: 'still-open' });
    expect(ours().map((one) => one.kind)).toEqual(['rotating']);
    // Another rotation in between leaves it alone.
    await rotate();
    expect(ours().map((one) => one.kind)).toEqual(['rotating']);
    child.kill('SIGHUP');
    await grown(50);
    expect((await rotate({ after: hangUp(child) })).rotated).toMatchObject([{ lossless: true }, { lossless: true }]);
    const written = await stopWriter(child);
    expect(content()).toBe(numbered(1, written));
  });
  it.each<[string, string[], object]>([
    [
      'fails',
      [process.execPath, '-e', 'console.log("no such job"); process.exit(3)'],
      { kind: 'acted', reason: 'after-failed', output: expect.stringContaining('no such job') },
    ],
    ['is not there', ['/nowhere/reopen'], { kind: 'not-started', reason: 'after-not-started' }],
  ])('but the command that tells it %s: its log has its name again, and goes on', async (_, argv, expected) => {
    const child = await writer('append', '2');
    await grown(100);
    const inode = statSync(world.at('app.log')).ino;
    const { result, rotated } = await rotate({ after: argv });
    expect(result).toMatchObject(expected);
    expect([rotated, names(), statSync(world.at('app.log')).ino]).toEqual([[], ['app.log'], inode]);
    await grown(statSync(world.at('app.log')).size);
    const written = await stopWriter(child);
    expect(content()).toBe(numbered(1, written));
  });
  it('but open files can’t be listed: nothing is renamed', async () => {
    world.file('app.log');
    const { result } = await rotate(
      { after: ['true'] },
      openFilesFrom(1, () => 'unknown'),
    );
    expect(result).toMatchObject({ kind: 'refused', reason: 'open-files-unknown' });
    expect(names()).toEqual(['app.log']);
  });
});

describe('what an earlier run left', () => {
  const STAMP = '20260102T030405Z';
  const put = (ending: string, bytes: string | Buffer) => writeFileSync(world.at(`app.log.${STAMP}${ending}`), bytes);
  const lines = numbered(1, 100);
  const packed = gzipSync(lines);
  interface Left {
    readonly name: string;
    readonly left: Readonly<Record<string, string | Buffer>>;
    readonly log?: string;
    readonly link?: readonly [string, string];
    readonly expected: string;
  }
  const torn = Buffer.concat([packed, gzipSync(numbered(101, 150)).subarray(0, 40)]);
  const cases: readonly Left[] = [
    { name: 'an archive that was not finished', left: { '.jarvis-partial': packed.subarray(0, 50) }, log: lines, expected: lines },
    { name: 'a complete archive, the log not emptied yet', left: { '.jarvis-pending.gz': packed }, log: lines, expected: lines },
    { name: 'the same, the log grown since', left: { '.jarvis-pending.gz': packed }, log: numbered(1, 150), expected: numbered(1, 150) },
    { name: 'a complete archive, the log emptied', left: { '.jarvis-pending.gz': packed }, log: '', expected: lines },
    { name: 'the same, the log grown again', left: { '.jarvis-pending.gz': packed }, log: numbered(101, 150), expected: numbered(1, 150) },
    { name: 'the same, beyond its old size', left: { '.jarvis-pending.gz': packed }, log: numbered(101, 950), expected: numbered(1, 950) },
    { name: 'a complete archive, the log gone', left: { '.jarvis-pending.gz': packed }, expected: lines },
    { name: 'an archive cut while it caught up', left: { '.jarvis-pending.gz': torn }, log: numbered(1, 150), expected: numbered(1, 150) },
    {
      name: 'an archive with both its names',
      left: { '.gz': packed },
      link: ['.gz', '.jarvis-pending.gz'],
      log: 'line 101\n',
      expected: numbered(1, 101),
    },
    { name: 'a log set aside', left: { '.jarvis-rotating': lines }, expected: lines },
    { name: 'a log set aside, and the next begun', left: { '.jarvis-rotating': lines }, log: 'line 101\n', expected: numbered(1, 101) },
    {
      name: 'a log set aside, its archive begun',
      left: { '.jarvis-rotating': lines, '.jarvis-partial': packed.subarray(0, 50) },
      expected: lines,
    },
    { name: 'a log set aside, its archive complete', left: { '.jarvis-rotating': lines, '.gz': packed }, expected: lines },
    { name: 'the same, written to since', left: { '.jarvis-rotating': numbered(1, 130), '.gz': packed }, expected: numbered(1, 130) },
    { name: 'a log with both its names', left: {}, link: ['', '.jarvis-rotating'], log: lines, expected: lines },
  ];
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { left, log, link, expected }) => {
    for (const [ending, bytes] of Object.entries(left)) put(ending, bytes);
    if (log !== undefined) world.file('app.log', 0, log);
    if (link) linkSync(world.at(link[0] === '' ? 'app.log' : `app.log.${STAMP}${link[0]}`), world.at(`app.log.${STAMP}${link[1]}`));
    await rotate({}, { rotateOverBytes: 1e9 });
    expect(content()).toBe(expected);
    expect(ours().filter((one) => one.kind !== 'archive')).toEqual([]);
    await rotate();
    expect(content()).toBe(expected);
    if (existsSync(world.at('app.log'))) expect(statSync(world.at('app.log')).size).toBe(0);
  });
  const rotating = `app.log.${STAMP}.jarvis-rotating`;
  it('a log set aside whose writer was never told: it has its name again, and is rotated in the same run', async () => {
    const child = await writer('reopen', '2');
    await grown(100);
    const inode = statSync(world.at('app.log')).ino;
    renameSync(world.at('app.log'), world.at(rotating));
    await rotate({}, { rotateOverBytes: 1e9 });
    expect([names(), statSync(world.at('app.log')).ino]).toEqual([['app.log'], inode]);
    expect(keptOf()).toEqual({ [rotating]: 'name-given-back' });

    renameSync(world.at('app.log'), world.at(rotating));
    const { rotated } = await rotate({ after: [process.execPath, '-e', `process.kill(${child.pid}, 'SIGHUP')`] });
    expect(rotated).toMatchObject([{ path: world.at('app.log'), lossless: true }]);
    const written = await stopWriter(child);
    expect(ours().map((one) => one.kind)).toEqual(['archive']);
    expect(content()).toBe(numbered(1, written));
  });
  it('a log set aside stays while its writer is at it and its archive is complete, or somebody else reads it: no line gets into two', async () => {
    put('.jarvis-rotating', lines);
    const reader = await world.hold(world.at(rotating));
    await rotate();
    expect([names(), keptOf()]).toEqual([[rotating], { [rotating]: 'still-open' }]);
    await world.end(reader);
    put('.gz', packed);
    const late = await world.hold(world.at(rotating), 'a');
    await rotate();
    expect(keptOf()).toEqual({ [rotating]: 'still-open' });
    await world.end(late);
    await rotate();
    expect(content()).toBe(lines);
  });
  it('a log with both its names loses the waiting one also while its writer goes on', async () => {
    const child = await writer('append', '2');
    await grown(100);
    linkSync(world.at('app.log'), world.at(rotating));
    await rotate({}, { rotateOverBytes: 1e9 });
    expect(names()).toEqual(['app.log']);
    const written = await stopWriter(child);
    expect(content()).toBe(numbered(1, written));
  });
  it('is not called lossless when nobody can tell any more', async () => {
    put('.jarvis-pending.gz', packed);
    expect((await rotate()).rotated).toMatchObject([{ path: world.at('app.log'), lossless: false }]);
  });
  it('stays while somebody works on it', async () => {
    world.file('app.log', 0, '');
    put('.jarvis-partial', packed);
    await world.hold(world.at(`app.log.${STAMP}.jarvis-partial`), 'a');
    await rotate();
    expect(keptOf()).toEqual({ [`app.log.${STAMP}.jarvis-partial`]: 'still-open' });
    expect(ours()).toHaveLength(1);
  });
  it('stays when it can’t be read and its log is not there', async () => {
    put('.jarvis-pending.gz', 'garbage');
    await rotate();
    expect([ours().length, Object.values(keptOf())]).toEqual([1, ['archive-damaged']]);
  });
  it('stays when another archive has its name', async () => {
    put('.jarvis-rotating', lines);
    put('.gz', gzipSync('something else\n'));
    await rotate();
    expect([ours().length, Object.values(keptOf())]).toEqual([2, ['archive-name-taken']]);
  });
  it('is only what has exactly our names', async () => {
    const strange = [
      'app.log.20260102T030405Z.jarvis-partial.bak',
      'app.log.2026.jarvis-rotating',
      'app.log.jarvis-partial',
      'other-20260102T030405Z.jarvis-partial',
    ];
    for (const name of strange) world.file(name);
    world.file('app.log', 0, '');
    await rotate();
    expect(names()).toEqual(['app.log', ...strange].sort());
  });
});

describe('a rotation that is killed', () => {
  // One run for each step that changes something on the disk, killed directly before that step; until one is not killed.
  it.each([
    ['copying', []],
    ['renaming', ['true']],
  ])(
    'before any of its steps, %s: every line is there, once, and the archives are whole',
    async (_, after) => {
      const steps: string[] = [];
      for (let step = 1; ; step += 1) {
        for (const { name } of ours()) unlinkSync(world.at(name));
        world.file('app.log', 0, numbered(1, 3_000));
        const ran = spawnSync(process.execPath, [CHILD, world.root, '0', ...after], {
          encoding: 'utf8',
          env: { ...process.env, DIE_BEFORE: String(step) },
        });
        if (ran.signal === null) {
          expect([ran.status, content()]).toEqual([0, numbered(1, 3_000)]);
          break;
        }
        steps.push(ran.stderr.trim());
        for (const name of archives()) expect(spawnSync('gzip', ['-t', world.at(name)]).status).toBe(0);
        // The writer goes on; every other time also the log is small for the next run.
        appendFileSync(world.at('app.log'), numbered(3_001, 3_020));
        await rotate({}, { rotateOverBytes: step % 2 ? 1e9 : undefined });
        expect([steps.at(-1), content()]).toEqual([steps.at(-1), numbered(1, 3_020)]);
        expect(ours().filter((one) => one.kind !== 'archive')).toEqual([]);
      }
      expect(steps.length).toBeGreaterThan(10);
      const needed =
        after.length > 0
          ? ['rename', 'write', 'sync', 'link', 'unlinkSync']
          : ['write', 'sync', 'rename', 'ftruncateSync', 'link', 'unlink'];
      expect(steps).toEqual(expect.arrayContaining(needed));
    },
    120_000,
  );

  // And at moments that nobody chose, in runs that rotate on and on.
  it.each([
    ['copying', []],
    ['renaming', ['true']],
  ])(
    'at any moment, %s: every line is there, once',
    async (_, after) => {
      for (let round = 0; round < 5; round += 1) {
        const child = await world.run([process.execPath, CHILD, world.root, '100000', ...after]);
        await realTimers.sleep(50 + Math.random() * 500);
        expect(child.exitCode).toBeNull();
        await world.end(child);
      }
      await rotate({ keep: 10_000 });
      expect(ours().filter((one) => one.kind !== 'archive')).toEqual([]);
      // A kill may also have cut the line that was being written: the next writer says so, and after the last there is none.
      const whole = content()
        .replaceAll(/^[line \d]*\(cut\)\n/gm, '')
        .replace(/^[line \d]+$(?!\n)/m, '');
      const numbers = numbersIn(whole);
      expect(numbers.length).toBeGreaterThan(2_000);
      expect(numbers.findIndex((number, n) => number !== n + 1)).toBe(-1);
    },
    120_000,
  );
});

describe('a disk that is full', () => {
  it('keeps the log as it is, and nothing half done', async () => {
    const script = `mount -t tmpfs -o size=1m tmpfs "$1" && head -c 800000 /dev/urandom > "$1/app.log" && sum=$(sha256sum < "$1/app.log") &&
      "$2" "$3" "$1" 0 && ls "$1" && [ "$sum" = "$(sha256sum < "$1/app.log")" ] && echo intact`;
    mkdirSync(world.at('small'));
    const ran = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', world.at('small'), process.execPath, CHILD], { encoding: 'utf8' });
    if (/unshare|mount/.test(ran.stderr) || ran.error) {
      process.stdout.write('No small file system of our own can be mounted here: a full disk was not tried.\n');
      return;
    }
    const [ready, result, ...rest] = ran.stdout.trim().split('\n');
    expect(ready).toBe('ready');
    expect(JSON.parse(result as string)).toMatchObject({ kind: 'acted', reason: 'disk-full', output: 'Kept: 1 disk-full' });
    expect(rest).toEqual(['app.log', 'intact']);
  });
  it('tells of any other trouble of one log, and goes on with the next', async () => {
    world.file('a.log');
    world.file('b.log');
    const long = `${'x'.repeat(245)}.log`;
    world.file(long);
    const { rotated } = await rotate();
    expect(rotated).toHaveLength(2);
    expect(keptOf()).toEqual({ [long]: 'rotate-failed-ENAMETOOLONG' });
    unlinkSync(world.at(long));
  });
});
