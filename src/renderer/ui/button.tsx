// Buttons: one that cannot be pressed now stays reachable by keyboard and says why; one that is busy cannot be pressed twice, and a double
// click is one press: what it asks for may be done before the second click, which would then hit whatever stands there next.
import type { ComponentChildren, Ref } from 'preact';
import { Glyph, type GlyphName } from './icon.tsx';

export interface ButtonProps {
  children?: ComponentChildren;
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: GlyphName | undefined;
  /** Name for screen readers when the face shows only an icon; also its tooltip. */
  label?: string | undefined;
  /** Why it cannot be pressed now. Shown as a tooltip and read out. */
  why?: string | undefined;
  isBusy?: boolean | undefined;
  /** Each click of a quick series counts. */
  isRepeated?: boolean;
  onPress?: ((event: MouseEvent) => void) | undefined;
  type?: 'button' | 'submit';
  buttonRef?: Ref<HTMLButtonElement>;
  testId?: string | undefined;
  [aria: `aria-${string}`]: string | boolean | undefined;
}

export function Button({
  children,
  kind = 'plain',
  icon,
  label,
  why,
  isBusy,
  isRepeated,
  onPress,
  type = 'button',
  buttonRef,
  testId,
  ...aria
}: ButtonProps) {
  const isOff = why !== undefined || isBusy === true;
  return (
    <button
      {...aria}
      ref={buttonRef ?? null}
      type={type}
      class={`button ${kind}${children === undefined ? ' icon-only' : ''}`}
      aria-disabled={isOff ? 'true' : undefined}
      aria-busy={isBusy ? 'true' : undefined}
      aria-label={label}
      data-tip={why ?? label}
      data-test={testId}
      onClick={(event) => {
        if (isOff || (event.detail > 1 && !isRepeated)) event.preventDefault();
        else onPress?.(event as unknown as MouseEvent);
      }}
    >
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Glyph name={icon} />}
      {children}
      {why && <span class="vh"> (not now: {why})</span>}
    </button>
  );
}

/** Something that leads elsewhere, in the shape of a button. Addresses come from the configuration: only web addresses become links. */
export function LinkButton({
  href,
  children,
  icon,
  isOutside,
}: {
  href: string;
  children: ComponentChildren;
  icon?: GlyphName;
  isOutside?: boolean;
}) {
  return (
    <a class="button plain" href={href} {...(isOutside ? { target: '_blank', rel: 'noopener noreferrer' } : {})}>
      {icon && <Glyph name={icon} />}
      {children}
    </a>
  );
}

/** The address if it is a web address, else undefined: a `javascript:` one must never become a link. */
export function safeUrl(url: string | null): string | undefined {
  if (url === null || !URL.canParse(url)) return undefined;
  return /^https?:$/.test(new URL(url).protocol) ? url : undefined;
}
