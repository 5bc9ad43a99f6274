// The drawing of a graph: the mean as a line, the spread as a band, the limit, and marks for what happened, on a canvas; cursor and
// selection as elements above it. Own code instead of a library: docs/decisions/0006-graph.md. Loaded only when a graph is opened.
// Touches the element that it is given.
import type { Series } from '../contract/history.ts';
import { heightOf, nearest, runsOf, timeTicks, valueTicks } from './chart-scale.ts';
import type { Range } from './range.ts';

interface Mark {
  readonly atMs: number;
  readonly kind: 'attempt' | 'alert';
}
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
export interface Picture {
  readonly series: Series;
  readonly range: Range;
  /** Stretches of failing. */
  readonly incidents: readonly Span[];
  readonly marks: readonly Mark[];
}
export interface Drawing {
  show(picture: Picture): void;
  /** Moves the view without new data, so that panning is smooth. */
  look(range: Range): void;
  destroy(): void;
}
interface Hooks {
  onSelect(range: Range): void;
  onPoint(index: number | undefined): void;
}
interface Prepared extends Picture {
  readonly times: readonly number[];
  readonly runs: readonly [number, number][];
  readonly height: readonly [number, number];
}

const HEIGHT = 250;
const [TOP, RIGHT, BOTTOM] = [10, 8, 28];
/** A press that moves less is no selection. */
const LEAST_PX = 6;
const TICK_PX = { x: 76, y: 36 };
const COLORS = ['text-2', 'line', 'accent', 'red', 'amber'] as const;

