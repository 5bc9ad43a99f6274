// The engine draws the first picture by the same components as the browser, which goes on with it and mends no attribute: both must
// come to the same. The built program against the built window, in a real Chromium.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Overview } from '../../src/contract/history.ts';
import type { Snapshot } from '../../src/contract/snapshot.ts';
import { startBrowser } from './browser.ts';
import { badConfig, everyState, firstStart, nothingWatched, trouble, type World, well } from './fixtures.ts';
import { startMockApi } from './mock-api.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../out/picture/picture.js');
let browser: Browser;
let picture: (status: Snapshot, overview: Overview) => string;
beforeAll(async () => {
  browser = await startBrowser();
  ({ picture } = (await import(pathToFileURL(PROGRAM).href)) as { picture: typeof picture });
});
afterEach(() => vi.useRealTimers());
afterAll(() => browser.close());

/** Elements with their attributes in order, and texts; without what is only said when the picture has been painted. */
function treeOf(page: Page, markup: string | undefined): Promise<string> {
  return page.evaluate((given) => {
    const place = given === undefined ? document.getElementById('app') : document.createElement('div');
    if (given !== undefined && place) place.innerHTML = given;
    const told = (node: Node): string => {
      if (!(node instanceof Element)) return node.textContent ?? '';
      const isBars = node.matches('.bars');
      const names = node.getAttributeNames().filter((name) => !(isBars && /^(aria-valuetext|data-tip)$/.test(name)));
      const attributes = names.sort().map((name) => ` ${name}="${node.getAttribute(name)}"`);
      node.normalize();
      return `\n<${node.localName}${attributes.join('')}>${[...node.childNodes].map(told).join('')}`;
    };
    return [...(place?.childNodes ?? [])].map(told).join('');
  }, markup);
}

describe('the engine draws what the browser draws', () => {
  test.each<[string, (nowMs: number) => World]>([
    ['trouble', trouble],
    ['all well', well],
    ['every state', everyState],
    ['the first start', firstStart],
    ['nothing watched', nothingWatched],
    ['a refused configuration', badConfig],
  ])('%s', async (_, worldAt) => {
    const nowMs = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
    const world = worldAt(nowMs);
    const api = await startMockApi(world);
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' });
    try {
      const page = await context.newPage();
      await page.clock.setFixedTime(nowMs);
      // Asked for after the first picture.
      await page.route(/\/api\/v1\/(incidents|alerts)/, (route) => route.abort());
      await page.goto(api.url);
      await page.locator('h1').first().waitFor();
      expect(await treeOf(page, picture(world.snapshot, world.overview))).toBe(await treeOf(page, undefined));
      // The next page is not drawn from the last one's services.
      expect(picture({ ...world.snapshot, services: [] }, [])).not.toContain('data-service');
    } finally {
      await context.close();
      await api.close();
    }
  });
});
