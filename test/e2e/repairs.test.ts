// A repair that could not work is told before anybody needs it; what each repair did is kept and counted, also across a restart.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { client, logLines, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

test('of two remedies one can never work: told at once, counted, and the other order is advised', async () => {
  const place = newPlace();
  const flag = path.join(place.work, 'well');
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '1s', window: '1m', maxAttempts: 50 },
    services: [
      {
        id: 'app',
        check: { type: 'command', run: ['sh', '-c', `test -e '${flag}' || exit 2`] },
        recovery: [
          { type: 'command', run: ['no-such-program-here'], startWindow: '1s' },
          { type: 'command', run: ['touch', flag], startWindow: '1s' },
        ],
      },
    ],
  });
  const told = expect.stringContaining('program no-such-program-here: not found on PATH');
  expect(await run(place, ['validate', '--means']), 'a warning, as a plugin says it').toMatchObject({ code: 1, err: told });
  expect(await run(place, ['validate', '--means', '--json'])).toMatchObject({
    code: 1,
    json: { ok: true, means: [{ found: expect.any(String) }] },
  });
  expect((await run(place, ['validate'])).code).toBe(0);
  const engine = await startEngine(place);
  await until('the means are looked at', async () => (await status(place)).problems.some(({ code }) => code === 'means'), 20_000);
  for (let times = 1; times <= 3; times += 1) {
    await untilService(place, 'app', 'repaired', (view) => view.status === 'ok', 20_000);
    const told = () => logLines(place, 'recovery', 'recovery-finished').filter(({ outcome }) => outcome === 'succeeded').length;
    await until(`repaired ${times} times`, () => told() >= times, 20_000);
    if (times < 3) {
      unlinkSync(flag); // it goes away again
      await untilService(place, 'app', 'gone again', (view) => view.status !== 'ok', 20_000);
    }
  }
  const [incident] = await (await client(place)).ask('incidents', { service: 'app' });
  expect(incident?.attempts.at(-1)).toMatchObject({
    outcome: 'succeeded',
    action: `touch ${flag}`,
    before: expect.any(String),
    after: expect.any(String),
  });
  expect(logLines(place, 'recovery', 'recovery-finished').at(-1)).toMatchObject({ ranMs: expect.any(Number) });

  const repairs = async () => (await status(place)).services[0]?.repairs;
  const counted = await until('counted', async () => {
    const now = await repairs();
    return (now?.remedies[1]?.succeeded ?? 0) >= 3 ? now : undefined;
  });
  expect(counted?.remedies[0]).toMatchObject({ action: 'no-such-program-here', succeeded: 0 });
  expect(counted?.advice).toMatch(/^"touch .*The other order would do better\.$/);

  await engine.end('SIGKILL');
  writeFileSync(flag, '');
  await startEngine(place);
  await until('counted after a crash', async () => ((await repairs())?.remedies[1]?.succeeded ?? 0) >= 3);
  expect(existsSync(flag)).toBe(true);
});

test('two services with the same command: it runs once, the other waits for it, and is looked at in a start window before anything else', async () => {
  const place = newPlace();
  const flag = path.join(place.work, 'well');
  const runs = path.join(place.work, 'runs');
  const begun = path.join(place.home, 'recovery.log');
  // Runs until the other attempt has begun too, and is well only some looks later.
  const script = `echo run >> '${runs}'; for i in $(seq 200); do [ "$(grep -c recovery-started '${begun}')" -ge 2 ] && break; sleep 0.1; done; (for i in $(seq 200); do [ "$(grep -c '"phase":"settling"' '${place.home}/health.log')" -ge 4 ] && break; sleep 0.1; done; touch '${flag}') &`;
  const service = (id: string) => ({
    id,
    afterFailures: 2,
    check: { type: 'command' as const, run: ['sh', '-c', `test -e '${flag}' || exit 2`] },
    recovery: [{ type: 'command' as const, run: ['sh', '-c', script], startWindow: '1m' }],
  });
  writeConfig(place, { ...QUICK, recovery: { cooldown: '30s', window: '2m' }, services: [service('one'), service('two')] });
  const engine = await startEngine(place);
  for (const id of ['one', 'two']) await untilService(place, id, 'well', (view) => view.phase === 'healthy', 40_000);
  const ends = () => logLines(place, 'recovery', 'recovery-finished').map(({ outcome, reason }) => [outcome, reason]);
  await until('both attempts are over', () => ends().length === 2);
  expect(ends().sort()).toEqual([
    ['refused', 'just-restarted'],
    ['succeeded', 'command-exited-0'],
  ]);
  expect(readFileSync(runs, 'utf8')).toBe('run\n');
  expect(logLines(place, 'alerts', 'alert')).toEqual([]);
  await engine.end('SIGTERM');
});

test('two apps whose script is called alike: the one that is killed is started again, the other one is left alone (R13)', async () => {
  const place = newPlace();
  const [shop, blog] = [await newWeb(place, 'shop'), await newWeb(place, 'blog')];
  const script = `app-${path.basename(place.dir)}.mjs`;
  const services = [shop, blog].map((web) => {
    const cwd = path.join(place.work, `folder-of-${web.id}`);
    mkdirSync(cwd);
    copyFileSync(path.join(place.work, web.script), path.join(cwd, script));
    // By a name that both folders have; the last word names the place, as that of everything a test runs.
    const start = [web.argv[0], script, ...web.argv.slice(2)] as const;
    spawn(start[0], start.slice(1), { cwd, detached: true, stdio: 'ignore' }).unref();
    return web.service({}, { find: { port: web.port, match: script }, start: [...start], cwd });
  });
  const [shopPid, blogPid] = [await shop.up(), await blog.up()];
  writeConfig(place, { ...QUICK, services });
  await startEngine(place);
  // Who is who is learned after a look that found all well: before the third such look begins.
  const looks = (id: string) =>
    logLines(place, 'health', 'check').filter((line) => line['service'] === id && line['status'] === 'ok').length;
  await until('both are known', () => looks('shop') > 2 && looks('blog') > 2);
  for (const [web, pid] of [
    [blog, blogPid],
    [shop, shopPid],
  ] as const) {
    process.kill(pid, 'SIGKILL');
    await web.up(pid);
    await untilService(place, web.id, 'well again', (view) => view.phase === 'healthy');
    if (web === blog) expect(await shop.pid(), 'the other one').toBe(shopPid);
  }
  // Both at once, as when memory is short: neither waits for the other's luck.
  const [shopNow, blogNow] = [await shop.up(), await blog.up()];
  for (const pid of [shopNow, blogNow]) process.kill(pid, 'SIGKILL');
  await Promise.all([shop.up(shopNow), blog.up(blogNow)]);
  expect(logLines(place, 'recovery', 'process-signalled'), 'all were dead').toEqual([]);
  expect(logLines(place, 'recovery', 'recovery-finished').filter(({ outcome }) => outcome === 'refused')).toEqual([]);
  expect(logLines(place, 'alerts')).toEqual([]);
});
