// What a person can do with a service, and what came of it, where it was pressed. What is not possible now says why.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ServiceView } from '../../contract/snapshot.ts';
import { type ActionName, act, dismiss, note, useAction } from '../actions.ts';
import { needsPerson } from '../face.ts';
import { useLive } from '../store.ts';
import { untilTomorrowMs } from '../time-words.ts';
import { healWord } from '../words.ts';
import { Button, LinkButton, safeUrl } from './button.tsx';
import { Glyph, type GlyphName } from './icon.tsx';
import { MenuButton, type MenuItem } from './menu.tsx';

const HOUR_MS = 3_600_000;
const WAITING = 'something else is under way';

/** `isCalm`: quiet buttons, for a service that needs nothing. `isFull`: nothing is hidden in a menu. */
export function ActionBar({ view, isFull = false, isCalm = false }: { view: ServiceView; isFull?: boolean; isCalm?: boolean }) {
  const { pending, result } = useAction(view.id);
  const bar = useKeptFocus();
  const isGone = useLive((live) => live.link.kind === 'lost');
  const { id, phase } = view;
  const general = isGone ? 'the engine is not answering' : undefined;
  const whyNot = (name: ActionName, own?: string) => general ?? own ?? (pending && pending !== name ? WAITING : undefined);
  const press = (name: ActionName, input: Parameters<typeof act>[2] = {}) => void act(id, name, input);
  const isUrgent = needsPerson(view);
  const isPaused = phase === 'paused';
  const isStopped = phase === 'stopped';

  const heal = {
    why: whyNot('heal', phase === 'recovering' ? 'a repair is running' : view.can.heal ? undefined : 'nothing is set up to repair it'),
    word: healWord(view.type),
  };
  const start = { why: whyNot('start', view.can.start ? undefined : 'no remedy says how to start it') };
  const stop = { why: whyNot('stop', view.can.stop ? undefined : 'no remedy says how to stop it') };
  const url = safeUrl(view.url);
  const showLogs = () => void copyPath(view);

  const more: MenuItem[] = [
    ...(url ? [{ label: 'Open', icon: 'open', detail: url, href: url } as const] : []),
    ...(view.logs ? [{ label: 'Logs', icon: 'copy', detail: 'copies the path', onPick: showLogs, testId: 'logs' } as const] : []),
    isStopped
      ? { label: 'Start', why: start.why, onPick: () => press('start'), testId: 'start' }
      : { label: 'Stop', detail: 'until you start it again', why: stop.why, isDanger: true, onPick: () => press('stop'), testId: 'stop' },
  ];
  const kind = isCalm ? 'quiet' : 'plain';
  const canAck = (view.alerting || phase === 'gave-up') && !view.acknowledged && !isPaused && !isStopped;

  return (
    <div class="actions" ref={bar}>
      {/* biome-ignore lint/a11y/useSemanticElements: a group of commands is no fieldset */}
      <div class="action-row" role="group" aria-label={`Actions for ${view.name}`}>
        {isStopped ? (
          <Button
            kind={isFull ? 'primary' : kind}
            why={start.why}
            isBusy={pending === 'start'}
            onPress={() => press('start')}
            testId="start"
          >
            Start
          </Button>
        ) : (
          <Button
            kind={isUrgent && view.can.heal ? 'primary' : kind}
            why={heal.why}
            isBusy={pending === 'heal'}
            onPress={() => press('heal')}
            testId="heal"
          >
            {heal.word}
          </Button>
        )}
        {canAck && (
          <Button
            kind={isUrgent && !view.can.heal ? 'primary' : kind}
            why={whyNot('ack')}
            isBusy={pending === 'ack'}
            onPress={() => press('ack')}
            testId="ack"
          >
            Acknowledge
          </Button>
        )}
        <Button kind={kind} why={whyNot('check')} isBusy={pending === 'check'} onPress={() => press('check')} testId="check">
          Check now
        </Button>
        {isPaused ? (
          <Button kind={kind} why={whyNot('resume')} isBusy={pending === 'resume'} onPress={() => press('resume')} testId="resume">
            Resume
          </Button>
        ) : (
          <MenuButton
            kind={kind}
            why={whyNot('pause')}
            isBusy={pending === 'pause'}
            testId="pause"
            menuLabel={`Pause ${view.name}`}
            items={[
              { label: 'For 1 hour', onPick: () => press('pause', { forMs: HOUR_MS }), testId: 'pause-1h' },
              {
                label: 'Until tomorrow',
                detail: '09:00',
                onPick: () => press('pause', { forMs: untilTomorrowMs(Date.now()) }),
                testId: 'pause-tomorrow',
              },
              { label: 'Until I resume', onPick: () => press('pause'), testId: 'pause-open' },
            ]}
          >
            Pause
            <Glyph name="down" size={12} />
          </MenuButton>
        )}
        {view.portHolder && (
          <Button
            kind="danger"
            why={whyNot('freePort', view.portHolder.hint ?? undefined)}
            isBusy={pending === 'freePort'}
            onPress={() => press('freePort', { pid: view.portHolder?.pid ?? 0 })}
            testId="free-port"
          >
            End {view.portHolder.name}, free port {view.portHolder.port}
          </Button>
        )}
        {isFull && view.portHolder && (
          <LinkButton href={view.portHolder.url} icon="open" isOutside>
            Open what holds it
          </LinkButton>
        )}
        {isFull && url && (
          <LinkButton href={url} icon="open" isOutside>
            Open
          </LinkButton>
        )}
        {isFull && view.logs && (
          <Button icon="copy" onPress={showLogs} testId="logs">
            Logs
          </Button>
        )}
        {isFull && !isStopped && (
          <Button kind="danger" why={stop.why} isBusy={pending === 'stop'} onPress={() => press('stop')} testId="stop">
            Stop
          </Button>
        )}
        {!isFull && (
          <MenuButton
            kind={kind}
            icon="more"
            label={`More for ${view.name}`}
            menuLabel={`More for ${view.name}`}
            items={more}
            testId="more"
          />
        )}
      </div>
      <div class="result-place" role="status">
        {result && (
          <p class={`result ${result.kind}`} data-test="result">
            {result.kind === 'busy' ? <span class="spinner" aria-hidden="true" /> : <Glyph name={RESULT_GLYPH[result.kind]} />}
            <span>
              {result.text}
              {result.hint && <small> {result.hint}</small>}
            </span>
            <Button kind="quiet" icon="close" label="Dismiss" onPress={() => dismiss(id)} />
          </p>
        )}
      </div>
    </div>
  );
}

