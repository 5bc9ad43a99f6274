import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Notice } from '../../contract/flow.ts';
import type { CommandPort, CommandResult, TimersPort } from '../../contract/ports.ts';
import { type DesktopHelper, findDesktopHelper, machoArchs } from './desktop-helper.ts';
import { createDesktopNotifier, type NodeNotifierModule, plainText } from './desktop-notifier.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/tell-notify-send');
const env: { PATH?: string; TELL_OUT?: string; TELL_MODE?: string; DBUS_SESSION_BUS_ADDRESS?: string } = process.env;
const at = { wallMs: 0, bootMs: 0, boot: 'test' };
const notice: Notice = {
  alertId: 'gateway.1',
  service: 'gateway',
  name: 'Gateway',
  kind: 'down',
  severity: 'critical',
  title: 'Gateway is down',
  message: 'No answer on port 18789.',
  raisedAt: at,
  firstFailureAt: at,
  strikes: 3,
  reason: 'refused',
};

const timers: TimersPort = {
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
/** Timers that are over as soon as the test says so. */
function handTimers() {
  const waiting = new Set<() => void>();
  const port: TimersPort = {
    after(_ms, fn) {
      waiting.add(fn);
      return () => waiting.delete(fn);
    },
    sleep: async () => {},
  };
  return { port, waiting, ring: () => waiting.forEach((fn) => void fn()) };
}
function recordingCommands(result: CommandResult = { kind: 'exited', exitCode: 0, output: '', lastLine: '' }) {
  const calls: (readonly string[])[] = [];
  const port: CommandPort = {
    async run(spec) {
      calls.push(spec.argv);
      return result;
    },
  };
  return { port, calls };
}
const noCommands = recordingCommands().port;

describe('on Linux, through the real node-notifier and a notify-send that writes down its arguments', () => {
  let folder: string;
  let out: string;
  const before = { ...env };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tell-'));
    out = join(folder, 'arguments');
    env.PATH = `${FIXTURE}${delimiter}${before.PATH}`;
    env.TELL_OUT = out;
    env.DBUS_SESSION_BUS_ADDRESS = 'unix:path=/nowhere';
    delete env.TELL_MODE;
  });
  afterEach(async () => {
    for (const name of ['PATH', 'TELL_OUT', 'DBUS_SESSION_BUS_ADDRESS', 'TELL_MODE'] as const) {
      if (before[name] === undefined) delete env[name];
      else env[name] = before[name];
    }
    await rm(folder, { recursive: true });
  });
  const notifier = (port = timers) => createDesktopNotifier({ platform: 'linux', commands: noCommands, timers: port });

  test('title, text, urgency and name arrive', async () => {
    await notifier().deliver(notice);
    expect((await readFile(out, 'utf8')).split('\n').slice(0, 2)).toEqual(['Gateway is down', 'No answer on port 18789.']);
    expect(await readFile(out, 'utf8')).toMatch(/--urgency\ncritical\n--app-name\nJarvis Health\n--expire-time\n20000\n/);
  });

  test.each([
    ['--help', '‑-help'],
    ['-u', '‑u'],
    [`$(touch ${'PWN'})`, '＄(touch PWN)'],
    ['`touch PWN`; touch PWN #', '’touch PWN’; touch PWN #'],
    ['"; touch PWN; "', '”; touch PWN; ”'],
    ['\\"; touch PWN; \\', '⧵”; touch PWN; ⧵'],
    ["it's & <b>bold</b> | > /tmp/x", "it's & ‹b›bold‹/b› | › /tmp/x"],
    ['two\nlines\r\n\u0000and\u001b[31m', 'two lines and [31m'],
    ['!! %s ~ * é 🙂', '!! %s ~ * é 🙂'],
  ])('%j is only text', async (hostile, shown) => {
    await notifier().deliver({ ...notice, title: hostile, message: hostile });
    expect((await readFile(out, 'utf8')).split('\n').slice(0, 2)).toEqual([shown, shown]);
    await expect(access('PWN')).rejects.toThrow();
  });

  test('a warning on stderr is a delivered notice, an exit code is not', async () => {
    env.TELL_MODE = 'warns';
    await notifier().deliver(notice);
    env.TELL_MODE = 'fails';
    await expect(notifier().deliver(notice)).rejects.toThrow(/No desktop notice could be shown: .*no such service/);
  });

  test('a helper that hangs is given up after 10 s', async () => {
    env.TELL_MODE = 'hangs';
    const hand = handTimers();
    const delivery = notifier(hand.port).deliver(notice);
    const outcome = expect(delivery).rejects.toThrow('did not answer within 10 s');
    await vi.waitFor(() => access(out), { timeout: 20_000 }); // the helper runs, and will not end by itself
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
    hand.ring();
    await outcome;
    for (const line of stdout.split('\n')) {
      const [pid, , ...words] = line.trim().split(/\s+/);
      if (words.join(' ') === 'sleep 300' && (await readFile(`/proc/${pid}/environ`, 'utf8')).includes(out)) process.kill(Number(pid));
    }
  });

  test('what cannot work is never loaded', async () => {
    const load = vi.fn(async () => ({}) as NodeNotifierModule);
    const findHelper = async (): Promise<DesktopHelper> => ({ kind: 'none', found: 'notify-send is not on PATH', mend: 'Install it.' });
    const channel = createDesktopNotifier({ platform: 'linux', commands: noCommands, timers, load, findHelper });
    await expect(channel.deliver(notice)).rejects.toThrow('notify-send is not on PATH. Install it.');
    expect(load).not.toHaveBeenCalled();
  });
});

