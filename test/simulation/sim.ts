// The whole: simulated time, home and world under the real core and the real operations. An engine can crash at any
// boundary between two effects and start again on what was durable. Every effect is written into `log` with true time.
import path from 'node:path';
import type { AuditEvent } from '../../src/contract/audit.ts';
import { type Config, type ConfigInput, configSchema, resolveConfig } from '../../src/contract/config.ts';
import type { ProcessIdentity, Reading, Trigger } from '../../src/contract/flow.ts';
import type { Keeper } from '../../src/contract/keeper.ts';
import type { ChannelPort, TimersPort } from '../../src/contract/ports.ts';
import type { ServiceView } from '../../src/contract/snapshot.ts';
import type { Moment } from '../../src/contract/time.ts';
import { type Core, createCore } from '../../src/engine/core.ts';
import { isHeldAt } from '../../src/engine/decide/hold.ts';
import { viewOf } from '../../src/engine/decide/summary.ts';
import { createOperations } from '../../src/engine/operations.ts';
import { type AgentQueue, createAgentQueue } from '../../src/engine/tell/agent-queue.ts';
import { createSimHome, openSimQueueFile, openSimStore, type SimHome } from './home.ts';
import { createSimTime, type SimTime } from './time.ts';
import { createSimService, type Nature, type SimService } from './world.ts';

/** `wallMs`: what the clock of the machine said then, for `audit` what the line itself says. */
export type LogLine = {
  readonly atMs: number;
  readonly wallJumps: number;
  readonly boot: string;
  readonly life: number;
  readonly wallMs: number;
  readonly bootMs: number;
} & (
  | { readonly kind: 'audit'; readonly seenMs: number; readonly event: AuditEvent & { service?: string } }
  | {
      readonly kind: 'remedy';
      readonly service: string;
      readonly trigger: Trigger;
      readonly step: 'begins' | 'returns';
      readonly result?: string;
      /** Since when its user has it stopped by its supervisor (R12). */
      readonly userStoppedAtMs?: number | undefined;
    }
  | { readonly kind: 'told'; readonly channel: string; readonly service: string; readonly id: string; readonly notice: string }
  /** A build begins or ends in a service's folder; or somebody looked for one, and saw it or not. */
  | { readonly kind: 'build'; readonly service: string; readonly step: 'begins' | 'ends' | 'seen' | 'not-seen' }
  | { readonly kind: 'look'; readonly service: string; readonly status: Reading['level'] }
  | { readonly kind: 'machine'; readonly what: 'wake' | 'boot' | 'engine-start' | 'crash' | 'jump' | 'disk-full' | 'disk-free' }
  /** Somebody's word, when it was given and when it was answered. */
  | {
      readonly kind: 'word';
      readonly service: string;
      readonly word: string;
      readonly isAnswered: boolean;
      readonly forMs: number | undefined;
    }
);
type Entry<L = LogLine> = L extends LogLine
  ? Omit<L, 'atMs' | 'wallJumps' | 'boot' | 'life' | 'wallMs' | 'bootMs'> & { wallMs?: number }
  : never;

interface Life {
  readonly number: number;
  isAlive: boolean;
  readonly core: Core;
  readonly queue: AgentQueue;
  readonly operations: ReturnType<typeof createOperations>;
}

export interface Sim {
  readonly time: SimTime;
  readonly home: SimHome;
  readonly log: LogLine[];
  readonly services: ReadonlyMap<string, SimService>;
  readonly config: Config;
  service(id: string): SimService;
  engine(): Life;
  ops(): Life['operations'];
  cell(id: string): ReturnType<Core['cells']['get']> & object;
  state(id: string): ReturnType<Sim['cell']>['state'];
  view(id: string): ServiceView;
  pass(ms: number): Promise<void>;
  /** Passes until this holds, at most `withinMs`. */
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void>;
  /** Kills the engine now; it starts again after `downMs`. */
  crash(downMs?: number): Promise<void>;
  /** Kills it at the n-th boundary from now, and starts it again a second later. */
  crashAt(boundaries: number): void;
  reboot(offMs?: number): Promise<void>;
  sleep(ms: number, isSeen?: boolean): Promise<void>;
  jump(ms: number): void;
  fill(isFull: boolean): void;
  /** A build begins in the folder of this service, or ends. */
  build(id: string, isAtWork: boolean): void;
  reload(config: ConfigInput): void;
  say(id: string, word: 'pause' | 'resume' | 'ack' | 'heal' | 'check' | 'stop' | 'start', forMs?: number): Promise<void>;
  /** A channel fails as long as this is true. */
  isChannelBroken: boolean;
  /** Services whose disk is full, and holds all others. */
  fullDisks: Set<string>;
  /** Whether a disk is full is never answered: it lies on a network drive that is gone. */
  isDriveDead: boolean;
  /** How long a delivery takes. */
  channelMs: number;
  /** What is sent beside an alert never arrives: a log on a dead disk. */
  isEvidenceStuck: boolean;
  isDryRun: boolean;
  /** Who keeps the processes that were just seen. */
  learnKeeper: () => Promise<Keeper | undefined>;
  /** By how many times everyday looks come more rarely, as on battery. */
  slower: number;
  events(name: string, service?: string): Extract<LogLine, { kind: 'audit' }>[];
  remedies(service: string, trigger?: Trigger): Extract<LogLine, { kind: 'remedy' }>[];
  told(service?: string): Extract<LogLine, { kind: 'told' }>[];
  problems: Map<string, string>;
}

