// What the rooms are handed instead of reaching for it: clock, timers, processes, commands, the record.
// The real ones are built in engine/system.ts and probe/; fakes live under test/. Shapes only.
import type { AuditEvent, AuditLog, EffectEvent, ToldCheck } from './audit.ts';
import type { Notice, ProcessIdentity } from './flow.ts';
import type { Keeper, KeeperState } from './keeper.ts';
import type { Moment } from './time.ts';

export interface ClockPort {
  now(): Moment;
}

/** How old it is what carries a time of the wall clock, which may have been set meanwhile: a file's mtime, say (R9, R14). */
export interface AgesPort {
  /** Milliseconds of real time, as far as they are certain. Negative: that time is still to come. `awayMs`: where the machine was off for
   * longer than that, by its clock, this is not believed at once; default: it is, however long (R9). */
  ageMs(writtenAtMs: number, awayMs?: number): number;
  /** Unix time: what is dated `limitMs` before it or earlier is certainly so old. */
  trustedWallMs(limitMs: number, awayMs: number): number;
}

export interface TimersPort {
  /** Calls `fn` once after `ms` of awake time; the returned function cancels. Never keeps a process alive by itself when `ref` is false. */
  after(ms: number, fn: () => void): () => void;
  /** Resolves after `ms`, earlier (and without error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface IdsPort {
  /** A new id, unique for ever, sortable by time; `prefix-…`. */
  next(prefix: string): string;
}

/** One line of the process table. */
export interface ProcessRow extends ProcessIdentity {
  readonly ppid: number;
  readonly pgid: number;
  readonly uid: number;
  /** The program's own name: base name of the executable as the system tells it. */
  readonly name: string;
  /** The whole command line, words joined by one space. */
  readonly command: string;
  readonly isZombie: boolean;
  readonly rssBytes: number;
  /** CPU time used since its start. */
  readonly cpuMs: number;
  readonly ageMs: number;
  readonly hasTerminal: boolean;
}

export interface ProcessTable {
  readonly rows: ReadonlyMap<number, ProcessRow>;
  /** The engine itself and its ancestors: never matched, never signalled (R13). */
  readonly protected: ReadonlySet<number>;
}

/** Who listens on a TCP port. `unknown` when the system does not tell this user. */
export type PortOwners = { readonly kind: 'known'; readonly pids: readonly number[] } | { readonly kind: 'unknown'; readonly why: string };

/** Who holds a file open. */
export interface OpenFile {
  readonly pid: number;
  /** Opened so that it can write. */
  readonly isWriter: boolean;
  /** Every write goes to the end (`O_APPEND`); undefined when the system does not tell. */
  readonly isAppend: boolean | undefined;
}
export type OpenFiles =
  /** Keyed by `dev:ino` as `fs.stat` gives them. */
  { readonly kind: 'known'; readonly files: ReadonlyMap<string, readonly OpenFile[]> } | { readonly kind: 'unknown'; readonly why: string };

/** Reads the machine's processes. Never changes anything. */
export interface ProcessPort {
  /** One pass over all processes, shared by everybody who asks while it is fresh (`maxAgeMs`, default 500). */
  table(options?: { readonly maxAgeMs?: number }): Promise<ProcessTable>;
  /** One process, read at this moment; undefined when it is gone. */
  identify(pid: number): Promise<ProcessRow | undefined>;
  /** Whether exactly this process still runs (a zombie is dead). Cheap and synchronous where the platform allows. */
  isAlive(identity: ProcessIdentity): boolean;
  /** As they are now. `maxAgeMs`: an answer that began so long ago will do. `holdersMaxAgeMs`: who listens is read now, but who
   * holds which socket may come from one look that many questions share. */
  portOwners(port: number, options?: { readonly maxAgeMs?: number; readonly holdersMaxAgeMs?: number }): Promise<PortOwners>;
  /** Working directory, undefined when the system does not tell. */
  cwd(pid: number): Promise<string | undefined>;
  /** Who holds these files open (`dev:ino` keys), as far as this user can see. */
  openFiles(): Promise<OpenFiles>;
}

/** A command as R18 wants it: argv, no shell, capped output, a time limit. */
export interface CommandSpec {
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** `tree`: everything that it started is ended with it (checks). `group`: only its own process group (remedies). */
  readonly ends: 'tree' | 'group';
}
export type CommandResult =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: string; readonly lastLine: string }
  | { readonly kind: 'signalled'; readonly signal: string; readonly output: string; readonly lastLine: string }
  | { readonly kind: 'timed-out'; readonly output: string; readonly lastLine: string }
  | { readonly kind: 'aborted'; readonly output: string; readonly lastLine: string }
  /** It could not be started at all. */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

export interface CommandPort {
  run(spec: CommandSpec): Promise<CommandResult>;
}

