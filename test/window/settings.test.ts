// Settings and Watch in a real browser against a file that the engine's own rules judge: what a person does there ends up
// in the text, exactly, and nothing else does.
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBrowser } from './browser.ts';
import { trouble } from './fixtures.ts';
import { type MockApi, startMockApi } from './mock-api.ts';
import { answerWithFile, CONFIG_TEXT, type FileEngine } from './settings-engine.ts';

let browser: Browser;
let mock: MockApi;
let page: Page;
let file: FileEngine;
/** What a busy machine may need until the page has done it. */
const PATIENT = { timeout: 20_000 };

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  mock = await startMockApi(trouble(Date.now()));
  file = answerWithFile(mock);
  page = await browser.newPage({ viewport: { width: 1_200, height: 900 }, reducedMotion: 'reduce' });
});
afterEach(async () => {
  await page.close({ runBeforeUnload: false });
  await mock.close();
});

const open = async (place: string) => {
  await page.goto(`${mock.url}#/${place}`);
  await page
    .locator(place === 'watch' ? '.found' : place === 'welcome' ? '.first-list' : '.service-item, .top-problems')
    .first()
    .waitFor();
};
const retry = () => page.getByLabel('Retry interval');
const press = (test: string) => page.locator(`[data-test=${test}]`).first().click();
const saved = () => mock.calls.filter(({ name }) => name === 'saveConfig').map(({ input }) => input);
const focused = () => page.evaluate(() => document.activeElement?.id ?? '');
const row = (name: string) => page.locator('.service-item', { has: page.locator('.unfold strong', { hasText: name }) });
const unfold = (name: string) => row(name).locator('.unfold').click();

