// Every way in which a file may be somebody's, and that it is still there afterwards (R14). Each case builds a tree, runs
// the remedy once, and names exactly what is gone from the whole tree; nothing else may be.
// Longer than 250 lines because the rule is one, and a reader wants all ways around it on one page.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, FilesWorld, MAPPED } from '../../../test/fixtures/files-context.ts';
import { LINKS, OPEN, OWNED, PLAIN, SPECIAL, tracked } from '../../../test/fixtures/files-delete-cases.ts';
import { DOTFILES } from '../../../test/fixtures/files-dotfiles-cases.ts';
import { type RemedyOf, remedySchema } from '../../contract/config.ts';
import type { RemedyContext } from '../../contract/ports.ts';
import { agesOf } from '../ages.ts';
import { type DeleteSeam, deleteOldLogs } from './delete-old-logs.ts';

let world: FilesWorld;
beforeEach(() => {
  world = new FilesWorld();
});
afterEach(() => world.close());

function remedyOf(input: object = {}): RemedyOf<'delete-old-logs'> {
  return remedySchema.parse({ type: 'delete-old-logs', paths: ['~/**/*.log'], olderThan: '30d', ...input }) as RemedyOf<'delete-old-logs'>;
}
/** Everything below the root, by name; a file with its content, so that a change shows as well. */
function tree(folder = world.root, below = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    const full = path.join(folder, name);
    const stats = lstatSync(full);
    all.set(below + name, stats.isFile() ? digestOf(full) : 'no file');
    if (stats.isDirectory()) for (const [inner, what] of tree(full, `${below}${name}/`)) all.set(inner, what);
  }
  return all;
}
function digestOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'may not be read';
  }
}
interface Ran {
  readonly gone: string[];
  readonly kept: Record<string, string>;
  readonly result: Awaited<ReturnType<typeof deleteOldLogs>>;
}
async function run(input: object = {}, extra: Partial<RemedyContext> = {}, seam: DeleteSeam = {}): Promise<Ran> {
  const before = tree();
  const result = await deleteOldLogs(remedyOf(input), world.context(extra), seam);
  const after = tree();
  const gone = [...before.keys()].filter((name) => !after.has(name)).sort();
  const recorded = world.events.flatMap((event) => (event.event === 'file-deleted' ? [path.relative(world.root, event.path)] : []));
  if (!seam.beforeUnlink) {
    for (const [name, content] of after) expect([name, content]).toEqual([name, before.get(name)]);
    expect(recorded.toSorted()).toEqual(gone);
  }
  const kept = world.events.flatMap((event) =>
    event.event === 'file-kept' ? [[path.relative(world.root, event.path), event.reason]] : [],
  );
  return { gone, kept: Object.fromEntries(kept) as Record<string, string>, result };
}

describe.each([
  ['what is old and nobody’s', PLAIN],
  ['links', LINKS],
  ['what is no file', SPECIAL],
  ['what belongs to somebody', OWNED],
  ['what is open', OPEN],
  ['what is tracked from elsewhere: logs', DOTFILES],
] as const)('%s', (_, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, { build, input, gone, kept }) => {
    await Promise.all([await build(world)].flat());
    const ran = await run(input);
    expect(ran.gone).toEqual([...gone].sort());
    if (kept) expect(ran.kept).toEqual(kept);
    expect(ran.result).toMatchObject({ kind: 'acted', reason: gone.length > 0 ? 'deleted' : 'nothing-to-delete' });
  });
});

describe('the home', () => {
  it('is known when it is reached by a symlink itself', async () => {
    world.file('real-home/health.log');
    symlinkSync(world.at('real-home'), world.at('home-link'));
    expect((await run({}, { home: world.at('home-link') })).gone).toEqual([]);
  });
  it('may be missing', async () => {
    world.file('a.log');
    expect((await run({}, { home: world.at('no-home') })).gone).toEqual(['a.log']);
  });
  it('is safe when it is the whole tree', async () => {
    world.file('a.log');
    expect((await run({}, { home: world.root })).kept).toEqual({ 'a.log': 'home' });
  });
});

