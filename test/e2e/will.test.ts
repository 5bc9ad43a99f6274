// What a person says: pause, resume, acknowledge, stop, start, restart, heal; and what is refused, with its reason.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { client, logLines, QUICK, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

it.concurrent('stop, start and restart of a service: what was stopped on purpose stays so across engines', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const engine = await startEngine(place);
  const first = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');

  const stopped = await run(place, ['stop', 'web']);
  expect(stopped).toMatchObject({ code: 0, out: 'web is stopped on purpose. Only you start it again: jarvis-health start web\n' });
  expect(kill(first, 0), 'it has ended').toBe(false);
  expect((await run(place, ['stop', 'web'])).code, 'safe twice').toBe(0);
  await until('several looks', () => logLines(place, 'health', 'check').filter((line) => line['phase'] === 'stopped').length >= 3);
  expect((await engine.end('SIGTERM')).code).toBe(0);

  const next = await startEngine(place);
  await until(
    'looks of the next engine',
    () => logLines(place, 'health', 'check').filter((line) => line['phase'] === 'stopped').length >= 6,
  );
  expect(web.starts()).toHaveLength(1);
  const idle = await run(place, ['status', '--json']);
  expect(idle.json).toMatchObject({ overall: 'ok', counts: { stopped: 1 }, services: [{ phase: 'stopped', consecutiveFailures: 0 }] });
  expect(idle.code).toBe(0);

  expect((await run(place, ['start', 'web'])).code).toBe(0);
  const second = await web.up();
  await untilService(place, 'web', 'watched again', (view) => view.phase === 'healthy');
  const twice = await run(place, ['start', 'web', '--json']);
  expect(twice.code).toBe(2);
  expect(JSON.parse(twice.err).error).toMatchObject({ code: 'refused', reason: 'already-running' });

  const restarted = await run(place, ['restart', 'web']);
  expect(restarted.code).toBe(0);
  expect(restarted.out).toMatch(/^web: restart-process succeeded, healthy after [\d.]+ s\n/);
  expect(await web.up(second)).not.toBe(second);
  expect(web.starts()).toHaveLength(3);

  // Stopping what is down already is a success too, and only a person's start or restart ends it.
  expect((await run(place, ['stop', 'web'])).code).toBe(0);
  expect((await run(place, ['restart', 'web'])).code, 'a restart passes over stopped').toBe(0);
  await web.up();
  expect((await next.end('SIGTERM')).code).toBe(0);
});

it.concurrent('a paused service is left alone, until resumed or until its time is over', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const engine = await startEngine(place);
  const first = await web.up();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
  expect((await run(place, ['pause', 'web'])).out).toBe('web is paused until jarvis-health resume web.\n');
  kill(first, 'SIGKILL');
  // A person's own look while paused is no strike and starts nothing.
  const looked = await run(place, ['check', 'web', '--json']);
  expect(looked.code).toBe(2);
  expect(looked.json.services[0]).toMatchObject({ status: 'error', phase: 'paused', consecutiveFailures: 0 });
  await engine.end('SIGKILL');

  const next = await startEngine(place);
  await untilService(place, 'web', 'still paused', (view) => view.phase === 'paused');
  expect(web.starts()).toHaveLength(1);
  expect((await run(place, ['resume', 'web'])).code).toBe(0);
  await web.up(first);
  await untilService(place, 'web', 'healed after the pause', (view) => view.phase === 'healthy');

  expect((await run(place, ['pause', 'web', '--for', '2s', '--json'])).json).toMatchObject({ phase: 'paused' });
  await untilService(place, 'web', 'the pause is over by itself', (view) => view.phase === 'healthy' && view.pausedUntil === null);
  const heal = await run(place, ['pause', 'web']);
  expect(heal.code).toBe(0);
  expect((await run(place, ['heal', 'web'])).code, 'a person passes over a pause').toBe(0);
  expect((await next.end('SIGTERM')).code).toBe(0);
});

it.concurrent('an acknowledged incident stays quiet and yellow until it ends', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ recovery: [], afterFailures: 6 })] });
  await startEngine(place);
  await untilService(place, 'web', 'failing', (view) => view.consecutiveFailures >= 1);
  await (await client(place)).ask('ack', { id: 'web' });
  await untilService(place, 'web', 'past the strikes that would alert', (view) => view.consecutiveFailures >= 7);
  expect(logLines(place, 'alerts').map((line) => line['event'])).toEqual(['acknowledged']);
  expect((await run(place, ['status', '--json'])).json).toMatchObject({
    overall: 'warning',
    services: [{ acknowledged: true, status: 'error' }],
  });
  await web.startByHand();
  await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
  const nothing = await run(place, ['ack', 'web', '--json']);
  expect(nothing.code).toBe(2);
  expect(JSON.parse(nothing.err).error).toMatchObject({ code: 'conflict', reason: 'no-incident' });
  expect(logLines(place, 'alerts').map((line) => line['event'])).toEqual(['acknowledged']);
});

it.concurrent('while an attempt runs, heal answers with that attempt, and stop waits its turn', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const go = path.join(place.work, 'go');
  const slow = ['/bin/sh', '-c', `echo ran >> ${place.work}/ran; while [ ! -e ${go} ]; do sleep 0.05; done`];
  writeConfig(place, {
    ...QUICK,
    services: [
      {
        id: 'slow',
        check: { type: 'command', run: ['/bin/sh', '-c', `test -e ${go} || exit 2`] },
        recovery: [{ type: 'command', run: slow as [string, ...string[]], timeout: '60s', startWindow: '10s' }],
      },
    ],
  });
  await startEngine(place);
  const running = await untilService(place, 'slow', 'being repaired', (view) => view.phase === 'recovering');
  const heals = [run(place, ['heal', 'slow', '--json']), run(place, ['restart', 'slow', '--json'])];
  const stopping = await run(place, ['stop', 'slow', '--json']);
  expect(stopping.code).toBe(2);
  expect(JSON.parse(stopping.err).error.reason).toBe('attempt-running');
  writeFileSync(go, '');
  for (const heal of await Promise.all(heals)) {
    expect(heal.json).toMatchObject({ attempt: running.lastAttempt?.id, trigger: 'auto', outcome: 'succeeded' });
    expect(heal.code).toBe(0);
  }
  expect(logLines(place, 'recovery', 'recovery-started')).toHaveLength(1);
});

it.concurrent('where no remedy says how, and where nobody is known by that name, it is refused', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  const command = { type: 'command' as const, run: ['/bin/true'] as [string, ...string[]] };
  writeConfig(place, {
    ...QUICK,
    services: [web.service({ recovery: [] }), { id: 'gateway', check: { type: 'tcp', port: web.port }, recovery: [command] }],
  });
  await startEngine(place);
  for (const words of [
    ['restart', 'web'],
    ['start', 'web'],
    ['stop', 'gateway'],
  ]) {
    const said = await run(place, [...words, '--json']);
    expect(said, words.join(' ')).toMatchObject({ code: 2, out: '' });
    expect(JSON.parse(said.err).error, words.join(' ')).toMatchObject({ code: 'refused', reason: expect.stringMatching(/^no-remedy/) });
  }
  for (const word of ['restart', 'pause', 'check']) {
    const said = await run(place, [word, 'gatewy']);
    expect(said.code, word).toBe(64);
    expect(said.err, word).toContain('There is no service gatewy.');
    expect(said.err, word).toContain('Watched are: web, gateway.');
  }
});
