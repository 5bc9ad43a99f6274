// The smaller remedies and the door: commands, requests, evidence, and what happens when a remedy itself breaks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, isUp, until, World } from '../../../test/fixtures/heal-context.ts';
import { type RemedyConfig, remedySchema } from '../../contract/config.ts';
import { knowsHowToStart, knowsHowToStop, runRemedy, startServiceBy, stopService } from './index.ts';

let world: World;
const servers: http.Server[] = [];
beforeEach(async () => {
  world = await new World().withEngine();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await world.close();
});

const remedy = (input: object): RemedyConfig => remedySchema.parse(input);
async function serve(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/restart`;
}

describe('command', () => {
  it('has acted whatever its exit, in the folder of the service, and keeps its output', async () => {
    const result = await runRemedy(
      remedy({ type: 'command', run: ['sh', '-c', 'pwd; echo $EXTRA; exit 9'], env: { EXTRA: 'more' } }),
      world.context(),
    );
    expect(result).toMatchObject({ kind: 'acted', reason: 'command-exited-9', output: `${world.folder}\nmore\n` });
  });

  it('was not started when program or folder is missing', async () => {
    expect(await runRemedy(remedy({ type: 'command', run: ['no-such-program-anywhere'] }), world.context())).toMatchObject({
      kind: 'not-started',
      reason: 'program-missing',
    });
    const gone = remedy({ type: 'command', run: ['true'], cwd: path.join(world.folder, 'gone') });
    expect(await runRemedy(gone, world.context())).toMatchObject({
      kind: 'not-started',
      message: expect.stringContaining('gone is missing'),
    });
  });

  it('has its time limit', async () => {
    const slow = remedy({ type: 'command', run: ['sleep', '600'], timeout: '200ms' });
    expect(await runRemedy(slow, world.context())).toMatchObject({ kind: 'acted', reason: 'command-timed-out' });
  });

  it('that two services share runs once: the second waits, and leaves it at that; by a person, or elsewhere, it has its turn', async () => {
    const runs = path.join(world.folder, 'runs');
    const go = path.join(world.folder, 'go');
    const shared = remedy({ type: 'command', run: ['sh', '-c', `echo run >> ${runs}; while [ ! -e ${go} ]; do sleep 0.05; done`] });
    const count = () => (existsSync(runs) ? readFileSync(runs, 'utf8').split('\n').length - 1 : 0);
    const first = runRemedy(shared, world.context());
    await until(() => count() === 1, 'the first runs');
    const others = [runRemedy(shared, world.context()), runRemedy(shared, world.context())];
    const elsewhere = runRemedy(shared, world.context({ serviceCwd: world.elsewhere }));
    await until(() => count() === 2, 'the one in another folder runs too');
    writeFileSync(go, '');
    expect(await first).toMatchObject({ kind: 'acted', reason: 'command-exited-0' });
    for (const other of await Promise.all(others)) expect(other).toMatchObject({ kind: 'refused', reason: 'just-restarted' });
    expect(await elsewhere).toMatchObject({ kind: 'acted' });
    const persons = [runRemedy(shared, world.context()), runRemedy(shared, world.context({ trigger: 'person' }))];
    expect((await Promise.all(persons)).map(({ kind }) => kind)).toEqual(['acted', 'acted']);
    expect(count()).toBe(4);
  });

  it('that could not be started for one service is tried for the other', async () => {
    const missing = remedy({ type: 'command', run: ['no-such-program-anywhere'] });
    const results = await Promise.all([runRemedy(missing, world.context()), runRemedy(missing, world.context())]);
    expect(results.map(({ reason }) => reason)).toEqual(['program-missing', 'program-missing']);
  });

  it('ends with the engine', async () => {
    const running = runRemedy(remedy({ type: 'command', run: ['sh', '-c', 'echo up; sleep 600'] }), world.context());
    await until(
      async () =>
        [...(await world.processes.table({ maxAgeMs: 0 })).rows.values()].some((row) => row.command === 'sh -c echo up; sleep 600'),
      'it runs',
    );
    world.stopper.abort();
    expect(await running).toMatchObject({ kind: 'acted', reason: 'command-aborted' });
  });
});

describe('http', () => {
  it('sends what it was told, and keeps the answer', async () => {
    let seen = '';
    const url = await serve((request, response) => {
      request.on('data', (chunk) => {
        seen += `${request.method} ${request.headers['x-key']} ${chunk}`;
      });
      request.on('end', () => response.end('restarting'));
    });
    const result = await runRemedy(remedy({ type: 'http', url, headers: { 'x-key': 'k' }, body: '{"a":1}' }), world.context());
    expect(result).toMatchObject({ kind: 'acted', reason: 'answered-200', output: 'restarting' });
    expect(seen).toBe('POST k {"a":1}');
  });

  it('asks once for two services that ask the same', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked += 1;
      setImmediate(() => response.end('restarting'));
    });
    const results = await Promise.all([1, 2].map(() => runRemedy(remedy({ type: 'http', url }), world.context())));
    expect(results.map(({ reason }) => reason)).toEqual(['answered-200', 'just-restarted']);
    expect(asked).toBe(1);
  });

  it('has acted when the answer is bad, cut off, or none', async () => {
    const bad = await serve((_, response) => response.writeHead(500).end('no'));
    expect(await runRemedy(remedy({ type: 'http', url: bad }), world.context())).toMatchObject({ kind: 'acted', reason: 'answered-500' });
    const reset = await serve((request) => request.socket.destroy());
    expect(await runRemedy(remedy({ type: 'http', url: reset }), world.context())).toMatchObject({ kind: 'acted', reason: 'no-answer' });
    const mute = await serve(() => undefined);
    expect(await runRemedy(remedy({ type: 'http', url: mute, timeout: '200ms' }), world.context())).toMatchObject({
      kind: 'acted',
      reason: 'no-answer',
    });
    const torn = await serve((_, response) => {
      response.writeHead(202, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    expect(await runRemedy(remedy({ type: 'http', url: torn }), world.context())).toMatchObject({
      kind: 'acted',
      reason: 'answered-202',
      output: 'half',
    });
  });

  it('keeps at most 64 KiB of an answer, and follows no redirect', async () => {
    const long = await serve((_, response) => response.end('x'.repeat(300_000)));
    const result = await runRemedy(remedy({ type: 'http', url: long }), world.context());
    expect(result.output.length).toBeLessThan(66_000);
    expect(result.output).toContain('bytes cut');
    const moved = await serve((_, response) => response.writeHead(302, { location: 'http://example.invalid/' }).end());
    expect(await runRemedy(remedy({ type: 'http', url: moved }), world.context())).toMatchObject({ reason: 'answered-302' });
  });

  it('did nothing when nobody could be reached', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    expect(await runRemedy(remedy({ type: 'http', url }), world.context())).toMatchObject({ kind: 'not-started', reason: 'unreachable' });
    const secure = (await serve((_, response) => response.end())).replace('http:', 'https:');
    expect(await runRemedy(remedy({ type: 'http', url: secure }), world.context())).toMatchObject({
      kind: 'not-started',
      reason: 'unreachable',
    });
  });
});

describe('log-top-processes', () => {
  it('writes down who uses memory and who uses the processors, and touches nobody', async () => {
    const busy = world.raw([process.execPath, '-e', 'for(;;){}', world.marker], world.folder);
    const result = await runRemedy(remedy({ type: 'log-top-processes', count: 3 }), world.context());
    expect(result).toMatchObject({ kind: 'acted', reason: 'evidence-recorded' });
    expect(world.events.map((event) => event.event === 'top-processes' && [event.by, event.processes.length])).toEqual([
      ['memory', 3],
      ['cpu', 3],
    ]);
    const [memory, cpu] = world.events.flatMap((event) => (event.event === 'top-processes' ? [event.processes] : []));
    expect(memory?.map((one) => one.rssBytes)).toEqual(memory?.map((one) => one.rssBytes).toSorted((a, b) => b - a));
    expect(cpu?.map((one) => one.pid)).toContain(busy.pid);
    expect(world.sent).toEqual([]);
  });
});

describe('stop and start', () => {
  const command = remedy({ type: 'command', run: ['true'] });
  it('go by the first remedy that says how', async () => {
    const restart = remedy({
      type: 'restart-process',
      find: { match: world.marker },
      start: world.argv('--ready', path.join(world.folder, 'ready')),
    });
    expect([knowsHowToStop([command]), knowsHowToStart([command]), knowsHowToStop([command, restart]), knowsHowToStart([restart])]).toEqual(
      [false, false, true, true],
    );
    const started = await startServiceBy([command, restart], world.context({ trigger: 'person' }));
    expect(started).toMatchObject({ kind: 'acted', reason: 'started' });
    const { pid } = await world.readyOf(path.join(world.folder, 'ready'));
    expect(await stopService([command, restart], world.context({ trigger: 'person' }))).toMatchObject({ kind: 'acted', reason: 'stopped' });
    expect(isUp(pid)).toBe(false);
  });

  it('are refused where none does', async () => {
    expect(await stopService([command], world.context())).toMatchObject({ kind: 'refused', reason: 'no-remedy-says-how' });
    expect(await startServiceBy([], world.context())).toMatchObject({ kind: 'refused', reason: 'no-remedy-says-how' });
  });
});

describe('a remedy that breaks', () => {
  const input = () => remedy({ type: 'restart-process', find: { match: world.marker }, start: world.argv(), stopTimeout: '300ms' });
  it('is a result, and tells whether it had acted', async () => {
    const deaf = {
      ...world.processes,
      table: async () => Promise.reject(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })),
    };
    expect(await runRemedy(input(), world.context({ processes: deaf }))).toMatchObject({
      kind: 'refused',
      reason: 'owner-unknown',
      message: expect.stringContaining('EMFILE'),
    });
    const mute = { ...world.processes, isAlive: world.processes.isAlive, portOwners: () => Promise.reject(new Error('nobody tells')) };
    const byPort = remedy({ type: 'restart-process', find: { match: world.marker, port: 1 }, start: world.argv() });
    expect(await runRemedy(byPort, world.context({ processes: mute }))).toMatchObject({ kind: 'not-started', reason: 'remedy-crashed' });

    await world.copy(['--ignore-term']);
    const breaks = {
      ...world.processes,
      table: (options?: { maxAgeMs?: number }) =>
        world.sent.length > 0 ? Promise.reject(new Error('no table any more')) : world.processes.table(options),
    };
    expect(await runRemedy(input(), world.context({ processes: breaks }))).toMatchObject({ kind: 'acted', reason: 'remedy-crashed' });
  });
});

it('what is secret in outputs, in command lines that were started or met, goes no further', async () => {
  const said = remedy({ type: 'command', run: ['sh', '-c', 'echo login with --token=hunter2; echo done'] });
  const result = await runRemedy(said, world.context());
  expect(result.output).toContain('done');
  expect(JSON.stringify(result)).not.toContain('hunter2');
  const start = [process.execPath, '-e', 'setInterval(() => {}, 60000)', '--', '--password=hunter2', world.marker];
  const started = await runRemedy(remedy({ type: 'restart-process', find: { match: world.marker }, start }), world.context());
  expect(started).toMatchObject({ kind: 'acted', reason: 'started' });
  expect(JSON.stringify([started.message, world.events])).not.toContain('hunter2');
  expect(world.events).toMatchObject([{ event: 'process-started', command: expect.stringContaining(world.marker) }]);
  // The one that runs now, met in the folder by its command line alone.
  const met = await runRemedy(remedy({ type: 'restart-process', find: { match: world.marker }, start: ['true'] }), world.context());
  expect(met).toMatchObject({ kind: 'refused', reason: 'no-certain-owner' });
  expect(met.message).toContain('node (pid');
  expect(met.message).not.toContain('hunter2');
});
