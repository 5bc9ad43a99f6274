// Starts an app in a home of its own and asks its engine over the socket, as the command line does: it must answer as the app, end by
// TERM within its limit, and leave no engine. For the real Electron and for a package; usage: node scripts/smoke.ts PROGRAM [ARGUMENT…]
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createClient } from '../src/api/client.ts';
import { socketOf } from '../src/engine/address.ts';

const START_MS = 60_000;
const GONE_MS = 5_000;
const [program = '', ...words] = process.argv.slice(2);
const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'jarvis-smoke-'));
const home = path.join(folder, 'home');
mkdirSync(home, { mode: 0o700 });
writeFileSync(
  path.join(home, 'config.json'),
  JSON.stringify({ services: [{ id: 'disk', name: 'Disk', check: { type: 'disk', path: '~', minFree: '1%' } }] }),
);
const app = spawn(program, [...words, `--home=${home}`, `--user-data-dir=${path.join(folder, 'user-data')}`], { stdio: 'inherit' });
const ended = new Promise<string>((resolve) => {
  app.on('error', (error) => resolve(error.message));
  app.on('exit', (code, signal) => resolve(String(code ?? signal)));
});
let isOver = false;
void ended.then(() => {
  isOver = true;
});
try {
  const began = performance.now();
  const snapshot = await untilLooked(began + START_MS);
  process.stdout.write(`well after ${Math.round(performance.now() - began)} ms: ${snapshot.sentence} (${snapshot.engine?.mode})\n`);
  if (snapshot.engine?.mode !== 'app' || snapshot.engine.pid !== app.pid) throw new Error('the engine that answers is not this app');
  const asked = performance.now();
  app.kill('SIGTERM');
  const how = await ended;
  const tookMs = Math.round(performance.now() - asked);
  process.stdout.write(`ended with ${how} after ${tookMs} ms\n`);
  if (how !== '0' || tookMs > GONE_MS) throw new Error(`it must end with 0 within ${GONE_MS} ms`);
} finally {
  app.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function untilLooked(endMs: number) {
  for (;;) {
    if (isOver) throw new Error(`the app ended with ${await ended} before it answered`);
    try {
      const snapshot = await createClient(await socketOf(home)).ask('status', {});
      if (snapshot.overall !== 'unknown') return snapshot;
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    if (performance.now() > endMs) throw new Error('nothing was looked at in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
