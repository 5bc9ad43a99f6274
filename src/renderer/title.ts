// The page's title and icon say how things stand, also while its tab is in the background.
import { useEffect } from 'preact/hooks';
import error from './assets/error.svg';
import ok from './assets/ok.svg';
import unknown from './assets/unknown.svg';
import warning from './assets/warning.svg';
import { useLive } from './store.ts';

const ICONS = { ok, warning, error, unknown };

export function useTitle(): void {
  const sentence = useLive((live) => live.snapshot?.sentence);
  const overall = useLive((live) => (live.link.kind === 'live' ? (live.snapshot?.overall ?? 'unknown') : 'unknown'));
  const isLost = useLive((live) => live.link.kind === 'lost');
  useEffect(() => {
    // What was true when the engine went away is not told as true.
    const words = isLost ? 'Engine not answering' : sentence;
    document.title = words ? `${words} · Jarvis Health` : 'Jarvis Health';
    document.querySelector('link[rel=icon]')?.setAttribute('href', ICONS[overall]);
  }, [sentence, overall, isLost]);
}
