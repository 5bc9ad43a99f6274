// The overview in a real Chromium: what stands there, what the buttons ask, what comes back, live.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBrowser } from './browser.ts';
import { everyState, service, snapshotOf, trouble } from './fixtures.ts';
import { Refusal } from './mock-api.ts';
import { card, eventually, openWindow, type Window } from './support.ts';

let browser: Browser;
let win: Window;
beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(() => win.close());
afterAll(() => browser.close());

describe('the overview', () => {
  test('shows the worst first, each with its own silhouette, a sentence, its days and its last day', async () => {
    win = await openWindow(browser);
    const { page } = win;
    await eventually(() => page.locator('h1').textContent()).toBe('1 of 6 needs you');
    const ids = await page.locator('[data-service]').evaluateAll((all) => all.map((one) => one.getAttribute('data-service')));
    expect(ids).toEqual(['gateway', 'fitness-tracker', 'disk', 'hub-dashboard', 'memory', 'log-files']);
    const gateway = card(page, 'gateway').inside;
    await eventually(() => gateway.locator('.sentence').textContent()).toContain('Repaired 3 times without success');
    await eventually(() => gateway.locator('.lines').textContent()).toContain('You were told, and it is queued for the agent');
    expect(await gateway.locator('.bars').count()).toBe(1);
    expect(await gateway.locator('.spark').count()).toBe(1);
    expect(await gateway.locator('.facts').textContent()).toMatch(/since .*next check in \d+ s.*99\.93 % in 30 days/);
    expect(await page.title()).toBe('1 of 6 needs you: Gateway, 12 min · Jarvis Health');
  });

  test('claims no share of days that nobody watched', async () => {
    const world = trouble(Date.now());
    const days = [1, 2, 3, 29, 31, 0];
    const names = ['gateway', 'fitness-tracker', 'disk', 'hub-dashboard', 'memory', 'log-files'];
    world.overview = world.overview.map((entry) => {
      const recorded = days[names.indexOf(entry.service)] ?? 0;
      return {
        ...entry,
        days: entry.days.map((day, n) => ({ ...day, status: n < 90 - recorded ? ('none' as const) : ('ok' as const) })),
      };
    });
    win = await openWindow(browser, { world });
    const facts = (id: string) => card(win.page, id).inside.locator('.facts').textContent();
    await eventually(() => facts('gateway')).toMatch(/watched since today$/);
    expect(await facts('fitness-tracker')).toMatch(/watched since yesterday$/);
    expect(await facts('disk')).toMatch(/100 % since \d+ \w+|100 % since \w+ \d+/);
    expect(await facts('hub-dashboard')).toMatch(/99\.98 % since /);
    expect(await facts('memory')).toMatch(/100 % in 30 days$/);
    expect(await facts('log-files')).not.toContain('%');
  });

  test('has a shape of its own for each state', async () => {
    win = await openWindow(browser, { world: everyState(Date.now()) });
    const shapes = await win.page
      .locator('[data-service] .service-top > .silhouette')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-shape')));
    expect(new Set(shapes).size).toBe(13);
  });

  test('a day of the bars tells what it was, by pointer and by keyboard', async () => {
    win = await openWindow(browser);
    const { page } = win;
    const bars = card(page, 'gateway').inside.locator('.bars');
    await bars.waitFor();
    await page.keyboard.press('Tab');
    await bars.focus();
    await page.keyboard.press('End');
    expect(await bars.getAttribute('aria-valuetext')).toMatch(/2 incidents, down 21 min/);
    await eventually(() => page.locator('.tip').textContent()).toMatch(/2 incidents/);
    await page.keyboard.press('ArrowLeft');
    expect(await bars.getAttribute('aria-valuetext')).toMatch(/well all day/);
    const box = await bars.boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * ((89 - 31 + 0.5) / 90), (box?.y ?? 0) + 10);
    await eventually(() => page.locator('.tip').textContent()).toMatch(/2 incidents/);
    await page.keyboard.press('Escape');
    expect(await page.locator('.tip').isHidden()).toBe(true);
  });
});

