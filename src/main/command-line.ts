// Installs `jarvis-health` for the terminal: a small script in ~/.local/bin that runs this app with `--cli`. Never writes over a file
// that is not its own. Touches that one file.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const OURS = '# Installed by Jarvis Health: runs the command line of the app.';

/** Where it stands now, and whether a terminal finds it there. Rejects with a sentence for people. */
export async function installCommandLine(
  executable: string,
  userHome: string,
  searchPath: string,
): Promise<{ readonly file: string; readonly isOnPath: boolean }> {
  const folder = path.join(userHome, '.local', 'bin');
  const file = path.join(folder, 'jarvis-health');
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (before !== undefined && !before.includes(OURS))
    throw new Error(`${file} is there already, and not from this app. Move it away first.`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `#!/bin/sh\n${OURS}\nexec '${executable.replaceAll("'", "'\\''")}' --cli "$@"\n`, {
    // Where nothing was, nothing may have come meanwhile, and no link leads elsewhere.
    flag: before === undefined ? 'wx' : 'w',
  });
  await chmod(file, 0o755);
  return { file, isOnPath: searchPath.split(':').includes(folder) };
}

/** Run from its disk image, or from where macOS puts what was only downloaded: tomorrow this path leads nowhere. */
export function isPassing(executable: string): boolean {
  return executable.startsWith('/Volumes/') || executable.includes('/AppTranslocation/');
}
