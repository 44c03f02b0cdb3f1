/** Blocks of phase 3 as a chain: what each takes in, the signatures so far, and whether it is committed. */

import type { SignerId } from '../../src/base/ids.ts';
import type { BlockPicture, Picture } from '../state/picture.ts';
import { byId, showAtEnd } from './dom.ts';
import { type Markup, markup, px } from './markup.ts';
import { chip, type Shown } from './shown.ts';

export function showChain(shown: Shown): void {
  const blocks = [...shown.picture.blocks.values()].sort((a, b) => a.height - b.height || a.view - b.view);
  showAtEnd(
    byId('chain'),
    blocks.length === 0
      ? markup`<p class="empty">No block yet. A block comes when scores are too low, or after a while as a checkpoint.</p>`
      : markup`<ol class="chain">${blocks.map((block) => card(shown, block))}</ol>`,
  );
}

type Stage = 'committed' | 'signed' | 'proposed' | 'left behind';

function stageOf(picture: Picture, block: BlockPicture, quorum: number): Stage {
  if (block.committedBy.length > 0) return 'committed';
  const rival = [...picture.blocks.values()].some(
    (one) => one.height === block.height && one !== block && one.committedBy.length > 0,
  );
  if (rival) return 'left behind';
  return block.signatures.size >= quorum ? 'signed' : 'proposed';
}

function card({ trace, picture }: Shown, block: BlockPicture): Markup {
  const { height, view, entries, signatures } = block;
  const stage = stageOf(picture, block, trace.quorum);
  const label = stage === 'signed' ? 'signed, waits for its child' : stage;
  return markup`<li class="block ${stage.replace(' ', '-')}"><p class="block-head"><b>Block ${height}</b>
    <span class="muted">view ${view}</span></p>
    <p class="entries">${
      entries.length === 0
        ? markup`<span class="muted">empty: it completes the one before</span>`
        : markup`${entries.map((entry) => chip(trace, entry))}`
    }</p>${signatureBits(trace.signers, signatures)}
    <p class="muted">${signatures.size} of ${trace.signers} signed, needs ${trace.quorum}</p>
    <p class="stage">${label}${stage === 'committed' && ` at ${block.committedBy.length}`}</p></li>`;
}

function signatureBits(n: number, signatures: ReadonlySet<SignerId>): Markup {
  const columns = n <= 12 ? n : Math.ceil(n / 2);
  const cell = Math.max(5, Math.min(12, 120 / columns));
  const at = (id: number): string =>
    `M${px((id % columns) * cell)} ${px(Math.floor(id / columns) * cell)}h${px(cell - 1)}v${px(cell - 1)}h${px(1 - cell)}z`;
  const all = Array.from({ length: n }, (_, id) => at(id)).join('');
  const signed = [...signatures].map(at).join('');
  const height = Math.ceil(n / columns) * cell;
  return markup`<svg class="signatures" width="${px(columns * cell)}" height="${px(height)}" aria-hidden="true"><path
    class="bits none" d="${all}"/><path class="bits ink" d="${signed}"/></svg>`;
}