describe('a button', () => {
  test('asks once however often it is pressed, shows that it is busy, and follows a restart to its outcome', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    let answer: (value: unknown) => void = () => undefined;
    api.answers.set('heal', () => new Promise((resolve) => (answer = resolve)));
    const { button, result } = card(page, 'gateway');
    await button('heal').dblclick();
    await button('heal').click({ force: true });
    await eventually(() => button('heal').getAttribute('aria-busy')).toBe('true');
    expect(await button('check').getAttribute('aria-disabled')).toBe('true');
    answer({
      attempt: 'a9',
      service: 'gateway',
      remedy: 'restart-process',
      trigger: 'person',
      startedAt: new Date().toISOString(),
      outcome: null,
      reason: 'person',
      secondsToHealthy: null,
      output: '',
    });
    await eventually(() => result.textContent()).toContain('Being restarted');
    expect(api.calls).toEqual([{ name: 'heal', input: { id: 'gateway' } }]);
    api.change(
      'gateway',
      {
        status: 'ok',
        phase: 'healthy',
        alerting: false,
        message: '1 process, pid 900',
        consecutiveFailures: 0,
        lastAttempt: {
          id: 'a9',
          at: new Date().toISOString(),
          remedy: 'restart-process',
          trigger: 'person',
          outcome: 'succeeded',
          reason: 'healthy-again',
          secondsToHealthy: 4,
        },
      },
      { overall: 'warning', sentence: 'Fitness Tracker and 1 more: waiting for a build to end' },
    );
    await eventually(() => result.textContent()).toContain('Restarted by you, well after 4 s');
    await eventually(() => page.locator('h1').textContent()).toContain('Fitness Tracker');
  });

  test('a double click is one press, though what it asked for was done before the second click', async () => {
    const world = trouble(Date.now());
    Object.assign(world.snapshot.services.find(({ id }) => id === 'memory') as object, { phase: 'paused' });
    win = await openWindow(browser, { world, hash: '#/service/memory' });
    const { page, api } = win;
    const button = (name: string) => page.locator(`[data-test=${name}]`);
    const box = await button('resume').boundingBox();
    const at = [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2] as const;
    await page.mouse.click(...at);
    await button('pause').waitFor();
    expect(await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.closest('button')?.getAttribute('data-test'), at)).toBe(
      'pause',
    );
    await page.mouse.move(...at);
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    expect(await button('pause').getAttribute('aria-expanded')).toBe('false');
    await page.mouse.click(...at);
    await eventually(() => button('pause').getAttribute('aria-expanded')).toBe('true');
    expect(api.calls).toEqual([{ name: 'resume', input: { id: 'memory' } }]);
  });

  test('shows an error where it was pressed, with what to do, and can be pressed again', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    api.answers.set('heal', () => {
      throw new Refusal(409, { title: 'refused', detail: 'Two processes match app.py.', hint: 'Make "match" narrower.' });
    });
    const { button, result, inside } = card(page, 'fitness-tracker');
    await button('heal').click();
    await eventually(() => result.textContent()).toContain('Two processes match app.py. Make "match" narrower.');
    expect(await button('heal').getAttribute('aria-disabled')).toBeNull();
    await inside.getByRole('button', { name: 'Dismiss' }).click();
    expect(await result.count()).toBe(0);
  });

  test('ends who took the port, named in its face and in the sentence; where that may not be, it says why', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    const holder = {
      port: 3000,
      pid: 4711,
      startId: 's',
      name: 'python3',
      command: 'python3 -m http.server 3000',
      folder: '~/other',
      since: new Date(Date.now() - 300_000).toISOString(),
      parent: { pid: 12, name: 'bash' },
      whyNot: null,
      hint: null,
      url: 'http://127.0.0.1:3000/',
    };
    const gateway = card(page, 'gateway');
    expect(await gateway.button('free-port').count()).toBe(0);
    api.change('gateway', { portHolder: holder });
    await eventually(() => gateway.button('free-port').textContent()).toBe('End python3, free port 3000');
    expect(await gateway.inside.locator('.sentence').textContent()).toContain('taken by python3 (pid 4711), running for 5 min in ~/other');
    api.answers.set('freePort', () => ({ reason: 'freed', message: 'Ended python3; port 3000 is free.', service: {} }));
    await gateway.button('free-port').click();
    await eventually(() => gateway.result.textContent()).toContain('port 3000 is free');
    expect(api.calls).toEqual([{ name: 'freePort', input: { id: 'gateway', pid: 4711 } }]);
    api.change('gateway', { portHolder: { ...holder, whyNot: 'kept-by-pm2', hint: 'PM2 keeps it as shop: stop it there.' } });
    await eventually(() => gateway.button('free-port').getAttribute('aria-disabled')).toBe('true');
    expect(await gateway.button('free-port').textContent()).toContain('PM2 keeps it as shop');
  });

  test('each does its own: check, acknowledge, pause for an hour, till tomorrow, for good, resume, stop, start', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    const gateway = card(page, 'gateway');
    const hub = card(page, 'hub-dashboard');
    await gateway.button('check').click();
    await eventually(() => gateway.result.textContent()).toContain('Looked just now: no process matches');
    await gateway.button('ack').click();
    await eventually(() => gateway.result.textContent()).toContain('Acknowledged');
    await eventually(() => gateway.button('ack').count()).toBe(0);
    await hub.button('pause').click();
    await page.getByRole('menuitem', { name: 'For 1 hour' }).click();
    await eventually(() => hub.result.textContent()).toContain('Paused until');
    await hub.button('resume').click();
    await eventually(() => hub.result.textContent()).toContain('Watched again');
    await hub.button('pause').click();
    await page.getByRole('menuitem', { name: 'Until I resume' }).click();
    await hub.button('resume').click();
    await hub.button('pause').click();
    await page.getByRole('menuitem', { name: /Until tomorrow/ }).click();
    await hub.button('resume').click();
    await hub.button('pause').waitFor();
    await hub.button('more').click();
    await hub.button('stop').click();
    await eventually(() => hub.inside.locator('.badge').textContent()).toBe('Stopped');
    await hub.button('start').first().click();
    await eventually(() => hub.result.textContent()).toContain('Being');
    expect(api.calls.map(({ name }) => name)).toEqual([
      'check',
      'ack',
      'pause',
      'resume',
      'pause',
      'resume',
      'pause',
      'resume',
      'stop',
      'start',
    ]);
    expect(api.calls[2]?.input).toEqual({ id: 'hub-dashboard', forMs: 3_600_000 });
    expect(api.calls[4]?.input).toEqual({ id: 'hub-dashboard' });
    const untilTomorrow = Number(api.calls[6]?.input['forMs']);
    expect(untilTomorrow).toBeGreaterThan(8 * 3_600_000);
    expect(untilTomorrow).toBeLessThan(34 * 3_600_000);
  });

  test('that goes away when it has done its work leaves the focus in its bar: Acknowledge, Pause, Dismiss', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    const focus = () =>
      page.evaluate(() => {
        const at = document.activeElement;
        return `${at?.closest('[data-service]')?.getAttribute('data-service')} ${at?.getAttribute('data-test')}`;
      });
    const gateway = card(page, 'gateway');
    await gateway.button('ack').focus();
    await page.keyboard.press('Enter');
    await eventually(() => gateway.button('ack').count()).toBe(0);
    expect(await focus()).toBe('gateway heal');
    await gateway.inside.getByRole('button', { name: 'Dismiss' }).press('Enter');
    await eventually(() => gateway.result.count()).toBe(0);
    expect(await focus()).toBe('gateway heal');
    const hub = card(page, 'hub-dashboard');
    await hub.button('pause').press('Enter');
    await page.getByRole('menuitem', { name: 'Until I resume' }).press('Enter');
    await hub.button('resume').waitFor();
    expect(await focus()).toBe('hub-dashboard heal');
    await hub.button('resume').press('Enter');
    await hub.button('pause').waitFor();
    expect(await focus()).toBe('hub-dashboard heal');
    // Whoever is elsewhere stays there.
    await gateway.button('check').focus();
    api.change('hub-dashboard', { phase: 'paused' });
    await hub.button('resume').waitFor();
    expect(await focus()).toBe('gateway check');
  });

  test('that is not possible says why, stays reachable, and asks nothing', async () => {
    win = await openWindow(browser, { world: everyState(Date.now()) });
    const { page, api } = win;
    const { button } = card(page, 'needs');
    expect(await button('heal').getAttribute('aria-disabled')).toBe('true');
    expect(await button('heal').textContent()).toContain('not now: nothing is set up to repair it');
    await button('heal').focus();
    await page.keyboard.press('Enter');
    expect(api.calls).toEqual([]);
  });

  test('Logs shows the path, Open leads only to web addresses', async () => {
    const world = trouble(Date.now());
    world.snapshot = snapshotOf(Date.now(), [
      service(Date.now(), { id: 'bad', name: 'Bad', url: 'javascript:alert(1)', logs: '/tmp/bad.log' }),
    ]);
    win = await openWindow(browser, { world });
    const { button, result } = card(win.page, 'bad');
    await button('more').click();
    expect(await win.page.getByRole('menuitem', { name: 'Open' }).count()).toBe(0);
    await button('logs').click();
    await eventually(() => result.textContent()).toContain('/tmp/bad.log');
  });
});

