// The silhouettes: every state has a shape of its own, so that colour is never alone (PRODUCT section 2), and the few glyphs
// of buttons. Drawings only; what a shape means is said by faceOf in face.ts.
import type { ComponentChildren } from 'preact';
import type { Shape, Tone } from '../face.ts';

const stroke = {
  fill: 'none',
  stroke: 'currentColor',
  'stroke-width': 2.1,
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
} as const;
const glyph = { fill: 'none', stroke: 'var(--glyph)', 'stroke-width': 2.4, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;
const OCTAGON = 'M8 2h8l6 6v8l-6 6H8l-6-6V8z';
const CHECK = 'M7.4 12.4l3.1 3.2 6.2-6.9';

const SHAPES: Record<Shape, ComponentChildren> = {
  octagon: (
    <>
      <path d={OCTAGON} fill="currentColor" />
      <path d="M8.5 8.5l7 7m0-7l-7 7" {...glyph} />
    </>
  ),
  'octagon-seen': (
    <>
      <path d="M8.4 3h7.2L21 8.4v7.2L15.6 21H8.4L3 15.6V8.4z" {...stroke} />
      <path d="M8.2 12.4l2.6 2.7 5-5.6" {...stroke} />
    </>
  ),
  diamond: (
    <>
      <path d="M12 1.4L22.6 12 12 22.6 1.4 12z" fill="currentColor" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" />
      <path d="M12 7.2v5.6m0 3.7v.1" {...glyph} />
    </>
  ),
  triangle: (
    <>
      <path d="M12 3L22.2 20.6H1.8z" fill="currentColor" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
      <path d="M12 9.4v5m0 3.3v.1" {...glyph} />
    </>
  ),
  repair: (
    <>
      <path d="M14.2 2.7A9.6 9.6 0 1 0 21.6 12" {...stroke} stroke-width="2.6" />
      <path d="M18.9 3.9a9.6 9.6 0 0 1 1.9 3.2" {...stroke} stroke-width="2.6" />
      <path d="M12 8v8m-4-4h8" {...stroke} stroke-width="2.4" />
    </>
  ),
  starting: (
    <>
      <circle cx="12" cy="12" r="9.4" {...stroke} stroke-width="2.6" stroke-dasharray="0.1 5.8" />
      <circle cx="12" cy="12" r="3.6" fill="currentColor" />
    </>
  ),
  waiting: (
    <>
      <circle cx="12" cy="12" r="9.6" {...stroke} />
      <path d="M12 6.6V12l3.6 2.2" {...stroke} />
    </>
  ),
  behind: (
    <>
      <circle cx="12" cy="12" r="9.6" {...stroke} />
      <path d="M12 16.6V7.8m-3.8 3.6L12 7.6l3.8 3.8" {...stroke} />
    </>
  ),
  question: (
    <>
      <rect x="2.4" y="2.4" width="19.2" height="19.2" rx="9.6" fill="currentColor" />
      <path d="M9.2 9.3a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.1-1.5 2.1m0 3.2v.1" {...glyph} stroke-width="2.2" />
    </>
  ),
  check: (
    <>
      <circle cx="12" cy="12" r="10.4" fill="currentColor" />
      <path d={CHECK} {...glyph} />
    </>
  ),
  paused: (
    <>
      <circle cx="12" cy="12" r="9.6" {...stroke} />
      <path d="M9.6 8.6v6.8m4.8-6.8v6.8" {...stroke} stroke-width="2.4" />
    </>
  ),
  stopped: <rect x="4" y="4" width="16" height="16" rx="3.4" {...stroke} />,
  hollow: <circle cx="12" cy="12" r="9.6" {...stroke} />,
  moon: <path d="M20.4 14.2A8.8 8.8 0 0 1 9.8 3.6a8.8 8.8 0 1 0 10.6 10.6z" {...stroke} />,
};

/** A state's silhouette. Decorative: the words beside it say the same. */
export function Silhouette({ shape, tone, size = 22 }: { shape: Shape; tone: Tone; size?: number }) {
  return (
    <svg
      class={`silhouette tone-${tone}`}
      data-shape={shape}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[shape]}
    </svg>
  );
}

const GLYPHS = {
  overview: 'M4 13h4l2.2-6 3.6 11 2.4-5H20',
  incidents: 'M5 6h14M5 12h14M5 18h9',
  watch: 'M12 5v14M5 12h14',
  settings: 'M4 8h9m4 0h3M4 16h3m4 0h9M15 6v4M9 14v4',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4.2h-4.2',
  more: 'M6 12h.1M12 12h.1M18 12h.1',
  chevron: 'M9 6l6 6-6 6',
  down: 'M6 9.5l6 6 6-6',
  back: 'M15 6l-6 6 6 6',
  close: 'M7 7l10 10M17 7L7 17',
  open: 'M10 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-4M14 5h5v5M18.5 5.5L11 13',
  copy: 'M9 9h10v10H9zM15 9V5H5v10h4',
  search: 'M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.3 15.3L20 20',
  check: 'M5.5 12.5l4.2 4.2 8.8-9.4',
  warn: 'M12 4L21 19.6H3zM12 10v4.2m0 2.7v.1',
  info: 'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 11v5.4M12 7.6v.1',
  minus: 'M5 12h14',
  restart: 'M12 4v8M7 6.6a7.5 7.5 0 1 0 10 0',
} as const;
export type GlyphName = keyof typeof GLYPHS;

/** A small line drawing for buttons and banners. Decorative. */
export function Glyph({ name, size = 16 }: { name: GlyphName; size?: number }) {
  return (
    <svg class="glyph" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={GLYPHS[name]} {...stroke} stroke-width={name === 'more' ? 3.2 : 1.9} />
    </svg>
  );
}
