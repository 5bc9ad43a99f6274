// What the machine does to an engine: programs that are missing, folders that may not be read, a disk that is full or read-only.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'vitest';
import { run, startEngine } from './helpers/command.ts';
import { inHome, logLines, QUICK, status, untilService, writeConfig } from './helpers/home.ts';
import { freePort, newPlace, type Place } from './helpers/place.ts';
import { until } from './helpers/wait.ts';
import { newWeb } from './helpers/web.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const canMount =
  process.platform === 'linux' && isRoot && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!canMount) process.stdout.write('a full disk and a read-only home are not tested: that needs root and mount(8)\n');
if (!isRoot) process.stdout.write('folders of another user are not tested: that needs root\n');

/** A disk of its own below the place, gone at the end of the test. */
function disk(place: Place, size: string): string {
  const folder = path.join(place.dir, 'disk');
  mkdirSync(folder);
  const { status: code, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (code !== 0) throw new Error(stderr);
  place.atEnd(() => void spawnSync('umount', ['-l', folder]));
  return folder;
}

/** A drive that answers nothing any more, as a network drive does whose server is gone. */
async function deadDrive(place: Place): Promise<string> {
  const folder = path.join(place.dir, 'drive');
  mkdirSync(folder);
  const server = spawn('python3', [path.resolve('test/fixtures/dead-drive.py'), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Its end sets all free that still ask.
  place.atEnd(async () => {
    if (server.kill('SIGKILL')) await once(server, 'exit');
    spawnSync('umount', ['-l', folder]);
  });
  await once(server.stdout, 'data');
  return folder;
}

/** Fills what is left, to the last block. */
function fill(folder: string): void {
  for (const [index, bytes] of [1_000_000, 100_000, 4_096].entries()) {
    try {
      for (let n = 0; ; n += 1) writeFileSync(path.join(folder, `filler-${index}-${n}`), Buffer.alloc(bytes));
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error;
    }
  }
}
const freeBytes = (folder: string): number => statfsSync(folder).bavail * statfsSync(folder).bsize;

it.runIf(canMount).concurrent(
  'a full disk is healed by deleting old logs, with the room that was kept back for it (R3)',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    const folder = disk(place, '24m');
    const full = { ...place, home: path.join(folder, 'home') };
    const logs = path.join(folder, 'logs');
    mkdirSync(logs);
    for (let n = 0; n < 5; n += 1) {
      const file = path.join(logs, `old-${n}.log`);
      writeFileSync(file, Buffer.alloc(1_000_000));
      utimesSync(file, new Date('2026-01-01'), new Date('2026-01-01'));
    }
    writeFileSync(path.join(logs, 'new.log'), 'young\n');
    writeConfig(full, {
      ...QUICK,
      services: [
        {
          id: 'disk',
          check: { type: 'disk', path: folder, minFree: '4MB' },
          recovery: [{ type: 'delete-old-logs', paths: [`${logs}/*.log`], olderThan: '30d', startWindow: '5s' }],
        },
      ],
    });
    const engine = await startEngine(full);
    await untilService(full, 'disk', 'room at first', (view) => view.status === 'ok');
    await until('the reserve is there', () => statSync(inHome(full, 'reserve')).size >= 4_000_000);
    fill(folder);
    expect(freeBytes(folder)).toBeLessThan(4_096);
    await untilService(full, 'disk', 'healed', (view) => view.status === 'ok' && view.lastAttempt?.outcome === 'succeeded', 40_000);
    expect(readdirSync(logs)).toEqual(['new.log']);
    expect(existsSync(inHome(full, 'reserve')), 'it was given up for it').toBe(false);
    expect(logLines(full, 'recovery', 'file-deleted').length).toBeGreaterThan(0);
    for (const line of logLines(full, 'recovery', 'file-deleted'))
      expect(line).toMatchObject({ bytes: expect.any(Number), ageDays: expect.any(Number) });
    await until('nothing is wrong any more', async () => (await status(full)).problems.length === 0);
    expect((await engine.end('SIGTERM')).code).toBe(0);
  },
);

it.runIf(canMount && existsSync('/dev/fuse')).concurrent(
  'a drive that is gone: what does not lie there is healed, what does is told of, and the engine answers (R1, R11)',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    const drive = await deadDrive(place);
    const web = await newWeb(place);
    writeConfig(place, {
      ...QUICK,
      services: [
        { id: 'drive', check: { type: 'disk', path: drive, minFree: '1%', timeout: '1s' } },
        { id: 'logs', check: { type: 'log-files', paths: [`${drive}/logs/*.log`], maxSize: '1MB', timeout: '1s' } },
        { id: 'plugin', check: { type: 'command', run: ['true'], cwd: `${drive}/plugin`, timeout: '1s' } },
        {
          id: 'there',
          check: { type: 'tcp', port: await freePort() },
          holdDuringBuilds: false,
          recovery: [
            {
              type: 'restart-process',
              find: { match: 'there.py' },
              start: ['python3', 'there.py'],
              cwd: `${drive}/there`,
              startWindow: '1s',
            },
          ],
        },
        web.service(),
      ],
    });
    await startEngine(place);
    const view = await untilService(place, 'web', 'healed', (one) => one.status === 'ok', 40_000);
    expect(view.lastAttempt).toMatchObject({ outcome: 'succeeded' });
    await untilService(place, 'there', 'told of', (one) => one.alerting, 60_000);
    expect(logLines(place, 'recovery', 'recovery-finished')).toContainEqual(
      expect.objectContaining({ service: 'there', outcome: 'refused', reason: 'drive-silent' }),
    );
    for (const id of ['drive', 'logs', 'plugin'])
      await untilService(place, id, 'not well', (one) => ['error', 'unknown'].includes(one.status));
  },
);

it.runIf(canMount).concurrent(
  'where not even the intent can be written nothing is done, it is said, and it ends by itself',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    const folder = disk(place, '8m'); // too small for a reserve
    const full = { ...place, home: path.join(folder, 'home') };
    const web = await newWeb(place);
    const pid = await web.startByHand();
    writeConfig(full, { ...QUICK, services: [web.service()] });
    const engine = await startEngine(full);
    await untilService(full, 'web', 'well', (view) => view.status === 'ok');
    fill(folder);
    process.kill(pid, 'SIGKILL');
    const view = await untilService(full, 'web', 'no repair without a record', (one) => one.recoveryReason === 'state-unwritable');
    expect(view.status).toBe('error');
    const shown = await run(full, ['status']);
    expect(shown.out).toContain('The state cannot be written');
    await untilService(full, 'web', 'strikes go on', (one) => one.consecutiveFailures >= 3 && one.alerting);
    expect(web.starts()).toEqual([pid]);
    const refused = await run(full, ['heal', 'web', '--json']);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.err).error.reason).toBe('state-unwritable');
    expect((await run(full, ['status', '--json'])).json.services[0].id, 'it still answers').toBe('web');

    for (const name of readdirSync(folder)) if (name.startsWith('filler-')) rmSync(path.join(folder, name));
    await web.up(pid);
    await untilService(
      full,
      'web',
      'healed when there is room',
      (one) => one.phase === 'healthy' && one.lastAttempt?.outcome === 'succeeded',
    );
    // A notice that could not be queued is tried again after a minute: that alone may still be shown.
    await until('the home is well again', async () => {
      const left = (await status(full)).problems.filter((problem) => problem.code !== 'channel-queue');
      if (left.length > 0) throw new Error(JSON.stringify(left));
      return true;
    });
    await until('the log goes on', () => logLines(full, 'recovery', 'recovery-finished').length > 0);
    expect((await engine.end('SIGTERM')).code).toBe(0);
    JSON.parse((await run(full, ['history', '--json'])).out);
  },
  240_000, // many steps, each with its own patience
);

