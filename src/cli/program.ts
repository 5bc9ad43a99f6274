// The command line as a table of commands (PRODUCT section 6): arguments in, one function of a neighbouring file called,
// its exit code out. Knows no rule.
import { Command, CommanderError } from 'commander';
import { closest, distance } from 'fastest-levenshtein';
import { EXIT, HealthError } from '../contract/errors.ts';
import { plainLines } from '../contract/plain-text.ts';
import { LONGEST_DURATION_MS, parseDuration } from '../contract/units.ts';
import { homeOf } from '../engine/address.ts';
import { type Io, portOf, tellError } from './io.ts';
import { VERSION } from './version.ts';

/** What every command gets. */
export interface Call {
  readonly io: Io;
  readonly home: string;
  readonly isJson: boolean;
  readonly version: string;
}
const EXIT_CODES = `
Exit codes: 0 ok, 1 warning, 2 error, 3 unknown, 64 wrong call, 69 no engine,
74 the answer could not be written, 75 another engine owns the home,
78 no configuration or a refused one.`;
type Options = Record<string, unknown> & { home?: string; json?: boolean };

/** Runs one command. Never rejects; the result is the exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.ok;
  // What it says of a wrong call has the words of that call in it.
  const isJson = argv.includes('--json');
  const output = { writeOut: io.out, writeErr: (text: string) => !isJson && io.err(plainLines(text)) };
  const program = new Command('jarvis-health')
    .description('Keeps the services on your own machine healthy.')
    .version(VERSION, '-V, --version')
    .option('--once', 'the whole round once, as `check --once`')
    .option('--home <dir>', 'folder that holds configuration, state, logs and history')
    .option('--json', 'output for programs')
    .exitOverride()
    .configureOutput(output)
    .showHelpAfterError('(jarvis-health --help shows all commands)')
    .enablePositionalOptions(false)
    .helpCommand('help [command]', 'what a command does')
    .addHelpText('after', EXIT_CODES);

  /** A command whose function returns the exit code. */
  function command(usage: string, description: string, act: (call: Call, args: string[], options: Options) => Promise<number>): Command {
    const added = program
      .command(usage)
      .description(description)
      .option('--home <dir>', 'folder of the engine')
      .option('--json', 'output for programs');
    added.action(async (...given: unknown[]) => {
      const options = added.optsWithGlobals() as Options;
      const args = given
        .slice(0, -2)
        .flat()
        .filter((arg): arg is string => typeof arg === 'string');
      noEmptyWords(args, options);
      exitCode = await act(callOf(options), args, options);
    });
    added.exitOverride().configureOutput(output);
    return added;
  }
  function callOf(options: Options): Call {
    return { io, home: homeOf(options.home, io.env), isJson: options.json === true, version: VERSION };
  }

  command('check [service...]', 'look now and record what was seen; exit by the worst status', async (call, args, options) =>
    (await import('./service-commands.ts')).check(call, args, options['once'] === true),
  ).option('--once', 'the whole round: recovery and alerts too');
  command('run', 'the engine in the foreground', async (call, _args, options) =>
    (await import('./run.ts')).run(call, { isDryRun: options['dryRun'] === true, port: portOption(options['port']) }),
  )
    .option('--port <number>', 'also the dashboard on 127.0.0.1; 0 for the one it had last, or any free one')
    .option('--dry-run', 'decide and record everything, touch nothing, tell no one');
  command('start [service]', 'the background service, or a service', async (call, [service]) =>
    service ? (await import('./service-commands.ts')).start(call, service) : (await import('./background-commands.ts')).start(call),
  );
  command('stop [service]', 'the background service, or a service, on purpose', async (call, [service]) =>
    service ? (await import('./service-commands.ts')).stop(call, service) : (await import('./background-commands.ts')).stop(call),
  );
  command('restart [service]', 'the background service, or a service now', async (call, [service]) =>
    service ? (await import('./service-commands.ts')).heal(call, service) : (await import('./background-commands.ts')).restart(call),
  );
  command('status', 'how everything is; exit by colour', async (call) => (await import('./background-commands.ts')).status(call));
  command('logs', 'what the engine does, as it does it', async (call, _args, options) =>
    (await import('./logs.ts')).logs(call, { isFollowing: options['follow'] === true, lines: wholeNumber('--lines', options['lines']) }),
  )
    .option('-f, --follow', 'keep showing new lines')
    .option('--lines <count>', 'how many lines to begin with', '50');
  command('heal <service>', 'restart a service now', async (call, [service = '']) =>
    (await import('./service-commands.ts')).heal(call, service),
  );
  command('free-port <service>', 'end whoever holds the port of a service, and restart it', async (call, [service = ''], options) =>
    (await import('./service-commands.ts')).freePort(
      call,
      service,
      options['pid'] === undefined ? undefined : wholeNumber('--pid', options['pid']),
    ),
  ).option('--pid <pid>', 'only if it is this process');
  command('pause <service>', 'leave a service alone', async (call, [service = ''], options) =>
    (await import('./service-commands.ts')).pause(call, service, durationOption('--for', options['for'])),
  ).option('--for <duration>', 'how long, like 1h; without it until resumed');
  command('resume <service>', 'end a pause', async (call, [service = '']) => (await import('./service-commands.ts')).resume(call, service));
  command('ack <service>', 'acknowledge: stay quiet until it is well again', async (call, [service = '']) =>
    (await import('./service-commands.ts')).ack(call, service),
  );
  command('history [service]', 'what happened', async (call, [service], options) =>
    (await import('./past-commands.ts')).history(call, service, durationOption('--since', options['since'])),
  ).option('--since <duration>', 'how far back', '24h');
  command('incidents [service]', 'what failed, what was tried, how it ended', async (call, [service], options) =>
    (await import('./past-commands.ts')).incidents(call, service, durationOption('--since', options['since'])),
  ).option('--since <duration>', 'how far back', '30d');
  command('alerts [action] [id]', "the agent's queue; actions: claim, done, release", async (call, [action, id], options) =>
    (await import('./queue-commands.ts')).alerts(call, action, id, {
      by: textOption(options['by']),
      result: textOption(options['result']),
    }),
  )
    .option('--by <name>', 'who claims or finishes')
    .option('--result <text>', 'what came of it (done)')
    .addHelpText('after', '\nclaim without an id takes the oldest; where nothing is waiting it says so (null with --json) and exits 0.');
  command('init', 'write a first configuration from what runs here', async (call, _args, options) =>
    (await import('./config-commands.ts')).init(call, textOption(options['preset'])),
  ).option('--preset <name>', 'write a ready configuration instead: jarvis');
  command('discover', 'what runs here and could be watched', async (call) => (await import('./config-commands.ts')).discover(call));
  command('validate [file]', 'check a configuration', async (call, [file], options) =>
    (await import('./config-commands.ts')).validate(call, file, options['means'] === true),
  ).option('--means', 'also whether its remedies could be carried out here, without doing anything; exit 1: one could not');
  command('replay', 'what another configuration would have made of the last days', async (call, _args, options) =>
    (await import('./replay-command.ts')).replay(call, textOption(options['config']), durationOption('--since', options['since'])),
  )
    .option('--config <file>', 'the configuration to try; without it the one in force')
    .option('--since <duration>', 'how far back', '7d');
  command('schema', 'the JSON schema of the configuration', async (call) => (await import('./config-commands.ts')).schema(call));
  command('open', 'the dashboard in the browser, signed in', async (call) => (await import('./open.ts')).open(call));
  command('doctor', 'the self-test, with the way to mend each trouble', async (call, _args, options) =>
    (await import('./doctor.ts')).doctor(call, { isRepairing: options['repair'] === true, isSure: options['yes'] === true }),
  )
    .option('--repair', 'first mend what can be mended safely, each step named and asked for')
    .option('--yes', 'with --repair: do each step without asking');
  // Only here: a command of its own takes no word too many.
  program.allowExcessArguments().action(async (options: Options) => {
    const [word] = program.args;
    if (word !== undefined) throw unknownCommand(word, names(program));
    if (!options['once']) program.help({ error: true });
    noEmptyWords([], options);
    exitCode = await (await import('./service-commands.ts')).check(callOf(options), [], true);
  });

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return tellError(io, error, isJson);
    if (error.exitCode === 0) return EXIT.ok;
    return isJson ? tellError(io, misuse(error), true) : EXIT.usage; // the parser has told people itself
  }
}

