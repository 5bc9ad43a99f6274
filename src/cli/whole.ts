// The command line from its arguments to its exit code, for whichever program it is part of: the built command, or the app's own
// binary (`--cli …`). Resolves when all that it said has been handed on; ending the process is its caller's.
import { EXIT, errorText, systemCode } from '../contract/errors.ts';
import { type Io, processIo } from './io.ts';
import { lightCall } from './light.ts';

/** `self`: the words that run this command line anew, where that is not Node with its built entry. */
export async function callCli(argv: readonly string[], self?: readonly string[]): Promise<number> {
  let lost: Error | undefined;
  // A reader that went away (`| head`) is no reason to end an engine, nor to show a stack trace.
  process.stdout.on('error', (error) => {
    if (systemCode(error) !== 'EPIPE') lost ??= error;
  });
  process.stderr.on('error', () => undefined);
  const io: Io = { ...processIo(), ...(self === undefined ? {} : { self }) };
  const exitCode = (await lightCall(argv, io)) ?? (await (await import('./program.ts')).runCli(argv, io));
  await handedOn(process.stdout);
  // An answer that nobody got is none, whoever asked for it; an engine has done its work all the same.
  const isLost = lost !== undefined && exitCode === EXIT.ok && argv[0] !== 'run';
  if (isLost) io.err(`jarvis-health: what it said could not be written: ${errorText(lost)}\n`);
  await handedOn(process.stderr);
  return isLost ? EXIT.unwritten : exitCode;
}

function handedOn(stream: NodeJS.WriteStream): Promise<unknown> {
  return new Promise((resolve) => stream.write('', resolve));
}