describe('the form', () => {
  it('changes one value, shows the lines, and saves the exact text once with the text it began from', async () => {
    await open('settings');
    await retry().fill('30s');
    await press('review');
    const rows = page.locator('dialog .diff-row');
    await rows.first().waitFor();
    expect(await page.locator('dialog .diff-row.gone').innerText()).toContain('"retryInterval": "1m"');
    expect(await page.locator('dialog .diff-row.new').innerText()).toContain('"retryInterval": "30s"');
    await page.locator('[data-test=save]').dblclick();
    await page.locator('dialog').waitFor({ state: 'detached' });
    const wanted = CONFIG_TEXT.replace('"1m"', '"30s"');
    expect(saved()).toEqual([{ text: wanted, base: CONFIG_TEXT }]);
    expect(file.text).toBe(wanted);
    expect(await page.getByText('Saved, and in force.').isVisible()).toBe(true);
  });

  it('shows what the engine finds wrong at its field, leads there instead of saving, and keeps what was typed', async () => {
    await open('settings');
    await retry().fill('5 minutes');
    await page.locator('.field-problems').waitFor();
    expect(await retry().getAttribute('aria-invalid')).toBe('true');
    const described = (await retry().getAttribute('aria-describedby'))?.split(' ') ?? [];
    const words = await Promise.all(described.map((id) => page.locator(`[id="${id}"]`).innerText()));
    expect(words.join(' ')).toMatch(/checked this often.*Found text "5 minutes"/s);
    await page.locator('h1').click();
    await press('review');
    await expect.poll(focused, PATIENT).toBe('at-retryInterval');
    expect(await retry().inputValue()).toBe('5 minutes');
    expect(await page.getByText('One problem is to be mended first.').isVisible()).toBe(true);
    expect(saved()).toEqual([]);
  });

  it('an emptied field leaves the file, typed again it stands where it stood', async () => {
    await open('settings');
    await retry().fill('');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    expect(await page.locator('#file-text').inputValue()).toBe(CONFIG_TEXT.replace(', "retryInterval": "1m"', ''));
    await page.getByRole('tab', { name: 'Form' }).click();
    await retry().pressSequentially('2m');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    expect(await page.locator('#file-text').inputValue()).toBe(CONFIG_TEXT.replace('"1m"', '"2m"'));
  });

  it('opens at the first problem that the file itself has', async () => {
    file.text = CONFIG_TEXT.replace('8080', '808080').replace('"1h"', '"1 hour"');
    await open('settings');
    await expect.poll(focused, PATIENT).toBe('at-alerts.cooldown');
    expect(await row('Hub Dashboard').locator('.pill').innerText()).toContain('1 problem');
    expect(await row('Hub Dashboard').getByLabel('Port').inputValue()).toBe('808080');
  });

  it('shows problems without a field above the form and leads to their line', async () => {
    file.text = CONFIG_TEXT.replace('"interval"', '"intervall"').replace('"1h"', '"1 hour"');
    await open('settings');
    await expect.poll(focused, PATIENT).toBe('at-top');
    await page.locator('.top-problems').getByRole('button', { name: 'Line 3' }).click();
    const chosen = await page
      .locator('#file-text')
      .evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
    expect(chosen).toContain('"intervall"');
  });

  it('adds a service without scolding at once, and removes one after asking', async () => {
    await open('settings');
    await page.getByLabel('Type of the new service').selectOption('tcp');
    await press('add-service');
    await expect.poll(focused, PATIENT).toBe('at-services[4].name');
    await page.keyboard.type('Cache');
    await row('Cache').getByLabel('Port').fill('6379');
    await row('Cache').getByLabel('Port').blur();
    await unfold('Gateway');
    await row('Gateway').getByRole('button', { name: 'Remove Gateway' }).click();
    expect(await row('Gateway').getByText('Hub Dashboard will no longer depend on it').isVisible()).toBe(true);
    await row('Gateway').getByRole('button', { name: 'Remove', exact: true }).click();
    expect(await page.locator('.field-problems').count()).toBe(0);
    await press('review');
    await press('save');
    await expect.poll(() => saved().length, PATIENT).toBe(1);
    const services = JSON.parse(file.text).services as { id: string; name: string; dependsOn?: string[] }[];
    expect(services.map(({ name }) => name)).toEqual(['Fitness Tracker', 'Hub Dashboard', 'Disk Space', 'Cache']);
    expect(services[1]?.dependsOn).toEqual([]);
    expect(services[3]).toEqual({ id: 'new-tcp', check: { type: 'tcp', port: 6379 }, name: 'Cache' });
  });

  it('tells before saving what the change would have made of the last week', async () => {
    const none = { alerts: 0, repairs: 0, gaveUp: 0 };
    const at = '2026-01-31T08:00:00.000Z';
    const sentence = 'With this, the last 7 days would have had 3 alerts instead of 12, and as many repairs (4).';
    const report = {
      from: at,
      to: at,
      looks: 9,
      exactFrom: at,
      was: none,
      would: none,
      services: [],
      events: [],
      moreEvents: 0,
      sentence,
      missing: [],
      notes: [],
    };
    let asked = '';
    mock.answers.set('replay', ({ text }) => {
      asked = String(text);
      return report;
    });
    await open('settings');
    await unfold('Hub Dashboard');
    await row('Hub Dashboard').getByLabel('Port').fill('8081');
    await row('Hub Dashboard').getByLabel('Port').blur();
    expect(asked).toBe('');
    await press('review');
    await expect.poll(() => page.getByTestId('rehearsal').textContent(), PATIENT).toBe(sentence);
    expect(asked).toContain('8081');
    expect(saved()).toEqual([]);
  });

  it('edits lists, names with values and the type of a check', async () => {
    await open('settings');
    await unfold('Gateway');
    await row('Gateway').locator('.remedy > summary').click();
    const words = row('Gateway').getByRole('group', { name: 'Command' });
    await words.getByRole('button', { name: 'Remove command, 3' }).click();
    await words.getByRole('button', { name: 'Add' }).click();
    await words.getByLabel('Command, 3', { exact: true }).fill('start');
    await unfold('Fitness Tracker');
    const web = row('Fitness Tracker');
    await web.locator('details.more > summary').first().click();
    const headers = web.getByRole('group', { name: 'Headers' });
    await headers.getByLabel('New name').fill('x-token');
    await headers.getByRole('button', { name: 'Add' }).click();
    await headers.getByLabel('Value of x-token').fill('abc');
    await unfold('Hub Dashboard');
    await row('Hub Dashboard').getByLabel('What is looked at: type').selectOption('http');
    await row('Hub Dashboard').getByLabel('Address (URL)').first().fill('http://127.0.0.1:8080/');
    await page.getByRole('checkbox', { name: 'notification' }).uncheck();
    await press('review');
    await press('save');
    await expect.poll(() => saved().length, PATIENT).toBe(1);
    const now = JSON.parse(file.text);
    expect(now.services[0].recovery[0].run).toEqual(['clawdbot', 'gateway', 'start']);
    expect(now.services[1].check.headers).toEqual({ 'x-token': 'abc' });
    expect(now.services[2].check).toEqual({ type: 'http', url: 'http://127.0.0.1:8080/' });
    expect(now.alerts.channels).toEqual(['queue']);
  });

  it('allows a proposed repair after saying what it may do', async () => {
    await open('settings');
    const proposal = row('Fitness Tracker').locator('.proposal');
    expect(await proposal.innerText()).toContain(
      'May end the process that listens on port 3000 and matches app.py, and start it again: python3 app.py, in ~/clawd/fitness-tracker.',
    );
    await press('allow-repair');
    await expect.poll(focused, PATIENT).toBe('at-services[1]');
    expect(await page.getByText('The repair of Fitness Tracker is allowed as soon as you save.').isVisible()).toBe(true);
    await press('review');
    await press('save');
    await expect.poll(() => saved().length, PATIENT).toBe(1);
    expect(file.text).toBe(CONFIG_TEXT.replace('"recovery": [],\n      "proposed"', '"recovery"'));
  });
});

