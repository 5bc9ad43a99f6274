// Whose program a service manager's file starts: this one's, that of another installation which works as well, or one that is not there
// any more. Only the last is stale; what another checkout has installed is not this one's to overwrite. Looks at files only.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

export type InstalledProgram =
  | { readonly kind: 'own' }
  /** `name`: what it starts, for people. */
  | { readonly kind: 'other'; readonly name: string }
  /** `why`: half a sentence about the file. */
  | { readonly kind: 'stale'; readonly why: string };

export interface Installed {
  /** The words that the file starts; undefined: they can't be made out. */
  readonly words: readonly string[] | undefined;
  readonly own: readonly string[];
  readonly home: string;
}

export async function installedProgram({ words, own, home }: Installed): Promise<InstalledProgram> {
  if (!words || words.length === 0) return { kind: 'stale', why: 'names no program that could be made out' };
  const named = wordAfter(words, '--home');
  if (named !== undefined && named !== home) return { kind: 'stale', why: `starts an engine for another home, ${named}` };
  const files = filesOf(words);
  for (const [index, file] of files.entries()) {
    const isThere = await access(file, index === 0 ? constants.X_OK : constants.R_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) return { kind: 'stale', why: `names a program that is not there any more, ${file}` };
  }
  // Flags of Node change from version to version; which program it is they do not tell.
  return files.join('\n') === filesOf(own).join('\n') ? { kind: 'own' } : { kind: 'other', name: files.at(-1) ?? words.join(' ') };
}

/** What comes before the command of the engine: the program, and the script that it runs. */
function filesOf(words: readonly string[]): string[] {
  const end = words.indexOf('run');
  return words.slice(0, end < 0 ? undefined : end).filter((word) => word.startsWith('/'));
}

function wordAfter(words: readonly string[], flag: string): string | undefined {
  const index = words.indexOf(flag);
  return index < 0 ? undefined : words[index + 1];
}
