// Entry of the command line.
import { enableCompileCache } from 'node:module';
import { processIo } from './io.ts';
import { lightCall } from './light.ts';

enableCompileCache();

const argv = process.argv.slice(2);
const io = processIo();
const answered = await lightCall(argv, io);
if (answered !== undefined) process.exitCode = answered;
else {
  const { runCli } = await import('./program.ts');
  process.exitCode = await runCli(argv, io);
}