it.runIf(MAPPED)('a file that a program has mapped, and holds no handle of any more, is in use', async () => {
  const file = world.file('a.log', 40, 'x'.repeat(8_192));
  await world.run(['python3', MAPPED as string, file]);
  expect(await run()).toMatchObject({ gone: [], kept: { 'a.log': 'open' } });
});

describe('open files that can’t be listed', () => {
  const unknownAfter = (answers: number): Partial<RemedyContext> => {
    const real = world.context().processes;
    let left = answers;
    return {
      processes: {
        ...real,
        openFiles: async () => {
          left -= 1;
          return left < 0 ? { kind: 'unknown', why: 'no lsof' } : real.openFiles();
        },
      },
    };
  };
  it('refuse everything', async () => {
    world.file('a.log');
    const { gone, result } = await run({}, unknownAfter(0));
    expect(gone).toEqual([]);
    expect(result).toMatchObject({ kind: 'refused', reason: 'open-files-unknown', message: expect.stringContaining('no lsof') });
  });
  it('refuse everything also when that shows after the walk only', async () => {
    world.file('a.log');
    const { gone, result } = await run({}, unknownAfter(1));
    expect(gone).toEqual([]);
    expect(result).toMatchObject({ kind: 'refused', reason: 'open-files-unknown' });
  });
  it('end it in the middle', async () => {
    for (let n = 0; n < 5; n += 1) world.file(`${n}.log`, 40 + n);
    const clock = world.hastyClock();
    const { gone, result } = await run({}, { ...unknownAfter(4), clock });
    expect(gone).toEqual(['3.log', '4.log']);
    expect(result).toMatchObject({ kind: 'acted', reason: 'open-files-unknown', message: expect.stringContaining('Deleted 2 files') });
  });
});

describe('a clock that is set', () => {
  /** The real clocks, and one of the wall that somebody sets; `ages` has looked from the start. */
  function settable() {
    let byMs = 0;
    const real = world.context().clock;
    const clock = { now: () => ({ ...real.now(), wallMs: real.now().wallMs + byMs }) };
    const set = (ms: number): void => {
      byMs += ms;
    };
    return { set, extra: { clock, ages: agesOf(clock, []) } };
  }
  const YEARS = 3 * 365 * DAY_MS;

  it('years ahead makes no log of this hour old, and takes nothing from those that are', async () => {
    const { set, extra } = settable();
    world.file('minutes.log', 0);
    world.file('weeks.log', 29);
    set(YEARS);
    const none = await run({}, extra);
    expect(none.gone).toEqual([]);
    expect(none.kept).toEqual({ 'minutes.log': 'age-in-doubt', 'weeks.log': 'age-in-doubt' });
    expect(none.result).toMatchObject({
      kind: 'refused',
      reason: 'age-in-doubt',
      message: expect.stringContaining('2 files are old enough'),
    });
    world.events.length = 0;
    world.file('months.log', 40);
    const one = await run({}, extra);
    expect(one.gone).toEqual(['months.log']);
    expect(world.events).toContainEqual(expect.objectContaining({ event: 'file-deleted', ageDays: expect.closeTo(40, 0) }));
  });
  it('ahead, and back: what was written meanwhile is judged by its own age', async () => {
    const { set, extra } = settable();
    set(YEARS);
    await run({}, extra);
    world.file('meanwhile.log', -YEARS / DAY_MS);
    world.file('never.log', -2 * (YEARS / DAY_MS));
    set(-YEARS);
    world.file('months.log', 40);
    const ran = await run({}, extra);
    expect(ran.gone).toEqual(['months.log']);
    expect(ran.kept).toMatchObject({ 'never.log': 'mtime-in-future' });
  });
  it('years back deletes nothing young, and keeps nothing that is known to be old', async () => {
    const { set, extra } = settable();
    world.file('months.log', 40);
    set(-YEARS);
    world.file('now.log', YEARS / DAY_MS);
    expect((await run({}, extra)).gone).toEqual([]);
    set(YEARS);
    expect(await run({}, extra)).toMatchObject({ gone: ['months.log'], kept: { 'now.log': 'age-in-doubt' } });
  });
  it('while it deletes: the rest stays', async () => {
    const { set, extra } = settable();
    world.file('a.log', 50);
    world.file('b.log', 40);
    const seam = { beforeUnlink: () => set(YEARS) };
    expect((await run({}, extra, seam)).gone).toEqual(['a.log', 'b.log']);
    world.events.length = 0;
    world.file('c.log', 1);
    expect((await run({}, extra)).gone).toEqual([]);
  });
});

