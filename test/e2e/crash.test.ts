// The engine is killed with -9 at random moments, while its state changes all the time. Afterwards the next one starts, all
// state can be read, what was decided is remembered, no repair comes early, and what runs is not started twice.
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { queueSchema } from '../../src/contract/queue.ts';
import { parseAlertFile, parseHealthFile, parseRecoveryFile } from '../../src/engine/keep/state-schema.ts';
import { type RunningEngine, startEngine } from './helpers/command.ts';
import { client, logLines, QUICK, readHome, status, untilService, writeConfig } from './helpers/home.ts';
import { freePort, kill, newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const KILLS = 24;
const COOLDOWN_MS = 3_000;
const STATE = {
  'health-state.json': parseHealthFile,
  'recovery-state.json': parseRecoveryFile,
  'alert-state.json': parseAlertFile,
} as const;

/** Words of a person and of agents, as fast as they are answered, until the engine is gone. */
async function chatter(place: Place, engine: RunningEngine): Promise<void> {
  const { ask } = await client(place);
  for (let turn = 0; engine.child.exitCode === null && engine.child.signalCode === null; turn += 1) {
    const words = [
      () => ask('pause', { id: 'memory', forMs: 60_000 + turn }),
      () => ask('resume', { id: 'memory' }),
      () => ask('check', { id: 'lame' }),
      () => ask('alerts', {}).then(async ([first]) => first && ask(turn % 2 ? 'claim' : 'release', { id: first.id, by: 'agent' })),
      () => ask('ack', { id: 'dead' }),
    ];
    await words[turn % words.length]?.().catch(() => undefined);
  }
}

function readable(place: Place): void {
  for (const [name, parse] of Object.entries(STATE)) parse(JSON.parse(readHome(place, name)));
  queueSchema.parse(JSON.parse(readHome(place, 'alert-pending.json')));
}

it(`${KILLS} times kill -9 under load`, async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const port = await freePort();
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: `${COOLDOWN_MS}ms`, maxAttempts: 500, window: '1h' },
    services: [
      web.service(),
      { id: 'memory', check: { type: 'memory', maxUsed: '99%' } },
      { id: 'dead', check: { type: 'tcp', port } },
      // Its remedy runs and achieves nothing: a new attempt each cooldown.
      {
        id: 'lame',
        check: { type: 'tcp', port },
        recovery: [{ type: 'command', run: ['/bin/sh', '-c', `echo ran >> ${place.work}/ran`], startWindow: '1s' }],
      },
      { id: 'asleep', check: { type: 'tcp', port } },
    ],
  });

  let engine = await startEngine(place);
  const pid = await web.up();
  await untilService(place, 'web', 'recorded as started', (view) => view.phase === 'healthy');
  await (await client(place)).ask('pause', { id: 'asleep' });
  await until('an alert waits', async () => (await (await client(place)).ask('alerts', {})).length > 0);
  const alertIds = new Set<string>();
  for (let kills = 0; kills < KILLS; kills += 1) {
    const talking = chatter(place, engine);
    // A random moment is what this test is about.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    await engine.end('SIGKILL');
    await talking;
    readable(place);
    for (const { id } of queueSchema.parse(JSON.parse(readHome(place, 'alert-pending.json'))).alerts) alertIds.add(id);
    engine = await startEngine(place);
    const [asleep] = (await status(place)).services.filter((view) => view.id === 'asleep');
    expect(asleep?.phase, 'the pause is remembered').toBe('paused');
  }

  await untilService(place, 'web', 'known again', (view) => view.phase === 'healthy');
  expect(await web.pid(), 'it lived through all of it').toBe(pid);
  expect(web.starts(), 'and was never started twice').toHaveLength(1);
  const names = readdirSync(place.home);
  expect(names.filter((name) => name.includes('corrupt'))).toEqual([]);
  // The engine that runs may be writing just now; its pid is in the name.
  const leftovers = names.filter((name) => name.endsWith('.tmp') && !name.includes(`.${engine.child.pid}-`));
  expect(leftovers, 'of those that were killed').toEqual([]);

  const started = logLines(place, 'recovery', 'recovery-started');
  for (const service of ['web', 'lame']) {
    const times = started.filter((line) => line['service'] === service).map((line) => Date.parse(String(line['at'])));
    for (let index = 1; index < times.length; index += 1)
      expect((times[index] as number) - (times[index - 1] as number), `${service}: pace of attempt ${index}`).toBeGreaterThanOrEqual(
        COOLDOWN_MS - 50,
      );
  }
  // A crash may come between an intent and the line that tells it; its end is told by the next engine all the same.
  const attempts = logLines(place, 'recovery').filter((line) => line['service'] === 'lame' && line['attempt'] !== undefined);
  expect(new Set(attempts.map((line) => line['attempt'])).size, 'repairs went on').toBeGreaterThan(2);
  const lived = new Set(started.map((line) => line['attempt']));
  expect(lived.size, 'an attempt has one id for ever').toBe(started.length);

  const { alerts } = queueSchema.parse(JSON.parse(readHome(place, 'alert-pending.json')));
  const now = new Set(alerts.map((alert) => alert.id));
  expect(now.size, 'nothing is queued twice').toBe(alerts.length);
  for (const id of alertIds) expect(now.has(id), `${id} is not lost`).toBe(true);
  // An incident that stands has one alert, whatever the crashes.
  for (const service of ['dead', 'lame'])
    expect(alerts.filter((alert) => alert.service === service).length, service).toBeLessThanOrEqual(1);

  // Watched again by the identity on disk: its end is noticed and mended, by this engine, once.
  kill(pid, 'SIGKILL');
  const next = await web.up(pid);
  await untilService(place, 'web', 'healed by the last engine', (view) => view.phase === 'healthy');
  expect(web.starts()).toEqual([pid, next]);
  await engine.end('SIGTERM');
});
