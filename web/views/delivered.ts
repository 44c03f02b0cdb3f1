/** What each honest signer delivered, in order, and the banner that says who disagrees. */

import type { SignerId } from '../../src/base/ids.ts';
import type { Disagreement } from '../state/disagreement.ts';
import type { DeliveredPicture } from '../state/picture.ts';
import { byId, show } from './dom.ts';
import { type Markup, markup } from './markup.ts';
import { chip, isLiar, nameOf, type Shown, signerName, signersOf } from './shown.ts';

export function showDelivered(shown: Shown): void {
  const { trace, picture } = shown;
  const rows = picture.delivered.map((list, id) => row(shown, list, id as SignerId));
  show(byId('delivered'), markup`<ul class="delivered">${rows}</ul>`);
  const total = picture.delivered.filter(
    (list, id) => list.length > 0 && !isLiar(trace, id as SignerId),
  ).length;
  const honest = trace.signers - trace.liars.length;
  show(
    byId('delivered-facts'),
    total === 0
      ? markup`Nobody has delivered anything yet.`
      : markup`${total} of ${honest} honest signers have delivered something.`,
  );
}

function row(shown: Shown, list: readonly DeliveredPicture[], id: SignerId): Markup {
  const { trace, picture, disagreements } = shown;
  const region = trace.regions[id];
  const wrong = disagreements.filter((one) => one.ahead.includes(id) || one.behind.includes(id));
  const bad = new Set(wrong.flatMap((one) => [one.first, one.second]));
  const name = markup`<span class="who"><b>${signerName(id)}</b>${
    region !== undefined && region !== '' && markup` <span class="muted region">${region}</span>`
  }</span>${!picture.up[id] && markup`<span class="tag">down</span>`}`;
  if (isLiar(trace, id))
    return markup`<li class="lying">${name}<span class="muted">lies; what it delivers does not count</span></li>`;
  const chips = list.map((one) => deliveredChip(shown, one, bad.has(one.batch)));
  return markup`<li class="${wrong.length > 0 ? 'disagrees' : ''}">${name}<span class="order">${
    chips.length > 0 ? chips : markup`<span class="muted">nothing yet</span>`
  }</span></li>`;
}

function deliveredChip({ trace }: Shown, one: DeliveredPicture, bad: boolean): Markup {
  const how = one.void ? 'void' : one.finality === 'score' ? 'by score' : 'by order';
  const where = one.height === undefined ? '' : `, in block ${one.height}`;
  return markup`<span class="final" title="${nameOf(trace, one.batch)}: ${how}${where}">${chip(
    trace,
    one.batch,
    `${one.finality} ${one.void ? 'void' : ''} ${bad ? 'wrong' : ''}`,
  )}${one.height !== undefined && markup`<span class="height">${one.height}</span>`}</span>`;
}

/** The banner; said aloud once when it appears, because its text changes only then. */
export function showDisagreement({ trace, disagreements }: Shown): void {
  const banner = byId('disagreement');
  const [worst] = disagreements;
  banner.hidden = worst === undefined;
  show(banner, worst === undefined ? markup`` : bannerText(trace, worst, disagreements.length - 1));
}

function bannerText(trace: Shown['trace'], one: Disagreement, more: number): Markup {
  const first = nameOf(trace, one.first);
  const second = nameOf(trace, one.second);
  return markup`<strong>Honest signers disagree.</strong> ${signersOf(one.ahead)} put ${first} before ${second}; ${signersOf(one.behind)} put ${second} before ${first}. Both call it final, so this can
    never be repaired.${more > 0 && ` ${more} more ${more === 1 ? 'pair differs' : 'pairs differ'}.`}`;
}