describe('git that can’t be asked', () => {
  it.each([
    ['is missing', { kind: 'not-started', code: 'ENOENT', message: 'no git' }],
    ['does not answer', { kind: 'timed-out', output: '', lastLine: '' }],
    ['fails', { kind: 'exited', exitCode: 128, output: '', lastLine: '' }],
    ['says something else', { kind: 'exited', exitCode: 0, output: 'warning: hm\n', lastLine: '' }],
    ['names what was not asked for', { kind: 'exited', exitCode: 0, output: 'b.log\0', lastLine: '' }],
    ['is cut off', { kind: 'exited', exitCode: 0, output: 'a.log\0a.lo', lastLine: '' }],
  ] as const)('keeps the file when it %s', async (_, answer) => {
    world.git(world.root, 'init');
    world.file('a.log');
    const ran = await run({}, { commands: { run: async () => answer } });
    expect(ran.gone).toEqual([]);
    expect(ran.kept).toEqual({ 'a.log': 'git-cannot-tell' });
  });
  it('is not needed where there is no repository', async () => {
    world.file('a.log');
    const commands = { run: () => Promise.reject(new Error('nobody should ask')) };
    expect((await run({}, { commands })).gone).toEqual(['a.log']);
  });
  it('keeps what a bare repository above may track', async () => {
    world.git(world.root, 'init', '--bare', world.at('.cfg'));
    world.file('a.log');
    world.git(world.root, '--git-dir=.cfg', '--work-tree=.', 'add', '-f', 'a.log');
    const ran = await run({}, { commands: { run: async () => ({ kind: 'not-started', code: 'ENOENT', message: 'no git' }) } });
    expect(ran).toMatchObject({ gone: [], kept: { 'a.log': 'git-cannot-tell' } });
  });
  it('is asked once for each repository and a hundred files, however many folders there are', async () => {
    world.git(world.root, 'init', '--bare', world.at('.cfg'));
    for (let n = 0; n < 150; n += 1) world.file(`${n}/a.log`);
    world.git(world.root, '--git-dir=.cfg', '--work-tree=.', 'add', '-f', '7/a.log');
    const asked: string[] = [];
    const { commands } = world.context();
    const counted: RemedyContext['commands'] = {
      run: (spec) => {
        asked.push(spec.argv.includes('ls-files') ? 'ls-files' : 'config');
        return commands.run(spec);
      },
    };
    expect((await run({}, { commands: counted })).gone).toHaveLength(149);
    expect(asked).toEqual(['config', 'ls-files', 'ls-files']);
  });
  it('is not led elsewhere by the environment', async () => {
    tracked(world, 'repo');
    world.git(world.root, 'init', 'empty');
    process.env['GIT_DIR'] = world.at('empty/.git');
    process.env['GIT_INDEX_FILE'] = world.at('empty/.git/index');
    world.onClose(() => {
      delete process.env['GIT_DIR'];
      delete process.env['GIT_INDEX_FILE'];
    });
    expect((await run()).kept).toMatchObject({ 'repo/tracked.log': 'git-tracked' });
  });
  it('is asked about hundreds of files with long names and finds each tracked one', async () => {
    world.git(world.root, 'init');
    for (let n = 0; n < 450; n += 1) world.file(`${'long-'.repeat(30)}${n}.log`);
    world.git(world.root, 'add', '*[05].log');
    const { gone, result } = await run();
    expect(gone).toHaveLength(360);
    expect(gone.filter((name) => /[05]\.log$/.test(name))).toEqual([]);
    expect(result.output).toBe('Kept: 90 git-tracked');
  });
});