/** How long it takes to look for builds. */
const SCAN_MS = 5;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A service of the simulation: port n is the n-th of the file; its folder names it to the fakes. */
export function simService(id: string, more: Partial<ConfigInput['services'][number]> = {}): ConfigInput['services'][number] {
  return {
    id,
    check: { type: 'tcp', port: 1 },
    cwd: `/sim/${id}`,
    recovery: [{ type: 'command', run: ['restart', id] }],
    ...more,
  } as ConfigInput['services'][number];
}

function parse(input: ConfigInput): Config {
  const services = input.services.map((service, index) => ({
    ...service,
    check: service.check.type === 'disk' ? service.check : { type: 'tcp' as const, port: index + 1 },
  }));
  return resolveConfig(configSchema.parse({ ...input, services }));
}

export async function createSim(
  input: ConfigInput,
  natures: Record<string, Nature> = {},
  /** `isLonghand`: every round decides everything, also where nothing is new. */
  options: { bootMs?: number; isDryRun?: boolean; isScheduled?: boolean; isLonghand?: boolean } = {},
): Promise<Sim> {
  const time = createSimTime(options);
  const home = createSimHome();
  const log: LogLine[] = [];
  const services = new Map(input.services.map(({ id }) => [id, createSimService(id, time, natures[id] ?? {})]));
  const problems = new Map<string, string>();
  let config = parse(input);
  let ports = new Map(input.services.map(({ id }, index) => [index + 1, id]));
  let life: Life | undefined;
  let lives = 0;
  let ids = 0;
  let wallJumps = 0;
  let crashIn: number | undefined;
  const builds = new Map<string, { readonly pid: number; readonly since: Moment }>();
  const buildWatch = new Map<string, () => void>();
  let buildPids = 50_000;

  const write = (entry: Entry, number = lives): void => {
    const { boot, wallMs, bootMs } = time.clock.now();
    log.push({ atMs: time.trueMs(), wallJumps, boot, life: number, wallMs, bootMs, ...entry } as LogLine);
  };
  const never = (): Promise<never> => new Promise(() => {});
  const serviceOf = (id: string): SimService => services.get(id) as SimService;

  function kill(): void {
    if (!life) return;
    life.isAlive = false;
    life = undefined;
    for (const service of services.values()) service.watch(undefined);
    write({ kind: 'machine', what: 'crash' });
  }

  function boot(): Life {
    lives += 1;
    const number = lives;
    const mine = { isAlive: true };
    const guard = async <T>(work: Promise<T>): Promise<T> => {
      const value = await work.catch((error: unknown) => {
        if (!mine.isAlive) return never();
        throw error;
      });
      return mine.isAlive ? value : never();
    };
    const timers: TimersPort = {
      after: (ms, fn) => time.timers.after(ms, () => mine.isAlive && fn()),
      sleep: (ms, signal) => guard(time.timers.sleep(ms, signal)),
    };
    const boundary = async (_name: string): Promise<void> => {
      if (!mine.isAlive) return never();
      if (crashIn === undefined) return;
      crashIn -= 1;
      if (crashIn > 0) return;
      crashIn = undefined;
      kill();
      time.timers.after(1_000, () => {
        life ??= boot();
      });
      return never();
    };
    write({ kind: 'machine', what: 'engine-start' });
    const store = openSimStore(home, timers, boundary);
    const queue = createAgentQueue({ file: openSimQueueFile(home, timers, boundary), clock: time.clock });
    const channel: ChannelPort = {
      name: 'notification',
      async deliver(notice) {
        await boundary('before channel');
        await timers.sleep(sim.channelMs);
        if (sim.isChannelBroken) throw new Error('The channel is broken');
        write({ kind: 'told', channel: 'notification', service: notice.service, id: notice.alertId, notice: notice.kind }, number);
        await boundary('after channel');
      },
    };
    const idOf = (cwd: string | undefined): string => (cwd ?? '').replace('/sim/', '');
    const act = async (id: string, trigger: Trigger, work: () => ReturnType<SimService['remedy']>) => {
      await boundary('before remedy');
      write({ kind: 'remedy', service: id, trigger, step: 'begins', userStoppedAtMs: serviceOf(id).stoppedAtMs() }, number);
      const result = await work();
      await boundary('after remedy');
      if (!mine.isAlive) return never();
      write({ kind: 'remedy', service: id, trigger, step: 'returns', result: result.kind }, number);
      return result;
    };
    const core = createCore(
      {
        clock: time.clock,
        timers,
        ids: { next: (prefix) => `${prefix}-${++ids}` },
        audit: {
          write(_log, event, at) {
            if (!mine.isAlive) return;
            // The line tells when it was seen or meant, not when it was written.
            const agoMs = at.boot === time.clock.now().boot ? time.clock.now().bootMs - at.bootMs : 0;
            const seenMs = time.trueMs() - agoMs;
            write({ kind: 'audit', seenMs, wallMs: at.wallMs, event: event as AuditEvent & { service?: string } }, number);
          },
          again({ event }, latencyMs, at) {
            this.write('health', { ...event, latencyMs }, at);
          },
          flush: async () => undefined,
        },
        store,
        queue,
        channels: new Map([['notification', channel]]),
        isDryRun: sim.isDryRun,
        isScheduled: options.isScheduled ?? true,
        tools: {} as never,
        probeContext: () => ({}) as never,
        look: (check, _ctx, told) => {
          const id = check.type === 'disk' ? path.basename(check.path) : (ports.get((check as { port: number }).port) as string);
          const cell = options.isLonghand ? core.cells.get(id) : undefined;
          if (cell) Object.defineProperty(cell, 'restState', { get: () => undefined, set: () => undefined, configurable: true });
          void guard(serviceOf(id).look()).then((reading) => {
            write({ kind: 'look', service: id, status: reading.level }, number);
            told(reading);
          });
        },
        startsProgram: () => false,
        runRemedy: (remedy, ctx) => {
          const id = idOf(ctx.serviceCwd);
          if (remedy.type === 'log-top-processes')
            return guard(Promise.resolve({ kind: 'acted', reason: 'listed', message: '', output: '' }));
          return act(id, ctx.trigger, () => serviceOf(id).remedy());
        },
        evidence: async () => (sim.isEvidenceStuck ? never() : { lastLogLines: [], changesSinceHealthy: [], topProcesses: [] }),
        buildAtWork: async ({ service: { id } }) => {
          await timers.sleep(SCAN_MS);
          const build = builds.get(id);
          write({ kind: 'build', service: id, step: build ? 'seen' : 'not-seen' }, number);
          return build && { name: 'npm install', pid: build.pid, startId: '1', folder: `/sim/${id}`, since: build.since };
        },
        watch(service, identities: readonly ProcessIdentity[], onEnd) {
          if (service.endsWith(' build')) {
            const [pid] = identities.map((one) => one.pid);
            const tell = () => mine.isAlive && onEnd(identities[0] as ProcessIdentity);
            buildWatch.set(service, () => builds.get(service.replace(' build', ''))?.pid !== pid && tell());
            return;
          }
          serviceOf(service).watch((ended) => {
            if (mine.isAlive && identities.some((known) => known.pid === ended.pid)) onEnd(ended);
          });
        },
        unwatch: (service) => (service.endsWith(' build') ? void buildWatch.delete(service) : serviceOf(service).watch(undefined)),
        identify: async () => ({ processes: [], listening: [] }),
        processAge: async () => undefined,
        learnKeeper: () => guard(sim.learnKeeper()),
        askKeeping: (cell) => guard(Promise.resolve(serviceOf(cell.service.id).kept())),
        portHolder: async () => undefined,
        isAlive: () => true,
        fullDisks: async (service, disks) =>
          sim.isDriveDead
            ? never()
            : (service.check.type === 'disk' ? [] : disks).map(({ id }) => id).filter((id) => sim.fullDisks.has(id)),
        slower: () => sim.slower,
        problem(code, message) {
          if (message === undefined) problems.delete(code);
          else problems.set(code, message);
          if (code === 'internal' && message) throw new Error(message);
        },
        changed() {},
      },
      config,
    );
    const operations = createOperations({
      core,
      queue,
      isDryRun: sim.isDryRun,
      isScheduled: options.isScheduled ?? true,
      stopService: (_recovery, ctx) => guard(serviceOf(idOf(ctx.serviceCwd)).stop()),
      startServiceBy: async (_recovery, ctx) => {
        const service = serviceOf(idOf(ctx.serviceCwd));
        if (service.nature.startFails) return { kind: 'acted', reason: service.nature.startFails, message: 'Not started', output: '' };
        service.start();
        return { kind: 'acted', reason: 'started', message: 'Started', output: '' };
      },
      freePort: never,
      findPortHolder: async () => undefined,
      view: (cell) => view(cell),
      newId: (prefix) => `${prefix}-${++ids}`,
    });
    return Object.assign(mine, { number, core, queue, operations });
  }

  function view(cell: ReturnType<Sim['cell']>): ServiceView {
    const sight = {
      lastLook: cell.lastLook,
      verdict: cell.verdict,
      nextCheckInMs: undefined,
      planReason: cell.planReason,
      planWaitMs: cell.planWaitMs,
      alertReason: cell.alertReason,
      isHeld: isHeldAt(cell.state.health, time.clock.now()),
      waitsFor: cell.state.health.suppressedBy,
    };
    const can = { heal: true, start: true, stop: true };
    return viewOf(
      { service: cell.service, state: cell.state, sight, can, uptime: { '24h': null, '7d': null, '30d': null } },
      time.clock.now(),
    );
  }

  const sim: Sim = {
    time,
    home,
    log,
    services,
    problems,
    isChannelBroken: false,
    fullDisks: new Set(),
    isDriveDead: false,
    channelMs: 50,
    isEvidenceStuck: false,
    learnKeeper: async () => undefined,
    slower: 1,
    isDryRun: options.isDryRun ?? false,
    get config() {
      return config;
    },
    service: serviceOf,
    engine() {
      if (!life) throw new Error('The engine is down');
      return life;
    },
    ops: () => sim.engine().operations,
    cell: (id) => sim.engine().core.cells.get(id) as ReturnType<Sim['cell']>,
    state: (id) => sim.cell(id).state,
    view: (id) => view(sim.cell(id)),
    pass: (ms) => time.pass(ms),
    async until(what, holds, withinMs = HOUR) {
      for (let spent = 0; spent <= withinMs; spent += 500) {
        if (life && holds()) return;
        await time.pass(500);
      }
      throw new Error(`Not within ${withinMs / MINUTE} min: ${what}`);
    },
    async crash(downMs = 1_000) {
      kill();
      await time.pass(downMs);
      life ??= boot();
      await time.settle();
    },
    crashAt(boundaries) {
      crashIn = boundaries;
    },
    async reboot(offMs = MINUTE) {
      crashIn = undefined;
      for (const id of [...builds.keys()]) sim.build(id, false);
      kill();
      time.reboot(offMs);
      write({ kind: 'machine', what: 'boot' });
      for (const service of services.values()) if (service.isUp()) service.start();
      await time.pass(2_000);
      life ??= boot();
      await time.settle();
    },
    async sleep(ms, isSeen) {
      await time.sleep(ms, isSeen);
      write({ kind: 'machine', what: 'wake' });
    },
    jump(ms) {
      wallJumps += 1;
      time.jump(ms);
      write({ kind: 'machine', what: 'jump' });
    },
    fill(isFull) {
      home.isFull = isFull;
      write({ kind: 'machine', what: isFull ? 'disk-full' : 'disk-free' });
    },
    build(id, isAtWork) {
      if (builds.has(id) === isAtWork) return;
      if (isAtWork) builds.set(id, { pid: buildPids++, since: time.clock.now() });
      else builds.delete(id);
      write({ kind: 'build', service: id, step: isAtWork ? 'begins' : 'ends' });
      if (!isAtWork) time.timers.after(300, () => buildWatch.get(`${id} build`)?.()); // noticed within a second
    },
    reload(next) {
      config = parse(next);
      ports = new Map(next.services.map(({ id }, index) => [index + 1, id]));
      life?.core.apply(config);
    },
    async say(id, word, forMs) {
      if (!life?.core.cells.has(id)) return;
      write({ kind: 'word', service: id, word, forMs, isAnswered: false });
      const ops = life.operations;
      const asked = word === 'pause' ? ops.pause({ id, forMs }) : ops[word]({ id });
      void asked.then(
        () => write({ kind: 'word', service: id, word, forMs, isAnswered: true }),
        () => undefined, // a refusal changes nothing, and a dead engine gives no answer
      );
      await time.settle();
    },
    events: (name, service) =>
      log.filter(
        (line): line is Extract<LogLine, { kind: 'audit' }> =>
          line.kind === 'audit' && line.event.event === name && (service === undefined || line.event.service === service),
      ),
    remedies: (service, trigger) =>
      log.filter(
        (line): line is Extract<LogLine, { kind: 'remedy' }> =>
          line.kind === 'remedy' &&
          line.service === service &&
          line.step === 'begins' &&
          (trigger === undefined || line.trigger === trigger),
      ),
    told: (service) =>
      log.filter(
        (line): line is Extract<LogLine, { kind: 'told' }> => line.kind === 'told' && (service === undefined || line.service === service),
      ),
  };
  life = boot();
  await time.settle();
  return sim;
}
