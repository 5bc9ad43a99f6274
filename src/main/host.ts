// The engine behind the app: its own, or the one of a background service that owns this home, asked over its socket until it ends.
// Tells who listens of every snapshot; why there is no engine is a sentence that people are shown. Knows no rule.
import type { ControlServer } from '../api/server.ts';
import { errorText, HealthError } from '../contract/errors.ts';
import type { OperationInput, OperationOutput } from '../contract/operations.ts';
import type { ChannelPort, TimersPort } from '../contract/ports.ts';
import type { OperationName } from '../contract/routes.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { socketOf } from '../engine/address.ts';
import type { Engine } from '../engine/engine.ts';

/** How often the engine of another is asked, and how often it is tried again to have our own. */
const FOLLOW_MS = 2_000;
const AGAIN_MS = 5_000;

export interface HostOptions {
  readonly home: string;
  readonly version: string;
  readonly isDryRun: boolean;
  readonly dashboard: string;
  readonly timers: TimersPort;
  /** The engine begins after it. */
  readonly prepared: Promise<void>;
  notifier(helper: ChannelPort): ChannelPort;
  onChange(): void;
}
export interface Host {
  /** As it is now; undefined while there is no engine. */
  snapshot(): Snapshot | undefined;
  trouble(): string | undefined;
  /** Rejects with HealthError; `no-engine` where there is none. Input is judged by the one table of operations. */
  ask<N extends OperationName>(name: N, input: unknown): Promise<OperationOutput<N>>;
  powerChanged(event: 'suspend' | 'resume'): void;
  /** Flushed and let go of the home. */
  close(): Promise<void>;
}

export function startHost(options: HostOptions): Host {
  const { home, timers, onChange } = options;
  let own: { readonly engine: Engine; server?: ControlServer } | undefined;
  let opening: Promise<void> | undefined;
  let followed: { ask: Host['ask']; snapshot: Snapshot } | undefined;
  let trouble: string | undefined;
  let cancel: (() => void) | undefined;
  let isClosed = false;

  function later(ms: number): void {
    if (!isClosed) cancel = timers.after(ms, () => void step());
  }
  async function step(): Promise<void> {
    if (isClosed) return;
    // While its owner answers, the lock is left alone: trying it stands still in this thread for as long as SQLite waits.
    const heard = followed ? await follow() : 'nothing';
    if (heard === 'answer') later(FOLLOW_MS);
    else {
      try {
        opening = openOwn();
        await opening;
        trouble = undefined;
      } catch (error) {
        const isOwned = error instanceof HealthError && error.code === 'home-owned';
        if (isOwned && heard !== 'stuck' && (await follow()) === 'answer') later(FOLLOW_MS);
        else {
          followed = undefined;
          trouble = isOwned ? 'The background service does not answer' : inOneLine(error);
          later(AGAIN_MS);
        }
      }
    }
    onChange();
  }

  /** Where only its socket can't be opened, the engine is kept: ended and started anew it would watch nothing. */
  async function openOwn(): Promise<void> {
    own ??= { engine: await openEngineOfOurs() };
    const { serveControl } = await import('../api/server.ts');
    own.server = await serveControl(own.engine, { dashboard: options.dashboard });
  }

  async function openEngineOfOurs(): Promise<Engine> {
    const { openEngine } = await import('../engine/engine.ts');
    const { hasConfig, writeFirstConfig } = await import('../engine/setup.ts');
    if (!(await hasConfig(home))) await writeFirstConfig(home, options.version);
    const engine = await openEngine({
      home,
      mode: 'app',
      version: options.version,
      isDryRun: options.isDryRun,
      notifier: options.notifier,
    });
    followed = undefined;
    engine.subscribe(onChange);
    return engine;
  }

  async function follow(): Promise<'answer' | 'nothing' | 'stuck'> {
    try {
      const { createClient } = await import('../api/client.ts');
      const client = createClient(await socketOf(home));
      const snapshot = await client.ask('status', {});
      followed = { ask: (name, input) => client.ask(name, input as OperationInput<typeof name>), snapshot };
      trouble = undefined;
      return 'answer';
    } catch (error) {
      return error instanceof HealthError && error.code === 'engine-stuck' ? 'stuck' : 'nothing';
    }
  }

  void options.prepared.then(step);
  return {
    snapshot: () => own?.engine.snapshot() ?? followed?.snapshot,
    trouble: () => trouble,
    async ask(name, input) {
      const { inputOf } = await import('../api/input.ts');
      const judged = inputOf(name, input);
      if (own) return (await (own.engine.operations[name] as (value: unknown) => Promise<unknown>)(judged)) as never;
      if (followed) return followed.ask(name, judged);
      throw new HealthError('no-engine', trouble ?? 'The engine is still starting.', { hint: 'Try again in a moment.' });
    },
    powerChanged: (event) => own?.engine.powerChanged(event),
    async close() {
      isClosed = true;
      cancel?.();
      // What is being opened is opened first, so that it is flushed as well.
      await opening?.catch(() => undefined);
      await own?.server?.close().catch(() => undefined);
      await own?.engine.close();
    },
  };
}

/** For the first row of the menu, where there is room for one sentence. */
function inOneLine(error: unknown): string {
  const first =
    error instanceof HealthError && Array.isArray(error.details['problems']) ? (error.details['problems'][0] as unknown) : undefined;
  const problem = first as { line?: number; message?: string } | undefined;
  if (problem?.message !== undefined) return `config.json is refused. Line ${problem.line}: ${problem.message}`;
  return errorText(error).split('\n')[0] ?? '';
}
