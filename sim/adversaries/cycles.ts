/**
 * Condorcet cycles made on purpose (protocol section 7): votes that go round in a circle, and a chain of own
 * batches that every signer is shown in another rotation. Inside a cycle the strongest pairs are locked
 * first, so a chain overturns a pair that all honest signers agree on only when each of its links has fewer
 * honest dissenters than there are liars: it takes about `q/f` batches.
 */

import { textOf } from '../../src/base/bytes.ts';
import { attempt, type BatchId, type SignerId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { batchSeed } from '../../src/tree/shuffle.ts';
import { planTree } from '../../src/tree/tree.ts';
import { makeOwnBatch } from './batches.ts';
import { rewriteVotes } from './frontrun.ts';
import type { Liar, Strategy } from './liar.ts';

/**
 * Votes that list half of the rivals: those that follow on a circle of ids. Any three rivals stand in a cycle
 * as far as this liar is asked.
 */
export function cyclicVotes(liar: Liar): Strategy {
  return {
    outgoing: rewriteVotes(liar, (batch, truth) => {
      const rivals = liar.rivalsOf(batch);
      const circle = [...rivals, batch].sort();
      const here = circle.indexOf(batch);
      const ahead = (id: BatchId): number => (circle.indexOf(id) - here + circle.length) % circle.length;
      return { ...truth, before: rivals.filter((id) => 2 * ahead(id) < circle.length) };
    }),
  };
}

/** Body of the transaction at place `i` of a circle: 0 and 1 are the pair to overturn, then the chain. */
export const circleBody = (place: number): string => `circle ${place}`;

/** Place in a circle; undefined for any other batch. */
export function circlePlace(batch: Batch): number | undefined {
  const found = /^circle (\d+)$/.exec(textOf(batch.transactions[0]!.body));
  return found ? Number(found[1]) : undefined;
}

export interface Circle {
  /** Own batches between the second and the first of the pair. */
  readonly batches: number;
  /** Dependencies that the pair does not share: the chain starts at the second's and ends at the first's. */
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  /** From the first showing to the second: the pair passes in between. */
  readonly gapMs: number;
  /** Signers that are shown the whole chain first. */
  readonly first: readonly number[];
}

/**
 * A chain U, X1 ... Xk, T of own batches, each in conflict with its neighbours alone, while T comes before U
 * at everybody. Of `k + 1` links each honest signer is made to contradict one, by the moment at which it is
 * shown each batch; the liars contradict only T before U.
 */
export function rotatedChain(liar: Liar, circle: Circle): Strategy {
  const { batches, atMs, gapMs } = circle;
  const chain = (): Batch[] =>
    Array.from({ length: batches }, (_, i) => {
      const link = (j: number): string =>
        j === 0 ? circle.from : j === batches ? circle.to : `${circle.from} link ${j}`;
      return makeOwnBatch(liar, i + 1, [], [link(i), link(i + 1)], circleBody(i + 2));
    });
  const groupOf = (signer: SignerId): number => {
    if (circle.first.includes(signer)) return 0;
    const honest = liar.cabal.honest.filter((id) => !circle.first.includes(id));
    return (honest.indexOf(signer) + circle.first.length) % (batches + 1);
  };
  const show = (to: SignerId, list: readonly Batch[]): void => {
    for (const batch of list) liar.send(to, { type: 'announce', root: liar.id, attempt: attempt(0), batch });
  };
  if (liar.cabal.members[0] === liar.id)
    liar.world.schedule.after(atMs, () => {
      const made = chain();
      for (const batch of made) liar.batches.set(batch.id, batch);
      for (const to of liar.cabal.honest) show(to, made.slice(groupOf(to)));
      liar.world.schedule.after(gapMs, () => {
        for (const to of liar.cabal.honest) show(to, made.slice(0, groupOf(to)));
        for (const to of liar.cabal.members) show(to, made);
      });
    });
  return {
    outgoing: rewriteVotes(liar, (id, truth) => {
      const batch = liar.batches.get(id);
      const place = batch && circlePlace(batch);
      if (place === undefined) return truth;
      const at = (wanted: number): BatchId[] =>
        [...liar.batches.values()].filter((one) => circlePlace(one) === wanted).map((one) => one.id);
      // What speaks for U against T counts only if the vote on T says so too: it waits until U is known.
      if (place === 0 && at(1).length === 0) return undefined;
      // Before T: the end of the chain, and U. Before U: nothing. Before a link: the one before it.
      const before = place === 0 ? [...at(batches + 1), ...at(1)] : place === 1 ? [] : at(place - 1);
      const rivals = liar.rivalsOf(id);
      return { ...truth, before: before.filter((one) => rivals.includes(one)).sort() };
    }),
  };
}

/** Announces a batch in a tree in which the signer is a leaf: it passes it on to nobody. */
function showToOne(liar: Liar, to: SignerId, batch: Batch): void {
  const { fanout } = liar.world.federation.federation;
  const isLeaf = (number: number): boolean => {
    const seed = batchSeed(batch.id, attempt(number));
    return planTree({ n: liar.n, fanout, seed, root: liar.id }).children(to).length === 0;
  };
  let number = 0;
  while (!isLeaf(number)) number += 1;
  liar.send(to, { type: 'announce', root: liar.id, attempt: attempt(number), batch });
}

export interface Endless {
  readonly atMs: number;
  /** From one batch of the chain to the next, in ms. */
  readonly stepMs: number;
  readonly batches: number;
  /** Dependency of whoever waits for the first. */
  readonly key: string;
}

const chainBody = (place: number): string => `chain ${place}`;

/** Place in an endless chain; undefined for any other batch. */
function chainPlace(batch: Batch | undefined): number | undefined {
  const found = batch && /^chain (\d+)$/.exec(textOf(batch.transactions[0]!.body));
  return found ? Number(found[1]) : undefined;
}

/**
 * A chain of own batches of which two thirds of the signers are shown each one before the one that it follows: then
 * a majority of every certificate lists the next, and no block may hold one of them without all that come after.
 * A third of the signers is always one step ahead, so everybody is shown everything within a few steps. All liars
 * vote along the chain: each of its batches after the next one, and nothing before there is a next one.
 */
export function endlessChain(liar: Liar, { atMs, stepMs, batches, key }: Endless): Strategy {
  const { world, cabal } = liar;
  const link = (i: number): string => (i === 0 ? key : `${key} link ${i}`);
  /** Each group gets the chain in blocks of three, each block backwards; the blocks of a group begin elsewhere. */
  const slotOf = (i: number, group: number): number => {
    const offset = (i + 5 - group) % 3;
    return i - offset + (2 - offset) + 3;
  };
  if (cabal.members[0] === liar.id)
    for (let i = 0; i < batches; i++)
      world.schedule.after(atMs + i * stepMs, () => {
        const batch = makeOwnBatch(liar, i + 1, [], [link(i), link(i + 1)], chainBody(i));
        liar.batches.set(batch.id, batch);
        cabal.honest.forEach((to, place) => {
          const wait = atMs + slotOf(i, place % 3) * stepMs - world.now;
          world.schedule.after(Math.max(0, wait), () => showToOne(liar, to, batch));
        });
      });
  return {
    outgoing: rewriteVotes(liar, (id, truth) => {
      const place = chainPlace(liar.batches.get(id));
      if (place === undefined || place === batches - 1) return truth;
      const next = [...liar.batches.values()].find((one) => chainPlace(one) === place + 1);
      return next && { ...truth, before: [next.id] };
    }),
  };
}
