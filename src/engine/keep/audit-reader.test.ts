import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { realClock, realTimers, removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';
import { openAuditLogs } from './audit-log.ts';
import { type AuditQuery, type FileRead, readAudit } from './audit-reader.ts';

let home: string;
beforeEach(() => {
  home = tempFolder();
  mkdirSync(path.join(home, 'archive'));
});
afterAll(removeTempFolders);

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000Z`;
const line = (n: number, more: object = {}) => `${JSON.stringify({ at: day(n), event: 'command', n, ...more })}\n`;
const archive = (log: string, newest: number, text: string | Buffer, gz = true) =>
  writeFileSync(
    path.join(home, 'archive', `${log}-${day(newest).replaceAll(':', '-')}.log${gz ? '.gz' : ''}`),
    gz && typeof text === 'string' ? gzipSync(text) : text,
  );
const live = (log: string, text: string) => writeFileSync(path.join(home, `${log}.log`), text);
async function read(query: Omit<AuditQuery, 'home'>): Promise<string[]> {
  const found: string[] = [];
  for await (const { log, line } of readAudit({ home, ...query })) found.push(`${log} ${line['n']}`);
  return found;
}

test('an empty home has no lines', async () => {
  expect(await read({ logs: ['health', 'recovery', 'alerts'] })).toEqual([]);
});

test('archives and live files of all logs come as one stream in the order of time', async () => {
  archive('health', 3, line(1) + line(3));
  archive('health', 5, line(5), false);
  live('health', line(7) + line(9));
  archive('recovery', 4, line(2) + line(4));
  live('recovery', line(8));
  live('alerts', line(6));
  expect(await read({ logs: ['health', 'recovery', 'alerts'] })).toEqual([
    'health 1',
    'recovery 2',
    'health 3',
    'recovery 4',
    'health 5',
    'alerts 6',
    'health 7',
    'recovery 8',
    'health 9',
  ]);
});

test('a service and a period are picked out, both ends included', async () => {
  archive('health', 3, line(1) + line(2, { service: 'app' }) + line(3));
  live('health', line(4, { service: 'app' }) + line(5, { service: 'app' }) + line(6, { service: 'other' }));
  expect(await read({ logs: ['health'], service: 'app' })).toEqual(['health 2', 'health 4', 'health 5']);
  expect(await read({ logs: ['health'], fromMs: Date.parse(day(3)), toMs: Date.parse(day(5)) })).toEqual([
    'health 3',
    'health 4',
    'health 5',
  ]);
});

test('an archive outside the period is not even opened', async () => {
  archive('health', 2, 'would end the stream', false);
  archive('health', 4, line(3) + line(4));
  expect(await read({ logs: ['health'], fromMs: Date.parse(day(3)) })).toEqual(['health 3', 'health 4']);
});

test('torn lines, zeros, other text, and broken archives are stepped over', async () => {
  const whole = gzipSync((line(1) + line(2)).repeat(2_000));
  archive('health', 2, whole.subarray(0, whole.length - 10));
  archive('health', 3, Buffer.from('no gzip at all'));
  live('health', `${'\0'.repeat(5_000)}\n[1]\n7\n"text"\n{"at":"never","n":0}\n${line(4)}{"at":"2026-01-05T0`);
  const found = await read({ logs: ['health'] });
  expect(found.slice(0, 2)).toEqual(['health 1', 'health 2']);
  expect(found.at(-1)).toBe('health 4');
});

test('a clock that jumped back changes no order within a log', async () => {
  live('health', line(5) + line(2) + line(6));
  expect(await read({ logs: ['health'] })).toEqual(['health 5', 'health 2', 'health 6']);
});

test('lines longer than a chunk, and letters cut between chunks, stay whole', async () => {
  const text = 'ä'.repeat(200_001);
  live('health', line(1, { text }) + line(2));
  for await (const { line: found } of readAudit({ home, logs: ['health'] })) if (found['n'] === 1) expect(found['text']).toBe(text);
  expect(await read({ logs: ['health'] })).toEqual(['health 1', 'health 2']);
});

test('a reader beside an engine that rotates all the time sees every line once', async () => {
  const logs = await openAuditLogs({ home, clock: realClock, timers: realTimers, maxBytes: 3_000, keep: 1_000, onTrouble: () => {} });
  let n = 0;
  let isDone = false;
  async function write(): Promise<void> {
    while (!isDone) {
      for (let i = 0; i < 20; i += 1) logs.write('health', { event: 'command', n: ++n, filler: 'x'.repeat(100) }, realClock.now());
      await logs.flush();
    }
  }
  const writing = write();
  try {
    for (let round = 0; round < 15; round += 1) {
      const least = n - 20;
      const found = (await read({ logs: ['health'] })).map((text) => Number(text.split(' ')[1]));
      expect(found).toEqual(Array.from({ length: found.length }, (_, i) => i + 1));
      expect(found.length).toBeGreaterThanOrEqual(least);
    }
  } finally {
    isDone = true;
    await writing;
    await logs.close();
  }
});

test('leaving early closes what was opened', async () => {
  live('health', line(1) + line(2));
  for await (const { line: found } of readAudit({ home, logs: ['health'] })) {
    expect(found['n']).toBe(1);
    break;
  }
});

test('a pipe or a folder in the place of a log is said, and not waited for; in that of an archive it is passed over', async () => {
  execFileSync('mkfifo', [path.join(home, 'health.log')]);
  await expect(read({ logs: ['health'] })).rejects.toMatchObject({
    code: 'home-unusable',
    message: expect.stringContaining('is not a file'),
  });
  rmSync(path.join(home, 'health.log'));
  mkdirSync(path.join(home, 'health.log'));
  await expect(read({ logs: ['health'] })).rejects.toMatchObject({ code: 'home-unusable' });
  rmSync(path.join(home, 'health.log'), { recursive: true });
  execFileSync('mkfifo', [path.join(home, 'archive', `health-${day(2).replaceAll(':', '-')}.log.gz`)]);
  archive('health', 3, line(3));
  live('health', line(4));
  const told: FileRead[] = [];
  expect(await read({ logs: ['health'], onFile: (file) => void told.push(file) })).toEqual(['health 3', 'health 4']);
  expect(told.map(({ broken }) => broken?.why)).toEqual([expect.stringContaining('is not a file'), undefined, undefined]);
});
