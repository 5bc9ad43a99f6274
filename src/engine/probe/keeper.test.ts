// Who keeps a process, and what each supervisor's recorded words about it mean (R12); a terminal and PM2's silence for real.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandResult, ProcessRow } from '../../contract/ports.ts';
import { createKeeperPort, type KeeperFacts, keeperFrom } from './keeper.ts';
import * as parse from './keeper-parse.ts';

const recorded = (name: string, folder = 'keepers') =>
  readFileSync(path.join(import.meta.dirname, '../../../test/fixtures', folder, name), 'utf8');

let pids = 100;
function row(command: string, over: Partial<ProcessRow> = {}): ProcessRow {
  pids += 1;
  const name = command.split(' ')[0]?.split('/').at(-1) ?? '';
  return {
    pid: pids,
    startId: `s${pids}`,
    ppid: 1,
    pgid: pids,
    uid: 501,
    name,
    command,
    isZombie: false,
    rssBytes: 0,
    cpuMs: 0,
    ageMs: 0,
    hasTerminal: false,
    ...over,
  };
}
const of = (over: Partial<KeeperFacts> = {}) =>
  keeperFrom({
    row: row('node app.js'),
    ancestors: [],
    cgroup: '',
    ownCgroup: '',
    env: new Map(),
    jobs: new Map(),
    enginePid: 1_000_000,
    uid: 501,
    ...over,
  });

describe('who keeps a process', () => {
  const daemon = row('PM2 v7.0.4: God Daemon (/home/ada/.pm2)');
  const supervisord = row('/usr/bin/python3 /usr/bin/supervisord -n -c /etc/supervisor/supervisord.conf');
  const shell = row('-bash', { hasTerminal: true });
  const unit = (path: string) => `0::${path}\n`;
  const user = '/user.slice/user-501.slice/user@501.service';

  it.each([
    [
      'a container, by the driver of cgroups that Docker uses',
      { cgroup: unit(`/system.slice/docker-${'ab'.repeat(32)}.scope`) },
      { by: 'docker', name: 'ab'.repeat(32) },
    ],
    ['a container under the old hierarchy', { cgroup: `12:pids:/docker/${'cd'.repeat(32)}\n` }, { by: 'docker', name: 'cd'.repeat(32) }],
    [
      'PM2, although systemd keeps PM2',
      { ancestors: [daemon], cgroup: unit('/system.slice/pm2-ada.service') },
      { by: 'pm2', at: '/home/ada/.pm2' },
    ],
    [
      'PM2, although the process has a terminal of its own',
      { ancestors: [daemon], row: row('node app.js', { hasTerminal: true }) },
      { by: 'pm2' },
    ],
    [
      'supervisord, by what it tells its programs',
      {
        ancestors: [supervisord],
        env: new Map([
          ['SUPERVISOR_PROCESS_NAME', 'web_0'],
          ['SUPERVISOR_GROUP_NAME', 'shop'],
        ]),
      },
      { by: 'supervisord', name: 'shop:web_0', at: '/etc/supervisor/supervisord.conf' },
    ],
    ['a unit of the user', { cgroup: unit(`${user}/app.slice/web.service`) }, { by: 'systemd', name: 'web.service', at: 'user' }],
    [
      'a unit of the system, in both hierarchies at once',
      { cgroup: '1:name=systemd:/system.slice/web.service\n0::/\n' },
      { by: 'systemd', name: 'web.service', at: 'system' },
    ],
    [
      'a unit with parts below it',
      { cgroup: unit('/system.slice/web.service/workers') },
      { by: 'systemd', name: 'web.service', at: 'system' },
    ],
    [
      'a container, by what listens for it',
      { row: row('/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 3000 -container-ip 172.17.0.2') },
      { by: 'docker', at: '3000' },
    ],
    [
      'nobody: the engine is in that container too',
      { cgroup: `12:pids:/docker/${'cd'.repeat(32)}\n`, ownCgroup: `12:pids:/docker/${'cd'.repeat(32)}\n` },
      { by: 'nobody' },
    ],
    [
      'nobody: the engine is in that unit too',
      { cgroup: unit('/system.slice/runner.service'), ownCgroup: unit('/system.slice/runner.service') },
      { by: 'nobody' },
    ],
    ['nobody: the desktop started it over its bus', { cgroup: unit(`${user}/app.slice/dbus.service`) }, { by: 'nobody' }],
    ['nobody: its shell started it', { cgroup: unit(`${user}/session.slice/org.gnome.Shell@wayland.service`) }, { by: 'nobody' }],
    [
      'nobody: it came over ssh',
      { cgroup: unit('/system.slice/system-sshd.slice/sshd@3-10.0.0.1:22-10.0.0.2:999.service') },
      { by: 'nobody' },
    ],
    ['nobody: the login manager started it', { cgroup: unit('/system.slice/lightdm.service') }, { by: 'nobody' }],
    ['nobody: cron only started it', { cgroup: unit('/system.slice/cron.service') }, { by: 'nobody' }],
    ['nobody: the desktop only started it', { cgroup: unit(`${user}/app.slice/app-gnome-firefox-1.scope`) }, { by: 'nobody' }],
    [
      'a terminal, by the shell that is still there',
      { ancestors: [shell], row: row('node app.js', { hasTerminal: true }), cgroup: unit(`${user}/app.slice/vte-spawn.scope`) },
      { by: 'terminal', shell: { pid: shell.pid, startId: shell.startId } },
    ],
    [
      'nobody: this engine started it, and is no keeper',
      {
        ancestors: [row('node engine', { pid: 77, hasTerminal: true })],
        enginePid: 77,
        row: row('node app.js', { hasTerminal: true }),
      },
      { by: 'nobody' },
    ],
  ] as const)('%s', (_what, facts, keeper) => {
    expect(of(facts as Partial<KeeperFacts>)).toMatchObject(keeper);
  });

  it('launchd by its label, brew by its formula, of the process or what is above it; an app of the Dock is nobody’s', () => {
    const app = row('/opt/homebrew/bin/redis-server');
    const jobs = (label: string) => new Map([[app.pid, label]]);
    expect(of({ row: app, jobs: jobs('com.example.web') })).toEqual({ by: 'launchd', name: 'com.example.web', at: 'gui/501' });
    expect(of({ row: app, jobs: jobs('homebrew.mxcl.redis') })).toEqual({ by: 'brew', name: 'redis' });
    expect(of({ ancestors: [app], jobs: jobs('com.example.web') })).toMatchObject({ by: 'launchd' });
    expect(of({ row: app, jobs: jobs('application.com.example.editor.1.2') })).toEqual({ by: 'nobody', name: '' });
  });
});