describe('a real desktop session', () => {
  test('the notice is on the bus as it was meant', async (context) => {
    const missing: string[] = [];
    for (const program of ['notify-send', 'dbus-run-session', 'dbus-monitor', 'dunst', 'Xvfb']) {
      const found = (env.PATH ?? '').split(delimiter).map((folder) => access(join(folder, program)));
      if (!(await Promise.allSettled(found)).some((one) => one.status === 'fulfilled')) missing.push(program);
    }
    if (missing.length > 0) {
      process.stderr.write(`skipped: a real desktop notice needs ${missing.join(', ')}\n`);
      return context.skip(`needs ${missing.join(', ')}`);
    }
    const folder = await mkdtemp(join(tmpdir(), 'tell-session-'));
    try {
      const heard = join(folder, 'heard');
      const session = [join(FIXTURE, 'desktop-session.sh'), heard, process.execPath, join(FIXTURE, 'deliver.ts')];
      await promisify(execFile)('dbus-run-session', ['--', ...session]);
      const text = await readFile(heard, 'utf8');
      expect(text).toContain('string "Jarvis Health"');
      expect(text).toContain('string "‑-help ＄(id)"');
      expect(text).toContain('string "No answer on port 18789 for 12 min. ‹b›”Restarted”‹/b› twice & without success."');
      expect(text).toMatch(/"urgency"\s+variant\s+byte 2/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('on macOS', () => {
  type Behaviour = (callback: (error: unknown) => void) => void;
  function fakeNotifier(behave: Behaviour) {
    const seen: { made: object; options: Record<string, unknown> }[] = [];
    class Center {
      readonly made: object;
      constructor(made: object) {
        this.made = made;
      }
      notify(options: object, callback: (error: unknown) => void) {
        seen.push({ made: this.made, options: options as Record<string, unknown> });
        behave(callback);
      }
    }
    return { seen, load: async (): Promise<NodeNotifierModule> => ({ NotifySend: Center, NotificationCenter: Center }) };
  }
  const helper = (found: DesktopHelper) => async () => found;
  const brew = '/opt/homebrew/opt/terminal-notifier/terminal-notifier.app/Contents/MacOS/terminal-notifier';

  test("Homebrew's terminal-notifier is used by its path, without waiting for the notice to be closed", async () => {
    const fake = fakeNotifier((callback) => callback(null));
    const channel = createDesktopNotifier({
      platform: 'darwin',
      commands: noCommands,
      timers,
      load: fake.load,
      findHelper: helper({ kind: 'terminal-notifier', path: brew }),
    });
    await channel.deliver(notice);
    expect(fake.seen).toEqual([
      { made: { customPath: brew }, options: { title: notice.title, message: notice.message, group: 'gateway.1', timeout: false } },
    ]);
  });

  test('its chatter is no failure; a real failure falls back to osascript', async () => {
    const commands = recordingCommands();
    const deliver = (behave: Behaviour) =>
      createDesktopNotifier({
        platform: 'darwin',
        commands: commands.port,
        timers,
        load: fakeNotifier(behave).load,
        findHelper: helper({ kind: 'terminal-notifier', path: undefined }),
      }).deliver({ ...notice, title: '-e quit', message: 'say "hi" & do shell script' });
    await deliver((callback) => callback(new SyntaxError('Unexpected token *')));
    expect(commands.calls).toEqual([]);
    // Error -86 is "Bad CPU type in executable": mikaelbr/node-notifier issue 361.
    await deliver((callback) => callback(Object.assign(new Error('spawn Unknown system error -86'), { errno: -86 })));
    expect(commands.calls).toEqual([
      [
        '/usr/bin/osascript',
        '-e',
        'on run argv',
        '-e',
        'display notification (item 2 of argv) with title (item 1 of argv)',
        '-e',
        'end run',
        '‑e quit',
        'say ”hi” & do shell script',
      ],
    ]);
  });

  test('a helper that hangs is not followed by a second notice', async () => {
    const hand = handTimers();
    const commands = recordingCommands();
    const delivery = createDesktopNotifier({
      platform: 'darwin',
      commands: commands.port,
      timers: hand.port,
      load: fakeNotifier(() => {}).load,
      findHelper: helper({ kind: 'terminal-notifier', path: undefined }),
    }).deliver(notice);
    const outcome = expect(delivery).rejects.toThrow('within 10 s');
    await vi.waitFor(() => expect(hand.waiting.size).toBe(1));
    hand.ring();
    await outcome;
    expect(commands.calls).toEqual([]);
  });

  test('osascript that refuses is told', async () => {
    const commands = recordingCommands({ kind: 'exited', exitCode: 1, output: '', lastLine: 'execution error: not allowed (-1743)' });
    const channel = createDesktopNotifier({
      platform: 'darwin',
      commands: commands.port,
      timers,
      findHelper: helper({ kind: 'osascript', path: '/usr/bin/osascript' }),
    });
    await expect(channel.deliver(notice)).rejects.toThrow('not allowed (-1743)');
  });
});

describe('which helper', () => {
  const vendored = join(
    dirname(createRequire(import.meta.url).resolve('node-notifier')),
    'vendor/mac.noindex/terminal-notifier.app/Contents/MacOS/terminal-notifier',
  );
  const fat = Buffer.alloc(48);
  fat.writeUInt32BE(0xcafebabe, 0);
  fat.writeUInt32BE(2, 4);
  fat.writeUInt32BE(0x01000007, 8);
  fat.writeUInt32BE(0x0100000c, 28);
  const has =
    (...paths: string[]) =>
    async (path: string) =>
      paths.includes(path);
  const brewPath = '/opt/homebrew/opt/terminal-notifier/terminal-notifier.app/Contents/MacOS/terminal-notifier';
  const osascript = '/usr/bin/osascript';

  test('the one that comes with node-notifier is for Intel only', async () => {
    expect(machoArchs((await readFile(vendored)).subarray(0, 256))).toEqual(['x64']);
    expect(machoArchs(fat)).toEqual(['x64', 'arm64']);
    expect(machoArchs(Buffer.from('#!/bin/sh\n'))).toEqual([]);
    expect(machoArchs(Buffer.from('cafebabe00000041', 'hex'))).toEqual([]);
    expect(machoArchs(undefined)).toEqual([]);
  });

  test('macOS: what runs on this processor, else osascript', async () => {
    const mac = { platform: 'darwin' as const, env: {} };
    const find = (arch: string, head: Uint8Array | undefined, ...paths: string[]) =>
      findDesktopHelper({ ...mac, arch, isExecutable: has(...paths), readHead: async () => head });
    expect(await find('arm64', fat, brewPath, osascript)).toEqual({ kind: 'terminal-notifier', path: brewPath });
    expect(await find('arm64', (await readFile(vendored)).subarray(0, 256), brewPath, osascript)).toMatchObject({ kind: 'osascript' });
    expect(await find('arm64', undefined, osascript)).toMatchObject({ kind: 'osascript' });
    expect(await find('x64', undefined, osascript)).toEqual({ kind: 'terminal-notifier', path: undefined });
    expect(await find('arm64', undefined)).toMatchObject({ kind: 'none' });
  });

  test('Linux: notify-send and a session bus, else what to do', async () => {
    const linux = { platform: 'linux' as const, isExecutable: has('/usr/bin/notify-send') };
    const PATH = 'relative:/bin:/usr/bin';
    expect(await findDesktopHelper({ ...linux, env: { PATH: '/bin' } })).toMatchObject({
      kind: 'none',
      found: 'notify-send is not on PATH',
    });
    expect(await findDesktopHelper({ ...linux, env: { PATH } })).toMatchObject({
      kind: 'none',
      found: expect.stringContaining('no session bus'),
    });
    expect(await findDesktopHelper({ ...linux, env: { PATH, DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=x' } })).toEqual({
      kind: 'notify-send',
      path: '/usr/bin/notify-send',
    });
    const run = { ...linux, env: { PATH, XDG_RUNTIME_DIR: '/run/user/1000' } };
    expect(await findDesktopHelper({ ...run, exists: has('/run/user/1000/bus') })).toMatchObject({ kind: 'notify-send' });
    expect(await findDesktopHelper({ ...run, exists: has() })).toMatchObject({ kind: 'none' });
    expect(await findDesktopHelper({ platform: 'win32', env: {} })).toMatchObject({ kind: 'none' });
  });
});

test('plain text: whatever comes in, nothing that a shell or an option parser reads, and never too long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = plainText(text, 40);
      expect(plain).not.toMatch(/["`$\\<>\p{Cc}]|^-/u);
      expect([...plain].length).toBeLessThanOrEqual(40);
      expect(plain.isWellFormed()).toBe(true);
    }),
  );
});