describe('when others are at it too', () => {
  it('shows both changes; overwriting is a choice of its own', async () => {
    await open('settings');
    await retry().fill('30s');
    const theirs = CONFIG_TEXT.replace('"1h"', '"2h"');
    file.text = theirs;
    await press('review');
    await press('save');
    await page.locator('[data-test=overwrite]').waitFor();
    expect(await page.getByRole('region', { name: 'What was changed in the file meanwhile' }).locator('.new').innerText()).toContain(
      '"2h"',
    );
    expect(await page.getByRole('region', { name: 'What you have changed' }).locator('.new').innerText()).toContain('"30s"');
    expect(file.text).toBe(theirs);
    await press('overwrite');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(saved().at(-1)).toEqual({ text: CONFIG_TEXT.replace('"1m"', '"30s"'), base: theirs });
  });

  it('or the file is loaded and the own change dropped', async () => {
    await open('settings');
    await retry().fill('30s');
    file.text = CONFIG_TEXT.replace('"1m"', '"45s"');
    await press('review');
    await press('save');
    await press('take-theirs');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await retry().inputValue()).toBe('45s');
    expect(await page.locator('[data-test=review]').count()).toBe(0);
  });

  it('keeps the edit while the engine is away, on other views too, and warns before the page closes', async () => {
    await open('settings');
    mock.setAlive(false);
    await retry().fill('30s');
    await press('review');
    await page.getByText('The engine does not answer. Your changes are kept here').first().waitFor();
    await page.evaluate(() => {
      location.hash = '#/';
    });
    const note = page.getByRole('complementary', { name: 'Unsaved changes' });
    await note.getByRole('link', { name: 'Back to Settings' }).click();
    await note.waitFor({ state: 'detached' });
    expect(await retry().inputValue()).toBe('30s');
    let asked = '';
    page.on('dialog', (dialog) => {
      asked = dialog.type();
      void dialog.dismiss();
    });
    await page.evaluate(() => {
      setTimeout(() => location.reload());
    });
    await expect.poll(() => asked, PATIENT).toBe('beforeunload');
    mock.setAlive(true);
    await press('review');
    await press('save');
    await expect.poll(() => file.text, PATIENT).toBe(CONFIG_TEXT.replace('"1m"', '"30s"'));
  });
});

