// The background service as a detached process, each word twice; and the self-test of a healthy home and of a broken one.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { run } from './helpers/command.ts';
import { inHome, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

/** No service manager: what a bare machine or a container has. */
const BARE = { env: { XDG_RUNTIME_DIR: '/nonexistent', DBUS_SESSION_BUS_ADDRESS: '' } };
const isBare = process.platform === 'linux';
if (!isBare) process.stdout.write('the detached background service is what Linux without systemd has; not tested here\n');

it.runIf(isBare).concurrent('start, restart, status and stop, twice each', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const idle = await run(place, ['stop'], BARE);
  expect(idle).toMatchObject({ code: 0, out: 'It was not running.\n' });

  const started = await run(place, ['start', '--json'], BARE);
  expect(started.code).toBe(0);
  expect(started.json).toMatchObject({ kind: 'detached', changed: true, running: true, pid: expect.any(Number) });
  const again = await run(place, ['start', '--json'], BARE);
  expect(again.json).toMatchObject({ changed: false, running: true, pid: started.json.pid });
  expect((await status(place)).engine?.pid).toBe(started.json.pid);
  const pid = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
  const shown = await run(place, ['status'], BARE);
  expect(shown.code).toBe(0);
  expect(shown.out).toContain(`Engine: pid ${started.json.pid}, headless`);

  for (let turn = 0, last = started.json.pid; turn < 2; turn += 1) {
    const restarted = await run(place, ['restart', '--json'], BARE);
    expect(restarted.code).toBe(0);
    expect(restarted.json.pid).not.toBe(last);
    await until('the one before is gone', () => !kill(last, 0));
    last = restarted.json.pid;
  }
  expect(await web.pid(), 'the service lives through all of it').toBe(pid);
  const ours = (await status(place)).engine?.pid as number;
  kill(ours, 'SIGKILL');
  await until('it is gone', () => !kill(ours, 0));
  expect((await run(place, ['status'], BARE)).code).toBe(69);
  expect((await run(place, ['start', '--json'], BARE)).json, 'after a crash').toMatchObject({ changed: true, running: true });

  expect((await run(place, ['stop', '--json'], BARE)).json).toMatchObject({ changed: true, running: false });
  expect((await run(place, ['stop', '--json'], BARE)).json).toMatchObject({ changed: false, running: false });
  expect(existsSync(inHome(place, 'engine.sock'))).toBe(false);
  expect(existsSync(inHome(place, 'engine.pid'))).toBe(false);
  expect(readFileSync(inHome(place, 'engine.log'), 'utf8')).toContain('ready pid=');

  // A bad configuration: refused at once, with its reason, and nothing is left running.
  writeConfig(place, '{ "services": 7 }');
  const refused = await run(place, ['start'], BARE);
  expect(refused.code).toBe(78);
  expect(refused.err).toContain('services');
});

it.runIf(isBare).concurrent(
  'doctor: all is well, and then every broken piece by name with the way to mend it',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    writeConfig(place, {
      ...QUICK,
      interval: '10s',
      retryInterval: '10s',
      services: [{ id: 'memory', check: { type: 'memory', maxUsed: '99%' } }],
    });
    expect((await run(place, ['start'], BARE)).code).toBe(0);
    await untilService(place, 'memory', 'looked at', (view) => view.status === 'ok');
    const well = await run(place, ['doctor', '--json'], BARE);
    expect(
      well.json.lines.filter((line: { ok: boolean | string }) => line.ok === false),
      JSON.stringify(well.json.lines),
    ).toEqual([]);
    const text = await run(place, ['doctor'], BARE);
    expect(text.out).toMatch(/^✓ node/m);
    expect(text.out).toMatch(/^✓ check memory/m);
    expect((await run(place, ['stop'], BARE)).code).toBe(0);

    writeConfig(place, {
      ...QUICK,
      services: [
        { id: 'lost', check: { type: 'command', run: ['no-such-program-anywhere'] } },
        { id: 'away', cwd: '/nonexistent/folder', check: { type: 'disk', path: '/nonexistent/disk', minFree: '1%' } },
      ],
    });
    writeFileSync(inHome(place, 'recovery-state.json'), 'garbage');
    const broken = await run(place, ['doctor', '--json'], BARE);
    expect(broken.code).toBe(2);
    const bad = broken.json.lines.filter((line: { ok: boolean | string }) => line.ok === false);
    const names = bad.map((line: { component: string }) => line.component);
    for (const name of ['program no-such-program-anywhere', 'folder /nonexistent/folder', 'check lost', 'recovery-state.json'])
      expect(names, name).toContain(name);
    for (const line of bad) expect(line.mend, line.component).toEqual(expect.any(String));
    expect(readFileSync(inHome(place, 'recovery-state.json'), 'utf8'), 'the self-test changes nothing').toBe('garbage');
  },
);
