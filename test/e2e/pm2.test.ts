// PM2 as it is (bench/peers), with its own commands: what its user stopped there stays stopped, what has crashed or hangs is restarted
// through it, and what nobody keeps is restarted directly (R4, R12).
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { ServiceInput } from '../../src/contract/config.ts';
import { run, startEngine } from './helpers/command.ts';
import { logLines, QUICK, readHome, untilService, writeConfig } from './helpers/home.ts';
import { newPm2, whyNoPm2 } from './helpers/peers.ts';
import { kill, newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb, type Web } from './helpers/web.ts';

const whyNot = whyNoPm2();
const story = whyNot === undefined ? it : it.skip;
const because = whyNot === undefined ? '' : ` (${whyNot})`;

type Remedy = NonNullable<ServiceInput['recovery']>[number];
const watched = (web: Web, ...recovery: Remedy[]): ServiceInput => ({
  id: 'web',
  check: { type: 'http', url: `http://127.0.0.1:${web.port}/`, timeout: '2s' },
  recovery,
});
const looksAs = (place: Place, phase: string): number =>
  logLines(place, 'health', 'check').filter((line) => line['phase'] === phase).length;

async function stayStopped(place: Place): Promise<void> {
  const view = await untilService(place, 'web', 'found stopped', (one) => one.phase === 'stopped');
  expect(view).toMatchObject({ stoppedBy: 'stopped-in-pm2', alerting: false });
  const before = looksAs(place, 'stopped');
  await until('several more looks', () => looksAs(place, 'stopped') >= before + 3);
  expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);
  expect(logLines(place, 'alerts')).toEqual([]);
  expect(logLines(place, 'health', 'found-stopped')).toMatchObject([{ service: 'web', by: 'pm2', reason: 'stopped-in-pm2' }]);
}

story.each(['named', 'seen', 'by a command', 'by a script', 'restart-process'] as const)(
  `stopped by its owner in PM2 it stays stopped, started there it is watched again: keeper %s${because}`,
  async (how) => {
    const place = newPlace();
    const pm2 = newPm2(place);
    const web = await newWeb(place);
    const [, script, ...args] = web.argv;
    pm2.run('start', script as string, '--name', 'web', '--interpreter', process.execPath, '--', ...args);
    // PM2 gives its apps a title without their arguments.
    const find = { port: web.port, match: web.script };
    const remedies: Record<typeof how, Remedy> = {
      named: { type: 'auto', keeper: { by: 'pm2', name: 'web', at: pm2.home } },
      seen: { type: 'auto' },
      'by a script': { type: 'command', run: ['/bin/sh', '-c', 'exit 0'] },
      'by a command': { type: 'command', run: ['pm2', 'restart', 'web'] },
      'restart-process': { type: 'restart-process', find, start: [...web.argv], cwd: place.work },
    };
    writeConfig(place, { ...QUICK, services: [watched(web, remedies[how])] });
    const engine = await startEngine(place);
    await web.up();
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
    // Who keeps it is learned beside the rounds, and kept.
    if (how !== 'named' && how !== 'by a command') await until('learned', () => readHome(place, 'recovery-state.json').includes('"pm2"'));

    pm2.run('stop', 'web');
    await stayStopped(place);
    expect(pm2.app('web'), how).toMatchObject({ status: 'stopped' });
    expect(web.starts(), how).toHaveLength(1);
    const seen = await run(place, ['status']);
    expect(seen.out).toContain('stopped on purpose (stopped in pm2)');
    expect(seen.code, 'stopped is no trouble').toBe(0);

    pm2.run('start', 'web');
    await untilService(place, 'web', 'watched again', (view) => view.phase === 'healthy' && view.stoppedBy === null);
    await engine.end('SIGTERM');
  },
  240_000,
);

