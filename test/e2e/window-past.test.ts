// Ten thousand incidents, rebuilt by the engine from the logs in its home, in a window that stays usable.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../window/browser.ts';
import { startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, writeConfig } from './helpers/home.ts';
import { newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { card, eventually, signInUrl, visit } from './helpers/window.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const IDS = ['shop', 'blog', 'mail', 'search'] as const;
const INCIDENTS = 10_000;
const STEP_MS = 240_000;

/** The lines that an engine would have left: fails, is repaired (every second one), is well a minute later. */
function leavePast(place: Place): void {
  mkdirSync(place.home, { recursive: true, mode: 0o700 });
  const health: string[] = [];
  const recovery: string[] = [];
  const beginsAt = Date.now() - (INCIDENTS + 1) * STEP_MS;
  const line = (ms: number, event: string, more: object) => JSON.stringify({ at: new Date(ms).toISOString(), event, ...more });
  health.push(line(beginsAt - 1, 'engine-started', { pid: 1, watched: IDS }));
  for (let n = 0; n < INCIDENTS; n += 1) {
    const service = IDS[n % IDS.length];
    const at = beginsAt + n * STEP_MS;
    const look = { service, latencyMs: 3, value: null, unit: null };
    const failing = { status: 'error', phase: 'failing', reason: 'refused', consecutiveFailures: 1, incident: `old-${n}` };
    health.push(line(at, 'check', { ...look, ...failing, message: `Connection refused, time ${n}` }));
    if (n % 2 === 0) {
      const attempt = { service, attempt: `try-${n}`, remedy: 'restart-process' };
      recovery.push(line(at + 10, 'recovery-started', { ...attempt, trigger: 'auto', reason: 'failing' }));
      const end = { outcome: 'succeeded', secondsToHealthy: 42, reason: 'healthy', output: 'up' };
      recovery.push(line(at + 42_000, 'recovery-finished', { ...attempt, ...end }));
    }
    health.push(
      line(at + 60_000, 'check', { ...look, status: 'ok', phase: 'healthy', reason: 'ok', message: 'Answers', consecutiveFailures: 0 }),
    );
  }
  for (const [name, lines] of [['health', health] as const, ['recovery', recovery] as const])
    writeFileSync(inHome(place, `${name}.log`), `${lines.join('\n')}\n`, { mode: 0o600 });
}

it('ten thousand incidents: only what is seen is in the page; scroll, keys, search, stories and export reach all of them', async () => {
  const place = newPlace();
  leavePast(place);
  const check = { type: 'memory', maxUsed: '100%' } as const;
  writeConfig(place, { ...QUICK, interval: '1h', services: IDS.map((id) => ({ id, name: id.toUpperCase(), check })) });
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context, complaints } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await eventually(() => card(page, 'shop').badge.textContent()).toBe('Well');
  await until('the past is rebuilt', () => logLines(place, 'health', 'history-rebuilt').length === 1);

  await page.goto(`${new URL(page.url()).origin}/#/incidents`);
  await eventually(() => page.locator('.count').textContent()).toMatch(/^10,000 incidents, .* in all$/);
  const rows = page.locator('.row');
  const drawn = () => page.evaluate(() => document.querySelectorAll('.virtual *').length);
  expect(await rows.count()).toBeGreaterThan(8);
  expect(await rows.count()).toBeLessThan(60);
  expect(await drawn()).toBeLessThan(1_500);

  await rows.first().locator('.row-button').focus();
  await page.keyboard.press('End');
  const oldest = page.locator('.row-button:focus');
  await eventually(() => oldest.getAttribute('data-index')).toBe(String(INCIDENTS - 1));
  expect(await oldest.textContent()).toContain('SHOP');
  await page.keyboard.press('Enter');
  const story = page.locator('.row-story');
  await eventually(() => story.textContent()).toMatch(/Restarted, well after 42 s[\s\S]*Well again/);
  expect(await rows.count()).toBeLessThan(60);

  // Half way up: what is there is in the viewport, and nothing of the end is left over.
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  const middle = () =>
    page.evaluate(() => {
      const at = document
        .elementFromPoint(innerWidth / 2, innerHeight / 2)
        ?.closest('.row')
        ?.querySelector('[data-index]');
      return Number(at?.getAttribute('data-index') ?? -1);
    });
  await eventually(middle).toBeGreaterThan(INCIDENTS * 0.4);
  expect(await middle()).toBeLessThan(INCIDENTS * 0.6);
  expect(await rows.count()).toBeLessThan(60);

  await page.getByLabel('Service', { exact: true }).selectOption('mail');
  // The oldest of all had the focus and was open; among fewer it is another, or none.
  await eventually(() => page.locator('.count').textContent()).toMatch(/^2,500 incidents of 10,000/);
  await page.getByRole('searchbox').fill('time 9998');
  await eventually(() => page.locator('.count').textContent()).toMatch(/^1 incident of 10,000/);
  await page.getByRole('searchbox').fill('');

  const download = page.waitForEvent('download');
  await page.getByLabel('Service', { exact: true }).selectOption('');
  await eventually(() => page.locator('.count').textContent()).toMatch(/^10,000 incidents,/);
  await page.locator('[data-test=csv]').click();
  const csv = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split(/\r?\n/);
  expect(csv).toHaveLength(INCIDENTS + 1);
  const asked = page.waitForEvent('download');
  await page.locator('[data-test=json]').click();
  expect(JSON.parse(readFileSync(await (await asked).path(), 'utf8'))).toHaveLength(INCIDENTS);

  // The page of one service shows the newest few of its 2,500 and leads to all.
  await page.goto(`${new URL(page.url()).origin}/#/service/shop`);
  await eventually(() => page.locator('.incident').count()).toBeGreaterThan(5);
  expect(await page.locator('.incident').count()).toBeLessThan(60);
  await page.getByRole('link', { name: 'All 2500' }).click();
  await eventually(() => page.locator('.count').textContent()).toMatch(/^2,500 incidents of 10,000/);
  expect(complaints).toEqual([]);
});
