// The other views, the states, the keyboard and accessibility, in a real Chromium.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser } from './browser.ts';
import { badConfig, everyState, firstStart, nothingWatched, past, trouble, type World, well } from './fixtures.ts';
import { answerWithFile } from './settings-engine.ts';
import { eventually, openWindow, type Window } from './support.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser: Browser;
let win: Window;
beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(() => win.close());
afterAll(() => browser.close());

describe('the page of a service', () => {
  test('has its graph with limit and marks, its incidents with reasons, the last output, its configuration', async () => {
    win = await openWindow(browser, { hash: '#/service/gateway' });
    const { page } = win;
    await page.locator('.graph-place canvas').waitFor();
    await eventually(() => page.locator('#graph-summary').textContent()).toMatch(
      /Mostly 1, between 0 and 1; limit 1\. .* checks failed; down/,
    );
    await eventually(() => page.locator('.incident').first().textContent()).toContain('Not repaired: too soon after the last try');
    expect(await page.locator('[aria-labelledby=output]').textContent()).toContain('EADDRINUSE');
    expect(await page.locator('[aria-labelledby=configuration]').textContent()).toContain('"startWindow": "5m"');
  });

  test('shows no secret of its configuration until it is asked for', async () => {
    const world = trouble(Date.now());
    const check = '"check": { "type": "http", "headers": { "Authorization": "Bearer hunter2" }, "url": "http://u:hunter2@';
    world.config.text = world.config.text.replace('"check": { "type": "http", "url": "http://', check);
    win = await openWindow(browser, { world, hash: '#/service/fitness-tracker' });
    const part = win.page.locator('[aria-labelledby=configuration]');
    await eventually(() => part.textContent()).toContain('"Authorization": "•••"');
    expect(await part.textContent()).not.toContain('hunter2');
    await part.getByRole('button', { name: 'Show secrets' }).click();
    expect(await part.textContent()).toContain('"Authorization": "Bearer hunter2"');
    expect(await part.textContent()).toContain('http://u:hunter2@127.0.0.1:3000/');
    await part.getByRole('button', { name: 'Hide secrets' }).click();
    expect(await part.textContent()).not.toContain('hunter2');
  });

  test('tells a last check as past whatever the clocks say, and uptimes only as far as there are records', async () => {
    const now = Date.now();
    const world = trouble(now);
    const ahead = new Date(now + 3_600_000).toISOString();
    const view = world.snapshot.services.find(({ id }) => id === 'memory') as { lastCheckAt: string; since: string; nextCheckAt: string };
    Object.assign(view, { lastCheckAt: ahead, since: ahead, nextCheckAt: ahead });
    const entry = world.overview.find(({ service }) => service === 'memory') as (typeof world.overview)[number];
    Object.assign(entry, { days: entry.days.map((day, n) => ({ ...day, status: n < 87 ? 'none' : 'ok' })) });
    win = await openWindow(browser, { world, hash: '#/service/memory' });
    const figure = (name: string) => win.page.locator('.figures > div', { hasText: name }).locator('dd').innerText();
    await eventually(() => figure('Uptime 30 d')).toMatch(/^100 % since /);
    expect(await figure('Uptime 7 d')).toMatch(/^100 % since /);
    expect((await figure('Uptime 24 h')).trim()).toBe('100 %');
    expect(await figure('Last check')).toBe('just now');
    expect(await figure('Well for')).toBe('a moment');
    expect(await figure('Next check')).toMatch(/^in \d+ min|^in 1 h/);
  });

  test('the graph is zoomed and moved by drag, wheel, buttons and keyboard, and asks for what it shows', async () => {
    win = await openWindow(browser, { hash: '#/service/memory' });
    const { page } = win;
    const stage = page.locator('[data-test=graph]');
    await page.locator('.graph-place canvas').waitFor();
    const label = () => stage.getAttribute('aria-label');
    const first = await label();
    const [request] = await Promise.all([page.waitForRequest(/\/history\?/), page.getByRole('radio', { name: '7 days' }).click()]);
    const query = new URL(request.url()).searchParams;
    expect(Date.parse(query.get('to') ?? '') - Date.parse(query.get('from') ?? '')).toBe(7 * 86_400_000);
    await eventually(label).not.toBe(first);
    const seen: (string | null)[] = [await label()];
    const moved = async (what: () => Promise<unknown>) => {
      await what();
      await eventually(label).not.toBe(seen.at(-1));
      seen.push(await label());
    };
    const box = await page.locator('.plot-over').boundingBox();
    if (!box) throw new Error('no graph');
    await moved(async () => {
      await page.mouse.move(box.x + 100, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(box.x + 300, box.y + 60, { steps: 4 });
      await page.mouse.up();
    });
    await moved(() => page.mouse.wheel(-120, 0));
    await stage.focus();
    await moved(() => page.keyboard.press('ArrowLeft'));
    await moved(() => page.keyboard.press('+'));
    await moved(() => page.keyboard.press('-'));
    await moved(() => page.getByRole('button', { name: 'Earlier' }).click());
    await page.getByRole('button', { name: 'Show the last 7 days again' }).click();
    await eventually(label).toBe(seen[0]);
  });

  test('a service that is not there is told, not a blank page', async () => {
    win = await openWindow(browser, { hash: '#/service/gone' });
    await win.page.getByRole('heading', { name: 'There is no service gone' }).waitFor();
  });
});

describe('incidents', () => {
  test('ten thousand scroll, and only those near are in the page', async () => {
    const world = trouble(Date.now());
    world.incidents = past(Date.now(), 10_000, 1.5);
    win = await openWindow(browser, { world, hash: '#/incidents' });
    const { page } = win;
    await page.getByRole('radio', { name: '2 years' }).click();
    await eventually(() => page.locator('.count').textContent()).toContain('10,000 incidents');
    const count = () => page.locator('.row').count();
    expect(await count()).toBeLessThan(60);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await eventually(() => page.locator('.row[aria-posinset="10000"]').isVisible()).toBe(true);
    expect(await count()).toBeLessThan(60);
    await page.locator('.row-button').last().focus();
    await page.locator('.row-button').last().press('Home');
    await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('data-index'))).toBe('0');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.row.is-open .story').count()).toBe(1);
  });

  test('are filtered by service and text, and exported as they are filtered', async () => {
    win = await openWindow(browser, { hash: '#/incidents?service=log-files' });
    const { page } = win;
    await page.locator('.row').first().waitFor();
    expect(new Set(await page.locator('.row strong').allTextContents())).toEqual(new Set(['Log Files']));
    await page.getByLabel('Service', { exact: true }).selectOption('');
    await page.getByLabel('Search incidents').fill('answered 500');
    await eventually(async () => [...new Set(await page.locator('.row-words > span').allTextContents())]).toEqual(['Answered 500']);
    const [csv] = await Promise.all([page.waitForEvent('download'), page.locator('[data-test=csv]').click()]);
    const text = readFileSync(await csv.path(), 'utf8');
    expect(csv.suggestedFilename()).toBe('incidents.csv');
    expect(text.split('\r\n')[0]).toBe(
      'id,service,startedAt,endedAt,seconds,reason,message,strikes,alerted,attempts,lastRemedy,lastOutcome',
    );
    expect(text.split('\r\n')).toHaveLength((await page.locator('.row').count()) + 2);
    const [json] = await Promise.all([page.waitForEvent('download'), page.locator('[data-test=json]').click()]);
    expect((JSON.parse(readFileSync(await json.path(), 'utf8')) as unknown[]).length).toBe(await page.locator('.row').count());
  });
});