/** `stop "$SERVICE"` in a script without that variable means no service at all, and would stop the engine; `--home "$HOME_OF_IT"` another home. */
function noEmptyWords(args: readonly string[], options: Options): void {
  if (args.includes('')) throw new HealthError('usage', 'A name is empty.', { hint: EMPTY_HINT });
  const empty = Object.entries(options).find(([name, value]) => value === '' && !MAY_BE_EMPTY.has(name));
  if (empty) throw new HealthError('usage', `--${empty[0]} is empty.`, { hint: EMPTY_HINT });
}
const EMPTY_HINT = 'Is a variable of a script not set? Leave the word out to mean none.';
/** What came of it may be nothing. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['result']);

function names(program: Command): string[] {
  return program.commands.map((command) => command.name());
}

/** What the parser found wrong, for programs. */
function misuse({ message }: CommanderError): HealthError {
  const isHelp = message === '(outputHelp)';
  return new HealthError('usage', isHelp ? 'No command was named.' : (message.replace(/^error: /, '').split('\n')[0] ?? message), {
    hint: 'jarvis-health --help shows all commands.',
  });
}

function unknownCommand(word: string, known: readonly string[]): HealthError {
  const nearest = closest(word, known);
  const isNear = distance(word, nearest) <= Math.max(1, word.length / 3);
  return new HealthError('usage', `There is no command ${word}.`, {
    hint: isNear ? `Did you mean ${nearest}?` : 'jarvis-health --help shows all commands.',
  });
}

function durationOption(flag: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined || ms < 1_000 || ms > LONGEST_DURATION_MS)
    throw new HealthError('usage', `${flag} takes a duration from 1s to 36500d, like 30m, 1h or 7d; found ${String(value)}`);
  return ms;
}

/** A port as it is written: only digits, 0 to 65535. */
function portOption(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const port = portOf(String(value));
  if (port === undefined) throw new HealthError('usage', `--port takes a number from 0 to 65535; found ${String(value)}`);
  return port;
}

function wholeNumber(flag: string, value: unknown): number {
  const number = /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new HealthError('usage', `${flag} takes a whole number; found ${String(value)}`);
  return number;
}

function textOption(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
