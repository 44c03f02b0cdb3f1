/**
 * The ordering score of a batch at a moment, as a person reads it off the picture: of its votes, how many do
 * not list the rival that is listed most (protocol section 5). With a certificate the votes are those in it;
 * before, those that have been made so far. Rivals that are in the order already do not count.
 */

import type { Trace } from '../../sim/trace/trace.ts';
import type { BatchId } from '../../src/base/ids.ts';
import type { BatchPicture, DeliveredPicture, Picture } from './picture.ts';

export interface ScorePicture {
  /** Votes that are for it against every rival, out of n; undefined under rules that have no score. */
  readonly score: number | undefined;
  readonly votes: number;
  /** The rival that costs it most. */
  readonly rival: BatchId | undefined;
  readonly finality: 'score' | 'order' | 'open';
  /** Of the committed block that holds it. */
  readonly height: number | undefined;
}

export function scoreOf(picture: Picture, trace: Trace, batch: BatchPicture): ScorePicture {
  const final = finalAnywhere(picture, trace, batch.id);
  const height = heightOf(picture, batch.id);
  const finality = final?.finality ?? 'open';
  const seen = trace.rule === 'source' ? bySortedPositions(picture, batch) : byLists(picture, batch);
  if (final?.score !== undefined) return { ...seen, score: final.score, finality, height };
  if (trace.rule !== 'engine' && trace.rule !== 'source')
    return { ...seen, score: undefined, finality, height };
  return { ...seen, finality, height };
}

/** The first time an honest signer delivered it; by score if any did. */
function finalAnywhere(picture: Picture, trace: Trace, id: BatchId): DeliveredPicture | undefined {
  const honest = picture.delivered.filter((_, signer) => !trace.liars.some((liar) => liar === signer));
  const all = honest.flatMap((list) => list.filter((one) => one.batch === id));
  return all.find((one) => one.finality === 'score') ?? all[0];
}

const heightOf = (picture: Picture, id: BatchId): number | undefined =>
  picture.delivered.flatMap((list) => list.filter((one) => one.batch === id)).find((one) => one.height)
    ?.height;

/** What is in the order before the batch, wherever the order has come furthest. */
function before(picture: Picture, id: BatchId): ReadonlySet<BatchId> {
  const orders = picture.delivered.map((list) => {
    const place = list.findIndex((one) => one.batch === id);
    if (place < 0) return list;
    // What a block ordered together with it was no rival out of the way: it still counted.
    return list
      .slice(0, place)
      .filter((one) => one.finality === 'score' || list[place]!.finality === 'score');
  });
  const longest = orders.reduce((best, list) => (list.length > best.length ? list : best), []);
  return new Set(longest.map((one) => one.batch));
}

/** The votes of the batch, each as the batches that it lists. */
function lists(batch: BatchPicture): (readonly BatchId[])[] {
  if (batch.certificate)
    return batch.certificate.classes.flatMap(({ before: listed, signers }) => signers.map(() => listed));
  const votes = new Map<number, readonly BatchId[]>();
  for (const heard of batch.collected.values()) for (const [voter, listed] of heard) votes.set(voter, listed);
  return [...votes.values()];
}

type Seen = Pick<ScorePicture, 'score' | 'votes' | 'rival'>;

function byLists(picture: Picture, batch: BatchPicture): Seen {
  const ordered = before(picture, batch.id);
  const votes = lists(batch);
  const against = new Map<BatchId, number>();
  for (const listed of votes)
    for (const rival of listed) if (!ordered.has(rival)) against.set(rival, (against.get(rival) ?? 0) + 1);
  let rival: BatchId | undefined;
  for (const [id, count] of against) if (rival === undefined || count > against.get(rival)!) rival = id;
  return {
    score: votes.length - (rival === undefined ? 0 : against.get(rival)!),
    votes: votes.length,
    rival,
  };
}

/** The source's rule: positions are sorted, and compared one by one with the closest rival's. */
function bySortedPositions(picture: Picture, batch: BatchPicture): Seen {
  const ordered = before(picture, batch.id);
  const own = positionsOf(picture, batch);
  let score = own.length;
  let rival: BatchId | undefined;
  for (const other of picture.batches.values()) {
    if (other.id === batch.id || ordered.has(other.id)) continue;
    const theirs = positionsOf(picture, other);
    const lower = own.filter((position, i) => position < (theirs[i] ?? Number.POSITIVE_INFINITY)).length;
    // A batch that is behind has its score against what follows it, not against what is ahead.
    if (lower * 2 < own.length || lower >= score) continue;
    score = lower;
    rival = other.id;
  }
  return { score, votes: own.length, rival };
}

function positionsOf(picture: Picture, batch: BatchPicture): number[] {
  const told = batch.certificate?.positions;
  const positions = told
    ? told.map(([, position]) => position)
    : picture.arrivals.map((order) => order.indexOf(batch.id) + 1).filter((position) => position > 0);
  return positions.sort((a, b) => a - b);
}
