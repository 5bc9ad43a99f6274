// `~` in a configured path is the user's home (PRODUCT section 4). The one place that decides it, for every room of the engine. Pure.
import path from 'node:path';

/** An absolute path. What is relative is meant from the user's home: a background service has no folder of its own to count from,
 * and a configuration with such a path is refused (keep/config-rules.ts). `~name` is no home of another user, but a name. */
export function expandPath(text: string, userHome: string): string {
  if (text === '~') return userHome;
  return path.resolve(userHome, text.startsWith('~/') ? text.slice(2).replace(/^\/+/, '') : text);
}

/** The other way round: a path as a person writes it. */
export function tilde(file: string, userHome: string): string {
  if (file === userHome) return '~';
  return file.startsWith(`${userHome}/`) && userHome !== '/' ? `~${file.slice(userHome.length)}` : file;
}
