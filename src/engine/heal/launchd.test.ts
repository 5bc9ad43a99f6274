// The launchd remedy against published outputs of launchctl (test/fixtures/heal-launchctl), played by a small launchd that
// knows only: is it loaded, is it disabled, does it run.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RemedyOf, remedySchema } from '../../contract/config.ts';
import type { CommandPort, CommandResult, RemedyContext } from '../../contract/ports.ts';
import { isDisabled, readAgent } from './launchctl-output.ts';
import { restartAgent, startAgent, stopAgent } from './launchd.ts';

const LABEL = 'com.example.gateway';
const TARGET = `gui/501/${LABEL}`;
const PLIST = `/Users/ada/Library/LaunchAgents/${LABEL}.plist`;
const remedy = remedySchema.parse({ type: 'launchd', label: LABEL }) as RemedyOf<'launchd'>;
const read = (name: string) => readFileSync(path.join(import.meta.dirname, '../../../test/fixtures/heal-launchctl', name), 'utf8');

function exited(exitCode: number, output = ''): CommandResult {
  return { kind: 'exited', exitCode, output, lastLine: output.trim().split('\n').at(-1) ?? '' };
}

interface Launchd {
  isLoaded: boolean;
  isDisabled: boolean;
  isRunning: boolean;
  /** Answers of bootstrap before it works. */
  bootstrapRefusals: number;
  /** Looks until a booted-out label is gone. */
  bootoutLooks: number;
  kickstart: 'works' | 'loses-it' | 'fails';
  plist: string;
  disabledForm: string;
}

function machine(given: Partial<Launchd> = {}, extra: Partial<RemedyContext> = {}) {
  const state: Launchd = {
    isLoaded: true,
    isDisabled: false,
    isRunning: true,
    bootstrapRefusals: 0,
    bootoutLooks: 0,
    kickstart: 'works',
    plist: 'print-running.txt',
    disabledForm: 'print-disabled-new.txt',
    ...given,
  };
  const calls: string[] = [];
  let leaving = -1;
  let ms = 0;
  const commands: CommandPort = {
    async run({ argv, ends }) {
      expect(argv[0]).toBe('/bin/launchctl');
      expect(ends).toBe('group');
      const [verb, ...words] = argv.slice(1);
      if (verb !== 'print' && verb !== 'print-disabled') calls.push([verb, ...words].join(' '));
      switch (verb) {
        case 'print':
          expect(words).toEqual([TARGET]);
          if (leaving === 0) state.isLoaded = false;
          if (leaving > 0) leaving -= 1;
          if (!state.isLoaded) return exited(113, read('print-missing-113.txt'));
          return exited(0, read(state.isRunning ? state.plist : 'print-idle.txt'));
        case 'print-disabled':
          expect(words).toEqual(['gui/501']);
          return exited(0, read(state.isDisabled ? state.disabledForm : 'print-disabled-none.txt'));
        case 'kickstart':
          if (state.kickstart === 'loses-it') {
            state.isLoaded = false;
            state.kickstart = 'works';
            return exited(113, read('kickstart-missing-113.txt'));
          }
          if (!state.isLoaded) return exited(113, read('kickstart-missing-113.txt'));
          if (state.kickstart === 'fails') return exited(1, 'no luck\n');
          state.isRunning = true;
          return exited(0);
        case 'enable':
          state.isDisabled = false;
          return exited(0);
        case 'disable':
          state.isDisabled = true;
          return exited(0);
        case 'bootout':
          leaving = state.bootoutLooks;
          if (leaving === 0) state.isLoaded = false;
          return leaving === 0 ? exited(0) : exited(36, read('bootout-36.txt'));
        case 'bootstrap':
          expect(words).toEqual(['gui/501', PLIST]);
          if (state.bootstrapRefusals > 0) {
            state.bootstrapRefusals -= 1;
            return exited(5, read('bootstrap-failed-5.txt'));
          }
          state.isLoaded = true;
          state.isRunning = false;
          leaving = -1;
          return exited(0);
        default:
          throw new Error(`launchctl ${verb}?`);
      }
    },
  };
  const ctx = {
    clock: { now: () => ({ wallMs: ms, bootMs: ms, awakeMs: ms, boot: 'b' }) },
    timers: {
      after: () => () => undefined,
      sleep: async (wait: number) => {
        ms += wait;
      },
    },
    commands,
    signal: new AbortController().signal,
    platform: 'darwin',
    userHome: '/Users/ada',
    uid: 501,
    trigger: 'auto',
    ...extra,
  } as RemedyContext;
  return { state, calls, ctx, options: { exists: (file: string) => file === PLIST } };
}

