// A button with a menu: native popover, arrow keys, first letter, Escape; what is not possible now says why in its own line.
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button, type ButtonProps } from './button.tsx';
import { Glyph, type GlyphName } from './icon.tsx';

export interface MenuItem {
  readonly label: string;
  readonly detail?: string | undefined;
  readonly icon?: GlyphName;
  readonly why?: string | undefined;
  readonly isDanger?: boolean;
  readonly href?: string | undefined;
  readonly testId?: string;
  readonly onPick?: () => void;
}

export function MenuButton({
  items,
  menuLabel,
  ...button
}: Omit<ButtonProps, 'onPress'> & { items: readonly MenuItem[]; menuLabel: string }) {
  const id = useId();
  const anchor = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  /** A menu that nobody has opened has no entries: a page of services would make hundreds. */
  const [isMade, setMade] = useState(false);

  function entries(): HTMLElement[] {
    return [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  }
  function place(): void {
    const box = anchor.current?.getBoundingClientRect();
    const own = menu.current;
    if (!box || !own) return;
    const { width, height } = own.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8));
    const below = box.bottom + 4;
    const top = below + height > innerHeight - 8 && box.top - height - 4 > 8 ? box.top - height - 4 : below;
    own.style.left = `${left}px`;
    own.style.top = `${top}px`;
  }
  function toggled(event: ToggleEvent): void {
    anchor.current?.setAttribute('aria-expanded', String(event.newState === 'open'));
  }
  /** At once, not with the later event: the next key must find the menu. */
  function toggle(): void {
    if (isMade) open();
    else setMade(true);
  }
  function open(): void {
    if (!menu.current?.togglePopover()) return;
    place();
    entries()[0]?.focus();
  }
  useLayoutEffect(() => {
    if (isMade) open();
  }, [isMade]);
  function onKey(event: KeyboardEvent): void {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const go: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    const next = go[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[(next + all.length) % all.length]?.focus();
    } else if (event.key === 'Tab') {
      close(false);
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== ' ') {
      const letter = event.key.toLowerCase();
      const order = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      order.find((entry) => entry.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
    }
  }
  function close(isFocusBack = true): void {
    menu.current?.hidePopover();
    if (isFocusBack) anchor.current?.focus();
  }

  return (
    <span class="menu-anchor">
      <Button {...button} buttonRef={anchor} aria-haspopup="menu" aria-expanded="false" onPress={toggle} />
      <div
        ref={menu}
        id={id}
        class="menu"
        role="menu"
        tabIndex={-1}
        aria-label={menuLabel}
        popover="auto"
        onToggle={(event) => toggled(event as unknown as ToggleEvent)}
        onKeyDown={(event) => onKey(event as unknown as KeyboardEvent)}
      >
        {isMade && items.map((item) => <Entry key={item.label} item={item} hasIcons={items.some((one) => one.icon)} close={close} />)}
      </div>
    </span>
  );
}

function Entry({ item, hasIcons, close }: { item: MenuItem; hasIcons: boolean; close: () => void }) {
  const inside = (
    <>
      {hasIcons && <span class="menu-icon">{item.icon && <Glyph name={item.icon} />}</span>}
      <span class="menu-words">
        {item.label}
        {(item.why ?? item.detail) && <small>{item.why ?? item.detail}</small>}
      </span>
    </>
  );
  const shared = { role: 'menuitem', tabIndex: -1, 'data-test': item.testId, class: `menu-item${item.isDanger ? ' danger' : ''}` } as const;
  if (item.href && item.why === undefined) {
    return (
      <a {...shared} href={item.href} target="_blank" rel="noopener noreferrer" onClick={close}>
        {inside}
      </a>
    );
  }
  return (
    <button
      {...shared}
      type="button"
      aria-disabled={item.why === undefined ? undefined : 'true'}
      onClick={() => {
        if (item.why !== undefined) return;
        close();
        item.onPick?.();
      }}
    >
      {inside}
    </button>
  );
}
