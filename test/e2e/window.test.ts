// The window in a real Chromium before the real engine and a real service: live, and every button does what it says.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../window/browser.ts';
import { startEngine } from './helpers/command.ts';
import { logLines, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';
import { card, eventually, signInUrl, visit } from './helpers/window.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Failures are told, and repairs are left to the person in front of the window. */
const BY_HAND = { ...QUICK, recovery: { ...QUICK.recovery, enabled: false } };

it('follows a killed service to red and, after Restart, to green: another pid, and the incident with its seconds to healthy', async () => {
  const place = newPlace();
  const [shop, blog] = [await newWeb(place, 'shop'), await newWeb(place, 'blog')];
  writeConfig(place, { ...BY_HAND, services: [shop.service({ name: 'Shop' }), blog.service({ name: 'Blog' })] });
  const [first] = [await shop.startByHand(), await blog.startByHand()];
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context, complaints, commands } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());

  // The token is nowhere to be seen, read or found again.
  expect(new URL(page.url()).search).toBe('');
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await eventually(() => page.locator('h1').textContent()).toBe('All 2 are well');
  await eventually(() => card(page, 'shop').shape()).toBe('check');
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));

  kill(first, 'SIGKILL');
  const { badge, button, result, inside } = card(page, 'shop');
  await eventually(() => badge.textContent()).toBe('Failing');
  await eventually(() => badge.textContent()).toBe('Needs you');
  await eventually(() => page.locator('h1').textContent()).toBe('1 of 2 needs you');
  expect(await inside.locator('.sentence').textContent()).toMatch(/^Down for .*\. .*(refused|no answer|nothing listens).*/i);
  expect(await page.locator('[data-service]').first().getAttribute('data-service'), 'worst first').toBe('shop');

  await button('heal').dblclick();
  const second = await shop.up(first);
  await eventually(() => badge.textContent()).toBe('Well');
  await eventually(() => result.textContent()).toMatch(/^Restarted by you, well after [\d.]+ s\.$/);
  await eventually(() => page.locator('h1').textContent()).toBe('All 2 are well');
  expect(second).not.toBe(first);
  expect(shop.starts()).toEqual([first, second]);
  expect(commands).toEqual(['POST /api/v1/services/shop/heal']);
  expect(blog.starts(), 'the other one was left alone').toHaveLength(1);

  await inside.getByRole('link', { name: 'Shop' }).click();
  const incident = page.locator('.incident').first();
  await eventually(() => incident.locator('.incident-end').textContent()).toMatch(/^restarted, over after /);
  await incident.locator('summary').click();
  await eventually(() => incident.locator('.story').textContent()).toMatch(/Restarted by you, well after [\d.]+ s/);
  await eventually(() => incident.locator('.story').textContent()).toContain('You were told');
  await eventually(() => incident.locator('.story').textContent()).toContain('Well again');
  await eventually(() => page.locator('#graph-summary').textContent()).not.toBe('');
  await eventually(() => page.locator('.graph-place canvas').count()).toBe(1);

  await page.goto(`${new URL(page.url()).origin}/#/incidents`);
  await eventually(() => page.locator('.row-words').allTextContents()).toEqual([expect.stringContaining('Shop')]);
  expect(await page.evaluate(() => 'isSamePage' in globalThis), 'never loaded anew').toBe(true);
  expect(complaints).toEqual([]);
});

