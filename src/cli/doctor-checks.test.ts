import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigInput, configSchema, resolveConfig } from '../contract/config.ts';
import { HealthError } from '../contract/errors.ts';
import type { BackgroundState } from './background.ts';
import { type DoctorDeps, runDoctor } from './doctor-checks.ts';
import type { DoctorLine } from './doctor-line.ts';

const isRoot = process.getuid?.() === 0;
let root: string;
let home: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'doctor-'));
  home = join(root, 'home');
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(root, 'index.html'), '');
});
afterEach(() => rm(root, { recursive: true }));

type Service = ConfigInput['services'][number];
function deps(services: Service[] = [], more: Partial<DoctorDeps> = {}): DoctorDeps {
  const config = resolveConfig(configSchema.parse({ services }));
  return {
    home,
    userHome: root,
    uid: process.getuid?.() ?? 0,
    nodeVersion: '24.21.0',
    clock: { now: () => ({ wallMs: Date.now(), bootMs: 1_000, awakeMs: 1_000, boot: 'b' }) },
    env: { PATH: '/usr/bin:/bin' },
    loadConfig: async () => ({ config, warnings: [] }),
    parseState: (_file, value) => {
      if ((value as { version?: number }).version !== 1) throw new Error('version: expected 1');
    },
    readOwner: async () => ({ pid: 42, mode: 'headless' }),
    isUp: async () => true,
    backgroundState: async () => ({ kind: 'systemd', installed: true, running: true, pid: 42, path: '/unit' }),
    findHelper: async () => ({ kind: 'notify-send', path: '/usr/bin/notify-send' }),
    historyState: async () => undefined,
    dashboard: root,
    trial: async () => ({ status: 'ok', message: 'answered' }),
    ...more,
  };
}
async function lines(given: DoctorDeps): Promise<DoctorLine[]> {
  const found: DoctorLine[] = [];
  for await (const one of runDoctor(given)) found.push(one);
  return found;
}
async function line(component: string, given: DoctorDeps): Promise<DoctorLine | undefined> {
  return (await lines(given)).find((one) => one.component === component);
}
/** Everything in a folder: names, modes, times, contents. */
async function picture(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs, size } = await stat(path);
    hash.update(`${path} ${mode} ${mtimeMs} ${size} ${entry.isFile() ? await readFile(path, 'utf8') : ''}`);
  }
  return hash.digest('hex');
}

describe('a healthy home', () => {
  test('has a line for every component, all well, and is left exactly as it was', async () => {
    await writeFile(join(home, 'reserve'), Buffer.alloc(4_000_000), { mode: 0o600 });
    for (const file of ['health-state.json', 'recovery-state.json', 'alert-state.json']) {
      await writeFile(join(home, file), '{"version":1}', { mode: 0o600 });
    }
    for (const file of ['health.log', 'recovery.log', 'alerts.log']) await writeFile(join(home, file), '{}\n', { mode: 0o600 });
    await writeFile(join(home, 'alert-pending.json'), '{"version":1,"alerts":[]}', { mode: 0o600 });
    await mkdir(join(root, 'app'));
    await writeFile(join(root, 'app/app.sh'), '');
    const before = await picture(root);
    const found = await lines(
      deps([
        {
          id: 'app',
          check: { type: 'command', run: ['true'] },
          recovery: [{ type: 'restart-process', find: { match: 'app' }, start: ['sh', 'app.sh'], cwd: '~/app', log: '~/app/app.log' }],
        },
      ]),
    );
    expect(found.filter((one) => one.ok !== true)).toEqual([]);
    expect(found.map((one) => one.component)).toEqual([
      'node',
      'home',
      'space',
      'configuration',
      'program true',
      `folder ${join(root, 'app')}`,
      'program sh',
      'script app.sh',
      `log ${join(root, 'app/app.log')}`,
      'notifications',
      'engine',
      'control socket',
      'background service',
      'health-state.json',
      'recovery-state.json',
      'alert-state.json',
      'health.log',
      'recovery.log',
      'alerts.log',
      'alert-pending.json',
      'history.db',
      'dashboard',
      'check app',
      'clock',
    ]);
    expect(found.every((one) => one.mend === null)).toBe(true);
    expect(await picture(root)).toBe(before);
  });

  test('a background service that starts nothing is a warning; one of another checkout is told, and is none', async () => {
    const state = { kind: 'systemd', installed: true, running: true, path: '/unit' } as const;
    const line = async (program: BackgroundState['program']) =>
      (await lines(deps([], { backgroundState: async () => ({ ...state, program }) }))).find(
        (one) => one.component === 'background service',
      );
    expect(await line({ kind: 'other', name: '/elsewhere/index.js' })).toMatchObject({
      ok: true,
      found: expect.stringContaining('another installation, /elsewhere/index.js; jarvis-health restart makes it start this one'),
    });
    expect(await line({ kind: 'stale', why: 'names a program that is not there any more, /old' })).toMatchObject({
      ok: 'warning',
      mend: expect.stringContaining('doctor --repair'),
    });
  });

  test('before the first start there is nothing, and that is said without alarm', async () => {
    await rm(home, { recursive: true });
    const found = await lines(
      deps([], {
        loadConfig: () => Promise.reject(new HealthError('config-missing', 'There is no configuration.')),
        readOwner: async () => undefined,
        backgroundState: async () => ({ kind: 'launchd', installed: false, running: false }),
      }),
    );
    expect(found.filter((one) => one.ok === false)).toEqual([]);
    expect(found.filter((one) => one.ok === 'warning').map((one) => one.component)).toEqual([
      'home',
      'space',
      'configuration',
      'engine',
      'background service',
    ]);
  });
});

