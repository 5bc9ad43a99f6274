// A long list in the page's own scroll: only what is near the viewport exists. Heights are told beforehand; a row that is opened
// is measured. Reads the window's scroll position.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

const MARGIN_PX = 600;

export interface VirtualProps<T> {
  readonly rows: readonly T[];
  heightOf(row: T, index: number): number;
  keyOf(row: T, index: number): string;
  render(row: T, index: number): ComponentChildren;
  /** Index that must exist, wherever the page stands: it has the focus. */
  readonly keep?: number | undefined;
}

export function Virtual<T>({ rows, heightOf, keyOf, render, keep }: VirtualProps<T>) {
  const place = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, bottom: 1_500 });
  const tops = useMemo(() => {
    const made = new Float64Array(rows.length + 1);
    rows.forEach((row, index) => {
      made[index + 1] = (made[index] as number) + heightOf(row, index);
    });
    return made;
  }, [rows, heightOf]);

  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const box = place.current?.getBoundingClientRect();
      if (!box) return;
      // In steps, so that most scroll events change nothing.
      const top = Math.floor((-box.top - MARGIN_PX) / 200) * 200;
      setView((old) =>
        old.top === top && old.bottom === top + innerHeight + 2 * MARGIN_PX ? old : { top, bottom: top + innerHeight + 2 * MARGIN_PX },
      );
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [rows]);

  const first = Math.max(0, indexAt(tops, view.top));
  const last = Math.min(rows.length - 1, indexAt(tops, view.bottom) + 1);
  const shown: number[] = [];
  for (let index = first; index <= last; index += 1) shown.push(index);
  if (keep !== undefined && keep < rows.length && (keep < first || keep > last)) shown.push(keep);

  return (
    <div class="virtual" ref={place} style={{ height: `${tops[rows.length] ?? 0}px` }}>
      {shown.map((index) => (
        <div key={keyOf(rows[index] as T, index)} class="virtual-row" style={{ transform: `translateY(${tops[index]}px)` }}>
          {render(rows[index] as T, index)}
        </div>
      ))}
    </div>
  );
}

/** Index of the row at that height. */
function indexAt(tops: Float64Array, y: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] as number) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Tells the height of what it holds, at first and whenever it changes. */
export function Measured({ children, onHeight }: { children: ComponentChildren; onHeight: (height: number) => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const sizes = new ResizeObserver(() => onHeight(element.offsetHeight));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  return <div ref={place}>{children}</div>;
}