describe('live', () => {
  test('what changes in the engine changes on the page, in two windows at once, without a reload', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    const other = await page.context().newPage();
    await other.goto(api.url);
    await vi.waitFor(() => expect(api.streams()).toBe(2));
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    api.change('memory', {
      status: 'error',
      phase: 'failing',
      reason: 'over-limit',
      message: '94 % used, at most 90 % wanted',
      consecutiveFailures: 1,
      since: new Date().toISOString(),
    });
    for (const one of [page, other])
      await eventually(() => card(one, 'memory').inside.locator('.sentence').textContent()).toContain('Over its limit');
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  });

  test('an engine that goes away is told with the age of what is shown, greyed, its buttons off; and it comes back', async () => {
    win = await openWindow(browser);
    const { page, api } = win;
    await card(page, 'gateway').inside.waitFor();
    api.setAlive(false);
    await page.locator('.banner.error').waitFor();
    expect(await page.locator('.banner.error').textContent()).toMatch(/What you see is .* old/);
    expect(await page.locator('.frame.is-stale').count()).toBe(1);
    expect(await card(page, 'gateway').button('heal').textContent()).toContain('the engine is not answering');
    await page.getByRole('button', { name: 'Try now' }).click();
    api.world = {
      ...api.world,
      snapshot: {
        ...api.world.snapshot,
        rev: 0,
        sentence: '1 of 6 needs you: again',
        engine: { ...(api.world.snapshot.engine as object), startedAt: new Date().toISOString() } as never,
      },
    };
    api.setAlive(true);
    await page.getByText('Connected again').waitFor();
    expect(await page.locator('.frame.is-stale').count()).toBe(0);
    await eventually(() => page.title()).toContain('again');
  });

  test('an engine that is frozen, its stream still open, is noticed by its silence', async () => {
    win = await openWindow(browser, { isClockOurs: true });
    const { page, api } = win;
    await card(page, 'gateway').inside.waitFor();
    api.isSilent = true;
    await page.clock.runFor(21_000);
    await eventually(async () => {
      await page.clock.runFor(1_000);
      return page.locator('.banner.error').count();
    }).toBe(1);
    api.isSilent = false;
    await eventually(async () => {
      await page.clock.runFor(2_000);
      return page.locator('.banner.error').count();
    }).toBe(0);
  });

  test('a wrong or used address leads to a page that says how to get in', async () => {
    win = await openWindow(browser);
    win.api.isSignedOut = true;
    await win.page.reload();
    await win.page.getByRole('heading', { name: 'This window is not signed in' }).waitFor();
    expect(await win.page.textContent('main')).toContain('jarvis-health open');
  });
});

test('names and messages with markup stay text', async () => {
  const now = Date.now();
  const nasty = '<img src=x onerror="globalThis.hit=1"><script>globalThis.hit=1</script>';
  const world = trouble(now);
  world.snapshot = snapshotOf(
    now,
    [service(now, { id: 'nasty', name: nasty, message: nasty, status: 'error', phase: 'gave-up', alerting: true })],
    { sentence: nasty, overall: 'error', problems: [{ code: 'x', message: nasty, since: new Date(now).toISOString() }] },
  );
  world.incidents = [
    {
      id: 'n',
      service: 'nasty',
      startedAt: new Date(now - 60_000).toISOString(),
      endedAt: null,
      reason: nasty,
      message: nasty,
      strikes: 1,
      alerted: nasty,
      alertedAt: null,
      attempts: [],
    },
  ];
  win = await openWindow(browser, { world });
  const { page } = win;
  await eventually(() => card(page, 'nasty').inside.locator('h2 a').textContent()).toBe(nasty);
  for (const hash of ['#/service/nasty', '#/incidents', `#/service/${encodeURIComponent(nasty)}`]) {
    await page.goto(`${win.api.url}${hash}`);
    await page.locator('h1').first().waitFor();
  }
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
});
