import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  diesAt,
  failsOnceAt,
  gatedFs,
  handTime,
  realAges,
  realClock,
  realTimers,
  removeTempFolders,
  sampleState,
  systemError,
  tempFolder,
} from '../../../test/fixtures/keep-support.ts';
import { type FsPort, realFs } from './durable-file.ts';
import { openStateStore } from './state.ts';

const FILES = ['recovery-state.json', 'health-state.json', 'alert-state.json'];
const DAY = 86_400_000;
const noReserve = { giveUp: async () => false, restore: async () => {} };
let home: string;
beforeEach(() => {
  home = tempFolder();
});
afterAll(removeTempFolders);
const open = (fs?: FsPort, time = handTime()) => openStateStore({ home, ...time, fs, reserve: noReserve, onQuarantine: vi.fn() });
/** The real disk, telling what is put in its place. */
const telling = (tell: (to: string) => void): FsPort => ({
  ...realFs,
  rename: (from, to) => {
    tell(to);
    return realFs.rename(from, to);
  },
});
const inode = (name: string) => (existsSync(path.join(home, name)) ? statSync(path.join(home, name)).ino : 0);
const inodes = () => FILES.map(inode);

describe('what is put', () => {
  test('is there after a restart, whole', async () => {
    const store = await open();
    store.put('app', sampleState(3));
    store.put('other', sampleState(4));
    await store.flush({ urgent: true });
    const { loaded } = await open();
    // toEqual: what is undefined may be absent.
    expect(loaded.get('app')).toEqual(sampleState(3));
    expect([...loaded.keys()]).toEqual(['app', 'other']);
    for (const name of FILES) expect(JSON.parse(readFileSync(path.join(home, name), 'utf8')).version).toBe(1);
  });

  test('is written only into files whose content changed', async () => {
    const store = await open();
    const state = sampleState(1);
    store.put('app', state);
    await store.flush({ urgent: true });
    const before = inodes();
    store.put('app', state);
    store.put('app', structuredClone(state));
    await store.flush({ urgent: true });
    expect(inodes()).toEqual(before);
    store.put('app', { ...state, health: sampleState(2).health });
    await store.flush({ urgent: true });
    expect(inodes().map((now, at) => now !== before[at])).toEqual([false, true, false]);
    // Also after a restart, and also when it changed and changed back.
    const again = await open();
    const loaded = inodes();
    again.put('app', { ...state, health: sampleState(9).health });
    again.put('app', { ...state, health: sampleState(2).health });
    await again.flush({ urgent: true });
    expect(inodes()).toEqual(loaded);
  });

  test('is written with the intent first', async () => {
    const renamed: string[] = [];
    const store = await open(telling((to) => renamed.push(path.basename(to))));
    store.put('app', sampleState(1));
    await store.flush({ urgent: true });
    expect(renamed).toEqual(FILES);
  });

  test('and removed is gone after a restart', async () => {
    const store = await open();
    store.put('app', sampleState(1));
    store.put('other', sampleState(1));
    await store.flush({ urgent: true });
    store.remove('app');
    await store.close();
    expect([...(await open()).loaded.keys()]).toEqual(['other']);
  });
});

describe('flush', () => {
  test('is shared by all rounds that end within 100 ms', async () => {
    const time = handTime();
    const renamed = vi.fn();
    const store = await open(telling(renamed), time);
    const flushes: Promise<void>[] = [];
    for (let n = 1; n <= 5; n += 1) {
      store.put('app', sampleState(n));
      flushes.push(store.flush());
      time.advance(10);
    }
    expect(renamed).not.toHaveBeenCalled();
    time.advance(50);
    await Promise.all(flushes);
    expect(renamed).toHaveBeenCalledTimes(3);
    expect((await open()).loaded.get('app')?.health?.strikes).toBe(5);
  });

  test('urgent, while a write runs, resolves only with its own bytes on the disk', async () => {
    let letGo: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isFirst = true;
    const store = await open({
      ...realFs,
      rename: async (from, to) => {
        if (isFirst) {
          isFirst = false;
          await held;
        }
        return realFs.rename(from, to);
      },
    });
    store.put('app', sampleState(1));
    const first = store.flush({ urgent: true });
    await expect.poll(() => isFirst).toBe(false);
    store.put('app', sampleState(2));
    const second = store.flush({ urgent: true });
    const joined = store.flush();
    let isDone = false;
    void second.then(() => {
      isDone = true;
    });
    letGo?.();
    await first;
    expect(isDone).toBe(false);
    await second;
    await joined;
    expect((await open()).loaded.get('app')?.health?.strikes).toBe(2);
  });

  test('with nothing to write resolves, and waits for a write that runs', async () => {
    const store = await open();
    await store.flush();
    store.put('app', sampleState(1));
    const writing = store.flush({ urgent: true });
    await Promise.resolve();
    await store.flush();
    expect((await open()).loaded.get('app')?.health?.strikes).toBe(1);
    await writing;
  });

  test('that fails keeps everything, and the next one succeeds', async () => {
    let isFull = true;
    const store = await open(gatedFs((call) => (isFull && call === 'write' ? systemError('ENOSPC') : undefined)));
    store.put('app', sampleState(7));
    await expect(store.flush({ urgent: true })).rejects.toMatchObject({ code: 'home-unusable', details: { code: 'ENOSPC' } });
    await expect(store.flush({ urgent: true })).rejects.toMatchObject({ code: 'home-unusable' });
    isFull = false;
    await store.flush({ urgent: true });
    expect((await open()).loaded.get('app')).toEqual(sampleState(7));
  });
});

