/** Markup as text: whatever is put into a template is escaped, unless it is markup itself. */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | readonly Markup[] | string | number | false | undefined;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(part: Part): string {
  if (part === false || part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map((one) => one.text).join('');
  return String(part).replace(/[&<>"']/g, (character) => escapes[character]!);
}

export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(strings.reduce((text, piece, i) => `${text}${textOf(parts[i - 1])}${piece}`));

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

/** The element with an id, which the page always has. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as unknown as T;
}

/** A number for a coordinate: short, so that markup stays small. */
export const px = (value: number): string => String(Math.round(value * 10) / 10);
