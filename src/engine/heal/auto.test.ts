// The auto remedy: each supervisor gets its own order, nothing is started beside one, and the doubt that touches nothing (R12, R13).
import { afterEach, describe, expect, it } from 'vitest';
import { freePort as newPort, retold, World } from '../../../test/fixtures/heal-context.ts';
import { type RemedyOf, remedySchema } from '../../contract/config.ts';
import type { Keeper, KeeperState } from '../../contract/keeper.ts';
import type { CommandResult, RemedyContext } from '../../contract/ports.ts';
import { autoRestart, autoStart, autoStop } from './auto.ts';
import { freePort } from './free-port.ts';

const worlds: World[] = [];
async function newWorld(): Promise<World> {
  const world = await new World().withEngine();
  worlds.push(world);
  return world;
}
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const auto = (input: object) => remedySchema.parse({ type: 'auto', ...input }) as RemedyOf<'auto'>;

const RUNNING: KeeperState = { kind: 'running', reason: 'runs', why: 'It runs.', restartsItself: true };
function machine(state: Partial<KeeperState> = {}, extra: Partial<RemedyContext> = {}, result: Partial<CommandResult> = {}) {
  const calls: string[] = [];
  const ctx = {
    keepers: { of: async (): Promise<Keeper> => ({ by: 'nobody', name: '' }), stateOf: async () => ({ ...RUNNING, ...state }) },
    commands: {
      run: async ({ argv }: { argv: readonly string[] }) => {
        calls.push(argv.join(' '));
        return { kind: 'exited', exitCode: 0, output: '', lastLine: '', ...result };
      },
    },
    pm2: {
      call: async (home: string, method: string, args: unknown) => {
        calls.push(`${home} ${method} ${JSON.stringify(args)}`);
        return [
          { name: 'web', pm_id: 3 },
          { name: 'other', pm_id: 4 },
          { name: 'web', pm_id: 7 },
        ];
      },
    },
    keeper: undefined,
    userHome: '/home/ada',
    trigger: 'auto',
    signal: new AbortController().signal,
    ...extra,
  } as unknown as RemedyContext;
  return { calls, ctx };
}

it('is asked once for two services that it keeps together', async () => {
  const { calls, ctx } = machine();
  const redis = auto({ keeper: { by: 'brew', name: 'redis' } });
  const results = await Promise.all([
    autoRestart(redis, ctx),
    autoRestart(redis, ctx),
    autoRestart(auto({ keeper: { by: 'brew', name: 'nginx' } }), ctx),
  ]);
  expect(results.map(({ reason }) => reason)).toEqual(['restarted', 'just-restarted', 'restarted']);
  expect(calls.sort()).toEqual(['brew services restart nginx', 'brew services restart redis']);
});

