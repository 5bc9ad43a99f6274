// `npm run demo`: three real services are killed, hung and broken, and a log is filled; the engine notices, repairs and
// verifies each, with its seconds. Ends by itself, leaves nothing behind; exit 0 only if everything was healed.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { createTail } from '../../src/engine/keep/tail.ts';
import { configOf, type Demo, prepare, startService } from './services.ts';

const BIN = fileURLToPath(new URL('../../bin/jarvis-health', import.meta.url));
const PATIENCE_MS = 60_000;
const SETTLE_MS = 300;
const isTerminal = process.stdout.isTTY === true && !process.env['NO_COLOR'];
const began = performance.now();
const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const paint = (colour: 'green' | 'red' | 'gray' | 'bold', text: string): string => (isTerminal ? styleText(colour, text) : text);
const clock = (): string => `${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s`;
const tell = (text: string): void => say(`${paint('gray', clock())}  ${text}`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Line = Record<string, unknown>;

/** Follows the engine's audit trail; `until` resolves with the first new line that fits. */
function follow(home: string) {
  const tails = ['health.log', 'recovery.log'].map((name) => createTail(path.join(home, name)));
  // Checks reach their file a moment later than repairs: what is shown is put in order first.
  const held: Line[] = [];
  return async (what: string, fits: (line: Line) => boolean, each?: (line: Line) => void): Promise<Line> => {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(20)) {
      for (const text of (await Promise.all(tails.map((tail) => tail.news()))).flat()) held.push(JSON.parse(text) as Line);
      held.sort((a, b) => String(a['at']).localeCompare(String(b['at'])));
      while (held[0] && Date.now() - Date.parse(String(held[0]['at'])) > SETTLE_MS) {
        const line = held.shift() as Line;
        each?.(line);
        if (fits(line)) return line;
      }
    }
    throw new Error(`${what} did not happen within ${PATIENCE_MS / 1_000} s`);
  };
}

async function cli(home: string, ...args: string[]): Promise<string> {
  const child = spawn(BIN, [...args, '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return output.trim();
}

/** Breaks one service, and shows how it is noticed, repaired and verified. True if it was healed. */
async function scene(service: string, title: string, breakIt: () => Promise<unknown>, until: ReturnType<typeof follow>): Promise<boolean> {
  say();
  tell(paint('bold', title));
  await breakIt();
  let isNoticed = false;
  const done = await until(
    `the repair of ${service}`,
    (line) => line['service'] === service && line['event'] === 'recovery-finished',
    (line) => {
      if (line['service'] !== service) return;
      switch (line['event']) {
        case 'check':
          if (!isNoticed && line['status'] === 'error') tell(`${paint('red', 'noticed')}   ${line['message']}`);
          isNoticed ||= line['status'] === 'error';
          break;
        case 'recovery-started':
          tell(`repair    ${line['remedy']} (${line['reason']})`);
          break;
        case 'process-signalled':
          tell(`          ${line['signal']} to pid ${line['pid']}, after its identity was confirmed`);
          break;
        case 'process-started':
          tell(`          started: pid ${line['pid']}`);
          break;
        case 'file-rotated':
          tell(
            `          rotated ${path.basename(String(line['path']))}, ${line['bytes']} bytes into ${path.basename(String(line['archive']))}`,
          );
          break;
      }
    },
  );
  const isHealed = done['outcome'] === 'succeeded';
  tell(
    isHealed
      ? `${paint('green', 'verified')}  healthy again after ${done['secondsToHealthy']} s`
      : paint('red', `not healed: ${done['outcome']}, ${done['reason']}`),
  );
  return isHealed;
}

const post = (port: number, what: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/${what}`, { method: 'POST' });

async function play(demo: Demo, home: string, children: readonly ChildProcess[]): Promise<boolean> {
  const until = follow(home);
  const well = new Set<unknown>();
  await until(
    'a first look at all four',
    () => well.size === 4,
    (line) => {
      if (line['event'] === 'check' && line['status'] === 'ok' && !well.has(line['service'])) {
        well.add(line['service']);
        tell(`${paint('green', 'well')}      ${line['service']}: ${line['message']}`);
      }
    },
  );
  const results = [
    await scene('web', `kill -9 of Web (pid ${children[0]?.pid})`, async () => children[0]?.kill('SIGKILL'), until),
    await scene('api', 'API hangs: it takes connections and never answers', () => post(demo.ports.api, 'hang'), until),
    await scene('jobs', 'Jobs answers 500', () => post(demo.ports.jobs, 'break'), until),
    await scene('jobs-log', 'the log of Jobs is filled with 3 MB', () => appendFile(demo.log, `${'x'.repeat(99)}\n`.repeat(30_000)), until),
  ];
  say();
  say(await cli(home, 'status'));
  return results.every(Boolean);
}

async function main(): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'jarvis-health-demo-'));
  const home = path.join(folder, 'home');
  const work = path.join(folder, 'work');
  await mkdir(home, { mode: 0o700 });
  await mkdir(work);
  const demo = await prepare(work);
  const children = [startService(demo.argv.web, work), startService(demo.argv.api, work), startService(demo.argv.jobs, work)];
  await writeFile(path.join(home, 'config.json'), JSON.stringify(configOf(demo), null, 2), { mode: 0o600 });
  say(
    `Three real services: Web (${demo.hasPython ? "Python's http.server" : 'Node'}, port ${demo.ports.web}), API (${demo.ports.api}), Jobs (${demo.ports.jobs}).`,
  );
  const engine = spawn(BIN, ['run', '--home', home], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()));
  let isHealed = false;
  try {
    isHealed = await play(demo, home, children);
  } catch (error) {
    say(paint('red', `The demo failed: ${error instanceof Error ? error.message : String(error)}`));
  } finally {
    say();
    for (const service of ['web', 'api', 'jobs']) tell(await cli(home, 'stop', service));
    engine.kill('SIGTERM');
    await ended;
    // Only for a demo that broke off: the engine has stopped them otherwise.
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    tell(
      `cleaned up; ${(await readdir(os.tmpdir())).includes(path.basename(folder)) ? 'something was left behind' : 'nothing is left behind'}`,
    );
  }
  say();
  say(isHealed ? paint('green', 'All four were healed.') : paint('red', 'Not everything was healed.'));
  return isHealed ? 0 : 1;
}

process.exitCode = await main();
