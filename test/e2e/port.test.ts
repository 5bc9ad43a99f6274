// Who took my port: a stranger is named, never ended by the engine itself, and ended as a whole tree when a person says so (R12, R13).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { client, logLines, QUICK, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

/** Listens on the port, answers nothing of use, ignores TERM, has a child of its own, and has changed its name. */
async function stranger(place: Place, port: number): Promise<{ pid: number; child: number }> {
  const folder = place.work;
  const code = `process.title = 'something-else';
    process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 60000)', '${place.dir}'], { stdio: 'ignore' });
    require('node:http').createServer((q, a) => { a.statusCode = 404; a.end(); }).listen(${port}, '127.0.0.1', () => console.log(child.pid));`;
  const started = spawn(process.execPath, ['-e', code, place.dir], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const child = await new Promise<number>((resolve) => started.stdout.once('data', (text: Buffer) => resolve(Number(String(text)))));
  place.atEnd(() => {
    for (const pid of [started.pid as number, child]) kill(pid, 'SIGKILL');
  });
  return { pid: started.pid as number, child };
}
const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`) && kill(pid, 0);

it('names who took the port, leaves that one alone, and frees it by a person’s word only', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const thief = await stranger(place, web.port);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  await startEngine(place);

  const seen = await untilService(place, 'web', 'somebody is named', (view) => view.portHolder !== null && view.alerting);
  expect(seen.portHolder).toMatchObject({
    port: web.port,
    pid: thief.pid,
    folder: '~/work',
    parent: { pid: process.pid },
    whyNot: null,
    url: `http://127.0.0.1:${web.port}/`,
  });
  // The start itself was refused with the same finding, and nobody was touched.
  await until('refused', () => logLines(place, 'recovery', 'recovery-finished').some((line) => line['reason'] === 'port-taken'));
  expect(logLines(place, 'recovery', 'process-signalled')).toEqual([]);
  const words = `Port ${web.port} is taken by something-else (pid ${thief.pid})`;
  expect((await run(place, ['status'])).out).toContain(words);
  const queue = await (await client(place)).ask('alerts', {});
  expect(queue[0]?.message).toContain(words);
  expect(queue[0]?.message).toContain(`in ~/work`);
  // An agent is no person: ending somebody else's process is not among what it may do.
  expect(queue[0]?.allowedActions.join(' ')).not.toContain('free-port');

  // Somebody else than the one that was seen is not ended.
  const other = await run(place, ['free-port', 'web', '--pid', String(thief.child), '--json']);
  expect(JSON.parse(other.err).error).toMatchObject({ code: 'refused', reason: 'holder-changed' });
  expect(isRunning(thief.pid)).toBe(true);

  const freed = await run(place, ['free-port', 'web', '--pid', String(thief.pid)]);
  expect(freed.out).toContain(`port ${web.port} is free. web is being restarted.`);
  expect(freed.code).toBe(0);
  expect([isRunning(thief.pid), isRunning(thief.child)]).toEqual([false, false]);
  // It ignored TERM, so KILL came; its child went with it.
  const signals = logLines(place, 'recovery', 'process-signalled');
  expect(signals.filter((line) => line['pid'] === thief.pid).map((line) => line['signal'])).toEqual(['SIGTERM', 'SIGKILL']);
  expect(signals.every((line) => line['match'] === `port ${web.port}`)).toBe(true);
  await web.up();
  await untilService(place, 'web', 'well, and nobody is named any more', (view) => view.phase === 'healthy' && view.portHolder === null);
  const again = await run(place, ['free-port', 'web', '--json']);
  expect(JSON.parse(again.err).error).toMatchObject({ code: 'refused', reason: 'port-free' });
}, 120_000);
