import { existsSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  gatedFs,
  handTime,
  mountSmallDisk,
  realAges,
  realClock,
  realTimers,
  removeTempFolders,
  sampleState,
  systemError,
  tempFolder,
} from '../../../test/fixtures/keep-support.ts';
import { openAuditLogs } from './audit-log.ts';
import { realFs } from './durable-file.ts';
import { createReserve } from './reserve.ts';
import { openStateStore } from './state.ts';

afterAll(removeTempFolders);

test('the reserve is really on the disk, is given up once, and comes back', async () => {
  const home = tempFolder();
  const file = path.join(home, 'reserve');
  const reserve = createReserve(home);
  expect(await reserve.giveUp()).toBe(false);
  await reserve.restore();
  const { size, blocks, mode } = statSync(file);
  expect([size, blocks * 512 >= size, mode & 0o777]).toEqual([4_000_000, true, 0o600]);
  expect(await Promise.all([reserve.giveUp(), reserve.giveUp()])).toEqual([true, false]);
  expect(existsSync(file)).toBe(false);
  await reserve.restore();
  expect(statSync(file).size).toBe(4_000_000);
});

test('a sparse or shortened file is no reserve', async () => {
  const home = tempFolder();
  const file = path.join(home, 'reserve');
  const reserve = createReserve(home, 100_000);
  writeFileSync(file, '');
  truncateSync(file, 100_000);
  await reserve.restore();
  expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(100_000);
});

test('it is taken back only when there is clearly room', async () => {
  const home = tempFolder();
  const free = (bytes: number) => ({ ...realFs, statfs: async () => ({ bavail: bytes, bsize: 1 }) });
  await createReserve(home, 1_000, free(2_999)).restore();
  expect(existsSync(path.join(home, 'reserve'))).toBe(false);
  await createReserve(home, 1_000, free(3_000)).restore();
  expect(existsSync(path.join(home, 'reserve'))).toBe(true);
});

test('where a name can not be removed for want of room, the file is shortened', async () => {
  const home = tempFolder();
  await createReserve(home, 1_000).restore();
  const fs = gatedFs((call) => (call === 'unlink' ? systemError('ENOSPC') : undefined));
  expect(await createReserve(home, 1_000, fs).giveUp()).toBe(true);
  expect(statSync(path.join(home, 'reserve')).size).toBe(0);
});

test('a really full disk: the intent of a repair is still written, and nothing is lost when there is room again (R3, R8)', async () => {
  const disk = mountSmallDisk(8_000_000);
  if (disk === undefined) return;
  const home = disk.folder;
  try {
    const reserve = createReserve(home, 1_000_000);
    await reserve.restore();
    const troubles: string[] = [];
    const logs = await openAuditLogs({
      home,
      clock: realClock,
      timers: realTimers,
      reserve,
      onTrouble: (log, trouble) => troubles.push(`${log} ${trouble?.details['code'] ?? 'well'}`),
    });
    const open = () => openStateStore({ home, clock: realClock, ages: realAges, timers: realTimers, reserve, onQuarantine: () => {} });
    const store = await open();
    store.put('disk', sampleState(1));
    await store.flush();

    const filler = path.join(home, 'filler');
    expect(() => writeFileSync(filler, Buffer.alloc(20_000_000))).toThrow('ENOSPC');

    // Looks are recorded into memory while the disk is full; the reserve is not for them.
    logs.write('health', { event: 'command', n: 1, filler: 'x'.repeat(5_000) }, realClock.now());
    await expect(logs.flush()).rejects.toMatchObject({ code: 'home-unusable', details: { code: 'ENOSPC' } });
    expect(existsSync(path.join(home, 'reserve'))).toBe(true);

    // The intent is: state and recovery.log are durable on a full disk.
    store.put('disk', sampleState(2));
    await store.flush({ urgent: true });
    expect(existsSync(path.join(home, 'reserve'))).toBe(false);
    expect((await open()).loaded.get('disk')?.recovery?.cursor).toBe(2);

    // Filled again to the last byte, with no reserve left: refused, and remembered.
    expect(() => writeFileSync(path.join(home, 'filler2'), Buffer.alloc(20_000_000))).toThrow('ENOSPC');
    store.put('disk', { ...sampleState(3), alert: { ...sampleState(3).alert, outbox: [] } });
    for (let n = 0; n < 50; n += 1) store.put(`service-${n}`, sampleState(3));
    await expect(store.flush({ urgent: true })).rejects.toMatchObject({ code: 'home-unusable', details: { code: 'ENOSPC' } });
    expect((await open()).loaded.get('disk')?.recovery?.cursor).toBe(2);

    // The disk is healed.
    unlinkSync(filler);
    unlinkSync(path.join(home, 'filler2'));
    await store.flush();
    await logs.flush();
    await reserve.restore();
    const loaded = (await open()).loaded;
    expect([loaded.get('disk')?.recovery?.cursor, loaded.size]).toEqual([3, 51]);
    expect(readFileSync(path.join(home, 'health.log'), 'utf8')).toContain('"n":1');
    expect(statSync(path.join(home, 'reserve')).size).toBe(1_000_000);
    expect(troubles).toEqual(['health ENOSPC', 'health well']);
    await logs.close();
  } finally {
    disk.unmount();
  }
});

test('after a write on a disk with room again the store takes the reserve back by itself', async () => {
  const home = tempFolder();
  const { clock, ages, timers, advance } = handTime();
  const reserve = createReserve(home, 1_000);
  const store = await openStateStore({ home, clock, ages, timers, reserve, onQuarantine: () => {} });
  advance(61_000);
  store.put('app', sampleState(1));
  await store.flush({ urgent: true });
  await expect.poll(() => existsSync(path.join(home, 'reserve'))).toBe(true);
});
