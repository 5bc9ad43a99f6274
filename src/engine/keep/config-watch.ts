// Notices that config.json has a new text, however an editor saves it (in place, by rename, through a link), and hands
// that text over unjudged; the owner judges it and keeps the last good one. Reads that file, nothing else.
import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { TimersPort } from '../../contract/ports.ts';
import { readConfigText } from './config-file.ts';

export interface ConfigWatchOptions {
  readonly path: string;
  readonly timers: TimersPort;
  /** The text that is in force. Without it, the text at the first look counts as known. */
  readonly text?: string | undefined;
  onChange(text: string): void;
  /** The file is gone or can't be read (HealthError), once per kind of trouble until it can be read again. */
  onTrouble(error: unknown): void;
  readonly watchFolder?: typeof watch;
}

const DEBOUNCE_MS = 200;
/** Only where the system can't watch folders (out of inotify watches, some network disks). */
const POLL_MS = 5_000;

export function watchConfig(options: ConfigWatchOptions): { close(): void } {
  const { path, timers, onChange, onTrouble, watchFolder = watch } = options;
  let known = options.text;
  let trouble: string | undefined;
  let isClosed = false;
  let cancelLook: (() => void) | undefined;
  let cancelPoll: (() => void) | undefined;
  let looking: Promise<void> = Promise.resolve();
  const watchers: FSWatcher[] = [];

  async function look(): Promise<void> {
    let text: string;
    try {
      text = await readConfigText(path);
    } catch (error) {
      const kind = String((error as Error).message);
      if (!isClosed && kind !== trouble) onTrouble(error);
      trouble = kind;
      return;
    }
    if (isClosed) return;
    // The same text after trouble is news too: whoever was told of the trouble is told that it is over.
    const isNew = known !== undefined && (text !== known || trouble !== undefined);
    trouble = undefined;
    known = text;
    if (isNew) onChange(text);
  }
  /** One look at a time, in order: an older text must never be told after a newer one. */
  function queueLook(): void {
    looking = looking.then(look).catch(onTrouble);
  }
  function soon(): void {
    cancelLook?.();
    if (!isClosed) cancelLook = timers.after(DEBOUNCE_MS, queueLook);
  }
  function startPolling(): void {
    closeWatchers();
    if (isClosed || cancelPoll) return;
    let before = '';
    const poll = async () => {
      const now = await stat(path).then(
        (s) => `${s.ino} ${s.size} ${s.mtimeMs} ${s.ctimeMs}`,
        () => 'gone',
      );
      if (now !== before) queueLook();
      before = now;
      if (!isClosed) cancelPoll = timers.after(POLL_MS, () => void poll());
    };
    cancelPoll = () => {};
    void poll();
  }
  function watchOne(file: string): void {
    const [folder, name] = [dirname(file), basename(file)];
    const watcher = watchFolder(folder, { persistent: false }, (_event, changed) => {
      if (changed === null || changed === name) soon();
      // The folder itself was moved or deleted: this watch has gone blind, so poll from here on.
      else if (changed === basename(folder)) startPolling();
    });
    watcher.on('error', startPolling);
    watchers.push(watcher);
  }
  function closeWatchers(): void {
    for (const watcher of watchers.splice(0)) watcher.close();
  }

  void (async () => {
    const target = await realpath(path).catch(() => path);
    if (isClosed) return;
    try {
      watchOne(path);
      if (target !== path && dirname(target) !== dirname(path)) watchOne(target);
    } catch {
      startPolling();
    }
    // What changed between the owner's own reading and this watch.
    queueLook();
  })();

  return {
    close() {
      isClosed = true;
      cancelLook?.();
      cancelPoll?.();
      closeWatchers();
    },
  };
}
