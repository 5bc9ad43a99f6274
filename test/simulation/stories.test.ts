// What the properties found, and what only the whole engine can show, each as one short story.
import { expect, test, vi } from 'vitest';
import { breaches, unfinished } from './rules.ts';
import { createSim, HOUR, MINUTE, type Sim, simService } from './sim.ts';

const watchOnly = (id: string, more = {}) => simService(id, { recovery: [], ...more });
const kinds = (sim: Sim, id: string) => sim.told(id).map(({ notice }) => notice);
const queued = (sim: Sim) => sim.home.queue().map(({ service, kind, state, result }) => [service, kind, state, result]);

test('a service dies, is healed within seconds, and nobody is told (R1, R4, R19)', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { isWatched: true } });
  await sim.pass(20 * MINUTE);
  const diedAt = sim.time.trueMs();
  sim.service('app').die();
  await sim.until('healed', () => sim.service('app').isUp() && sim.state('app').health.status === 'ok', MINUTE);
  const [start] = sim.remedies('app');
  expect((start?.atMs ?? 0) - diedAt).toBeLessThan(1_000);
  expect(sim.state('app').recovery.attempts.at(-1)).toMatchObject({ outcome: 'succeeded' });
  await sim.pass(HOUR);
  expect(sim.told()).toEqual([]);
  expect(queued(sim)).toEqual([]);
});

test('R6, R7: down is told at the third strike, queue and channel; recovered closes it', async () => {
  const sim = await createSim({ services: [watchOnly('app')] });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('told', () => sim.told().length > 0, 10 * MINUTE);
  expect(sim.state('app').health.strikes).toBe(3);
  expect(queued(sim)).toEqual([['app', 'down', 'pending', null]]);
  sim.service('app').start();
  await sim.pass(2 * MINUTE);
  expect(kinds(sim, 'app')).toEqual(['down', 'recovered']);
  expect(queued(sim)).toEqual([['app', 'down', 'done', 'recovered']]);
});

test('R3, R6: a service that leaves the configuration and comes back has forgotten neither cooldown nor alert', async () => {
  const both = { services: [simService('app'), watchOnly('base')] };
  const sim = await createSim(both, { app: { isCurable: false } });
  sim.service('app').die();
  await sim.pass(12 * MINUTE);
  const before = sim.remedies('app').length;
  expect(sim.state('app').recovery.gaveUp).toBeDefined();
  sim.reload({ services: [watchOnly('base')] });
  await sim.pass(MINUTE);
  sim.reload(both);
  await sim.pass(15 * MINUTE);
  expect(sim.remedies('app')).toHaveLength(before);
  expect(sim.state('app').recovery.gaveUp).toBeDefined();
  expect(kinds(sim, 'app')).toEqual(['down']);
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R7: a crash between queue and record, at every boundary, queues the alert once and loses none (first strike tells)', async () => {
  for (let boundary = 1; boundary <= 14; boundary += 1) {
    const sim = await createSim({ services: [watchOnly('app', { afterFailures: 1 })] });
    await sim.pass(MINUTE);
    sim.crashAt(boundary);
    sim.service('app').die();
    await sim.pass(10 * MINUTE);
    expect([boundary, queued(sim)]).toEqual([boundary, [['app', 'down', 'pending', null]]]);
    sim.crashAt(boundary);
    sim.service('app').start();
    await sim.pass(10 * MINUTE);
    expect([boundary, queued(sim)]).toEqual([boundary, [['app', 'down', 'done', 'recovered']]]);
  }
});

test('R7: the service recovers, the engine dies before that is written, and the service falls again: the agent still sees it', async () => {
  for (let boundary = 1; boundary <= 8; boundary += 1) {
    const sim = await createSim({ services: [watchOnly('app')] });
    sim.service('app').die();
    await sim.pass(5 * MINUTE);
    sim.crashAt(boundary);
    sim.service('app').start();
    await sim.until(
      'the crash',
      () => sim.log.some((line) => line.kind === 'machine' && line.what === 'crash') || boundary > 4,
      3 * MINUTE,
    );
    sim.service('app').die();
    await sim.pass(2 * HOUR);
    expect([boundary, ...breaches(sim), ...unfinished(sim)]).toEqual([boundary]);
  }
});

