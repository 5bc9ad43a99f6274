// `npm run transcript`: one real service through its whole life under the real engine, written into docs/ERROR_RECOVERY.md
// between its two marks; `npm run transcript -- held`: a restart that a real build holds, between its own.
// Short intervals, so that it takes a minute. Leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigInput } from '../src/contract/config.ts';
import type { Snapshot } from '../src/contract/snapshot.ts';
import { freePort } from './demo/services.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = path.join(ROOT, 'bin', 'jarvis-health');
const PAGE = path.join(ROOT, 'docs', 'ERROR_RECOVERY.md');
const isHeld = process.argv[2] === 'held';
const BEGIN = isHeld ? '<!-- transcript: npm run transcript -- held -->' : '<!-- transcript: npm run transcript -->';
const END = '<!-- /transcript -->';
const PATIENCE_MS = 90_000;

const folder = await mkdtemp(path.join(os.tmpdir(), 'jarvis-health-transcript-'));
const home = path.join(folder, 'home');
const work = path.join(folder, 'shop');
const port = await freePort();
const lines: string[] = [];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What is different on every machine is not worth reading. */
const plain = (text: string): string =>
  text
    .replaceAll(home, '~/jarvis')
    .replaceAll(work, '~/shop')
    .replaceAll(process.execPath, 'node')
    .replaceAll(path.join(ROOT, 'scripts', 'demo'), '~/shop')
    .replaceAll(String(port), '3000');

