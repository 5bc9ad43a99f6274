// The door: opens an engine on a home, real ports behind it. Everything that a way in (socket, command line, window) may use.
import os from 'node:os';
import path from 'node:path';
import type { Config } from '../contract/config.ts';
import { errorText, HealthError } from '../contract/errors.ts';
import { HOME_FILES } from '../contract/home.ts';
import type { Operations } from '../contract/operations.ts';
import type { ChannelPort, ClockPort, CommandPort, ProcessPort } from '../contract/ports.ts';
import { type Queue, queueSchema } from '../contract/queue.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { elapsedMs, isoTime, type Moment } from '../contract/time.ts';
import { openAges } from './ages.ts';
import { inTime } from './ask-once.ts';
import type { Cell } from './cell.ts';
import { createCommandPort } from './commands.ts';
import { type Core, createCore } from './core.ts';
import { summarize, viewOf } from './decide/summary.ts';
import { type ConfigInForce, createConfigOperations } from './edit-config.ts';
import { createEnergy } from './energy.ts';
import { fullDisksOf } from './full-disk.ts';
import { runRemedy, startServiceBy, stopService } from './heal/index.ts';
import { readHistory } from './history.ts';
import { identifyService, serviceProcessAge } from './identify-service.ts';
import { openApiToken } from './keep/api-token.ts';
import { openAuditLogs } from './keep/audit-log.ts';
import { type LoadedConfig, loadConfig, writeSchemaFile } from './keep/config-file.ts';
import { checkConfig, formatProblems } from './keep/config-problems.ts';
import { watchConfig } from './keep/config-watch.ts';
import { createDashboardPort, type DashboardPort } from './keep/dashboard-port.ts';
import { createDurableFile, realFs, replaceFile } from './keep/durable-file.ts';
import { openHome } from './keep/home.ts';
import { claimHome, type OwnerInfo, type Ownership } from './keep/ownership.ts';
import { createReserve } from './keep/reserve.ts';
import { prepareSocket, type SocketPlace, socketAddress } from './keep/socket-path.ts';
import { openStateStore } from './keep/state.ts';
import { askKeeping, learnKeeper } from './keeping.ts';
import { lateBuildLook, lateKeepers } from './late.ts';
import { lazily } from './lazily.ts';
import { watchMeans } from './means-watch.ts';
import { createOperations } from './operations.ts';
import { openPast } from './past.ts';
import { createPm2Port } from './pm2-rpc.ts';
import { lookAt, startsProgram } from './probe/index.ts';
import { createProcessPort } from './probe/processes.ts';
import { createProcessWatch } from './probe/watch.ts';
import { createProblems } from './problems.ts';
import { sweepQueue } from './queue-sweep.ts';
import { sightOf } from './sight.ts';
import { createStartService } from './start-service.ts';
import { bootId, createClock, createIds, loopTurns, realTimers } from './system.ts';
import { countTrail, type Tally } from './tally.ts';
import { createAgentQueue } from './tell/agent-queue.ts';
import { createDesktopNotifier } from './tell/desktop-notifier.ts';
import { createViews } from './views.ts';

export interface EngineOptions {
  readonly home: string;
  /** `once`: nothing is looked at by itself; ends when its caller is done. */
  readonly mode: OwnerInfo['mode'];
  readonly version: string;
  readonly isDryRun?: boolean;
  /** How a person is told instead of by a helper program; handed that way, to fall back on. */
  readonly notifier?: (helper: ChannelPort) => ChannelPort;
}

export interface Engine {
  readonly home: string;
  readonly ownership: Ownership;
  /** What `validate` would warn of in the configuration that was loaded at the start, for people. */
  readonly configWarnings: string;
  readonly operations: Operations;
  /** What has been counted since the start, for monitoring systems. */
  readonly tally: Tally;
  /** Bearer token of the loopback API: the home's, made at the first call. */
  apiToken(): Promise<string>;
  /** Where the dashboard was last, for the next start. */
  readonly dashboardPort: DashboardPort;
  snapshot(): Snapshot;
  /** Calls back after news, several at once as one, and within a second after looks that saw nothing new; `newsOnly`: not after
   * those. Returns how to stop. One broken listener does not stop another. */
  subscribe(listener: (snapshot: Snapshot) => void, options?: { readonly newsOnly?: boolean }): () => void;
  /** The system says that it goes to sleep, or is awake again (R9). What it does not say, the heartbeat notices. */
  powerChanged(event: 'suspend' | 'resume'): void;
  /** Flushes and lets go of the home: within 5 s, whatever is under way. */
  close(): Promise<void>;
}

