// Runs a built main bundle under the double: `node run.ts MAIN.js [arguments]`. `electron` is the double for everything that is
// loaded; `ready` comes when the main module has been evaluated. A test at the other end of the process channel looks and presses.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const DOUBLE = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' || specifier.endsWith('/node_modules/electron/index.js')
      ? { url: DOUBLE, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});

const main = process.argv[2] ?? '';
// As Electron has it: the program, the app, its arguments.
process.argv.splice(1, 2, main);
const { ready } = await import('./app.ts');
const { answerTests } = await import('./remote.ts');
answerTests();
const { world } = await import('./world.ts');
world.mainMs = performance.now();
await import(pathToFileURL(main).href);
ready();
