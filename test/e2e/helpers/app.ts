// The built app as a person meets it, looked at and pressed from a test: one interface, two drivers, so that its stories are written
// once. Here the one on the Electron double, a process of its own; on the real Electron: real-app.ts.
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Acts, Seen } from '../../electron-double/acts.ts';
import type { DoubleActs } from '../../electron-double/remote.ts';
import type { Pretended } from '../../electron-double/world.ts';
import type { Place } from './place.ts';
import { until } from './wait.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const RUN = path.join(ROOT, 'test', 'electron-double', 'run.ts');
const MAIN = path.join(ROOT, 'out', 'main', 'index.js');

type Remote<A> = { [N in keyof A]: A[N] extends (...given: infer G) => infer R ? (...given: G) => Promise<Awaited<R>> : never };
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
interface AppProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>;
  err(): string;
  out(): string;
  /** What is seen, as soon as it is as wanted. */
  untilSeen(what: string, fits: (seen: Seen) => boolean): Promise<Seen>;
}
type App = Remote<Acts> & AppProcess;
export interface AppOptions {
  readonly main?: string;
  readonly pretended?: Partial<Pretended>;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

/** One way to run the app under a test. */
export interface Driver {
  /** Why it can't be had here; undefined: it can. */
  readonly whyNot: string | undefined;
  /** The program that `--cli` is given to. */
  readonly program: string;
  start(place: Place, options?: AppOptions): Promise<App>;
  /** A start that ends by itself: a second one, or the command line. */
  run(place: Place, args: readonly string[], options?: AppOptions): Promise<Ended & { readonly out: string; readonly err: string }>;
}

export const double: Driver = {
  whyNot: undefined,
  program: process.execPath,
  start: async (place, options) => startApp(place, options),
  async run(place, args, options) {
    const app = startApp(place, { ...options, args });
    return { ...(await app.ended), out: app.out(), err: app.err() };
  },
};

/** Its home, its user data and its HOME lie in the place of the test. */
export function argsOf(place: Place, args: readonly string[] = []): string[] {
  return [`--home=${place.home}`, `--user-data-dir=${path.join(place.dir, 'user-data')}`, ...args];
}
export function envOf(place: Place, { pretended = {}, env = {} }: AppOptions): Record<string, string> {
  const own = { HOME: place.dir, JARVIS_HEALTH_HOME: '', NODE_OPTIONS: '', ELECTRON_PRETENDED: JSON.stringify(pretended) };
  return { ...(process.env as Record<string, string>), ...own, ...env };
}

/** A program that is the app, as a packaged one is: started by whoever knows only its path. */
export function writeProgram(place: Place): string {
  const file = path.join(place.dir, 'Jarvis Health');
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${RUN}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  return file;
}

/** Starts it on the double. */
export function startApp(place: Place, options: AppOptions = {}): Remote<DoubleActs> & AppProcess {
  const child = fork(RUN, [options.main ?? MAIN, ...argsOf(place, options.args)], {
    cwd: place.dir,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: envOf(place, options),
  });
  let last = 0;
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', (message: { id: number; value?: unknown; error?: string }) => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.value);
    else asked?.reject(new Error(message.error));
  });
  const app = appOf<DoubleActs>(place, child, (act, given) => {
    last += 1;
    const asked = Promise.withResolvers<unknown>();
    waiting.set(last, asked);
    child.send({ id: last, act, args: given }, (error) => error && asked.reject(error));
    return asked.promise;
  });
  void app.ended.then(() => {
    for (const asked of waiting.values()) asked.reject(new Error(`the app has ended: ${app.err()}`));
  });
  return app;
}

/** A running app; `ask` carries an act to it. It is ended with the place. */
export function appOf<A extends Acts>(
  place: Place,
  child: ChildProcess,
  ask: (act: string, given: readonly unknown[]) => Promise<unknown>,
): Remote<A> & AppProcess {
  const said = listenTo(child);
  const ended = endOf(child);
  place.atEnd(async () => {
    // Before KILL it may end its browser.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(timer);
  });
  const own: AppProcess = {
    child,
    pid: child.pid as number,
    ended,
    ...said,
    async untilSeen(what, fits) {
      let seen: Seen | undefined;
      try {
        return await until(what, async () => {
          seen = (await ask('look', [])) as Seen;
          return fits(seen) ? seen : undefined;
        });
      } catch (cause) {
        throw new Error(`${what}: last seen ${JSON.stringify(seen, null, 1)}\n${said.err()}`, { cause });
      }
    },
  };
  return new Proxy(own, {
    get: (target, key) =>
      key in target || typeof key === 'symbol' || key === 'then' ? Reflect.get(target, key) : (...given: unknown[]) => ask(key, given),
  }) as unknown as Remote<A> & AppProcess;
}

export function endOf(child: ChildProcess): Promise<Ended> {
  // Playwright hands over a process that may have ended already.
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}
export function listenTo(child: ChildProcess): { out(): string; err(): string } {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  return { out: () => out, err: () => err };
}