const CLOSE_MS = 4_200;
const PER_HOUR_AFTER_MS = 60_000;

/** Opens the engine. Rejects with HealthError: `config-invalid`, `config-missing`, `home-owned`, `home-unusable`. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { home, mode, isDryRun = false } = options;
  const timers = realTimers;
  const clockOfBoot = createClock(await bootId(process.platform));
  const processes = createProcessPort({ clock: clockOfBoot, timers });
  const commands = createCommandPort({ processes, timers });
  const clock: ClockPort = process.platform === 'darwin' ? createClock(await bootId(process.platform, commands)) : clockOfBoot;
  const startedAt = clock.now();

  // A home is made by its first configuration; a mistyped --home makes none.
  if (await realFs.lstat(home).catch(() => undefined)) await openHome(home);
  const loaded = await loadConfig(home);
  const ownership = await claimHome(home, { pid: process.pid, mode, startedAt: isoTime(startedAt) });
  try {
    return await openOwned({ ...options, isDryRun }, { ownership, loaded, clock, processes, commands, startedAt });
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

interface Ground {
  readonly ownership: Ownership;
  readonly loaded: LoadedConfig;
  readonly clock: ClockPort;
  readonly processes: ProcessPort;
  readonly commands: CommandPort;
  readonly startedAt: Moment;
}

async function openOwned(options: EngineOptions & { isDryRun: boolean }, ground: Ground): Promise<Engine> {
  const { home, mode, isDryRun } = options;
  const { ownership, clock, processes, commands, startedAt } = ground;
  const timers = realTimers;
  const ids = createIds();
  const views = createViews(timers);
  const problems = createProblems(clock, () => views.changed());
  const quarantined = (original: string, moved: string, why: string): void => {
    problems.set(`quarantined-${path.basename(original)}`, `${path.basename(original)} was damaged (${why}) and is kept as ${moved}`);
    audit?.write('health', { event: 'file-quarantined', path: original, movedTo: moved, why }, clock.now());
  };

  const reserve = createReserve(home);
  await reserve.restore().catch(() => undefined); // a disk that is full at the start is told by the first write
  let audit: Awaited<ReturnType<typeof openAuditLogs>> | undefined;
  const trail = countTrail(
    await openAuditLogs({
      home,
      clock,
      timers,
      reserve,
      onQuarantine: quarantined,
      onTrouble: (log, trouble) => problems.set(`log-${log}`, trouble && `${log}.log cannot be written: ${trouble.message}`),
    }),
  );
  audit = trail.audit;
  const ages = await openAges({ home, clock, onQuarantine: quarantined, isDryRun });
  const store = await openStateStore({ home, clock, ages, timers, reserve, onQuarantine: quarantined });
  const past = openPast({
    home,
    clock,
    ages,
    timers,
    audit: trail.audit,
    beginsAt: startedAt.wallMs,
    isScheduled: mode !== 'once',
    onQuarantine: quarantined,
    problem: problems.set,
    onReady: () => views.changed(),
  });
  audit = past.audit;
  const queue = createAgentQueue({
    clock,
    file: createDurableFile<Queue>({
      path: path.join(home, HOME_FILES.queue),
      parse: (value) => queueSchema.parse(value),
      onQuarantine: quarantined,
      now: clock,
      reserve,
    }),
  });
  await writeSchemaFile(home, options.version, writeText).catch(() => undefined); // a help for editors, nothing depends on it

  const watch = createProcessWatch({ processes, timers });
  const userHome = os.homedir();
  const uid = process.getuid?.() ?? -1;
  const pm2 = createPm2Port(timers);
  const stopping = new AbortController();
  const keepers = lateKeepers({ processes, commands, pm2, platform: process.platform, uid, userHome });
  const findPortHolder = async (cell: Cell) =>
    (await import('./port-holder.ts')).portHolderOf(cell, { processes, keepers, clock, uid, userHome });
  const desktop = createDesktopNotifier({ platform: process.platform, commands, timers });
  const energy = createEnergy({
    timers,
    commands,
    platform: process.platform,
    changed: () => core.rescheduleAll(),
  });
  const core: Core = createCore(
    {
      clock,
      timers,
      ids,
      audit: past.audit,
      store,
      queue,
      channels: new Map([['notification', options.notifier?.(desktop) ?? desktop]]),
      isDryRun,
      isScheduled: mode !== 'once',
      tools: {
        clock,
        ages,
        timers,
        processes,
        commands,
        keepers,
        pm2,
        start: createStartService({ processes }),
        kill: (pid, signal) => {
          process.kill(pid, signal);
        },
        platform: process.platform,
        userHome,
        uid,
        home,
      },
      probeContext: () => ({ clock, ages, timers, processes, commands, signal: stopping.signal, platform: process.platform, userHome }),
      look: lookAt,
      startsProgram,
      runRemedy,
      // Needed when somebody is told: not before (docs/decisions/0004-memory.md).
      evidence: async (cell) => {
        const { gatherEvidence } = await import('./evidence.ts');
        const wellAtMs = wellAt(cell);
        return gatherEvidence(cell.service, { processes, commands, timers, userHome, home, wellAtMs });
      },
      watch: watch.watch,
      unwatch: watch.unwatch,
      identify: (cell) => identifyService(cell, processes),
      processAge: (cell, others) => serviceProcessAge(cell, processes, others),
      buildAtWork: lateBuildLook({ processes, clock, userHome }),
      learnKeeper: (cell, identities) => learnKeeper(cell, identities, { processes, keepers }),
      askKeeping: (cell) => askKeeping(cell, { keepers }),
      portHolder: findPortHolder,
      isAlive: processes.isAlive,
      fullDisks: (service, disks) => fullDisksOf(service, disks, { userHome }),
      clockSeen: ages.look,
      slower: energy.slower,
      problem: problems.set,
      changed: views.changed,
    },
    ground.loaded.config,
  );
  audit.write(
    'health',
    {
      event: 'engine-started',
      pid: process.pid,
      mode,
      version: options.version,
      node: process.version,
      dryRun: isDryRun,
      watched: idsOf(ground.loaded.config),
      boot: startedAt.boot,
      upMs: Math.round(startedAt.bootMs),
    },
    startedAt,
  );

  let inForce: ConfigInForce = ground.loaded;
  /** Once for each new text: what a window has just saved, the watch below sees again. */
  const takeConfig = (text: string, taken: Pick<LoadedConfig, 'config' | 'parsed'>): void => {
    problems.set('config-refused', undefined);
    if (text === inForce.text) return;
    inForce = { text, parsed: taken.parsed };
    core.apply(taken.config);
    audit?.write('health', { event: 'config-loaded', services: taken.config.services.length, watched: idsOf(taken.config) }, clock.now());
    if (mode === 'once') return;
    means.look(taken.config);
    energy.take(taken.config);
  };
  const configWatch =
    mode === 'once'
      ? undefined
      : watchConfig({
          path: ground.loaded.path,
          timers,
          text: inForce.text,
          onChange: (text) => {
            const checked = checkConfig(text, ground.loaded.path);
            if (!checked.ok) {
              const first = checked.problems[0];
              problems.set(
                'config-refused',
                `config.json is refused, the last good one is in force. ${first ? `Line ${first.line}: ${first.message}` : ''}`.trim(),
              );
              const told = formatProblems(checked.problems, ground.loaded.path);
              audit?.write('health', { event: 'config-refused', problems: told }, clock.now());
              return;
            }
            takeConfig(text, checked);
          },
          onTrouble: (error) =>
            problems.set('config-refused', `config.json cannot be read, the last good one is in force: ${errorText(error)}`),
        });
  const means = watchMeans({ timers, processes, userHome, searchPath: process.env['PATH'], problem: problems.set });
  if (mode !== 'once') means.look(ground.loaded.config);
  if (mode !== 'once') energy.take(ground.loaded.config);
  const stopSweeping = mode === 'once' ? undefined : sweepQueue(queue, timers);

  const sight = (cell: Cell, now: Moment) =>
    sightOf(cell, { cells: core.cells, now, uptime: past.uptimes(cell.service.id), repairs: past.repairs(cell.service) });
  const turnsAtStart = loopTurns();
  const snapshot = (): Snapshot => {
    const now = clock.now();
    return {
      version: 1,
      rev: views.rev(),
      at: isoTime(now),
      ...summarize({
        services: [...core.cells.values()].map((cell) => sight(cell, now)),
        isAsleep: core.isAsleep(),
        problems: problems.list(),
        now,
      }),
      engine: {
        pid: process.pid,
        startedAt: isoTime(startedAt),
        mode,
        version: options.version,
        dryRun: isDryRun,
        recoveryEnabled: core.config().recovery.enabled,
        home,
        wakeUpsPerHour: perHour(loopTurns() - turnsAtStart, elapsedMs(startedAt, now)),
        onBattery: energy.isOnBattery() ?? null,
      },
      problems: problems.list(),
    };
  };
  views.source(snapshot);

  const view = (cell: Cell) => {
    const now = clock.now();
    return viewOf(sight(cell, now), now);
  };
  const operations: Operations = {
    ...createOperations({
      core,
      queue,
      isDryRun,
      isScheduled: mode !== 'once',
      stopService,
      startServiceBy,
      freePort: async (held, ctx) => (await import('./heal/free-port.ts')).freePort(held, ctx),
      findPortHolder,
      view,
      newId: (prefix) => ids.next(prefix),
    }),
    status: async () => snapshot(),
    service: async ({ id }) => {
      const cell = core.cells.get(id);
      if (!cell) throw new HealthError('not-found', `There is no service ${id}.`);
      return view(cell);
    },
    trail: async (period) => {
      await audit?.flush().catch(() => undefined);
      return readHistory(home, period);
    },
    history: (input) => past.series(input, core.cells.get(input.service)),
    overview: ({ days }) => past.overview([...core.cells.keys()], days),
    incidents: past.incidents,
    ...createConfigOperations({
      home,
      version: options.version,
      inForce: () => inForce,
      flush: async () => audit?.flush(),
      take: (loaded) => takeConfig(loaded.text, loaded),
    }),
  };

  let suspendedAt: Moment | undefined;
  let closing: Promise<void> | undefined;
  return {
    home,
    ownership,
    configWarnings: ground.loaded.warnings.length > 0 ? formatProblems(ground.loaded.warnings, path.basename(ground.loaded.path)) : '',
    operations,
    tally: trail.tally,
    apiToken: lazily(() =>
      openApiToken({ home, clock, onQuarantine: quarantined, onTrouble: (message) => problems.set('api-token', message) }),
    ),
    dashboardPort: createDashboardPort({
      home,
      clock,
      onQuarantine: quarantined,
      onTrouble: (message) => problems.set('dashboard-port', message),
    }),
    snapshot,
    subscribe: views.subscribe,
    powerChanged(event) {
      const now = clock.now();
      // The word of the sleep may come only at the wake (https://github.com/electron/electron/issues/16297): then it lasted no time.
      if (event === 'suspend') suspendedAt = now;
      else core.slept(now, suspendedAt ? elapsedMs(suspendedAt, now) : 0);
      if (event === 'resume') suspendedAt = undefined;
    },
    close() {
      closing ??= (async () => {
        await inTime(close(), CLOSE_MS, timers);
        await ownership.release();
      })();
      return closing;
    },
  };

  async function close(): Promise<void> {
    configWatch?.close();
    stopSweeping?.();
    means.close();
    energy.close();
    stopping.abort();
    const looks = core.roundsOver();
    await core.close();
    await looks; // their programs are ended as whole trees, which takes a moment where one ignores TERM (R18)
    watch.close();
    audit?.write('health', { event: 'engine-stopped', pid: process.pid }, clock.now());
    if (!isDryRun) await store.close().catch(() => undefined);
    await ages.idle();
    await past.close();
    await audit?.close().catch(() => undefined);
  }
}

/** When this service was last seen well, as far as this engine or its state knows. Unix time. */
function wellAt({ lastOkAt, state, service }: Cell): number {
  const since = state.health.incident?.startedAt ?? state.health.since;
  return lastOkAt?.wallMs ?? since.wallMs - service.intervalMs;
}

/** null before there is enough to tell. */
function perHour(count: number, inMs: number): number | null {
  return inMs < PER_HOUR_AFTER_MS ? null : Math.round((count * 3_600_000) / inMs);
}

const idsOf = (config: Config): string[] => config.services.map((service) => service.id);

/** Where the control socket of this engine is; a stale one is cleared away first. */
export async function engineSocket(engine: Pick<Engine, 'home' | 'ownership'>, place: SocketPlace): Promise<string> {
  const socket = socketAddress(engine.home, place);
  await prepareSocket(socket, place, engine.ownership);
  return socket.address;
}

function writeText(file: string, text: string): Promise<void> {
  return replaceFile(realFs, file, Buffer.from(text));
}
