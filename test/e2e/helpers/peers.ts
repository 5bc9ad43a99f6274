// The real supervisors of the tests: PM2 from bench/peers, supervisord from the system. Neither is needed for the test command of the
// README: where one is missing its tests are skipped and a line says how to get it. With JARVIS_TEST_PEERS=1 they are installed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import { until } from './wait.ts';

const PEERS = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));
const PM2 = path.join(PEERS, 'node_modules/pm2/bin/pm2');
const mayInstall = process.env['JARVIS_TEST_PEERS'] === '1';

const runs = (file: string, ...args: string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0;
function without(name: string, how: string): string {
  const why = `${name} is not installed: ${how}, or set JARVIS_TEST_PEERS=1`;
  process.stderr.write(`Skipped: ${why}\n`);
  return why;
}

/** Why the tests with PM2 are skipped; undefined: it is there. */
export function whyNoPm2(): string | undefined {
  if (!existsSync(PM2) && mayInstall)
    spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: PEERS, stdio: 'ignore' });
  return existsSync(PM2) ? undefined : without('PM2', 'npm ci --ignore-scripts in bench/peers');
}

export function whyNoSupervisord(): string | undefined {
  const isThere = (): boolean => runs('supervisord', '--version');
  if (!isThere() && mayInstall && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', 'supervisor']]) spawnSync('apt-get', args, { env, stdio: 'ignore' });
  }
  return isThere() ? undefined : without('supervisord', 'apt-get install supervisor');
}

export interface Pm2 {
  readonly home: string;
  /** PM2's own command; its output. */
  run(...args: string[]): string;
  /** What `pm2 jlist` says of an app. */
  app(name: string): { pid: number; status: string; restarts: number } | undefined;
}

/** A PM2 of this test alone. `home` default: where the engine of the place looks by itself. */
export function newPm2(place: Place, home = path.join(place.dir, '.pm2')): Pm2 {
  const env = { ...process.env, HOME: place.dir, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' };
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [PM2, ...args], { env, cwd: place.work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  place.atEnd(() => void spawnSync(process.execPath, [PM2, 'kill'], { env, stdio: 'ignore' }));
  return {
    home,
    run,
    app(name) {
      const text = run('jlist', '--silent');
      const all = JSON.parse(text.slice(text.indexOf('['))) as {
        name: string;
        pid: number;
        pm2_env: { status: string; restart_time: number };
      }[];
      const found = all.find((app) => app.name === name);
      return found && { pid: found.pid, status: found.pm2_env.status, restarts: found.pm2_env.restart_time };
    },
  };
}

/** A supervisord of this test alone with these programs; resolves when it answers. Returns its own command. */
export async function newSupervisord(place: Place, programs: string): Promise<{ config: string; ctl(...args: string[]): string }> {
  const config = path.join(place.work, 'supervisord.conf');
  const file = (name: string): string => path.join(place.work, name);
  writeFileSync(
    config,
    `[supervisord]
logfile=${file('supervisord.log')}
pidfile=${file('supervisord.pid')}
nodaemon=true
[unix_http_server]
file=${file('s.sock')}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${file('s.sock')}
${programs}`,
  );
  const child = spawn('supervisord', ['-c', config], { cwd: place.work, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  place.atEnd(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const ctl = (...args: string[]): string => spawnSync('supervisorctl', ['-c', config, ...args], { encoding: 'utf8' }).stdout;
  await until('supervisord answers', () => /RUNNING|STARTING|STOPPED/.test(ctl('status')));
  return { config, ctl };
}
