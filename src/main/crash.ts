// What nobody caught. Electron by itself would say so in a box, which on macOS stands still with the whole engine until somebody comes, and
// then go on with whatever is left (lib/browser/init.ts). Here the app starts anew, as a headless engine is by its keeper: what it must
// know is on disk (R8). Ends the process.
import { app, dialog } from 'electron';

const AGAIN = '--after-crash';
/** Whoever breaks again so soon after a new start would do so for ever. */
const SURE_MS = 60_000;

/** Before anything else. `isCommandLine`: nobody is there for a box, and its keeper starts a service anew. */
export function endOnCrash(isCommandLine: boolean): void {
  process.on('uncaughtException', (error: unknown) => {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${words}\n`);
    if (!isCommandLine) {
      const isSecond = process.argv.includes(AGAIN) && performance.now() < SURE_MS;
      if (isSecond) dialog.showErrorBox('Jarvis Health has ended', words);
      else app.relaunch({ args: [...process.argv.slice(1).filter((word) => word !== AGAIN), AGAIN] });
    }
    app.exit(1);
  });
}
