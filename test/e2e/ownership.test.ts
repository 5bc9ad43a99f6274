// One engine owns a home at a time. What is found in its way is moved aside, cleared away or named, and never an end.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { inHome, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { newPlace, processesWith } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const quiet = { ...QUICK, services: [{ id: 'memory', check: { type: 'memory' as const, maxUsed: '99%' } }] };

it.concurrent('a second engine is refused with the pid of the first, however it is started', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, quiet);
  const engine = await startEngine(place);
  for (const words of [['run'], ['run', '--json'], ['run', '--dry-run']]) {
    const second = await run(place, words);
    expect(second.code).toBe(75);
    expect(second.out).toBe('');
    expect(second.err).toContain(String(engine.pid));
  }
  const started = await run(place, ['start']);
  expect(started).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining(`An engine already runs in a terminal (pid ${engine.pid}`),
  });
  expect((await status(place)).engine?.pid, 'the first goes on').toBe(engine.pid);
  await engine.end('SIGKILL');
  const next = await startEngine(place);
  expect((await status(place)).engine?.pid, 'the kernel has let go of the lock').toBe(next.pid);
  await next.end('SIGTERM');
});

it.concurrent('of many that start at once, one engine comes up', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, quiet);
  const { launchEngine } = await import('./helpers/command.ts');
  const engines = Array.from({ length: 5 }, () => launchEngine(place));
  await until('all but one have ended', () => engines.filter((engine) => engine.child.exitCode !== null).length === 4);
  const [one] = engines.filter((engine) => engine.child.exitCode === null);
  await until('that one is up', () => one?.out().startsWith('ready '));
  for (const other of engines) if (other !== one) expect(other.child.exitCode).toBe(75);
  expect((await status(place)).engine?.pid).toBe(one?.pid);
  await one?.end('SIGTERM');
});

it.concurrent('garbage in every file of the home is moved aside, told, and the engine runs', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const garbage = Buffer.from([0, 1, 2, 0xff, 0x7b, 0x22, 0x0a]);
  const states = ['health-state.json', 'recovery-state.json', 'alert-state.json', 'alert-pending.json', 'clock-state.json'];
  const others = [
    'engine.lock',
    'engine.json',
    'engine.pid',
    'config.schema.json',
    'engine.sock',
    'reserve',
    'health.log',
    'recovery.log',
    'alerts.log',
  ];
  for (const name of [...states, ...others]) writeFileSync(inHome(place, name), garbage);
  const engine = await startEngine(place);
  await web.up();
  await untilService(place, 'web', 'healed all the same', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
  expect((await run(place, ['alerts'])).code, 'the queue is read').toBe(0);
  for (const name of states) {
    const [moved, ...more] = readdirSync(place.home).filter((one) => one.startsWith(`${name}.corrupt-`));
    expect(more, name).toEqual([]);
    expect(readFileSync(inHome(place, moved as string)), name).toEqual(garbage);
    if (existsSync(inHome(place, name))) JSON.parse(readFileSync(inHome(place, name), 'utf8'));
  }
  const told = (await status(place)).problems.map((problem) => problem.code).filter((code) => code.startsWith('quarantined-'));
  expect(told.sort()).toEqual(states.map((name) => `quarantined-${name}`).sort());
  await until(
    'each is told in the log, below the line that was there',
    () => readFileSync(inHome(place, 'health.log'), 'utf8').split('"event":"file-quarantined"').length === states.length + 1,
  );
  JSON.parse(readFileSync(inHome(place, 'config.schema.json'), 'utf8'));
  expect(lstatSync(inHome(place, 'engine.sock')).isSocket()).toBe(true);
  expect((await run(place, ['history'])).code, 'torn lines are passed over').toBe(0);
  expect((await engine.end('SIGTERM')).code).toBe(0);
  const next = await startEngine(place);
  expect((await status(place)).problems, 'told once').toEqual([]);
  await next.end('SIGTERM');
});

it.concurrent('state that is JSON, and nonsense', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const nonsense = [
    '[]',
    'null',
    '{"version":99,"services":{}}',
    '{"version":1,"services":{"web":{"seenAt":"yesterday","state":{"strikes":-1e999}}}}',
  ];
  for (const [index, name] of ['health-state.json', 'recovery-state.json', 'alert-state.json', 'alert-pending.json'].entries())
    writeFileSync(inHome(place, name), nonsense[index] as string);
  const engine = await startEngine(place);
  await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
  expect((await run(place, ['alerts'])).out, 'a queue that was damaged is an empty one').toBe('No alerts.\n');
  expect(readdirSync(place.home).filter((name) => name.includes('.corrupt-'))).toHaveLength(4);
  await engine.end('SIGTERM');
});

it.concurrent('a folder where the socket should be: refused, with its path, and the home is free afterwards', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, quiet);
  mkdirSync(inHome(place, 'engine.sock'));
  const refused = await run(place, ['run']);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain(`${inHome(place, 'engine.sock')} is in the way of the control socket`);
  expect(processesWith(place.dir)).toEqual([]);
  expect(existsSync(inHome(place, 'engine.json'))).toBe(false);
});

it.concurrent('a home that cannot be one is refused in one line', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  writeFileSync(path.join(place.dir, 'file'), '');
  const homes = [path.join(place.dir, 'file'), '/', place.dir, path.join(place.dir, 'file', 'below')];
  for (const home of homes) {
    const refused = await run({ ...place, home }, ['run']);
    expect(refused.code, home).toBe(2);
    expect(refused.err, home).toMatch(/^jarvis-health: .*\n( {2}.*\n)?$/);
  }
});

it.concurrent('a home with a path of more than 100 bytes has its socket elsewhere, and a link to it', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const deep = { ...place, home: path.join(place.dir, 'a-rather-long-name-of-a-folder'.repeat(3), "with spaces and ünïcode'") };
  writeConfig(deep, quiet);
  const engine = await startEngine(deep);
  expect(lstatSync(inHome(deep, 'engine.sock')).isSymbolicLink()).toBe(true);
  expect(statSync(inHome(deep, 'engine.sock')).mode & 0o777).toBe(0o600);
  expect((await run(deep, ['check'], { env: { TMPDIR: '/' } })).code, 'found by its link').toBe(0);
  const address = /url=unix:(.*)$/m.exec(engine.out())?.[1] as string;
  expect(Buffer.byteLength(address)).toBeLessThanOrEqual(100);
  await engine.end('SIGTERM');
  expect(existsSync(address)).toBe(false);
  expect((await run(deep, ['status'])).code).toBe(69);
});
