// The end-to-end tests run what is built: command, window, app. It is built once before them if it is older than its source.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** In this order: the first empties the folder of all. */
const BUILDS = [
  ['out/cli/index.js', 'vite.config.ts'],
  ['out/renderer/index.html', 'vite.renderer.config.ts'],
  ['out/main/index.js', 'vite.main.config.ts'],
  ['out/preload/index.cjs', 'vite.preload.config.ts'],
] as const;

export default function build(): void {
  const newest = Math.max(newestOf('src'), newestOf('package-lock.json'));
  for (const [made, config] of BUILDS) {
    const builtAt = statSync(path.join(ROOT, made), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (builtAt > newest && builtAt > newestOf(config)) continue;
    const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${config} could not be built:\n${stdout}${stderr}`);
  }
}

function newestOf(name: string): number {
  const file = path.join(ROOT, name);
  const found = statSync(file);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(file, { recursive: true, encoding: 'utf8' }).filter((one) => !one.endsWith('.test.ts'));
  return Math.max(...names.map((one) => statSync(path.join(file, one)).mtimeMs));
}
