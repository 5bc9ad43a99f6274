// One tooltip for the whole window: whatever carries `data-tip` shows it on hover and focus, inside the viewport, and a <time> whose
// `data-tip` is empty its exact time, which is put into words only then; Escape hides it
// and the pointer may rest on it (WCAG 1.4.13). Touches the document, nothing else.

import { exactText } from '../time-words.ts';

const DELAY_MS = 350;

function exactOf(target: Element): string {
  return target instanceof HTMLTimeElement ? exactText(target.dateTime) : '';
}

export function installTips(root: HTMLElement): void {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'tooltip');
  tip.hidden = true;
  document.body.append(tip);
  let owner: Element | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Sent away with Escape; comes back when the pointer has been elsewhere. */
  let dismissed: Element | undefined;

  function show(target: Element): void {
    const text = target.getAttribute('data-tip') || exactOf(target);
    if (!text) {
      hide();
      return;
    }
    owner = target;
    tip.textContent = text;
    tip.hidden = false;
    const box = target.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const atX = Number(target.getAttribute('data-tip-x') ?? Number.NaN);
    const middle = Number.isNaN(atX) ? box.left + box.width / 2 : box.left + atX * box.width;
    const left = Math.max(8, Math.min(middle - own.width / 2, document.documentElement.clientWidth - own.width - 8));
    const top = box.top - own.height - 8 > 4 ? box.top - own.height - 8 : box.bottom + 8;
    tip.style.left = `${left}px`;
    tip.style.top = `${top}px`;
  }
  function hide(): void {
    clearTimeout(timer);
    owner = undefined;
    tip.hidden = true;
  }
  function targetOf(event: Event): Element | undefined {
    const at = event.target;
    if (!(at instanceof Element)) return undefined;
    return at.closest('[data-tip]') ?? undefined;
  }

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'touch' || event.target === tip) return;
    const target = targetOf(event);
    if (target === owner || (target && target === dismissed)) return;
    dismissed = undefined;
    clearTimeout(timer);
    if (!target) timer = setTimeout(hide, 120);
    else if (owner || target.hasAttribute('data-tip-x')) show(target);
    else timer = setTimeout(() => target.isConnected && show(target), DELAY_MS);
  });
  document.addEventListener('focusin', (event) => {
    const target = targetOf(event);
    if (target?.matches(':focus-visible')) show(target);
    else hide();
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', hide);
  document.addEventListener('scroll', hide, { capture: true, passive: true });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    dismissed = owner;
    hide();
  });
  // What the owner tells may change under the pointer (day bars, a running time), or the owner may go.
  new MutationObserver((changes) => {
    if (!owner) return;
    if (!owner.isConnected) hide();
    else if (changes.some((change) => change.type === 'attributes' && change.target === owner)) show(owner);
  }).observe(root, { subtree: true, attributes: true, attributeFilter: ['data-tip', 'data-tip-x'], childList: true });
}