test('R7: a broken channel is retried with growing pauses, one delivery each, and blocks neither queue nor the next alert', async () => {
  const sim = await createSim({ services: [watchOnly('app', { cooldown: '2m' })] });
  sim.isChannelBroken = true;
  sim.service('app').die();
  await sim.pass(4 * MINUTE);
  expect(queued(sim)).toEqual([['app', 'down', 'pending', null]]);
  await sim.pass(30 * MINUTE);
  const failures = sim.events('alert-failed').map(({ atMs }) => atMs / MINUTE);
  const gaps = failures.slice(1).map((at, index) => Math.round(at - (failures[index] as number)));
  expect(gaps).toEqual([1, 2, 4, 8, 16]);
  sim.isChannelBroken = false;
  await sim.pass(HOUR);
  expect(kinds(sim, 'app')).toEqual(['down']);
});

test('R7: a second failure while a retry is planned does not make two of them', async () => {
  const app = simService('app', { cooldown: '1s', afterFailures: 1 });
  const sim = await createSim({ services: [app], recovery: { maxAttempts: 2 } }, { app: { isCurable: false } });
  sim.isChannelBroken = true;
  sim.service('app').die();
  // "down" fails at 0 min and is retried at 1, 3, 7 min; "gave-up" fails at 6 min, and is due a minute later.
  await sim.until('gave up', () => sim.state('app').alert.alert?.told?.kind === 'gave-up', 20 * MINUTE);
  sim.isChannelBroken = false;
  await sim.pass(2 * HOUR);
  expect(kinds(sim, 'app')).toEqual(['gave-up']);
});

test("R12: what is stopped during a repair's window is stopped, and start starts it", async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { comesUpMs: 30_000 } });
  sim.service('app').die();
  await sim.until('the window', () => sim.state('app').recovery.current?.returnedAt !== undefined);
  await sim.say('app', 'stop');
  await sim.pass(5_000);
  expect(sim.view('app').phase).toBe('stopped');
  expect(sim.remedies('app')).toHaveLength(1);
  expect(sim.events('recovery-finished', 'app')).toHaveLength(1);
  await sim.say('app', 'start');
  await sim.pass(2 * MINUTE);
  expect(sim.view('app')).toMatchObject({ phase: 'healthy', status: 'ok' });
});

test('R12: a person stops what was told as down, and starts it again: nobody hears that it is well while it is not', async () => {
  const sim = await createSim({ services: [watchOnly('app')] }, { app: { comesUpMs: 10 * MINUTE } });
  sim.service('app').die();
  await sim.until('told', () => sim.told().length > 0, 10 * MINUTE);
  await sim.say('app', 'stop');
  await sim.pass(1_000);
  await sim.say('app', 'start');
  await sim.pass(5 * MINUTE);
  expect(kinds(sim, 'app')).toEqual(['down']);
  expect(queued(sim)).toEqual([['app', 'down', 'done', 'recovered']]);
});

test('R12: a pause that comes while the intent is written still stops the remedy', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(MINUTE);
  sim.service('app').die();
  const beginning = () => sim.state('app').recovery.current !== undefined && sim.remedies('app').length === 0;
  await sim.say('app', 'check');
  for (let ms = 0; ms < 1_000 && !beginning(); ms += 1) await sim.pass(1);
  expect(beginning()).toBe(true);
  await sim.say('app', 'pause');
  await sim.pass(HOUR);
  expect(sim.remedies('app')).toEqual([]);
  expect(sim.state('app').recovery.current).toBeUndefined();
});

test('R4: a configuration that comes while the intent is written does not leave the service "recovering" for ever', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.say('app', 'check');
  for (let ms = 0; ms < 1_000 && sim.state('app').recovery.current === undefined; ms += 1) await sim.pass(1);
  sim.reload({ services: [watchOnly('app')] });
  await sim.pass(5 * MINUTE);
  expect(sim.state('app').recovery.current).toBeUndefined();
});

test('R4: the machine boots anew inside a start window: the window opens anew, no strike before it ends', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { comesUpMs: 50_000 } });
  sim.service('app').die();
  await sim.until('the window', () => sim.state('app').recovery.current?.returnedAt !== undefined);
  await sim.reboot(10 * MINUTE);
  sim.service('app').start();
  await sim.until('healthy', () => sim.state('app').health.status === 'ok', 2 * MINUTE);
  expect(sim.events('recovery-finished', 'app').map(({ event }) => event)).toMatchObject([{ outcome: 'succeeded' }]);
});