/** Who keeps processes, and what they say. Never changes anything, never starts a supervisor that is not there. */
export interface KeeperPort {
  /** The nearest that keeps this process. */
  of(row: ProcessRow): Promise<Keeper>;
  stateOf(keeper: Keeper): Promise<KeeperState>;
}

/** Speaks to the PM2 daemon of a home, which must run: none is ever started. Rejects with what went wrong. */
export interface Pm2Port {
  call(home: string, method: string, args: unknown): Promise<unknown>;
}

/** What a probe may use. */
export interface ProbeContext {
  readonly clock: ClockPort;
  readonly ages: AgesPort;
  readonly timers: TimersPort;
  readonly processes: ProcessPort;
  readonly commands: CommandPort;
  readonly signal: AbortSignal;
  readonly platform: NodeJS.Platform;
  /** The user's home folder, for `~`. */
  readonly userHome: string;
  /** What a probe remembers between looks at one service (offsets of log files, CPU samples). Lost with the engine. */
  readonly memory: Map<string, unknown>;
}

/** A child that the engine started as a service: detached, in its own session, outliving the engine (R18). */
export interface StartedProcess extends ProcessIdentity {
  /** Resolves when it ends, while the engine lives. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}
export interface StartSpec {
  readonly argv: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Appended to; created 0600 if missing. Without it output is discarded. */
  readonly log?: string | undefined;
}

/** What belongs to services with another port and another folder. */
export interface OtherServices {
  /** Seen to listen on their ports while they were well: they, and what descends from them. */
  readonly listening: readonly ProcessIdentity[];
  /** Started by the engine, not seen well yet, perhaps: these very processes. */
  readonly started: readonly ProcessIdentity[];
}

/** What a remedy may use. It is told what to do; it never decides whether. */
export interface RemedyContext {
  readonly clock: ClockPort;
  readonly ages: AgesPort;
  readonly timers: TimersPort;
  readonly processes: ProcessPort;
  readonly commands: CommandPort;
  /** Starts a service process. Rejects with the system's error when it can't be started. */
  start(spec: StartSpec): Promise<StartedProcess>;
  /** Sends a signal. Identity has been confirmed by the caller directly before (R13). */
  kill(pid: number, signal: NodeJS.Signals): void;
  readonly signal: AbortSignal;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  readonly uid: number;
  /** The home of the engine: nothing in it is ever deleted or rotated by a remedy (R14). */
  readonly home: string;
  /** The check's paths, default of `rotate-logs`. */
  readonly checkPaths: readonly string[];
  /** The check's `maxSize` in bytes: `rotate-logs` leaves smaller files (allocated blocks) alone. undefined: no limit. */
  readonly rotateOverBytes: number | undefined;
  /** Folder of the service, default working directory of its remedies. */
  readonly serviceCwd: string | undefined;
  /** Processes that the engine started for this service and recorded (R13). */
  readonly recorded: readonly ProcessIdentity[];
  /** Processes of other services, which may match too, as they are known at this moment. */
  others(): OtherServices;
  readonly keepers: KeeperPort;
  readonly pm2: Pm2Port;
  /** Who kept the service while it last ran, as far as that was seen. */
  readonly keeper: Keeper | undefined;
  /** Is a person asking? Then a process with a terminal may be touched (R12). */
  readonly trigger: 'auto' | 'person';
  /** Writes into recovery.log, in order, at once (R17). */
  record(effect: EffectEvent): void;
}

/** What a remedy did. `refused`: a rule forbade it and nothing was touched. `not-started`: its command could not be
 * started at all, so no start window follows (R18). `acted`: the service decides the outcome. */
export interface RemedyResult {
  readonly kind: 'acted' | 'refused' | 'not-started';
  /** Named reason, kebab-case (`port-taken`, `no-certain-owner`, `command-exited-1`, …). */
  readonly reason: string;
  /** For people: what was done, or why not. */
  readonly message: string;
  readonly output: string;
  readonly started?: StartedProcess | undefined;
}

/** A way to reach somebody. Rejects when it could not; never blocks for longer than its own time limit. */
export interface ChannelPort {
  readonly name: string;
  deliver(notice: Notice): Promise<void>;
}

/** The audit trail (R17). Lines keep their order; `flush` resolves when they are written. */
export interface AuditPort {
  write(log: AuditLog, event: AuditEvent, at: Moment): void;
  /** A line of the health log once more, with the milliseconds that this look took: what `write` would do with such a copy, for a part
   * of its cost. Nearly all lines are such. */
  again(told: ToldCheck, latencyMs: number, at: Moment): void;
  flush(): Promise<void>;
}

/** One JSON file of the home, written atomically (temp, fsync, rename). The owner of the file is its only writer. */
export interface JsonFilePort<T> {
  /** undefined when the file is absent, or was damaged and has been moved aside. */
  read(): Promise<T | undefined>;
  /** Resolves when the value is durable; rejects with HealthError `home-unusable`. */
  write(value: T): Promise<void>;
}
