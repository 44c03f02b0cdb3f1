/**
 * The source's arrival diagram: a line for each transaction over the signers, at the place where it stands in
 * each signer's arrival order. Lines that cross are pairs that the signers saw in different orders. Beside
 * it stands how far each transaction is from being final.
 */

import type { SignerId } from '../../src/base/ids.ts';
import type { BatchPicture, Picture } from '../state/picture.ts';
import { type ScorePicture, scoreOf } from '../state/score.ts';
import { byId, show, showAtEnd } from './dom.ts';
import { type Markup, markup, px } from './markup.ts';
import { chip, colourOf, isLiar, nameOf, type Shown } from './shown.ts';

const left = 30;
const right = 14;
const top = 34;

export function showArrivals(shown: Shown): void {
  const root = byId('arrivals');
  const { trace, picture } = shown;
  const width = root.clientWidth;
  const spacing = (width - left - right) / Math.max(1, trace.signers);
  const last = Math.max(3, ...picture.arrivals.map((order) => order.length));
  const step = Math.max(15, Math.min(44, 220 / last));
  const height = top + last * step + 6;
  const x = (id: number): number => left + (id + 0.5) * spacing;
  const y = (position: number): number => top + (position - 0.5) * step;
  const grid = Array.from({ length: last }, (_, i) => gridLine(i + 1, y(i + 1), width));
  const heads = picture.arrivals.map((_, id) => head(shown, id as SignerId, x(id), spacing, height));
  const lines = [...picture.batches.values()].map((batch) =>
    lineOf(shown, batch, x, y, Math.min(11, step * 0.42, spacing * 0.46)),
  );
  showAtEnd(
    root,
    markup`<svg viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img"
      aria-label="${spoken(picture)}">${heads}${grid}${lines}</svg>`,
  );
  showScores(shown);
}

function spoken(picture: Picture): string {
  const orders = picture.arrivals.map(
    (order, id) =>
      `s${id}: ${order.map((one) => picture.batches.get(one)?.name ?? '?').join(' ') || 'nothing'}`,
  );
  return `Arrival orders. ${orders.join('; ')}.`;
}

const gridLine = (position: number, y: number, width: number): Markup =>
  markup`<line class="grid" x1="${left}" x2="${px(width - right)}" y1="${px(y)}" y2="${px(y)}"/>
    <text class="axis" x="${left - 12}" y="${px(y)}">${position}</text>`;

const head = ({ trace }: Shown, id: SignerId, x: number, spacing: number, height: number): Markup =>
  markup`${isLiar(trace, id) && markup`<rect class="liar-column" x="${px(x - spacing / 2 + 1)}" y="0" width="${px(spacing - 2)}" height="${px(height)}" rx="4"/>`}
    <text class="axis signer ${spacing < 22 ? 'tiny' : ''}" x="${px(x)}" y="12">${spacing < 22 ? id : `s${id}`}</text>${
      isLiar(trace, id) &&
      markup`<text class="axis lies" x="${px(x)}" y="25">${spacing < 30 ? '✶' : 'lies'}</text>`
    }`;

function lineOf(
  { trace, picture }: Shown,
  batch: BatchPicture,
  x: (id: number) => number,
  y: (position: number) => number,
  radius: number,
): Markup {
  const points = picture.arrivals.flatMap((order, id) => {
    const place = order.indexOf(batch.id);
    return place < 0 ? [] : [{ x: x(id), y: y(place + 1) }];
  });
  const path = points.map((point) => `${px(point.x)},${px(point.y)}`).join(' ');
  const dots = points.map(
    (point) => markup`<circle cx="${px(point.x)}" cy="${px(point.y)}" r="${px(radius)}"/>
      <text x="${px(point.x)}" y="${px(point.y)}" class="letter ${radius < 9 ? 'tiny' : ''}">${nameOf(trace, batch.id)}</text>`,
  );
  return markup`<g class="line ${colourOf(trace, batch.id)}"><polyline points="${path}"/>${dots}</g>`;
}

function showScores(shown: Shown): void {
  const { trace, picture } = shown;
  const rows = [...picture.batches.values()].map((batch) =>
    scoreRow(shown, batch, scoreOf(picture, trace, batch)),
  );
  show(byId('scores'), rows.length === 0 ? markup`` : markup`<ul class="scores">${rows}</ul>`);
}

function scoreRow({ trace }: Shown, batch: BatchPicture, score: ScorePicture): Markup {
  return markup`<li>${chip(trace, batch.id)}${
    score.score !== undefined && meter(score.score, trace.signers, trace.threshold, colourOf(trace, batch.id))
  }<span class="score-text">${scoreText(trace.threshold, score)}${
    score.finality === 'open' &&
    score.rival !== undefined &&
    markup` <span class="muted">against ${chip(trace, score.rival, 'small')}</span>`
  }</span></li>`;
}

function scoreText(threshold: number, { score, votes, finality, height }: ScorePicture): Markup {
  if (finality === 'score') return markup`<b>${score ?? votes}</b>, <b class="good">final by score</b>`;
  if (finality === 'order')
    return markup`${score !== undefined && `${score}, `}<b class="good">final by order</b>${
      height !== undefined && `, block ${height}`
    }`;
  if (score === undefined) return markup`${votes} have it`;
  return markup`<b>${score}</b> for it, needs ${threshold}`;
}

/** A square for each signer, filled up to the score, with a mark where the threshold is. */
function meter(score: number, n: number, threshold: number, colour: string): Markup {
  const size = Math.max(3, Math.min(10, 130 / n));
  const full = (count: number): string =>
    Array.from({ length: count }, (_, i) => `M${px(i * size)} 3h${px(size - 1)}v9h${px(1 - size)}z`).join('');
  const mark = threshold * size - 0.5;
  return markup`<svg class="meter ${colour}" width="${px(n * size + 2)}" height="15" viewBox="0 0 ${px(n * size + 2)} 15"
    role="img" aria-label="score ${score} of ${n}, threshold ${threshold}"><path class="rest" d="${full(n)}"/><path
    class="full" d="${full(Math.max(0, score))}"/><line class="mark" x1="${px(mark)}" x2="${px(mark)}" y1="0" y2="15"/></svg>`;
}
