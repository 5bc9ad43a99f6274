// The surfaces that things lie on: a card, a section with a heading, a banner, an empty place with words. Markup only.
import type { ComponentChildren } from 'preact';
import { Glyph, type GlyphName } from './icon.tsx';

/** A raised surface. `tone` draws its edge: red for what needs a person. */
export function Card({
  children,
  tone,
  className = '',
}: {
  children: ComponentChildren;
  tone?: 'red' | 'amber' | undefined;
  className?: string;
}) {
  return <div class={`card${tone ? ` edge-${tone}` : ''} ${className}`}>{children}</div>;
}

/** A titled part of a view, on a card. */
export function Section({
  title,
  children,
  aside,
  id,
}: {
  title: string;
  children: ComponentChildren;
  aside?: ComponentChildren;
  id: string;
}) {
  return (
    <section class="section" aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      <Card>{children}</Card>
    </section>
  );
}

const BANNER_GLYPH: Record<'info' | 'warning' | 'error' | 'ok', GlyphName> = { info: 'info', warning: 'warn', error: 'warn', ok: 'check' };

/** One line across the window about the app itself. `children` are its buttons. */
export function Banner({
  kind,
  title,
  text,
  children,
}: {
  kind: 'info' | 'warning' | 'error' | 'ok';
  title: string;
  text?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class={`banner ${kind}`}>
      <Glyph name={BANNER_GLYPH[kind]} size={18} />
      <div class="banner-words">
        <strong>{title}</strong>
        {text && <span>{text}</span>}
      </div>
      {children && <div class="banner-actions">{children}</div>}
    </div>
  );
}

/** A place where nothing is, and what to do about it. */
export function Empty({
  title,
  children,
  art,
  level = 'h2',
}: {
  title: string;
  children: ComponentChildren;
  art?: ComponentChildren;
  level?: 'h1' | 'h2' | 'h3';
}) {
  const Heading = level;
  return (
    <div class="empty">
      {art}
      <Heading>{title}</Heading>
      <div class="empty-words">{children}</div>
    </div>
  );
}

/** Grey shapes where words will be. */
export function Skeleton({ lines = 2 }: { lines?: number }) {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class={`bone bone-${index % 3}`} />
      ))}
    </div>
  );
}
