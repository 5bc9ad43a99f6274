// What must survive a restart (R3, R8): three files, one line a service, written only when their content changed, always
// the intent (recovery) first. A flush resolves only when the bytes of every earlier put are durable; when it rejects,
// nothing is forgotten and the next flush tries again. Touches only the three state files of the home.
import path from 'node:path';
import type { AlertState, HealthState, RecoveryState, ServiceState } from '../../contract/flow.ts';
import { HOME_FILES } from '../../contract/home.ts';
import type { AgesPort, ClockPort, JsonFilePort, TimersPort } from '../../contract/ports.ts';
import { isoTime } from '../../contract/time.ts';
import { createDurableFile, type FsPort, type OnQuarantine } from './durable-file.ts';
import type { Reserve } from './reserve.ts';
import { parseAlertFile, parseHealthFile, parseRecoveryFile, type StateFile } from './state-schema.ts';

type LoadedState = { health?: HealthState; recovery?: RecoveryState; alert?: AlertState };

export interface StateStore {
  /** As it was on disk at opening. Parts are missing where a file was absent or damaged. */
  readonly loaded: ReadonlyMap<string, LoadedState>;
  /** Remembers the new state of a service. Costs nothing when it is the same; equal content is not written again. */
  put(service: string, state: ServiceState): void;
  remove(service: string): void;
  /** Resolves when everything put before is durable. Calls within 100 ms share one write; `urgent` writes at once.
   * Rejects HealthError `home-unusable`; the data stays and is tried again at the next flush. */
  flush(options?: { urgent?: boolean }): Promise<void>;
  /** A last urgent flush. */
  close(): Promise<void>;
}

interface StateStoreOptions {
  readonly home: string;
  readonly clock: ClockPort;
  readonly ages: Pick<AgesPort, 'ageMs'>;
  readonly timers: TimersPort;
  readonly reserve: Reserve;
  readonly onQuarantine: OnQuarantine;
  readonly fs?: FsPort | undefined;
}

const SHARE_MS = 100; // R8: rounds that end within 100 ms may share one write
const DAY_MS = 86_400_000;
const FORGET_MS = 30 * DAY_MS;
/** For longer the machine can't have been off without a doubt (contract/ports.ts). */
const AWAY_MS = FORGET_MS / 4;
/** A service may be put for the first time long after the start; nothing is forgotten before. */
const SETTLED_MS = DAY_MS;
const RESTORE_EVERY_MS = 60_000;

/** One service in one file: its state, and the same as text, by which change is told. */
interface Kept {
  seenAt: number;
  text: string;
  readonly state?: unknown;
}
type Kind = keyof ServiceState;
interface Part {
  readonly kind: Kind;
  readonly file: JsonFilePort<ReadonlyMap<string, Kept>>;
  kept: Map<string, Kept>;
  isStale: boolean;
}

const SOURCES = [
  { kind: 'recovery', name: HOME_FILES.recoveryState, parse: parseRecoveryFile },
  { kind: 'health', name: HOME_FILES.healthState, parse: parseHealthFile },
  { kind: 'alert', name: HOME_FILES.alertState, parse: parseAlertFile },
] as const satisfies readonly { kind: Kind; name: string; parse: (value: unknown) => StateFile<unknown> }[];

function keptOf(file: StateFile<unknown>): Map<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const [service, { seenAt, state }] of Object.entries(file.services)) {
    kept.set(service, { seenAt: Date.parse(seenAt), text: JSON.stringify(state), state });
  }
  return kept;
}

function fileText(kept: ReadonlyMap<string, Kept>): string {
  const lines: string[] = [];
  for (const [service, { seenAt, text }] of kept) {
    lines.push(`${JSON.stringify(service)}: {"seenAt":"${isoTime({ wallMs: seenAt })}","state":${text}}`);
  }
  return `{"version":1,"services":{\n${lines.join(',\n')}\n}}\n`;
}

