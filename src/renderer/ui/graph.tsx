// A graph that can be walked through: drag to zoom, Shift and drag, a finger, or scroll sideways to pan, arrows and + - by keyboard.
// Says in words what it shows. The drawing itself is loaded when it is needed.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Series } from '../../contract/history.ts';
import type { IncidentView } from '../../contract/operations.ts';
import type { Drawing, Picture } from '../chart-draw.ts';
import { isLimitShown, pointWords, summaryOf } from '../chart-words.ts';
import { clampRange, pan, type Range, zoom } from '../range.ts';
import { pointText, valueText } from '../time-words.ts';
import { Button } from './button.tsx';

export interface GraphProps {
  readonly label: string;
  readonly series: Series | undefined;
  readonly incidents: readonly IncidentView[];
  readonly range: Range;
  readonly nowMs: number;
  readonly isLoading: boolean;
  onRange(range: Range): void;
  onReset(): void;
}

export function Graph({ label, series, incidents, range, nowMs, isLoading, onRange, onReset }: GraphProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | undefined>(undefined);
  const [point, setPoint] = useState<number | undefined>();
  const [isReady, setReady] = useState(false);
  const now = useRef({ range, nowMs, onRange });
  now.current = { range, nowMs, onRange };

  useEffect(() => {
    let isOver = false;
    void import('../chart-draw.ts').then(({ createDrawing }) => {
      if (isOver || !place.current) return;
      drawing.current = createDrawing(place.current, {
        onSelect: (next) => now.current.onRange(clampRange(next, now.current.nowMs)),
        onPoint: setPoint,
      });
      setReady(true);
    });
    return () => {
      isOver = true;
      drawing.current?.destroy();
      drawing.current = undefined;
    };
  }, []);
  useEffect(() => {
    if (isReady && series) drawing.current?.show(pictureOf(series, incidents, range, nowMs));
  }, [isReady, series, incidents]);
  useEffect(() => {
    drawing.current?.look(range);
  }, [range.fromMs, range.toMs]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      const { range: at, nowMs: ms, onRange: tell } = now.current;
      const box = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) tell(zoom(at, event.deltaY > 0 ? 1.15 : 0.87, ms, (event.clientX - box.left) / box.width));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) tell(pan(at, event.deltaX / box.width, ms));
      else return;
      event.preventDefault();
    };
    // Shift and drag, or a finger, moves the picture; a pointer without Shift selects in the drawing.
    const down = (event: PointerEvent) => {
      const isFinger = event.pointerType === 'touch';
      if ((!event.shiftKey && !isFinger) || event.button !== 0) return;
      event.stopPropagation();
      if (!isFinger) event.preventDefault();
      element.setPointerCapture(event.pointerId);
      const { range: start, nowMs: ms } = now.current;
      const x = event.clientX;
      const width = element.clientWidth;
      const move = (next: PointerEvent) => now.current.onRange(pan(start, (x - next.clientX) / width, ms));
      const up = () => {
        element.removeEventListener('pointermove', move);
        element.removeEventListener('pointerup', up);
        element.removeEventListener('pointercancel', up);
      };
      element.addEventListener('pointermove', move);
      element.addEventListener('pointerup', up);
      element.addEventListener('pointercancel', up);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('pointerdown', down, { capture: true });
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('pointerdown', down, { capture: true });
    };
  }, []);

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => onRange(pan(range, -0.2, nowMs)),
      ArrowRight: () => onRange(pan(range, 0.2, nowMs)),
      '+': () => onRange(zoom(range, 0.5, nowMs)),
      '=': () => onRange(zoom(range, 0.5, nowMs)),
      '-': () => onRange(zoom(range, 2, nowMs)),
      '0': onReset,
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  const span = `${pointText(range.fromMs, nowMs)} to ${pointText(range.toMs, nowMs)}`;
  return (
    <div class="graph">
      {/* biome-ignore lint/a11y/useSemanticElements: a graph that takes keys has no element of its own */}
      <div
        class={`graph-stage${isLoading ? ' is-loading' : ''}`}
        role="group"
        aria-roledescription="graph"
        aria-label={`${label}, ${span}`}
        aria-describedby="graph-summary graph-keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved and zoomed by keyboard
        tabIndex={0}
        data-test="graph"
        onKeyDown={(event) => onKey(event as unknown as KeyboardEvent)}
      >
        <div class="graph-place" ref={place} />
      </div>
      <div class="graph-foot">
        <p class="graph-readout" aria-hidden="true">
          {series && point !== undefined ? pointWords(series, point, nowMs) : span}
        </p>
        <div class="graph-buttons">
          <Button isRepeated kind="quiet" icon="back" label="Earlier" onPress={() => onRange(pan(range, -0.5, nowMs))} />
          <Button isRepeated kind="quiet" icon="minus" label="Zoom out" onPress={() => onRange(zoom(range, 2, nowMs))} />
          <Button isRepeated kind="quiet" icon="watch" label="Zoom in" onPress={() => onRange(zoom(range, 0.5, nowMs))} />
          <Button isRepeated kind="quiet" icon="chevron" label="Later" onPress={() => onRange(pan(range, 0.5, nowMs))} />
        </div>
      </div>
      <p id="graph-summary" class="graph-summary" aria-live="polite">
        {series ? summaryOf(series) : isLoading ? 'Asking for the history…' : ''}
      </p>
      <p id="graph-keys" class="vh">
        Arrow keys move in time, plus and minus zoom, zero shows the newest again.
      </p>
      <Legend series={series} hasIncidents={incidents.length > 0} />
    </div>
  );
}

function Legend({ series, hasIncidents }: { series: Series | undefined; hasIncidents: boolean }) {
  if (!series) return null;
  const top = series.points.reduce((high, one) => Math.max(high, one.max ?? 0), 0);
  return (
    <ul class="legend">
      <li>
        <i class="key key-line" aria-hidden="true" />
        Mean, with lowest and highest
      </li>
      {series.limit !== null && (
        <li>
          <i class="key key-limit" aria-hidden="true" />
          Limit {valueText(series.limit, series.unit)}
          {isLimitShown(series.limit, top) ? '' : ' (far above)'}
        </li>
      )}
      {hasIncidents && (
        <>
          <li>
            <i class="key key-incident" aria-hidden="true" />
            Incident
          </li>
          <li>
            <svg class="key-shape tone-amber" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M6 1l5.5 10h-11z" fill="currentColor" />
            </svg>
            Repair
          </li>
          <li>
            <svg class="key-shape tone-red" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M3.8.7h4.4l3.1 3.1v4.4l-3.1 3.1H3.8L.7 8.2V3.8z" fill="currentColor" />
            </svg>
            You were told
          </li>
        </>
      )}
    </ul>
  );
}

function pictureOf(series: Series, incidents: readonly IncidentView[], range: Range, nowMs: number): Picture {
  return {
    series,
    range,
    incidents: incidents.map((incident) => ({
      fromMs: Date.parse(incident.startedAt),
      toMs: incident.endedAt ? Date.parse(incident.endedAt) : nowMs,
    })),
    marks: incidents.flatMap((incident) => [
      ...incident.attempts.map((attempt) => ({ atMs: Date.parse(attempt.startedAt), kind: 'attempt' as const })),
      ...(incident.alertedAt ? [{ atMs: Date.parse(incident.alertedAt), kind: 'alert' as const }] : []),
    ]),
  };
}
