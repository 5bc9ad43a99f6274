// Real trees that do not want to end, and processes that must not be touched. Every signal is kept and compared with the
// pids that it may have gone to.
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isUp, retold, until, World } from '../../../test/fixtures/heal-context.ts';
import type { ProcessPort, RemedyContext } from '../../contract/ports.ts';
import { terminateTree } from './terminate.ts';

let world: World;
let cases = 0;
let signals = 0;
let wrong = 0;

beforeEach(async () => {
  world = await new World().withEngine();
});
afterEach(() => world.close());
afterAll(() => {
  process.stdout.write(`terminate: ${cases} cases, ${signals} signals, ${wrong} wrong\n`);
  expect(wrong).toBe(0);
});

/** Ends the tree of `pid`; `may` is all that may be signalled. */
async function end(pid: number, may: readonly number[], extra: Partial<RemedyContext> = {}, stopTimeoutMs = 400) {
  const ctx = world.context(extra);
  const root = await ctx.processes.identify(pid);
  if (!root) throw new Error('no such process');
  const result = await terminateTree(root, { match: world.marker, stopTimeoutMs, ctx });
  cases += 1;
  signals += world.sent.length;
  wrong += world.sent.filter((sent) => !may.includes(sent.pid)).length;
  expect(world.sent.filter((sent) => !may.includes(sent.pid))).toEqual([]);
  expect(world.events.map((event) => event.event === 'process-signalled' && { pid: event.pid, signal: event.signal })).toEqual(world.sent);
  expect(isUp(world.enginePid)).toBe(true);
  return result;
}

describe('a tree is ended', () => {
  it('by TERM alone when it obeys, the root first', async () => {
    const { pid, children } = await world.copy(['--workers', '2']);
    const result = await end(pid, [pid, ...children], {}, 10_000);
    expect(result.ended).toBe(true);
    expect(world.sent[0]).toEqual({ pid, signal: 'SIGTERM' });
    expect(world.sent.every((sent) => sent.signal === 'SIGTERM')).toBe(true);
    expect([pid, ...children].some(isUp)).toBe(false);
  });

  it('by KILL when it ignores TERM, with its workers and those in sessions of their own', async () => {
    const { pid, children } = await world.copy(['--ignore-term', '--workers', '1', '--sessions', '1']);
    const result = await end(pid, [pid, ...children]);
    expect(result).toEqual({ ended: true, signalled: expect.arrayContaining([pid, ...children]) });
    expect([pid, ...children].some(isUp)).toBe(false);
    expect(
      world.sent
        .filter((sent) => sent.signal === 'SIGKILL')
        .map((sent) => sent.pid)
        .sort(),
    ).toEqual([pid, ...children].sort());
  });

  it('although it is frozen', async () => {
    const { pid } = await world.copy();
    process.kill(pid, 'SIGSTOP');
    expect(await end(pid, [pid])).toMatchObject({ ended: true });
    expect(isUp(pid)).toBe(false);
  });

  it('although workers live on as orphans when the root dies first', async () => {
    // The workers ignore TERM, the root does not: at KILL they belong to pid 1.
    const { pid, children } = await world.copy([]);
    const stubborn = await world.copy(['--ignore-term', '--workers', '2']);
    const ctx = world.context({
      kill: (target, signal) => {
        world.sent.push({ pid: target, signal });
        process.kill(target, target === stubborn.pid ? 'SIGKILL' : signal);
      },
    });
    const result = await end(stubborn.pid, [stubborn.pid, ...stubborn.children], { kill: ctx.kill });
    expect(result.ended).toBe(true);
    expect(stubborn.children.some(isUp)).toBe(false);
    expect([pid, ...children].every(isUp)).toBe(true);
  });

  it('although a master starts each worker anew', async () => {
    const { pid, children } = await world.copy(['--ignore-term', '--respawn', '--workers', '1']);
    const table = async () => [...(await world.processes.table({ maxAgeMs: 0 })).rows.values()];
    const ctx = world.context();
    const result = await terminateTree(await world.row(pid), { match: world.marker, stopTimeoutMs: 300, ctx });
    cases += 1;
    signals += world.sent.length;
    expect(result.ended).toBe(true);
    expect([pid, ...children].some(isUp)).toBe(false);
    const left = (await table()).filter((row) => row.command.includes(world.marker) && row.pid !== world.enginePid);
    expect(left).toEqual([]);
  });
});

