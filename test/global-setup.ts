// The end-to-end tests run the built command: it is built once before them if it is older than its source.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export default function build(): void {
  const builtAt = statSync(path.join(ROOT, 'out/cli/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt > newestOf('src') && builtAt > newestOf('package-lock.json') && builtAt > newestOf('vite.config.ts')) return;
  const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The command could not be built:\n${stdout}${stderr}`);
}

function newestOf(name: string): number {
  const file = path.join(ROOT, name);
  const found = statSync(file);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(file, { recursive: true, encoding: 'utf8' }).filter((one) => !one.endsWith('.test.ts'));
  return Math.max(...names.map((one) => statSync(path.join(file, one)).mtimeMs));
}
