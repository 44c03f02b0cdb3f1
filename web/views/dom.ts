/** The few touches of the document that views need. */

import type { Markup } from './markup.ts';

/** This near to its end counts as there. */
const nearPx = 8;

const shown = new WeakMap<Element, string>();

/** Shows markup in an element if it is not what is there; what had the focus keeps it by its `data-key`. */
export function show(element: Element, { text }: Markup): void {
  if (shown.get(element) === text) return;
  shown.set(element, text);
  const active = element.ownerDocument.activeElement;
  const key = active && element.contains(active) ? active.getAttribute('data-key') : null;
  element.innerHTML = text;
  if (key !== null) element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** The same in an element that scrolls: who had its end in sight keeps that. */
export function showAtEnd(element: Element, content: Markup): void {
  const below = element.scrollHeight - element.clientHeight - element.scrollTop;
  const beside = element.scrollWidth - element.clientWidth - element.scrollLeft;
  show(element, content);
  if (below < nearPx) element.scrollTop = element.scrollHeight;
  if (beside < nearPx) element.scrollLeft = element.scrollWidth;
}

/** The element with an id, which the page always has. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as unknown as T;
}
