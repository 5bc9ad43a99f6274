// The window as a person has it: the address that the engine printed, opened in a real Chromium.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { RunningEngine } from './command.ts';
import { until } from './wait.ts';

export interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page threw, and what its policy blocked. */
  readonly complaints: string[];
  /** Commands that it sent, as `METHOD path`. */
  readonly commands: string[];
}

/** The one-time address, as soon as it is printed. */
export async function signInUrl(engine: RunningEngine): Promise<string> {
  return until('an address is printed', () => /Dashboard: (\S+)/.exec(engine.out())?.[1]);
}

export const portOf = async (engine: RunningEngine): Promise<number> => Number(new URL(await signInUrl(engine)).port);

/** A new browser profile at that address; waits for nothing but the document. */
export async function visit(browser: Browser, url: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' });
  return follow(context, url);
}

/** One more page of the same profile. */
export async function follow(context: BrowserContext, url: string): Promise<Opened> {
  const page = await context.newPage();
  const complaints: string[] = [];
  const commands: string[] = [];
  page.on('pageerror', (error) => complaints.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|net::ERR_|EventSource/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (request.method() !== 'GET') commands.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  await page.goto(url);
  return { context, page, complaints, commands };
}

/** The card of a service on the overview. */
export function card(page: Page, id: string) {
  const inside = page.locator(`[data-service="${id}"]`);
  return {
    inside,
    badge: inside.locator('.badge'),
    shape: () => inside.locator('.service-top > .silhouette').getAttribute('data-shape'),
    button: (name: string) => inside.locator(`[data-test="${name}"]`),
    result: inside.locator('[data-test=result]'),
  };
}

/** Waits for what a busy machine may take long to show. */
export function eventually<T>(look: () => T | Promise<T>) {
  return expect.poll(look, { timeout: 40_000, interval: 40 });
}
