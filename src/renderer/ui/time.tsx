// Times as people say them, kept fresh: "4 min ago", with the exact time on hover and focus. The only clock of the window.
import { useEffect, useState } from 'preact/hooks';
import { agoText, inText, pointText } from '../time-words.ts';

const listeners = new Set<() => void>();
let beat: ReturnType<typeof setInterval> | undefined;

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  beat ??= setInterval(() => {
    for (const listener of listeners) listener();
  }, 1_000);
  return () => {
    listeners.delete(tell);
    if (listeners.size === 0) {
      clearInterval(beat);
      beat = undefined;
    }
  };
}

/** Now, in whole steps of `stepMs`: a component renders again only when the step changes. */
export function useNow(stepMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(
    () => subscribe(() => setNow((old) => (Math.floor(Date.now() / stepMs) === Math.floor(old / stepMs) ? old : Date.now()))),
    [stepMs],
  );
  return now;
}

/** A time that is past: `ago` "4 min ago", `span` "4 min", `point` "14:32"; or one to come: `coming` "in 4 min". Only the last
 * may read as future: the clock here is up to a second old, and the engine's may be ahead. `prefix` reads before it. */
export function When({ at, prefix, form = 'ago' }: { at: string; prefix?: string; form?: 'ago' | 'span' | 'point' | 'coming' }) {
  const now = useNow();
  const ms = Date.parse(at) - now;
  const words = form === 'point' ? pointText(at, now) : form === 'coming' && ms > 0 ? inText(ms) : agoText(-ms, form === 'span');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time must be reachable by keyboard too (WCAG 1.4.13)
    <time dateTime={at} tabIndex={0} data-tip="">
      {prefix ? `${prefix} ${words}` : words}
    </time>
  );
}
