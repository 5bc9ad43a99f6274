// The stories of the menu-bar app on the Electron double: the real built main process, preload and window. And what is told on the double
// alone, because on a Mac it would register a LaunchAgent of whoever runs the tests.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { tellAppStories } from './app-stories.ts';
import { double, startApp, writeProgram } from './helpers/app.ts';
import { startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, status, untilService, WELL_DISK, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

tellAppStories(double);

it('`--cli start`, `restart`, `stop` of the packaged app: its background service is its own binary', async ({ skip }) => {
  if (process.platform === 'darwin') skip('it would register a LaunchAgent');
  const place = newPlace();
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
  const exe = writeProgram(place);
  const env = { XDG_RUNTIME_DIR: '/nonexistent', DBUS_SESSION_BUS_ADDRESS: '' };
  const cli = async (...words: string[]) => {
    const ran = await double.run(place, ['--cli', ...words, '--json', '--home', place.home], { pretended: { isPackaged: true, exe }, env });
    expect(ran, words.join(' ')).toMatchObject({ code: 0, signal: null });
    return JSON.parse(ran.out) as Record<string, unknown>;
  };
  const started = await cli('start');
  expect(started).toMatchObject({ kind: 'detached', changed: true, running: true, pid: expect.any(Number) });
  const engine = (await status(place)).engine;
  expect(engine).toMatchObject({ pid: started['pid'], mode: 'headless' });
  const pid = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
  expect(await cli('start'), 'twice is once').toMatchObject({ changed: false, pid: started['pid'] });
  const restarted = await cli('restart');
  expect(restarted['pid']).not.toBe(started['pid']);
  await until('the one before is gone', () => !kill(started['pid'] as number, 0));

  // The app beside it shows that engine, and has one of its own as soon as it has ended.
  const app = await double.start(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true, exe } });
  await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  expect((await app.openMenu())[1]?.label).toBe(`Watched by the background service (process ${restarted['pid']})`);
  expect(await cli('stop')).toMatchObject({ changed: true, running: false });
  expect(readFileSync(inHome(place, 'engine.log'), 'utf8'), 'it was told to end, and ended by itself').toContain('Stopped.');
  await until('the app has taken over', async () => (await status(place)).engine?.pid === app.pid);
  expect(await web.pid(), 'the service lives through all of it').toBe(pid);
});

it('an engine that is followed: the main thread never waits for its lock, and one that is stuck is not shown as well', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  await web.startByHand();
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
  const headless = await startEngine(place);
  const app = startApp(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true } });
  await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  await app.emit('tray', 'click');
  const words = async () => String(await app.evaluate('document.body.innerText'));
  await until('the page', async () => (await words()).includes('1 service, and it is well'));
  // Asked every 2 s; the lock would be waited for for 200 ms each time.
  await until('3 s without standing still', async () => {
    await app.watchMainThread();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return (await app.blocked()).wallMs < 150;
  });
  process.kill(headless.pid, 'SIGSTOP');
  try {
    await app.untilSeen('said', ({ tray }) => tray.tooltip === 'Jarvis Health: The background service does not answer');
    await until('in the window', async () => (await words()).includes('The background service does not answer'));
  } finally {
    process.kill(headless.pid, 'SIGCONT');
  }
  await app.untilSeen('well again', ({ tray }) => tray.image === 'ok.png');
});

it('a control socket that cannot be opened: said, watched all the same by one engine, and opened as soon as it can be', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
  const inTheWay = path.join(place.home, 'engine.sock');
  mkdirSync(path.join(inTheWay, 'x'), { recursive: true });
  const app = await double.start(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true } });
  const { tray } = await app.untilSeen('said', (seen) => seen.tray.image === 'warning.png' && seen.tray.tooltip.includes('in the way'));
  expect(tray.tooltip).toContain('engine.sock is in the way of the control socket');
  await web.up();
  rmSync(inTheWay, { recursive: true });
  await app.untilSeen('well', (seen) => seen.tray.tooltip === 'Jarvis Health: 1 service, and it is well');
  expect((await status(place)).engine).toMatchObject({ pid: app.pid });
  expect(logLines(place, 'health', 'engine-started')).toHaveLength(1);
});

it('an error that nobody caught: the app starts anew instead of standing still in a box; a second one at once ends it', async () => {
  const place = newPlace();
  writeConfig(place, { ...QUICK, services: [WELL_DISK] });
  const options = { pretended: { wasOpenedAtLogin: true, isPackaged: true } };
  const app = startApp(place, options);
  await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  await app.breakDown();
  expect(await app.ended).toEqual({ code: 1, signal: null });
  expect(app.err()).toContain('broken on purpose');
  const file = path.join(place.dir, 'user-data', 'relaunched.json');
  const { args } = JSON.parse(readFileSync(file, 'utf8')) as { args: string[] };
  expect(args.slice(1)).toEqual([`--home=${place.home}`, expect.stringContaining('--user-data-dir='), '--after-crash']);
  rmSync(file);
  const again = startApp(place, { ...options, args: ['--after-crash'] });
  await again.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
  await again.breakDown();
  expect(await again.ended).toEqual({ code: 1, signal: null });
  expect(existsSync(file), 'not for ever').toBe(false);
});

it('a notice that was shown before this start goes too when its service is well again', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const { recovery: _, ...watched } = web.service({ name: 'Web' });
  writeConfig(place, { ...QUICK, alerts: { afterFailures: 2, channels: ['notification'] }, services: [watched] });
  const pretended = { wasOpenedAtLogin: true, isPackaged: true };
  const app = startApp(place, { pretended });
  const { notices } = await app.untilSeen('told', (seen) => seen.notices.some(({ state }) => state === 'shown'));
  await app.choose('Quit');
  await app.ended;
  await web.startByHand();
  const again = startApp(place, { pretended });
  const { calls } = await again.untilSeen('well', (seen) => seen.notices.some(({ title }) => title === 'Web is well again'));
  expect(calls).toContain(`Notification.remove ${notices[0]?.id}`);
});

it('told to end while it is still opening its engine, it ends well, and what was opened is closed', async () => {
  const place = newPlace();
  writeConfig(place, { ...QUICK, services: [WELL_DISK] });
  const app = startApp(place, { pretended: { wasOpenedAtLogin: true, isPackaged: true } });
  await until('its engine is being opened', () => existsSync(inHome(place, 'engine.lock')));
  app.child.kill('SIGTERM');
  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(logLines(place, 'health', 'engine-stopped')).toHaveLength(logLines(place, 'health', 'engine-started').length);
});
