// Days as bars, as good status pages have them: bad days stand taller than good ones, so that colour is never alone. One stop
// for the keyboard; arrows walk through the days, and each says what it was.
import { useLayoutEffect, useState } from 'preact/hooks';
import type { DayBar } from '../../contract/history.ts';
import { dayText, spanText } from '../time-words.ts';
import { useAfterPaint } from './after-paint.ts';

const UNIT = 4;
const HEIGHT = 24;
const TALL: Record<DayBar['status'], number> = { none: 5, ok: 17, warning: 21, error: 24 };

function describeDay(day: DayBar): string {
  const date = dayText(day.day);
  if (day.status === 'none') return `${date}: nothing recorded`;
  const parts = [
    day.incidents > 0 ? `${day.incidents} ${day.incidents === 1 ? 'incident' : 'incidents'}` : '',
    day.secondsDown > 0 ? `down ${spanText(day.secondsDown * 1_000)}` : '',
    day.incidents === 0 && day.failures > 0 ? `${day.failures} failed ${day.failures === 1 ? 'check' : 'checks'}` : '',
  ].filter(Boolean);
  if (parts.length > 0) return `${date}: ${parts.join(', ')}`;
  return `${date}: ${day.status === 'ok' ? 'well all day' : 'warnings'}`;
}

/** The bars with their legend; on a narrow screen half of the days, so that each can still be hit. */
export function Days({ days, name }: { days: readonly DayBar[]; name: string }) {
  const isNarrow = useMedia('(max-width: 520px)');
  const shown = isNarrow ? days.slice(-45) : days;
  if (shown.length === 0) return null;
  return (
    <div class="days">
      <Bars days={shown} name={name} />
      <div class="days-legend" aria-hidden="true">
        <span>{shown.length} days ago</span>
        <span>today</span>
      </div>
    </div>
  );
}

function useMedia(query: string): boolean {
  // Begins as in the engine's picture, which knows no screen, and is mended before anything is painted.
  const [isMatch, setMatch] = useState(false);
  useLayoutEffect(() => {
    const list = matchMedia(query);
    const changed = () => setMatch(list.matches);
    changed();
    list.addEventListener('change', changed);
    return () => list.removeEventListener('change', changed);
  }, [query]);
  return isMatch;
}

function Bars({ days, name }: { days: readonly DayBar[]; name: string }) {
  const [at, setAt] = useState<number | undefined>();
  const last = days.length - 1;
  const shown = Math.min(at ?? last, last);
  // The first date that a page writes costs more than all of its bars.
  const words = useAfterPaint() ? describeDay(days[shown] as DayBar) : undefined;

  function onKey(event: KeyboardEvent): void {
    const go: Record<string, number> = {
      ArrowLeft: shown - 1,
      ArrowRight: shown + 1,
      ArrowDown: shown - 1,
      ArrowUp: shown + 1,
      PageUp: shown + 7,
      PageDown: shown - 7,
      Home: 0,
      End: last,
    };
    const next = go[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(last, next)));
  }
  function onMove(event: PointerEvent): void {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    setAt(Math.max(0, Math.min(last, Math.floor(((event.clientX - box.left) / box.width) * days.length))));
  }

  return (
    <div
      class="bars"
      role="slider"
      tabIndex={0}
      aria-label={`${name}, the last ${days.length} days`}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={shown}
      aria-valuetext={words}
      data-tip={words}
      data-tip-x={(shown + 0.5) / days.length}
      onKeyDown={(event) => onKey(event as unknown as KeyboardEvent)}
      onPointerMove={(event) => onMove(event as unknown as PointerEvent)}
      onPointerLeave={() => setAt(undefined)}
      onBlur={() => setAt(undefined)}
    >
      <svg viewBox={`0 0 ${days.length * UNIT - 1} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {(['none', 'ok', 'warning', 'error'] as const).map((status) => (
          <path key={status} class={`bar-${status}`} d={pathOf(days, status)} />
        ))}
        {at !== undefined && <rect class="bar-at" x={shown * UNIT} y="0" width={UNIT - 1} height={HEIGHT} />}
      </svg>
    </div>
  );
}

function pathOf(days: readonly DayBar[], status: DayBar['status']): string {
  const tall = TALL[status];
  let d = '';
  days.forEach((day, index) => {
    if (day.status === status) d += `M${index * UNIT} ${HEIGHT - tall}h${UNIT - 1}v${tall}h-${UNIT - 1}z`;
  });
  return d;
}
