// A real engine and its past: what it sees is in the history a moment later, and at the next start; without a database it
// goes on as before.
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { realAges, realClock, realTimers, removeTempFolders, tempFolder } from '../../test/fixtures/keep-support.ts';
import { HealthError } from '../contract/errors.ts';
import { OPERATIONS } from '../contract/operations.ts';
import type { AuditPort } from '../contract/ports.ts';
import { type Engine, openEngine } from './engine.ts';
import { openPast } from './past.ts';

const engines: Engine[] = [];
const servers: net.Server[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  for (const server of servers.splice(0)) server.close();
  removeTempFolders();
});

async function listen(port = 0): Promise<number> {
  const server = net.createServer((socket) => socket.destroy());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}
function homeWith(port: number): string {
  const home = tempFolder();
  const config = {
    interval: '2s',
    retryInterval: '1s',
    alerts: { channels: [] },
    services: [{ id: 'app', name: 'App', check: { type: 'tcp', port }, recovery: [] }],
  };
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config));
  return home;
}
async function engineIn(home: string, mode: 'headless' | 'once' = 'headless'): Promise<Engine> {
  const engine = await openEngine({ home, mode, version: '0.0.0' });
  engines.push(engine);
  return engine;
}
const lastHour = () => ({ from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 1_000).toISOString() });

test('a service goes down and comes back: graph, bars, uptime and incident, then the same after a restart', async () => {
  const port = await listen();
  const home = homeWith(port);
  const engine = await engineIn(home);
  const app = () => engine.snapshot().services[0];
  await expect.poll(() => app()?.status, { timeout: 10_000 }).toBe('ok');
  for (const server of servers.splice(0)) server.close();
  await engine.operations.check({ id: 'app' });
  await expect.poll(() => app()?.consecutiveFailures, { timeout: 15_000 }).toBeGreaterThanOrEqual(1);
  const [open] = await engine.operations.incidents({});
  expect(open).toMatchObject({ service: 'app', endedAt: null, reason: 'refused' });
  await listen(port);
  await engine.operations.check({ id: 'app' });
  await expect.poll(() => app()?.status, { timeout: 10_000 }).toBe('ok');

  const [over] = OPERATIONS.incidents.output.parse(await engine.operations.incidents({ service: 'app' }));
  expect(over?.endedAt).not.toBe(null);
  expect(over?.id).toBe(open?.id);
  const series = OPERATIONS.history.output.parse(await engine.operations.history({ service: 'app', ...lastHour() }));
  expect(series.source).toBe('readings');
  expect(series.points.some((point) => point.failures > 0 && point.min === null)).toBe(true);
  expect(series.points.some((point) => point.failures === 0 && point.min !== null)).toBe(true);
  const [bars] = OPERATIONS.overview.output.parse(await engine.operations.overview({ days: 30 }));
  expect(bars?.days).toHaveLength(30);
  expect(bars?.days.at(-1)).toMatchObject({ status: 'error', incidents: 1 });
  expect(bars?.spark).toHaveLength(48);
  await engine.close();

  const next = await engineIn(home);
  expect((await next.operations.incidents({})).map(({ id }) => id)).toEqual([over?.id]);
  // Down for a part of the time, and up for a part of it.
  const week = () => next.snapshot().services[0]?.uptime['7d'] ?? 0;
  await expect.poll(week, { timeout: 20_000 }).toSatisfy((percent: number) => percent > 0 && percent < 100);
  expect(next.snapshot().problems).toEqual([]);
});

test('a check without an engine is recorded too; nobody knows a service that is not there', async () => {
  const home = homeWith(await listen());
  const engine = await engineIn(home, 'once');
  await engine.operations.check({ id: 'app' });
  await expect(engine.operations.history({ service: 'nobody', ...lastHour() })).rejects.toMatchObject({ code: 'not-found' });
  await engine.close();
  const db = new DatabaseSync(path.join(home, 'history.db'), { readOnly: true });
  expect(Object.values(db.prepare('SELECT count(*) FROM reading WHERE status = 0').get() ?? {})).toEqual([1]);
  db.close();
});

test('beside the database of a later version an engine runs on, says so, and leaves the file alone', async () => {
  const home = homeWith(await listen());
  const file = path.join(home, 'history.db');
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE later (x INTEGER); PRAGMA user_version = 99');
  db.close();
  const before = readFileSync(file);
  const engine = await engineIn(home);
  await expect.poll(() => engine.snapshot().services[0]?.status, { timeout: 10_000 }).toBe('ok');
  await expect
    .poll(() =>
      engine
        .snapshot()
        .problems.map(({ message }) => message)
        .join(),
    )
    .toContain('a later version');
  expect(await engine.operations.incidents({})).toEqual([]);
  await expect(engine.operations.history({ service: 'app', ...lastHour() })).rejects.toMatchObject({ code: 'home-unusable' });
  await engine.close();
  expect(readFileSync(file)).toEqual(before);
});

test('where there can be no database it is said, the trail goes on, and still answers', async () => {
  const lines: string[] = [];
  const problems = new Map<string, string | undefined>();
  const audit: AuditPort = {
    write: (log, event) => lines.push(`${log} ${event.event}`),
    again: (check) => lines.push(`health ${check.event}`),
    flush: async () => undefined,
  };
  const home = tempFolder();
  writeFileSync(
    path.join(home, 'health.log'),
    `{"at":"2026-01-01T00:00:00.000Z","event":"check","service":"app","status":"error","reason":"refused","message":"x","consecutiveFailures":1}\n`,
  );
  const past = openPast({
    home,
    clock: realClock,
    ages: realAges,
    timers: realTimers,
    audit,
    beginsAt: Date.now(),
    isScheduled: true,
    onQuarantine: () => undefined,
    problem: (code, message) => problems.set(code, message),
    onReady: () => undefined,
    sqlite: () => Promise.reject(new Error('No such built-in module: node:sqlite')),
  });
  await expect.poll(() => problems.get('history')).toContain('No such built-in module');
  past.audit.write('health', { event: 'engine-started' }, realClock.now());
  expect(lines).toEqual(['health engine-started']);
  expect(await past.incidents({})).toMatchObject([{ service: 'app', endedAt: null }]);
  expect(past.uptimes('app')).toEqual({ '24h': null, '7d': null, '30d': null });
  await expect(past.series({ service: 'app', ...lastHour() }, undefined)).rejects.toBeInstanceOf(HealthError);
  await past.close();
});
