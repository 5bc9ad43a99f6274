// Figures 10 to 12, of the window: the overview from the document's arrival to its picture, a graph from its answer to its picture,
// and how even the frames are while it is scrolled and panned, against an empty page and a still copy of the overview in the same
// browser. In a real Chromium before a real engine with a past of twenty services (scripts/year.ts); BENCH_DAYS shortens it.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { fillPast } from '../scripts/year.ts';
import type { ConfigInput } from '../src/contract/config.ts';
import { startBrowser } from '../test/window/browser.ts';
import { BIN, median, newFolder, progress, type Row, start, until } from './lab.ts';

const DAYS = Number(process.env['BENCH_DAYS'] ?? 365);
const SERVICES = 20;
const ROUNDS = 15;
const FRAMES_MS = 2_000;
const FRAME_ROUNDS = 4;
/** Half a frame late is a frame that was missed. */
const LATE_MS = 25;
const PAGE_SCRIPT = fileURLToPath(new URL('./window-page.js', import.meta.url));

export async function window(): Promise<Row[]> {
  const home = newFolder('home');
  progress(`a past of ${DAYS} days`);
  await fillPast({ home, endMs: Date.now(), days: DAYS, services: SERVICES, intervalMs: 300_000 });
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const number = String(index + 1).padStart(2, '0');
    return { id: `service-${number}`, name: `Service ${number}`, check: { type: 'memory', maxUsed: '100%' } as const };
  });
  writeFileSync(path.join(home, 'config.json'), JSON.stringify({ services } satisfies ConfigInput), { mode: 0o600 });
  const engine = start([BIN, 'run', '--home', home, '--port', '0'], { output: 'pipe', errors: 'ignore' });
  /** What stands at an address of the server beside it. */
  const beside = new Map([['/', '<title>empty</title><p>empty']]);
  const blank = http.createServer(({ url }, response) => response.setHeader('content-type', 'text/html').end(beside.get(url ?? '')));
  let browser: Browser | undefined;
  try {
    let said = '';
    engine.child.stdout?.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    const url = await until('an address', 30_000, () => /Dashboard: (\S+)/.exec(said)?.[1]);
    await new Promise<void>((resolve) => blank.listen(0, '127.0.0.1', resolve));
    const empty = `http://127.0.0.1:${(blank.address() as AddressInfo).port}/`;
    browser = await startBrowser();
    const context = await newContext(browser);
    const page = await context.newPage();
    await page.goto(url);
    await page
      .locator('.bars')
      .nth(SERVICES - 1)
      .waitFor();
    beside.set('/still', await stillCopy(page));
    return [...(await arrival(browser, context, empty)), ...(await graphs(page)), ...(await frames(context, page, empty))];
  } finally {
    await browser?.close();
    blank.close();
    await engine.end();
  }
}

async function newContext(browser: Browser, from?: BrowserContext): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    ...(from ? { storageState: await from.storageState() } : {}),
  });
  await context.addInitScript({ path: PAGE_SCRIPT });
  return context;
}
const rootOf = (page: Page): string => new URL('/', page.url()).href;
const figures = (values: readonly number[]): string => `${median(values).toFixed(0)} ms (worst ${Math.max(...values).toFixed(0)})`;

/** The same finished picture as a file: no script, its style inside. Nothing that shows as much can be there sooner. */
async function stillCopy(page: Page): Promise<string> {
  const css = await page.evaluate("[...document.styleSheets].flatMap((s) => [...s.cssRules].map((r) => r.cssText)).join('')");
  const html = (await page.content()).replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>|<(link|meta http-equiv)\b[^>]*>/g, '');
  return html.replace('</head>', () => `<style>${css}</style></head>`);
}

