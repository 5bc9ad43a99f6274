// Finds a program as the system does (execvp(3)), without running it: a name with a slash is a path, any other is looked for on PATH.
// Reads the file system; changes nothing.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';
import { statOnce } from './ask-once.ts';

export type FoundProgram = { readonly kind: 'found' | 'not-executable'; readonly path: string } | { readonly kind: 'missing' };

interface Places {
  readonly searchPath: string | undefined;
  /** What a relative path, also one on PATH, counts from, as for a program that is started there; without it those are passed over. */
  readonly cwd?: string | undefined;
  readonly isProgram?: ((path: string) => Promise<boolean>) | undefined;
}

/** The first that may be run; else the first that is there. */
export async function findProgram(name: string, { searchPath, cwd, isProgram = isExecutable }: Places): Promise<FoundProgram> {
  const places = name.includes('/') ? [name] : (searchPath ?? '').split(delimiter).map((folder) => `${folder || '.'}/${name}`);
  let seen: FoundProgram = { kind: 'missing' };
  for (const place of places) {
    if (!isAbsolute(place) && cwd === undefined) continue;
    const path = resolve(cwd ?? '/', place);
    if (await isProgram(path)) return { kind: 'found', path };
    if (seen.kind === 'missing' && (await isFile(path))) seen = { kind: 'not-executable', path };
  }
  return seen;
}

/** Asked once about a drive that is gone (ask-once.ts), and about nothing that is no file. */
async function isExecutable(path: string): Promise<boolean> {
  if (!(await isFile(path))) return false;
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
async function isFile(path: string): Promise<boolean> {
  return (await statOnce(path).catch(() => undefined))?.isFile() === true;
}
