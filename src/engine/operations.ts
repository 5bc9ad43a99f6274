// What a person, an agent or a script may ask of the engine: the table of operations carried out on the core (R6, R12, PRODUCT end of section 5).

import type { RemedyConfig, ServiceConfig } from '../contract/config.ts';
import { HealthError } from '../contract/errors.ts';
import type { Attempt, PlanReason, ServiceState } from '../contract/flow.ts';
import type { AttemptView, Operations } from '../contract/operations.ts';
import type { PortHolder } from '../contract/port-holder.ts';
import type { RemedyContext, RemedyResult } from '../contract/ports.ts';
import { NEXT_ALERT } from '../contract/routes.ts';
import type { ServiceView } from '../contract/snapshot.ts';
import { isoTime, stampOf } from '../contract/time.ts';
import { contextFor, followStarted, withStarted } from './attempt.ts';
import type { Cell } from './cell.ts';
import type { Core } from './core.ts';
import { personsRemedyIndex } from './decide/plan.ts';
import { acknowledge, pause, resume, settle, stop, unstop } from './decide/will.ts';
import { startWindowOf } from './decide/window.ts';
import type { HeldPort } from './heal/free-port.ts';
import { begin } from './intent.ts';
import { recordFinished } from './round-record.ts';
import type { AgentQueue } from './tell/agent-queue.ts';

type Acting = 'check' | 'heal' | 'pause' | 'resume' | 'ack' | 'start' | 'stop' | 'freePort' | 'claim' | 'done' | 'release' | 'alerts';

/** What of a remedy that acted means that the service is stopped, or started; every other reason says what went wrong. */
const STOPPED: ReadonlySet<string> = new Set(['stopped', 'not-running']);
const STARTED: ReadonlySet<string> = new Set(['started', 'restarted', 'kickstarted', 'agent-loaded', 'agent-loaded-again']);

export interface OperationDeps {
  readonly core: Core;
  readonly queue: AgentQueue;
  readonly isDryRun: boolean;
  /** A running engine makes the whole round of every check; without one a check only looks. */
  readonly isScheduled: boolean;
  stopService(recovery: readonly RemedyConfig[], ctx: RemedyContext): Promise<RemedyResult>;
  startServiceBy(recovery: readonly RemedyConfig[], ctx: RemedyContext): Promise<RemedyResult>;
  freePort(held: HeldPort, ctx: RemedyContext): Promise<RemedyResult>;
  findPortHolder(cell: Cell): Promise<PortHolder | undefined>;
  view(cell: Cell): ServiceView;
  newId(prefix: string): string;
}