/** Each time a browser that has never seen the page, with nothing but the cookie; then once more with the files in its cache. */
async function arrival(browser: Browser, signedIn: BrowserContext, empty: string): Promise<Row[]> {
  progress('arrival');
  const cards: number[] = [];
  const whole: number[] = [];
  const again: number[] = [];
  const blank: number[] = [];
  const still: number[] = [];
  const stillAgain: number[] = [];
  const root = rootOf(signedIn.pages()[0] as Page);
  const arrived = async (page: Page) => (await page.evaluate('bench.arrival()')) as { cards: number; whole: number };
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = await newContext(browser, signedIn);
    const page = await context.newPage();
    await page.goto(root);
    const found = await arrived(page);
    cards.push(found.cards);
    whole.push(found.whole);
    await page.reload();
    again.push((await arrived(page)).whole);
    await page.goto(empty);
    blank.push((await page.evaluate('bench.empty()')) as number);
    await context.close();

    const other = await newContext(browser);
    const copy = await other.newPage();
    await copy.goto(`${empty}still`);
    still.push((await arrived(copy)).whole);
    await copy.reload();
    stillAgain.push((await arrived(copy)).whole);
    await other.close();
  }
  const row = (figure: string, ours: readonly number[], floor: readonly number[]): Row => {
    const theirs = `limit: 150 ms (a still page of it: ${median(floor).toFixed(0)} ms, an empty one: ${median(blank).toFixed(0)})`;
    return { figure, ours: figures(ours), theirs, ratio: median(ours) / 150, target: 1 };
  };
  return [
    row('10a overview: all 20 services painted', cards, still),
    row('10b the same, with 90 days and the last day', whole, still),
    row('10c the same, loaded again', again, stillAgain),
  ];
}

async function graphs(page: Page): Promise<Row[]> {
  progress('graphs');
  await page.goto(`${rootOf(page)}#/service/service-02`);
  await until('a graph', 10_000, () => drawn(page));
  const times: number[] = [];
  let last = '';
  for (let round = 0; round < 4; round += 1) {
    for (const name of ['1 hour', '7 days', '30 days', '90 days', '2 years', '24 hours']) {
      await page.getByRole('radio', { name, exact: true }).click();
      const before = last;
      const now = await until('a graph', 10_000, async () => {
        const found = await drawn(page);
        return found && found.name !== before ? found : undefined;
      });
      last = now.name;
      times.push(now.ms);
    }
  }
  const row = { figure: '11 graph, from its answer to its picture', theirs: 'limit: 50 ms', target: 1 };
  return [{ ...row, ours: figures(times), ratio: median(times) / 50 }];
}

async function drawn(page: Page): Promise<{ name: string; ms: number } | undefined> {
  return (await page.evaluate('bench.drawn()')) as { name: string; ms: number } | undefined;
}

interface Evenness {
  readonly late: number;
  readonly perSecond: number;
}
async function frames(context: BrowserContext, page: Page, empty: string): Promise<Row[]> {
  const floorPage = await context.newPage();
  await floorPage.goto(empty);
  const rows: Row[] = [];
  const ways: [string, string, 'scroll' | 'pan', () => Promise<unknown>][] = [
    ['12a scroll: overview', '#/', 'scroll', () => page.locator('.bars').nth(19).waitFor()],
    ['12b scroll: incidents of two years', '#/incidents', 'scroll', () => incidents(page)],
    ['12c pan: graph of 90 days', '#/service/service-02', 'pan', () => graphOf90Days(page)],
  ];
  for (const [figure, hash, kind, ready] of ways) {
    progress(figure);
    await page.goto(`${rootOf(page)}${hash}`);
    await ready();
    const [ours, floor]: [number[], number[]] = [[], []];
    for (let round = 0; round < FRAME_ROUNDS; round += 1) {
      floor.push(...(await measured(floorPage, 'nothing')));
      ours.push(...(await measured(page, kind)));
    }
    const [mine, theirs] = [evenness(ours), evenness(floor)];
    const text = ({ late, perSecond }: Evenness): string => `${perSecond.toFixed(1)} frames a second, ${(late * 100).toFixed(1)} % late`;
    rows.push({ figure, ours: text(mine), theirs: `empty page: ${text(theirs)}`, ratio: theirs.perSecond / mine.perSecond, target: 1.05 });
  }
  return rows;
}
async function measured(page: Page, kind: 'scroll' | 'pan' | 'nothing'): Promise<number[]> {
  await page.bringToFront();
  return (await page.evaluate(`bench.frames('${kind}', ${FRAMES_MS})`)) as number[];
}
function evenness(steps: readonly number[]): Evenness {
  const totalMs = steps.reduce((sum, step) => sum + step, 0);
  return { late: steps.filter((step) => step > LATE_MS).length / steps.length, perSecond: (1_000 * steps.length) / totalMs };
}
async function incidents(page: Page): Promise<void> {
  await page.getByRole('radio', { name: '2 years' }).click();
  await page.locator('.row').first().waitFor();
}
async function graphOf90Days(page: Page): Promise<void> {
  await page.getByRole('radio', { name: '90 days' }).click();
  await until('a graph', 10_000, () => drawn(page));
}
