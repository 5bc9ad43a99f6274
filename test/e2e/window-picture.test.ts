// The picture that the engine draws into the page: seen before any script, gone on with by the window, and never where it does not belong.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../window/browser.ts';
import { startEngine } from './helpers/command.ts';
import { QUICK, untilService, writeConfig } from './helpers/home.ts';
import { newPlace, type Place } from './helpers/place.ts';
import { newWeb } from './helpers/web.ts';
import { card, eventually, follow, signInUrl, visit } from './helpers/window.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const NAME = `</script><script>document.title='taken'</script></body><b id="taken">"O'Neill" & $&`;

/** A signed-in profile whose scripts wait until `release` is called. */
async function signedIn(place: Place, url: string, options: BrowserContextOptions = {}) {
  const first = await visit(browser, url);
  await first.page.locator('h1').first().waitFor();
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    reducedMotion: 'reduce',
    storageState: await first.context.storageState(),
    ...options,
  });
  const root = new URL('/', first.page.url()).href;
  await first.context.close();
  place.atEnd(() => context.close());
  const { promise, resolve: release } = Promise.withResolvers<void>();
  await context.route(/\.js$/, async (route) => {
    await promise;
    await route.continue();
  });
  return { context, root, release };
}
/** Playwright waits for the load, which waits for the scripts. */
async function arrive(page: Page, url: string): Promise<void> {
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('#known').waitFor({ state: 'attached' });
}

it('is there before any script, holds names as text, and becomes the live window without being made anew', async () => {
  const place = newPlace();
  const [shop, odd] = [await newWeb(place, 'shop'), await newWeb(place, 'odd')];
  writeConfig(place, { ...QUICK, services: [shop.service({ name: 'Shop' }), odd.service({ name: NAME })] });
  await shop.startByHand();
  await odd.startByHand();
  const engine = await startEngine(place, ['--port', '0']);
  await untilService(place, 'odd', 'is well', (view) => view.status === 'ok');
  await untilService(place, 'shop', 'is well', (view) => view.status === 'ok');
  const { context, root, release } = await signedIn(place, await signInUrl(engine));
  const { page, complaints, commands } = await follow(context, 'about:blank');

  await arrive(page, root);
  expect(await page.locator('h1').textContent()).toBe('All 2 are well');
  expect(await page.locator('h1').isVisible()).toBe(true);
  const { inside, badge } = card(page, 'odd');
  expect(await inside.locator('h2 a').textContent()).toBe(NAME);
  expect(await inside.locator('.bars').getAttribute('aria-label')).toBe(`${NAME}, the last 90 days`);
  expect(await page.locator('#taken').count()).toBe(0);
  expect(await page.locator('.frame').evaluate((frame) => getComputedStyle(frame).display), 'has its style').toBe('grid');
  expect(await page.locator('[data-picture]').count()).toBe(1);
  // Somebody is quicker than the scripts.
  await inside.locator('[data-test=check]').focus();
  await page.evaluate(() => {
    for (const one of document.querySelectorAll('#app *')) Object.assign(one, { isFirst: true });
  });
  // However late the scripts come, what the page brought is what they go on with.
  await page.waitForFunction(() => performance.now() > 3_500);

  release();
  await eventually(() => page.locator('[data-picture]').count()).toBe(0);
  expect(await page.evaluate(() => document.activeElement?.getAttribute('data-test'))).toBe('check');
  expect(await page.evaluate(() => [...document.querySelectorAll('#app *')].filter((one) => !('isFirst' in one)).length)).toBe(0);
  expect(await inside.locator('h2 a').textContent()).toBe(NAME);
  await page.keyboard.press('Enter');
  await eventually(() => card(page, 'odd').result.textContent()).toMatch(/^Looked just now/);
  expect(commands).toEqual(['POST /api/v1/services/odd/check']);
  await card(page, 'odd').button('pause').click();
  await page.getByRole('menuitem', { name: 'Until I resume' }).click();
  await eventually(() => badge.textContent()).toBe('Paused');
  expect(await page.title()).not.toBe('taken');
  expect(complaints).toEqual([]);
});

it('is not shown at another address, nor without scripts, which would never make it live', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  await web.startByHand();
  const engine = await startEngine(place, ['--port', '0']);
  const { context, root, release } = await signedIn(place, await signInUrl(engine));
  const { page, complaints } = await follow(context, 'about:blank');
  await arrive(page, `${root}#/incidents`);
  expect(await page.locator('[data-picture] h1').isVisible()).toBe(false);
  expect(await page.locator('[data-picture]').count()).toBe(1);
  release();
  await eventually(() => page.locator('h1').textContent()).toBe('Incidents');
  expect(await page.locator('h1').isVisible()).toBe(true);
  expect(complaints).toEqual([]);

  const { context: still } = await signedIn(place, root, { javaScriptEnabled: false, storageState: await context.storageState() });
  const { page: silent } = await follow(still, root);
  expect(await silent.locator('[data-picture]').count()).toBe(1);
  expect(await silent.locator('h1').isVisible()).toBe(false);
  expect(await silent.locator('noscript').textContent()).toContain('needs JavaScript');
});

it('is mended to the screen, language and time zone of whoever looks', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, recovery: { ...QUICK.recovery, enabled: false }, services: [web.service()] });
  const engine = await startEngine(place, ['--port', '0']);
  const { since } = await untilService(place, 'web', 'fails', (view) => view.status === 'error');
  const { context, root, release } = await signedIn(place, await signInUrl(engine), {
    viewport: { width: 400, height: 800 },
    timezoneId: 'Pacific/Chatham',
    locale: 'de-DE',
  });
  const { page, complaints } = await follow(context, 'about:blank');
  await arrive(page, root);
  expect(await page.locator('.bars').getAttribute('aria-label')).toMatch(/90 days$/);
  release();
  await eventually(() => page.locator('[data-picture]').count()).toBe(0);
  expect(await page.locator('.bars').getAttribute('aria-label')).toMatch(/45 days$/);
  const there = new Intl.DateTimeFormat('de-DE', { hour: '2-digit', minute: '2-digit', timeZone: 'Pacific/Chatham' }).format(
    Date.parse(since ?? ''),
  );
  expect(await page.locator('.facts time').first().textContent()).toContain(there);
  expect(complaints).toEqual([]);
});