describe('a unit of systemd keeps what its main process runs', () => {
  const main = row('/usr/bin/clawdbot gateway');
  const child = row('/bin/sh -c npm start', { ppid: main.pid });
  const app = row('node app.js', { ppid: child.pid });
  const orphan = row('python3 app.py');
  const asked: string[] = [];
  function port(shown: string) {
    const table = { rows: new Map([main, child, app, orphan].map((one) => [one.pid, one])), protected: new Set([1_000_000]) };
    return createKeeperPort({
      processes: { table: async () => table } as never,
      commands: {
        run: async ({ argv }) => {
          asked.push(argv.join(' '));
          return { kind: 'exited', exitCode: 0, output: shown, lastLine: '' };
        },
      },
      pm2: { call: () => Promise.reject(new Error('not asked')) },
      platform: 'linux',
      uid: 501,
      userHome: '/home/ada',
      read: async (file) => (file.endsWith('/self/cgroup') ? '0::/user.slice\n' : '0::/system.slice/web.service\n'),
    });
  }
  it.each([
    ['the main process itself', main, `MainPID=${main.pid}`, 'systemd'],
    ['what it runs', app, `MainPID=${main.pid}`, 'systemd'],
    ['what systemd has no main process for', app, 'MainPID=0', 'systemd'],
    ['what systemd does not tell of', app, '', 'systemd'],
    ['but not what was left behind in its group', orphan, `MainPID=${main.pid}`, 'nobody'],
  ])('%s', async (_, one, shown, by) => {
    expect((await port(shown).of(one)).by).toBe(by);
    expect(asked.at(-1)).toBe('systemctl show web.service -p MainPID');
  });
});