describe('the file as text', () => {
  it('judges broken JSON while typing, and the form says why there is none', async () => {
    await open('settings');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    const area = page.locator('#file-text');
    await area.fill(CONFIG_TEXT.replace('"1h" }', '"1h", }'));
    const problem = page.locator('.file-problems li');
    await problem.waitFor();
    expect(await problem.innerText()).toContain('comma');
    expect(await area.getAttribute('aria-invalid')).toBe('true');
    await problem.getByRole('button', { name: 'Line 4' }).click();
    expect(await focused()).toBe('file-text');
    await page.getByRole('tab', { name: 'Form' }).click();
    expect(await page.locator('.top-problems').innerText()).toContain('not JSON');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    await area.fill(CONFIG_TEXT.replace('"1h"', '"3h"'));
    await problem.waitFor({ state: 'detached' });
    await press('review');
    await press('save');
    await expect.poll(() => file.text, PATIENT).toBe(CONFIG_TEXT.replace('"1h"', '"3h"'));
  });
});

describe('a file that is not as it should be', () => {
  it('says of JSON of the wrong shape that it is JSON', async () => {
    file.text = '[]';
    await open('settings');
    expect(await page.locator('.top-problems h2').innerText()).toBe(
      'The file is JSON, but not an object in braces { }, so there is no form of it',
    );
  });

  it('with thousands of problems shows a hundred, says how many more, and stays usable', async () => {
    const odd = Array.from({ length: 20_000 }, (_, n) => `    "odd-${n}": 1,`).join('\n');
    file.text = CONFIG_TEXT.replace('{\n', `{\n${odd}\n`);
    const findings = Array.from({ length: 20_000 }, (_, n) => ({
      path: `odd-${n}`,
      line: n + 2,
      column: 5,
      found: 'an unknown key',
      allowed: 'a known one',
      message: `There is no odd-${n}.`,
    }));
    mock.answers.set('config', () => ({ path: '/home/mia/config.json', text: file.text, problems: findings }));
    mock.answers.set('validate', () => ({ ok: false, problems: findings, warnings: [] }));
    await open('settings');
    expect(await page.locator('.top-problems li').count()).toBe(101);
    expect(await page.locator('.top-problems li').last().innerText()).toBe('and 19900 more');
    await retry().fill('30s');
    expect(await retry().inputValue()).toBe('30s');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    expect(await page.locator('#file-problems li').last().innerText()).toBe('and 19900 more');
    await page.getByRole('button', { name: 'Line 2', exact: true }).click();
    expect(await focused()).toBe('file-text');
  });
});

describe('many wrong services', () => {
  it('stay folded, each with its count, and the first is led to', async () => {
    const many = Array.from({ length: 150 }, (_, n) => `{ "id": "s${n}", "check": { "type": "tcp", "port": 0 } }`);
    file.text = `{ "services": [\n${many.join(',\n')}\n] }`;
    const findings = many.map((_, n) => ({
      path: `services[${n}].check.port`,
      line: n + 2,
      column: 5,
      found: 'number 0',
      allowed: 'a port',
      message: 'There is no port 0.',
    }));
    mock.answers.set('config', () => ({ path: '/home/mia/config.json', text: file.text, problems: findings }));
    await open('settings');
    await expect.poll(focused).toBe('at-services[0]');
    expect(await page.locator('.service-item .pill.red').count()).toBe(150);
    expect(await page.locator('.service-body').count()).toBe(0);
    await page.keyboard.press('Enter');
    expect(await page.locator('.service-body .field-problems').count()).toBe(1);
  });
});