describe('restarting an agent', () => {
  it('asks launchd to restart a loaded one', async () => {
    const { ctx, calls, options } = machine();
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'kickstarted' });
    expect(calls).toEqual([`kickstart -k ${TARGET}`]);
  });

  it.each(['print-disabled-new.txt', 'print-disabled-old.txt'])('leaves one alone that the user disabled (%s)', async (disabledForm) => {
    for (const isLoaded of [true, false]) {
      const { ctx, calls, options } = machine({ isDisabled: true, isLoaded, disabledForm });
      expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'refused', reason: 'disabled-by-user' });
      expect(calls).toEqual([]);
    }
  });

  it('leaves one alone that is not loaded', async () => {
    const { ctx, calls, options } = machine({ isLoaded: false });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'refused', reason: 'agent-not-loaded' });
    expect(calls).toEqual([]);
  });

  it('loads it again when it went missing by our own attempt, also when launchd needs a while', async () => {
    const { ctx, calls, state, options } = machine({ kickstart: 'loses-it', bootstrapRefusals: 10 });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'agent-loaded-again' });
    expect(state).toMatchObject({ isLoaded: true, isRunning: true });
    expect(calls.filter((call) => call.startsWith('bootstrap'))).toHaveLength(11);
    expect(calls.at(-1)).toBe(`kickstart ${TARGET}`);
  });

  it('gives up in time when launchd does not take it back', async () => {
    const { ctx, options } = machine({ kickstart: 'loses-it', bootstrapRefusals: 10_000 });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({
      kind: 'acted',
      reason: 'could-not-load',
      output: expect.stringContaining('Bootstrap failed: 5'),
    });
  });

  it('can not load again what came from no file', async () => {
    const { ctx, calls, options } = machine({ kickstart: 'loses-it', plist: 'print-submitted.txt' });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'not-started', reason: 'plist-missing' });
    expect(calls).toEqual([`kickstart -k ${TARGET}`]);
  });

  it('tells what launchctl answered when it did not work', async () => {
    const { ctx, options } = machine({ kickstart: 'fails' });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'command-exited-1', output: 'no luck\n' });
  });

  it("enables and loads it by a person's order", async () => {
    const { ctx, calls, state, options } = machine({ isLoaded: false, isDisabled: true }, { trigger: 'person' });
    expect(await restartAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'agent-loaded' });
    expect(calls).toEqual([`enable ${TARGET}`, `bootstrap gui/501 ${PLIST}`, `kickstart ${TARGET}`]);
    expect(state).toMatchObject({ isLoaded: true, isRunning: true, isDisabled: false });
  });

  it('is refused where there is no launchd, and where it does not say how things stand', async () => {
    const linux = machine({}, { platform: 'linux' });
    expect(await restartAgent(remedy, linux.ctx, linux.options)).toMatchObject({ kind: 'refused', reason: 'not-supported' });
    const answers = (print: CommandResult, disabled: CommandResult): CommandPort => ({
      run: async ({ argv }) => (argv[1] === 'print' ? print : disabled),
    });
    const ssh = machine({}, { commands: answers(exited(112, read('print-no-domain-112.txt')), exited(112)) });
    expect(await restartAgent(remedy, ssh.ctx)).toMatchObject({
      kind: 'refused',
      reason: 'launchd-unclear',
      message: expect.stringContaining('Could not find domain'),
    });
    const mute = machine({}, { commands: answers(exited(0, read('print-running.txt')), exited(1)) });
    expect(await restartAgent(remedy, mute.ctx)).toMatchObject({ kind: 'refused', reason: 'launchd-unclear' });
    const gone = { kind: 'not-started', code: 'ENOENT', message: 'The program /bin/launchctl was not found.' } as const;
    const none = machine({}, { commands: answers(gone, gone) });
    expect(await restartAgent(remedy, none.ctx)).toMatchObject({ kind: 'not-started', reason: 'program-missing' });
  });
});

describe('stopping and starting an agent', () => {
  it('disables and boots it out, and waits until it is gone', async () => {
    const { ctx, calls, state, options } = machine({ bootoutLooks: 3 });
    expect(await stopAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'stopped' });
    expect(calls).toEqual([`disable ${TARGET}`, `bootout ${TARGET}`]);
    expect(state).toMatchObject({ isLoaded: false, isDisabled: true });
  });

  it('says so when it stays', async () => {
    const { ctx, options } = machine({ bootoutLooks: 10_000 });
    expect(await stopAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'could-not-stop' });
  });

  it('only disables what is not loaded', async () => {
    const { ctx, calls, options } = machine({ isLoaded: false });
    expect(await stopAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'not-running' });
    expect(calls).toEqual([`disable ${TARGET}`]);
  });

  it('starts a loaded one without ending it', async () => {
    const { ctx, calls, options } = machine({ isRunning: false });
    expect(await startAgent(remedy, ctx, options)).toMatchObject({ kind: 'acted', reason: 'kickstarted' });
    expect(calls).toEqual([`enable ${TARGET}`, `kickstart ${TARGET}`]);
  });

  it('needs the file to load it', async () => {
    const { ctx } = machine({ isLoaded: false });
    expect(await startAgent(remedy, ctx, { exists: () => false })).toMatchObject({ kind: 'not-started', reason: 'plist-missing' });
  });
});

describe('what launchctl prints', () => {
  it('is read line by line', () => {
    expect(readAgent(0, read('print-running.txt'))).toEqual({ isLoaded: true, state: 'running', plist: PLIST });
    expect(readAgent(0, read('print-idle.txt'))).toEqual({ isLoaded: true, state: 'not running', plist: PLIST });
    expect(readAgent(0, read('print-submitted.txt'))).toEqual({ isLoaded: true, state: 'running', plist: undefined });
    expect(readAgent(113, read('print-missing-113.txt'))).toMatchObject({ isLoaded: false });
    expect(readAgent(112, read('print-no-domain-112.txt'))).toBeUndefined();
  });

  it('tells the disabled ones by their whole label', () => {
    expect(isDisabled(read('print-disabled-new.txt'), LABEL)).toBe(true);
    expect(isDisabled(read('print-disabled-new.txt'), `${LABEL}.helper`)).toBe(false);
    expect(isDisabled(read('print-disabled-old.txt'), 'com.docker.helper')).toBe(false);
    expect(isDisabled(read('print-disabled-new.txt'), 'com.example')).toBe(false);
  });
});
