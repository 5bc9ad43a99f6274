// The driver on the real Electron: Playwright starts Electron's own program with the built app, and eyes inside it (electron-real/eyes.ts)
// look and press. Where that program is not, it says so. Playwright's own loader holds `ready` back until it is connected.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { _electron } from 'playwright-core';
import { electronProgram } from '../../../scripts/electron-program.ts';
import type { Acts } from '../../electron-double/acts.ts';
import { appOf, argsOf, type Driver, endOf, envOf, listenTo, ROOT } from './app.ts';
import type { Place } from './place.ts';

const START_MS = 60_000;
const program = electronProgram();

function whyNot(): string | undefined {
  if (program === undefined) return 'Electron’s own program is not here; npx install-electron fetches it';
  // The stand-in of driver.test.ts is no macOS either, and says so itself.
  if (process.platform !== 'darwin' && !process.env['ELECTRON_STAND_IN']) return 'the app is for macOS; this is another system';
  return undefined;
}

export const real: Driver = {
  whyNot: whyNot(),
  program: program ?? '',
  async start(place, options = {}) {
    if (options.main !== undefined) throw new Error('only the built app of this folder can be started');
    const started = await _electron.launch({
      args: ['-r', eyesIn(place), ROOT, ...argsOf(place, options.args)],
      cwd: place.dir,
      env: envOf(place, options),
      timeout: START_MS,
    });
    return appOf<Acts>(place, started.process(), (act, given) =>
      started.evaluate(
        (_, asked) => {
          const eyes = (globalThis as unknown as { jarvisEyes: Record<string, (...args: unknown[]) => unknown> }).jarvisEyes;
          return eyes[asked.act]?.(...asked.given);
        },
        { act, given: [...given] },
      ),
    );
  },
  async run(place, args, options = {}) {
    const child = spawn(program ?? '', [ROOT, ...argsOf(place, args)], {
      cwd: place.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: envOf(place, options),
    });
    const said = listenTo(child);
    const ended = await endOf(child);
    return { ...ended, out: said.out(), err: said.err() };
  },
};

/** Electron runs no TypeScript: its types are blanked out. */
function eyesIn(place: Place): string {
  const file = path.join(place.dir, 'eyes.cjs');
  writeFileSync(file, stripTypeScriptTypes(readFileSync(path.join(ROOT, 'test', 'electron-real', 'eyes.ts'), 'utf8')));
  return file;
}
