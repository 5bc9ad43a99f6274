// The end-to-end tests run what is built: command, window, app. Each is built once before them if it is older than what it is
// made from; the command first, since its build empties the folder of all.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export default function build(): void {
  buildWhenStale('out/cli/index.js', 'vite.config.ts', ['src/contract', 'src/engine', 'src/api', 'src/cli', 'package-lock.json']);
  buildWindow();
  buildWhenStale('out/main/index.js', 'vite.main.config.ts', [
    'src/contract',
    'src/engine',
    'src/api',
    'src/cli',
    'src/main',
    'package-lock.json',
  ]);
  buildWhenStale('out/preload/index.cjs', 'vite.preload.config.ts', ['src/contract', 'src/preload', 'package-lock.json']);
}

export function buildWindow(): void {
  const from = ['src/contract', 'src/renderer', 'package-lock.json'];
  buildWhenStale('out/renderer/index.html', 'vite.renderer.config.ts', from);
  buildWhenStale('out/picture/picture.js', 'vite.picture.config.ts', from);
}

function buildWhenStale(made: string, config: string, from: readonly string[]): void {
  const builtAt = statSync(path.join(ROOT, made), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if ([config, ...from].every((name) => builtAt > newestOf(name))) return;
  const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', '--config', config, '--logLevel', 'warn'];
  // Not for tests: what is looked at is what people run.
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${made} could not be built:\n${stdout}${stderr}`);
}

function newestOf(name: string): number {
  const file = path.join(ROOT, name);
  const found = statSync(file);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(file, { recursive: true, encoding: 'utf8' }).filter((one) => !/\.test\.tsx?$/.test(one));
  return Math.max(...names.map((one) => statSync(path.join(file, one)).mtimeMs));
}