describe('a secret in the file', () => {
  it('is hidden in the list and in its fields until it is asked for, and stays as it is in the file', async () => {
    file.text = CONFIG_TEXT.replace(
      '"url": "http://127.0.0.1:3000/"',
      '"url": "http://mia:hunter2@127.0.0.1:3000/?api_key=hunter2", "headers": { "x-strange": "hunter2" }',
    );
    await open('settings');
    const web = row('Fitness Tracker');
    expect(await web.locator('.unfold small').innerText()).toBe('http://•••@127.0.0.1:3000/?api_key=••• answers');
    await unfold('Fitness Tracker');
    const url = web.getByLabel('Address (URL)').first();
    await web.locator('details.more > summary').first().click();
    const header = web.getByLabel('Value of x-strange', { exact: true });
    expect([await url.getAttribute('type'), await header.getAttribute('type')]).toEqual(['password', 'password']);
    await web.getByRole('button', { name: 'Show Value of x-strange' }).click();
    expect([await header.getAttribute('type'), await header.inputValue()]).toEqual(['text', 'hunter2']);
    await header.fill('hunter3');
    await press('review');
    await press('save');
    await expect.poll(() => saved().length, PATIENT).toBe(1);
    expect(file.text).toContain('"http://mia:hunter2@127.0.0.1:3000/?api_key=hunter2", "headers": { "x-strange": "hunter3" }');
  });
});

describe('what has no control of its own', () => {
  it('is told at the nearest place: an id that is ticked, a proposed repair, a whole section', async () => {
    file.text = CONFIG_TEXT.replace('["gateway"]', '["gatewy"]')
      .replace(/"alerts": .*/, '"alerts": 5,')
      .replace('"start": ["python3", "app.py"], ', '');
    await open('settings');
    await expect.poll(focused, PATIENT).toBe('at-alerts');
    expect(await page.locator('#at-alerts .field-problems').innerText()).toContain('number 5');
    expect(await row('Hub Dashboard').getByRole('group', { name: 'Depends on' }).innerText()).toContain('Did you mean gateway?');
    expect(await row('Fitness Tracker').locator('.proposal .field-problems').innerText()).toContain('Missing');
  });

  it('line ends of Windows stay in both ways of editing', async () => {
    const windows = CONFIG_TEXT.replaceAll('\n', '\r\n');
    file.text = windows;
    await open('settings');
    await retry().fill('30s');
    await page.getByRole('tab', { name: 'Edit the file' }).click();
    await page.locator('#file-text').evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(0, 0));
    await page.locator('#file-text').press('Space');
    await press('review');
    await expect.poll(() => page.locator('dialog .diff-row.new').count(), PATIENT).toBe(2);
    await press('save');
    await expect.poll(() => file.text, PATIENT).toBe(` ${windows.replace('"1m"', '"30s"')}`);
  });
});

describe('Watch something', () => {
  it('says that it is looking, then what was found and why', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<unknown>();
    const standard = mock.answers.get('discover');
    mock.answers.set('discover', () => {
      asked.resolve();
      return answer.promise;
    });
    await page.goto(`${mock.url}#/watch`);
    await page.getByText('Looking at what listens and runs here').waitFor();
    await asked.promise;
    answer.resolve(standard?.({}));
    await page.locator('.found').first().waitFor();
    expect(await page.locator('.found h2').allInnerTexts()).toEqual(['Redis', 'Notes', 'Memory']);
    expect(await page.locator('.watched').innerText()).toContain('Gateway');
    expect(await page.locator('.watched button').count()).toBe(0);
  });

  it('watches with one click and a look at the lines; the repair stays proposed', async () => {
    await open('watch');
    await press('watch');
    await press('save');
    await page.getByText('Redis is watched now.').waitFor();
    expect(saved()).toHaveLength(1);
    expect(saved()[0]).toMatchObject({ base: CONFIG_TEXT });
    expect(JSON.parse(file.text).services[4]).toMatchObject({ id: 'redis', recovery: [], proposed: [{ type: 'command' }] });
    expect(file.text.startsWith(CONFIG_TEXT.slice(0, CONFIG_TEXT.lastIndexOf('\n  ]')))).toBe(true);
    expect(await page.locator('.found h2').allInnerTexts()).toEqual(['Notes', 'Memory']);
  });

  it('allows the repair only where that is pressed, and takes everything back on Cancel', async () => {
    await open('watch');
    const notes = page.locator('.found', { hasText: 'Notes' });
    expect(await notes.locator('.proposal').innerText()).toContain(
      'May end the process that listens on port 4100 and matches notes/server.js',
    );
    await notes.locator('[data-test=watch-repair]').click();
    await page.locator('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(file.text).toBe(CONFIG_TEXT);
    await notes.locator('[data-test=watch-repair]').click();
    expect(await page.locator('dialog .means').innerText()).toContain('May end the process');
    await press('save');
    await expect.poll(() => saved().length, PATIENT).toBe(1);
    const added = JSON.parse(file.text).services[4];
    expect(added.recovery).toMatchObject([{ type: 'restart-process' }]);
    expect(added).not.toHaveProperty('proposed');
  });
});