describe('states', () => {
  const states: [string, (now: number) => World, string][] = [
    ['first start', firstStart, 'Welcome. Everything is being looked at for the first time.'],
    ['nothing watched', nothingWatched, 'Watch something'],
    ['a refused configuration', badConfig, 'did you mean "port"?'],
  ];
  test.each(states)('%s is told', async (_, world, words) => {
    win = await openWindow(browser, { world: world(Date.now()) });
    await win.page.locator('main').getByText(words).first().waitFor();
  });

  test('while the engine has not answered, the page says that it waits', async () => {
    win = await openWindow(browser);
    win.api.isSilent = true;
    await win.page.reload();
    await win.page.getByRole('heading', { name: 'Asking the engine…' }).waitFor();
  });
});

test('everything is reached by keyboard: skip link, navigation, a card, its menu, and back', async () => {
  win = await openWindow(browser);
  const { page, api } = win;
  await page.locator('[data-service=gateway]').waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Gateway');
  await page.locator('[data-service=gateway] [data-test=pause]').focus();
  await page.keyboard.press('Enter');
  await eventually(focused).toBe('For 1 hour');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('Until I resume');
  await page.keyboard.press('Escape');
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('data-test'))).toBe('pause');
  await page.keyboard.press('Enter');
  await page.keyboard.press('u');
  await page.keyboard.press('Enter');
  await eventually(() => api.calls.length).toBe(1);
});

