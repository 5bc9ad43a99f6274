// Days of 23, 24 and 25 hours, and odder ones: each in a process of that time zone, as a machine there would have it.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { removeTempFolders, tempFolder } from '../../../test/fixtures/keep-support.ts';

afterAll(removeTempFolders);
const FIXTURE = path.join(import.meta.dirname, '../../../test/fixtures/history-zone.ts');

async function barsIn(zone: string, first: string, last: string): Promise<[string, number, number][]> {
  const env = { ...process.env, TZ: zone };
  const { days, later } = JSON.parse((await promisify(execFile)(process.execPath, [FIXTURE, tempFolder(), first, last], { env })).stdout);
  expect(later.slice(0, -1)).toEqual(days.slice(0, -1)); // today's last minutes were observed until the end only
  return days;
}
const HOUR = 3_600;

describe.concurrent('a service that is down all the time is down for as long as the day was', () => {
  test.each([
    // zone, first instant, last instant, the day in question and its hours
    ['Europe/Berlin', '2026-03-27T12:00:00Z', '2026-03-30T15:00:00Z', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-23T12:00:00Z', '2026-10-26T15:00:00Z', '2026-10-25', 25],
    ['America/New_York', '2026-03-06T12:00:00Z', '2026-03-10T02:00:00Z', '2026-03-08', 23],
    ['America/New_York', '2026-10-30T12:00:00Z', '2026-11-02T22:00:00Z', '2026-11-01', 25],
    ['Asia/Kathmandu', '2026-05-01T12:00:00Z', '2026-05-04T12:00:00Z', '2026-05-03', 24],
    ['Australia/Lord_Howe', '2026-10-02T00:00:00Z', '2026-10-05T20:00:00Z', '2026-10-04', 23.5],
    ['Australia/Lord_Howe', '2026-04-03T00:00:00Z', '2026-04-06T20:00:00Z', '2026-04-05', 24.5],
    // Midnight itself does not exist that day: it begins at one.
    ['Africa/Cairo', '2026-04-22T12:00:00Z', '2026-04-25T12:00:00Z', '2026-04-24', 23],
    ['UTC', '2026-03-27T12:00:00Z', '2026-03-30T15:00:00Z', '2026-03-29', 24],
  ])(
    '%s from %s: %s',
    async (zone, first, last, day, hours) => {
      const bars = await barsIn(zone, first, last);
      const bar = bars.find(([of]) => of === day);
      expect(bar).toEqual([day, hours * HOUR, hours * 2]);
    },
    60_000,
  );
});