it.runIf(canMount).concurrent(
  'a full disk that takes services down is one alert with its cause; they are healed when there is room again (R11)',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    const folder = disk(place, '24m');
    const [one, other] = await Promise.all([newWeb(place, 'one'), newWeb(place, 'other')]);
    const pids = await Promise.all([one.startByHand(), other.startByHand()]);
    const services = [
      { id: 'disk', check: { type: 'disk', path: folder, minFree: '1MB' } } as const,
      ...[one, other].map((web) => web.service({}, { cwd: folder, startWindow: '5s' })),
    ];
    writeConfig(place, { ...QUICK, services });
    const engine = await startEngine(place);
    for (const { id } of services) await untilService(place, id, 'well', (view) => view.status === 'ok');
    fill(folder);
    await untilService(place, 'disk', 'full', (view) => view.status === 'error');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    for (const { id } of [one, other]) {
      const view = await untilService(place, id, 'waits for the disk', (now) => now.phase === 'suppressed');
      expect(view).toMatchObject({ waitsFor: ['disk'], alerting: false, lastAttempt: null });
    }
    await until('the alert names both', async () => {
      const { json } = await run(place, ['alerts', '--json']);
      return json.length === 1 && /Also affected: one, other\.$/.test(json[0].message) && json[0].service === 'disk';
    });
    expect((await run(place, ['status'])).out).toContain('waits for disk');
    expect([one.starts(), other.starts()]).toEqual(pids.map((pid) => [pid]));

    for (const name of readdirSync(folder)) if (name.startsWith('filler-')) rmSync(path.join(folder, name));
    for (const [index, web] of [one, other].entries()) {
      await web.up(pids[index]);
      await untilService(place, web.id, 'healed', (now) => now.phase === 'healthy' && now.lastAttempt?.outcome === 'succeeded');
    }
    expect((await engine.end('SIGTERM')).code).toBe(0);
  },
);