export function createDrawing(place: HTMLElement, hooks: Hooks): Drawing {
  const canvas = document.createElement('canvas');
  const over = element('plot-over');
  const cursor = over.appendChild(element('plot-cursor'));
  const dot = over.appendChild(element('plot-dot'));
  const chosen = over.appendChild(element('plot-select'));
  place.append(canvas, over);
  const ctx = canvas.getContext('2d') as CanvasRenderingContext2D;
  let picture: Prepared | undefined;
  let frame = 0;
  let [width, left] = [0, 0];
  let colors: Partial<Record<(typeof COLORS)[number], string>> = {};
  let font = '';

  /** Asked once for each look of the page, not once a frame: it makes the browser compute styles. */
  function readStyle(): void {
    const style = getComputedStyle(place);
    colors = Object.fromEntries(COLORS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    font = `11px ${style.fontFamily}`;
    later();
  }
  function later(): void {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (picture) draw(picture);
    });
  }
  const plotWidth = (): number => width - left - RIGHT;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const xOf = ({ range: { fromMs, toMs } }: Prepared, at: number): number => left + ((at - fromMs) / (toMs - fromMs)) * plotWidth();
  const yOf = ({ height: [low, high] }: Prepared, value: number): number => TOP + plotHeight * (1 - (value - low) / (high - low));
  const timeOf = ({ range: { fromMs, toMs } }: Prepared, x: number): number => fromMs + (x / plotWidth()) * (toMs - fromMs);

  function draw(now: Prepared): void {
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(HEIGHT * ratio);
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, HEIGHT);
    drawAxes(now);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, plotWidth(), TOP + plotHeight);
    ctx.clip();
    drawIncidents(now);
    drawLine(now);
    drawLimit(now);
    drawMarks(now);
    ctx.restore();
    over.style.left = `${left}px`;
    over.style.width = `${plotWidth()}px`;
  }
  function paint(name: (typeof COLORS)[number], share = 1): void {
    ctx.fillStyle = ctx.strokeStyle = colors[name] ?? '';
    ctx.globalAlpha = share;
  }

  function drawAxes(now: Prepared): void {
    const values = valueTicks(now.height, now.series.unit, plotHeight / TICK_PX.y);
    ctx.font = font;
    ctx.lineWidth = 1;
    left = Math.ceil(Math.max(24, ...values.map(({ text }) => ctx.measureText(text).width))) + 12;
    paint('text-2');
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    for (const { at, text } of values) ctx.fillText(text, left - 8, yOf(now, at));
    ctx.textAlign = 'center';
    const times = timeTicks(now.range, plotWidth() / TICK_PX.x);
    for (const { at, text } of times) {
      // At the edges the words stay inside the picture.
      const half = ctx.measureText(text).width / 2;
      ctx.fillText(text, Math.max(left + half - 8, Math.min(width - half, xOf(now, at))), HEIGHT - BOTTOM + 14);
    }
    paint('line');
    ctx.beginPath();
    for (const { at } of values) {
      const y = Math.round(yOf(now, at)) + 0.5;
      ctx.moveTo(left, y);
      ctx.lineTo(left + plotWidth(), y);
    }
    for (const { at } of times) {
      const x = Math.round(xOf(now, at)) + 0.5;
      ctx.moveTo(x, TOP);
      ctx.lineTo(x, TOP + plotHeight);
    }
    ctx.stroke();
  }
  function drawIncidents(now: Prepared): void {
    paint('red', 0.15);
    for (const { fromMs, toMs } of now.incidents) {
      const [from, to] = [xOf(now, fromMs), xOf(now, toMs)];
      if (to >= left && from <= width) ctx.fillRect(from, TOP, Math.max(2, to - from), plotHeight);
    }
  }
  function drawLine(now: Prepared): void {
    const { points } = now.series;
    const at = (index: number): number => xOf(now, now.times[index] as number);
    const y = (index: number, name: 'min' | 'mean' | 'max'): number => yOf(now, points[index]?.[name] ?? points[index]?.mean ?? 0);
    ctx.lineWidth = 1.8;
    ctx.lineJoin = 'round';
    for (const [first, end] of now.runs) {
      if (at(end - 1) < left - 2 || at(first) > width + 2) continue;
      paint('accent', 0.16);
      ctx.beginPath();
      for (let n = first; n < end; n += 1) ctx.lineTo(at(n), y(n, 'max'));
      for (let n = end - 1; n >= first; n -= 1) ctx.lineTo(at(n), y(n, 'min'));
      ctx.fill();
      paint('accent');
      ctx.beginPath();
      if (end - first === 1) ctx.arc(at(first), y(first, 'mean'), 1.8, 0, 7);
      for (let n = first; n < end; n += 1) ctx.lineTo(at(n), y(n, 'mean'));
      ctx.stroke();
    }
  }
  function drawLimit(now: Prepared): void {
    const { limit } = now.series;
    if (limit === null || limit > now.height[1]) return;
    paint('red');
    ctx.lineWidth = 1.4;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(left, yOf(now, limit));
    ctx.lineTo(width, yOf(now, limit));
    ctx.stroke();
    ctx.setLineDash([]);
  }
  /** Repairs are triangles at the bottom, alerts octagons at the top: shapes first, colour second. */
  function drawMarks(now: Prepared): void {
    const bottom = TOP + plotHeight - 2;
    for (const { atMs, kind } of now.marks) {
      const x = xOf(now, atMs);
      if (x < left - 6 || x > width) continue;
      paint(kind === 'attempt' ? 'amber' : 'red');
      ctx.beginPath();
      if (kind === 'attempt')
        for (const [dx, dy] of [[0, -10] as const, [6, 0] as const, [-6, 0] as const]) ctx.lineTo(x + dx, bottom + dy);
      else
        for (let corner = 0; corner < 8; corner += 1) {
          const angle = Math.PI / 8 + (corner * Math.PI) / 4;
          ctx.lineTo(x + Math.cos(angle) * 5.5, TOP + 7 + Math.sin(angle) * 5.5);
        }
      ctx.fill();
    }
  }

  /** Nothing is told beside a gap: there is no point there. */
  function point(x: number | undefined): void {
    const index = picture && x !== undefined ? nearest(picture.times, timeOf(picture, x)) : undefined;
    const at = picture && index !== undefined ? xOf(picture, picture.times[index] as number) - left : undefined;
    const stepPx = picture ? (picture.series.stepMs / (picture.range.toMs - picture.range.fromMs)) * plotWidth() : 0;
    const isNear = at !== undefined && x !== undefined && Math.abs(at - x) <= Math.max(12, stepPx * 1.5);
    const mean = isNear && index !== undefined ? picture?.series.points[index]?.mean : undefined;
    cursor.hidden = x === undefined;
    cursor.style.transform = `translateX(${isNear ? at : (x ?? 0)}px)`;
    dot.hidden = !picture || mean === undefined || mean === null;
    if (picture && typeof mean === 'number') dot.style.transform = `translate(${at}px, ${yOf(picture, mean) - TOP}px)`;
    hooks.onPoint(isNear ? index : undefined);
  }
  function inside(event: PointerEvent): number {
    return Math.max(0, Math.min(plotWidth(), event.clientX - over.getBoundingClientRect().left));
  }
  let from: number | undefined;
  over.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    over.setPointerCapture(event.pointerId);
    from = inside(event);
  });
  over.addEventListener('pointermove', (event) => {
    const x = inside(event);
    point(x);
    if (from === undefined) return;
    chosen.hidden = Math.abs(x - from) < LEAST_PX;
    chosen.style.left = `${Math.min(x, from)}px`;
    chosen.style.width = `${Math.abs(x - from)}px`;
  });
  over.addEventListener('pointerup', (event) => {
    const [a, b] = [from, inside(event)];
    letGo();
    if (!picture || a === undefined || Math.abs(a - b) < LEAST_PX) return;
    hooks.onSelect({ fromMs: timeOf(picture, Math.min(a, b)), toMs: timeOf(picture, Math.max(a, b)) });
  });
  over.addEventListener('pointercancel', letGo);
  over.addEventListener('pointerleave', () => point(undefined));
  function letGo(): void {
    from = undefined;
    chosen.hidden = true;
  }

  function resize(): void {
    width = Math.max(220, place.clientWidth);
    canvas.style.width = `${width}px`;
    later();
  }
  const sizes = new ResizeObserver(resize);
  sizes.observe(place);
  const media = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((query) => matchMedia(query));
  for (const one of media) one.addEventListener('change', readStyle);
  // At once: until then a canvas is as wide as its own proportions make it, 500 px at this height, and opens a narrow window.
  resize();
  readStyle();

  return {
    show(next) {
      const times = next.series.points.map(({ at }) => Date.parse(at));
      picture = { ...next, times, runs: runsOf(next.series, times), height: heightOf(next.series) };
      later();
    },
    look(range) {
      if (!picture) return;
      picture = { ...picture, range };
      later();
    },
    destroy() {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      for (const one of media) one.removeEventListener('change', readStyle);
      canvas.remove();
      over.remove();
    },
  };
}

function element(name: string): HTMLElement {
  const made = document.createElement('div');
  made.className = name;
  made.hidden = name !== 'plot-over';
  return made;
}
