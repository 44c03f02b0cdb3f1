/**
 * Every delivery by score was due (protocol section 5): at the node's height, against what it had
 * delivered, by a certificate with a quorum, in a life that starts from its committed order.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { type Checker, short } from './checker.ts';
import type { Entry, History } from './history.ts';
import { certified, finalByScore, quorumSize, votesIn } from './rules.ts';

interface NodeState {
  height: number;
  /** O: delivered in this life, or committed. */
  readonly delivered: Set<BatchId>;
  readonly committedNumbers: Set<string>;
}

export const score: Checker = {
  name: 'score',
  check: (history) => [...history.honest].flatMap((node) => checkNode(history, node)),
};

function checkNode(history: History, node: SignerId): string[] {
  const entries = history.entries.filter((entry) => entry.node === node);
  const objections: string[] = [];
  let state = stateAt(history, node, 0);
  entries.forEach((entry, i) => {
    if (entry.kind === 'started') state = stateAt(history, node, entry.height);
    if (entry.kind !== 'event') return;
    if (entry.event.type === 'committed') commit(state, entry.event.committed);
    if (entry.event.type !== 'delivered') return;
    const { delivery } = entry.event;
    if (delivery.finality === 'score' && !due(history, state, delivery, blocksOfThisStep(entries, i)))
      objections.push(
        `s${node} delivered ${short(delivery.batch.id)} by score at ${entry.at.toFixed(1)} ms, height ${state.height}`,
      );
    state.delivered.add(delivery.batch.id);
  });
  return objections;
}

/** A life starts from the committed order: what was delivered ahead of it comes again. */
function stateAt(history: History, node: SignerId, height: number): NodeState {
  const places = history.finals.find((one) => one.node === node)?.places ?? [];
  const committed = places.filter((place) => place.height <= height);
  return {
    height,
    delivered: new Set(committed.map((place) => place.batch)),
    committedNumbers: new Set(committed.map((place) => `${place.ingress}/${place.number}`)),
  };
}

type Committed = Extract<Extract<Entry, { kind: 'event' }>['event'], { type: 'committed' }>['committed'];

function commit(state: NodeState, { height, places }: Committed): void {
  state.height = height;
  for (const place of places) {
    state.delivered.add(place.batch);
    state.committedNumbers.add(`${place.ingress}/${place.number}`);
  }
}

/**
 * Blocks whose `committed` event follows at the same time. The height moves before the deliveries that it
 * makes final, and the event comes after them, so such a delivery may count on these blocks.
 */
function blocksOfThisStep(entries: readonly Entry[], index: number): Committed[] {
  const now = entries[index]!.at;
  const blocks: Committed[] = [];
  for (let i = index + 1; entries[i]?.at === now; i++) {
    const entry = entries[i]!;
    if (entry.kind === 'started') break;
    if (entry.kind === 'event' && entry.event.type === 'committed') blocks.push(entry.event.committed);
  }
  return blocks;
}

function due(history: History, state: NodeState, delivery: Delivery, coming: readonly Committed[]): boolean {
  const { batch, certificate } = delivery;
  if (certificate.batch !== batch.id || votesIn(certificate).size < quorumSize(history)) return false;
  if (!history.verify(certificate).ok) return false;
  // Only the blocks of this step would change the state, and few deliveries have any.
  const at: NodeState =
    coming.length === 0
      ? state
      : {
          height: state.height,
          delivered: new Set(state.delivered),
          committedNumbers: new Set(state.committedNumbers),
        };
  const settled = (id: BatchId): boolean => {
    if (at.delivered.has(id)) return true;
    const header = history.batches.get(id)?.header;
    return header !== undefined && at.committedNumbers.has(`${header.ingress}/${header.number}`);
  };
  for (const block of [undefined, ...coming]) {
    if (block) commit(at, block);
    const one = certified(batch, certificate, (number) => at.committedNumbers.has(number));
    if (finalByScore(one, at.height, settled, history)) return true;
  }
  return false;
}