async function call(args: readonly string[]): Promise<{ output: string; exitCode: number }> {
  const child = spawn(BIN, [...args], { env: { ...process.env, JARVIS_HEALTH_HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const exitCode = await new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { output, exitCode };
}
async function show(...args: string[]): Promise<string> {
  const { output, exitCode } = await call(args);
  const words = args.map((arg) => (/^[\w./:-]+$/.test(arg) ? arg : `"${arg}"`)).join(' ');
  lines.push(`$ jarvis-health ${words}`, ...plain(output).trimEnd().split('\n'), `(exit ${exitCode})`, '');
  return output;
}
const note = (text: string): void => void lines.push(`# ${text}`);

async function until(what: string, fits: (snapshot: Snapshot) => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(50)) {
    const { output } = await call(['status', '--json']);
    try {
      if (fits(JSON.parse(output) as Snapshot)) return;
    } catch {
      // the engine is not up yet
    }
  }
  throw new Error(`${what} did not happen within ${PATIENCE_MS / 1_000} s`);
}
const shop = (snapshot: Snapshot) => snapshot.services[0];

function config(): ConfigInput {
  const start = [process.execPath, path.join(ROOT, 'scripts', 'demo', 'shop.ts'), String(port)];
  return {
    interval: '2s',
    retryInterval: '1s',
    alerts: { channels: ['queue'] },
    recovery: { cooldown: '2s', window: '15s' },
    services: [
      {
        id: 'shop',
        name: 'Shop',
        check: { type: 'http', url: `http://127.0.0.1:${port}/`, timeout: '1s' },
        recovery: [
          {
            type: 'restart-process',
            find: { port, match: 'shop.ts' },
            start,
            cwd: work,
            log: path.join(work, 'shop.log'),
            startWindow: '2s',
          },
        ],
      },
    ],
  };
}

async function life(): Promise<void> {
  note('Nothing runs yet. The engine starts it, since its configuration says how.');
  await until('the first start', (snapshot) => shop(snapshot)?.status === 'ok');
  await show('status');

  note('Somebody kills it.');
  const before = (await call(['history', 'shop', '--json'])).output;
  const first = (JSON.parse((await call(['status', '--json'])).output) as Snapshot).services[0]?.lastAttempt?.id;
  const pid = Number(/"event": "process-started",[^}]*?"pid": (\d+)/s.exec(before)?.[1]);
  process.kill(pid, 'SIGKILL');
  await until(
    'the repair',
    (snapshot) => shop(snapshot)?.lastAttempt?.outcome === 'succeeded' && shop(snapshot)?.lastAttempt?.id !== first,
  );
  await show('incidents', 'shop');

  await sleep(15_000); // a whole window, so that the repairs so far no longer count
  note('A bad deployment: now it ends as soon as it is started, and it is killed once more.');
  await writeFile(path.join(work, 'broken'), '');
  await endShop();
  await until('giving up', (snapshot) => shop(snapshot)?.phase === 'gave-up' && shop(snapshot)?.alerting === true);
  await sleep(1_500);
  await show('status');

  note('One alert waits for the agent. It takes it, looks, and cannot mend it.');
  await show('alerts');
  const claimed = JSON.parse((await call(['alerts', '--json'])).output) as { id: string }[];
  const id = claimed[0]?.id ?? '';
  await show('alerts', 'claim', id, '--by', 'night-agent');
  await show('alerts', 'done', id, '--by', 'night-agent', '--result', 'The price list is missing. A person has to bring it back.');

  note('In the morning a person brings the price list back and restarts the shop.');
  await unlink(path.join(work, 'broken'));
  await show('heal', 'shop');
  await until('being well', (snapshot) => shop(snapshot)?.status === 'ok' && shop(snapshot)?.alerting === false);
  await show('status');
  note('What was recorded of it.');
  await show('incidents', 'shop');
  lines.push(
    '$ cat ~/jarvis/alerts.log',
    ...plain(await readFile(path.join(home, 'alerts.log'), 'utf8'))
      .trimEnd()
      .split('\n'),
    '',
  );
}

/** A package whose installation takes its time, as those do that compile. */
async function writePackages(): Promise<void> {
  const write = (name: string, value: unknown) => writeFile(path.join(work, name), JSON.stringify(value));
  await mkdir(path.join(work, 'prices'));
  await write('prices/package.json', { name: 'prices', version: '1.0.0', scripts: { install: 'sleep 8' } });
  await write('package.json', { name: 'shop', version: '1.0.0', private: true });
}

async function held(): Promise<void> {
  await until('the first start', (snapshot) => shop(snapshot)?.status === 'ok');
  await show('status');

  note('Somebody installs a package in the folder of the shop, which takes it down in the middle.');
  await writePackages();
  lines.push('$ npm install ./prices &', '');
  const npm = spawn('npm', ['install', '--offline', '--no-audit', '--no-fund', './prices'], { cwd: work, stdio: 'ignore' });
  const installed = new Promise<void>((resolve) => npm.once('exit', () => resolve()));
  await sleep(2_500);
  await endShop();
  await until('the hold', (snapshot) => shop(snapshot)?.phase === 'held');
  await sleep(2_000);
  await show('status');

  await installed;
  lines.push('[1]+  Done                    npm install ./prices', '');
  note('The build has ended. What it made may start by itself, so the shop gets its start window first.');
  await until('the end of the hold', (snapshot) => shop(snapshot)?.phase === 'settling');
  await show('status');
  await until('the repair', (snapshot) => shop(snapshot)?.phase === 'healthy');
  note('Nothing came, so it was restarted. Nobody had to be told.');
  await show('status');
  note('What was recorded of it.');
  const recovery = plain(await readFile(path.join(home, 'recovery.log'), 'utf8'))
    .trimEnd()
    .split('\n');
  const from = recovery.findIndex((line) => line.includes('"event":"held"'));
  lines.push(`$ tail -n ${recovery.length - from} ~/jarvis/recovery.log`, ...recovery.slice(from), '', '$ cat ~/jarvis/alerts.log', '');
}

/** The engine's own record says which process it started last. */
async function endShop(): Promise<void> {
  const { output } = await call(['history', 'shop', '--json']);
  const started = [...output.matchAll(/"event": "process-started",[^}]*?"pid": (\d+)/gs)].at(-1);
  process.kill(Number(started?.[1]), 'SIGKILL');
}

await mkdir(home, { mode: 0o700 });
await mkdir(work);
await writeFile(path.join(home, 'config.json'), JSON.stringify(config(), null, 2), { mode: 0o600 });
const engine = spawn(BIN, ['run'], { env: { ...process.env, JARVIS_HEALTH_HOME: home }, stdio: 'ignore' });
const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()));
try {
  await (isHeld ? held() : life());
  const page = await readFile(PAGE, 'utf8');
  const head = page.slice(0, page.indexOf(BEGIN) + BEGIN.length);
  const tail = page.slice(page.indexOf(END, head.length));
  if (!page.includes(BEGIN) || !page.includes(END)) throw new Error(`${PAGE} has lost its marks ${BEGIN} and ${END}`);
  await writeFile(PAGE, `${head}\n\n\`\`\`console\n${lines.join('\n').trimEnd()}\n\`\`\`\n\n${tail}`);
  process.stdout.write(`${lines.join('\n')}\n`);
} finally {
  await call(['stop', 'shop']);
  engine.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true, force: true });
}