/** Focus that stood inside stays inside: a button that did its work may go, or its card may move, and the browser would drop
 * the focus to the top of the page (WCAG 2.4.3). */
function useKeptFocus() {
  const bar = useRef<HTMLDivElement>(null);
  const focused = bar.current && (document.activeElement as HTMLElement | null);
  const wasInside = bar.current?.contains(focused);
  useLayoutEffect(() => {
    if (!wasInside || document.activeElement !== document.body) return;
    // One that only waits for this action counts as enabled: the change is seen before the answer comes, or after it.
    const find = (which: string) => bar.current?.querySelector<HTMLElement>(which);
    const next = () => find(`.button:not([aria-disabled]), .button[data-tip="${WAITING}"]`) ?? find('.button');
    (focused?.isConnected ? focused : next())?.focus();
  });
  return bar;
}

const RESULT_GLYPH: Record<'ok' | 'error' | 'note', GlyphName> = { ok: 'check', error: 'warn', note: 'info' };

async function copyPath({ id, logs }: ServiceView): Promise<void> {
  if (!logs) return;
  const isCopied = await navigator.clipboard.writeText(logs).then(
    () => true,
    () => false,
  );
  note(id, isCopied ? `The logs are in ${logs} (the path is copied).` : `The logs are in ${logs}.`);
}
