// The two calls that must be light, answered without the parser and the rest of the command line: `status --json`, which other
// programs ask often, and `run`, which stays in memory for months (docs/decisions/0004-memory.md). Only their plain forms;
// anything else, also every mistake, is left to program.ts.
import { createClient } from '../api/client.ts';
import { EXIT, HealthError } from '../contract/errors.ts';
import { homeOf, socketOf } from '../engine/address.ts';
import { type Io, json, portOf, tellError } from './io.ts';
import { VERSION } from './version.ts';

interface Plain {
  readonly command: string;
  readonly home: string | undefined;
  readonly isJson: boolean;
  readonly isDryRun: boolean;
  readonly port: number | undefined;
}

/** The exit code, or undefined when this is not one of the light calls, or when the long way has more to say. */
export async function lightCall(argv: readonly string[], io: Io): Promise<number | undefined> {
  const plain = plainForm(argv);
  if (!plain || plain.home === '') return undefined;
  let home: string;
  try {
    home = homeOf(plain.home, io.env);
  } catch {
    return undefined; // the long way tells what is wrong
  }
  if (plain.command === 'status' && plain.isJson && !plain.isDryRun && plain.port === undefined) return status(home, io);
  if (plain.command !== 'run') return undefined;
  const { run } = await import('./run.ts');
  return run({ io, home, isJson: plain.isJson, version: VERSION }, { isDryRun: plain.isDryRun, port: plain.port }).catch((error: unknown) =>
    tellError(io, error, plain.isJson),
  );
}

async function status(home: string, io: Io): Promise<number | undefined> {
  try {
    const snapshot = await createClient(await socketOf(home)).ask('status', {});
    json(io, snapshot);
    return EXIT[snapshot.overall];
  } catch (error) {
    if (error instanceof HealthError && error.code === 'engine-stuck') return tellError(io, error, true); // it need not be asked twice
    return undefined; // the long way tells what is wrong
  }
}

function plainForm(argv: readonly string[]): Plain | undefined {
  let home: string | undefined;
  let isJson = false;
  let isDryRun = false;
  let port: number | undefined;
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === '--json') isJson = true;
    else if (word === '--dry-run') isDryRun = true;
    else if (word.startsWith('--home=')) home = word.slice('--home='.length);
    else if (word === '--port' || word.startsWith('--port=')) {
      if (word === '--port') index += 1;
      port = portOf(word === '--port' ? (argv[index] ?? '') : word.slice('--port='.length));
      if (port === undefined) return undefined;
    } else if (word === '--home' && index + 1 < argv.length) {
      index += 1;
      home = argv[index];
    } else return undefined;
  }
  return argv[0] === undefined ? undefined : { command: argv[0], home, isJson, isDryRun, port };
}
