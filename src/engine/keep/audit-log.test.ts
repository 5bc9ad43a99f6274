import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  failsOnceAt,
  gatedFs,
  handTime,
  realClock,
  realTimers,
  removeTempFolders,
  systemError,
  tempFolder,
} from '../../../test/fixtures/keep-support.ts';
import { type AuditLogsOptions, openAuditLogs } from './audit-log.ts';
import { readAudit } from './audit-reader.ts';
import { type FsHandle, realFs } from './durable-file.ts';

let home: string;
/** What a busy machine may need until the file is written. */
const PATIENT = { timeout: 20_000 };
const onTrouble = vi.fn();
beforeEach(() => {
  home = tempFolder();
  onTrouble.mockClear();
});
afterAll(removeTempFolders);
const open = (options: Partial<AuditLogsOptions> = {}) =>
  openAuditLogs({ home, clock: realClock, timers: realTimers, onTrouble, ...options });
type Logs = Awaited<ReturnType<typeof open>>;
const look = (logs: Logs, n: number, more: object = {}) => logs.write('health', { event: 'command', n, ...more }, realClock.now());
const text = (name: string) => readFileSync(path.join(home, name), 'utf8');
const numbers = async () => {
  const found: unknown[] = [];
  for await (const { line } of readAudit({ home, logs: ['health'] })) if (line['n'] !== undefined) found.push(line['n']);
  return found;
};
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const archived = () => (existsSync(path.join(home, 'archive')) ? readdirSync(path.join(home, 'archive')) : []);

const takingFew = (handle: FsHandle): FsHandle => ({
  write: (data, offset, length) => handle.write(data, offset, Math.min(7, length), null),
  read: (...args) => handle.read(...args),
  stat: () => handle.stat(),
  sync: () => handle.sync(),
  datasync: () => handle.datasync(),
  close: () => handle.close(),
});

