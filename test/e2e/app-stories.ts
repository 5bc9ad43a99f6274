// The menu-bar app from end to end: the built main process, preload and window, with real services; told once, for the Electron double
// (app.test.ts) and the real Electron (app-electron.test.ts). Over 250 lines because it is the one list of what the app does.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/contract/config.ts';
import type { Driver } from './helpers/app.ts';
import { goneWithinMs, run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, status, untilService, WELL_DISK, writeConfig } from './helpers/home.ts';
import { freePort, kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const NOT_WELCOMED = { wasOpenedAtLogin: true, isPackaged: true } as const;
const TOLD = { ...QUICK, alerts: { afterFailures: 2, channels: ['notification', 'queue'] } } satisfies Omit<ConfigInput, 'services'>;
/** A port that nobody serves and nobody repairs. */
async function deadService(id = 'dead') {
  return { id, name: 'Dead & Gone', check: { type: 'tcp', port: await freePort() } } as const;
}

export function tellAppStories(driver: Driver): void {
  beforeEach(({ skip }) => {
    if (driver.whyNot !== undefined) skip(driver.whyNot);
  });
  /** The app, and a web service that a person has started and that is well. */
  async function wellWeb() {
    const place = newPlace();
    const web = await newWeb(place);
    const first = await web.startByHand();
    writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
    const app = await driver.start(place, { pretended: NOT_WELCOMED });
    await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
    return { place, web, app, first };
  }

  describe('life', () => {
    it('a first start: no Dock icon, a window once, nothing else; the second start is quiet', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      await web.startByHand();
      writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });

      const app = await driver.start(place);
      const seen = await app.untilSeen('well', ({ tray, windows }) => tray.image === 'ok.png' && windows[0]?.isVisible === true);
      expect(seen.faces).toEqual(['unknown.png', 'ok.png']);
      expect(seen).toMatchObject({
        policy: 'accessory',
        tray: { tooltip: 'Jarvis Health: 1 service, and it is well', title: '', isTemplate: false },
        windows: [{ type: 'window', isVisible: true, url: 'app://bundle/index.html#/welcome' }],
        notices: [],
        boxes: [],
      });
      expect((await status(place)).engine).toMatchObject({ pid: app.pid, mode: 'app' });
      await app.choose('Quit');
      expect(await app.ended).toEqual({ code: 0, signal: null });

      const again = await driver.start(place);
      expect((await again.untilSeen('well again', ({ tray }) => tray.image === 'ok.png')).windows).toEqual([]);
      expect(await again.look()).toMatchObject({ notices: [], boxes: [] });
      // The home holds our own files only.
      expect(readdirSync(place.home).filter((name) => /cache|cookie|storage|settings/i.test(name))).toEqual([]);
    });

    it('onboarding: what was found, repairs, notices and login item in three clicks; nothing before the last', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      await web.startByHand();
      const { recovery = [], ...watched } = web.service({ name: 'Web' });
      writeConfig(place, { ...QUICK, services: [{ ...watched, recovery: [], proposed: recovery }] });
      const app = await driver.start(place, { pretended: { isPackaged: true } });
      await until('the page', async () => String(await app.evaluate('document.body.innerText')).includes('Allow this repair'));
      const press = (name: string) => app.evaluate(`document.querySelector('[data-test="${name}"]').click()`);
      await press('want-repairs');
      await press('want-login');
      const asked = async () => (await app.look()).calls.filter((call) => call.startsWith('setLoginItem'));
      expect(await asked(), 'not yet').toEqual([]);
      expect((await app.look()).notices).toEqual([]);
      expect((await status(place)).services[0]?.can.heal).toBe(false);
      await press('begin');
      const seen = await app.untilSeen('done', ({ windows }) => windows[0]?.url === 'app://bundle/index.html#/');
      expect(seen.notices).toMatchObject([{ id: 'test', title: 'Jarvis Health can reach you', state: 'shown' }]);
      expect(await asked()).toEqual(['setLoginItemSettings {"openAtLogin":true,"type":"mainAppService"}']);
      await untilService(place, 'web', 'may be repaired', (view) => view.can.heal);
    });

    it('onboarding where notices are refused and the login item waits for approval: said there, with the way to mend both', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: { isPackaged: true, notifications: 'fail', login: 'requires-approval' } });
      await until('the page', async () => String(await app.evaluate('document.body.innerText')).includes('Only watched'));
      await app.evaluate(`document.querySelector('[data-test="begin"]').click()`);
      await until('both are said', async () => {
        const words = String(await app.evaluate('document.body.innerText'));
        return words.includes('Notices cannot be shown.') && words.includes('asks for your approval');
      });
      await app.evaluate(`[...document.querySelectorAll('.banner button')].forEach((button) => button.click())`);
      const { opened } = await app.untilSeen('panes', (seen) => seen.opened.length === 2);
      expect([...opened].sort()).toEqual([
        'x-apple.systempreferences:com.apple.LoginItems-Settings.extension',
        'x-apple.systempreferences:com.apple.Notifications-Settings.extension',
      ]);
    });

    it('a login opens nothing', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('looked', ({ tray }) => tray.image !== 'unknown.png');
      expect(await app.look()).toMatchObject({ windows: [], notices: [] });
    });

    it('a second start and a click in Finder open the window of the first; the second ends at once', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('looked', ({ tray }) => tray.image !== 'unknown.png');
      expect(await driver.run(place, [])).toMatchObject({ code: 0, signal: null });
      await app.untilSeen('window', ({ windows }) => windows.length === 1);
      expect(logLines(place, 'health', 'engine-started')).toHaveLength(1);
      await app.emit('app', 'activate', false);
      expect((await app.look()).windows).toHaveLength(1);
    });

    it('quits within its limit, by menu, by signal and at shutdown; what it started lives on, and the home is free', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
      for (const quit of ['menu', 'signal', 'shutdown'] as const) {
        const app = await driver.start(place, { pretended: NOT_WELCOMED });
        await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
        const began = performance.now();
        if (quit === 'menu') await app.choose('Quit');
        else if (quit === 'signal') app.child.kill('SIGTERM');
        else await app.emit('powerMonitor', 'shutdown');
        expect(await app.ended, quit).toEqual({ code: 0, signal: null });
        expect(performance.now() - began).toBeLessThan(goneWithinMs());
        expect(logLines(place, 'health', 'engine-stopped').at(-1)).toMatchObject({ pid: app.pid });
      }
      expect(web.starts(), 'started once, by the first of the three').toHaveLength(1);
      expect(await web.pid()).toBe(web.starts()[0]);
      expect((await run(place, ['status'])).code, 'no engine').toBe(69);
    });

    it('a background service that owns the home is shown, obeyed, and followed when it ends', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      await web.startByHand();
      writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
      const headless = await startEngine(place);
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
      expect((await app.openMenu())[1]?.label).toBe(`Watched by the background service (process ${headless.pid})`);
      await app.choose('Web', 'Pause', 'For 1 hour');
      await untilService(place, 'web', 'paused', (view) => view.phase === 'paused');
      await headless.end('SIGTERM');
      await until('the app has taken over', async () => (await status(place)).engine?.pid === app.pid);
      await app.untilSeen('still paused', ({ tray }) => tray.image === 'paused.png');
    });

    it('a configuration that is refused at the start is said, and taken as soon as it is mended', async () => {
      const place = newPlace();
      writeConfig(place, '{ "services": [ }');
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      const seen = await app.untilSeen('trouble', ({ tray }) => tray.image === 'warning.png');
      expect(seen.tray.tooltip).toMatch(/^Jarvis Health: config\.json is refused\. Line 1: /);
      expect((await app.openMenu()).map(({ label }) => label)).toContain('Check all: the engine does not run');
      await app.choose('Open Jarvis Health');
      const words = async () => String(await app.evaluate('document.body.innerText'));
      await until('the window says so too', async () => (await words()).includes('config.json is refused. Line 1: '));
      const web = await newWeb(place);
      await web.startByHand();
      writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
      await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
      await until('and here', async () => (await words()).includes('1 service, and it is well') && !(await words()).includes('refused'));
    });
  });

  describe('command line', () => {
    it('`--cli` answers before any lock or window, also beside a running app', async () => {
      const { place, app } = await wellWeb();
      const cli = await driver.run(place, ['--cli', 'status', '--json', '--home', place.home]);
      expect(cli).toMatchObject({ code: 0, signal: null });
      expect(JSON.parse(cli.out)).toMatchObject({ overall: 'ok', engine: { pid: app.pid, mode: 'app' } });
      expect((await app.look()).windows, 'no second start').toEqual([]);
    });
  });

  describe('icon', () => {
    it('follows a service that dies and is healed', async () => {
      const { web, app, first } = await wellWeb();
      kill(first, 'SIGKILL');
      const second = await web.up(first);
      await app.untilSeen('healed', ({ faces }) => faces.length >= 4 && faces.at(-1) === 'ok.png');
      const { faces, notices, blockers } = await app.look();
      expect(faces).toEqual(['unknown.png', 'ok.png', 'warning.png', 'ok.png']);
      expect(notices, 'healed before anybody needed to know').toEqual([]);
      expect(blockers, 'the machine may sleep again').toBe(0);
      expect(kill(second, 0)).toBe(true);
    });

    it('hidden by the system: told once, and the window is another way in', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: { ...NOT_WELCOMED, icon: { x: 0, y: 9_000, width: 30, height: 24 } } });
      const { boxes, windows } = await app.untilSeen('told', (seen) => seen.boxes.length > 0);
      expect(boxes).toEqual([expect.stringContaining('The icon of Jarvis Health is hidden.')]);
      expect(windows, 'on a window: a box of its own would hold up the engine').toMatchObject([{ isVisible: true }]);
      await app.closeWindows();
      await app.untilSeen('none', (seen) => seen.windows.length === 0);
      await app.emit('app', 'activate', false);
      await app.untilSeen('window', ({ windows }) => windows[0]?.isVisible === true);
      expect(JSON.parse(readFileSync(path.join(place.dir, 'user-data', 'settings.json'), 'utf8'))).toMatchObject({
        wasToldOfHiddenIcon: true,
      });
    });

    it('in one colour, with a count; damaged settings are kept aside and told', async () => {
      const place = newPlace();
      writeConfig(place, { ...TOLD, services: [await deadService()] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('needs a person', ({ tray }) => tray.image === 'error.png');
      await app.choose('Settings', 'Icon in one colour');
      await app.choose('Settings', 'Count beside');
      await app.untilSeen('both', ({ tray }) => tray.image === 'errorTemplate.png' && tray.isTemplate && tray.title === '1');
      await app.choose('Quit');
      await app.ended;

      const file = path.join(place.dir, 'user-data', 'settings.json');
      writeFileSync(file, '{ "isMonochrome": tr');
      const next = await driver.start(place, { pretended: NOT_WELCOMED });
      await next.untilSeen('told', ({ boxes }) => boxes.some((box) => box.includes('The settings of the app were damaged.')));
      const kept = readdirSync(path.dirname(file)).find((name) => name.startsWith('settings.corrupt-'));
      expect(readFileSync(path.join(path.dirname(file), kept ?? ''), 'utf8')).toBe('{ "isMonochrome": tr');
    });
  });

  describe('settings of the app', () => {
    it('of a build before this one are carried over; what this one does not know stays', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const file = path.join(place.dir, 'user-data', 'settings.json');
      mkdirSync(path.dirname(file));
      writeFileSync(file, JSON.stringify({ template: true, wasWelcomed: true, ofLater: { a: 1 } }));
      const app = await driver.start(place, { pretended: { isPackaged: true } });
      const seen = await app.untilSeen('looked', ({ tray }) => tray.isTemplate);
      expect(seen).toMatchObject({ windows: [], boxes: [] });
      const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      expect(kept).toMatchObject({ isMonochrome: true, wasWelcomed: true, ofLater: { a: 1 } });
      expect(kept).not.toHaveProperty('template');
      // Once: what the person chooses afterwards is not undone by the next start.
      await app.choose('Settings', 'Icon in one colour');
      await app.choose('Quit');
      await app.ended;
      const next = await driver.start(place, { pretended: { isPackaged: true } });
      await next.untilSeen('in colour', ({ tray }) => tray.image !== 'unknown.png' && !tray.isTemplate);
    });
  });

  describe('a program that is not found', () => {
    it('is a state of its own, never "down"; where it is can be said from the menu, and then it is looked at', async () => {
      const place = newPlace();
      const program = path.join(place.dir, 'look-at-it');
      writeFileSync(program, '#!/bin/sh\necho looks fine\n', { mode: 0o755 });
      writeConfig(place, { ...TOLD, services: [{ id: 'tool', name: 'Tool', check: { type: 'command', run: ['look-at-it', '--now'] } }] });
      const app = await driver.start(place, { pretended: { ...NOT_WELCOMED, chosenFile: program } });
      const { notices } = await app.untilSeen('told', (seen) => seen.notices.length > 0);
      expect(notices[0]?.title).not.toContain('down');
      const row = (await app.openMenu()).find(({ label }) => label.startsWith('Tool'));
      expect(row?.label).toBe('Tool: its program was not found');
      expect(row?.rows[0]?.label).toMatch(/^The program "look-at-it" was not found in \//);
      await app.choose('Tool', 'Say where the program is');
      await until('the form', () => app.evaluate(`!!document.querySelector('[data-test="choose-program"]')`) as Promise<boolean>);
      await app.evaluate(`document.querySelector('[data-test="choose-program"]').click()`);
      await until('it may be saved', () => app.evaluate(`!!document.querySelector('[data-test="review"]')`) as Promise<boolean>);
      await app.evaluate(`document.querySelector('[data-test="review"]').click()`);
      await until('what changes', () => app.evaluate(`!!document.querySelector('[data-test="save"]')`) as Promise<boolean>);
      await app.evaluate(`document.querySelector('[data-test="save"]').click()`);
      await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
      expect(readFileSync(path.join(place.home, 'config.json'), 'utf8')).toContain(JSON.stringify(program));
    });
  });

  describe('menu', () => {
    it('does everything without a window, on real processes', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      const first = await web.startByHand();
      writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web', logs: path.join(place.work, 'web.log') })] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');

      await app.choose('Web', 'Restart');
      const second = await web.up(first);
      expect(kill(first, 0), 'the old one is gone').toBe(false);
      await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');

      await app.choose('Web', 'Pause', 'For 1 hour');
      await app.untilSeen('paused', ({ tray }) => tray.image === 'paused.png');
      await app.choose('Web', 'Resume');
      await app.untilSeen('resumed', ({ tray }) => tray.image === 'ok.png');
      await app.choose('Pause all');
      await app.untilSeen('all paused', ({ tray }) => tray.image === 'paused.png');
      await app.choose('Resume all');
      await app.untilSeen('all resumed', ({ tray }) => tray.image === 'ok.png');

      const looks = () => logLines(place, 'health', 'check').length;
      const before = looks();
      await app.choose('Check all');
      await app.choose('Web', 'Check now');
      await until('looked', () => looks() > before);

      await app.choose('Web', 'Stop');
      await until('stopped', () => !kill(second, 0));
      await app.untilSeen('stopped', ({ tray }) => tray.image === 'paused.png');
      await app.choose('Web', 'Start');
      await web.up();
      await app.untilSeen('started', ({ tray }) => tray.image === 'ok.png');

      await app.choose('Web', 'Open');
      await app.choose('Web', 'Show logs');
      await app.choose('About');
      const seen = await app.untilSeen('all opened', ({ opened, calls }) => opened.length === 2 && calls.includes('showAboutPanel'));
      expect(seen.opened).toEqual([`http://127.0.0.1:${web.port}/`, path.join(place.work, 'web.log')]);
      expect(seen.windows).toEqual([]);

      await app.choose('Web', 'Details');
      await app.untilSeen('details', ({ windows }) => windows[0]?.url === 'app://bundle/index.html#/service/web');
    });

    it('shows a log that might be a program in its folder, and never opens it', async () => {
      const place = newPlace();
      const program = path.join(place.dir, 'web.log');
      writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
      writeConfig(place, {
        ...QUICK,
        services: [{ ...WELL_DISK, logs: program }],
      });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('well', ({ tray }) => tray.image === 'ok.png');
      await app.choose('Disk', 'Show logs');
      const { opened } = await app.untilSeen('shown', (seen) => seen.opened.length > 0);
      expect(opened).toEqual([`folder of ${program}`]);
      // Under the name of a log, but what it leads to is opened by another program.
      const profile = path.join(place.dir, 'evil.terminal');
      writeFileSync(profile, '<plist/>', { mode: 0o644 });
      rmSync(program);
      symlinkSync(profile, program);
      await app.choose('Disk', 'Show logs');
      await app.untilSeen('shown again', (seen) => seen.opened.length === 2);
      expect((await app.look()).opened[1]).toBe(`folder of ${program}`);
    });

    it('start at login is what the system says, after every change', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: { ...NOT_WELCOMED, login: 'not-found' } });
      await app.untilSeen('looked', ({ tray }) => tray.image !== 'unknown.png');
      const row = async () => (await app.openMenu()).find(({ label }) => label.startsWith('Start at login'));
      expect(await row()).toMatchObject({ isChecked: false, isEnabled: true });
      await app.choose('Start at login');
      expect(await row()).toMatchObject({ isChecked: true });
      await app.choose('Start at login');
      expect(await row()).toMatchObject({ isChecked: false });
      await app.pretend({ login: 'requires-approval' });
      await app.choose('Start at login: allow it');
      expect((await app.look()).opened).toEqual(['x-apple.systempreferences:com.apple.LoginItems-Settings.extension']);
      await app.pretend({ isPackaged: false });
      expect(await row()).toMatchObject({ isEnabled: false, label: 'Start at login: only in the installed app' });
    });

    it('installs the command line, and never over a file of somebody else', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      await app.untilSeen('looked', ({ tray }) => tray.image !== 'unknown.png');
      await app.choose('Install command line');
      const file = path.join(place.dir, '.local/bin/jarvis-health');
      await app.untilSeen('said', ({ boxes }) => boxes.some((box) => box.startsWith(`${file} is installed.`)));
      expect(readFileSync(file, 'utf8')).toContain(`exec '${driver.program}' --cli "$@"`);
      writeFileSync(file, '#!/bin/sh\necho mine\n');
      await app.choose('Install command line');
      await app.untilSeen('refused', ({ boxes }) => boxes.some((box) => box.includes('not from this app')));
      expect(readFileSync(file, 'utf8')).toContain('mine');
    });
  });

  describe('notices', () => {
    it('one for an incident, with buttons; acknowledged it goes, and the icon turns yellow', async () => {
      const place = newPlace();
      writeConfig(place, { ...TOLD, services: [await deadService()] });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      const { notices } = await app.untilSeen('told', (seen) => seen.notices.length > 0 && seen.tray.image === 'error.png');
      expect(notices).toMatchObject([{ title: 'Dead & Gone is down', actions: ['Restart', 'Acknowledge'], state: 'shown' }]);
      const id = notices[0]?.id ?? '';
      expect(id).toMatch(/^dead\./);
      const row = (await app.openMenu()).find(({ label }) => label.startsWith('Dead'));
      expect(row?.label, 'a single & would be taken for the mark of a key').toMatch(/^Dead && Gone: needs you/);
      await app.press(id);
      await app.untilSeen('opened', ({ windows }) => windows[0]?.url === 'app://bundle/index.html#/service/dead');
      await app.press(id, 1);
      await app.untilSeen('acknowledged', (seen) => seen.tray.image === 'warning.png' && seen.notices[0]?.state === 'removed');
      expect((await app.look()).notices).toHaveLength(1);
    });

    it('well again: the old notice goes, one says so; Restart in a notice restarts', async () => {
      const place = newPlace();
      const web = await newWeb(place);
      await web.startByHand();
      await web.mood('break');
      writeConfig(place, {
        ...TOLD,
        recovery: { ...QUICK.recovery, enabled: false },
        services: [web.service({ name: 'Web' }, { startWindow: '2s' })],
      });
      const app = await driver.start(place, { pretended: NOT_WELCOMED });
      const { notices } = await app.untilSeen('told', (seen) => seen.notices.some(({ state }) => state === 'shown'));
      await app.press(notices[0]?.id ?? '', 0);
      await web.up();
      const seen = await app.untilSeen('well', (now) => now.tray.image === 'ok.png' && now.notices.length === 2);
      expect(seen.notices).toMatchObject([{ state: 'removed' }, { title: 'Web is well again', state: 'shown', actions: [] }]);
    });

    it.each(['fail', 'silent'] as const)(
      'a system that does not show them (%s): seen in the menu, with the way to mend it',
      async (notifications) => {
        const place = newPlace();
        writeConfig(place, { ...TOLD, services: [await deadService()] });
        const app = await driver.start(place, { pretended: { ...NOT_WELCOMED, notifications } });
        await app.untilSeen('tried', (seen) =>
          seen.notices.some(({ state }) => state === (notifications === 'fail' ? 'failed' : 'silent')),
        );
        await until('said in the menu', async () =>
          (await app.openMenu()).some(({ label }) => label.startsWith('⚠ Notices cannot be shown')),
        );
        await app.choose('⚠ Notices cannot');
        expect((await app.look()).opened).toEqual(['x-apple.systempreferences:com.apple.Notifications-Settings.extension']);
      },
    );
  });

  describe('power', () => {
    it('sleep and wake: hollow while asleep, one sleep in the record however many words of it, no strike', async () => {
      const { place, app } = await wellWeb();
      await app.emit('powerMonitor', 'suspend');
      expect((await app.untilSeen('asleep', ({ tray }) => tray.image === 'unknown.png')).tray.tooltip).toBe('Jarvis Health: Asleep');
      await app.emit('powerMonitor', 'resume');
      await app.emit('powerMonitor', 'unlock-screen');
      await until('recorded', () => logLines(place, 'health', 'slept').length > 0);
      await untilService(place, 'web', 'settling after the wake', (view) => view.consecutiveFailures === 0);
      expect((await status(place)).sentence).toBe('Asleep');
      await app.untilSeen('well after its settle time', ({ tray }) => tray.image === 'ok.png');
      expect(logLines(place, 'health', 'slept')).toHaveLength(1);
    });
  });

  describe('window', () => {
    it('opens the address of a service in the browser, and no other', async () => {
      const { web, app } = await wellWeb();
      await app.choose('Web', 'Details');
      const open = `document.querySelector('a[target="_blank"][href="http://127.0.0.1:${web.port}/"]')`;
      await until('the page', () => app.evaluate(`!!${open}`) as Promise<boolean>);
      for (const url of ['http://127.0.0.1:1/', 'file:///etc/hosts', `http://127.0.0.1:${web.port}/?x`])
        await app.evaluate(`void window.open(${JSON.stringify(url)})`);
      await app.evaluate(`${open}.click()`);
      const seen = await app.untilSeen('opened', ({ opened }) => opened.length > 0);
      expect(seen.opened).toEqual([`http://127.0.0.1:${web.port}/`]);
      expect(seen.windows).toMatchObject([{ url: 'app://bundle/index.html#/service/web' }]);
    });

    it('unsaved changes in it hold up neither quit nor shutdown', async () => {
      const place = newPlace();
      writeConfig(place, { ...QUICK, services: [await deadService()] });
      for (const quit of ['menu', 'signal', 'shutdown'] as const) {
        const app = await driver.start(place, { pretended: NOT_WELCOMED });
        await app.untilSeen('looked', ({ tray }) => tray.image !== 'unknown.png');
        await app.choose('Open Jarvis Health');
        await app.untilSeen('window', ({ windows }) => windows[0]?.isVisible === true && windows[0].url !== '');
        await until('the page', async () => (await app.evaluate('document.readyState')) === 'complete');
        await app.evaluate(`addEventListener('beforeunload', (event) => event.preventDefault())`);
        if (quit === 'menu') await app.choose('Quit');
        else if (quit === 'signal') app.child.kill('SIGTERM');
        else await app.emit('powerMonitor', 'shutdown');
        expect(await app.ended, quit).toEqual({ code: 0, signal: null });
      }
    });

    it('the panel: under the icon, gone on blur, not back with the same click; the page has the bridge and nothing else', async () => {
      const { app } = await wellWeb();
      await app.emit('tray', 'click');
      const { windows } = await app.untilSeen('panel', (seen) => seen.windows[0]?.url === 'app://bundle/index.html');
      expect(windows).toMatchObject([{ type: 'panel', isVisible: true, bounds: { x: 825, width: 380, height: 640 } }]);
      expect(windows[0]?.bounds.y, 'below the bar, which is higher beside a notch').toBeOneOf([...Array(60).keys()].slice(24));

      await until('the page shows the service', async () =>
        String(await app.evaluate('document.body.innerText')).includes('1 service, and it is well'),
      );
      expect(await app.evaluate('[typeof require, typeof process, typeof module, Object.keys(jarvis).join()]')).toEqual([
        'undefined',
        'undefined',
        'undefined',
        'ask,shell,onSnapshot',
      ]);
      expect(await app.evaluate('jarvis.ask("status", {}).then((answer) => answer.value.overall)')).toBe('ok');
      expect(await app.evaluate('jarvis.ask("heal", { id: "nobody" })')).toMatchObject({ ok: false, problem: { title: 'not-found' } });
      expect(await app.evaluate('jarvis.ask("heal", { id: "web", home: "/" })')).toMatchObject({ ok: false, problem: { title: 'usage' } });
      expect(await app.evaluate('jarvis.ask("constructor", {})')).toMatchObject({ ok: false, problem: { title: 'usage' } });
      expect(await app.evaluate('fetch("https://bundle.app.invalid/").then(() => "fetched", () => "refused")'), 'CSP').toBe('refused');
      expect(
        await app.evaluate(
          `new Promise((tell) => setTimeout(() => { try { tell(Function('return 1')()); } catch (error) { tell(error.name); } }))`,
        ),
      ).toBe('EvalError');

      expect(await app.evaluate('jarvis.shell("facts").then((answer) => answer.value.loginItem)')).toBe('off');
      expect(await app.evaluate('jarvis.shell("setLoginItem", { isOn: "yes" })')).toMatchObject({ ok: false, problem: { title: 'usage' } });
      expect(await app.evaluate('jarvis.shell("openPane", { pane: "file:///" })')).toMatchObject({
        ok: false,
        problem: { title: 'usage' },
      });
      expect(await app.evaluate('jarvis.shell("__proto__")')).toMatchObject({ ok: false, problem: { title: 'usage' } });
      expect(await app.askAs('shell:setLoginItem', 'https://bundle/index.html', true, { isOn: true })).toMatchObject({ ok: false });

      for (const [url, isTop] of [
        ['https://bundle/index.html', true],
        ['app://bundle.example/index.html', true],
        ['app://bundle@example.com/', true],
        ['app://bundle/index.html', false],
      ] as const) {
        expect(await app.askAs('ask:status', url, isTop, {}), url).toMatchObject({ ok: false, problem: { title: 'unauthorized' } });
      }
      expect(await app.askAs('ask:status', 'app://bundle/index.html', true, {})).toMatchObject({ ok: true });
      expect(await app.deniesPermissions()).toBe(true);

      await app.blur();
      await app.emit('tray', 'click');
      expect((await app.look()).windows, 'the click that took the focus').toMatchObject([{ isVisible: false }]);
      await until('a later click', async () => {
        await app.emit('tray', 'click');
        return (await app.look()).windows[0]?.isVisible === true;
      });
      await app.blur();
      await until('no renderer is left after a minute', async () => (await app.look()).windows.length === 0, 90_000);
    });
  });
}
