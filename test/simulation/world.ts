// The world that the engine watches: services as small state machines. They live and die on true time, whatever the
// engine does, and outlive its crashes.
import type { Measure, ProcessIdentity, Reading, Status } from '../../src/contract/flow.ts';
import type { Keeping } from '../../src/contract/keeper.ts';
import type { RemedyResult } from '../../src/contract/ports.ts';
import type { SimTime } from './time.ts';

export interface Nature {
  /** From a start to the first good answer; default 1 s. */
  readonly comesUpMs?: number;
  /** It dies this long after each good start; default never. */
  readonly livesMs?: number;
  /** A restart brings it back; default true. */
  readonly isCurable?: boolean;
  /** The remedy refuses, or can't be started. */
  readonly remedy?: 'refused' | 'not-started';
  /** How long the remedy itself runs; default 500 ms. */
  readonly remedyMs?: number;
  readonly lookMs?: number;
  /** Something was done, and it still did not stop, or start: the reason. */
  readonly stopFails?: string;
  readonly startFails?: string;
  /** Has a process that can be watched. */
  readonly isWatched?: boolean;
  /** A look that fails knows how old its process is. */
  readonly tellsAge?: boolean;
}

export interface SimService {
  nature: Nature;
  /** What a look finds when the process is well: changed by stories. */
  sees: 'by-life' | 'unknown' | 'warning' | 'hangs' | Measure;
  isUp(): boolean;
  /** How long it has been so; 0 when it is not. */
  upForMs(): number;
  die(): void;
  start(): void;
  look(): Promise<Reading>;
  remedy(): Promise<RemedyResult>;
  stop(): Promise<RemedyResult>;
  /** Its user stops it by its supervisor, which keeps it so until somebody starts it (R12). */
  stopByUser(): void;
  kept(): Keeping | undefined;
  /** When that was, while it is so. */
  stoppedAtMs(): number | undefined;
  watch(onEnd: ((identity: ProcessIdentity) => void) | undefined): void;
  /** The engine has crashed: nobody listens any more. */
  readonly looks: { atMs: number; status: Status }[];
}

const HANG_MS = 10_000;
let pids = 1_000;

export function createSimService(id: string, time: SimTime, nature: Nature): SimService {
  let upFromMs: number | undefined = 0;
  let startedAtMs = 0;
  let diesAtMs: number | undefined;
  let identity: ProcessIdentity = { pid: pids++, startId: '1' };
  let onEnd: ((identity: ProcessIdentity) => void) | undefined;
  let life = 0;
  let stoppedAtMs: number | undefined;

  const isUp = (): boolean => upFromMs !== undefined && time.trueMs() >= upFromMs && (diesAtMs === undefined || time.trueMs() < diesAtMs);
  function start(): void {
    life += 1;
    stoppedAtMs = undefined;
    startedAtMs = time.trueMs();
    upFromMs = time.trueMs() + (service.nature.comesUpMs ?? 1_000);
    diesAtMs = service.nature.livesMs === undefined ? undefined : upFromMs + service.nature.livesMs;
    identity = { pid: pids++, startId: String(life) };
    const mine = life;
    if (diesAtMs !== undefined) {
      time.timers.after(diesAtMs - time.trueMs(), () => {
        if (mine === life) ended();
      });
    }
  }
  function ended(): void {
    const was = identity;
    time.timers.after(300, () => onEnd?.(was)); // noticed within a second (R1)
    onEndOnce();
  }
  function onEndOnce(): void {
    upFromMs = undefined;
    diesAtMs = undefined;
  }

  async function look(): Promise<Reading> {
    const startedAt = time.clock.now();
    const sees = service.sees;
    await time.timers.sleep(sees === 'hangs' ? HANG_MS : (service.nature.lookMs ?? 20));
    const found = what(sees);
    const endedAt = time.clock.now();
    service.looks.push({ atMs: time.trueMs(), status: found.level });
    return { ...found, startedAt, endedAt, latencyMs: endedAt.awakeMs - startedAt.awakeMs };
  }
  function what(sees: SimService['sees']): Omit<Reading, 'startedAt' | 'endedAt' | 'latencyMs'> {
    const processes = service.nature.isWatched && isUp() ? [identity] : [];
    const isThere = upFromMs !== undefined && (diesAtMs === undefined || time.trueMs() < diesAtMs);
    const processAgeMs = service.nature.tellsAge && isThere ? time.trueMs() - startedAtMs : undefined;
    const none = { measures: [], processes, processAgeMs };
    if (sees === 'unknown') return { level: 'unknown', reason: 'permission-denied', message: 'May not look', ...none };
    if (sees === 'hangs') return { level: 'error', reason: 'timed-out', message: 'No answer within 10 s', ...none };
    if (!isUp()) return { level: 'error', reason: 'refused', message: 'Nothing listens', ...none };
    if (sees === 'warning') return { level: 'warning', reason: 'exit-warning', message: 'Not quite well', ...none };
    if (typeof sees === 'object') return { level: 'ok', reason: 'within-limits', message: sees.okText, ...none, measures: [sees] };
    return { level: 'ok', reason: 'answered', message: 'Answered', ...none };
  }

  const service: SimService = {
    nature,
    sees: 'by-life',
    isUp,
    upForMs: () => (isUp() ? time.trueMs() - (upFromMs ?? 0) : 0),
    die: () => {
      life += 1;
      ended();
    },
    start,
    look,
    async remedy() {
      await time.timers.sleep(service.nature.remedyMs ?? 500);
      if (service.nature.remedy)
        return { kind: service.nature.remedy, reason: `sim-${service.nature.remedy}`, message: 'Not done', output: '' };
      if (service.nature.isCurable ?? true) start();
      return { kind: 'acted', reason: 'command-exited-0', message: 'Restarted', output: '' };
    },
    async stop() {
      await time.timers.sleep(200);
      if (service.nature.stopFails) return { kind: 'acted', reason: service.nature.stopFails, message: 'It still runs', output: '' };
      life += 1;
      ended();
      return { kind: 'acted', reason: 'stopped', message: `Stopped ${id}`, output: '' };
    },
    stopByUser() {
      life += 1;
      stoppedAtMs = time.trueMs();
      if (upFromMs !== undefined) ended();
    },
    kept: () =>
      stoppedAtMs === undefined
        ? undefined
        : {
            keeper: { by: 'pm2', name: id },
            state: { kind: 'stopped', reason: 'stopped-in-pm2', why: `${id} was stopped in PM2.`, restartsItself: false },
          },
    stoppedAtMs: () => stoppedAtMs,
    watch(next) {
      onEnd = next;
    },
    looks: [],
  };
  return service;
}