describe('lines', () => {
  test('of a check that says the same again are to the byte what they are when written whole', async () => {
    const logs = await open();
    const check = {
      event: 'check',
      service: 'app',
      status: 'ok',
      phase: 'healthy',
      reason: 'answered',
      message: 'a\u2028b\n"latencyMs":0 \\"latencyMs\\":0',
      latencyMs: 1.5,
      value: null,
      unit: null,
      consecutiveFailures: 0,
      incident: undefined,
    } as const;
    const told = { event: check };
    for (const latencyMs of [0, 0.3, 12, 2_000.1]) {
      const at = { ...realClock.now(), wallMs: 1_000 * latencyMs };
      logs.write('health', { ...check, latencyMs }, at);
      logs.again(told, latencyMs, at);
    }
    await logs.flush();
    const lines = text('health.log').trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    for (let n = 0; n < lines.length; n += 2) expect(lines[n + 1]).toBe(lines[n]);
    expect(lines.map((line) => Date.parse(JSON.parse(line).at))).toEqual([0, 0, 300, 300, 12_000, 12_000, 2_000_100, 2_000_100]);
    await logs.close();
  });

  test('are JSON with the time first, in order, in their own files, readable by their user only', async () => {
    const logs = await open();
    const at = realClock.now();
    logs.write(
      'health',
      {
        event: 'check',
        service: 'app',
        status: 'ok',
        phase: 'healthy',
        reason: 'answered',
        message: 'a\u2028b\n"c"',
        latencyMs: 1.5,
        value: null,
        unit: null,
        consecutiveFailures: 0,
      },
      at,
    );
    logs.write('recovery', { event: 'recovery-skipped', service: 'app', reason: 'cooldown' }, at);
    logs.write('alerts', { event: 'acknowledged', service: 'app', id: 'app-1' }, at);
    await logs.flush();
    expect(text('health.log')).toMatch(/^\{"at":"\d{4}-[^"]+Z","event":"check","service":"app",.*\}\n$/s);
    expect(JSON.parse(text('health.log'))).toMatchObject({ message: 'a\u2028b\n"c"', value: null });
    expect(JSON.parse(text('recovery.log'))).toEqual({
      at: new Date(at.wallMs).toISOString(),
      event: 'recovery-skipped',
      service: 'app',
      reason: 'cooldown',
    });
    expect(JSON.parse(text('alerts.log')).event).toBe('acknowledged');
    for (const name of ['health.log', 'recovery.log', 'alerts.log']) expect(statSync(path.join(home, name)).mode & 0o777).toBe(0o600);
    await logs.close();
  });

  test('of recovery and alerts are written at once, of health within 100 ms and together', async () => {
    const time = handTime();
    const logs = await open(time);
    look(logs, 1);
    logs.write('recovery', { event: 'recovery-skipped', service: 'app', reason: 'cooldown' }, realClock.now());
    await expect.poll(() => text('recovery.log'), PATIENT).toContain('cooldown');
    look(logs, 2);
    expect(text('health.log')).toBe('');
    time.advance(100);
    await expect.poll(() => text('health.log').split('\n').length, PATIENT).toBe(3);
    await logs.close();
  });

  test('that JSON can not hold are still told of', async () => {
    const logs = await open();
    const circle: Record<string, unknown> = {};
    circle['circle'] = circle;
    logs.write('health', { event: 'command', circle }, realClock.now());
    await logs.close();
    expect(JSON.parse(text('health.log'))).toMatchObject({ event: 'command', unreadable: expect.stringContaining('circular') });
  });

  test('survive a torn last line of a crash: it is closed, the next one is readable', async () => {
    writeFileSync(path.join(home, 'health.log'), '{"at":"2026-01-01T00:00:00.000Z","n":1}\n{"at":"2026-01-01T00:00:01.000Z","n":');
    const logs = await open();
    look(logs, 2);
    await logs.close();
    expect(await numbers()).toEqual([1, 2]);
    expect(text('health.log').split('\n')).toHaveLength(4);
  });

  test('go where a reader looks, when somebody moves or removes the file, or a folder lies there', async () => {
    const onQuarantine = vi.fn();
    mkdirSync(path.join(home, 'recovery.log'));
    const logs = await open({ onQuarantine });
    expect(onQuarantine).toHaveBeenCalledTimes(1);
    look(logs, 1);
    await logs.flush();
    renameSync(path.join(home, 'health.log'), path.join(home, 'taken'));
    look(logs, 2);
    await logs.flush();
    rmSync(path.join(home, 'health.log'));
    look(logs, 3);
    await logs.flush();
    expect(text('taken')).toContain('"n":1');
    expect(await numbers()).toEqual([3]);
    await logs.close();
  });
});

describe('a disk that refuses', () => {
  test.each(['EIO', 'ENOSPC', 'EACCES'])(
    '%s at any call, also with half of a line written: no line is lost, doubled or out of order',
    async (code) => {
      const probe = gatedFs(() => undefined);
      const first = await open({ fs: probe });
      look(first, 1);
      await first.close();
      for (let at = 1; at <= probe.calls.length; at += 1) {
        home = tempFolder();
        const logs = await open({ fs: gatedFs(failsOnceAt(at, code), true) });
        for (let n = 1; n <= 20; n += 1) {
          look(logs, n);
          if (n % 5 === 0) await logs.flush().catch(() => {});
        }
        await logs.flush();
        await logs.close().catch(() => {});
        expect(await numbers(), `call ${at}: ${probe.calls[at - 1]}`).toEqual(upTo(20));
        expect(
          text('health.log')
            .trimEnd()
            .split('\n')
            .every((line) => JSON.parse(line)),
        ).toBe(true);
      }
    },
  );

  test('and one that takes a few bytes at a time: every line is whole', async () => {
    const fs = { ...realFs, open: async (...args: Parameters<typeof realFs.open>) => takingFew(await realFs.open(...args)) };
    const logs = await open({ fs });
    for (let n = 1; n <= 50; n += 1) look(logs, n);
    await logs.close();
    expect(await numbers()).toEqual(upTo(50));
  });

  test('is told once, and once when it is over; meanwhile 10,000 lines are kept and the rest is counted', async () => {
    const time = handTime();
    let isFull = true;
    const logs = await open({ ...time, fs: gatedFs((call) => (isFull && call === 'write' ? systemError('ENOSPC') : undefined)) });
    look(logs, 1);
    await expect(logs.flush()).rejects.toMatchObject({ code: 'home-unusable', details: { code: 'ENOSPC' } });
    for (let n = 2; n <= 10_101; n += 1) look(logs, n);
    await expect(logs.flush()).rejects.toThrow();
    expect(onTrouble.mock.calls.map(([log, trouble]) => [log, trouble?.code])).toEqual([['health', 'home-unusable']]);
    isFull = false;
    time.advance(1_000); // tried again by itself
    await expect.poll(() => onTrouble.mock.calls.at(-1), PATIENT).toEqual(['health', undefined]);
    look(logs, 10_102);
    await logs.flush();
    expect(await numbers()).toEqual([...upTo(10_001), 10_102]);
    const told = text('health.log')
      .split('\n')
      .filter((line) => line.includes('lines-lost'));
    expect(told.map((line) => JSON.parse(line).count)).toEqual([100]);
    expect(onTrouble).toHaveBeenCalledTimes(2);
    await logs.close();
  });

  test('when full, gets the reserve for recovery and alerts only', async () => {
    const giveUp = vi.fn(async () => true);
    let left = 0;
    const fs = gatedFs((call) => (call === 'write' && left-- <= 0 ? systemError('ENOSPC') : undefined));
    giveUp.mockImplementation(async () => {
      left = 1;
      return true;
    });
    const logs = await open({ fs, reserve: { giveUp }, timers: handTime().timers });
    look(logs, 1);
    await expect(logs.flush()).rejects.toThrow();
    expect(giveUp).not.toHaveBeenCalled();
    logs.write('recovery', { event: 'recovery-skipped', service: 'app', reason: 'cooldown' }, realClock.now());
    await expect.poll(() => text('recovery.log'), PATIENT).toContain('cooldown');
    expect(giveUp).toHaveBeenCalledTimes(1);
    await logs.close().catch(() => {});
  });
});

describe('rotation', () => {
  test('loses and doubles nothing, proves its archives, and keeps as many as asked', async () => {
    const logs = await open({ maxBytes: 5_000, keep: 3 });
    for (let n = 1; n <= 200; n += 1) {
      look(logs, n, { filler: 'x'.repeat(100) });
      if (n % 10 === 0) await logs.flush();
    }
    await expect.poll(() => archived().filter((name) => name.endsWith('.log.gz')).length, PATIENT).toBe(3);
    await expect.poll(() => archived().length, PATIENT).toBe(3);
    for (const name of archived()) {
      expect(name).toMatch(/^health-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(-\d+)?\.log\.gz$/);
      expect(statSync(path.join(home, 'archive', name)).mode & 0o777).toBe(0o600);
    }
    const found = (await numbers()) as number[];
    expect(found).toEqual(upTo(200).slice(-found.length));
    await logs.close();
    expect(onTrouble).not.toHaveBeenCalled();
  });

  test('keeps the newest lines also when the clock was years ahead for a while and is corrected', async () => {
    const time = handTime();
    const options = { clock: time.clock, maxBytes: 300, keep: 3 };
    const logs = await open(options);
    const tell = async (from: number, to: number) => {
      for (let n = from; n <= to; n += 1) {
        logs.write('health', { event: 'command', n, text: 'x'.repeat(100) } as never, time.clock.now());
        await logs.flush();
        time.advance(1_000);
      }
    };
    time.setWall(time.clock.now().wallMs + 3 * 365 * 86_400_000);
    await tell(1, 12);
    time.setWall(time.clock.now().wallMs - 3 * 365 * 86_400_000);
    await tell(13, 30);
    await logs.close();
    await (await open(options)).close(); // and what is not packed yet is
    const found = await numbers();
    expect(found).toEqual(upTo(30).slice(-found.length));
    expect(found.length).toBeGreaterThanOrEqual(6);
  });

  test('that was interrupted is finished at the next opening, whatever it left', async () => {
    const folder = path.join(home, 'archive');
    mkdirSync(folder);
    const line = (n: number) => `{"at":"2026-01-0${n}T00:00:00.000Z","event":"command","n":${n}}\n`;
    // Renamed, not compressed; half compressed; compressed and proved, but the plain one still there.
    writeFileSync(path.join(folder, 'health-2026-01-01T00-00-00.000Z.log'), line(1));
    writeFileSync(path.join(folder, 'health-2026-01-02T00-00-00.000Z.log'), line(2));
    writeFileSync(path.join(folder, '.health-2026-01-02T00-00-00.000Z.log.gz.tmp'), 'half');
    writeFileSync(path.join(folder, 'health-2026-01-03T00-00-00.000Z.log'), line(3));
    writeFileSync(path.join(folder, 'health-2026-01-03T00-00-00.000Z.log.gz'), gzipSync(line(3)));
    expect(await numbers()).toEqual([1, 2, 3]);
    const logs = await open();
    await expect.poll(() => archived().sort(), PATIENT).toEqual([1, 2, 3].map((n) => `health-2026-01-0${n}T00-00-00.000Z.log.gz`));
    expect(gunzipSync(readFileSync(path.join(folder, archived().sort()[1] as string))).toString()).toBe(line(2));
    expect(await numbers()).toEqual([1, 2, 3]);
    await logs.close();
  });

  test('that can not be done is told, the log grows on, and nothing is lost', async () => {
    const logs = await open({ maxBytes: 1_000, fs: gatedFs((call) => (call === 'mkdir' ? systemError('EACCES') : undefined)) });
    for (let n = 1; n <= 100; n += 1) {
      look(logs, n, { filler: 'x'.repeat(50) });
      if (n % 10 === 0) await logs.flush();
    }
    expect(onTrouble.mock.calls.map(([log, trouble]) => [log, trouble?.details.code])).toEqual([['health', 'EACCES']]);
    expect(await numbers()).toEqual(upTo(100));
    await logs.close();
  });

  test('moves a file that lies in the place of the archive aside', async () => {
    writeFileSync(path.join(home, 'archive'), 'mine');
    const logs = await open({ maxBytes: 100 });
    look(logs, 1, { filler: 'x'.repeat(200) });
    await logs.close();
    expect(readdirSync(home).some((name) => name.startsWith('archive.corrupt-'))).toBe(true);
    expect(await numbers()).toEqual([1]);
  });
});

test('killed with -9 at any moment, 20 times, while it rotates: every acknowledged line is there once and in order (R8, R17)', async () => {
  const writer = path.resolve('test/fixtures/keep-audit-writer.ts');
  let acknowledged = 0;
  for (let round = 0; round < 20; round += 1) {
    const child = spawn(process.execPath, [writer, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    let toGo = 1 + Math.floor(Math.random() * 30);
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      expect(word, line).toBeOneOf(['found', 'durable']);
      if (word === 'durable') acknowledged = Number(number);
      else expect(Number(number)).toBeGreaterThanOrEqual(acknowledged);
      toGo -= 1;
      if (toGo === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 4);
    }
    await ended;
  }
  const found = (await numbers()) as number[];
  expect(found).toEqual(upTo(found.length));
  expect(found.length).toBeGreaterThanOrEqual(acknowledged);
  expect(archived().length).toBeGreaterThan(3);
}, 240_000);

test('another program may append a line of its own without harm', async () => {
  const logs = await open();
  look(logs, 1);
  await logs.flush();
  appendFileSync(path.join(home, 'health.log'), 'not ours\n');
  look(logs, 2);
  await logs.close();
  expect(await numbers()).toEqual([1, 2]);
});
