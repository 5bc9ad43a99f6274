// `--cli …` on the app's own binary: the command line, without a lock, a window or an icon. Its background service is the same binary
// with `--cli run`: the packaged app is no Node (its fuse runAsNode is off), so there is nothing else that could run it.
import { app } from 'electron';
import { callCli } from '../cli/whole.ts';

export async function runCommandLine(argv: readonly string[]): Promise<void> {
  // Electron turns a signal into its own quit, which would not wait for an engine to be flushed: handed on as what it was.
  app.on('will-quit', (event) => {
    event.preventDefault();
    if (!process.emit('SIGTERM', 'SIGTERM')) app.exit(128 + 15);
  });
  const self = [app.getPath('exe'), ...(app.isPackaged ? [] : [app.getAppPath()]), '--cli'];
  app.exit(await callCli(argv, self));
}
