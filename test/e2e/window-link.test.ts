// The window and its engine: who is let in, what a page sees while the engine is away, and two windows at once.

import { rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { send } from '../fixtures/api-engine.ts';
import { startBrowser } from '../window/browser.ts';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, readHome, status, writeConfig } from './helpers/home.ts';
import { freePort, kill, newPlace, type Place } from './helpers/place.ts';
import { newWeb } from './helpers/web.ts';
import { card, eventually, follow, portOf, signInUrl, visit } from './helpers/window.ts';

let browser: Browser;
beforeAll(async () => {
  // A name that leads here, as a rebound one would.
  browser = await startBrowser(['--host-resolver-rules=MAP rebound.test 127.0.0.1']);
});
afterAll(() => browser.close());

const BY_HAND = { ...QUICK, recovery: { ...QUICK.recovery, enabled: false } };
const GONE = 'The engine is not answering';

async function anotherAddress(place: Place): Promise<string> {
  return (await run(place, ['open', '--json'], { env: { DISPLAY: '', WAYLAND_DISPLAY: '', BROWSER: '' } })).json.url;
}

it('the engine ends and comes back while the page is open: old data is greyed with its age, then all is live again', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const port = String(await freePort());
  writeConfig(place, { ...BY_HAND, services: [web.service({ name: 'Web' })] });
  const pid = await web.startByHand();
  const engine = await startEngine(place, ['--port', port]);
  const { page, context, complaints } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  const { badge, button } = card(page, 'web');
  await eventually(() => badge.textContent()).toBe('Well');
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  expect(await page.locator('.frame.is-stale').count()).toBe(0);

  await engine.end('SIGTERM');
  await eventually(() => page.locator('.banner').first().textContent()).toContain(GONE);
  expect(await page.locator('.frame.is-stale').count(), 'greyed').toBe(1);
  await eventually(() => page.locator('.banner').first().textContent()).toMatch(/What you see is \d+ s old\./);
  expect(await badge.textContent(), 'what was known stays').toBe('Well');
  expect(await button('heal').getAttribute('data-tip')).toBe(GONE.replace('The', 'the'));
  expect(await page.title()).toBe('Engine not answering · Jarvis Health');

  kill(pid, 'SIGKILL');
  const next = await startEngine(place, ['--port', port]);
  await eventually(() => page.locator('.banner').allTextContents()).not.toContainEqual(expect.stringContaining(GONE));
  await eventually(() => badge.textContent()).toBe('Needs you');
  expect(await page.locator('.frame.is-stale').count()).toBe(0);
  // The cookie is of the home, not of the process: nobody has to sign in again.
  await button('heal').click();
  await web.up(pid);
  await eventually(() => badge.textContent()).toBe('Well');

  // Without a word of goodbye, and "Try now" instead of waiting.
  await next.end('SIGKILL');
  await eventually(() => page.locator('.banner').first().textContent()).toContain(GONE);
  const third = await startEngine(place, ['--port', port]);
  await page
    .getByRole('button', { name: 'Try now' })
    .click({ timeout: 2_000 })
    .catch(() => undefined);
  await eventually(() => page.locator('.frame.is-stale').count()).toBe(0);
  expect(await page.evaluate(() => 'isSamePage' in globalThis), 'never loaded anew').toBe(true);

  // A new secret of the home ends all sessions: the page says how to get in, and shows nothing of before.
  await third.end('SIGTERM');
  rmSync(inHome(place, 'api-token'));
  await startEngine(place, ['--port', port]);
  await eventually(() => page.locator('h1').textContent()).toBe('This window is not signed in');
  expect(await page.locator('body').textContent()).not.toContain('Web');
  expect(await page.locator('body').textContent()).toContain('jarvis-health open');
  const { page: other } = await follow(context, await anotherAddress(place));
  await eventually(() => card(other, 'web').badge.textContent()).toBe('Well');
  await page.getByRole('button', { name: 'Try again' }).click();
  await eventually(() => badge.textContent()).toBe('Well');
  expect(complaints).toEqual([]);
});

it('started on another port the old page says how to find it', async () => {
  const place = newPlace();
  writeConfig(place, { ...BY_HAND, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '100%' } }] });
  const engine = await startEngine(place, ['--port', '0']);
  const { page, context } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await card(page, 'memory').badge.waitFor();
  await engine.end('SIGTERM');
  const elsewhere = await startEngine(place, ['--port', String(await freePort())]);
  expect(await portOf(elsewhere)).not.toBe(await portOf(engine));
  await eventually(() => page.locator('.banner').first().textContent()).toContain('jarvis-health open');
  await page.goto(await anotherAddress(place));
  await eventually(() => page.locator('.frame.is-stale').count()).toBe(0);
  await card(page, 'memory').badge.waitFor();
});