it.runIf(canMount).concurrent('a read-only home is refused with what to do; nothing hangs', async ({ expect, onTestFinished }) => {
  const place = newPlace(onTestFinished);
  const folder = disk(place, '8m');
  const locked = { ...place, home: path.join(folder, 'home') };
  writeConfig(locked, { ...QUICK, services: [{ id: 'memory', check: { type: 'memory', maxUsed: '99%' } }] });
  const { status: code } = spawnSync('mount', ['-o', 'remount,ro', folder]);
  expect(code).toBe(0);
  for (const words of [['run'], ['check'], ['pause', 'memory'], ['start']]) {
    const refused = await run(locked, words);
    expect(refused.code, words.join(' ')).toBe(words[0] === 'check' ? 3 : 2);
    expect(refused.err, words.join(' ')).toContain('read-only');
  }
  for (const words of [['validate'], ['history'], ['doctor']]) expect([0, 2], words.join(' ')).toContain((await run(locked, words)).code);
});

it.concurrent('programs that are missing: a check cannot look, and is told once; a remedy fails at once, and gives up', async ({
  expect,
  onTestFinished,
}) => {
  const place = newPlace(onTestFinished);
  const port = await freePort();
  writeConfig(place, {
    ...QUICK,
    recovery: { cooldown: '1s', maxAttempts: 2, window: '30s' },
    services: [
      { id: 'lost', check: { type: 'command', run: ['no-such-program'] }, recovery: [{ type: 'command', run: ['/bin/true'] }] },
      {
        id: 'helpless',
        afterFailures: 50,
        check: { type: 'tcp', port },
        recovery: [{ type: 'command', run: ['/nonexistent/remedy'], startWindow: '30s' }],
      },
    ],
  });
  const engine = await startEngine(place);
  const lost = await untilService(place, 'lost', 'told that it cannot look', (view) => view.alerting);
  expect(lost).toMatchObject({ status: 'unknown', consecutiveFailures: 0, lastAttempt: null });
  expect(lost.message).toContain('no-such-program');
  await untilService(place, 'helpless', 'given up', (view) => view.phase === 'gave-up' && view.alerting);
  const finished = logLines(place, 'recovery', 'recovery-finished');
  expect(finished.map((line) => [line['service'], line['outcome']])).toEqual([
    ['helpless', 'failed'],
    ['helpless', 'failed'],
  ]);
  await until('both alerts are recorded', () => logLines(place, 'alerts', 'alert').length === 2);
  expect(new Set(logLines(place, 'alerts', 'alert').map((line) => `${line['service']} ${line['kind']}`))).toEqual(
    new Set(['lost unknown', 'helpless gave-up']),
  );
  await engine.end('SIGTERM');
});

it.runIf(isRoot).concurrent(
  'folders that may not be read: it cannot look, does not guess, and touches nothing',
  async ({ expect, onTestFinished }) => {
    const place = newPlace(onTestFinished);
    const secret = path.join(place.work, 'secret');
    mkdirSync(secret);
    writeFileSync(path.join(secret, 'big.log'), Buffer.alloc(2_000_000));
    chmodSync(secret, 0o000);
    writeConfig(place, {
      ...QUICK,
      services: [
        {
          id: 'logs',
          check: { type: 'log-files', paths: [`${secret}/*.log`], maxSize: '1MB' },
          recovery: [{ type: 'rotate-logs', keep: 2 }],
        },
      ],
    });
    for (const one of [place.dir, place.home, inHome(place, 'config.json')]) chownSync(one, NOBODY, NOBODY);
    const looked = await run(place, ['check', '--once', '--json'], { uid: NOBODY });
    expect(looked.err).toBe('');
    expect(looked.json.services[0]).toMatchObject({ status: 'unknown', lastAttempt: null });
    expect(looked.code).toBe(3);
    expect(readdirSync(secret)).toEqual(['big.log']);
    expect(statSync(path.join(secret, 'big.log')).size).toBe(2_000_000);

    // Somebody else's home is no home of ours.
    chmodSync(place.home, 0o700);
    const other = await run(place, ['check'], { uid: NOBODY - 1 });
    expect(other.code, 'nothing could be seen').toBe(3);
    expect(other.err).toMatch(/^jarvis-health: .*(EACCES|permission)/);
  },
);
