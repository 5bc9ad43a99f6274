// Where an engine is found: its home and its control socket. Light, so that a client loads nothing else of the engine.
import os from 'node:os';
import { HealthError, systemCode } from '../contract/errors.ts';
import { resolveHome } from './keep/home.ts';
import { connectAddress, socketAddress } from './keep/socket-path.ts';

/** Path of the home for this call: the flag, else the environment, else the platform's place (PRODUCT section 3). Rejects `usage` for a
 * relative one in a folder that is gone. */
export function homeOf(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  try {
    return resolveHome({ flag, env, platform: process.platform, userHome: os.homedir() });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new HealthError(
      'usage',
      `The home ${flag || env['JARVIS_HEALTH_HOME']} is relative, and the folder that this was called in is gone.`,
      {
        hint: 'Name the whole path, or call it from a folder that is there.',
        cause: error,
      },
    );
  }
}

/** Address of the control socket of whoever owns this home. */
export function socketOf(home: string): Promise<string> {
  return connectAddress(home, { uid: process.getuid?.() ?? 0, tmp: os.tmpdir() });
}

/** Every name of that socket: where it is, and the link to it in the home, where it is elsewhere. */
export async function socketNames(home: string): Promise<string[]> {
  const { address, link } = socketAddress(home, { uid: process.getuid?.() ?? 0, tmp: os.tmpdir() });
  return [...new Set([await socketOf(home), address, ...(link === undefined ? [] : [link])])];
}