it('pauses, resumes, checks and acknowledges as it says, once a press', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const quiet = await newWeb(place, 'quiet');
  writeConfig(place, {
    ...BY_HAND,
    interval: '1h',
    services: [web.service({ name: 'Web', interval: '1s' }), quiet.service({ name: 'Quiet', recovery: [] })],
  });
  const pid = await web.startByHand();
  await quiet.startByHand();
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context, commands } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  const { button, result, badge, inside } = card(page, 'web');
  await eventually(() => badge.textContent()).toBe('Well');

  const seen = async (id: string) => (await status(place)).services.find((view) => view.id === id);
  const looks = () => logLines(place, 'health', 'check').filter((line) => line['service'] === 'quiet').length;
  await eventually(() => card(page, 'quiet').badge.textContent()).toBe('Well');
  const before = looks();
  await card(page, 'quiet').button('check').dblclick();
  await eventually(() => card(page, 'quiet').result.textContent()).toContain('Looked just now');
  await until('exactly one look more', () => looks() === before + 1);
  expect(commands.splice(0)).toEqual(['POST /api/v1/services/quiet/check']);

  await button('pause').click();
  await button('pause-1h').click();
  await eventually(() => badge.textContent()).toBe('Paused');
  const hour = Date.parse((await seen('web'))?.pausedUntil ?? '') - Date.now();
  expect(hour).toBeGreaterThan(3_500_000);
  expect(hour).toBeLessThanOrEqual(3_600_000);
  expect(await result.textContent()).toMatch(/^Paused until /);
  await button('resume').dblclick();
  await eventually(() => badge.textContent()).toBe('Well');
  expect((await seen('web'))?.phase).toBe('healthy');

  await button('pause').click();
  await button('pause-tomorrow').click();
  await eventually(() => badge.textContent()).toBe('Paused');
  const until9 = new Date((await seen('web'))?.pausedUntil ?? '');
  const tomorrow = await page.evaluate((at) => {
    const [then, now] = [new Date(at), new Date()];
    return (
      then.getHours() === 9 && then.getMinutes() === 0 && then.toDateString() === new Date(now.setDate(now.getDate() + 1)).toDateString()
    );
  }, until9.getTime());
  expect(tomorrow, until9.toString()).toBe(true);
  await button('resume').click();
  await eventually(() => badge.textContent()).toBe('Well');

  await button('pause').click();
  await button('pause-open').click();
  await eventually(() => inside.locator('.sentence').textContent()).toBe('Paused until you resume it.');
  expect(await seen('web')).toMatchObject({ phase: 'paused', pausedUntil: null });
  kill(pid, 'SIGKILL');
  await until(
    'looked at while paused, and left alone',
    async () => (await seen('web'))?.phase === 'paused' && (await web.pid()) === undefined,
  );
  await button('resume').click();
  await eventually(() => badge.textContent()).toBe('Needs you');
  expect(commands.splice(0).map((one) => one.split('/').at(-1))).toEqual(['pause', 'resume', 'pause', 'resume', 'pause', 'resume']);

  await button('ack').dblclick();
  await eventually(() => badge.textContent()).toBe('Acknowledged');
  expect(await seen('web')).toMatchObject({ acknowledged: true });
  expect(logLines(place, 'alerts', 'acknowledged')).toHaveLength(1);
  await eventually(() => page.locator('h1').textContent()).not.toContain('needs you');
  expect(commands).toEqual(['POST /api/v1/services/web/ack']);

  // Nothing is set up to repair it: the button says so and does nothing.
  const off = card(page, 'quiet').button('heal');
  expect(await off.getAttribute('aria-disabled')).toBe('true');
  expect(await off.getAttribute('data-tip')).toBe('nothing is set up to repair it');
  await off.click({ force: true });
  expect(commands).toHaveLength(1);
});

it('stops and starts a real process, opens its address, and says where its logs are', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const url = `http://127.0.0.1:${web.port}/hello`;
  const logs = `${place.work}/web.log`;
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web', url, logs })] });
  const engine = await startEngine(place, ['--port', '0']);
  const first = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy' && view.lastAttempt?.outcome === 'succeeded');
  const { page, context, commands, complaints } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { button, badge, result, inside } = card(page, 'web');
  await eventually(() => badge.textContent()).toBe('Well');

  const popup = context.waitForEvent('page');
  await button('more').click();
  await inside.getByRole('menuitem', { name: 'Open' }).click();
  const opened = await popup;
  await opened.waitForLoadState();
  expect(opened.url()).toBe(url);
  expect(await opened.locator('body').textContent(), 'the service itself').toBe(String(first));
  expect(await opened.evaluate(() => window.opener === null && document.referrer === '')).toBe(true);
  await opened.close();

  await button('more').click();
  await button('logs').click();
  await eventually(() => result.textContent()).toContain(`The logs are in ${logs}`);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(logs);

  await button('more').click();
  await button('stop').dblclick();
  await eventually(() => badge.textContent()).toBe('Stopped');
  await until('the process has ended', () => !kill(first, 0));
  expect(web.starts()).toEqual([first]);
  // The same on the service's own page, where nothing is hidden in a menu.
  await inside.getByRole('link', { name: 'Web' }).click();
  await eventually(() => page.locator('.service-state').textContent()).toContain('Stopped on purpose');
  await page.locator('[data-test=start]').dblclick();
  const second = await web.up(first);
  await eventually(() => page.locator('.service-state .badge').textContent()).toBe('Well');
  expect(web.starts()).toEqual([first, second]);
  expect(commands.map((one) => one.split('/').at(-1))).toEqual(['stop', 'start']);
  // Restart of one that is well.
  await page.locator('[data-test=heal]').dblclick();
  const third = await web.up(second);
  await eventually(() => page.locator('[data-test=result]').textContent()).toMatch(/^Restarted by you, well after [\d.]+ s\.$/);
  expect(web.starts()).toEqual([first, second, third]);
  expect(complaints).toEqual([]);
});
