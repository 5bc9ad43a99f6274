// `~` in a configured path is the user's home (PRODUCT section 4). Pure.
import path from 'node:path';

/** An absolute path. What is relative is meant from the user's home: a background service has no folder of its own to count from. */
export function expandPath(text: string, userHome: string): string {
  if (text === '~') return userHome;
  return path.resolve(userHome, text.startsWith('~/') ? text.slice(2) : text);
}