describe('what is wrong, and the way to mend it', () => {
  test('a history that is damaged, or none; a dashboard that is not built', async () => {
    const history = async (state: DoctorDeps['historyState']) => line('history.db', deps([], { historyState: state }));
    expect(await history(async () => ({ bytes: 35_000_000, check: 'ok' }))).toMatchObject({ ok: true, found: '35 MB, undamaged' });
    expect(await history(async () => ({ bytes: 1, check: 'row 7 missing' }))).toMatchObject({
      ok: false,
      mend: expect.stringContaining('restart'),
    });
    expect(await history(() => Promise.reject(new Error('file is not a database')))).toMatchObject({ ok: false });
    expect(await line('dashboard', deps())).toMatchObject({ ok: true });
    expect(await line('dashboard', deps([], { dashboard: home }))).toMatchObject({ ok: 'warning', mend: 'npm run build' });
  });

  test('an old Node', async () => {
    expect(await line('node', deps([], { nodeVersion: '22.1.0' }))).toMatchObject({ ok: false, mend: 'Install Node 24 or newer.' });
  });

  test('a home, or a file in it, that others may read', async () => {
    await writeFile(join(home, 'api-token'), 'x', { mode: 0o644 });
    await chmod(join(home, 'api-token'), 0o644);
    expect(await line('home', deps())).toMatchObject({ ok: 'warning', mend: `chmod go-rwx '${join(home, 'api-token')}'` });
    await chmod(home, 0o755);
    expect(await line('home', deps())).toMatchObject({ ok: false, mend: `chmod 700 '${home}'` });
  });

  test("a home that is somebody else's, or no folder", async () => {
    expect(await line('home', deps([], { uid: 12_345 }))).toMatchObject({ ok: false, mend: `sudo chown -R 12345 '${home}'` });
    await rm(home, { recursive: true });
    await writeFile(home, '');
    expect(await line('home', deps())).toMatchObject({ ok: false, found: expect.stringContaining('is no folder') });
  });

  test('a reserve that is missing', async () => {
    expect(await line('space', deps())).toMatchObject({ ok: 'warning', found: expect.stringContaining('reserve not there') });
  });

  test('a refused configuration, and one with a warning', async () => {
    const refused = new HealthError('config-invalid', 'config.json line 3: services[0].intervall is not known\nand more');
    const found = await lines(deps([], { loadConfig: () => Promise.reject(refused) }));
    expect(found.find((one) => one.component === 'configuration')).toEqual({
      component: 'configuration',
      ok: false,
      found: 'config.json line 3: services[0].intervall is not known',
      mend: 'jarvis-health validate shows every problem with its line.',
    });
    expect(found.at(-1)?.component).toBe('clock'); // the rest is looked at all the same
    const { config } = await deps().loadConfig();
    const warned = deps([], { loadConfig: async () => ({ config, warnings: [{ message: 'interval under 10 s' }] }) });
    expect(await line('configuration', warned)).toMatchObject({ ok: 'warning', found: '0 services; interval under 10 s' });
  });

  test('programs, folders and logs that the configuration names in vain', async () => {
    await mkdir(join(root, 'app'));
    await writeFile(join(root, 'app/plain.sh'), '', { mode: 0o644 });
    await writeFile(join(root, 'file'), '');
    const services: Service[] = [
      {
        id: 'one',
        check: { type: 'command', run: ['no-such-program'] },
        recovery: [
          { type: 'command', run: ['./plain.sh'], cwd: '~/app' },
          { type: 'restart-process', find: { match: 'x' }, start: ['sh'], cwd: '~/nowhere', log: '~/none/x.log' },
          { type: 'restart-process', find: { match: 'x' }, start: ['sh'], cwd: '~/file', log: '~/app' },
        ],
      },
      { id: 'two', check: { type: 'command', run: ['no-such-program'] } },
    ];
    const found = await lines(deps(services));
    const of = (component: string) => found.filter((one) => one.component === component);
    expect(of('program no-such-program')).toMatchObject([
      { ok: false, found: 'not found on PATH', mend: expect.stringContaining('(one, two)') },
    ]);
    expect(of('program ./plain.sh')).toMatchObject([{ ok: false, mend: `chmod u+x '${join(root, 'app/plain.sh')}'` }]);
    expect(of(`folder ${join(root, 'nowhere')}`)).toMatchObject([{ ok: false, found: 'is not there' }]);
    expect(of(`folder ${join(root, 'file')}`)).toMatchObject([{ ok: false, found: 'is no folder' }]);
    expect(of(`log ${join(root, 'none/x.log')}`)).toMatchObject([{ ok: false, found: `can't be made in ${join(root, 'none')}` }]);
    expect(of(`log ${join(root, 'app')}`)).toMatchObject([{ ok: false, found: 'is no file' }]);
    expect(await line('PATH', deps(services, { env: {} }))).toMatchObject({ ok: false });
  });

  test('no way to show a notice; unless none is wanted', async () => {
    const findHelper = async () => ({ kind: 'none', found: 'notify-send is not on PATH', mend: 'Install it.' });
    expect(await line('notifications', deps([], { findHelper }))).toMatchObject({ ok: false, mend: 'Install it.' });
    const config = resolveConfig(configSchema.parse({ services: [], alerts: { channels: ['queue'] } }));
    expect(await line('notifications', deps([], { findHelper, loadConfig: async () => ({ config, warnings: [] }) }))).toMatchObject({
      ok: true,
    });
  });

  test('an engine that runs and does not answer; one that nobody brings back', async () => {
    expect(await line('control socket', deps([], { isUp: async () => false }))).toMatchObject({ ok: false, mend: 'jarvis-health restart' });
    const detached = deps([], { backgroundState: async () => ({ kind: 'detached', installed: true, running: true }) });
    expect(await line('background service', detached)).toMatchObject({ ok: 'warning' });
  });

  test('damaged state and queue', async () => {
    await writeFile(join(home, 'health-state.json'), '{"version":7}');
    await writeFile(join(home, 'alert-state.json'), '{"ver');
    await writeFile(join(home, 'alert-pending.json'), '{"version":1,"alerts":[{"id":1}]}');
    const found = await lines(deps());
    const of = (component: string) => found.find((one) => one.component === component);
    expect(of('health-state.json')).toMatchObject({ ok: false, found: 'damaged: version: expected 1' });
    expect(of('alert-state.json')).toMatchObject({ ok: false, found: expect.stringContaining('damaged: ') });
    expect(of('alert-pending.json')).toMatchObject({ ok: false });
    expect(of('recovery-state.json')).toMatchObject({ ok: true, found: 'not there yet' });
  });

  test('a log that is a folder, and one that may not be written', async (context) => {
    await mkdir(join(home, 'alerts.log'));
    expect(await line('alerts.log', deps())).toMatchObject({ ok: false, found: 'is no file' });
    if (isRoot) {
      process.stderr.write('skipped: root may write what nobody may\n');
      return context.skip('root may write what nobody may');
    }
    await writeFile(join(home, 'health.log'), '', { mode: 0o400 });
    expect(await line('health.log', deps())).toMatchObject({ ok: false });
  });

  test('a check that cannot look is a fault; a service that is down is none of the check', async () => {
    const services: Service[] = [
      { id: 'blind', check: { type: 'tcp', port: 1 } },
      { id: 'down', check: { type: 'tcp', port: 2 } },
      { id: 'mendable', check: { type: 'tcp', port: 4 }, recovery: [{ type: 'command', run: ['true'] }] },
      { id: 'broken', check: { type: 'tcp', port: 3 } },
    ];
    const trial: DoctorDeps['trial'] = async ({ id }) => {
      if (id === 'broken') throw new Error('the probe broke');
      return id === 'blind' ? { status: 'unknown', message: 'no permission' } : { status: 'error', message: 'refused' };
    };
    const found = (await lines(deps(services, { trial }))).filter((one) => one.component.startsWith('check '));
    expect(found).toMatchObject([
      { component: 'check blind', ok: false, found: 'cannot look: no permission' },
      {
        component: 'check down',
        ok: 'warning',
        found: 'error: refused',
        mend: expect.stringContaining('write a remedy into its recovery'),
      },
      { component: 'check mendable', ok: 'warning', mend: expect.stringContaining('jarvis-health heal mendable') },
      { component: 'check broken', ok: false, found: 'could not look: the probe broke' },
    ]);
  });

  test('a clock that cannot be right, or was set back', async () => {
    const at = (wallMs: number, bootMs = 1_000) => deps([], { clock: { now: () => ({ wallMs, bootMs, awakeMs: 0, boot: 'b' }) } });
    expect(await line('clock', at(0))).toMatchObject({ ok: false, found: expect.stringContaining('1970-01-01') });
    expect(await line('clock', at(Date.UTC(2027, 0, 1), Date.UTC(2030, 0, 1)))).toMatchObject({ ok: false });
    await writeFile(join(home, 'health.log'), '');
    const later = new Date(Date.now() + 3_600_000);
    await utimes(join(home, 'health.log'), later, later);
    expect(await line('clock', deps())).toMatchObject({ ok: 'warning', found: expect.stringContaining('health.log was written later') });
  });

  test('a question that fails is a line, and stops no other', async () => {
    const broken = () => Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }));
    const found = await lines(deps([], { findHelper: broken, readOwner: broken, backgroundState: broken }));
    expect(found.filter((one) => one.ok === false).map((one) => one.component)).toEqual(['notifications', 'engine', 'background service']);
    expect(found.at(-1)?.component).toBe('clock');
  });
});