describe('a published port', () => {
  const proxy = row('/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 3000 -container-ip 172.17.0.2');
  const keeperOf = (output: string) =>
    createKeeperPort({
      processes: { table: async () => ({ rows: new Map([[proxy.pid, proxy]]), protected: new Set([1_000_000]) }) } as never,
      commands: { run: async () => ({ kind: 'exited', exitCode: 0, output, lastLine: output.trim().split('\n').at(-1) ?? '' }) },
      pm2: { call: () => Promise.reject(new Error('not asked')) },
      platform: 'linux',
      uid: 501,
      userHome: '/home/ada',
      read: async () => '',
    }).of(proxy);
  it('is of the one container that has it', async () => {
    expect(await keeperOf('shop-web-1\n')).toEqual({ by: 'docker', name: 'shop-web-1' });
  });
  it('is not known to be anybody’s where two have it, on two addresses', async () => {
    await expect(keeperOf('shop-web-1\nother-web-1\n')).rejects.toThrow('port 3000 is published by shop-web-1 and by other-web-1');
  });
});

describe('what they say', () => {
  it('PM2: stopped is a word, errored is not', () => {
    const say = (name: string) => parse.pm2State(parse.appsOf(JSON.parse(recorded(name))), 'web');
    expect(say('pm2-stopped.json')).toMatchObject({ kind: 'stopped', reason: 'stopped-in-pm2' });
    expect(say('pm2-no-autorestart.json')).toMatchObject({ kind: 'stopped', why: expect.stringContaining('autorestart is off') });
    expect(say('pm2-online.json')).toMatchObject({ kind: 'running', restartsItself: true });
    expect(say('pm2-waiting.json')).toMatchObject({ kind: 'down', reason: 'restarting-in-pm2', restartsItself: true });
    expect(say('pm2-errored.json')).toMatchObject({ kind: 'down', reason: 'gave-up-in-pm2', restartsItself: false });
    expect(parse.pm2State([], 'web')).toMatchObject({ kind: 'gone', reason: 'not-in-pm2' });
    // One instance of a cluster was stopped, the other has failed: the app itself was not stopped.
    const [stopped] = parse.appsOf(JSON.parse(recorded('pm2-stopped.json')));
    const [errored] = parse.appsOf(JSON.parse(recorded('pm2-errored.json')));
    expect(parse.pm2State([stopped as parse.Pm2App, { ...(errored as parse.Pm2App), id: 1 }], 'web')).toMatchObject({
      kind: 'down',
      reason: 'gave-up-in-pm2',
      restartsItself: false,
    });
    // It has just crashed, and PM2 starts it again in a moment: that is no word of its owner.
    expect(parse.pm2State([{ ...(stopped as parse.Pm2App), pid: 4711 }], 'web')).toMatchObject({
      kind: 'down',
      reason: 'restarting-in-pm2',
      restartsItself: true,
    });
    expect(parse.appsOf({ garbage: true })).toEqual([]);
  });

  it('systemd: a stop job is a word, a failure and an end of its own are not', () => {
    const say = (name: string, job?: string) => parse.systemdState('web.service', parse.propertiesOf(recorded(name)), job);
    expect(say('systemctl-stopped-always.txt')).toMatchObject({ kind: 'stopped', reason: 'stopped-in-systemd' });
    expect(say('systemctl-inactive.txt', parse.lastJobOf(recorded('journalctl-stopped.jsonl')))).toMatchObject({ kind: 'stopped' });
    expect(say('systemctl-inactive.txt', parse.lastJobOf(recorded('journalctl-ended.jsonl')))).toMatchObject({
      kind: 'down',
      reason: 'ended-in-systemd',
      restartsItself: false,
    });
    // Where the journal may not be read, the safer of the two.
    expect(say('systemctl-inactive.txt')).toMatchObject({ kind: 'stopped' });
    expect(say('systemctl-failed.txt')).toMatchObject({ kind: 'down', reason: 'failed-in-systemd', restartsItself: false });
    expect(say('systemctl-auto-restart.txt')).toMatchObject({ kind: 'down', restartsItself: true });
    expect(say('systemctl-active.txt')).toMatchObject({ kind: 'running', restartsItself: true });
    expect(say('systemctl-not-found.txt')).toMatchObject({ kind: 'gone' });
  });

  it('Docker: an order is an event, or what the policy leaves no other way for', () => {
    const say = (name: string, events: string[] = []) => {
      const look = parse.dockerLookOf(recorded(name));
      if (!look) throw new Error(name);
      return parse.dockerState('web', look, events);
    };
    expect(say('docker-exited-unless-stopped.json')).toMatchObject({ kind: 'stopped', reason: 'stopped-in-docker' });
    expect(say('docker-exited-1.json', ['start <no value>', 'kill 15', 'die <no value>', 'stop <no value>'])).toMatchObject({
      kind: 'stopped',
    });
    expect(say('docker-exited-1.json', ['start <no value>', 'kill 1', 'die <no value>'])).toMatchObject({ kind: 'down' });
    // Stopped last week, started since, and now it has died.
    expect(say('docker-exited-1.json', ['stop <no value>', 'start <no value>', 'die <no value>'])).toMatchObject({
      kind: 'down',
      reason: 'ended-in-docker',
    });
    expect(say('docker-exited-137.json')).toMatchObject({ kind: 'stopped' });
    expect(say('docker-exited-oom.json')).toMatchObject({ kind: 'down' });
    expect(say('docker-running.json')).toMatchObject({ kind: 'running', restartsItself: true });
    expect(say('docker-restarting.json')).toMatchObject({ kind: 'down', restartsItself: true });
    expect(parse.dockerLookOf('Error response from daemon')).toBeUndefined();
  });

  it('supervisord: STOPPED is a word, FATAL and EXITED are not', () => {
    const all = recorded('supervisorctl-all.txt');
    expect(parse.supervisordState('web', all)).toMatchObject({ kind: 'stopped', reason: 'stopped-in-supervisord' });
    expect(parse.supervisordState('idle', all)).toMatchObject({ kind: 'stopped' });
    expect(parse.supervisordState('bad', all)).toMatchObject({ kind: 'down', reason: 'gave-up-in-supervisord', restartsItself: false });
    expect(parse.supervisordState('once', all)).toMatchObject({ kind: 'down', reason: 'ended-in-supervisord' });
    expect(parse.supervisordState('web', recorded('supervisorctl-running.txt'))).toMatchObject({ kind: 'running', restartsItself: true });
    expect(parse.supervisordState('nosuch', recorded('supervisorctl-unknown.txt'))).toMatchObject({ kind: 'gone' });
    expect(parse.supervisordState('web', recorded('supervisorctl-gone.txt'))).toMatchObject({ kind: 'gone', reason: 'no-supervisord' });
  });
});

