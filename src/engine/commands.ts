// Runs commands as R18 wants it: argv, no shell, no input, capped output, a time limit, a process group of their own.
// A check's command is ended as a whole tree; of a remedy's command only its own group, and what it left running in
// the background keeps a working output even after the engine is gone. Never throws: trouble is a result.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { errorText, systemCode } from '../contract/errors.ts';
import type { CommandPort, CommandResult, CommandSpec, ProcessPort, TimersPort } from '../contract/ports.ts';
import { lookedFor } from '../contract/program.ts';
import { inTime, statOnce } from './ask-once.ts';
import { cappedOutput } from './capped-output.ts';
import { type EndOptions, endGroup, endTree, groupExists } from './end-command.ts';

/** How long a command may take to end after TERM before KILL. */
const GRACE_MS = 500;
/** A folder that does not answer in this time lies on a drive that is gone. */
const FOLDER_MS = 5_000;
/** After the exit: what was written before it is in the pipe already; only somebody else can still hold it open. */
const DRAIN_MS = 100;

export interface CommandPortOptions {
  readonly processes: ProcessPort;
  readonly timers: TimersPort;
  readonly kill?: EndOptions['kill'];
}

export function createCommandPort({ processes, timers, kill = sendSignal }: CommandPortOptions): CommandPort {
  const ending: EndOptions = { processes, timers, kill, graceMs: GRACE_MS };

  async function run(spec: CommandSpec): Promise<CommandResult> {
    const output = cappedOutput();
    const printed = () => ({ output: output.text(), lastLine: output.lastLine() });
    if (spec.signal?.aborted) return { kind: 'aborted', ...printed() };
    if (spec.cwd !== undefined && !(await answers(spec.cwd, Math.min(FOLDER_MS, spec.timeoutMs)))) {
      return {
        kind: 'not-started',
        code: 'ETIMEDOUT',
        message: `The folder ${spec.cwd} does not answer: the drive that it lies on may be gone.`,
      };
    }

    const { execa } = await import('execa'); // loaded by the first program only: docs/decisions/0004-memory.md
    let subprocess: ReturnType<typeof launch>;
    try {
      subprocess = launch(execa, spec);
    } catch (error) {
      // Words that no system call takes, a NUL byte say.
      return notStarted(error, spec);
    }
    const { pid } = subprocess;
    const child = subprocess.nodeChildProcess;
    if (pid === undefined || !child) return notStarted(await subprocess, spec);
    // Nothing is awaited from it, but its end must not be an unhandled one.
    void subprocess.catch(() => undefined);

    const pipes = [subprocess.stdout, subprocess.stderr] as readonly Readable[];
    const ended = pipes.map(
      (pipe) =>
        new Promise<void>((resolve) => {
          pipe.on('data', (chunk: Buffer) => output.add(chunk));
          pipe.once('close', resolve);
          pipe.once('error', () => resolve());
        }),
    );

    let isRunning = true;
    const exit = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
      child.once('exit', (exitCode, signal) => {
        isRunning = false;
        resolve({ exitCode, signal });
      });
    });
    let stop: (why: 'timed-out' | 'aborted') => void = () => undefined;
    const stopped = new Promise<'timed-out' | 'aborted'>((resolve) => {
      stop = resolve;
    });
    const onAbort = () => stop('aborted');
    spec.signal?.addEventListener('abort', onAbort, { once: true });
    if (spec.signal?.aborted) onAbort(); // while it was being started: the event has been missed
    const cancelTimeout = timers.after(spec.timeoutMs, () => stop('timed-out'));

    const first = await Promise.race([exit, stopped]);
    cancelTimeout();
    spec.signal?.removeEventListener('abort', onAbort);

    if (typeof first === 'string') {
      await (spec.ends === 'tree' ? endTree(pid, isRunning, ending) : endGroup(pid, ending));
    } else if (spec.ends === 'tree' && groupExists(pid, kill)) {
      await endTree(pid, isRunning, ending);
    }
    await new Promise<void>((resolve) => {
      const giveUp = timers.after(DRAIN_MS, resolve);
      void Promise.all(ended).then(() => {
        giveUp();
        resolve();
      });
    });
    for (const pipe of pipes) release(pipe, spec.ends);

    if (typeof first === 'string') return { kind: first, ...printed() };
    if (first.signal !== null) return { kind: 'signalled', signal: first.signal, ...printed() };
    return { kind: 'exited', exitCode: first.exitCode ?? 0, ...printed() };
  }

  /** Asked before: the thread that starts a program waits until it runs, and with it the whole engine. */
  async function answers(folder: string, ms: number): Promise<boolean> {
    const asked = statOnce(folder).then(
      () => true,
      () => true, // why it can't be is told by the start itself
    );
    return (await inTime(asked, ms, timers)) !== undefined;
  }

  return { run };
}

function launch(execa: typeof import('execa').execa, spec: CommandSpec) {
  const [file, ...args] = spec.argv as [string, ...string[]];
  return execa(file, args, {
    // `detached` gives the group (and session) of its own; `cleanup` would end a remedy's command with the engine.
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    // Its own waiting, buffering and killing are not used: execa waits for everybody who holds the pipe, and its
    // `killDescendants` is the group only.
    buffer: false,
    reject: false,
    extendEnv: true,
    env: spec.env ?? {},
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): void {
  process.kill(pid, signal);
}

/** Lets go of a pipe that somebody may still hold. A daemon that a remedy started may be writing into it: closing it would
 * end that daemon (SIGPIPE) at its next line, so a `cat` takes over, reads to the end, and outlives the engine. */
function release(pipe: Readable, ends: CommandSpec['ends']): void {
  if (pipe.closed || pipe.destroyed || pipe.readableEnded) return;
  pipe.pause();
  if (ends === 'group') {
    try {
      const drain = spawn('cat', [], { stdio: [pipe, 'ignore', 'ignore'], detached: true });
      drain.on('error', () => undefined);
      drain.unref();
    } catch {
      // No process to spare: then the pipe closes, as it would with any other parent.
    }
  }
  pipe.destroy();
}

function notStarted(result: unknown, spec: CommandSpec): CommandResult {
  const cause = (result as { cause?: unknown }).cause ?? result;
  const code = systemCode(cause) ?? systemCode(result) ?? 'UNKNOWN';
  return { kind: 'not-started', code, message: whyNotStarted(spec, code, errorText(cause)) };
}

/** The system says ENOENT for a missing program and for a missing folder alike; people need to know which. */
export function whyNotStarted(
  spec: { readonly argv: readonly string[]; readonly cwd?: string | undefined },
  code: string,
  text: string,
): string {
  const program = spec.argv[0] ?? '';
  if (spec.cwd !== undefined && !isFolder(spec.cwd)) return `The folder ${spec.cwd} is missing, or is no folder.`;
  if (code === 'ENOENT') return `The program ${program} was not found${lookedFor(program, process.env['PATH'])}.`;
  if (code === 'EACCES') return `The program ${program} may not be run by this user.`;
  return `The program ${program} could not be started: ${text}`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
