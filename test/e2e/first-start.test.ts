// The first start on a machine where nothing is configured, the second one, and the end of both.
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { goneWithinMs, run, startEngine } from './helpers/command.ts';
import { inHome, readHome, status } from './helpers/home.ts';
import { newPlace, processesWith } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

it('finds a real server, watches it, repairs nothing, and ends cleanly on Ctrl-C; the second start changes nothing', async () => {
  const place = newPlace();
  const web = await newWeb(place);
  const pid = await web.startByHand();

  const first = await startEngine(place);
  expect(first.out()).toContain('First start. Found on this machine:');
  expect(first.out()).toContain('move a remedy');
  expect(first.out()).toMatch(new RegExp(`^ready pid=${first.pid} home=${place.home} url=unix:${place.home}/engine\\.sock$`, 'm'));
  expect(first.err()).toBe('');

  const config = JSON.parse(readHome(place, 'config.json'));
  expect(config.$schema).toBe('./config.schema.json');
  expect(config.about).toContain('Found on this machine by jarvis-health');
  const found = config.services.find((service: { check: { url?: string } }) => service.check.url === `http://127.0.0.1:${web.port}/`);
  expect(found).toMatchObject({ check: { type: 'http' }, recovery: [] });
  expect(found.proposed[0]).toMatchObject({ type: 'restart-process', find: { port: web.port }, cwd: '~/work' });
  const ids = config.services.map((service: { id: string }) => service.id);
  expect(ids).toEqual(expect.arrayContaining(['disk', 'memory', 'own-logs']));
  for (const service of config.services) expect(service.recovery, service.id).toEqual([]);

  await until('a first look at the server', async () =>
    (await status(place)).services.some((view) => view.id === found.id && view.status === 'ok'),
  );
  expect(statSync(place.home).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(place.home)) {
    const entry = statSync(inHome(place, name));
    if (entry.isDirectory()) continue;
    expect((entry.mode & 0o777).toString(8), name).toBe('600');
  }

  const text = readHome(place, 'config.json');
  const ended = await first.end('SIGINT');
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect(ended.tookMs).toBeLessThan(goneWithinMs());
  expect(first.out()).toMatch(/Stopped\. What the engine started runs on\.\n$/);
  expect(existsSync(inHome(place, 'engine.sock'))).toBe(false);
  expect((await run(place, ['status'])).code).toBe(69);

  const second = await startEngine(place, ['--json']);
  expect(readHome(place, 'config.json')).toBe(text);
  const lines = second
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toEqual({ event: 'ready', pid: second.pid, home: place.home, url: `unix:${inHome(place, 'engine.sock')}` });
  expect((await second.end('SIGTERM')).code).toBe(0);
  expect(readHome(place, 'config.json')).toBe(text);
  expect(await web.pid(), 'nobody touched the server').toBe(pid);
});

it('says what it found as events with --json', async () => {
  const place = newPlace();
  const engine = await startEngine(place, ['--json']);
  const lines = engine
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ event: 'first-start', config: path.join(place.home, 'config.json') });
  expect(lines[0].found.map((one: { id: string }) => one.id)).toContain('disk');
  expect(lines[1]).toMatchObject({ event: 'ready', pid: engine.pid });
  expect((await engine.end('SIGHUP')).code, 'a closed terminal is a wish to stop as well').toBe(0);
});

it('ends at once when it is asked to before it is up', async () => {
  const place = newPlace();
  const { launchEngine } = await import('./helpers/command.ts');
  const engine = launchEngine(place);
  await until('the home is there', () => existsSync(place.home));
  const { tookMs } = await engine.end('SIGTERM');
  expect(tookMs).toBeLessThan(goneWithinMs());
  expect(processesWith(place.dir)).toEqual([]);
  expect((await run(place, ['status'])).code).toBe(69);
});

it('the command of the repository runs from any folder, through a link', async () => {
  const place = newPlace();
  const { symlinkSync } = await import('node:fs');
  const { spawnSync } = await import('node:child_process');
  const { BIN } = await import('./helpers/command.ts');
  const link = path.join(place.dir, 'jh');
  symlinkSync(BIN, link);
  const { status: code, stdout } = spawnSync(link, ['--version'], { cwd: '/', encoding: 'utf8' });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${process.env['npm_package_version'] ?? '0.1.0'}\n` });
});
