// Settings and Watch before the real engine: what is saved there is in the file and in force; what is wrong is told where it is.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser } from '../window/browser.ts';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, readHome, status, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';
import { card, eventually, signInUrl, visit } from './helpers/window.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

it('a change is shown as a diff, saved, and taken by the engine at once; a bad one is told at its field and changes nothing', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  await web.startByHand();
  writeConfig(place, { ...QUICK, interval: '1h', services: [web.service({ name: 'Web' })] });
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context, commands, complaints } = await visit(browser, `${await signInUrl(engine)}#/settings`);
  place.atEnd(() => context.close());
  const field = page.getByLabel('Interval', { exact: true }).first();
  await field.waitFor();
  expect(await field.inputValue()).toBe('1h');
  const before = readHome(place, 'config.json');

  await field.fill('five minutes');
  const problem = page.locator('.field-problems').first();
  await problem.waitFor();
  // The very words that the command has for the same file.
  const copy = `${place.work}/copy.json`;
  writeFileSync(copy, before.replace('"interval": "1h"', '"interval": "five minutes"'));
  const told = await run(place, ['validate', copy, '--json']);
  const [own] = told.json.problems;
  expect(own.path).toBe('interval');
  expect(await problem.textContent()).toContain(own.found);
  expect(await problem.textContent()).toContain(own.allowed);
  await page.locator('[data-test=review]').click();
  await eventually(() => page.locator('.save-bar').textContent()).toContain('One problem is to be mended first.');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('at-interval');
  expect(readHome(place, 'config.json')).toBe(before);
  expect(commands.filter((one) => one.startsWith('PUT'))).toEqual([]);

  const looks = () => logLines(place, 'health', 'check').length;
  const seen = looks();
  await field.fill('1s');
  await page.locator('[data-test=review]').click();
  const diff = page.locator('dialog .diff');
  await diff.waitFor();
  expect(await diff.locator('.gone').allTextContents()).toEqual([expect.stringContaining('"interval": "1h"')]);
  expect(await diff.locator('.new').allTextContents()).toEqual([expect.stringContaining('"interval": "1s"')]);
  expect(readHome(place, 'config.json'), 'not before it is seen').toBe(before);
  await page.locator('[data-test=save]').dblclick();
  await eventually(() => page.locator('.save-bar').textContent()).toContain('Saved, and in force.');
  expect(readHome(place, 'config.json')).toBe(before.replace('"interval": "1h"', '"interval": "1s"'));
  expect(commands.filter((one) => one.startsWith('PUT'))).toHaveLength(1);
  await until('the engine looks every second', () => looks() >= seen + 3);
  expect(complaints).toEqual([]);
});

it('finds what listens, watches it with one click, and repairs it where that was allowed', async () => {
  const place = newPlace();
  const [shop, blog] = [await newWeb(place, 'shop'), await newWeb(place, 'blog')];
  const [shopPid, blogPid] = [await shop.startByHand(), await blog.startByHand()];
  writeConfig(place, { ...QUICK, services: [] });
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context, complaints } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await eventually(() => page.locator('h1').textContent()).toBe('Nothing is watched yet');
  await page.getByRole('main').getByRole('link', { name: 'Watch something' }).click();
  const found = (port: number) => page.locator('.found', { hasText: `${port}` });
  await found(shop.port).waitFor();

  // Only watched.
  await found(shop.port).locator('[data-test=watch]').click();
  await page.locator('dialog .diff').waitFor();
  await page.locator('[data-test=save]').click();
  await eventually(() => page.getByText('is watched now.').count()).toBe(1);
  await eventually(() => found(shop.port).count()).toBe(0);
  const view = async (port: number) => (await status(place)).services.find(({ id }) => id === (idOf(port) ?? ''));
  const idOf = (port: number): string | undefined => {
    const { services } = JSON.parse(readHome(place, 'config.json')) as { services: { id: string; check: object }[] };
    return services.find(({ check }) => JSON.stringify(check).includes(String(port)))?.id;
  };
  await until('looked at', async () => (await view(shop.port))?.phase === 'healthy');
  expect((await view(shop.port))?.can.heal).toBe(false);

  // Watched, and its repair allowed.
  await found(blog.port).locator('[data-test=watch-repair]').click();
  expect(await page.locator('dialog').textContent()).toMatch(new RegExp(`May end the process that listens on port ${blog.port}`));
  await page.locator('[data-test=save]').click();
  await until('looked at', async () => (await view(blog.port))?.phase === 'healthy');

  await page.goto(`${new URL(page.url()).origin}/#/`);
  for (const port of [shop.port, blog.port]) await eventually(() => card(page, idOf(port) ?? '').badge.textContent()).toBe('Well');
  kill(shopPid, 'SIGKILL');
  kill(blogPid, 'SIGKILL');
  await eventually(() => card(page, idOf(shop.port) ?? '').badge.textContent()).toBe('Needs you');
  await blog.up(blogPid);
  await eventually(() => card(page, idOf(blog.port) ?? '').badge.textContent()).toBe('Well');
  expect(await shop.pid(), 'nobody allowed that').toBeUndefined();
  expect(complaints).toEqual([]);
});

it('a file that is refused is told on every page, shown with its problems, and mended there', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  await web.startByHand();
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Web' })] });
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await eventually(() => card(page, 'web').badge.textContent()).toBe('Well');
  const good = readHome(place, 'config.json');

  writeConfig(place, good.replace('"retryInterval": "1s"', '"retryInterval": "soon"'));
  const banner = page.locator('.banner', { hasText: 'The configuration was refused; the last good one is in force' });
  await banner.waitFor();
  expect(await card(page, 'web').badge.textContent(), 'watching goes on').toBe('Well');
  await banner.getByRole('link', { name: 'Show it' }).click();
  await page.locator('.field-problems').first().waitFor();
  expect(await page.getByLabel('Retry interval').first().inputValue()).toBe('soon');
  await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('at-retryInterval');
  await page.getByLabel('Retry interval').first().fill('1s');
  await page.locator('[data-test=review]').click();
  await page.locator('[data-test=save]').click();
  await banner.waitFor({ state: 'detached' });
  expect(JSON.parse(readHome(place, 'config.json'))).toMatchObject({ retryInterval: '1s' });

  // Not even JSON: no form, the lines instead, and the file beside them.
  writeConfig(place, good.replace('"services"', 'services'));
  await banner.waitFor();
  await page.reload();
  await page.locator('#file-text').waitFor();
  await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('file-text');
  expect(await page.locator('.file-problems').textContent()).toMatch(/Line \d+/);
  const chosen = await page
    .locator('#file-text')
    .evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
  expect(chosen).toContain('services:');
  await page.getByRole('tab', { name: 'Form' }).click();
  await eventually(() => page.locator('.top-problems').textContent()).toContain('not JSON');
  await page.getByRole('tab', { name: 'Edit the file' }).click();
  await page.locator('#file-text').fill(good);
  await page.locator('[data-test=review]').click();
  await page.locator('[data-test=save]').click();
  await banner.waitFor({ state: 'detached' });
  expect(readHome(place, 'config.json')).toBe(good);
});

it('an engine that could not start with its file is no blank page: the command says what is wrong', async () => {
  const place = newPlace();
  writeConfig(place, '{ "services": [');
  const refused = await run(place, ['run', '--port', '0']);
  expect(refused.code).toBe(78);
  expect(refused.err).toContain('config.json');
  expect(readFileSync(inHome(place, 'config.json'), 'utf8')).toBe('{ "services": [');
});
