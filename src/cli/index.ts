// Entry of the command line.
import { enableCompileCache } from 'node:module';
import { processIo } from './io.ts';
import { lightCall } from './light.ts';

enableCompileCache();

// A reader that went away (`| head`) is no reason to end an engine, nor to show a stack trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const argv = process.argv.slice(2);
const io = processIo();
const exitCode = (await lightCall(argv, io)) ?? (await (await import('./program.ts')).runCli(argv, io));
// Whatever still waits somewhere, a probe that hangs or a timer, must not hold up the end.
for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
process.exit(exitCode);
