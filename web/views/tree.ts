/**
 * A batch on its tree: down as a transaction (1a), up as votes that merge (1b), down as a certificate (2).
 * Below each node stands what it has of the votes, a square for each signer; its colour is that of the
 * transaction which that signer had accepted first.
 */

import type { Trace } from '../../sim/trace/trace.ts';
import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { BatchPicture, Picture, SentEvent } from '../state/picture.ts';
import { byId, show } from './dom.ts';
import { type Markup, markup, px } from './markup.ts';
import { chip, colourOf, isLiar, nameOf, type Shown, signerName, signersOf } from './shown.ts';
import { type Place, placesOf, type TreeLayout } from './tree-layout.ts';

/** Cells of a bitmap in one row. */
const columnsOf = (n: number): number => (n <= 8 ? n : Math.ceil(Math.sqrt(n)));

export function showTree(shown: Shown): void {
  const root = byId('tree');
  showPicker(shown);
  const { batch } = shown;
  if (!batch) {
    show(root, markup`<p class="empty">No client has sent anything yet. Press play.</p>`);
    return;
  }
  const layout = placesOf(batch.parents, root.clientWidth);
  show(root, drawing(shown, batch, layout));
  showFlights(shown, batch, layout);
}

function showPicker({ trace, picture, batch }: Shown): void {
  const batches = [...picture.batches.values()];
  show(
    byId('batches'),
    markup`${batches.map(
      (one) => markup`<button type="button" class="pick ${colourOf(trace, one.id)}" data-batch="${one.name}"
        data-key="batch ${one.name}" aria-pressed="${one === batch ? 'true' : 'false'}">${one.name}</button>`,
    )}`,
  );
}

function drawing(shown: Shown, batch: BatchPicture, layout: TreeLayout): Markup {
  const { trace, picture } = shown;
  const { width, height, places } = layout;
  const edges = batch.parents.flatMap((parent, child) =>
    parent < 0 ? [] : [edge(places[parent]!, places[child]!, batch, child as SignerId)],
  );
  const nodes = places.map((place, id) => node(trace, picture, batch, id as SignerId, place, layout));
  return markup`<svg class="${colourOf(trace, batch.id)}" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}"
    height="${px(height)}" role="img" aria-label="${spoken(shown, batch)}">${edges}${nodes}<g id="flights"></g></svg>`;
}

function spoken({ trace }: Shown, batch: BatchPicture): string {
  const root = batch.parents.indexOf(-1);
  return (
    `Tree of transaction ${batch.name}, root s${root}. Accepted by ${batch.accepted.length} of ${trace.signers} ` +
    `signers, certificate at ${batch.certified.length}.`
  );
}

const edge = (from: Place, to: Place, batch: BatchPicture, child: SignerId): Markup =>
  markup`<line class="edge ${batch.accepted.includes(child) ? 'reached' : ''}" x1="${px(from.x)}" y1="${px(from.y)}"
    x2="${px(to.x)}" y2="${px(to.y)}"/>`;

function node(
  trace: Trace,
  picture: Picture,
  batch: BatchPicture,
  id: SignerId,
  { x, y }: Place,
  { radius, cell }: TreeLayout,
): Markup {
  const delivered = picture.delivered[id]!.some((one) => one.batch === batch.id);
  const certified = batch.certified.includes(id);
  const states = [
    'node',
    batch.accepted.includes(id) && 'accepted',
    certified && 'certified',
    delivered && 'delivered',
    !picture.up[id] && 'down',
    isLiar(trace, id) && 'liar',
  ].filter((one) => one !== false);
  const votes = batch.collected.get(id) ?? new Map<SignerId, readonly BatchId[]>();
  const region = trace.regions[id];
  const title = [
    `${signerName(id)}${region ? `, ${region}` : ''}${isLiar(trace, id) ? ', lies' : ''}`,
    picture.up[id] ? '' : 'down',
    votes.size > 0 ? `holds votes of ${signersOf([...votes.keys()])}` : 'holds no votes',
    certified ? 'holds the certificate' : '',
    delivered ? `delivered ${batch.name}` : '',
  ].filter((one) => one !== '');
  return markup`<g class="${states.join(' ')}"><title>${title.join('; ')}</title>
    ${delivered && markup`<circle class="halo" cx="${px(x)}" cy="${px(y)}" r="${px(radius + 3.5)}"/>`}
    <circle class="body" cx="${px(x)}" cy="${px(y)}" r="${px(radius)}"/>
    <text x="${px(x)}" y="${px(y)}" class="${radius < 11 ? 'tiny' : ''}">${picture.up[id] ? signerName(id) : '✕'}</text>
    ${bitmap(trace, batch, votes, { x, y: y + radius + 5 }, cell)}</g>`;
}