describe('nobody is signalled', () => {
  it('when the pid has been given to another process meanwhile', async () => {
    const { pid } = await world.copy();
    const root = await world.row(pid);
    const ctx = world.context();
    const result = await terminateTree({ ...root, startId: 'an-earlier-process' }, { match: world.marker, stopTimeoutMs: 300, ctx });
    cases += 1;
    expect(world.sent).toEqual([]);
    expect(result.signalled).toEqual([]);
    expect(isUp(pid)).toBe(true);
  });

  it('when the pid changes hands between the choice and the signal', async () => {
    const { pid } = await world.copy();
    const root = await world.row(pid);
    const reused = retold(world.processes, new Map([[pid, { startId: 'a-later-process' }]]));
    const result = await terminateTree(root, { match: world.marker, stopTimeoutMs: 300, ctx: world.context({ processes: reused }) });
    cases += 1;
    expect(world.sent).toEqual([]);
    expect(result).toEqual({ ended: false, signalled: [] });
  });

  it('when it is called something else by now', async () => {
    const { pid } = await world.copy(['--title', 'something else entirely']);
    await until(async () => (await world.row(pid)).command.startsWith('something else'), 'it has renamed itself');
    expect(await end(pid, [])).toEqual({ ended: false, signalled: [] });
    expect(isUp(pid)).toBe(true);
  });

  it('with KILL, when it renamed itself after TERM', async () => {
    const { pid } = await world.copy(['--title-on-term', 'now a stranger']);
    expect(await end(pid, [pid])).toEqual({ ended: false, signalled: [pid] });
    expect(world.sent).toEqual([{ pid, signal: 'SIGTERM' }]);
    expect(isUp(pid)).toBe(true);
  });

  it("when it is another user's", async () => {
    const { pid, children } = await world.copy(['--workers', '1']);
    const other = retold(world.processes, new Map([[pid, { uid: 4_242 }]]));
    expect(await end(pid, [], { processes: other })).toMatchObject({ signalled: [] });
    expect([pid, ...children].every(isUp)).toBe(true);
  });

  it("who is another user's helper inside the tree", async () => {
    const { pid, children } = await world.copy(['--workers', '1']);
    const helper = children[0] as number;
    const other = retold(world.processes, new Map([[helper, { uid: 4_242 }]]));
    expect(await end(pid, [pid], { processes: other }, 5_000)).toEqual({ ended: true, signalled: [pid] });
    expect(isUp(helper)).toBe(true);
  });

  it('who is the engine, runs it, or is pid 1', async () => {
    expect(await end(world.enginePid, [])).toMatchObject({ signalled: [] });
    const ctx = world.context();
    for (const pid of [1, process.pid]) {
      const row = await world.row(pid);
      await terminateTree({ ...row, command: world.marker }, { match: '/.*/', stopTimeoutMs: 100, ctx });
    }
    expect(world.sent).toEqual([]);
  });

  it('twice when it died in between', async () => {
    const { pid } = await world.copy();
    const root = await world.row(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => !isUp(pid), 'it has died');
    const result = await terminateTree(root, { match: world.marker, stopTimeoutMs: 300, ctx: world.context() });
    cases += 1;
    expect(result).toEqual({ ended: true, signalled: [] });
    expect(world.sent).toEqual([]);
  });

  it('when it dies in the very moment of the signal', async () => {
    const { pid } = await world.copy();
    const kill = (target: number, signal: NodeJS.Signals) => {
      process.kill(target, 'SIGKILL');
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH', signal });
    };
    expect(await end(pid, [], { kill }, 2_000)).toEqual({ ended: true, signalled: [] });
  });

  it('who left the tree before: a daemon with a parent of its own', async () => {
    const { pid, children } = await world.copy(['--sessions', '1', '--die-after-fork']);
    await until(() => !isUp(pid), 'the parent has ended');
    const other = await world.copy();
    expect(await end(other.pid, [other.pid])).toMatchObject({ ended: true });
    expect(children.every(isUp)).toBe(true);
  });
});

describe('when the engine must end meanwhile', () => {
  it('TERM is sent and waited for a little, KILL is not', async () => {
    const { pid } = await world.copy(['--ignore-term']);
    const port: ProcessPort = world.processes;
    const running = end(pid, [pid], { processes: port }, 60_000);
    await until(() => world.sent.length > 0, 'TERM is sent');
    world.stopper.abort();
    expect(await running).toEqual({ ended: false, signalled: [pid] });
    expect(world.sent).toEqual([{ pid, signal: 'SIGTERM' }]);
  });
});