export function createOperations(deps: OperationDeps): Pick<Operations, Acting> {
  const { core, queue } = deps;

  function cellOf(id: string): Cell {
    const cell = core.cells.get(id);
    if (cell) return cell;
    const known = [...core.cells.keys()].join(', ') || 'none';
    throw new HealthError('not-found', `There is no service ${id}.`, { hint: `Watched are: ${known}.` });
  }

  /** A change of the state by somebody's word: durable before the answer. */
  async function changed(cell: Cell, what: string, more: { readonly forMs?: number } = {}): Promise<ServiceView> {
    core.put(cell);
    const said = { event: 'command', service: cell.service.id, command: what, ...more } as const;
    core.attemptDeps.audit.write('health', said, core.attemptDeps.clock.now());
    core.reschedule(cell);
    await core.roundDeps.flush();
    return deps.view(cell);
  }

  function untilFinished(cell: Cell): Promise<void> {
    if (!cell.state.recovery.current) return Promise.resolve();
    return new Promise((resolve) => cell.waiting.push(resolve));
  }

  async function heal(cell: Cell, isAwaited: boolean): Promise<AttemptView> {
    const running = cell.state.recovery.current;
    const id = running?.id ?? (await beginPersons(cell));
    if (isAwaited || deps.isDryRun) await untilFinished(cell);
    const attempt = attemptOf(cell, id);
    if (!attempt) throw new HealthError('internal', `The attempt ${id} is gone; its outcome is in recovery.log.`);
    return attemptView(attempt);
  }

  async function beginPersons(cell: Cell): Promise<string> {
    const { service } = cell;
    const remedyIndex = personsRemedyIndex(service);
    if (remedyIndex === undefined) throw refused(service, 'no-remedy', `${service.name} has no remedy that says how to restart it.`);
    const { stopped } = cell.state.health;
    cell.state = { ...cell.state, health: unstop(cell.state.health) };
    const whyNot = await begin(cell, { kind: 'attempt', remedyIndex, trigger: 'person', reason: 'person' }, core.roundDeps);
    const id = cell.state.recovery.current?.id ?? cell.state.recovery.attempts.at(-1)?.id;
    // It came first, and is the answer to whoever asks for a restart.
    if (whyNot === 'attempt-running' && id) return id;
    if (whyNot || !id) {
      // What was stopped on purpose stays so when nothing was started (R12).
      if (stopped) cell.state = { ...cell.state, health: { ...cell.state.health, stopped } };
      core.put(cell);
      throw notBegun(cell, whyNot);
    }
    return id;
  }

  function notBegun({ service, isGone }: Cell, whyNot: PlanReason | undefined): HealthError {
    if (whyNot === 'state-unwritable')
      return refused(service, whyNot, 'The home cannot be written, and nothing is started without a record (R3).');
    if (core.roundDeps.isClosing()) return refused(service, 'closing', 'The engine is ending; nothing was started.');
    if (isGone) return refused(service, 'not-watched', `${service.name} is no longer in the configuration; nothing was started.`);
    return refused(service, whyNot ?? 'not-begun', `Nothing was started: ${whyNot ?? 'no attempt was begun'}.`);
  }

  /** Stops it, or leaves everything as it was; but for what was said or happened meanwhile: a pause, a notice, a process that ended. */
  async function stopping(cell: Cell, before: ServiceState): Promise<void> {
    try {
      const result = await deps.stopService(cell.service.recovery, contextOf(cell));
      if (result.kind !== 'acted' || !STOPPED.has(result.reason)) throw refused(cell.service, result.reason, result.message);
    } catch (error) {
      const { health, recovery, alert } = cell.state;
      cell.state = {
        health: { ...before.health, paused: health.paused },
        // A restart that somebody has asked for meanwhile goes on, and the one before it is over (R3).
        recovery: recovery.current ? recovery : { ...before.recovery, started: recovery.started },
        alert: { ...before.alert, lastNoticeAt: alert.lastNoticeAt },
      };
      if (recovery.current && before.recovery.current) recordFinished(cell, core.attemptDeps, core.roundDeps.clock.now());
      await changed(cell, 'stop-refused').catch(() => undefined); // why it was refused is the better answer
      throw error;
    } finally {
      cell.isStopping = false;
    }
  }

  function contextOf(cell: Cell): RemedyContext {
    return contextFor(cell, deps.newId('p'), 'person', core.attemptDeps);
  }

  return {
    async check({ id, round }) {
      const cell = cellOf(id);
      await core.runRound(cell, deps.isScheduled || round ? 'full' : 'look');
      if (round) await untilFinished(cell);
      await core.roundDeps.flush();
      return deps.view(cell);
    },
    heal: ({ id, wait }) => heal(cellOf(id), wait ?? false),
    async pause({ id, forMs }) {
      const cell = cellOf(id);
      cell.state = { ...cell.state, health: pause(cell.state.health, forMs, core.roundDeps.clock.now()) };
      return changed(cell, 'pause', forMs === undefined ? {} : { forMs });
    },
    async resume({ id }) {
      const cell = cellOf(id);
      cell.state = { ...cell.state, health: resume(cell.state.health) };
      return changed(cell, 'resume');
    },
    async ack({ id }) {
      const cell = cellOf(id);
      const now = core.roundDeps.clock.now();
      const alert = acknowledge(cell.state, cell.service, now);
      if (!alert?.alert)
        throw new HealthError('conflict', `${cell.service.name} has nothing to acknowledge.`, { details: { reason: 'no-incident' } });
      cell.state = { ...cell.state, alert };
      core.attemptDeps.audit.write('alerts', { event: 'acknowledged', service: id, id: alert.alert.id }, now);
      return changed(cell, 'ack');
    },
    async start({ id }) {
      const cell = cellOf(id);
      if (deps.isDryRun) throw refused(cell.service, 'dry-run', 'With --dry-run nothing is started.');
      if (cell.state.recovery.current) return heal(cell, false);
      const result = await deps.startServiceBy(cell.service.recovery, contextOf(cell));
      if (result.kind !== 'acted' || !STARTED.has(result.reason)) throw refused(cell.service, result.reason, result.message);
      const now = core.roundDeps.clock.now();
      if (result.started) {
        cell.state = withStarted(cell.state, result.started);
        followStarted(cell, result.started, core.attemptDeps);
      }
      // A start that a person asked for has its start window too (R4).
      const health = { ...unstop(cell.state.health), settle: settle('person-start', startWindowOf(cell.service), now) };
      cell.state = { ...cell.state, health };
      await changed(cell, 'start');
      return {
        attempt: deps.newId('p'),
        service: id,
        remedy: 'start',
        trigger: 'person',
        startedAt: isoTime(now),
        outcome: null,
        reason: result.reason,
        secondsToHealthy: null,
        output: result.message,
      };
    },
    async freePort({ id, pid }) {
      const cell = cellOf(id);
      if (deps.isDryRun) throw refused(cell.service, 'dry-run', 'With --dry-run nobody is ended.');
      const holder = await deps.findPortHolder(cell);
      cell.portHolder = holder;
      if (!holder) throw refused(cell.service, 'port-free', `Nobody else holds the port of ${cell.service.name}.`);
      if (pid !== undefined && pid !== holder.pid) {
        throw refused(
          cell.service,
          'holder-changed',
          `Its port is held by another process by now (pid ${holder.pid}); nothing was touched.`,
        );
      }
      const result = await deps.freePort(holder, contextOf(cell));
      if (result.reason !== 'freed') throw refused(cell.service, result.reason, result.message);
      cell.portHolder = undefined;
      // What the port is wanted for: the service itself, where a remedy says how.
      const isBegun = await beginPersons(cell).then(
        () => true,
        () => false,
      );
      const service = await changed(cell, 'free-port');
      return {
        reason: result.reason,
        message: isBegun ? `${result.message} ${cell.service.name} is being restarted.` : result.message,
        service,
      };
    },
    async stop({ id }) {
      const cell = cellOf(id);
      if (deps.isDryRun) throw refused(cell.service, 'dry-run', 'With --dry-run nothing is stopped.');
      if (cell.state.recovery.current && !cell.state.recovery.current.returnedAt) {
        throw new HealthError('conflict', `${cell.service.name} is just being repaired.`, {
          hint: 'Try again in a moment.',
          details: { reason: 'attempt-running' },
        });
      }
      const before = cell.state;
      // Said before it is done: what ends now was stopped on purpose, not lost (R12).
      cell.state = stop(cell.state, core.roundDeps.clock.now());
      cell.isStopping = true;
      core.put(cell);
      await stopping(cell, before);
      if (before.recovery.current) {
        recordFinished(cell, core.attemptDeps, core.roundDeps.clock.now());
        core.attemptDeps.attemptFinished(cell);
      }
      const health = { ...cell.state.health, stopped: { since: stampOf(core.roundDeps.clock.now()) } };
      cell.state = { ...cell.state, health };
      const alertId = before.alert.alert?.id;
      if (alertId) await queue.recovered(alertId);
      return changed(cell, 'stop');
    },
    alerts: () => queue.list(),
    async claim({ id, by }) {
      // Two who give no name are two: neither may take what the other has.
      const name = by ?? deps.newId('agent');
      return id === NEXT_ALERT ? ((await queue.claimOldest(name)) ?? null) : queue.claim(id, name);
    },
    done: ({ id, by, result }) => queue.done(id, by, result),
    release: ({ id, by }) => queue.release(id, by),
  };
}

function attemptOf(cell: Cell, id: string): Attempt | undefined {
  const { current, attempts } = cell.state.recovery;
  return current?.id === id ? current : attempts.find((attempt) => attempt.id === id);
}

function attemptView(attempt: Attempt): AttemptView {
  return {
    attempt: attempt.id,
    service: attempt.service,
    remedy: attempt.remedy,
    trigger: attempt.trigger,
    startedAt: isoTime(attempt.startedAt),
    outcome: attempt.outcome ?? null,
    reason: attempt.outcomeReason ?? attempt.reason,
    secondsToHealthy: attempt.secondsToHealthy ?? null,
    output: attempt.output ?? '',
    ...(attempt.before === undefined ? {} : { before: attempt.before }),
    ...(attempt.after === undefined ? {} : { after: attempt.after }),
  };
}

function refused(service: ServiceConfig, reason: string, message: string): HealthError {
  return new HealthError('refused', message, { details: { reason, service: service.id } });
}
