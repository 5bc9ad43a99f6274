// How an engine ends while something is under way, what its callers are told, and what it leaves behind.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { goneWithinMs, run, spawnCommand, startEngine } from './helpers/command.ts';
import { client, inHome, logLines, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace, processesWith } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

it.concurrent('asked to end during a long repair it is gone within 5 s, and the next engine takes the attempt up again', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const go = path.join(place.work, 'go');
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '30s', maxAttempts: 2, window: '60s' },
    services: [
      {
        id: 'slow',
        check: { type: 'command', run: ['/bin/sh', '-c', `test -e ${go} || exit 2`] },
        recovery: [
          { type: 'command', run: ['/bin/sh', '-c', `while :; do sleep 0.2; done; : ${place.work}`], timeout: '10m', startWindow: '30s' },
        ],
      },
      // Its look hangs as well.
      {
        id: 'hung',
        check: {
          type: 'command',
          run: ['/bin/sh', '-c', `while :; do sleep 0.2; done; : a-look ${place.work}`],
          timeout: '5m',
        },
      },
    ],
  });
  const engine = await startEngine(place);
  const before = await untilService(place, 'slow', 'being repaired', (view) => view.phase === 'recovering');
  // The view shows an intent before it is durable; one that is taken back because the engine ends has begun nothing.
  await until('its remedy runs', () => {
    if (logLines(place, 'recovery', 'recovery-started').length === 0) throw new Error('not yet');
    return true;
  });
  const { ask } = await client(place);
  const callers = [ask('heal', { id: 'slow', wait: true }), ask('check', { id: 'hung' })].map((asked) => asked.catch((error) => error));
  await status(place); // asked after them, so they have been heard
  const ended = await engine.end('SIGTERM');
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect(ended.tookMs).toBeLessThan(goneWithinMs());
  for (const told of await Promise.all(callers)) expect(told).toMatchObject({ code: 'no-engine' });
  await until('the hanging look is gone with its engine', () => {
    const left = processesWith(place.work).filter(({ command }) => command.includes('a-look'));
    if (left.length > 0) throw new Error(JSON.stringify(left));
    return true;
  });

  const next = await startEngine(place);
  const after = await untilService(place, 'slow', 'its start window goes on', (view) => view.lastAttempt !== null);
  expect(after.lastAttempt?.id, 'no second attempt inside the cooldown').toBe(before.lastAttempt?.id);
  expect(logLines(place, 'recovery', 'recovery-started')).toHaveLength(1);
  await next.end('SIGKILL');
});

it.concurrent('a single round that is broken off leaves the home free, and its attempt known', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '1h', window: '3h' },
    services: [web.service({}, { start: ['/bin/sh', '-c', `while :; do sleep 0.2; done; : ${place.work}`] })],
  });
  const once = spawnCommand(place, ['check', '--once']);
  await until('the attempt waits for its outcome', () => logLines(place, 'recovery', 'process-started').length === 1);
  const ended = new Promise((resolve) => once.once('exit', resolve));
  once.kill('SIGINT');
  await ended;
  const engine = await startEngine(place);
  await untilService(place, 'web', 'known', (view) => view.lastAttempt !== null && view.status === 'error');
  expect(logLines(place, 'recovery', 'recovery-started'), 'the cooldown holds').toHaveLength(1);
  await engine.end('SIGTERM');
});

it.concurrent('a service that dies while no engine runs is healed by the next; one that lives is known again', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const [one, two] = [await newWeb(place, 'one'), await newWeb(place, 'two')];
  writeConfig(place, { ...QUICK, services: [one.service(), two.service()] });
  const engine = await startEngine(place);
  const pids = [await one.up(), await two.up()] as const;
  for (const id of ['one', 'two']) await untilService(place, id, 'well', (view) => view.phase === 'healthy');
  await engine.end('SIGTERM');
  kill(pids[0], 'SIGKILL');
  const next = await startEngine(place);
  await one.up(pids[0]);
  await untilService(place, 'one', 'healed', (view) => view.phase === 'healthy');
  await untilService(place, 'two', 'well', (view) => view.phase === 'healthy');
  expect(await two.pid()).toBe(pids[1]);
  expect(two.starts()).toEqual([pids[1]]);
  await next.end('SIGTERM');
});

