// `npm start`: the app where there is a screen and Electron's own program, which is fetched the first time; else, said in one line,
// the headless engine with its dashboard. Arguments go to whichever starts.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ELECTRON, electronProgram } from './electron-program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A download that has not come by then will not come soon; the next start tries again. */
const FETCH_MS = 120_000;

const words = process.argv.slice(2);
const electron = await findElectron();
if (electron.kind === 'found') await become(electron.program, [ROOT, ...words]);
process.stdout.write(`No app here (${electron.kind === 'missing' ? electron.why : ''}): the engine runs without it, with its dashboard.\n`);
await become(path.join(ROOT, 'bin', 'jarvis-health'), ['run', '--port', '0', ...words]);

async function findElectron(): Promise<{ kind: 'found'; program: string } | { kind: 'missing'; why: string }> {
  const hasScreen = process.platform === 'darwin' || process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'];
  if (!hasScreen) return { kind: 'missing', why: 'there is no screen' };
  const there = electronProgram();
  if (there) return { kind: 'found', program: there };
  process.stdout.write('Fetching Electron, once…\n');
  const code = await run(process.execPath, [path.join(ELECTRON, 'install.js')], { stdio: 'ignore', timeout: FETCH_MS });
  const fetched = electronProgram();
  return fetched && code === 0 ? { kind: 'found', program: fetched } : { kind: 'missing', why: 'Electron could not be fetched' };
}

/** This process ends as that one does; a signal reaches both through the terminal, or is handed on. */
async function become(program: string, args: readonly string[]): Promise<never> {
  process.exit(await run(program, args, { stdio: 'inherit' }));
}

function run(program: string, args: readonly string[], options: { stdio: 'inherit' | 'ignore'; timeout?: number }): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    process.on('SIGINT', () => undefined);
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