describe('accessibility (WCAG 2.2 AA)', () => {
  const views: [string, (now: number) => World][] = [
    ['', trouble],
    ['', everyState],
    ['', nothingWatched],
    ['', firstStart],
    ['', badConfig],
    ['#/service/gateway', trouble],
    ['#/service/memory', well],
    ['#/incidents', trouble],
    ['#/settings', trouble],
    ['#/watch', trouble],
  ];
  for (const colorScheme of ['light', 'dark'] as const) {
    test.each(views)(`${colorScheme}: "%s" has no violation`, async (hash, world) => {
      win = await openWindow(browser, { world: world(Date.now()), hash, context: { colorScheme } });
      await win.page.waitForLoadState('networkidle').catch(() => undefined);
      await eventually(() => win.page.locator('.skeleton').count()).toBe(0);
      expect(await violations(win.page)).toEqual([]);
    });
  }
  test('nothing is cut off at 320 px, and an opened menu, a result and the sign-in page are clean too', async () => {
    win = await openWindow(browser, { context: { viewport: { width: 320, height: 700 } } });
    const { page, api } = win;
    const parts = {
      '': '[data-service=gateway]',
      '#/service/gateway': '.plot-over[style]',
      '#/incidents': '.incidents .row',
      '#/settings': '.service-item',
      '#/watch': '.found',
    };
    await page.locator(parts['']).waitFor();
    answerWithFile(api);
    await noteWidths(page);
    for (const [hash, part] of Object.entries(parts)) {
      await page.evaluate((next) => {
        location.hash = next;
      }, hash);
      await page.locator(part).first().waitFor();
      expect(await page.evaluate(() => (globalThis as unknown as { widest: number }).widest), hash).toBeLessThanOrEqual(320);
    }
    await page.goto(api.url);
    await page.locator('[data-service=gateway] [data-test=check]').click();
    await page.locator('[data-test=result]').waitFor();
    await page.locator('[data-service=gateway] [data-test=more]').click();
    expect(await violations(page)).toEqual([]);
    api.isSignedOut = true;
    await page.reload();
    await page.getByRole('heading', { name: /not signed in/ }).waitFor();
    expect(await violations(page)).toEqual([]);
  });
});

/** `widest` of the page: at every change of it, not only at its end, for what is too wide for one frame moves everything under the finger. */
async function noteWidths(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = globalThis as unknown as { widest: number };
    const look = () => {
      seen.widest = Math.max(seen.widest, document.documentElement.scrollWidth);
    };
    seen.widest = 0;
    look();
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  });
}

async function violations(page: Page): Promise<string[]> {
  // Evaluated through the protocol, which the page's own policy does not forbid.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const found = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return found.violations.flatMap((one) =>
      one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`),
    );
  });
}
