// The demo's three services and the configuration that watches them. Starts processes; the demo ends them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../../src/contract/config.ts';

const SERVICE = fileURLToPath(new URL('./service.ts', import.meta.url));

export interface Demo {
  readonly folder: string;
  readonly ports: { readonly web: number; readonly api: number; readonly jobs: number };
  readonly log: string;
  readonly argv: { readonly web: string[]; readonly api: string[]; readonly jobs: string[] };
  readonly hasPython: boolean;
}

export async function prepare(folder: string): Promise<Demo> {
  const [web, api, jobs] = (await Promise.all([freePort(), freePort(), freePort()])) as [number, number, number];
  const hasPython = canRun('python3');
  const node = process.execPath;
  const log = path.join(folder, 'jobs.log');
  return {
    folder,
    ports: { web, api, jobs },
    log,
    hasPython,
    argv: {
      web: hasPython ? ['python3', '-m', 'http.server', String(web), '--bind', '127.0.0.1'] : [node, SERVICE, String(web)],
      api: [node, SERVICE, String(api)],
      jobs: [node, SERVICE, String(jobs), log],
    },
  };
}

/** Short intervals, so that a demo takes a minute; nobody would watch their machine this closely. */
export function configOf({ folder, ports, argv, log }: Demo): ConfigInput {
  const restart = (port: number, start: string[]) => ({
    type: 'restart-process' as const,
    find: { port, match: start.slice(1).join(' ') },
    start,
    cwd: folder,
    stopTimeout: '2s',
    startWindow: '15s',
  });
  const http = (port: number) => ({ type: 'http' as const, url: `http://127.0.0.1:${port}/`, timeout: '1s' });
  return {
    interval: '1s',
    retryInterval: '1s',
    recovery: { cooldown: '1s', window: '30s' },
    alerts: { channels: ['queue'] },
    services: [
      { id: 'web', name: 'Web', check: http(ports.web), recovery: [restart(ports.web, argv.web)] },
      { id: 'api', name: 'API', check: http(ports.api), recovery: [restart(ports.api, argv.api)] },
      { id: 'jobs', name: 'Jobs', check: http(ports.jobs), recovery: [restart(ports.jobs, argv.jobs)], logs: log },
      {
        id: 'jobs-log',
        name: 'Jobs Log',
        check: { type: 'log-files', paths: [log], maxSize: '1MB' },
        recovery: [{ type: 'rotate-logs', keep: 3, startWindow: '15s' }],
      },
    ],
  };
}

/** Starts one of the services the way a person would have, before the engine knows of it. */
export function startService(argv: readonly string[], cwd: string): ChildProcess {
  const [file, ...args] = argv as [string, ...string[]];
  const child = spawn(file, args, { cwd, detached: true, stdio: 'ignore' });
  child.unref();
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  return child;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
