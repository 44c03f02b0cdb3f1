/** Proofs against liars, messages that were refused, and what else happened: faults, and moves of an attack. */

import type { ConvictionPicture, NotePicture, RefusalPicture } from '../state/picture.ts';
import { byId, show } from './dom.ts';
import { type Markup, markup } from './markup.ts';
import { type Shown, signerName, signersOf, timeText } from './shown.ts';

const kinds: Readonly<Record<string, string>> = {
  votes: 'two different votes on one batch',
  mutual: 'votes on two batches that each say the other came first',
  blocks: 'signatures on two blocks in one view',
  timeouts: 'two different timeouts for one term',
  signedAfterTimeout: 'a signature in a view it had given up',
  hiddenQc: 'a timeout that hides a block it had signed',
  proposals: 'two blocks proposed in one view',
  batches: 'two batches with one number',
  numbers: 'two batches with one number',
};

export function showEvidence({ trace, picture }: Shown): void {
  const { convictions, refusals, notes } = picture;
  show(
    byId('evidence'),
    convictions.length === 0
      ? markup`<p class="empty">Nobody is convicted.</p>`
      : markup`<ul class="convictions">${convictions.map((one) => conviction(trace.liars.includes(one.convicts), one))}</ul>`,
  );
  show(
    byId('refusals'),
    refusals.length === 0
      ? markup`<p class="empty">Nothing was refused.</p>`
      : markup`<ul class="plain">${refusals.map(refusal)}</ul>`,
  );
  show(
    byId('notes'),
    notes.length === 0
      ? markup`<p class="empty">No fault so far.</p>`
      : markup`<ol class="plain">${notes.map(note)}</ol>`,
  );
}

const conviction = (rightly: boolean, { convicts, what, by }: ConvictionPicture): Markup =>
  markup`<li><span class="tag strong">${signerName(convicts)} is convicted</span> by ${kinds[what] ?? what}. Seen by
    ${signersOf(by)}.${!rightly && markup` <b class="wrong-blame">It is honest: this must never happen.</b>`}</li>`;

const refusal = ({ from, message, by, count }: RefusalPicture): Markup =>
  markup`<li>From ${signerName(from)}, refused by ${signersOf(by)}${count > 1 && ` (${count} times)`}:
    <span class="muted">${message}</span></li>`;

const note = ({ at, text }: NotePicture): Markup =>
  markup`<li><button type="button" class="time" data-seek="${at}" data-key="note ${at} ${text}">${timeText(at)}</button>
    ${text}</li>`;
