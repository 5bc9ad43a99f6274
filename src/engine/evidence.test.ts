import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceConfig } from '../contract/config.ts';
import type { ProcessPort } from '../contract/ports.ts';
import { gatherEvidence } from './evidence.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'health-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const processes = { table: async () => ({ rows: new Map(), protected: new Set<number>() }) } as unknown as ProcessPort;
const lines = async (logs: string) =>
  (await gatherEvidence({ logs, recovery: [] } as unknown as ServiceConfig, processes, folder)).lastLogLines;

test('the last lines of the log, without its secrets, also through a link and from the home folder', async () => {
  const log = path.join(folder, 'app.log');
  writeFileSync(log, 'started\nlogin password=hunter2\n');
  symlinkSync(log, path.join(folder, 'current.log'));
  expect(await lines(log)).toEqual(['started', 'login password=…']);
  expect(await lines('~/current.log')).toEqual(['started', 'login password=…']);
});

test('a pipe, a folder and nothing at all are no log, and nobody waits for them', { timeout: 10_000 }, async () => {
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  try {
    for (const logs of [pipe, folder, path.join(folder, 'missing')]) expect(await lines(logs)).toEqual([]);
  } finally {
    closeSync(openSync(pipe, constants.O_RDWR)); // should a thread wait after all, it is let go
  }
});