/** The squares below a node; two triangles where a signer had accepted several others first. */
function bitmap(
  trace: Trace,
  batch: BatchPicture,
  votes: ReadonlyMap<SignerId, readonly BatchId[]>,
  { x, y }: Place,
  cell: number,
): Markup {
  const n = trace.signers;
  const columns = columnsOf(n);
  const left = x - (columns * cell) / 2;
  const size = cell - 1;
  const paths = new Map<string, string>();
  const add = (colour: string, path: string): void =>
    void paths.set(colour, (paths.get(colour) ?? '') + path);
  for (let id = 0; id < n; id++) {
    const at = `M${px(left + (id % columns) * cell)} ${px(y + Math.floor(id / columns) * cell)}`;
    const square = `${at}h${px(size)}v${px(size)}h${px(-size)}z`;
    const before = votes.get(id as SignerId);
    if (!before) add('none', square);
    else if (before.length <= 1) add(colourOf(trace, before[0] ?? batch.id), square);
    else {
      const [first, second] = [...before].sort((a, b) => (nameOf(trace, a) < nameOf(trace, b) ? -1 : 1));
      add(colourOf(trace, first!), `${at}h${px(size)}l${px(-size)} ${px(size)}z`);
      add(colourOf(trace, second!), `${at}m${px(size)} 0v${px(size)}h${px(-size)}z`);
    }
  }
  return markup`${[...paths].map(([colour, path]) => markup`<path class="bits ${colour}" d="${path}"/>`)}`;
}

/** Messages of the batch under way, each where it is. */
function showFlights(shown: Shown, batch: BatchPicture, layout: TreeLayout): void {
  const target = byId<SVGGElement>('flights');
  const { timeline, picture } = shown;
  const dots = [...picture.flights].flatMap((id) => {
    const sent = timeline.messages.sent.get(id)!;
    return cargoBatch(sent) === batch.id ? [flight(shown, sent, batch, layout)] : [];
  });
  show(target, markup`${dots}`);
}

const cargoBatch = ({ cargo }: SentEvent): BatchId | undefined => cargo.votes?.batch ?? cargo.batch;

function flight(shown: Shown, sent: SentEvent, batch: BatchPicture, { places, radius }: TreeLayout): Markup {
  const { pace, timeline, ms, moving } = shown;
  const start = pace.toStage(sent.at);
  const length = pace.toStage(timeline.messages.receivedAt.get(sent.id)!) - start;
  const share = moving && length > 0 ? Math.min(1, (pace.toStage(ms) - start) / length) : 0.5;
  const [from, to] = between(places[sent.from]!, places[sent.to]!, radius + 4);
  const x = from.x + (to.x - from.x) * share;
  const y = from.y + (to.y - from.y) * share;
  const planned = batch.parents[sent.to] === sent.from || batch.parents[sent.from] === sent.to;
  const detour =
    !planned &&
    markup`<line class="detour" x1="${px(from.x)}" y1="${px(from.y)}" x2="${px(to.x)}" y2="${px(to.y)}"/>`;
  const shape = {
    votes: markup`<rect class="flight" x="${px(x - 5)}" y="${px(y - 5)}" width="10" height="10" rx="1.5"/>`,
    certificate: markup`<path class="flight" d="M${px(x)} ${px(y - 7.5)}l7.5 7.5l-7.5 7.5l-7.5 -7.5z"/>`,
    other: markup`<circle class="flight" cx="${px(x)}" cy="${px(y)}" r="5.5"/>`,
  }[sent.type === 'votes' || sent.type === 'certificate' ? sent.type : 'other'];
  return markup`${detour}${shape}`;
}

/** The part of a line between two nodes that is outside both. */
function between(from: Place, to: Place, radius: number): readonly [Place, Place] {
  const share = Math.min(0.5, radius / Math.max(1, Math.hypot(to.x - from.x, to.y - from.y)));
  const dx = (to.x - from.x) * share;
  const dy = (to.y - from.y) * share;
  return [
    { x: from.x + dx, y: from.y + dy },
    { x: to.x - dx, y: to.y - dy },
  ];
}

/** The line above the tree that says what the chosen batch is. */
export function showBatchFacts({ trace, picture, batch }: Shown): void {
  const facts = byId('batch-facts');
  if (!batch) {
    show(facts, markup``);
    return;
  }
  const keys = batch.dependencies;
  const touches =
    keys === undefined
      ? 'touches everything'
      : keys.length === 0
        ? 'depends on nothing'
        : `touches ${keys.map((key) => `“${key}”`).join(', ')}`;
  const root = batch.parents.indexOf(-1);
  const taken = batch.attempt > 0 ? ', then another signer took over' : '';
  const holders = `${batch.accepted.length} of ${trace.signers} have it`;
  const down = picture.up[root] === false ? ' (down)' : '';
  show(facts, markup`${chip(trace, batch.id)} ${touches}; root s${root}${down}${taken}; ${holders}.`);
}
