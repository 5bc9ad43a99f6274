// Tells a person by Electron's Notification: one for each incident, replaced by its news and taken away when it is over. What the
// system does not show goes the engine's old way (a helper program), and that is seen in the menu. Touches the notification centre.
import { Notification } from 'electron';
import { errorText } from '../contract/errors.ts';
import type { Notice } from '../contract/flow.ts';
import type { ChannelPort, TimersPort } from '../contract/ports.ts';
import type { NoticeHealth } from '../contract/shell.ts';
import type { Snapshot } from '../contract/snapshot.ts';
import { APP_NAME } from './face.ts';

/** A system that does not answer is taken for one that does not show; a person who is asked for the permission has longer. */
const ANSWER_MS = 5_000;
const PERMISSION_MS = 60_000;
const TEST_ID = 'test';
/** What nobody closes is held no longer than this many later ones. */
const MOST_HELD = 200;

export interface NotifierDeps {
  readonly timers: TimersPort;
  onOpen(service: string | undefined): void;
  onButton(button: 'heal' | 'ack', service: string): void;
  onHealth(health: NoticeHealth): void;
}
interface Held {
  readonly notification: Notification;
  readonly service: string | undefined;
  readonly isRecovery: boolean;
  /** A snapshot showed its alert: one that came before the alert was recorded says nothing of its end. */
  wasSeen: boolean;
}
export interface Notifier {
  /** The engine's channel `notification`, with its own helper behind it. */
  channel(helper: ChannelPort): ChannelPort;
  /** Asks for the permission, where the system has not been asked yet: so only while a window is visible. Resolves when it is known how
   * that went; never rejects. */
  tryOut(): Promise<void>;
  /** Takes away what is over without a word: resumed, acknowledged elsewhere, stopped. */
  see(snapshot: Snapshot): void;
}

export function createNotifier({ timers, onOpen, onButton, onHealth }: NotifierDeps): Notifier {
  /** Held until they are closed: a collected Notification takes its events, and on some systems itself, with it. */
  const held = new Map<string, Held>();

  function drop(id: string): void {
    if (!held.delete(id)) return;
    Notification.remove(id);
  }

  async function show(
    words: { title: string; message: string },
    id: string,
    service: string | undefined,
    isRecovery: boolean,
    answerMs = ANSWER_MS,
  ): Promise<void> {
    const buttons = service === undefined || isRecovery ? [] : (['heal', 'ack'] as const);
    try {
      const notification = new Notification({
        id,
        title: words.title,
        body: words.message,
        ...(service === undefined ? {} : { groupId: service }),
        actions: buttons.map((name) => ({ type: 'button' as const, text: name === 'heal' ? 'Restart' : 'Acknowledge' })),
      });
      held.set(id, { notification, service, isRecovery, wasSeen: false });
      const [oldest] = held.keys();
      if (held.size > MOST_HELD && oldest !== undefined) held.delete(oldest);
      notification.on('click', () => onOpen(service));
      notification.on('action', (details) => {
        const button = buttons[details.actionIndex];
        if (button && service !== undefined) onButton(button, service);
      });
      notification.on('close', () => held.get(id)?.notification === notification && held.delete(id));
      await shown(notification, answerMs);
      onHealth({ kind: 'shown' });
    } catch (error) {
      held.delete(id);
      onHealth({ kind: 'failed', why: errorText(error) });
      throw error;
    }
  }

  function shown(notification: Notification, answerMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = timers.after(answerMs, () => reject(new Error('the system did not answer')));
    notification.on('failed', (_event, why) => reject(new Error(why)));
    notification.on('show', () => resolve());
    // What it throws ends up in the promise: the clock must not go on to reject one that nobody holds.
    try {
      notification.show();
    } catch (error) {
      reject(error);
    }
    return promise.finally(cancel);
  }

  return {
    channel: (helper) => ({
      name: 'notification',
      async deliver(notice: Notice) {
        const isRecovery = notice.kind === 'recovered';
        // Also what was shown before this start of the app: the system keeps it, and knows it by its id.
        if (isRecovery) {
          held.delete(notice.alertId);
          Notification.remove(notice.alertId);
        }
        const id = isRecovery ? `${notice.alertId}.recovered` : notice.alertId;
        await show(notice, id, notice.service, isRecovery).catch(() => helper.deliver(notice));
      },
    }),
    tryOut() {
      const words = { title: `${APP_NAME} can reach you`, message: 'You hear of a service only when it needs you.' };
      return show(words, TEST_ID, undefined, false, PERMISSION_MS).catch(() => undefined);
    },
    see(snapshot) {
      for (const [id, one] of held) {
        if (one.service === undefined || one.isRecovery) continue;
        const view = snapshot.services.find((found) => found.id === one.service);
        const asks = view !== undefined && (view.alerting || view.phase === 'gave-up') && !view.acknowledged;
        if (asks) one.wasSeen = true;
        else if (one.wasSeen || !view) drop(id);
      }
    },
  };
}