/** Loads the three files and keeps them. Rejects `home-unusable` when one is there and can't be read. */
export async function openStateStore(options: StateStoreOptions): Promise<StateStore> {
  const { home, clock, ages, timers, reserve } = options;
  const parts: Part[] = [];
  for (const { kind, name, parse } of SOURCES) {
    const file = createDurableFile<ReadonlyMap<string, Kept>>({
      path: path.join(home, name),
      parse: (value) => keptOf(parse(value)),
      format: fileText,
      onQuarantine: options.onQuarantine,
      now: clock,
      fs: options.fs,
      reserve,
    });
    parts.push({ kind, file, kept: new Map(await file.read()), isStale: false });
  }
  const loaded = new Map<string, LoadedState>();
  for (const part of parts) {
    for (const [service, { seenAt, text, state }] of part.kept) {
      loaded.set(service, { ...loaded.get(service), [part.kind]: state });
      part.kept.set(service, { seenAt, text });
    }
  }

  /** Last put of each service of this life. What was loaded and never put again lives only in the parts. */
  const current = new Map<string, ServiceState>();
  const dirty = new Set<string>();
  const openedAt = clock.now();
  let sweptAt = openedAt;
  let restoredAt = openedAt;
  let running: Promise<void> | undefined;
  let coming: { readonly done: Promise<void>; start(): void } | undefined;

  function put(service: string, state: ServiceState): void {
    const known = current.get(service) ?? loaded.get(service);
    if (known?.health === state.health && known.recovery === state.recovery && known.alert === state.alert) {
      if (!current.has(service)) current.set(service, state);
      return;
    }
    current.set(service, state);
    dirty.add(service);
  }

  function remove(service: string): void {
    current.delete(service);
    loaded.delete(service);
    dirty.add(service);
  }

  /** Turns what was put into text, and finds out which files that changes. */
  function takeIn(): Part[] {
    const now = clock.now();
    for (const service of dirty) {
      const state = current.get(service);
      for (const part of parts) {
        if (state === undefined) {
          part.isStale = part.kept.delete(service) || part.isStale;
          continue;
        }
        const text = JSON.stringify(state[part.kind]);
        if (part.kept.get(service)?.text === text) continue;
        part.kept.set(service, { seenAt: now.wallMs, text });
        part.isStale = true;
      }
    }
    dirty.clear();
    if (now.bootMs - sweptAt.bootMs >= DAY_MS) sweep(now.wallMs, now.bootMs - openedAt.bootMs >= SETTLED_MS);
    const stale = parts.filter((part) => part.isStale);
    for (const part of stale) part.isStale = false;
    return stale;
  }

  /** Once a day: what is still watched is marked as seen, what nobody put for 30 days is dropped. */
  function sweep(wallMs: number, mayForget: boolean): void {
    sweptAt = clock.now();
    for (const part of parts) {
      for (const [service, kept] of part.kept) {
        if (current.has(service)) kept.seenAt = wallMs;
        else if (mayForget && ages.ageMs(kept.seenAt, AWAY_MS) > FORGET_MS) part.kept.delete(service);
        else continue;
        part.isStale = true;
      }
    }
  }

  async function writeOut(stale: readonly Part[]): Promise<void> {
    const failures: unknown[] = [];
    for (const part of stale) {
      try {
        await part.file.write(part.kept);
      } catch (error) {
        part.isStale = true;
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    const now = clock.now();
    if (now.awakeMs - restoredAt.awakeMs < RESTORE_EVERY_MS) return;
    restoredAt = now;
    void reserve.restore().catch(() => {}); // an effort; whoever needs the room finds it missing and is told then
  }

  /** One write to come, for all who flush until it begins. */
  function arrange(): { readonly done: Promise<void>; start(): void } {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const cancel = timers.after(SHARE_MS, () => start());
    let isStarted = false;
    function start(): void {
      if (isStarted) return;
      isStarted = true;
      cancel();
      const before = running ?? Promise.resolve();
      running = done;
      before.then(begin, begin);
    }
    const done: Promise<void> = begun.then(() => {
      coming = undefined; // from here on a put belongs to the next write
      return writeOut(takeIn());
    });
    const settle = () => {
      if (running === done) running = undefined;
    };
    done.then(settle, settle);
    return { done, start };
  }

  function flush({ urgent = false }: { urgent?: boolean } = {}): Promise<void> {
    if (dirty.size === 0 && !parts.some((part) => part.isStale)) return running ?? Promise.resolve();
    coming ??= arrange();
    const { done, start } = coming;
    if (urgent) start();
    return done;
  }

  return { loaded, put, remove, flush, close: () => flush({ urgent: true }) };
}
