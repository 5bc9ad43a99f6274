// What the tests of the window share: a browser, a page in front of a mock engine that fails on whatever the policy blocks or the
// page throws.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { trouble, type World } from './fixtures.ts';
import { type MockApi, startMockApi } from './mock-api.ts';

export interface Window {
  readonly page: Page;
  readonly api: MockApi;
  /** Errors of the page and blocked things; a test that expects none asserts that it is empty. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export async function openWindow(
  browser: Browser,
  options: { world?: World; hash?: string; isClockOurs?: boolean; context?: BrowserContextOptions } = {},
): Promise<Window> {
  const api = await startMockApi(options.world ?? trouble(Date.now()));
  const opened = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', ...options.context });
  const page = await opened.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    // Failed requests are shown by the window itself, and expected where a test makes the engine refuse or go away.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_|EventSource/.test(message.text()))
      complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      // biome-ignore lint/suspicious/noConsole: the page's only way to tell the test
      console.error(`blocked ${event.violatedDirective}: ${event.blockedURI}`),
    );
  });
  if (options.isClockOurs) await page.clock.install();
  await page.goto(`${api.url}${options.hash ?? ''}`);
  await page.locator('h1').first().waitFor();
  return {
    page,
    api,
    complaints,
    async close() {
      await opened.close();
      await api.close();
      expect(complaints).toEqual([]);
    },
  };
}

/** Waits for what a busy machine may take long to show. */
export function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 12_000, interval: 40 });
}

/** The card of a service on the overview. */
export function card(page: Page, id: string) {
  const inside = page.locator(`[data-service="${id}"]`);
  return {
    inside,
    button: (name: string) => inside.locator(`[data-test="${name}"]`),
    result: inside.locator('[data-test=result]'),
  };
}
