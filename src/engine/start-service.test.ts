import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock, isUp, SERVICE, until } from '../../test/fixtures/heal-context.ts';
import { createProcessPort } from './probe/processes.ts';
import { createStartService } from './start-service.ts';

const processes = createProcessPort({ clock });
const start = createStartService({ processes });
let folder: string;
const pids: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'start-'));
});
afterEach(() => {
  for (const pid of pids.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone already
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

describe('a started service', () => {
  it('has an identity, a session of its own, its folder, its environment and its log', async () => {
    const log = path.join(folder, 'app.log');
    writeFileSync(log, 'before\n', { mode: 0o640 });
    const started = await start({
      argv: ['sh', '-c', 'pwd; echo "$EXTRA" >&2; exec sleep 600'],
      cwd: folder,
      env: { EXTRA: 'extra' },
      log,
    });
    pids.push(started.pid);
    const row = await processes.identify(started.pid);
    expect(row).toMatchObject({ startId: started.startId, pgid: started.pid, hasTerminal: false });
    expect(processes.isAlive(started)).toBe(true);
    await until(() => readFileSync(log, 'utf8').includes('extra'), 'it has written');
    expect(readFileSync(log, 'utf8')).toMatch(/^before\n.*start-.*\nextra\n$/);
    process.kill(started.pid, 'SIGKILL');
    expect(await started.ended).toEqual({ exitCode: null, signal: 'SIGKILL' });
    expect(processes.isAlive(started)).toBe(false);
  });

  it('gets a log that only this user can read, when there was none', async () => {
    const log = path.join(folder, 'new.log');
    const started = await start({ argv: ['sh', '-c', 'exec sleep 600'], log });
    pids.push(started.pid);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it('that ends at once is a process that is dead, not an error', async () => {
    const started = await start({ argv: ['sh', '-c', 'exit 3'] });
    expect(await started.ended).toEqual({ exitCode: 3, signal: null });
    expect(processes.isAlive(started)).toBe(false);
  });

  it('says what is missing when it can not be started', async () => {
    const plain = path.join(folder, 'plain');
    writeFileSync(plain, 'x');
    chmodSync(plain, 0o600);
    await expect(start({ argv: ['no-such-program-anywhere'] })).rejects.toMatchObject({
      details: { code: 'ENOENT' },
      message: expect.stringContaining('program'),
    });
    await expect(start({ argv: [plain] })).rejects.toMatchObject({ details: { code: 'EACCES' } });
    await expect(start({ argv: ['true'], cwd: path.join(folder, 'gone') })).rejects.toThrow(/folder .*gone/);
    await expect(start({ argv: ['true'], log: path.join(folder, 'gone', 'app.log') })).rejects.toThrow(/folder .*gone is missing/);
    await expect(start({ argv: ['true'], log: folder })).rejects.toThrow(/log file/);
    await expect(start({ argv: ['true', 'a\0b'] })).rejects.toMatchObject({ code: 'refused' });
  });

  it('is not held up by a log that is a pipe without a reader', async () => {
    const fifo = path.join(folder, 'fifo');
    await new Promise((resolve) => spawn('sh', ['-c', `mkfifo '${fifo}'`]).once('exit', resolve));
    await expect(start({ argv: ['true'], log: fifo })).rejects.toThrow(/log/);
  });

  it('outlives an engine that is killed, and keeps logging', async () => {
    const log = path.join(folder, 'app.log');
    const told = path.join(folder, 'told');
    const engine = path.join(folder, 'engine.ts');
    const source = (name: string) => JSON.stringify(path.join(import.meta.dirname, name));
    writeFileSync(
      engine,
      `import { writeFileSync } from 'node:fs';
       import { createStartService } from ${source('start-service.ts')};
       import { createProcessPort } from ${source('probe/processes.ts')};
       const start = createStartService({ processes: createProcessPort() });
       const started = await start({ argv: [process.execPath, ${JSON.stringify(SERVICE)}, 'outlives', '--talk', '20'], log: ${JSON.stringify(log)} });
       writeFileSync(${JSON.stringify(told)}, String(started.pid));
       setInterval(() => {}, 60_000);`,
    );
    const child = spawn(process.execPath, [engine], { stdio: 'inherit' });
    await until(() => existsSync(told) && readFileSync(told, 'utf8') !== '', 'the engine has started it');
    const pid = Number(readFileSync(told, 'utf8'));
    pids.push(pid);
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('still here'), 'it logs');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const before = statSync(log).size;
    await until(() => statSync(log).size > before + 100, 'it logs on without the engine');
    expect(isUp(pid)).toBe(true);
  });
});