test.each([true, false])(
  'R9: a look that spans a sleep is inconclusive, also when it ends before the beat (clock tells: %s)',
  async (isSeen) => {
    const sim = await createSim({ services: [watchOnly('app')] });
    await sim.pass(4 * MINUTE + 59_000);
    sim.service('app').sees = 'hangs';
    await sim.until('a look', () => sim.cell('app').hasRounds, 2 * MINUTE);
    await sim.sleep(2 * HOUR, isSeen);
    await sim.pass(12_000);
    expect(sim.state('app').health).toMatchObject({ strikes: 0, reason: 'cut-short' });
    sim.service('app').sees = 'by-life';
    await sim.pass(2 * MINUTE);
    expect(sim.state('app').health.status).toBe('ok');
  },
);

test('R9: after a wake one settle time, then the looks, spread; a configuration that comes just then waits too', async () => {
  const all = ['a', 'b', 'c', 'd'].map((id) => watchOnly(id));
  const sim = await createSim({ services: all });
  sim.reload({ services: all.slice(0, 3) });
  await sim.pass(MINUTE);
  await sim.sleep(8 * HOUR, false);
  const wokeAt = sim.time.trueMs();
  sim.reload({ services: all });
  await sim.pass(2 * MINUTE);
  const looks = sim.log.flatMap((line) => (line.kind === 'look' && line.atMs > wokeAt ? [line] : []));
  expect(new Set(looks.map(({ service }) => service)).size).toBe(4);
  expect(Math.min(...looks.map(({ atMs }) => atMs)) - wokeAt).toBeGreaterThanOrEqual(30_000);
});

test('R9: jumps of the wall clock, back and forth, cause no strike, no burst and no early attempt', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { isCurable: false } });
  sim.service('app').die();
  for (let minute = 0; minute < 60; minute += 1) {
    sim.jump(minute % 2 ? 30 * 24 * HOUR : -29 * 24 * HOUR);
    await sim.pass(MINUTE);
  }
  expect(breaches(sim)).toEqual([]);
  expect(sim.remedies('app')).toHaveLength(4);
});

test('R11: the service below falls: one alert names it, the child is suppressed, and neither is healed in vain', async () => {
  const sim = await createSim({ services: [watchOnly('base'), simService('child', { dependsOn: ['base'] })] });
  await sim.pass(MINUTE);
  sim.service('base').die();
  sim.service('child').die();
  await sim.pass(30 * MINUTE);
  expect(sim.remedies('child')).toEqual([]);
  expect(sim.told().map(({ service, notice }) => [service, notice])).toEqual([['base', 'down']]);
  expect(sim.view('child').phase).toBe('suppressed');
  sim.service('base').start();
  await sim.pass(5 * MINUTE);
  expect(sim.remedies('child')).toHaveLength(1);
  expect(sim.view('child').status).toBe('ok');
});

test('R11: twelve children of one that is down: one alert, which says so, and none of the twelve is touched', async () => {
  const children = Array.from({ length: 12 }, (_, index) => simService(`child-${index + 1}`, { dependsOn: ['base'] }));
  const sim = await createSim({ services: [watchOnly('base'), ...children] });
  await sim.pass(MINUTE);
  for (const id of ['base', ...children.map((child) => child.id)]) sim.service(id).die();
  await sim.pass(2 * HOUR);
  expect(sim.told().map(({ service, notice }) => [service, notice])).toEqual([['base', 'down']]);
  const alerts = await sim.ops().alerts({});
  expect(alerts.map(({ service, message }) => [service, message])).toEqual([
    ['base', expect.stringMatching(/Also affected: child-1, child-2, child-3 and 9 more\.$/)],
  ]);
  for (const { id } of children) {
    expect(sim.remedies(id)).toEqual([]);
    expect(sim.view(id)).toMatchObject({ phase: 'suppressed', waitsFor: ['base'], alerting: false });
  }
  // Each gets a fresh start when the parent is well, and its own remedy only if that does not do.
  sim.service('base').start();
  for (const { id } of children.slice(1)) sim.service(id).start();
  await sim.pass(5 * MINUTE);
  expect(sim.remedies('child-1')).toHaveLength(1);
  for (const { id } of children.slice(1)) expect(sim.remedies(id)).toEqual([]);
  for (const { id } of children) expect(sim.view(id)).toMatchObject({ status: 'ok', waitsFor: [] });
});