it.concurrent('an engine that is stuck: whoever asks is told, the past can be read, and restart gets rid of it', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, { ...QUICK, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  const bare = { env: { XDG_RUNTIME_DIR: '/nonexistent', DBUS_SESSION_BUS_ADDRESS: '' } };
  const engine = await startEngine(place);
  await untilService(place, 'memory', 'well', (view) => view.status === 'ok');
  await until('something is recorded', () => logLines(place, 'health', 'check').length > 0);
  kill(engine.pid, 'SIGSTOP');
  const [plain, light, past, look] = await Promise.all([
    run(place, ['status']),
    run(place, ['status', '--json']),
    run(place, ['history', '--json']),
    run(place, ['pause', 'memory', '--json']),
  ]);
  expect(plain.code).toBe(69);
  expect(plain.err).toContain('has not answered');
  for (const told of [light, look]) {
    expect(told.code).toBe(69);
    expect(JSON.parse(told.err).error).toMatchObject({ code: 'engine-stuck', hint: expect.stringContaining('restart') });
  }
  expect(past.json.length).toBeGreaterThan(0);
  const restarted = await run(place, ['restart', '--json'], bare);
  expect(restarted).toMatchObject({ code: 0 });
  expect((await status(place)).engine?.pid).not.toBe(engine.pid);
  await until('it is gone', () => engine.child.signalCode === 'SIGKILL');
  expect((await run(place, ['stop'], bare)).code).toBe(0);
});

it.concurrent('the home goes away while the engine runs: it goes on, says so, and ends cleanly', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ recovery: [] })] });
  const engine = await startEngine(place, ['--json']);
  await untilService(place, 'web', 'failing', (view) => view.status === 'error');
  rmSync(place.home, { recursive: true, maxRetries: 5 });
  await web.startByHand();
  await until('it still looks', () =>
    engine
      .out()
      .split('\n')
      .some((line) => line.includes('"changed"') && line.includes('"status":"ok"')),
  );
  const { code, tookMs } = await engine.end('SIGTERM');
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(goneWithinMs());
  expect(engine.err()).not.toMatch(/^ {4}at /m);
});

it.concurrent('files stay private under the loosest umask', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ afterFailures: 1 })] });
  const before = process.umask(0);
  const engine = await startEngine(place).finally(() => process.umask(before));
  const pid = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
  expect(statSync(place.home).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(place.home))
    expect(`${name} ${(statSync(inHome(place, name)).mode & 0o777).toString(8)}`).toBe(`${name} 600`);
  expect(statSync(path.join(place.work, 'web.log')).mode & 0o777, 'and so does the log of what it started').toBe(0o600);
  expect(readFileSync(path.join(place.work, 'web.log'), 'utf8')).toBe('up\n');
  expect(pid).toBeGreaterThan(1);
  await engine.end('SIGTERM');
});

it.concurrent('a thread that waits for ever for a file does not keep the engine: all is written, and it is gone', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const pipe = path.join(place.work, 'pipe');
  const block = path.join(place.work, 'block.mjs');
  execFileSync('mkfifo', [pipe]);
  // Opening a pipe without a writer blocks like a file on a dead network disk.
  writeFileSync(block, `import { open } from 'node:fs';\nopen(${JSON.stringify(pipe)}, 'r', () => undefined);\n`);
  writeConfig(place, { ...QUICK, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  const engine = await startEngine(place, [], { env: { NODE_OPTIONS: `--import=${block}` } });
  await untilService(place, 'memory', 'well', (view) => view.status === 'ok');
  const ended = await engine.end('SIGTERM');
  expect(ended.tookMs).toBeLessThan(goneWithinMs());
  expect(engine.out()).toContain('Stopped.');
  expect(logLines(place, 'health', 'engine-stopped')).toHaveLength(1);
  const next = await startEngine(place);
  expect(await next.end('SIGTERM'), 'with nothing in its way').toMatchObject({ code: 0, signal: null });
});
