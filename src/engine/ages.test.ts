// What an engine knows of ages after a restart of itself, of the machine, and with nothing in its home to go by (R9, R14).
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { removeTempFolders, tempFolder } from '../../test/fixtures/keep-support.ts';
import { openAges } from './ages.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const START = Date.UTC(2026, 0, 1);

let home: string;
let now: { wallMs: number; bootMs: number; awakeMs: number; boot: string };
beforeEach(() => {
  home = tempFolder();
  now = { wallMs: START, bootMs: HOUR, awakeMs: HOUR, boot: 'one' };
});
afterAll(removeTempFolders);

const clock = { now: () => now };
function pass(ms: number): void {
  now = { ...now, wallMs: now.wallMs + ms, bootMs: now.bootMs + ms, awakeMs: now.awakeMs + ms };
}
function set(byMs: number): void {
  now = { ...now, wallMs: now.wallMs + byMs };
}
function restart(offMs: number): void {
  now = { wallMs: now.wallMs + offMs + 60_000, bootMs: 60_000, awakeMs: 60_000, boot: `${now.boot}+` };
}
/** One life of an engine; `live` is what happens in it. */
async function engine<T>(live: (ages: Awaited<ReturnType<typeof openAges>>) => T, isDryRun = false): Promise<T> {
  const ages = await openAges({ home, clock, onQuarantine, isDryRun });
  const told = live(ages);
  await ages.idle();
  return told;
}
const onQuarantine = vi.fn();
const text = () => readFileSync(path.join(home, 'clock-state.json'), 'utf8');
/** A file of this home that an engine wrote at that time. */
function sign(name: string, atMs: number): void {
  writeFileSync(path.join(home, name), '');
  utimesSync(path.join(home, name), atMs / 1_000, atMs / 1_000);
}

it('at the first start of all the clock is believed', async () => {
  expect(await engine((ages) => ages.ageMs(START - 40 * DAY, 7 * DAY))).toBe(40 * DAY);
});

it('a jump while the engine ran is known to the next one', async () => {
  await engine(() => pass(DAY));
  await engine((ages) => {
    set(3 * YEAR);
    ages.look(now);
  });
  pass(HOUR);
  expect(await engine((ages) => ages.ageMs(START, 7 * DAY))).toBe(DAY + HOUR);
});

it('a jump while no engine ran is noticed by the next one, as by each `check --once`', async () => {
  await engine(() => undefined);
  pass(5 * DAY);
  set(3 * YEAR);
  pass(HOUR);
  expect(await engine((ages) => ages.ageMs(START + 4 * DAY, 7 * DAY))).toBe(DAY + HOUR);
});

it('after a start of the machine a clock that is far ahead of the last record is not believed at once', async () => {
  await engine(() => undefined);
  const before = now.wallMs;
  set(3 * YEAR);
  restart(HOUR);
  expect(await engine((ages) => ages.ageMs(before - HOUR, 7 * DAY))).toBe(HOUR + 60_000);
  // Across boots the wall clock tells, for whoever deletes nothing (R9).
  expect(await engine((ages) => ages.ageMs(before - HOUR))).toBeGreaterThan(3 * YEAR);
  pass(30 * DAY);
  expect(await engine((ages) => ages.ageMs(before - HOUR, 7 * DAY))).toBe(30 * DAY + HOUR + 60_000);
});

it('a home without a record of the clocks has other files that tell when an engine last looked', async () => {
  sign('health.log', START - 3 * YEAR);
  sign('history.db', START - 3 * YEAR - DAY);
  expect(await engine((ages) => ages.ageMs(START - 3 * YEAR - HOUR, 7 * DAY))).toBe(HOUR);
  home = tempFolder();
  now = { ...now, wallMs: START };
  sign('health.log', START - DAY);
  expect(await engine((ages) => ages.ageMs(START - 40 * DAY, 7 * DAY))).toBe(40 * DAY);
});

it('a record that is damaged goes aside, and the other files tell', async () => {
  writeFileSync(path.join(home, 'clock-state.json'), '{"version":1,"spans":[{"boot":1}]}');
  sign('health.log', START - 3 * YEAR);
  expect(await engine((ages) => ages.ageMs(START - 3 * YEAR - HOUR, 7 * DAY))).toBe(HOUR);
  expect(onQuarantine).toHaveBeenCalledOnce();
});

it('what goes on is written once an hour, a clock that was set at once, a dry run nothing', async () => {
  await engine(async (ages) => {
    await ages.idle();
    const first = text();
    pass(HOUR / 2);
    ages.look(now);
    await ages.idle();
    expect(text()).toBe(first);
    pass(HOUR / 2);
    ages.look(now);
    await ages.idle();
    expect(JSON.parse(text())).toMatchObject({ spans: [{ boot: 'one', fromBootMs: HOUR, toBootMs: 2 * HOUR }] });
    set(DAY);
    ages.look(now);
    await ages.idle();
    expect(JSON.parse(text())).toMatchObject({ spans: [{}, { aheadMs: START - HOUR + DAY }] });
  });
  home = tempFolder();
  await engine(() => undefined, true);
  expect(text).toThrow('ENOENT');
});

it('a home that can’t be written costs nothing but the memory of it', async () => {
  mkdirSync(path.join(home, 'clock-state.json'));
  expect(await engine((ages) => ages.ageMs(START - DAY))).toBe(DAY);
});