describe('each is asked with its own order', () => {
  it.each([
    [{ by: 'brew', name: 'redis' }, ['brew services restart redis', 'brew services stop redis', 'brew services start redis']],
    [
      { by: 'systemd', name: 'web.service' },
      [
        'systemctl --user --no-ask-password restart web.service',
        'systemctl --user --no-ask-password stop web.service',
        'systemctl --user --no-ask-password start web.service',
      ],
    ],
    [
      { by: 'systemd', name: 'web.service', at: 'system' },
      [
        'systemctl --no-ask-password restart web.service',
        'systemctl --no-ask-password stop web.service',
        'systemctl --no-ask-password start web.service',
      ],
    ],
    [{ by: 'docker', name: 'shop-web-1' }, ['docker restart shop-web-1', 'docker stop shop-web-1', 'docker start shop-web-1']],
    [
      { by: 'supervisord', name: 'shop:web', at: '/etc/s.conf' },
      [
        'supervisorctl -c /etc/s.conf restart shop:web',
        'supervisorctl -c /etc/s.conf stop shop:web',
        'supervisorctl -c /etc/s.conf start shop:web',
      ],
    ],
    [
      { by: 'supervisord', name: 'web', at: 'unix:///run/s.sock' },
      [
        'supervisorctl -s unix:///run/s.sock restart web',
        'supervisorctl -s unix:///run/s.sock stop web',
        'supervisorctl -s unix:///run/s.sock start web',
      ],
    ],
  ])('%j', async (keeper, orders) => {
    const { calls, ctx } = machine();
    const remedy = auto({ keeper });
    expect(await autoRestart(remedy, ctx)).toMatchObject({ kind: 'acted', reason: 'restarted' });
    expect(await autoStop(remedy, ctx)).toMatchObject({ kind: 'acted', reason: 'stopped' });
    expect(await autoStart(remedy, ctx)).toMatchObject({ kind: 'acted', reason: 'started' });
    expect(calls).toEqual(orders);
  });

  it('PM2 is spoken to, for every instance of the app', async () => {
    const { calls, ctx } = machine();
    expect(await autoRestart(auto({ keeper: { by: 'pm2', name: 'web' } }), ctx)).toMatchObject({ kind: 'acted', reason: 'restarted' });
    expect(calls).toEqual([
      '/home/ada/.pm2 getMonitorData {}',
      '/home/ada/.pm2 restartProcessId {"id":3}',
      '/home/ada/.pm2 restartProcessId {"id":7}',
    ]);
    expect(await autoRestart(auto({ keeper: { by: 'pm2', name: 'gone' } }), ctx)).toMatchObject({ kind: 'refused', reason: 'not-in-pm2' });
  });

  it('of PM2’s instances, what its owner stopped one by one stays stopped; a person’s order is for all', async () => {
    const instances = [
      { name: 'web', pm_id: 3, pm2_env: { status: 'stopped' } },
      { name: 'web', pm_id: 7, pm2_env: { status: 'errored' } },
    ];
    const called: string[] = [];
    const pm2 = {
      call: async (_home: string, method: string, args: unknown) => {
        if (method !== 'getMonitorData') called.push(JSON.stringify(args));
        return instances;
      },
    };
    const remedy = auto({ keeper: { by: 'pm2', name: 'web' } });
    expect(await autoRestart(remedy, machine({}, { pm2 }).ctx)).toMatchObject({ kind: 'acted', reason: 'restarted' });
    expect(called).toEqual(['{"id":7}']);
    expect(await autoRestart(remedy, machine({}, { pm2, trigger: 'person' }).ctx)).toMatchObject({ kind: 'acted', reason: 'restarted' });
    expect(called).toEqual(['{"id":7}', '{"id":3}', '{"id":7}']);
  });

  it('says what the supervisor said when it would not', async () => {
    const { ctx } = machine({}, {}, { exitCode: 1, lastLine: 'Access denied' } as Partial<CommandResult>);
    expect(await autoRestart(auto({ keeper: { by: 'systemd', name: 'web.service' } }), ctx)).toMatchObject({
      kind: 'acted',
      reason: 'systemd-could-not-restart',
      message: expect.stringContaining('Access denied'),
    });
    const missing = machine({}, {}, { kind: 'not-started', code: 'ENOENT', message: 'no docker' } as Partial<CommandResult>);
    expect(await autoRestart(auto({ keeper: { by: 'docker', name: 'web' } }), missing.ctx)).toMatchObject({
      kind: 'not-started',
      reason: 'program-missing',
    });
  });
});

describe('nothing is touched', () => {
  const remedy = auto({ keeper: { by: 'systemd', name: 'web.service' } });
  it.each([
    ['stopped', 'stopped-in-systemd'],
    ['gone', 'not-in-systemd'],
    ['unknown', 'keeper-unclear'],
  ] as const)('where the keeper says that it is %s', async (kind, reason) => {
    const { calls, ctx } = machine({ kind, reason });
    expect(await autoRestart(remedy, ctx)).toMatchObject({ kind: 'refused', reason });
    expect(calls).toEqual([]);
  });

  it('but a person starts what was stopped', async () => {
    const { calls, ctx } = machine({ kind: 'stopped', reason: 'stopped-in-systemd' }, { trigger: 'person' });
    expect(await autoStart(remedy, ctx)).toMatchObject({ kind: 'acted', reason: 'started' });
    expect(calls).toHaveLength(1);
  });

  it('where it does not run and nobody saw who kept it', async () => {
    const { calls, ctx } = machine();
    expect(await autoRestart(auto({}), ctx)).toMatchObject({ kind: 'refused', reason: 'keeper-unknown' });
    expect(calls).toEqual([]);
  });

  it('for somebody at a terminal; nor when its terminal is still open after its end', async () => {
    const keeper: Keeper = { by: 'terminal', name: 'bash' };
    const { calls, ctx } = machine({ kind: 'terminal', reason: 'in-a-terminal' }, { keeper });
    expect(await autoRestart(auto({}), ctx)).toMatchObject({ kind: 'refused', reason: 'in-a-terminal' });
    expect(calls).toEqual([]);
  });
});

