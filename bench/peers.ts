// The peers of the healing figures, each watching one service of its own: Monit from the system's packages at its fastest
// cycle (1 s), PM2 from bench/peers. Installs what is missing where it may; else the figure is skipped with the reason.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAB, newFolder, progress, SERVICE, start } from './lab.ts';

const PEERS = fileURLToPath(new URL('./peers/', import.meta.url));
const PM2 = path.join(PEERS, 'node_modules/pm2/bin/pm2');

export interface Peer {
  end(): Promise<void>;
}

function run(argv: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string | undefined {
  const [file, ...args] = argv as [string, ...string[]];
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options });
  } catch {
    return undefined;
  }
}

/** Its first line of `--version`, or undefined when there is none and none can be had. */
export function findMonit(): string | undefined {
  const version = (): string | undefined => /version ([\d.]+)/.exec(run(['monit', '--version']) ?? '')?.[1];
  if (!version() && process.getuid?.() === 0 && run(['apt-get', '--version'])) {
    progress('installing monit');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run(['apt-get', 'update'], { env });
    run(['apt-get', 'install', '-y', 'monit'], { env });
  }
  return version();
}

/** Monit in the foreground with nothing but this service, started as Monit wants it: its start program must return. In seconds:
 * `timeout` of the http test; `startTimeout` of the start, for as long as which Monit also does not test the port afterwards. */
export function startMonit(port: number, timeout: number, startTimeout: number): Peer {
  const folder = newFolder('monit');
  const pidFile = path.join(folder, 'service.pid');
  const control = path.join(folder, 'monitrc');
  const file = (name: string): string => path.join(folder, name);
  writeFileSync(
    control,
    `set daemon 1
set pidfile ${file('monit.pid')}
set idfile ${file('monit.id')}
set statefile ${file('monit.state')}
set log ${file('monit.log')}
check process service with pidfile ${pidFile}
  start program = "/bin/sh -c '${process.execPath} ${SERVICE} ${port} ${pidFile} >/dev/null 2>&1 &'" with timeout ${startTimeout} seconds
  stop program = "/bin/sh -c 'kill $(cat ${pidFile})'" with timeout 10 seconds
  if failed host 127.0.0.1 port ${port} protocol http with timeout ${timeout} seconds then restart
`,
    { mode: 0o600 },
  );
  return start([...promptInit(), 'monit', '-I', '-c', control], { errors: 'ignore' });
}

/** What runs a command and buries its orphans at once, as the init of every ordinary machine does. That of a container may take
 * seconds, and Monit waits for a zombie as for a living process: it would look ten times slower than it is (prctl(2),
 * PR_SET_CHILD_SUBREAPER). Perl, because Monit's own package comes from Debian, where perl is always there. */
function promptInit(): string[] {
  const number = { x64: 157, arm64: 167 }[process.arch as string];
  if (number === undefined || run(['perl', '-v']) === undefined) return [];
  const script = `syscall(${number}, 36, 1, 0, 0, 0); my $pid = fork // die; if (!$pid) { exec @ARGV } $SIG{TERM} = sub { kill TERM => $pid };
    for (;;) { my $gone = wait; exit if $gone == $pid || ($gone < 0 && !$!{EINTR}) }`;
  return ['perl', '-MErrno', '-e', script];
}

export function findPm2(): string | undefined {
  if (!existsSync(PM2)) {
    progress('installing pm2');
    run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: PEERS });
  }
  return existsSync(PM2) ? run([process.execPath, PM2, '--version'], { env: pm2Env() })?.trim().split('\n').at(-1) : undefined;
}

function pm2Env(): NodeJS.ProcessEnv {
  return { ...process.env, PM2_HOME: path.join(LAB, 'pm2'), PM2_DISABLE_VERSION_CHECK: 'true' };
}

export function startPm2(port: number): Peer {
  const folder = newFolder('pm2-service');
  const env = pm2Env();
  const args = ['start', SERVICE, '--name', 'service', '--interpreter', process.execPath, '--', String(port), path.join(folder, 'pid')];
  if (run([process.execPath, PM2, ...args], { env, cwd: folder }) === undefined) throw new Error('pm2 could not start the service');
  return {
    async end() {
      run([process.execPath, PM2, 'kill'], { env });
    },
  };
}
