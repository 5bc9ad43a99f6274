// The states of Settings and Watch that are worth a picture. Each begins with the file of settings-engine.ts.
import type { Page } from 'playwright-core';
import { trouble } from './fixtures.ts';
import type { MockApi } from './mock-api.ts';
import { answerWithFile, CONFIG_TEXT } from './settings-engine.ts';

const press = (page: Page, test: string) => page.locator(`[data-test=${test}]`).first().click();
const retry = (page: Page) => page.getByLabel('Retry interval');
const withFile = (text?: string) => (api: MockApi) => void answerWithFile(api, text);
const base = { world: trouble, hash: '#/settings', before: withFile() };

export const SETTINGS_STATES = [
  { ...base, name: 'settings', isWhole: true, act: (page: Page) => page.locator('.service-item').first().waitFor() },
  {
    ...base,
    name: 'settings-service',
    isWhole: true,
    act: async (page: Page) => {
      await page.locator('.unfold').first().click();
      await page.locator('.remedy > summary').click();
    },
  },
  {
    ...base,
    name: 'settings-refused',
    before: withFile(CONFIG_TEXT.replace('"1h"', '"1 hour"').replace('8080', '80800').replace('"interval"', '"intervall"')),
    isWhole: true,
    act: (page: Page) => page.locator('.field-problems').first().waitFor(),
  },
  {
    ...base,
    name: 'settings-diff',
    act: async (page: Page) => {
      await press(page, 'allow-repair');
      await press(page, 'review');
      await page.locator('dialog[open] .diff').waitFor();
    },
  },
  {
    ...base,
    name: 'settings-conflict',
    act: async (page: Page, api: MockApi) => {
      await retry(page).fill('30s');
      withFile(CONFIG_TEXT.replace('"1h"', '"2h"'))(api);
      await press(page, 'review');
      await press(page, 'save');
      await page.locator('[data-test=overwrite]').waitFor();
    },
  },
  {
    ...base,
    name: 'settings-file',
    act: async (page: Page) => {
      await page.getByRole('tab', { name: 'Edit the file' }).click();
      await page.locator('#file-text').fill(CONFIG_TEXT.replace('"5m",', '"5 min",'));
      await page.locator('.file-problems li').waitFor();
    },
  },
  { ...base, name: 'watch', hash: '#/watch', isWhole: true, act: (page: Page) => page.locator('.found').first().waitFor() },
  {
    ...base,
    name: 'watch-looking',
    hash: '#/watch',
    before: (api: MockApi) => {
      answerWithFile(api);
      api.answers.set('discover', () => new Promise(() => {}));
    },
    act: (page: Page) => page.locator('.looking').waitFor(),
  },
  {
    ...base,
    name: 'watch-allow',
    hash: '#/watch',
    act: async (page: Page) => {
      await page.locator('.found', { hasText: 'Notes' }).locator('[data-test=watch-repair]').click();
      await page.locator('dialog[open] .diff').waitFor();
    },
  },
];
