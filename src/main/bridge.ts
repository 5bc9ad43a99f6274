// What the page may ask of the app: the one table of operations, and nothing else. Every message is judged by who sends it; errors go
// back as values, because they do not survive that border as errors. Knows no rule.
import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { problemOf } from '../api/problem.ts';
import { type OperationName, ROUTES } from '../contract/routes.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import type { Host } from './host.ts';
import { isOurs } from './protocol.ts';

export interface Bridge {
  /** To every page that follows; null: there is no engine, and what the page shows is old. */
  send(snapshot: Snapshot | null): void;
}

/** After `ready`, once. */
export function openBridge(host: Pick<Host, 'ask' | 'snapshot' | 'trouble'>): Bridge {
  const followers = new Set<WebContents>();
  for (const name of Object.keys(ROUTES) as OperationName[]) {
    answer(`ask:${name}`, (input) => host.ask(name, input));
  }
  ipcMain.on('follow', (event) => {
    if (!mayAsk(event)) return;
    const { sender } = event;
    if (sender.isDestroyed()) return; // its window went while the word was on its way
    if (!followers.has(sender)) {
      followers.add(sender);
      sender.once('destroyed', () => followers.delete(sender));
    }
    const snapshot = host.snapshot();
    if (snapshot || host.trouble() !== undefined) sender.send('snapshot', snapshot ?? null);
  });
  return {
    send(snapshot) {
      for (const follower of followers) if (!follower.isDestroyed()) follower.send('snapshot', snapshot);
    },
  };
}

/** Registers what answers on a channel; both what it gives and what it throws become values. */
export function answer(channel: string, give: (input: unknown) => Promise<unknown>): void {
  ipcMain.handle(channel, async (event, input: unknown) => {
    if (!mayAsk(event)) return { ok: false, problem: { title: 'unauthorized', detail: 'Only the app’s own page may ask.' } };
    try {
      return { ok: true, value: await give(input) };
    } catch (error) {
      return { ok: false, problem: JSON.parse(problemOf(error).text) as unknown };
    }
  });
}

/** The top frame of a page of ours; a frame inside it, or a page that went elsewhere, is refused. */
function mayAsk({ senderFrame, sender }: IpcMainInvokeEvent | IpcMainEvent): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOurs(senderFrame.url);
}
