// Incidents put together from logs as crashes and busy machines leave them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readHistory, readIncidents } from './history.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, 0) + second * 1_000).toISOString();
const check = (second: number, service: string, status: string, consecutiveFailures = 0) => ({
  at: at(second),
  event: 'check',
  service,
  status,
  reason: 'refused',
  message: 'Refused',
  consecutiveFailures,
});

function homeWith(logs: { health?: object[]; recovery?: object[]; alerts?: object[] }): string {
  const home = mkdtempSync(path.join(os.tmpdir(), 'jarvis-history-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  for (const [name, lines] of Object.entries(logs)) {
    writeFileSync(path.join(home, `${name}.log`), (lines as object[]).map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
  return home;
}

it('a look that is written after its repair began still opens the incident that the repair belongs to', async () => {
  const home = homeWith({
    // The look at `web` waited for its intent; that at `other` did not.
    health: [check(2, 'other', 'ok'), check(1, 'web', 'error', 1), check(5, 'web', 'ok')],
    recovery: [
      {
        at: at(1.1),
        event: 'recovery-started',
        service: 'web',
        attempt: 'a-1',
        remedy: 'command',
        trigger: 'auto',
        reason: 'first-strike',
      },
      { at: at(5), event: 'recovery-finished', service: 'web', attempt: 'a-1', outcome: 'succeeded', secondsToHealthy: 3.9, reason: 'ok' },
    ],
  });
  expect((await readHistory(home, {})).map((line) => line.at)).toEqual([at(1), at(1.1), at(2), at(5), at(5)]);
  expect(await readIncidents(home, {})).toMatchObject([
    { service: 'web', startedAt: at(1), endedAt: at(5), attempts: [{ attempt: 'a-1', outcome: 'succeeded', secondsToHealthy: 3.9 }] },
  ]);
});

it('an attempt whose beginning a crash has swallowed, and one whose end is written twice', async () => {
  const end = { event: 'recovery-finished', service: 'web', attempt: 'a-1', remedy: 'command', outcome: 'failed', reason: 'still-failing' };
  const home = homeWith({
    health: [check(1, 'web', 'error', 1), check(90, 'web', 'error', 2)],
    recovery: [
      { at: at(40), ...end },
      { at: at(41), ...end },
    ],
  });
  const [incident, ...more] = await readIncidents(home, {});
  expect(more).toEqual([]);
  expect(incident).toMatchObject({ endedAt: null, strikes: 2, attempts: [{ attempt: 'a-1', remedy: 'command', outcome: 'failed' }] });
  expect(incident?.attempts).toHaveLength(1);
});

it('an incident is told whole, by its own id, also where the period begins in the middle of it', async () => {
  const line = (second: number, status: 'ok' | 'error', strikes: number, incident?: string) => ({
    ...check(second, 'web', status, strikes),
    ...(incident ? { incident } : {}),
  });
  const home = homeWith({
    health: [line(1, 'error', 1, 'i-1'), line(10, 'error', 2, 'i-1'), line(20, 'ok', 0), line(30, 'error', 1, 'i-2'), line(40, 'ok', 0)],
    alerts: [{ at: at(2), event: 'alert', service: 'web', id: 'web.i-1', kind: 'down' }],
  });
  const whole = { id: 'i-1', startedAt: at(1), endedAt: at(20), strikes: 2, alerted: 'down', alertedAt: at(2) };
  expect(await readIncidents(home, { from: at(15) })).toMatchObject([{ id: 'i-2', startedAt: at(30) }, whole]);
  expect(await readIncidents(home, { from: at(25) })).toMatchObject([{ id: 'i-2' }]);
});
