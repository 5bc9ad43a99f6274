// The command line from its arguments to its exit code, for whichever program it is part of: the built command, or the app's own
// binary (`--cli …`). Resolves when all that it said has been handed on; ending the process is its caller's.
import { type Io, processIo } from './io.ts';
import { lightCall } from './light.ts';

/** `self`: the words that run this command line anew, where that is not Node with its built entry. */
export async function callCli(argv: readonly string[], self?: readonly string[]): Promise<number> {
  // A reader that went away (`| head`) is no reason to end an engine, nor to show a stack trace.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const io: Io = { ...processIo(), ...(self === undefined ? {} : { self }) };
  const exitCode = (await lightCall(argv, io)) ?? (await (await import('./program.ts')).runCli(argv, io));
  for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
  return exitCode;
}