describe('what changes between the judgement and the deletion', () => {
  const swap = (doing: () => void): DeleteSeam => {
    let isDone = false;
    return {
      beforeUnlink: () => {
        if (!isDone) doing();
        isDone = true;
      },
    };
  };
  it('a folder swapped for a symlink leads nowhere else', async () => {
    world.file('logs/a.log');
    world.file('precious/a.log');
    const { gone, kept } = await run(
      { paths: ['~/logs/*.log'] },
      {},
      swap(() => {
        renameSync(world.at('logs'), world.at('moved'));
        symlinkSync(world.at('precious'), world.at('logs'));
      }),
    );
    expect([...tree().keys()]).toEqual(expect.arrayContaining(['precious/a.log', 'moved/a.log']));
    expect(gone).toEqual(['logs/a.log']);
    expect(kept).toEqual({ 'logs/a.log': 'folder-changed' });
  });
  it('nor does a folder further up', async () => {
    world.file('x/logs/a.log');
    world.file('precious/logs/a.log');
    const { kept } = await run(
      { paths: ['~/x/**/*.log'] },
      {},
      swap(() => {
        renameSync(world.at('x'), world.at('moved'));
        symlinkSync(world.at('precious'), world.at('x'));
      }),
    );
    expect([...tree().keys()]).toEqual(expect.arrayContaining(['precious/logs/a.log', 'moved/logs/a.log']));
    expect(kept).toEqual({ 'x/logs/a.log': 'folder-changed' });
  });
  it('nor one that is swapped for the same folder by another way', async () => {
    world.file('x/a.log');
    const { kept } = await run(
      {},
      {},
      swap(() => {
        renameSync(world.at('x'), world.at('moved'));
        symlinkSync(world.at('moved'), world.at('x'));
      }),
    );
    expect(existsSync(world.at('moved/a.log'))).toBe(true);
    expect(kept).toEqual({ 'x/a.log': 'folder-changed' });
  });
  it('nor one that is replaced by a real folder', async () => {
    world.file('x/a.log');
    const { kept } = await run(
      {},
      {},
      swap(() => {
        renameSync(world.at('x'), world.at('moved'));
        world.file('x/a.log');
      }),
    );
    expect([...tree().keys()]).toEqual(expect.arrayContaining(['x/a.log', 'moved/a.log']));
    expect(kept).toEqual({ 'x/a.log': 'folder-changed' });
  });
  it.each<[string, () => void]>([
    ['is written to', () => writeFileSync(world.at('a.log'), 'new', { flag: 'a' })],
    ['is touched', () => utimesSync(world.at('a.log'), new Date(), new Date())],
    [
      'is replaced',
      () => {
        renameSync(world.at('a.log'), world.at('old'));
        world.file('a.log');
      },
    ],
    [
      'becomes a symlink',
      () => {
        renameSync(world.at('a.log'), world.at('old'));
        symlinkSync(world.at('old'), world.at('a.log'));
      },
    ],
    [
      'becomes a folder',
      () => {
        unlinkSync(world.at('a.log'));
        mkdirSync(world.at('a.log'));
      },
    ],
    ['gets a second name', () => linkSync(world.at('a.log'), world.at('second'))],
    ['is gone', () => unlinkSync(world.at('a.log'))],
  ])('a file that %s stays', async (_, doing) => {
    world.file('a.log');
    const { kept, result } = await run({}, {}, swap(doing));
    expect(kept).toEqual({ 'a.log': 'changed-meanwhile' });
    expect(result.reason).toBe('nothing-to-delete');
  });
  it('on a platform without a door through the handle as well', async () => {
    world.file('x/a.log');
    world.file('y/b.log');
    world.file('precious/a.log', 1);
    const { gone, kept } = await run(
      { paths: ['~/{x,y}/*.log'] },
      { platform: 'darwin' },
      swap(() => {
        renameSync(world.at('x'), world.at('moved'));
        symlinkSync(world.at('precious'), world.at('x'));
      }),
    );
    expect(existsSync(world.at('precious/a.log'))).toBe(true);
    expect(gone).toContain('y/b.log');
    expect(kept).toEqual({ 'x/a.log': 'folder-changed' });
  });
  it('a file that is opened after the first look stays', async () => {
    world.file('a.log', 50);
    world.file('b.log', 40);
    const clock = world.hastyClock();
    const ran = await run(
      {},
      { clock },
      { beforeUnlink: async (file) => void (file.endsWith('a.log') && (await world.hold(world.at('b.log')))) },
    );
    expect(ran.gone).toEqual(['a.log']);
    expect(ran.kept).toEqual({ 'b.log': 'open' });
  });
});