describe('launchd and brew services, by published output', () => {
  const label = 'com.example.gateway';
  function mac(job: string, disabled: string, hasPlist = true, name = label) {
    const exited = (exitCode: number, output: string): CommandResult => ({ kind: 'exited', exitCode, output, lastLine: '' });
    const asked: string[] = [];
    const port = createKeeperPort({
      processes: {} as never,
      commands: {
        run: async ({ argv }) => {
          asked.push(argv.slice(1).join(' '));
          if (argv[1] === 'print') return exited(job.includes('113') ? 113 : 0, recorded(job, 'heal-launchctl'));
          return exited(0, recorded(disabled, 'heal-launchctl').replaceAll(label, name));
        },
      },
      pm2: { call: () => Promise.reject(new Error('not asked')) },
      platform: 'darwin',
      uid: 501,
      userHome: '/Users/ada',
      exists: (file) => hasPlist && file === `/Users/ada/Library/LaunchAgents/${name}.plist`,
    });
    return { port, asked };
  }
  const ask = (job: string, disabled: string) => mac(job, disabled).port.stateOf({ by: 'launchd', name: label });
  const brew = (job: string, hasPlist: boolean) =>
    mac(job, 'print-disabled-none.txt', hasPlist, 'homebrew.mxcl.redis').port.stateOf({ by: 'brew', name: 'redis' });

  it('disabled is a word; not loaded alone is none: it is an error with a button', async () => {
    expect(await ask('print-running.txt', 'print-disabled-new.txt')).toMatchObject({ kind: 'stopped', reason: 'disabled-in-launchd' });
    expect(await ask('print-missing-113.txt', 'print-disabled-old.txt')).toMatchObject({ kind: 'stopped' });
    expect(await ask('print-missing-113.txt', 'print-disabled-none.txt')).toMatchObject({
      kind: 'down',
      reason: 'agent-not-loaded',
      restartsItself: false,
    });
    expect(await ask('print-idle.txt', 'print-disabled-none.txt')).toMatchObject({ kind: 'down', restartsItself: true });
    expect(await ask('print-running.txt', 'print-disabled-none.txt')).toMatchObject({ kind: 'running' });
  });

  it('brew services stop takes the job and its file away; a crash leaves both', async () => {
    expect(await brew('print-missing-113.txt', false)).toMatchObject({ kind: 'stopped', reason: 'stopped-in-brew' });
    expect(await brew('print-missing-113.txt', true)).toMatchObject({ kind: 'down', reason: 'agent-not-loaded' });
    expect(await brew('print-idle.txt', true)).toMatchObject({ kind: 'down', restartsItself: true });
  });
});

