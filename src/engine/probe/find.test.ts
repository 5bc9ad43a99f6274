// What a `match` or `name` means, and that the engine never finds itself.
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAllPrograms, fixturePath, startProgram } from '../../../test/fixtures/processes-children.ts';
import { compileMatch } from '../../contract/match.ts';
import type { ProcessRow, ProcessTable } from '../../contract/ports.ts';
import { findProcesses } from './find.ts';
import { createProcessPort } from './processes.ts';

afterEach(endAllPrograms);

function row(pid: number, command: string, more: Partial<ProcessRow> = {}): ProcessRow {
  const name = command.split(' ')[0] ?? '';
  return {
    pid,
    startId: `${pid}`,
    ppid: 1,
    pgid: pid,
    uid: 501,
    name,
    command,
    isZombie: false,
    rssBytes: 0,
    cpuMs: 0,
    ageMs: 0,
    hasTerminal: false,
    ...more,
  };
}
const tableOf = (rows: ProcessRow[], engine: number[] = []): ProcessTable => ({
  rows: new Map(rows.map((one) => [one.pid, one])),
  protected: new Set(engine),
});
const pids = (rows: readonly ProcessRow[]) => rows.map((one) => one.pid);

describe('a match', () => {
  it('is text contained anywhere, where dots mean dots', () => {
    expect(compileMatch('app.py')('python3 app.py --x')).toBe(true);
    expect(compileMatch('app.py')('python3 appxpy')).toBe(false);
  });
  it('is a regular expression between slashes, and gives the same answer every time', () => {
    const gateway = compileMatch('/(^|\\/)clawdbot-gateway( |$)/');
    expect(gateway('clawdbot-gateway')).toBe(true);
    expect(gateway('/usr/bin/clawdbot-gateway --port 1')).toBe(true);
    expect(gateway('tail -f clawdbot-gateway.log')).toBe(false);
    const global = compileMatch('/APP/gi');
    expect([global('app'), global('app'), global('app')]).toEqual([true, true, true]);
  });
  it('is plain text when it only begins with a slash', () => {
    expect(compileMatch('/opt/app')('/opt/app/run')).toBe(true);
  });
});

describe('finding processes', () => {
  it('reports a whole matching tree, oldest first', () => {
    const table = tableOf([row(12, 'python3 app.py', { ageMs: 5, ppid: 11 }), row(11, 'sh -c app.py', { ageMs: 9 }), row(13, 'vim notes')]);
    expect(pids(findProcesses(table, { match: 'app.py' }))).toEqual([11, 12]);
  });
  it('takes a name exactly', () => {
    const table = tableOf([row(11, 'node a'), row(12, 'nodejs a')]);
    expect(pids(findProcesses(table, { name: 'node' }))).toEqual([11]);
  });
  it('finds no zombie, no kernel thread, and nothing when nothing is asked', () => {
    const table = tableOf([row(11, '', { name: 'app', isZombie: true }), row(12, '', { name: 'kworker' })]);
    expect(findProcesses(table, { match: '/.*/' })).toEqual([]);
    expect(findProcesses(table, { name: 'app' })).toEqual([]);
    expect(findProcesses(table, {})).toEqual([]);
  });
  it('never finds the engine or its ancestors', () => {
    const table = tableOf([row(10, 'npm run app.py'), row(11, 'node jarvis-health app.py'), row(12, 'python3 app.py')], [10, 11]);
    expect(pids(findProcesses(table, { match: 'app.py' }))).toEqual([12]);
  });
});

if (process.platform !== 'linux') process.stderr.write('find.test.ts: the test with real processes needs Linux\n');
describe.runIf(process.platform === 'linux')('a real engine whose own command line holds the text', () => {
  it('finds the service, and neither itself nor the shell that started it', async () => {
    const marker = `marker-${process.pid}-service`;
    const service = startProgram('/bin/sh', ['-c', `echo ${marker}; sleep 61; : ${marker}`]);
    await service.line;
    const port = createProcessPort();
    await vi.waitFor(async () => expect(pids(findProcesses(await port.table({ maxAgeMs: 0 }), { match: marker }))).not.toEqual([]));
    const look = (text: string) =>
      JSON.parse(
        execFileSync(
          '/bin/sh',
          ['-c', `"${process.execPath}" --no-warnings "${fixturePath('processes-finder.ts')}" "${text}"; : ${text}`],
          {
            encoding: 'utf8',
          },
        ),
      );
    expect(look(`nobody-${marker}`)).toEqual([]);
    expect(look(marker)).toEqual([service.pid]);
  });
});