describe('the run', () => {
  it('deletes the oldest first and records size and age of each', async () => {
    world.file('b.log', 50, 'x'.repeat(10_000));
    world.file('a.log', 31.25);
    world.file('c.log', 400);
    const { result } = await run();
    const deleted = world.events.filter((event) => event.event === 'file-deleted');
    expect(deleted.map((event) => path.basename(event.path))).toEqual(['c.log', 'b.log', 'a.log']);
    expect(deleted[1]).toMatchObject({ bytes: 12_288, ageDays: 50 });
    expect(deleted[2]?.ageDays).toBe(31.2);
    expect(result.message).toMatch(/^Deleted 3 files, \d+ kB$/);
  });
  it('counts what the disk gets back, not what a hole pretends', async () => {
    truncateSync(world.file('a.log'), 500_000_000);
    world.age('a.log', 40);
    await run();
    expect(world.events).toEqual([expect.objectContaining({ event: 'file-deleted', bytes: 4_096 })]);
  });
  it.each(['~/**', '~/*', '~/**/*', '~/**/*.*', '~/.*', '/**', '/*', `/tmp/**`, '~/../**', '~/{x,**}'])(
    'refuses %s, which names every file of a home or a disk, and touches nothing, also beside good ones',
    async (pattern) => {
      world.file('Documents/thesis.doc');
      world.file('.profile');
      world.file('x.log');
      const { gone, result } = await run({ paths: ['~/*.log', pattern] });
      expect(result).toMatchObject({ kind: 'refused', reason: 'pattern-too-wide' });
      expect(gone).toEqual([]);
    },
  );

  it('takes every file of a folder of logs, which is named', async () => {
    world.file('logs/today');
    expect((await run({ paths: ['~/logs/**'] })).gone).toEqual(['logs/today']);
  });

  it('refuses relative patterns and touches nothing, also beside good ones', async () => {
    world.file('a.log');
    const { gone, result } = await run({ paths: ['~/*.log', 'logs/*.log'] });
    expect(gone).toEqual([]);
    expect(result).toMatchObject({ kind: 'refused', reason: 'relative-pattern' });
    expect(world.events).toEqual([]);
  });
  it('deals with more files than it holds in memory, oldest first', async () => {
    for (let n = 0; n < 57; n += 1) world.file(`${n}.log`, 40 + ((n * 31) % 57));
    for (let n = 0; n < 12; n += 1) linkSync(world.file(`linked-${n}.log`, 90), world.at(`second-${n}`));
    const { gone } = await run({}, {}, { maxCandidates: 5 });
    expect(gone).toHaveLength(57);
    const ages = world.events.flatMap((event) => (event.event === 'file-deleted' ? [event.ageDays] : []));
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
    expect(world.events.filter((event) => event.event === 'file-kept')).toHaveLength(12);
  });
  it('records fifty kept files one by one, and of the rest the number', async () => {
    for (let n = 0; n < 70; n += 1) symlinkSync('nowhere', world.at(`${n}.log`));
    await run();
    const kept = world.events.filter((event) => event.event === 'file-kept');
    expect(kept).toHaveLength(51);
    expect(kept.at(-1)).toEqual({ event: 'file-kept', path: '(20 more)', reason: '20 symlink' });
  });
  it('stops between two files when it is told to', async () => {
    for (let n = 0; n < 5; n += 1) world.file(`${n}.log`, 40 + n);
    const stop = new AbortController();
    const { gone, result } = await run(
      {},
      { signal: stop.signal },
      { beforeUnlink: (file) => void (file.endsWith('3.log') && stop.abort()) },
    );
    expect(gone).toEqual(['3.log', '4.log']);
    expect(result).toMatchObject({ kind: 'acted', reason: 'aborted', message: expect.stringContaining('Deleted 2 files') });
  });
  it('stops when its time is over', async () => {
    for (let n = 0; n < 5; n += 1) world.file(`${n}.log`, 40 + n);
    let awakeMs = 0;
    const clock = { now: () => ({ ...world.context().clock.now(), awakeMs }) };
    const { gone, result } = await run(
      { timeout: '10s' },
      { clock },
      {
        beforeUnlink: () => {
          awakeMs += 4_000;
        },
      },
    );
    expect(gone).toEqual(['2.log', '3.log', '4.log']);
    expect(result).toMatchObject({ kind: 'acted', reason: 'timed-out' });
  });
  it('goes by the wall clock', async () => {
    world.file('a.log', 1);
    const now = world.context().clock.now();
    expect((await run({}, { clock: { now: () => ({ ...now, wallMs: now.wallMs + 28 * DAY_MS }) } })).gone).toEqual([]);
    expect((await run({}, { clock: { now: () => ({ ...now, wallMs: now.wallMs + 30 * DAY_MS }) } })).gone).toEqual(['a.log']);
  });
  it('goes on after a file that can’t be deleted', async () => {
    if (process.getuid?.() === 0)
      process.stdout.write('Root may delete everywhere: the folder is made immutable where the file system can.\n');
    world.file('shut/a.log', 50);
    world.file('b.log', 40);
    let isShut = true;
    if (process.getuid?.() === 0) {
      try {
        execFileSync('chattr', ['+i', world.at('shut')], { stdio: 'ignore' });
        world.onClose(() => execFileSync('chattr', ['-i', world.at('shut')]));
      } catch {
        isShut = false;
      }
    } else {
      chmodSync(world.at('shut'), 0o555);
      world.onClose(() => chmodSync(world.at('shut'), 0o755));
    }
    const { gone, kept } = await run();
    expect(gone).toContain('b.log');
    if (isShut) expect(kept['shut/a.log']).toMatch(/^delete-failed-E/);
  });
  it('leaves a file whose content it could not have seen change: appended, old time set back', async () => {
    world.file('a.log');
    const stats = lstatSync(world.at('a.log'));
    const { kept } = await run(
      {},
      {},
      {
        beforeUnlink: () => {
          const fd = openSync(world.at('a.log'), 'a');
          writeSync(fd, 'one more\n');
          closeSync(fd);
          utimesSync(world.at('a.log'), stats.atime, stats.mtime);
        },
      },
    );
    expect(kept).toEqual({ 'a.log': 'changed-meanwhile' });
  });
  it('is done twice without harm', async () => {
    world.file('a.log');
    expect((await run()).gone).toEqual(['a.log']);
    world.events.length = 0;
    expect((await run()).result).toMatchObject({ kind: 'acted', reason: 'nothing-to-delete' });
    rmSync(world.home, { recursive: true });
  });
});
