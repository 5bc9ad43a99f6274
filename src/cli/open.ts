// `open`: the dashboard in the default browser, already signed in; where no browser can be opened, its address (PRODUCT section 6).
import { spawn as spawnProgram } from 'node:child_process';
import { askSignIn } from '../api/client.ts';
import { EXIT } from '../contract/errors.ts';
import { socketOf } from '../engine/address.ts';
import { json, line } from './io.ts';
import type { Call } from './program.ts';

interface OpenDeps {
  readonly platform: NodeJS.Platform;
  readonly spawn: typeof spawnProgram;
}

/** `xdg-open` may run for as long as the browser that it starts; by then it has said what it could not do. */
const PATIENCE_MS = 3_000;

export async function open(call: Call, deps: OpenDeps = { platform: process.platform, spawn: spawnProgram }): Promise<number> {
  const { url, expiresAt } = await askSignIn(await socketOf(call.home));
  const isOpened = await openBrowser(url, call.io.env, deps);
  if (call.isJson) json(call.io, { url, expiresAt, opened: isOpened });
  else if (isOpened) line(call.io, `Opened ${new URL('/', url)} in the browser.`);
  else line(call.io, `No browser could be opened here. This address works once, within 5 minutes:\n${url}`);
  return EXIT.ok;
}

/** Hands the address to the system, as a word of its own: no shell reads it (R18). False where there is no browser to open. */
function openBrowser(url: string, env: NodeJS.ProcessEnv, { platform, spawn }: OpenDeps): Promise<boolean> {
  const command = platform === 'darwin' ? '/usr/bin/open' : 'xdg-open';
  // Without a screen xdg-open starts a browser in the terminal, or none after a long search.
  const hasScreen = platform === 'darwin' || env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['BROWSER'];
  if (!hasScreen) return Promise.resolve(false);
  return new Promise((resolve) => {
    const opener = spawn(command, [url], { stdio: 'ignore', detached: true, env });
    const patience = setTimeout(() => resolve(true), PATIENCE_MS);
    const tell = (isOpened: boolean): void => {
      clearTimeout(patience);
      resolve(isOpened);
    };
    opener.on('error', () => tell(false));
    opener.on('exit', (code) => tell(code === 0));
    opener.unref();
  });
}