describe('the first start, in a browser', () => {
  it('shows what is repaired, what could be and what is only told; allows in two clicks; has nothing that only the app can do', async () => {
    await open('welcome');
    const part = (title: string) => page.locator('.section', { hasText: title }).locator('strong').allInnerTexts();
    expect(await part('Repaired when it fails')).toEqual(['Gateway', 'Disk Space']);
    expect(await part('Could be repaired')).toEqual(['Fitness Tracker']);
    expect(await part('Only watched')).toEqual(['Hub Dashboard']);
    expect(await page.locator('[data-test=want-notices], [data-test=want-login]').count()).toBe(0);
    await press('want-repairs');
    expect(saved(), 'nothing before the last click').toEqual([]);
    await press('begin');
    await expect.poll(() => page.evaluate(() => location.hash), PATIENT).toBe('#/');
    expect(JSON.parse(file.text).services[1]).toMatchObject({ recovery: [{ type: 'restart-process' }] });
    expect(JSON.parse(file.text).services[1]).not.toHaveProperty('proposed');
  });

  it('without a wish it changes nothing; a file that was changed meanwhile is told, and kept', async () => {
    await open('welcome');
    await press('begin');
    await expect.poll(() => page.evaluate(() => location.hash), PATIENT).toBe('#/');
    expect(saved()).toEqual([]);
    await open('welcome');
    await press('want-repairs');
    file.text = CONFIG_TEXT.replace('"5m"', '"7m"');
    await press('begin');
    await page.getByText('Not everything could be set up.').waitFor();
    expect(file.text).toBe(CONFIG_TEXT.replace('"5m"', '"7m"'));
  });
});

describe('for everybody', () => {
  const states: [string, string, () => Promise<unknown>][] = [
    [
      'the form, unfolded',
      'settings',
      async () => {
        await unfold('Gateway');
        await unfold('Fitness Tracker');
        await row('Gateway').locator('.remedy > summary').click();
      },
    ],
    [
      'a problem',
      'settings',
      async () => {
        await retry().fill('soon');
        await page.locator('.field-problems').waitFor();
      },
    ],
    [
      'the dialog',
      'settings',
      async () => {
        await retry().fill('30s');
        await press('review');
        await page.locator('dialog[open]').waitFor();
      },
    ],
    [
      'the text',
      'settings',
      async () => {
        await page.getByRole('tab', { name: 'Edit the file' }).click();
        await page.locator('#file-text').fill('{');
        await page.locator('.file-problems li').waitFor();
      },
    ],
    ['watch', 'watch', async () => undefined],
    ['the first start', 'welcome', async () => undefined],
  ];
  for (const theme of ['light', 'dark'] as const) {
    it.each(states)(`has nothing that axe finds wrong, and fits 360 px, ${theme}: %s`, async (_, place, prepare) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width: 360, height: 800 });
      await open(place);
      await prepare();
      await page.evaluate(axe.source);
      const found = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document);
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
      });
      expect(found).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    });
  }

  it('works by keyboard alone: to a field, change, review, save', async () => {
    await open('settings');
    await retry().focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('20s');
    for (let n = 0; n < 60 && !(await page.evaluate(() => document.activeElement?.textContent?.startsWith('Review'))); n += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Review');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    for (let n = 0; n < 10 && !(await page.evaluate(() => document.activeElement?.textContent === 'Save')); n += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => file.text, PATIENT).toBe(CONFIG_TEXT.replace('"1m"', '"20s"'));
  });
});
