// `replay` as people call it: against a running engine and against the files alone, the same answer; the configuration in force
// gives what happened, another what it would have made of it. Nothing of the home is changed by it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ReplayReport } from '../../src/contract/replay.ts';
import { run, startEngine } from './helpers/command.ts';
import { client, inHome, logLines, QUICK, writeConfig } from './helpers/home.ts';
import { freePort, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';

test('a week with one outage: as it was, and as it would have been', async () => {
  const place = newPlace();
  const port = await freePort();
  const config = (afterFailures: number) => ({
    ...QUICK,
    alerts: { ...QUICK.alerts, afterFailures },
    services: [
      { id: 'shop', check: { type: 'tcp' as const, port }, recovery: [] },
      { id: 'memory', check: { type: 'memory' as const, maxUsed: '100%' } },
    ],
  });
  writeConfig(place, config(2));
  const engine = await startEngine(place);
  await until('told', () => logLines(place, 'alerts', 'alert').length > 0);
  const write = (name: string, value: object) => {
    writeFileSync(path.join(place.dir, name), JSON.stringify(value));
    return path.join(place.dir, name);
  };
  const patient = write('patient.json', config(500));
  const ask = async (...args: string[]): Promise<ReplayReport> => (await run(place, ['replay', '--json', ...args])).json;

  const same = await ask('--since', '1h');
  expect(same.was.alerts).toBeGreaterThan(0);
  expect(same.would).toEqual(same.was);
  expect(same.events.filter(({ was, would }) => was === null || would === null)).toEqual([]);
  expect(same.exactFrom).toBe(same.from);

  const fewer = await ask('--config', patient);
  expect(fewer.would.alerts).toBeLessThan(fewer.was.alerts);
  expect(fewer.sentence).toMatch(/alerts? instead of/);

  const broken = write('broken.json', { services: [{ id: 'shop' }] });
  expect((await run(place, ['replay', '--config', broken])).code).toBe(78);
  await expect((await client(place)).ask('replay', { text: '{' })).rejects.toMatchObject({ code: 'config-invalid' });

  await engine.end('SIGTERM');
  const before = readdirSync(place.home);
  const log = readFileSync(inHome(place, 'health.log'), 'utf8');
  const offline = await ask('--config', patient);
  expect(offline.would.alerts).toBe(fewer.would.alerts);
  const text = await run(place, ['replay', '--config', patient]);
  expect(text.code).toBe(0);
  expect(text.out).toMatch(/would have had/);
  expect(readdirSync(place.home)).toEqual(before);
  expect(readFileSync(inHome(place, 'health.log'), 'utf8')).toBe(log);
});