test('R11: a full disk that takes several down is one incident; what fails later for its own reasons is its own', async () => {
  const disk = watchOnly('disk', { check: { type: 'disk', path: '/sim/disk', minFree: '5%' } });
  const sim = await createSim({ services: [disk, simService('gateway'), simService('app'), simService('web')] });
  await sim.pass(MINUTE);
  sim.fullDisks.add('disk');
  for (const id of ['disk', 'gateway', 'app']) sim.service(id).die();
  await sim.pass(HOUR);
  expect(sim.told().map(({ service, notice }) => [service, notice])).toEqual([['disk', 'down']]);
  expect((await sim.ops().alerts({}))[0]?.message).toMatch(/Also affected: gateway, app\.$/);
  for (const id of ['gateway', 'app']) {
    expect(sim.remedies(id)).toEqual([]);
    expect(sim.view(id)).toMatchObject({ phase: 'suppressed', waitsFor: ['disk'] });
  }
  expect(sim.view('web').status).toBe('ok');
  // Over its limit still, but no longer full: then it is no reason to leave the others down.
  sim.fullDisks.delete('disk');
  await sim.pass(10 * MINUTE);
  expect(sim.remedies('gateway')).toHaveLength(1);
  for (const id of ['gateway', 'app']) expect(sim.view(id)).toMatchObject({ status: 'ok', waitsFor: [] });
  expect(sim.view('disk').status).toBe('error');
});

test('R11: too slow is failing too: with the service below down it is suppressed, not restarted', async () => {
  const sim = await createSim({ services: [watchOnly('base'), simService('child', { dependsOn: ['base'] })] });
  sim.service('child').sees = {
    name: 'latency',
    value: 9_000,
    unit: 'ms',
    limit: 2_000,
    failsWhen: 'above',
    clearAt: undefined,
    failText: 'slow',
    okText: 'ok',
  };
  sim.service('base').die();
  await sim.pass(30 * MINUTE);
  expect(sim.remedies('child')).toEqual([]);
  expect(kinds(sim, 'child')).toEqual([]);
});

test('R3: a full disk: no attempt without a record, and it goes on when there is room', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(MINUTE);
  sim.fill(true);
  sim.service('app').die();
  await sim.pass(10 * MINUTE);
  expect(sim.remedies('app')).toEqual([]);
  expect(sim.cell('app').planReason).toBe('state-unwritable');
  expect(sim.problems.has('home-unusable')).toBe(true);
  expect(kinds(sim, 'app')).toEqual(['down']);
  sim.fill(false);
  await sim.pass(2 * MINUTE);
  expect(sim.state('app').health.status).toBe('ok');
  expect(unfinished(sim)).toEqual([]);
});

test('R20: a dry run decides and records, touches nothing and tells no one', async () => {
  const sim = await createSim({ services: [simService('app')] }, {}, { isDryRun: true });
  sim.service('app').die();
  await sim.pass(HOUR);
  expect(sim.remedies('app')).toEqual([]);
  expect(sim.told()).toEqual([]);
  expect([...sim.home.disk.keys()]).toEqual([]);
  expect(
    sim.events('recovery-finished', 'app').every(({ event }) => event.event === 'recovery-finished' && event.outcome === 'dry-run'),
  ).toBe(true);
  expect(sim.events('alert', 'app')).toHaveLength(1);
});

test("a person's restart passes over pause, budget and giving up; while it runs it is the answer to a second one", async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { isCurable: false, remedyMs: 5_000 } });
  sim.service('app').die();
  await sim.until('gave up', () => sim.state('app').recovery.gaveUp !== undefined);
  await sim.say('app', 'pause');
  sim.service('app').nature = { remedyMs: 5_000 };
  const first = await Promise.all([sim.ops().heal({ id: 'app' }), sim.pass(100)]);
  const second = await Promise.all([sim.ops().heal({ id: 'app' }), sim.pass(100)]);
  expect(second[0].attempt).toBe(first[0].attempt);
  await sim.pass(MINUTE);
  expect(sim.state('app')).toMatchObject({ health: { status: 'ok' }, recovery: { gaveUp: undefined } });
  expect(sim.remedies('app', 'person')).toHaveLength(1);
});

test("a person's check without an engine looks, and heals nothing, neither the service nor what it depends on", async () => {
  const services = [simService('base'), simService('child', { dependsOn: ['base'] })];
  const sim = await createSim({ services }, {}, { isScheduled: false });
  sim.service('base').die();
  sim.service('child').die();
  await sim.say('child', 'check');
  await sim.pass(10 * MINUTE);
  expect(sim.state('base').health).toMatchObject({ status: 'error', strikes: 1 });
  expect(sim.remedies('base')).toEqual([]);
  expect(sim.remedies('child')).toEqual([]);
});

