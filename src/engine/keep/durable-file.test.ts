import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  diesAt,
  failsOnceAt,
  gatedFs,
  realClock,
  removeTempFolders,
  systemError,
  tempFolder,
} from '../../../test/fixtures/keep-support.ts';
import { createDurableFile, type FsPort, realFs, removeLeftoverTemps } from './durable-file.ts';

interface Value {
  version: 1;
  n: number;
}
const parse = (value: unknown): Value => {
  if (typeof (value as Value).n !== 'number') throw new Error('n: a number');
  return value as Value;
};

let folder: string;
let file: string;
const onQuarantine = vi.fn();
beforeEach(() => {
  folder = tempFolder();
  file = path.join(folder, 'value.json');
  onQuarantine.mockClear();
});
afterAll(removeTempFolders);
const open = (fs?: FsPort, reserve?: { giveUp(): Promise<boolean> }) =>
  createDurableFile<Value>({ path: file, parse, onQuarantine, now: realClock, fs, reserve });
const onDisk = () => (JSON.parse(readFileSync(file, 'utf8')) as Value).n;

describe('a durable file', () => {
  test('is absent, is written for its user only, and is read back', async () => {
    const durable = open();
    expect(await durable.read()).toBeUndefined();
    await durable.write({ version: 1, n: 1 });
    expect(await durable.read()).toEqual({ version: 1, n: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['value.json']);
    expect(onQuarantine).not.toHaveBeenCalled();
  });

  test('keeps the order of writes that were called at the same time', async () => {
    const durable = open();
    await Promise.all(Array.from({ length: 20 }, (_, n) => durable.write({ version: 1, n })));
    expect(onDisk()).toBe(19);
  });

  test('writes what the value was at the call', async () => {
    const durable = open();
    const value: Value = { version: 1, n: 1 };
    const writing = durable.write(value);
    value.n = 2;
    await writing;
    expect(onDisk()).toBe(1);
  });
});

describe('a damaged file', () => {
  const garbage: Record<string, string | Buffer> = {
    empty: '',
    blank: ' \n',
    'not JSON': 'hello',
    truncated: '{"version":1,"n":',
    null: 'null',
    'a list': '[]',
    'a number': '7',
    'NUL bytes': Buffer.alloc(4096),
    'not text': Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
    'no version': '{"n":1}',
    'an older version': '{"version":0,"n":1}',
    'a text as version': '{"version":"1","n":1}',
    'a huge version': '{"version":1e999,"n":1}',
    'a newer version': '{"version":2,"n":1}',
    'a wrong shape': '{"version":1,"n":"one"}',
    'two documents': '{"version":1,"n":1}{"version":1,"n":1}',
  };
  test.each(Object.entries(garbage))('%s: moved aside with its bytes, told once, then the file works', async (_name, bytes) => {
    writeFileSync(file, bytes);
    const durable = open();
    expect(await durable.read()).toBeUndefined();
    expect(onQuarantine).toHaveBeenCalledTimes(1);
    const [from, to, why] = onQuarantine.mock.calls[0] as [string, string, string];
    expect(from).toBe(file);
    expect(to).toMatch(/value\.json\.corrupt-\d{4}-/);
    expect(why).not.toBe('');
    expect(readFileSync(to)).toEqual(Buffer.from(bytes));
    expect(await durable.read()).toBeUndefined();
    expect(onQuarantine).toHaveBeenCalledTimes(1);
    await durable.write({ version: 1, n: 5 });
    expect((await durable.read())?.n).toBe(5);
  });

  test('of a newer release is said to be one', async () => {
    writeFileSync(file, '{"version":3,"n":1}');
    await open().read();
    expect(onQuarantine.mock.calls[0]?.[2]).toContain('newer release (version 3');
  });

  test('a folder in its place, or a circle of links, is moved aside too', async () => {
    mkdirSync(file);
    writeFileSync(path.join(file, 'inside'), 'kept');
    expect(await open().read()).toBeUndefined();
    expect(readFileSync(path.join(onQuarantine.mock.calls[0]?.[1] as string, 'inside'), 'utf8')).toBe('kept');
    symlinkSync(file, file);
    expect(await open().read()).toBeUndefined();
    expect(onQuarantine).toHaveBeenCalledTimes(2);
  });

  test('never overwrites an older one, also within the same millisecond', async () => {
    const now = { now: () => ({ wallMs: 1e12, bootMs: 0, awakeMs: 0, boot: 'b' }) };
    for (const bytes of ['one', 'two', 'three']) {
      writeFileSync(file, bytes);
      await createDurableFile<Value>({ path: file, parse, onQuarantine, now }).read();
    }
    expect(onQuarantine.mock.calls.map(([, to]) => readFileSync(to as string, 'utf8'))).toEqual(['one', 'two', 'three']);
  });

  test('that merely may not be read is left where it is', async () => {
    writeFileSync(file, '{"version":1,"n":1}');
    const fs = gatedFs((call) => (call === 'readFile' ? systemError('EACCES') : undefined));
    await expect(open(fs).read()).rejects.toMatchObject({ code: 'home-unusable', details: { path: file, code: 'EACCES' } });
    expect(onDisk()).toBe(1);
  });
});

/** How many calls one write makes when nothing fails. */
async function callsOfOneWrite(): Promise<number> {
  const fs = gatedFs(() => undefined);
  await open(fs).write({ version: 1, n: 1 });
  return fs.calls.length;
}

describe('a crash', () => {
  test.each([false, true])('between any two effects leaves the old value or the new one (torn writes: %s)', async (torn) => {
    const calls = await callsOfOneWrite();
    expect(calls).toBeGreaterThanOrEqual(7);
    const seen = new Set<number>();
    for (let at = 1; at <= calls + 1; at += 1) {
      await open().write({ version: 1, n: 1 });
      const writing = open(gatedFs(diesAt(at), torn)).write({ version: 1, n: 2 });
      const isAcknowledged = await writing.then(
        () => true,
        () => false,
      );
      const value = await open().read();
      expect(value?.n).toBeOneOf([1, 2]);
      if (isAcknowledged) expect(value?.n).toBe(2);
      seen.add(value?.n as number);
    }
    expect(seen).toEqual(new Set([1, 2]));
    expect(onQuarantine).not.toHaveBeenCalled();
    // What the dead left behind goes at the next opening of the home.
    await removeLeftoverTemps(realFs, folder);
    expect(readdirSync(folder)).toEqual(['value.json']);
  });
});

describe('a disk that refuses', () => {
  test.each(['EIO', 'ENOSPC', 'EROFS'])(
    '%s at any call: told as home-unusable, nothing left behind, and the next write works',
    async (code) => {
      const calls = await callsOfOneWrite();
      for (let at = 1; at <= calls; at += 1) {
        await open().write({ version: 1, n: 1 });
        const durable = open(gatedFs(failsOnceAt(at, code)));
        await expect(durable.write({ version: 1, n: 2 }), `call ${at}`).rejects.toMatchObject({
          code: 'home-unusable',
          details: { code, path: file },
        });
        expect(onDisk()).toBeOneOf([1, 2]);
        expect(readdirSync(folder)).toEqual(['value.json']);
        await durable.write({ version: 1, n: 3 });
        expect(onDisk()).toBe(3);
      }
    },
  );

  test('a full disk is met with the reserve, once', async () => {
    const giveUp = vi.fn(async () => true);
    await open(gatedFs(failsOnceAt(2, 'ENOSPC')), { giveUp }).write({ version: 1, n: 2 });
    expect(onDisk()).toBe(2);
    expect(giveUp).toHaveBeenCalledTimes(1);
    const full = open(
      gatedFs((call) => (call === 'write' ? systemError('ENOSPC') : undefined)),
      { giveUp },
    );
    await expect(full.write({ version: 1, n: 3 })).rejects.toMatchObject({ code: 'home-unusable', hint: 'Free some space on this disk.' });
    expect(giveUp).toHaveBeenCalledTimes(2);
    expect(onDisk()).toBe(2);
  });

  test('an error that is not a full disk does not cost the reserve', async () => {
    const giveUp = vi.fn(async () => true);
    await expect(open(gatedFs(failsOnceAt(2, 'EIO')), { giveUp }).write({ version: 1, n: 2 })).rejects.toThrow();
    expect(giveUp).not.toHaveBeenCalled();
  });
});

test('leftovers: only temp files of the dead go', async () => {
  const names = {
    dead: '.value.json.999999999-1.tmp',
    living: `.value.json.${process.ppid}-1.tmp`,
    own: `.value.json.${process.pid}-99999.tmp`,
    other: '.value.json.swp',
    user: 'notes.tmp',
  };
  for (const name of Object.values(names)) writeFileSync(path.join(folder, name), '');
  await removeLeftoverTemps(realFs, folder);
  expect(Object.values(names).filter((name) => existsSync(path.join(folder, name)))).toEqual([names.living, names.other, names.user]);
});