it('two windows agree, and two people who press Restart at once restart it once', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  writeConfig(place, { ...BY_HAND, interval: '10s', services: [web.service({ name: 'Web', interval: '1s' })] });
  const first = await web.startByHand();
  const engine = await startEngine(place, ['--port', '0']);
  const one = await visit(browser, await signInUrl(engine));
  const two = await visit(browser, await anotherAddress(place));
  place.atEnd(async () => {
    await one.context.close();
    await two.context.close();
  });
  const [left, right] = [card(one.page, 'web'), card(two.page, 'web')];
  for (const side of [left, right]) await eventually(() => side.badge.textContent()).toBe('Well');
  await left.button('pause').click();
  await left.button('pause-open').click();
  await eventually(() => right.badge.textContent()).toBe('Paused');
  await right.button('resume').click();
  await eventually(() => left.badge.textContent()).toBe('Well');

  kill(first, 'SIGKILL');
  for (const side of [left, right]) await eventually(() => side.badge.textContent()).toBe('Needs you');
  await Promise.all([left.button('heal').click(), right.button('heal').click()]);
  const second = await web.up(first);
  for (const side of [left, right]) await eventually(() => side.badge.textContent()).toBe('Well');
  // Whoever was a moment late has pressed a button that could not be pressed any more: then nothing is said there.
  const results = () => Promise.all([left, right].map((side) => side.result.textContent()));
  await eventually(async () => (await results()).join('\n')).toMatch(/well after [\d.]+ s/i);
  for (const said of await results())
    expect(said).toMatch(/well after [\d.]+ s|already|under way|running|recovering|Paused until|Resumed|again/i);
  expect(web.starts()).toEqual([first, second]);
  expect(logLines(place, 'recovery', 'recovery-started')).toHaveLength(1);

  // Both edit the configuration: the later one is shown both changes, and nothing is lost unseen.
  for (const { page } of [one, two]) {
    await page.goto(`${new URL(page.url()).origin}/#/settings`);
    await page.getByLabel('Retry interval').first().waitFor();
  }
  await one.page.getByLabel('Retry interval').first().fill('2s');
  await two.page.getByLabel('Retry interval').first().fill('3s');
  for (const { page } of [one, two]) {
    await page.locator('[data-test=review]').click();
    await page.locator('[data-test=save]').click();
  }
  await two.page.locator('[data-test=overwrite]').waitFor();
  expect(readHome(place, 'config.json')).toContain('"retryInterval": "2s"');
  await two.page.locator('[data-test=take-theirs]').click();
  await eventually(() => two.page.getByLabel('Retry interval').first().inputValue()).toBe('2s');
});

it('a wrong, a used and no token show how to get in and nothing else', async () => {
  const place = newPlace();
  writeConfig(place, {
    ...BY_HAND,
    services: [{ id: 'secret-project', name: 'Secret project', check: { type: 'memory', maxUsed: '100%' } }],
  });
  const engine = await startEngine(place, ['--port', '0']);
  const url = await signInUrl(engine);
  const first = await visit(browser, url);
  await card(first.page, 'secret-project').badge.waitFor();
  // Loading it again, or going back to it, keeps whoever is in.
  await first.page.goto(url);
  await card(first.page, 'secret-project').badge.waitFor();
  await first.context.close();
  for (const address of [url, url.replace(/token=.*/, 'token=wrong'), new URL('/', url).href]) {
    const { page, context, complaints } = await visit(browser, address);
    const bodies: string[] = [];
    page.on(
      'response',
      (response) =>
        void response.text().then(
          (text) => bodies.push(text),
          () => undefined,
        ),
    );
    await eventually(() => page.locator('h1').textContent()).toBe('This window is not signed in');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('h1').waitFor();
    await eventually(() => bodies.some((body) => body.includes('unauthorized'))).toBe(true);
    expect([...bodies, await page.content()].join()).not.toMatch(/secret-project|Secret project/);
    expect(await context.cookies()).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

it('pages of another origin and names that were bound to this address are refused, cookie or not', async () => {
  const place = newPlace();
  writeConfig(place, { ...BY_HAND, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '100%' } }] });
  const engine = await startEngine(place, ['--port', '0']);
  const port = await portOf(engine);
  const { page, context } = await visit(browser, await signInUrl(engine));
  place.atEnd(() => context.close());
  await card(page, 'memory').badge.waitFor();

  // The same browser, signed in; a page of another port of this machine, which is the same site, so the cookie travels.
  const elsewhere = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>elsewhere</title>'));
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  place.atEnd(() => void elsewhere.close());
  const foreign = await context.newPage();
  // What came over the wire: the page itself is not even told the status.
  const statuses: number[] = [];
  const wire = await context.newCDPSession(foreign);
  await wire.send('Network.enable');
  wire.on('Network.responseReceivedExtraInfo', ({ statusCode }) => void statuses.push(statusCode));
  await foreign.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
  const read = await foreign.evaluate(async (base) => {
    const tries: [string, RequestInit][] = [
      ['api/v1/status', { credentials: 'include' }],
      ['api/v1/status', { credentials: 'include', mode: 'no-cors' }],
      ['api/v1/services/memory/pause', { credentials: 'include', mode: 'no-cors', method: 'POST', body: '{}' }],
    ];
    return Promise.all(
      tries.map(([path, init]) =>
        fetch(`${base}${path}`, init).then(
          (answer) => answer.text(),
          () => 'not allowed',
        ),
      ),
    );
  }, `http://127.0.0.1:${port}/`);
  expect(read.join()).not.toContain('memory');
  await eventually(() => statuses).toEqual([200, 403, 403, 403]);
  expect((await status(place)).services[0]?.phase).toBe('healthy');
  // A frame of ours inside a foreign page stays empty.
  await foreign.setContent(`<iframe src="http://127.0.0.1:${port}/"></iframe>`);
  await eventually(() => foreign.frames().length).toBe(2);
  await eventually(async () => (await foreign.frames()[1]?.content()) ?? '').not.toContain('id="app"');

  const rebound = await context.newPage();
  const answer = await rebound.goto(`http://rebound.test:${port}/`);
  expect(answer?.status()).toBe(403);
  expect(await rebound.content()).not.toContain('id="app"');
  const token = readHome(place, 'api-token').trim();
  const headers = { authorization: `Bearer ${token}` };
  const at = { host: '127.0.0.1', port };
  expect((await send(at, '/api/v1/status', { headers })).status).toBe(200);
  expect((await send(at, '/api/v1/status', { headers: { ...headers, host: `rebound.test:${port}` } })).status).toBe(403);
  expect((await send(at, '/api/v1/status', { headers: { ...headers, origin: 'http://evil.test' } })).status).toBe(403);
  expect((await send(at, '/api/v1/status', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
});