test('R12: what is stopped on purpose and still answers for a moment is not taken for started again, nor healed', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(MINUTE);
  const { stop } = sim.service('app');
  sim.service('app').stop = async () => {
    await sim.time.timers.sleep(4_000); // TERM, and it takes its time
    const result = await stop();
    await sim.time.timers.sleep(4_000); // and so do its children
    return result;
  };
  await sim.say('app', 'stop');
  for (let second = 0; second < 12; second += 1) {
    await sim.pass(1_000);
    await sim.say('app', 'check');
  }
  await sim.pass(HOUR);
  expect(sim.view('app').phase).toBe('stopped');
  expect(sim.remedies('app')).toEqual([]);
});

test('R7: wherever a crash falls while an incident is told, an entry of the queue is closed once the service is well', async () => {
  const services = [{ ...simService('app', { afterFailures: 2 }), retryInterval: '5s' }];
  for (let boundary = 1; boundary <= 30; boundary += 1) {
    const sim = await createSim(
      { recovery: { cooldown: '3s', window: '5m', maxAttempts: 5 }, services },
      { app: { lookMs: 1_700, isCurable: false } },
    );
    sim.service('app').die();
    await sim.pass(MINUTE / 2);
    sim.crashAt(boundary);
    await sim.pass(MINUTE);
    sim.service('app').start();
    await sim.pass(HOUR);
    expect([boundary, ...breaches(sim), ...unfinished(sim)]).toEqual([boundary]);
  }
}, 60_000);

test('R7: what is sent beside an alert never arrives, and the alert is told all the same', async () => {
  const sim = await createSim({ services: [watchOnly('app', { afterFailures: 1 })] });
  sim.isEvidenceStuck = true;
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('told', () => kinds(sim, 'app').length > 0, 10 * MINUTE);
  expect(queued(sim)).toEqual([['app', 'down', 'pending', null]]);
});

async function undelivered(): Promise<Sim> {
  const sim = await createSim({ services: [watchOnly('app')] });
  sim.isChannelBroken = true;
  sim.service('app').die();
  await sim.until('one delivery failed', () => sim.events('alert-failed').length > 0, 10 * MINUTE);
  return sim;
}

test('R6: an alert that was acknowledged while its channel was broken is not delivered any more', async () => {
  const sim = await undelivered();
  await sim.say('app', 'ack');
  sim.isChannelBroken = false;
  await sim.pass(2 * HOUR);
  expect(sim.told()).toEqual([]);
  expect(sim.state('app').alert.outbox).toEqual([]);
});

test('R12: an undelivered alert waits while its service is paused; what still stands after that is told', async () => {
  const sim = await undelivered();
  await sim.say('app', 'pause');
  sim.isChannelBroken = false;
  await sim.pass(2 * HOUR);
  expect(sim.told()).toEqual([]);
  await sim.say('app', 'resume');
  await sim.pass(5 * MINUTE);
  expect(kinds(sim, 'app')).toEqual(['down']);
});

test('R6: what was undelivered when it was paused and is well afterwards is never told', async () => {
  const sim = await undelivered();
  await sim.say('app', 'pause');
  sim.isChannelBroken = false;
  sim.service('app').start();
  await sim.pass(10 * MINUTE);
  await sim.say('app', 'resume');
  await sim.pass(HOUR);
  expect(sim.told()).toEqual([]);
  expect(queued(sim)).toEqual([['app', 'down', 'done', 'recovered']]);
});

test('R6: it recovers while "down" is on its way once more: "recovered" comes after it, not before or never', async () => {
  const sim = await undelivered();
  sim.isChannelBroken = false;
  sim.channelMs = 3 * MINUTE;
  await sim.pass(90_000); // the second try has begun
  sim.service('app').start();
  await sim.until('the queue hears at once', () => queued(sim)[0]?.[2] === 'done', MINUTE);
  expect(sim.told(), 'the channel is still busy').toEqual([]);
  await sim.pass(HOUR);
  expect(kinds(sim, 'app')).toEqual(['down', 'recovered']);
});

