// Where Electron's own program is, without fetching it: its index.js would, unasked and without a limit. Reads two names of files.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The folder of the package. */
export const ELECTRON = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));

/** undefined: it has not been fetched (`npx install-electron` does). */
export function electronProgram(): string | undefined {
  const dist = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(ELECTRON, 'dist');
  const pathFile = path.join(ELECTRON, 'path.txt');
  const program = path.join(dist, existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron');
  return existsSync(program) ? program : undefined;
}
