// Every state of the window as a picture: light and dark, 360 and 1200 px wide, into docs/screenshots/ (or the folder given).
// `npm run screenshots`, with words to take only the states whose names contain one of them. The clock stands still, so that
// pictures change only when the window does.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { startBrowser } from '../test/window/browser.ts';
import { badConfig, everyState, firstStart, nothingWatched, trouble, type World, well } from '../test/window/fixtures.ts';
import { type MockApi, startMockApi } from '../test/window/mock-api.ts';
import { SETTINGS_STATES } from '../test/window/settings-states.ts';
import { smallPng } from './small-png.ts';

const NOW_MS = Date.UTC(2026, 10, 24, 14, 34, 20);
const { values, positionals: wanted } = parseArgs({
  options: { out: { type: 'string', default: 'docs/screenshots' } },
  allowPositionals: true,
});

interface State {
  readonly name: string;
  world(nowMs: number): World;
  readonly hash?: string;
  before?(api: MockApi): void;
  act?(page: Page, api: MockApi): Promise<unknown>;
  /** The whole page, however long; else the first screen. */
  readonly isWhole?: boolean;
}

const STATES: readonly State[] = [
  { name: 'overview-trouble', world: trouble, isWhole: true },
  { name: 'overview-well', world: well, isWhole: true },
  { name: 'overview-every-state', world: everyState, isWhole: true },
  { name: 'first-start', world: firstStart },
  { name: 'nothing-watched', world: nothingWatched },
  { name: 'loading', world: trouble, before: (api) => Object.assign(api, { isSilent: true }) },
  { name: 'bad-configuration', world: badConfig },
  { name: 'not-signed-in', world: trouble, before: (api) => Object.assign(api, { isSignedOut: true }) },
  {
    name: 'engine-gone',
    world: well,
    act: async (page, api) => {
      await page.locator('[data-service=hub-dashboard]').waitFor();
      api.setAlive(false);
      await page.locator('.banner.error').waitFor();
      await page.clock.setFixedTime(NOW_MS + 128_000);
      await page.waitForTimeout(1_200);
    },
  },
  {
    name: 'reconnected',
    world: well,
    act: async (page, api) => {
      await page.locator('[data-service=hub-dashboard]').waitFor();
      api.setAlive(false);
      await page.locator('.banner.error').waitFor();
      api.setAlive(true);
      await page.getByText('Connected again').waitFor();
    },
  },
  {
    name: 'action-refused',
    world: trouble,
    act: async (page, api) => {
      const { Refusal } = await import('../test/window/mock-api.ts');
      api.answers.set('heal', () => {
        throw new Refusal(409, {
          title: 'refused',
          detail: 'Not restarted: two processes match app.py, and none is certain to be it.',
          hint: 'End one of them, or make "match" narrower.',
        });
      });
      await page.locator('[data-service=fitness-tracker] [data-test=heal]').click();
      await page.locator('[data-service=fitness-tracker] [data-test=result]').waitFor();
    },
  },
  {
    name: 'pause-menu',
    world: trouble,
    act: (page) => page.locator('[data-service=gateway] [data-test=pause]').click(),
  },
  { name: 'service-trouble', world: trouble, hash: '#/service/gateway', isWhole: true, act: graphDrawn },
  { name: 'service-well', world: well, hash: '#/service/fitness-tracker', isWhole: true, act: graphDrawn },
  { name: 'service-limit', world: trouble, hash: '#/service/memory', act: graphDrawn },
  { name: 'incidents', world: trouble, hash: '#/incidents' },
  { name: 'incident-opened', world: trouble, hash: '#/incidents', act: (page) => page.locator('.row-button').nth(2).click() },
  { name: 'incidents-none', world: nothingWatched, hash: '#/incidents' },
  ...SETTINGS_STATES,
];

async function graphDrawn(page: Page): Promise<void> {
  await page.locator('.graph-place canvas').waitFor();
  await page.waitForTimeout(300);
}

const browser = await startBrowser();
mkdirSync(values.out, { recursive: true });
const states = STATES.filter((state) => wanted.length === 0 || wanted.some((word) => state.name.includes(word)));
if (wanted.length === 0)
  for (const file of readdirSync(values.out)) if (/-(light|dark)-\d+\.png$/.test(file)) rmSync(path.join(values.out, file));
let bytes = 0;
for (const state of states) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1200]) {
      const api = await startMockApi(state.world(NOW_MS));
      state.before?.(api);
      const context = await browser.newContext({
        viewport: { width, height: width === 360 ? 780 : 820 },
        colorScheme,
        timezoneId: 'UTC',
        locale: 'en-GB',
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      await page.clock.setFixedTime(NOW_MS);
      await page.goto(`${api.url}${state.hash ?? ''}`);
      await page.locator('h1').first().waitFor();
      await state.act?.(page, api);
      // Fonts, answers and one frame.
      await page.waitForTimeout(350);
      const file = path.join(values.out, `${state.name}-${colorScheme}-${width}.png`);
      if (state.isWhole) {
        // A taller window, not a stitched picture: what sticks to an edge stays at it.
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ width, height: Math.max(height, 780) });
        await page.waitForTimeout(150);
      }
      writeFileSync(file, smallPng(await page.screenshot()));
      bytes += statSync(file).size;
      await context.close();
      await api.close();
    }
  }
  process.stdout.write(`${state.name}\n`);
}
await browser.close();
process.stdout.write(`${states.length * 4} pictures, ${Math.round(bytes / 1_000)} kB\n`);