test('R12: a paused service is not looked at, neither by a new engine nor after a wake; the end of its pause is kept', async () => {
  const sim = await createSim({ services: [watchOnly('app'), watchOnly('other')] });
  await sim.pass(MINUTE);
  await sim.say('app', 'pause', HOUR);
  await sim.pass(1_000);
  const looks = () => sim.service('app').looks.length;
  const before = looks();
  await sim.crash();
  await sim.pass(10 * MINUTE);
  expect(looks(), 'a new engine').toBe(before);
  await sim.sleep(10 * MINUTE);
  await sim.pass(10 * MINUTE);
  expect(looks(), 'a wake').toBe(before);
  expect(sim.service('other').looks.length, 'the others are').toBeGreaterThan(3);
  await sim.pass(31 * MINUTE);
  expect(looks(), 'the pause is over').toBeGreaterThan(before);
  expect(sim.view('app').phase).toBe('healthy');

  await sim.say('app', 'pause');
  await sim.pass(1_000);
  const paused = looks();
  await sim.crash();
  await sim.sleep(HOUR);
  await sim.pass(2 * HOUR);
  expect(looks(), 'without an end').toBe(paused);
});

test('R12: a stop that did not stop it, and a start that did not start it, are refused, and everything is as before', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { stopFails: 'could-not-stop', startFails: 'could-not-load' } });
  await sim.pass(2 * MINUTE);
  const { health } = sim.state('app');
  const stopping = expect(sim.ops().stop({ id: 'app' })).rejects.toMatchObject({ code: 'refused', details: { reason: 'could-not-stop' } });
  await sim.pass(1_000);
  await stopping;
  expect(sim.state('app').health).toEqual(health);
  const starting = expect(sim.ops().start({ id: 'app' })).rejects.toMatchObject({ code: 'refused', details: { reason: 'could-not-load' } });
  await sim.pass(1_000);
  await starting;
  expect(sim.state('app').health).toEqual(health);
});

test('a restart that comes while the engine ends is refused for that, and the end leaves no timer behind', async () => {
  const sim = await createSim({ services: [simService('app')] });
  await sim.pass(MINUTE);
  const sleep = vi.spyOn(sim.time.timers, 'sleep');
  const { core, operations } = sim.engine();
  const closed = core.close();
  const asked = expect(operations.heal({ id: 'app' })).rejects.toMatchObject({ code: 'refused', details: { reason: 'closing' } });
  await sim.pass(1_000);
  await asked;
  await closed;
  const last = sleep.mock.calls.find(([ms]) => ms === 3_000);
  expect(last?.[1]?.aborted).toBe(true);
  expect(sim.remedies('app')).toEqual([]);
});

test('two agents that give no name are two: the second does not get what the first has (R7)', async () => {
  const sim = await createSim({ services: [watchOnly('app', { afterFailures: 1 }), watchOnly('web', { afterFailures: 1 })] });
  sim.service('app').die();
  sim.service('web').die();
  await sim.until('both wait', () => queued(sim).length === 2, 5 * MINUTE);
  const asked = Promise.all([sim.ops().claim({ id: 'next' }), sim.ops().claim({ id: 'next' })]);
  await sim.pass(1_000);
  const [first, second] = await asked;
  if (!first || !second) throw new Error('Two were waiting.');
  expect(first.id).not.toBe(second.id);
  expect(first.claimedBy).toMatch(/^agent-/);
  expect(second.claimedBy).not.toBe(first.claimedBy);
  const late = [
    expect(sim.ops().claim({ id: first.id })).rejects.toMatchObject({ code: 'conflict' }),
    expect(sim.ops().claim({ id: 'next' })).resolves.toBeNull(),
    expect(sim.ops().claim({ id: first.id, by: first.claimedBy as string })).resolves.toMatchObject({ claimedBy: first.claimedBy }),
  ];
  await sim.pass(1_000);
  await Promise.all(late);
});

