// Entry of the app. What must happen before Electron is ready happens here, at once and in this order: the command line, then the
// lock, then everything else. Nothing may be awaited: `ready` comes when this module has been evaluated
// (https://www.electronjs.org/docs/latest/tutorial/esm).
import { app } from 'electron';
import { startApp } from './app.ts';
import { argumentsOf } from './arguments.ts';
import { endOnCrash } from './crash.ts';
import { isMenuBar } from './login-item.ts';
import { forbidEverything, registerAppScheme } from './protocol.ts';

const asked = argumentsOf(process.argv, process.env);
endOnCrash(asked.cli !== undefined);
if (asked.cli) {
  const argv = asked.cli;
  // Nothing is drawn; no helper process for it, and no icon in the Dock of one that is run from its sources.
  app.disableHardwareAcceleration();
  if (isMenuBar()) app.setActivationPolicy('accessory');
  import('./cli.ts')
    .then(({ runCommandLine }) => runCommandLine(argv))
    .catch((error: unknown) => {
      // Electron only warns of it, and the process would stay for ever.
      setImmediate(() => {
        throw error;
      });
    });
} else {
  // The lock is one per folder of user data. That is kept apart from the home, where only our own files are (PRODUCT section 3).
  if (!app.commandLine.hasSwitch('user-data-dir')) app.setPath('userData', asked.userData(app.getPath('appData')));
  if (app.requestSingleInstanceLock()) {
    // LSUIElement says it for the packaged app; this for one that is run from its sources.
    if (isMenuBar()) app.setActivationPolicy('accessory');
    app.enableSandbox();
    registerAppScheme();
    forbidEverything();
    startApp(asked);
  } else {
    // The first one has been told, and shows its window.
    process.stderr.write('Jarvis Health runs already, and shows its window; what this start was given beside it is not used.\n');
    app.exit(0);
  }
}