it('a supervisor that is not there, or does not answer, is told as such and never started', async () => {
  const calls: string[] = [];
  const port = createKeeperPort({
    processes: { isAlive: () => false } as never,
    commands: {
      run: async ({ argv }) => {
        calls.push(argv[0] ?? '');
        return { kind: 'not-started', code: 'ENOENT', message: 'no such program' };
      },
    },
    pm2: { call: () => Promise.reject(Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' })) },
    platform: 'linux',
    uid: 501,
    userHome: '/home/ada',
  });
  expect(await port.stateOf({ by: 'pm2', name: 'web' })).toMatchObject({
    kind: 'gone',
    reason: 'no-pm2',
    why: 'PM2 does not run (/home/ada/.pm2).',
  });
  for (const by of ['systemd', 'docker', 'supervisord'] as const)
    expect(await port.stateOf({ by, name: 'web' })).toMatchObject({ kind: 'unknown', reason: 'keeper-unclear' });
  expect(calls).toEqual(['systemctl', 'docker', 'supervisorctl']);
  // Nobody sits at a terminal whose shell has ended.
  expect(await port.stateOf({ by: 'terminal', name: 'bash', shell: { pid: 9, startId: 'x' } })).toMatchObject({ kind: 'down' });
});

describe('a supervisor that does not answer when it is asked who a process is', () => {
  const silent = { kind: 'timed-out', output: '', lastLine: '' } as const;
  async function ofAppBelow(daemon: ProcessRow, command = 'node app.js') {
    const app = row(command, { ppid: daemon.pid });
    const rows = new Map([daemon, app].map((one) => [one.pid, one]));
    const port = createKeeperPort({
      processes: { table: async () => ({ rows, protected: new Set([9_999_999]) }), cwd: async () => '/' } as never,
      commands: { run: async () => silent },
      pm2: { call: () => Promise.reject(new Error('PM2 did not answer within 30 s')) },
      platform: 'linux',
      uid: 501,
      userHome: '/home/ada',
      read: async () => '',
    });
    return port.of(app);
  }

  it.each([
    ['PM2', row('PM2 v7.0.4: God Daemon (/home/ada/.pm2)'), 'node app.js'],
    ['supervisord', row('/usr/bin/python3 /usr/bin/supervisord -n -c /etc/supervisord.conf'), 'node app.js'],
    ['Docker', row('/sbin/init'), '/usr/bin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 8080'],
  ])('%s: nobody knows, which is not "nobody"', async (_name, daemon, command) => {
    await expect(ofAppBelow(daemon, command)).rejects.toThrow(/did not answer/);
  });
});
