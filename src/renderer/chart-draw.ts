// The drawing of a graph: uPlot with the window's colours, the spread as a band, the limit, and marks for what happened.
// Loaded only when a graph is opened. Touches the element that it is given.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Series } from '../contract/history.ts';
import { isLimitShown } from './chart-words.ts';
import type { Range } from './range.ts';
import { clockText, valueText } from './time-words.ts';

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

const HEIGHT = 250;
const DAY_S = 86_400;
const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const monthFormat = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });

export function createDrawing(place: HTMLElement, hooks: Hooks): Drawing {
  let picture: Picture | undefined;
  let plot: uPlot | undefined;
  let isTelling = true;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  function build(): void {
    plot?.destroy();
    plot = new uPlot(options(), dataOf(picture), place);
  }
  function color(name: string): string {
    return getComputedStyle(place).getPropertyValue(`--${name}`).trim();
  }
  function options(): uPlot.Options {
    const text = color('text-2');
    const line = color('line');
    const accent = color('accent');
    const axis = {
      stroke: text,
      font: `11px ${getComputedStyle(place).fontFamily}`,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(220, place.clientWidth),
      height: HEIGHT,
      padding: [10, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false, dist: 6 }, points: { size: 7, fill: accent }, focus: { prox: -1 } },
      scales: { x: { time: true, range: () => secondsOf(picture) }, y: { range: (_, low, high) => heightOf(picture, low, high) } },
      axes: [
        { ...axis, size: 30, space: 70, values: (_, splits, __, ___, step) => splits.map((at) => tickText(at, step)) },
        { ...axis, size: 64, space: 44, values: (_, splits) => splits.map((value) => valueText(value, picture?.series.unit ?? null)) },
      ],
      series: [
        {},
        { stroke: accent, width: 1.8, points: { show: false }, spanGaps: false },
        { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: false },
        { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: false },
      ],
      bands: [{ series: [3, 2], fill: withAlpha(accent, 0.16) }],
      hooks: {
        drawClear: [drawIncidents],
        draw: [drawLimit, drawMarks],
        setCursor: [
          ({ cursor }) =>
            isTelling && hooks.onPoint(cursor.idx === null || cursor.idx === undefined ? undefined : picturePoint(cursor.idx)),
        ],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 6) return;
            const range = { fromMs: self.posToVal(left, 'x') * 1_000, toMs: self.posToVal(left + width, 'x') * 1_000 };
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            hooks.onSelect(range);
          },
        ],
      },
    };
  }
  /** Gaps put points of their own between those of the series. */
  function picturePoint(index: number): number | undefined {
    return plot && picture ? positions(picture.series).indexes[index] : undefined;
  }
  function drawIncidents(self: uPlot): void {
    const { ctx, bbox } = self;
    ctx.save();
    ctx.fillStyle = withAlpha(color('red'), 0.15);
    for (const { fromMs, toMs } of picture?.incidents ?? []) {
      const left = Math.max(bbox.left, self.valToPos(fromMs / 1_000, 'x', true));
      const right = Math.min(bbox.left + bbox.width, self.valToPos(toMs / 1_000, 'x', true));
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      ctx.fillRect(left, bbox.top, Math.max(2 * devicePixelRatio, right - left), bbox.height);
    }
    ctx.restore();
  }
  function drawLimit(self: uPlot): void {
    const limit = picture?.series.limit;
    const top = self.scales['y']?.max;
    if (limit === null || limit === undefined || top === undefined || limit > top) return;
    const { ctx, bbox } = self;
    const y = self.valToPos(limit, 'y', true);
    ctx.save();
    ctx.strokeStyle = color('red');
    ctx.lineWidth = 1.4 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
  /** Repairs are triangles at the bottom, alerts octagons at the top: shapes first, colour second. */
  function drawMarks(self: uPlot): void {
    const { ctx, bbox } = self;
    const unit = devicePixelRatio;
    ctx.save();
    for (const { atMs, kind } of picture?.marks ?? []) {
      const x = self.valToPos(atMs / 1_000, 'x', true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      if (kind === 'attempt') {
        const y = bbox.top + bbox.height - 2 * unit;
        ctx.moveTo(x, y - 10 * unit);
        ctx.lineTo(x + 6 * unit, y);
        ctx.lineTo(x - 6 * unit, y);
        ctx.fillStyle = color('amber');
      } else {
        for (let corner = 0; corner < 8; corner += 1) {
          const angle = Math.PI / 8 + (corner * Math.PI) / 4;
          ctx.lineTo(x + Math.cos(angle) * 5.5 * unit, bbox.top + 7 * unit + Math.sin(angle) * 5.5 * unit);
        }
        ctx.fillStyle = color('red');
      }
      ctx.closePath();
      ctx.fill();
    }
    ctx.restore();
  }

  const sizes = new ResizeObserver(() => plot?.setSize({ width: Math.max(220, place.clientWidth), height: HEIGHT }));
  sizes.observe(place);
  dark.addEventListener('change', build);

  return {
    show(next) {
      picture = next;
      if (!plot) return build();
      isTelling = false;
      plot.setData(dataOf(picture));
      isTelling = true;
    },
    look(range) {
      if (!picture || !plot) return;
      picture = { ...picture, range };
      plot.setScale('x', { min: range.fromMs / 1_000, max: range.toMs / 1_000 });
    },
    destroy() {
      sizes.disconnect();
      dark.removeEventListener('change', build);
      plot?.destroy();
    },
  };
}

function secondsOf(picture: Picture | undefined): uPlot.Range.MinMax {
  return picture ? [picture.range.fromMs / 1_000, picture.range.toMs / 1_000] : [0, 1];
}

/** From zero, so that heights compare; the limit is in the picture unless that would flatten the line. */
function heightOf(picture: Picture | undefined, low: number | null, high: number | null): uPlot.Range.MinMax {
  const top = Math.max(high ?? 0, 0);
  const limit = picture?.series.limit ?? null;
  const seen = limit !== null && isLimitShown(limit, top) ? Math.max(top, limit) : top;
  if (picture?.series.unit === 'percent' && seen <= 100) return [0, seen > 60 ? 100 : Math.max(5, seen * 1.15)];
  return [Math.min(0, low ?? 0), seen > 0 ? seen * 1.15 : 1];
}

/** Where points are further apart than their step, the line is broken. */
function positions(series: Series): { xs: number[]; indexes: (number | undefined)[] } {
  const xs: number[] = [];
  const indexes: (number | undefined)[] = [];
  let last: number | undefined;
  series.points.forEach((point, index) => {
    const at = Date.parse(point.at);
    if (last !== undefined && at - last > Math.max(series.stepMs * 2.5, 16 * 60_000 * (series.source === 'readings' ? 1 : 0))) {
      xs.push((last + series.stepMs) / 1_000);
      indexes.push(undefined);
    }
    xs.push(at / 1_000);
    indexes.push(index);
    last = at;
  });
  return { xs, indexes };
}

function dataOf(picture: Picture | undefined): uPlot.AlignedData {
  if (!picture) return [[], [], [], []];
  const { xs, indexes } = positions(picture.series);
  const column = (name: 'mean' | 'min' | 'max') =>
    indexes.map((index) => (index === undefined ? null : (picture.series.points[index]?.[name] ?? null)));
  return [xs, column('mean'), column('min'), column('max')];
}

function tickText(seconds: number, stepSeconds: number): string {
  const date = new Date(seconds * 1_000);
  if (stepSeconds >= 28 * DAY_S) return monthFormat.format(date);
  if (stepSeconds >= DAY_S || (date.getHours() === 0 && date.getMinutes() === 0)) return dayFormat.format(date);
  return clockText(seconds * 1_000);
}

function withAlpha(color: string, share: number): string {
  return `color-mix(in srgb, ${color} ${Math.round(share * 100)}%, transparent)`;
}