describe('faults', () => {
  async function callsOfAFlush(): Promise<number> {
    const fs = gatedFs(() => undefined);
    const store = await open(fs);
    const before = fs.calls.length;
    store.put('app', sampleState(1));
    await store.flush({ urgent: true });
    return fs.calls.length - before;
  }

  test('a crash between any two effects: every file is whole, old or new, and no health is newer than its intent', async () => {
    const calls = await callsOfAFlush();
    for (let at = 1; at <= calls; at += 1) {
      const before = await open();
      before.put('app', sampleState(1));
      await before.flush({ urgent: true });
      let from = Number.POSITIVE_INFINITY;
      const fs = gatedFs((call, number) => (number >= from ? diesAt(0)(call, number) : undefined), true);
      const store = await open(fs);
      from = fs.calls.length + at;
      store.put('app', sampleState(2));
      await expect(store.flush({ urgent: true })).rejects.toThrow();
      const { health, recovery, alert } = (await open()).loaded.get('app') ?? {};
      const numbers = [recovery?.cursor, health?.strikes, (alert?.lastNoticeAt?.wallMs ?? 0) - 1_760_000_000_000];
      expect(numbers.every((n) => n === 1 || n === 2)).toBe(true);
      expect(numbers).toEqual([...numbers].sort((a, b) => (b as number) - (a as number)));
    }
  });

  test.each(['EIO', 'ENOSPC'])('%s at any call: rejected or written, and whole with the next flush', async (code) => {
    const calls = await callsOfAFlush();
    for (let at = 1; at <= calls; at += 1) {
      let error: Error | undefined;
      let from = Number.POSITIVE_INFINITY;
      const fs = gatedFs((call, number) => failsOnceAt(from, code)(call, number));
      const store = await open(fs);
      from = fs.calls.length + at;
      store.put('app', sampleState(at + 1));
      await store.flush({ urgent: true }).catch((caught) => {
        error = caught;
      });
      expect(error, `call ${at}`).toMatchObject({ code: 'home-unusable', details: { code } });
      await store.flush({ urgent: true });
      expect((await open()).loaded.get('app')).toEqual(sampleState(at + 1));
      expect(readdirSync(home).sort()).toEqual([...FILES].sort());
    }
  });
});

describe('loading', () => {
  test.each([
    ['empty', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['NUL bytes', '\0'.repeat(500)],
    ['no services', '{"version":1}'],
    ['a service that is a number', '{"version":1,"services":{"app":7}}'],
    ['a state without its parts', '{"version":1,"services":{"app":{"seenAt":"2026-01-01T00:00:00.000Z","state":{}}}}'],
    ['a newer version', '{"version":2,"services":{}}'],
  ])('%s: that file is moved aside, the two others are used', async (_name, text) => {
    const store = await open();
    store.put('app', sampleState(1));
    await store.flush({ urgent: true });
    writeFileSync(path.join(home, 'health-state.json'), text);
    const onQuarantine = vi.fn();
    const again = await openStateStore({ home, ...handTime(), reserve: noReserve, onQuarantine });
    expect(onQuarantine).toHaveBeenCalledTimes(1);
    expect(again.loaded.get('app')).toEqual({ recovery: sampleState(1).recovery, alert: sampleState(1).alert });
    again.put('app', sampleState(2));
    await again.flush({ urgent: true });
    expect((await open()).loaded.get('app')).toEqual(sampleState(2));
  });

  test('garbage inside a state is refused: every number, text and flag replaced by nonsense', async () => {
    const store = await open();
    store.put('app', sampleState(1));
    await store.flush({ urgent: true });
    const file = path.join(home, 'health-state.json');
    const good = readFileSync(file, 'utf8');
    for (const [from, to] of [
      ['"strikes":1', '"strikes":1e999'],
      ['"strikes":1', '"strikes":-1'],
      ['"strikes":1', '"strikes":1.5'],
      ['"status":"error"', '"status":"purple"'],
      ['"isLatched":false', '"isLatched":"no"'],
      ['"wallMs":', '"wallMs":99999999999999999999'],
      ['"suppressedBy":[]', '"suppressedBy":{}'],
      ['"id":"incident-1"', '"id":""'],
    ] as const) {
      writeFileSync(file, good.replace(from, to));
      expect(readFileSync(file, 'utf8')).not.toBe(good);
      const onQuarantine = vi.fn();
      await openStateStore({ home, ...handTime(), reserve: noReserve, onQuarantine });
      expect(onQuarantine, to).toHaveBeenCalledTimes(1);
    }
  });

  test('keys and reasons of a neighbouring release are tolerated and kept', async () => {
    const store = await open();
    store.put('app', sampleState(1));
    await store.flush({ urgent: true });
    const file = path.join(home, 'health-state.json');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('"strikes":1', '"strikes":1,"mood":"calm"').replace('"reason":"refused"', '"reason":"brand-new"'),
    );
    const again = await open();
    expect(again.loaded.get('app')?.health).toMatchObject({ strikes: 1, mood: 'calm', reason: 'brand-new' });
    again.put('other', sampleState(1));
    await again.flush({ urgent: true });
    expect(readFileSync(file, 'utf8')).toContain('"mood":"calm"');
  });

  test('a number that JSON can not hold does not cost the file', async () => {
    const store = await open();
    const state = sampleState(1);
    store.put('app', { ...state, health: { ...state.health, paused: { since: state.health.since, forMs: Number.POSITIVE_INFINITY } } });
    await store.flush({ urgent: true });
    expect((await open()).loaded.get('app')?.health?.paused).toEqual({ since: state.health.since, forMs: undefined });
  });
});