describe('real processes', () => {
  it('restarts directly what nobody keeps, and asks the supervisor of what one keeps', async () => {
    const world = await newWorld();
    const { pid } = await world.copy();
    const remedy = auto({ find: { match: world.marker }, start: world.argv(), cwd: world.folder, stopTimeout: '1s' });
    const kept = machine({}, { keepers: { of: async () => ({ by: 'docker', name: 'web' }), stateOf: async () => RUNNING } });
    expect(await autoRestart(remedy, world.context({ keepers: kept.ctx.keepers, commands: kept.ctx.commands }))).toMatchObject({
      reason: 'restarted',
    });
    expect(kept.calls).toEqual(['docker restart web']);
    expect(world.sent).toEqual([]);

    const silent = { of: () => Promise.reject(new Error('PM2 did not answer within 30 s')), stateOf: async () => RUNNING };
    expect(await autoRestart(remedy, world.context({ keepers: silent }))).toMatchObject({ kind: 'refused', reason: 'keeper-unclear' });
    expect(world.sent).toEqual([]);

    expect(await autoRestart(remedy, world.context())).toMatchObject({ kind: 'acted', reason: 'restarted' });
    expect(world.signalledPids()).toEqual([pid]);
  });

  it('frees a port of exactly the process that was seen, and of nobody who is kept, another user’s or this engine', async () => {
    const world = await newWorld();
    const port = await newPort();
    const { pid } = await world.copy(['--port', String(port), '--ignore-term']);
    const { startId } = await world.row(pid);
    const held = { port, pid, startId };
    expect(await freePort({ ...held, startId: 'another' }, world.context())).toMatchObject({ kind: 'refused', reason: 'holder-changed' });
    expect(await freePort({ port: await newPort(), pid, startId }, world.context())).toMatchObject({
      kind: 'refused',
      reason: 'port-free',
    });
    expect(await freePort(held, world.context({ uid: 54_321 }))).toMatchObject({ kind: 'refused', reason: 'another-user' });
    const pm2 = { of: async (): Promise<Keeper> => ({ by: 'pm2', name: 'shop' }), stateOf: async () => RUNNING };
    expect(await freePort(held, world.context({ keepers: pm2 }))).toMatchObject({
      kind: 'refused',
      reason: 'kept-by-pm2',
      message: expect.stringContaining('PM2 keeps it as shop'),
    });
    expect(world.sent).toEqual([]);
    expect(await freePort(held, world.context())).toMatchObject({ kind: 'acted', reason: 'freed' });
    expect(world.sent.every((sent) => sent.pid === pid)).toBe(true);
  }, 60_000);

  it.each([
    ['systemd', 'holds-a-session'],
    ['tmux', 'holds-a-session'],
    ['rootlesskit', 'forwards-for-others'],
    ['com.docker.backend', 'forwards-for-others'],
  ])('frees no port that %s holds: what hangs on it is more than the port', async (name, reason) => {
    const world = await newWorld();
    const port = await newPort();
    const { pid } = await world.copy(['--port', String(port)]);
    const { startId } = await world.row(pid);
    const processes = retold(world.processes, new Map([[pid, { name }]]));
    expect(await freePort({ port, pid, startId }, world.context({ processes, trigger: 'person' }))).toMatchObject({
      kind: 'refused',
      reason,
    });
    expect(world.sent).toEqual([]);
  });
});
