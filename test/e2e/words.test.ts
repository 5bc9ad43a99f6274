// What the command shows: help of every command, the past, the log as it grows, colour, and readers that go away.
import { spawnSync } from 'node:child_process';
import { it } from 'vitest';
import { BIN, run, spawnCommand, startEngine } from './helpers/command.ts';
import { QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { kill, newPlace } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const COMMANDS =
  'check run start stop restart status logs heal pause resume ack history incidents alerts init discover validate schema doctor'.split(' ');

it.concurrent('every command tells what it does with --help, and the whole lists them all', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const whole = await run(place, ['--help']);
  expect(whole).toMatchObject({ code: 0, err: '' });
  const helps = await Promise.all(COMMANDS.map((name) => run(place, [name, '--help'])));
  for (const [index, name] of COMMANDS.entries()) {
    expect(whole.out, name).toMatch(new RegExp(`^ {2}${name}( |$)`, 'm'));
    expect(helps[index], name).toMatchObject({ code: 0, err: '' });
    expect(helps[index]?.out, name).toMatch(new RegExp(`^Usage: jarvis-health ${name}`));
    expect(helps[index]?.out, name).toContain('--home <dir>');
    expect(helps[index]?.out, name).toContain('--json');
  }
  const version = await run(place, ['--version']);
  expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  const schema = await run(place, ['schema']);
  expect(schema.json).toMatchObject({ $schema: expect.stringContaining('json-schema'), properties: { services: expect.anything() } });
});

it.concurrent('the past by service and by age, as text and as JSON', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service({ name: 'Shop' }), { id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  const engine = await startEngine(place);
  await web.up();
  await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy');

  const all = await run(place, ['history', '--json']);
  const events = new Set(all.json.map((line: { event: string }) => line.event));
  for (const event of ['engine-started', 'check', 'recovery-started', 'process-started', 'recovery-finished'])
    expect(events, event).toContain(event);
  const times = all.json.map((line: { at: string }) => line.at);
  expect(times, 'in order').toEqual([...times].sort());
  const own = await run(place, ['history', 'web', '--json']);
  expect(new Set(own.json.map((line: { service: string }) => line.service))).toEqual(new Set(['web']));
  const text = await run(place, ['history', 'web', '--since', '1h']);
  expect(text.out).toMatch(/web +error +Connection refused/);
  expect(text.out).toMatch(/web +repair +restart-process succeeded: healthy after [\d.]+ s/);
  const incidents = await run(place, ['incidents', 'web', '--json', '--since', '1h']);
  expect(incidents.json).toMatchObject([{ service: 'web', strikes: 1, alerted: null, attempts: [{ outcome: 'succeeded' }] }]);
  expect((await run(place, ['incidents'])).out).toMatch(/web +[\d.]+ m?s? ?.*Connection refused.*\n +.*restart-process succeeded/);

  await engine.end('SIGTERM');
  expect((await run(place, ['history', 'web', '--json'])).json.length, 'without an engine too').toBeGreaterThanOrEqual(own.json.length);
  const soon = Date.parse(String(times.at(-1))) + 1_100;
  await until('a second has passed', () => Date.now() > soon);
  expect((await run(place, ['incidents', '--since', '1s'])).out).toBe('No incidents in this time.\n');
});

it.concurrent('logs -f shows what happens as it happens, and ends when it is told to', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const engine = await startEngine(place);
  const pid = await web.up();
  await untilService(place, 'web', 'healed', (view) => view.phase === 'healthy');
  const follower = spawnCommand(place, ['logs', '-f', '--json', '--lines', '2']);
  let shown = '';
  follower.stdout?.on('data', (chunk) => (shown += chunk));
  await until('the first lines', () => shown.split('\n').length > 2);
  await until('a live check', () => shown.split('\n').length > 4);
  const before = shown.length;
  kill(pid, 'SIGKILL');
  await until('the repair as it happens', () => shown.slice(before).includes('"event":"process-started"'));
  await until('its end', () => shown.slice(before).includes('"event":"recovery-finished"'));
  for (const line of shown.trim().split('\n').slice(0, -1)) JSON.parse(line);
  const ended = new Promise((resolve) => follower.once('exit', (code) => resolve(code)));
  follower.kill('SIGINT');
  expect(await ended).toBe(0);
  await engine.end('SIGTERM');
});

it.concurrent('no colour off a terminal, nor with NO_COLOR on one; on one there is colour and a live picture', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  writeConfig(place, { ...QUICK, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  const plain = await run(place, ['check'], { env: { FORCE_COLOR: '1', CLICOLOR_FORCE: '1' } });
  expect(plain.out).not.toContain('\u001b[');
  const SCRIPT = '/usr/bin/script'; // of util-linux: a terminal for one command
  const hasScript = spawnSync(SCRIPT, ['--version']).stdout?.includes('util-linux') === true;
  if (!hasScript) {
    process.stdout.write('no terminal here: `script` of util-linux is missing, so colour on a terminal is not tested\n');
    return;
  }
  const onTerminal = (words: string, env: Record<string, string>) =>
    spawnSync(SCRIPT, ['-qec', `'${BIN}' ${words} --home '${place.home}'`, '/dev/null'], {
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm', FORCE_COLOR: '', NO_COLOR: '', HOME: place.dir, ...env },
    });
  expect(onTerminal('check', {}).stdout).toContain('\u001b[32m');
  expect(onTerminal('check', { NO_COLOR: '1' }).stdout).not.toContain('\u001b[3');
});

it.concurrent('a reader that goes away ends neither an engine nor in a stack trace', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const web = await newWeb(place);
  writeConfig(place, { ...QUICK, services: [web.service()] });
  const engine = await startEngine(place);
  const pid = await web.up();
  engine.child.stdout?.destroy();
  engine.child.stderr?.destroy();
  kill(pid, 'SIGKILL');
  await web.up(pid);
  await untilService(place, 'web', 'healed, though nobody reads', (view) => view.phase === 'healthy');
  expect((await status(place)).engine?.pid).toBe(engine.pid);
  const piped = spawnSync('/bin/sh', ['-c', `'${BIN}' history --json --home '${place.home}' | head -c 10; '${BIN}' schema | head -c 10`], {
    encoding: 'utf8',
  });
  expect(piped.stderr).toBe('');
  const follower = spawnCommand(place, ['logs', '-f']);
  const ended = new Promise((resolve) => follower.once('exit', (code) => resolve(code)));
  await new Promise((resolve) => follower.stdout?.once('data', resolve));
  follower.stdout?.destroy();
  expect(await ended, 'nobody reads: it follows no longer').toBe(0);
  expect((await engine.end('SIGTERM')).code).toBe(0);
});