test('a service that left the configuration is remembered for 30 days, a watched one for ever', async () => {
  const time = handTime();
  const first = await open(undefined, time);
  first.put('left', sampleState(1));
  first.put('watched', sampleState(1));
  await first.flush({ urgent: true });
  const second = await open(undefined, time);
  for (let day = 1; day <= 31; day += 1) {
    second.put('watched', sampleState(1)); // never a change
    second.put('busy', sampleState(day));
    time.advance(DAY);
    await second.flush({ urgent: true });
    expect((await open(undefined, time)).loaded.has('left')).toBe(day <= 30);
  }
  expect((await open(undefined, time)).loaded.has('watched')).toBe(true);
});

test('a clock that jumps years ahead makes no service that left the configuration forgotten', async () => {
  const time = handTime();
  const first = await open(undefined, time);
  first.put('left', sampleState(1));
  await first.flush({ urgent: true });
  const second = await open(undefined, time);
  time.advance(DAY);
  time.setWall(time.clock.now().wallMs + 3 * 365 * DAY);
  for (let day = 1; day <= 31; day += 1) {
    second.put('busy', sampleState(day));
    await second.flush({ urgent: true });
    expect((await open(undefined, time)).loaded.has('left')).toBe(day <= 30);
    time.advance(DAY);
  }
});

test('a start after a long time, or with a clock gone wrong, forgets nothing before the services were looked at', async () => {
  const time = handTime();
  const first = await open(undefined, time);
  first.put('app', sampleState(1));
  await first.flush({ urgent: true });
  time.advance(400 * DAY);
  const second = await open(undefined, time);
  second.put('other', sampleState(1));
  await second.flush({ urgent: true });
  expect((await open(undefined, time)).loaded.get('app')).toEqual(sampleState(1));
});

test('killed with -9 at any moment, 45 times: every file is whole and nothing that was acknowledged is lost (R8)', async () => {
  let acknowledged = 0;
  const writer = path.resolve('test/fixtures/keep-state-writer.ts');
  for (let round = 0; round < 45; round += 1) {
    const child = spawn(process.execPath, [writer, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    let toGo = 1 + Math.floor(Math.random() * 12);
    let loaded: number | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      expect(word, line).toBeOneOf(['loaded', 'durable']);
      if (word === 'loaded') {
        loaded = Number(number);
        // The last durable one, or the one whose acknowledgement the kill cut off.
        expect(loaded, `acknowledged: ${acknowledged}`).toBeOneOf([acknowledged, acknowledged + 1]);
        acknowledged = loaded; // what was read back may not be lost any more either
      } else acknowledged = Number(number);
      toGo -= 1;
      if (toGo === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 4);
    }
    await ended;
    expect(loaded).toBeDefined();
  }
  const { loaded } = await openStateStore({
    home,
    clock: realClock,
    ages: realAges,
    timers: realTimers,
    reserve: noReserve,
    onQuarantine: vi.fn(),
  });
  expect(loaded.get('app')?.health?.strikes).toBeOneOf([acknowledged, acknowledged + 1]);
  expect(acknowledged).toBeGreaterThan(45);
}, 300_000);
