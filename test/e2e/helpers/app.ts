// The built app as a person meets it, on the Electron double: a process of its own, looked at and pressed from a test.
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Acts, Seen } from '../../electron-double/remote.ts';
import type { Pretended } from '../../electron-double/world.ts';
import type { Place } from './place.ts';
import { until } from './wait.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const RUN = path.join(ROOT, 'test', 'electron-double', 'run.ts');
const MAIN = path.join(ROOT, 'out', 'main', 'index.js');

type Act = { [N in keyof Acts]: (...args: Parameters<Acts[N]>) => Promise<Awaited<ReturnType<Acts[N]>>> };
export interface App extends Act {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  err(): string;
  out(): string;
  /** What is seen, as soon as it is as wanted. */
  untilSeen(what: string, fits: (seen: Seen) => boolean): Promise<Seen>;
}

/** Starts it. Its home, its user data and its HOME lie in the place of the test. */
export function startApp(
  place: Place,
  {
    main = MAIN,
    pretended = {},
    args = [],
    env = {},
  }: { main?: string; pretended?: Partial<Pretended>; args?: readonly string[]; env?: Record<string, string> } = {},
): App {
  const child = fork(RUN, [main, `--home=${place.home}`, `--user-data-dir=${path.join(place.dir, 'user-data')}`, ...args], {
    cwd: place.dir,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, HOME: place.dir, JARVIS_HEALTH_HOME: '', NODE_OPTIONS: '', ELECTRON_DOUBLE: JSON.stringify(pretended), ...env },
  });
  let err = '';
  let out = '';
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  place.atEnd(async () => {
    // Before KILL it may end its browser.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(timer);
  });

  let last = 0;
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', (message: { id: number; value?: unknown; error?: string }) => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.value);
    else asked?.reject(new Error(message.error));
  });
  void ended.then(() => {
    for (const asked of waiting.values()) asked.reject(new Error(`the app has ended: ${err}`));
  });
  const ask = (act: string, given: readonly unknown[]): Promise<unknown> => {
    last += 1;
    const asked = Promise.withResolvers<unknown>();
    waiting.set(last, asked);
    child.send({ id: last, act, args: given }, (error) => error && asked.reject(error));
    return asked.promise;
  };
  const own = {
    child,
    pid: child.pid as number,
    ended,
    err: () => err,
    out: () => out,
    async untilSeen(what: string, fits: (seen: Seen) => boolean) {
      let seen: Seen | undefined;
      try {
        return await until(what, async () => {
          seen = (await ask('look', [])) as Seen;
          return fits(seen) ? seen : undefined;
        });
      } catch (cause) {
        throw new Error(`${what}: last seen ${JSON.stringify(seen, null, 1)}\n${err}`, { cause });
      }
    },
  };
  return new Proxy(own, {
    get: (target, key) =>
      key in target || typeof key === 'symbol' || key === 'then' ? Reflect.get(target, key) : (...given: unknown[]) => ask(key, given),
  }) as unknown as App;
}