test('R12: what its user stops by its supervisor is stopped: no remedy, no alert, its incident over; started there it is watched again', async () => {
  const sim = await createSim({ services: [simService('app', { afterFailures: 1 }), simService('base')] }, { app: { isCurable: false } });
  await sim.pass(10 * MINUTE);
  sim.service('base').stopByUser();
  // In the middle of an incident, with an alert that was told.
  sim.service('app').die();
  await sim.until('told', () => sim.told('app').length > 0, 10 * MINUTE);
  sim.service('app').stopByUser();
  await sim.pass(HOUR);
  for (const id of ['app', 'base']) expect(sim.view(id)).toMatchObject({ phase: 'stopped', stoppedBy: 'stopped-in-pm2', alerting: false });
  expect(sim.remedies('base')).toEqual([]);
  expect(sim.told('base')).toEqual([]);
  expect(queued(sim).every(([, , state]) => state === 'done')).toBe(true);
  expect(sim.events('found-stopped').map(({ event }) => event.service)).toEqual(['base', 'app']);
  const tried = sim.remedies('app').length;
  await sim.crash();
  await sim.pass(6 * HOUR);
  expect(sim.remedies('app')).toHaveLength(tried);
  for (const id of ['app', 'base']) sim.service(id).start();
  await sim.pass(10 * MINUTE);
  for (const id of ['app', 'base']) expect(sim.view(id)).toMatchObject({ phase: 'healthy', stoppedBy: null });
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R9: what happened while the clock was a year ahead holds nothing back for a year once it is right and the machine has booted anew', async () => {
  const sim = await createSim({ services: [simService('app'), watchOnly('seen')] });
  await sim.pass(MINUTE);
  sim.jump(365 * 24 * HOUR);
  await sim.pass(MINUTE);
  for (const id of ['app', 'seen']) sim.service(id).die();
  await sim.pass(5 * MINUTE);
  sim.service('seen').start();
  await sim.say('app', 'pause', 30 * MINUTE);
  await sim.pass(2 * MINUTE);
  expect([sim.remedies('app').length, kinds(sim, 'seen')]).toEqual([1, ['down', 'recovered']]);
  sim.jump(-365 * 24 * HOUR);
  await sim.reboot();
  await sim.pass(2 * HOUR);
  expect(sim.state('app').health.paused).toBeUndefined();
  for (const id of ['app', 'seen']) sim.service(id).die();
  await sim.pass(2 * HOUR);
  expect(sim.service('app').isUp()).toBe(true);
  expect(kinds(sim, 'seen')).toEqual(['down', 'recovered', 'down']);
});

test('R11: the alert at the top of a chain names also what waits by way of others', async () => {
  const sim = await createSim({
    services: [watchOnly('disk'), watchOnly('database', { dependsOn: ['disk'] }), watchOnly('shop', { dependsOn: ['database'] })],
  });
  await sim.pass(MINUTE);
  for (const id of ['disk', 'database', 'shop']) sim.service(id).die();
  await sim.pass(20 * MINUTE);
  expect(sim.told().map(({ service }) => service)).toEqual(['disk']);
  expect(sim.home.queue().map(({ message }) => message)).toEqual([expect.stringContaining('Also affected: database, shop.')]);
  for (const id of ['disk', 'database', 'shop']) sim.service(id).start();
  await sim.pass(20 * MINUTE);
  expect(kinds(sim, 'disk')).toEqual(['down', 'recovered']);
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R12: its user stops it by its supervisor while a wait runs that a new configuration shortens: it is left alone', async () => {
  const services = [simService('app')];
  const sim = await createSim({ services, recovery: { cooldown: '10m' } }, { app: { isCurable: false } });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('it waits for its cooldown', () => sim.cell('app').planReason === 'cooldown', 20 * MINUTE);
  sim.service('app').stopByUser();
  sim.reload({ services, recovery: { cooldown: '1s' } });
  await sim.pass(5 * MINUTE);
  expect(sim.remedies('app')).toHaveLength(1);
  expect(sim.state('app').health.stopped).toMatchObject({ by: 'stopped-in-pm2' });
  expect(breaches(sim)).toEqual([]);
});

test('R12: its user stops it by its supervisor just when that has started it anew: it is left alone', async () => {
  const slow = simService('app', { recovery: [{ type: 'command', run: ['restart', 'app'], startWindow: '5m' }] });
  const sim = await createSim({ services: [slow], recovery: { cooldown: '1s' } }, { app: { tellsAge: true, remedy: 'refused' } });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('two strikes', () => sim.state('app').health.strikes === 2, 10 * MINUTE);
  await sim.pass(5_000);
  const before = sim.remedies('app').length;
  sim.service('app').nature = { tellsAge: true, comesUpMs: HOUR };
  sim.service('app').start();
  await sim.until('its young process is waited for', () => sim.cell('app').planReason === 'settling', 2 * MINUTE);
  sim.service('app').stopByUser();
  await sim.pass(10 * MINUTE);
  expect(sim.remedies('app')).toHaveLength(before);
  expect(sim.state('app').health.stopped).toMatchObject({ by: 'stopped-in-pm2' });
  expect(breaches(sim)).toEqual([]);
});

