// Shows a notice on the desktop, headless: node-notifier where its helper can run, else osascript on macOS, else a
// clear refusal. Loads node-notifier only at the first notice; never blocks for longer than its own limit.
//
// What node-notifier 10.0.1 does (read in its source, and run): on Linux it calls back when notify-send has ended
// (about 100 ms), with an Error, or with what it wrote to stderr as a *string*, which is a delivered notice with a
// warning; its `timeout` is in seconds. There it runs `notify-send` through `/bin/sh`, escaping `"`, `$`, `` ` `` and
// `\`; so that no shell ever has anything to interpret (R18), `plainText` leaves none of these in the text. On macOS it
// starts terminal-notifier without a shell, and waits for the notice to be closed unless `timeout` is false.
import type { Notice } from '../../contract/flow.ts';
import type { ChannelPort, CommandPort, TimersPort } from '../../contract/ports.ts';
import { type DesktopHelper, findDesktopHelper, type HelperDeps, OSASCRIPT } from './desktop-helper.ts';

const LIMIT_MS = 10_000;
const TITLE_MAX = 100;
const MESSAGE_MAX = 400;
const APP = 'Jarvis Health';
const SCRIPT = ['on run argv', 'display notification (item 2 of argv) with title (item 1 of argv)', 'end run'];

/** The little of node-notifier that is used. */
export interface NodeNotifierModule {
  readonly NotifySend: new (options: object) => Notifier;
  readonly NotificationCenter: new (options: object) => Notifier;
}
interface Notifier {
  notify(options: object, callback: (error: unknown) => void): unknown;
}

export interface DesktopNotifierDeps extends HelperDeps {
  readonly commands: CommandPort;
  readonly timers: TimersPort;
  readonly load?: () => Promise<NodeNotifierModule>;
  readonly findHelper?: (deps: HelperDeps) => Promise<DesktopHelper>;
}

/** Channel `notification`. Its `deliver` rejects with an Error that says what to do when nothing could be shown. */
export function createDesktopNotifier(deps: DesktopNotifierDeps): ChannelPort {
  const { timers, load = loadNodeNotifier, findHelper = findDesktopHelper } = deps;
  return {
    name: 'notification',
    async deliver(notice) {
      const words = {
        title: plainText(notice.title, TITLE_MAX) || APP,
        message: plainText(notice.message, MESSAGE_MAX) || 'See jarvis-health status.',
      };
      const helper = await findHelper(deps); // looked up each time: what was missing may have been installed since
      switch (helper.kind) {
        case 'none':
          throw new Error(`No desktop notice could be shown: ${helper.found}. ${helper.mend}`);
        case 'osascript':
          return await viaOsascript(deps.commands, words);
        case 'notify-send': {
          const { NotifySend } = await load();
          const urgency = notice.severity === 'critical' ? 'critical' : 'normal';
          return await shown(new NotifySend({ suppressOsdCheck: true }), { ...words, urgency, 'app-name': APP, timeout: 20 }, timers);
        }
        case 'terminal-notifier': {
          const { NotificationCenter } = await load();
          const center = new NotificationCenter(helper.path === undefined ? {} : { customPath: helper.path });
          try {
            // One group per alert: news of an incident replaces its notice instead of piling up.
            return await shown(center, { ...words, group: plainText(notice.alertId, TITLE_MAX), timeout: false }, timers);
          } catch (error) {
            if (error instanceof TimeLimit) throw error; // it may have been shown: a second one would be noise (R19)
            return await viaOsascript(deps.commands, words);
          }
        }
      }
    },
  };
}

class TimeLimit extends Error {}

function shown(notifier: Notifier, options: object, timers: TimersPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(LIMIT_MS, () =>
      reject(new TimeLimit('No desktop notice could be shown: its helper did not answer within 10 s.')),
    );
    const answer = (error: unknown) => {
      cancel();
      // A SyntaxError is terminal-notifier ending well with words that node-notifier took for JSON ("* Removing previously sent…").
      if (!(error instanceof Error) || error instanceof SyntaxError) resolve();
      else reject(new Error(`No desktop notice could be shown: ${lastLine(error.message)}`, { cause: error }));
    };
    try {
      notifier.notify(options, answer);
    } catch (error) {
      answer(error);
    }
  });
}

/** The text travels as arguments of the script, never inside it. */
async function viaOsascript(commands: CommandPort, words: Pick<Notice, 'title' | 'message'>): Promise<void> {
  const argv = [OSASCRIPT, ...SCRIPT.flatMap((line) => ['-e', line]), words.title, words.message];
  const result = await commands.run({ argv, timeoutMs: LIMIT_MS, ends: 'tree' });
  if (result.kind === 'exited' && result.exitCode === 0) return;
  const why =
    result.kind === 'not-started' ? result.message : result.kind === 'timed-out' ? 'no answer within 10 s' : result.lastLine || result.kind;
  throw new Error(`No desktop notice could be shown: osascript: ${why}`);
}

const INERT: Readonly<Record<string, string>> = { '"': '”', '`': '’', $: '＄', '\\': '⧵', '<': '‹', '>': '›' };

/** One line that no shell, option parser or markup reader can take for anything but text; at most `max` characters. */
export function plainText(text: string, max: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/["`$\\<>]/g, (letter) => INERT[letter] as string)
    .trim()
    .replace(/^-/, '‑'); // a non-breaking hyphen begins no option
  const letters = [...line];
  return letters.length <= max ? line : `${letters.slice(0, max - 1).join('')}…`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

async function loadNodeNotifier(): Promise<NodeNotifierModule> {
  return (await import('node-notifier')).default as unknown as NodeNotifierModule;
}
