/**
 * The pieces of a report page: one file of HTML without scripts or anything from elsewhere, that follows
 * the reader's light or dark setting and fits a phone. Text from a run is escaped here and nowhere else.
 */

import { style } from './style.ts';

/** Markup that is safe to put into a page as it stands. */
export interface Html {
  readonly html: string;
}

export const raw = (html: string): Html => ({ html });

export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

export type Piece = string | number | Html | undefined | readonly Piece[];

/** What a piece is in the page; strings are text. */
export function markupOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (typeof piece === 'string') return escaped(piece);
  if (typeof piece === 'number') return escaped(figure(piece));
  if ('html' in piece) return piece.html;
  return piece.map(markupOf).join('');
}

/** A template whose values are text unless they are markup. */
export const html = (parts: TemplateStringsArray, ...values: readonly Piece[]): Html =>
  raw(parts.map((part, i) => part + markupOf(values[i])).join(''));

/** A number with as many digits as a reader needs. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return grouped(String(value));
  const size = Math.abs(value);
  if (size >= 1000) return grouped(value.toFixed(0));
  if (size >= 100) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return String(Number(value.toPrecision(3)));
}

/** Thin spaces between groups of thousands, from five digits on. */
const grouped = (digits: string): string =>
  digits.replace(
    /^(-?)(\d{5,})$/,
    (_, sign: string, body: string) => sign + body.replace(/\B(?=(\d{3})+$)/g, '\u202f'),
  );

export interface Column {
  readonly title: string;
  /** Numbers are set to the right. */
  readonly numeric?: boolean;
}

export function table(columns: readonly Column[], rows: readonly (readonly Piece[])[]): Html {
  const align = (i: number): Html => raw(columns[i]?.numeric ? ' class="number"' : '');
  return html`<div class="scroll"><table><thead><tr>${columns.map(
    ({ title }, i) => html`<th scope="col"${align(i)}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${row.map((cell, i) => html`<td${align(i)}>${cell}</td>`)}</tr>\n`,
  )}</tbody></table></div>`;
}

/** A value longer than this gets a row of its own. */
const factCharactersMax = 24;

/** Names with values, for what a run was asked for; long values last. */
export function facts(pairs: readonly (readonly [string, string | number])[]): Html {
  const isLong = ([, value]: readonly [string, string | number]): boolean =>
    String(value).length > factCharactersMax;
  const ordered = [...pairs.filter((pair) => !isLong(pair)), ...pairs.filter(isLong)];
  return html`<dl class="facts">${ordered.map(
    (pair) =>
      html`<div${raw(isLong(pair) ? ' class="long"' : '')}><dt>${pair[0]}</dt><dd>${pair[1]}</dd></div>`,
  )}</dl>`;
}

/** The few figures that a reader looks for first. */
export const headline = (
  tiles: readonly {
    readonly name: string;
    readonly value: Piece;
    readonly tone?: 'good' | 'bad' | 'unsure';
  }[],
): Html =>
  html`<div class="tiles">${tiles.map(
    ({ name, value, tone }) =>
      html`<div class="tile ${tone ?? ''}"><div class="value">${value}</div><div class="name">${name}</div></div>`,
  )}</div>`;

export const section = (title: string, ...pieces: readonly Piece[]): Html =>
  html`<section><h2>${title}</h2>${pieces}</section>\n`;

/** A plot with the table of its values next to it, or below it on a narrow page. */
export const beside = (picture: Html, values: Html): Html =>
  html`<div class="beside"><div>${picture}</div><div>${values}</div></div>`;

export const command = (text: string): Html => html`<code class="command">${text}</code>`;

/** What few readers need at once. */
export const folded = (summary: string, ...pieces: readonly Piece[]): Html =>
  html`<details><summary>${summary}</summary>${pieces}</details>`;

/** Shows the first `most` and says honestly how many there are. */
export function firstOf<T>(
  items: readonly T[],
  most: number,
  rest: string,
): { shown: readonly T[]; note: Piece } {
  const shown = items.slice(0, most);
  const note =
    items.length > most
      ? html`<p class="note">The first ${most} of ${items.length}; ${rest}.</p>`
      : undefined;
  return { shown, note };
}

export interface Page {
  readonly title: string;
  /** One or two sentences below the title. */
  readonly lead: Piece;
  readonly body: readonly Piece[];
  readonly foot: Piece;
}

export const pageOf = ({ title, lead, body, foot }: Page): string =>
  `${
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title}</title><style>${raw(style)}</style></head>
<body><header><h1>${title}</h1><p class="lead">${lead}</p></header><main>${body}</main>
<footer>${foot}</footer></body></html>`.html
  }\n`;
