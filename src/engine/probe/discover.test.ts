import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileMatch } from '../../contract/match.ts';
import type { CommandPort, CommandResult, ProcessPort, ProcessRow, TimersPort } from '../../contract/ports.ts';
import { checkConfig, formatProblems } from '../keep/config-problems.ts';
import { configFromDiscovery, type Discovered, type DiscoverOptions, discover } from './discover.ts';
import { createProcessPort } from './processes.ts';

const fixtures = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
const recorded = (name: string) => readFileSync(join(fixtures, name), 'utf8');
/** Five times as patient as the product: a busy machine must not turn an app that answers into one that is silent. */
const timers: TimersPort = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms * 5);
    return () => clearTimeout(timer);
  },
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
};
const noCommands: CommandPort = { run: async () => ({ kind: 'not-started', code: 'ENOENT', message: 'no such program' }) };

let userHome: string;
let children: ChildProcess[] = [];
let servers: http.Server[] = [];
beforeEach(() => {
  userHome = realpathSync(mkdtempSync(join(tmpdir(), 'health-discover-')));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children = [];
  for (const server of servers.splice(0)) server.closeAllConnections();
  for (const server of servers) server.close();
  servers = [];
  rmSync(userHome, { recursive: true, force: true });
});

let nextPort = 20_000 + (process.pid % 1_000) * 12;
/** A port below the range that the system gives at random, free at this moment, never the same twice. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort += 1;
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
/** Starts the small app as ~/FOLDER/SCRIPT and waits until it listens. */
async function app(folder: string, script: string, args: readonly (string | number)[], execPath = process.execPath): Promise<ChildProcess> {
  const cwd = join(userHome, folder);
  mkdirSync(cwd, { recursive: true });
  copyFileSync(join(fixtures, 'discover-app.mjs'), join(cwd, script));
  const child = spawn(execPath, [script, ...args.map(String)], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}
/** The real process port, which knows of nobody but the test's own children. */
function onlyChildren(): ProcessPort {
  const real = createProcessPort();
  return {
    ...real,
    async table(options) {
      const table = await real.table(options);
      const pids = new Set(children.map(({ pid }) => pid));
      return { ...table, rows: new Map([...table.rows].filter(([pid, { ppid }]) => pids.has(pid) || pids.has(ppid))) };
    },
  };
}
function look(extra: Partial<DiscoverOptions> = {}): Promise<Discovered[]> {
  return discover({
    platform: 'linux',
    processes: onlyChildren(),
    commands: noCommands,
    timers,
    userHome,
    uid: process.getuid?.() ?? 0,
    home: join(userHome, '.local/state/jarvis-health'),
    ...extra,
  });
}
const byId = (found: readonly Discovered[], id: string) => found.find(({ service }) => service.id === id);
function mustPass(found: readonly Discovered[]) {
  const { text } = configFromDiscovery(found, { home: '/home/me/health', now: { wallMs: Date.UTC(2026, 10, 24, 5, 40) } });
  const checked = checkConfig(text, 'config.json');
  if (!checked.ok) throw new Error(formatProblems(checked.problems, 'config.json'));
  return { text, config: checked.config };
}

describe('always', () => {
  it('watches disk, memory and its own logs, and may repair nothing', async () => {
    const found = await look();
    expect(found.map(({ service, kind }) => [service.id, kind])).toEqual([
      ['disk', 'system'],
      ['memory', 'system'],
      ['own-logs', 'system'],
    ]);
    expect(byId(found, 'own-logs')?.service).toMatchObject({ check: { paths: ['~/.local/state/jarvis-health/*.log'] }, recovery: [] });
    const { text, config } = mustPass(found);
    expect(config.services.every(({ recovery }) => recovery.length === 0)).toBe(true);
    expect(Object.keys(JSON.parse(text))[0]).toBe('$schema');
    expect(text).toContain('2026-11-24T05:40:00.000Z, for /home/me/health');
  });

  it('means the characters of a glob in its home as themselves', async () => {
    const found = await look({ home: '/srv/health [1]' });
    expect(byId(found, 'own-logs')?.service.check).toMatchObject({ paths: ['/srv/health \\[1\\]/*.log'] });
  });
});

describe.runIf(process.platform === 'linux')('real programs that listen (Linux)', () => {
  it('finds an app by its folder, asks it over HTTP, and proposes to start it as it was started', async () => {
    const port = await freePort();
    const child = await app('clawd/fitness-tracker', 'app.mjs', [port, 'ok']);
    const found = await look();
    const tracker = byId(found, 'fitness-tracker');
    expect(tracker).toEqual({
      service: {
        id: 'fitness-tracker',
        name: 'Fitness Tracker',
        check: { type: 'http', url: `http://127.0.0.1:${port}/` },
        recovery: [],
        proposed: [
          {
            type: 'restart-process',
            find: { port, match: '/(^|[\\/ ])app\\.mjs( |$)/' },
            start: [process.execPath, 'app.mjs', String(port), 'ok'],
            cwd: '~/clawd/fitness-tracker',
          },
        ],
        url: `http://127.0.0.1:${port}/`,
        cwd: '~/clawd/fitness-tracker',
      },
      kind: 'port',
      why: expect.stringContaining(`app.mjs listens on port ${port} and answers HTTP with 200`),
    });
    const row = await createProcessPort().identify(child.pid as number);
    expect(compileMatch('/(^|[\\/ ])app\\.mjs( |$)/')(row?.command ?? '')).toBe(true);
    mustPass(found);
  });

  it('judges by what answers: a missing page is well, a broken one and silence leave the port', { timeout: 90_000 }, async () => {
    const [missing, broken, silent, endless] = [await freePort(), await freePort(), await freePort(), await freePort()];
    await Promise.all([
      app('a', 'missing.mjs', [missing, 'missing']),
      app('b', 'broken.mjs', [broken, 'broken']),
      app('c', 'silent.mjs', [silent, 'silent']),
      app('d', 'endless.mjs', [endless, 'endless']),
    ]);
    const found = await look();
    expect(byId(found, 'missing')?.service.check).toEqual({ type: 'http', url: `http://127.0.0.1:${missing}/`, status: '200-499' });
    expect(byId(found, 'broken')?.service.check).toEqual({ type: 'tcp', port: broken });
    expect(byId(found, 'silent')?.service.check).toEqual({ type: 'tcp', port: silent });
    expect(byId(found, 'endless')?.service.check).toEqual({ type: 'http', url: `http://127.0.0.1:${endless}/` });
    mustPass(found);
  });

  it('gives two apps of one name ids of their own, in the order of their ports', async () => {
    const ports = [await freePort(), await freePort()].toSorted((a, b) => a - b) as [number, number];
    await app('x/hub', 'app.mjs', [ports[1], 'ok']);
    await app('y/hub', 'app.mjs', [ports[0], 'ok']);
    const ids = (await look()).filter(({ kind }) => kind === 'port').map(({ service }) => service.id);
    expect(ids).toEqual(['hub', `hub-${ports[1]}`]);
  });

  it('copies no secret into the file, and says why nothing is proposed', async () => {
    const port = await freePort();
    await app('vault', 'vault.mjs', [port, 'ok', '', '--api-key=hunter2']);
    const found = await look();
    const vault = byId(found, 'vault');
    expect(vault?.service.proposed).toBeUndefined();
    expect(vault?.why).toContain('may be a secret');
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('proposes nothing for a program that rewrote its command line', async () => {
    const port = await freePort();
    await app('titled', 'server.mjs', [port, 'ok', 'my server']);
    const found = (await look()).find(({ kind }) => kind === 'port');
    expect(found?.service.check).toEqual({ type: 'http', url: `http://127.0.0.1:${port}/` });
    expect(found?.service.proposed).toBeUndefined();
  });

  it('leaves out a port that the system gave at random, the engine itself and other users', async () => {
    await app('random', 'helper.mjs', [0, 'ok']);
    const port = await freePort();
    const mine = await app('mine', 'mine.mjs', [port, 'ok']);
    expect((await look()).filter(({ kind }) => kind === 'port').map(({ service }) => service.id)).toEqual(['mine']);
    const real = onlyChildren();
    const asEngine: ProcessPort = { ...real, table: async (o) => ({ ...(await real.table(o)), protected: new Set([mine.pid as number]) }) };
    expect((await look({ processes: asEngine })).every(({ kind }) => kind === 'system')).toBe(true);
    expect((await look({ uid: 54_321 })).every(({ kind }) => kind === 'system')).toBe(true);
  });

  it('proposes to ask the supervisor that looks after it, by name', async () => {
    const port = await freePort();
    await app('web', 'web.mjs', [port, 'ok']);
    const inGroup = (group: string) => (path: string) =>
      // Only of others: a unit that the engine shares with a service keeps neither.
      path.endsWith('/cgroup') && !path.includes('/self/') ? Promise.resolve(Buffer.from(`0::${group}\n`)) : readFile(path);
    const user = await look({ readFile: inGroup('/user.slice/user-1000.slice/user@1000.service/app.slice/web.service') });
    expect(byId(user, 'web')).toMatchObject({
      service: { recovery: [], proposed: [{ type: 'auto', keeper: { by: 'systemd', name: 'web.service', at: 'user' } }] },
      why: expect.stringContaining('systemd keeps it as web.service'),
    });
    mustPass(user);
    const pm2 = await look({ keepers: { of: async () => ({ by: 'pm2', name: 'shop', at: join(userHome, '.pm2') }) } });
    expect(byId(pm2, 'web')?.service.proposed).toEqual([{ type: 'auto', keeper: { by: 'pm2', name: 'shop', at: '~/.pm2' } }]);
    mustPass(pm2);
    const asUser = onlyChildren();
    const system = await look({
      uid: 1_234,
      processes: {
        ...asUser,
        async table(options) {
          const table = await asUser.table(options);
          return { ...table, rows: new Map([...table.rows].map(([pid, row]) => [pid, { ...row, uid: 1_234 }])) };
        },
      },
      // The kernel's list of sockets names the user as well.
      readFile: async (path) =>
        /net\/tcp6?$/.test(path)
          ? Buffer.from(String(await readFile(path)).replace(/^(\s*\d+:(?:\s+\S+){6}\s+)\d+/gm, '$11234'))
          : inGroup('/system.slice/web.service')(path),
    });
    expect(byId(system, 'web')).toMatchObject({ why: expect.stringContaining('needs an administrator') });
    expect(byId(system, 'web')?.service.proposed).toBeUndefined();
    const cron = await look({ readFile: inGroup('/system.slice/cron.service') });
    expect(byId(cron, 'web')?.service.proposed).toMatchObject([{ type: 'restart-process' }]);
  });
});

describe.runIf(process.platform === 'linux')('the gateway (Linux)', () => {
  function installed(name: string): string {
    const folder = join(userHome, 'bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), 0o755);
    return folder;
  }

  it('is checked at /healthz where the build answers it with JSON', async () => {
    const port = await freePort();
    await app('gw', 'gw.mjs', [port, 'healthz', 'openclaw-gateway']);
    const found = await look({ searchPath: installed('openclaw') });
    expect(found[0]).toMatchObject({
      kind: 'gateway',
      service: {
        id: 'gateway',
        check: { type: 'http', url: `http://127.0.0.1:${port}/healthz`, json: { '/ok': true } },
        recovery: [],
        proposed: [{ type: 'command', run: ['openclaw', 'gateway', 'restart'], timeout: '90s', startWindow: '5m' }],
      },
    });
    expect(found.filter(({ kind }) => kind === 'port')).toEqual([]);
    mustPass(found);
  });

  it('is watched by its process where an old build answers every path with a page', async () => {
    const port = await freePort();
    const child = await app('gw', 'gw.mjs', [port, 'page', 'clawdbot-gateway']);
    const found = await look({ searchPath: installed('clawdbot') });
    expect(found[0]?.service).toMatchObject({
      check: { type: 'process', match: '/(^|\\/)clawdbot-gateway( |$)/' },
      proposed: [{ run: ['clawdbot', 'gateway', 'restart'] }],
    });
    const row = await createProcessPort().identify(child.pid as number);
    expect(compileMatch('/(^|\\/)clawdbot-gateway( |$)/')(row?.command ?? '')).toBe(true);
  });

  it('is not watched where only its command is installed', async () => {
    expect((await look({ searchPath: installed('moltbot') })).every(({ kind }) => kind === 'system')).toBe(true);
  });
});

describe('macOS, by documented output', () => {
  const row = (pid: number, command: string, more: Partial<ProcessRow> = {}): ProcessRow => ({
    pid,
    startId: `start-${pid}`,
    ppid: 1,
    pgid: pid,
    uid: 501,
    name: command.split(' ')[0]?.split('/').at(-1) ?? '',
    command,
    isZombie: false,
    rssBytes: 1,
    cpuMs: 1,
    ageMs: 60_000,
    hasTerminal: false,
    ...more,
  });

  async function onMac(rows: readonly ProcessRow[]) {
    const server = http.createServer((_request, response) => response.end('hello'));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const all = rows.map((one) => ({ ...one, command: one.command.replace('PORT', String(port)) }));
    const done = (output: string, exitCode = 0): CommandResult => ({ kind: 'exited', exitCode, output, lastLine: '' });
    const commands: CommandPort = {
      async run({ argv }) {
        const line = argv.join(' ');
        if (line.startsWith('/usr/sbin/lsof')) return done(recorded('discover-macos-lsof-listen.txt').replaceAll('PORT', String(port)), 1);
        if (line === '/bin/launchctl list') return done(recorded('discover-macos-launchctl-list.txt'));
        if (line === '/bin/launchctl print-disabled gui/501') return done(recorded('discover-macos-launchctl-print-disabled.txt'));
        if (line.startsWith('/usr/bin/plutil')) {
          return done(
            '<plist version="1.0"><dict><key>Label</key><string>com.example.binary</string><key>KeepAlive</key><true/></dict></plist>',
          );
        }
        return done('', 1);
      },
    };
    const processes: ProcessPort = {
      table: async () => ({ rows: new Map(all.map((one) => [one.pid, one])), protected: new Set([999]) }),
      identify: async (pid) => all.find((one) => one.pid === pid),
      isAlive: () => true,
      portOwners: async () => ({ kind: 'unknown', why: 'not asked' }),
      cwd: async () => '/Users/me/clawd/fitness-tracker',
      openFiles: async () => ({ kind: 'unknown', why: 'not asked' }),
    };
    const agents = join(fixtures, 'discover-macos-agents');
    const inFixtures = (path: string) => path.replace('/Users/me/Library/LaunchAgents', agents);
    const found = await look({
      platform: 'darwin',
      processes,
      commands,
      userHome: '/Users/me',
      uid: 501,
      home: '/Users/me/Library/Application Support/Jarvis Health',
      searchPath: '/opt/homebrew/bin',
      readFile: (path) => readFile(inFixtures(path)),
      listFolder: (path) => readdir(inFixtures(path)),
      isExecutable: async (path) => ['/opt/homebrew/bin/python3', '/opt/homebrew/bin/moltbot'].includes(path),
    });
    return { found, port };
  }

  it('finds ports, agents and the gateway, and leaves out what looks after itself', async () => {
    const { found, port } = await onMac([
      row(709, '/opt/homebrew/opt/redis/bin/redis-server 127.0.0.1:6379'),
      row(710, '/opt/homebrew/bin/supervise fitness'),
      row(730, 'python3 app.py --port PORT', { ppid: 710 }),
      row(711, '/usr/local/bin/sync-agent'),
      row(350, '/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter'),
      row(352, '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome --remote-debugging-port=9222', { name: 'Google Chrome' }),
      row(612, 'moltbot-gateway'),
      row(613, '/opt/homebrew/bin/node /opt/homebrew/lib/browser-control.js', { ppid: 612 }),
      row(740, '/opt/homebrew/bin/lan-only'),
    ]);
    expect(found.map(({ service, kind }) => [service.id, kind])).toEqual([
      ['gateway', 'gateway'],
      ['redis', 'port'],
      ['fitness-tracker', 'port'],
      ['binary', 'launch-agent'],
      ['sync-agent', 'launch-agent'],
      ['disk', 'system'],
      ['memory', 'system'],
      ['own-logs', 'system'],
    ]);
    expect(byId(found, 'gateway')?.service).toMatchObject({
      check: { type: 'process', match: '/(^|\\/)moltbot-gateway( |$)/' },
      proposed: [{ type: 'command', run: ['moltbot', 'gateway', 'restart'], startWindow: '5m' }],
    });
    expect(byId(found, 'redis')?.service).toMatchObject({
      check: { type: 'tcp', port: 6379 },
      proposed: [{ type: 'auto', keeper: { by: 'brew', name: 'redis' } }],
    });
    // Its supervisor is the agent above it, so that one is asked.
    expect(byId(found, 'fitness-tracker')?.service).toMatchObject({
      check: { type: 'http', url: `http://127.0.0.1:${port}/` },
      proposed: [{ type: 'launchd', label: 'com.example.fitness-tracker' }],
    });
    expect(byId(found, 'sync-agent')?.service.check).toEqual({ type: 'process', launchdLabel: 'com.example.sync.agent' });
    expect(byId(found, 'own-logs')?.service.check).toMatchObject({ paths: ['~/Library/Application Support/Jarvis Health/*.log'] });
    mustPass(found);
  });

  it('takes a command apart only where its words are certain, and says that they are to be compared', async () => {
    const { found, port } = await onMac([row(730, 'python3 app.py --port PORT')]);
    expect(byId(found, 'fitness-tracker')).toMatchObject({
      service: { proposed: [{ start: ['python3', 'app.py', '--port', String(port)], cwd: '~/clawd/fitness-tracker' }] },
      why: expect.stringContaining('compare its words'),
    });
    const { found: quoted } = await onMac([row(730, 'python3 app.py --greeting  "a b" --port PORT')]);
    expect(quoted.find(({ kind }) => kind === 'port')?.service.proposed).toBeUndefined();
    const { found: renamed } = await onMac([row(730, 'my app is ready on PORT')]);
    expect(renamed.find(({ kind }) => kind === 'port')?.service.proposed).toBeUndefined();
  });
});