story(
  `a person starts what is stopped in PM2, through PM2${because}`,
  async () => {
    const place = newPlace();
    const pm2 = newPm2(place);
    const web = await newWeb(place);
    const [, script, ...args] = web.argv;
    pm2.run('start', script as string, '--name', 'web', '--interpreter', process.execPath, '--', ...args);
    writeConfig(place, { ...QUICK, services: [watched(web, { type: 'auto', keeper: { by: 'pm2', name: 'web' } })] });
    await startEngine(place);
    const first = await web.up();
    // The app's own Stop, by PM2's own order: PM2 would bring back what is only killed.
    expect(await run(place, ['stop', 'web'])).toMatchObject({ code: 0 });
    expect(pm2.app('web')).toMatchObject({ status: 'stopped' });
    expect(kill(first, 0)).toBe(false);
    expect(await run(place, ['start', 'web'])).toMatchObject({ code: 0 });
    const second = await web.up(first);
    expect(pm2.app('web')).toMatchObject({ status: 'online', pid: second });
    const healed = await run(place, ['heal', 'web', '--json']);
    expect(healed.json).toMatchObject({ remedy: 'auto', outcome: 'succeeded', reason: 'restarted' });
    const third = await web.up(second);
    expect(pm2.app('web')).toMatchObject({ status: 'online', pid: third });
    expect(web.starts()).toHaveLength(3);
  },
  120_000,
);

story(
  `what PM2 has given up, and what hangs in it, is restarted through PM2; what it brings back itself is left to it${because}`,
  async () => {
    const place = newPlace();
    const pm2 = newPm2(place);
    const web = await newWeb(place);
    const [, script, ...args] = web.argv;
    // PM2 gives its apps a title without their arguments.
    const find = { port: web.port, match: web.script };
    pm2.run('start', script as string, '--name', 'web', '--interpreter', process.execPath, '--', ...args);
    writeConfig(place, { ...QUICK, services: [watched(web, { type: 'auto', find, startWindow: '20s' })] });
    await startEngine(place);
    const first = await web.up();
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
    await until('learned', () => readHome(place, 'recovery-state.json').includes('"pm2"'));

    // Killed: PM2 is quicker than the 15 s that it is given (R4).
    kill(first, 'SIGKILL');
    const second = await web.up(first);
    await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy' && view.status === 'ok');
    expect(logLines(place, 'recovery', 'recovery-started')).toEqual([]);

    // It hangs: PM2 sees nothing of that, and is asked after its 15 s.
    await web.mood('hang');
    await until('its supervisor goes first', () =>
      logLines(place, 'recovery', 'recovery-skipped').some((line) => line['reason'] === 'supervisor-first'),
    );
    const third = await web.up(second);
    await until('healed', () => logLines(place, 'recovery', 'recovery-finished').length === 1);
    expect(logLines(place, 'recovery', 'recovery-finished')).toMatchObject([{ remedy: 'auto', outcome: 'succeeded', reason: 'restarted' }]);
    expect(pm2.app('web')).toMatchObject({ status: 'online', pid: third });
    // PM2 ended it, not the engine.
    expect(logLines(place, 'recovery', 'process-signalled')).toEqual([]);
    await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy');

    // A bad deployment: PM2 starts it again and again and gives up. Mended, it is started through PM2.
    writeFileSync(path.join(place.work, 'broken'), '');
    kill(third, 'SIGKILL');
    await until('it is asked again', () => logLines(place, 'recovery', 'recovery-started').length === 2, 90_000);
    rmSync(path.join(place.work, 'broken'));
    const fourth = await until('it answers again', async () => (await web.pid()) ?? false, 90_000);
    expect(pm2.app('web')).toMatchObject({ status: 'online', pid: fourth });
    await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy');
  },
  240_000,
);

story(
  `what nobody keeps is restarted directly by the same remedy${because}`,
  async () => {
    const place = newPlace();
    const web = await newWeb(place);
    const find = { port: web.port, match: web.argv[3] as string };
    writeConfig(place, {
      ...QUICK,
      services: [watched(web, { type: 'auto', find, start: [...web.argv], cwd: place.work, stopTimeout: '1s' })],
    });
    await startEngine(place);
    const first = await web.up();
    await untilService(place, 'web', 'well', (view) => view.phase === 'healthy');
    kill(first, 'SIGKILL');
    const second = await web.up(first);
    await untilService(place, 'web', 'well again', (view) => view.phase === 'healthy');
    await until('both attempts have their outcome', () => logLines(place, 'recovery', 'recovery-finished').length === 2);
    expect(logLines(place, 'recovery', 'process-started')).toMatchObject([{}, { pid: second }]);
    expect(logLines(place, 'recovery', 'recovery-finished').map((line) => line['reason'])).toEqual(['started', 'started']);
  },
  120_000,
);
