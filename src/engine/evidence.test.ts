import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceConfig } from '../contract/config.ts';
import type { ProcessPort } from '../contract/ports.ts';
import { createCommandPort } from './commands.ts';
import { type EvidenceContext, gatherEvidence } from './evidence.ts';
import { realTimers } from './system.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'health-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const processes = { table: async () => ({ rows: new Map(), protected: new Set<number>() }) } as unknown as ProcessPort;
const commands = createCommandPort({ processes, timers: realTimers });
const context = (more: Partial<EvidenceContext> = {}): EvidenceContext => ({
  processes,
  commands,
  timers: realTimers,
  userHome: folder,
  home: folder,
  wellAtMs: Date.now(),
  packages: [],
  ...more,
});
const lines = async (logs: string) => (await gatherEvidence({ logs, recovery: [] } as unknown as ServiceConfig, context())).lastLogLines;

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

test('what changed since it was well: its git checkout, its files, packages; nothing older, and no secrets', async () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'pipe' });
  git('init', '-q');
  git('commit', '-q', '--allow-empty', '-m', 'deploy with token=abc123secret');
  const cellar = path.join(folder, 'Cellar');
  mkdirSync(path.join(cellar, 'python@3.14', '3.14.1'), { recursive: true });
  writeFileSync(path.join(folder, 'app.py'), '');
  writeFileSync(path.join(folder, 'old.py'), '');
  writeFileSync(path.join(folder, 'app.log'), '');
  utimesSync(path.join(folder, 'old.py'), 1, 1);
  const service = { cwd: folder, recovery: [] } as unknown as ServiceConfig;
  const packages = [{ folder: cellar, by: 'Homebrew' as const }];
  const now = await gatherEvidence(service, context({ packages }));
  const text = now.changesSinceHealthy.join('\n');
  expect(text).toMatch(/git \w+: commit \(initial\): deploy with token=…/);
  expect(text).toMatch(/app\.py was changed/);
  expect(text).toMatch(/Homebrew changed python@3\.14 \(now: 3\.14\.1\)/);
  expect(text).not.toMatch(/old\.py|app\.log/);
  expect(now.machine?.join()).toMatch(/disk: .+ free.*memory: .+ free.*load: /);
  expect(now.note).toContain('never orders');
  const later = await gatherEvidence(service, context({ packages, wellAtMs: Date.now() + 3_600_000 }));
  expect(later.changesSinceHealthy).toEqual([]);
});

test('a repository can make nothing run by being asked', async () => {
  execFileSync('git', ['-C', folder, 'init', '-q']);
  const trap = path.join(folder, 'trapped');
  const script = path.join(folder, 'trap.sh');
  writeFileSync(script, `#!/bin/sh\ntouch '${trap}'\n`, { mode: 0o755 });
  for (const key of ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'gpg.program', 'diff.external']) {
    execFileSync('git', ['-C', folder, 'config', key, script]);
  }
  execFileSync('git', ['-C', folder, 'config', 'log.showSignature', 'true']);
  await gatherEvidence({ cwd: folder, recovery: [] } as unknown as ServiceConfig, context());
  expect(existsSync(trap)).toBe(false);
});

test('a private key in a log does not leave the machine', async () => {
  const log = path.join(folder, 'app.log');
  writeFileSync(log, 'before\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\nMIIdef\n-----END RSA PRIVATE KEY-----\nafter\n');
  expect((await lines(log)).join('|')).toBe('before|…|after');
});

test('a log in colours, of zeros, or of one line without end is told as far as it can be', async () => {
  const log = path.join(folder, 'app.log');
  writeFileSync(log, `\u001b[31mred\u001b[0m\n${'\0'.repeat(3_000)}\n\u001b]0;x\u0007last\r\n`);
  expect(await lines(log)).toEqual(['red', 'last']);
  writeFileSync(log, `{"token":"abc123", ${'word '.repeat(8_000)}}\n`);
  const [one, ...more] = await lines(log);
  expect(more).toEqual([]);
  expect(one).toMatch(/^( ?word)+/);
  expect(one?.length).toBeLessThanOrEqual(500);
});

test('a key that begins before what is read of the log is no less a key', async () => {
  const log = path.join(folder, 'app.log');
  writeFileSync(log, `-----BEGIN RSA PRIVATE KEY-----\n${'MIIabc\n'.repeat(3_000)}-----END RSA PRIVATE KEY-----\nafter\n`);
  expect((await lines(log)).join('|')).toBe('…|after');
});
