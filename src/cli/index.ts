// Entry of the command line.
import { enableCompileCache } from 'node:module';
import { callCli } from './whole.ts';

enableCompileCache();
// Whatever still waits somewhere, a probe that hangs or a timer, must not hold up the end.
process.exit(await callCli(process.argv.slice(2)));