test('R12: a pause that is said while a stop is at work stays, also when that could not stop it', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { stopFails: 'could-not-stop' } });
  await sim.pass(MINUTE);
  await sim.say('app', 'stop');
  await sim.pass(100);
  await sim.say('app', 'pause');
  await sim.pass(MINUTE);
  expect(sim.view('app').phase).toBe('paused');
});

test('R12: a supervisor that does not answer when a process is first seen is asked again at the next look', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { isWatched: true } });
  sim.learnKeeper = () => Promise.reject(new Error('PM2 did not answer within 30 s'));
  sim.service('app').die();
  await sim.pass(20 * MINUTE);
  expect(sim.state('app').recovery.keeper).toBeUndefined();
  sim.learnKeeper = async () => ({ by: 'pm2', name: 'app' });
  await sim.pass(6 * MINUTE);
  expect(sim.state('app').recovery.keeper).toEqual({ by: 'pm2', name: 'app' });
});

test('R11: a disk that never answers, on a network drive that is gone, holds up nobody else who fails', async () => {
  const sim = await createSim({
    services: [simService('app'), watchOnly('nas', { check: { type: 'disk', path: '/sim/nas', minFree: '10%' } })],
  });
  await sim.pass(MINUTE);
  sim.isDriveDead = true;
  sim.service('app').die();
  await sim.until('healed', () => sim.service('app').isUp() && sim.state('app').health.status === 'ok', 10 * MINUTE);
  expect(breaches(sim)).toEqual([]);
});

test('R8: what could not be written while the disk was full is written once there is room, though nothing happens any more', async () => {
  const sim = await createSim({ services: [watchOnly('app')] });
  await sim.pass(MINUTE);
  sim.service('app').die();
  await sim.until('a strike', () => sim.state('app').health.strikes === 1, 10 * MINUTE);
  sim.fill(true);
  await sim.until('told', () => sim.told().length === 1, 10 * MINUTE);
  sim.service('app').start();
  await sim.until('well', () => sim.told().length === 2, 10 * MINUTE);
  expect(sim.problems.has('home-unusable')).toBe(true);
  sim.fill(false);
  await sim.pass(3 * MINUTE);
  expect(sim.problems.has('home-unusable')).toBe(false);
  expect(sim.home.disk.get('health')).toContain('"status":"ok"');
});

test('R7, R12: what is stopped by a person while its alert is on its way is not left to the agent', async () => {
  const sim = await createSim({ services: [simService('app')], recovery: { enabled: false } });
  await sim.pass(MINUTE);
  sim.isEvidenceStuck = true; // it is waited for
  sim.service('app').die();
  await sim.until('it is being told', () => sim.cell('app').isTelling, 20 * MINUTE);
  await sim.say('app', 'stop');
  await sim.pass(MINUTE);
  expect(sim.view('app').phase).toBe('stopped');
  expect(queued(sim).filter(([, , state]) => state !== 'done')).toEqual([]);
});

test('R3, R17: a restart that a person asks for while a stop is at work has its outcome, also when that could not stop it', async () => {
  const sim = await createSim({ services: [simService('app')] }, { app: { stopFails: 'could-not-stop', remedyMs: MINUTE } });
  await sim.pass(MINUTE);
  await sim.say('app', 'stop');
  await sim.pass(100);
  await sim.say('app', 'heal');
  await sim.pass(10 * MINUTE);
  expect(sim.events('recovery-started', 'app')).toHaveLength(1);
  expect(sim.events('recovery-finished', 'app').map(({ event }) => event)).toEqual([expect.objectContaining({ outcome: 'succeeded' })]);
  expect(sim.view('app').phase).toBe('healthy');
  expect([...breaches(sim), ...unfinished(sim)]).toEqual([]);
});

test('R7: a delivery that waits for a channel that is no longer wanted is given up, with a word', async () => {
  const services = [watchOnly('app')];
  const sim = await createSim({ services });
  sim.isChannelBroken = true;
  sim.service('app').die();
  await sim.until('told', () => sim.state('app').alert.outbox.length === 1, 10 * MINUTE);
  sim.reload({ services, alerts: { channels: ['queue'] } });
  await sim.pass(3 * HOUR);
  expect(sim.state('app').alert.outbox).toEqual([]);
  expect(sim.events('alert-failed', 'app').at(-1)?.event).toMatchObject({ error: 'no longer needed: channel-removed' });
});
