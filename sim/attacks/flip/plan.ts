/**
 * The adversary's plan against the source's rule: who accepts which of two transactions first, what the
 * liars say to each half, and which votes the roots leave out. It knows every arrival, and tries on paper
 * (with the very book that signers keep) what each choice would make of both halves.
 *
 * Liars say the extreme in both halves, and left out are the votes that speak most clearly for the other
 * side: nothing else can do better, since below-counts only grow with it (theory.ts, and the test that
 * tries everything).
 */

import { invariant } from '../../../src/base/assert.ts';
import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import { Book, type BookRules, type Contested } from '../../rules/source/book.ts';
import type { Certified, SourceTransaction } from '../../rules/source/messages.ts';
import type { SourceVote } from '../../rules/source/order.ts';

/** The two transactions, in no particular order. */
export type Pair = readonly [SourceTransaction, SourceTransaction];
type Side = 0 | 1;
const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

/** What one honest signer accepted. */
export interface Sighting {
  readonly signer: SignerId;
  /** Which of the pair it accepted first. */
  readonly first: Side;
  /** Unrelated transactions that it accepted before both. */
  readonly history: number;
}

/** Further than any honest position. */
const farPosition = 1_000_000;

/** What one half of the honest signers is shown. */
export interface View {
  /** The one that shall come first; its certificate is shown first. */
  readonly wanted: Side;
  /** What liars vote on each of the pair, in every name of theirs. */
  readonly claims: readonly [Claim, Claim];
  /** Honest signers whose vote is not in the certificate, for each of the pair. */
  readonly leftOut: readonly [ReadonlySet<SignerId>, ReadonlySet<SignerId>];
}

interface Claim {
  readonly position: number;
  readonly before: readonly BatchId[];
}

/** What a half makes of its view. */
interface Effect {
  /** Comes first, by its score or in the order that phase 3 would sign. */
  readonly first: BatchId | undefined;
  readonly byScore: boolean;
  /** What phase 3 would have to order. */
  readonly contested: Contested;
}

export interface FlipPlan {
  readonly sightings: readonly Sighting[];
  /** The half that shall deliver one of the pair by its score. */
  readonly score: View;
  /** The half that shall have the other one first. */
  readonly order: View;
  /** Whether it works on paper. */
  readonly works: boolean;
  /** Honest signers that accepted first what shall be final by score. */
  readonly firstAtHonest: number;
}

export interface PlanInput {
  readonly pair: Pair;
  readonly liars: readonly SignerId[];
  readonly rules: BookRules;
  /** Votes that a certificate may lack. */
  readonly faulty: number;
}

/** The honest votes on both transactions that these sightings give. */
function votesOf({ pair }: PlanInput, sightings: readonly Sighting[]): [SourceVote[], SourceVote[]] {
  const on = (side: Side): SourceVote[] =>
    sightings.map(({ signer, first, history }) => ({
      signer,
      position: history + (first === side ? 1 : 2),
      before: first === side ? [] : [pair[otherSide(side)].id],
    }));
  return [on(0), on(1)];
}

/** The certificates of a view in the order in which they are shown, from the honest votes there are. */
export function certificatesOf(
  { pair, liars }: Pick<PlanInput, 'pair' | 'liars'>,
  view: View,
  votes: readonly [readonly SourceVote[], readonly SourceVote[]],
): readonly Certified[] {
  const of = (side: Side): Certified => {
    const transaction = pair[side];
    const kept = votes[side].filter((vote) => !view.leftOut[side].has(vote.signer));
    const lies = liars.map((signer): SourceVote => ({ signer, ...view.claims[side] }));
    const all = [...kept, ...lies].sort((a, b) => a.signer - b.signer);
    return { transaction, certificate: { id: transaction.id, votes: all } };
  };
  return [of(view.wanted), of(otherSide(view.wanted))];
}

/** What an honest signer makes of certificates that it gets in this order. */
export function effectOf(rules: BookRules, certified: readonly Certified[]): Effect {
  const book = new Book(rules);
  let delivered: BatchId | undefined;
  let next: Contested = [];
  for (const one of certified) {
    book.hold(one);
    const { deliveries, contested } = book.look();
    delivered ??= deliveries[0]?.id;
    next = contested[0] ?? [];
  }
  return {
    first: delivered ?? next[0]?.transaction.id,
    byScore: delivered !== undefined,
    contested: next,
  };
}

/** The liars' extreme: one of the pair before everything, the other after everything. */
function claimsFor({ pair }: PlanInput, wanted: Side): [Claim, Claim] {
  const first: Claim = { position: 1, before: [] };
  const last: Claim = { position: farPosition, before: [pair[wanted].id] };
  return wanted === 0 ? [first, last] : [last, first];
}

/** Signers in the order in which leaving out their vote on `side` helps `wanted`. */
function inTheWay(
  { rules }: PlanInput,
  sightings: readonly Sighting[],
  side: Side,
  wanted: Side,
): SignerId[] {
  const dissent = ({ first }: Sighting): number => (first === wanted ? 1 : 0);
  const position = ({ first, history }: Sighting): number => history + (first === side ? 1 : 2);
  const toward = side === wanted ? -1 : 1;
  const weight = (one: Sighting): number =>
    rules.comparison === 'per-signer' ? dissent(one) : toward * position(one);
  return [...sightings].sort((a, b) => weight(a) - weight(b) || a.signer - b.signer).map((one) => one.signer);
}

/** Every view worth a try that favours one of the pair: any number of votes left out of either certificate. */
function* viewsFor(input: PlanInput, sightings: readonly Sighting[], wanted: Side): Iterable<View> {
  const claims = claimsFor(input, wanted);
  const ways = [inTheWay(input, sightings, 0, wanted), inTheWay(input, sightings, 1, wanted)] as const;
  const most = Math.min(input.faulty, sightings.length);
  for (let lost = 0; lost <= most; lost++)
    for (const gained of lost === 0 ? [0] : [0, lost]) {
      const counts = wanted === 0 ? [gained, lost] : [lost, gained];
      yield {
        wanted,
        claims,
        leftOut: [new Set(ways[0].slice(0, counts[0])), new Set(ways[1].slice(0, counts[1]))],
      };
    }
}

/** The best view for one of the pair: one that puts it first, by score if that is asked for. */
function bestView(
  input: PlanInput,
  sightings: readonly Sighting[],
  wanted: Side,
  byScore: boolean,
): { view: View; works: boolean } {
  const votes = votesOf(input, sightings);
  let best: View | undefined;
  for (const view of viewsFor(input, sightings, wanted)) {
    const effect = effectOf(input.rules, certificatesOf(input, view, votes));
    if (effect.first === input.pair[wanted].id && (effect.byScore || !byScore)) return { view, works: true };
    best ??= view;
  }
  return { view: best!, works: false };
}

/** The plan in which `final` is to be final by score in one half. */
function planToward(input: PlanInput, sightings: readonly Sighting[], final: Side): FlipPlan {
  const score = bestView(input, sightings, final, true);
  const order = bestView(input, sightings, otherSide(final), false);
  return {
    sightings,
    score: score.view,
    order: order.view,
    works: score.works && order.works,
    firstAtHonest: sightings.filter((one) => one.first === final).length,
  };
}

/** The plan for given arrivals; one that works when there is one. */
export function planFor(input: PlanInput, sightings: readonly Sighting[]): FlipPlan {
  const plan = planToward(input, sightings, 0);
  return plan.works ? plan : planToward(input, sightings, 1);
}

/**
 * The plan for the worst arrivals there are; one that does not work when none does, to be played nevertheless.
 * The more honest signers accept a transaction first, the easier is its score and the harder the other half. So
 * the best split is the most of them with which the other half still works.
 * @param histories unrelated transactions that each honest signer accepts first.
 */
export function planWorst(
  input: PlanInput,
  honest: readonly SignerId[],
  histories: readonly number[],
): FlipPlan {
  let plan: FlipPlan | undefined;
  for (const final of [0, 1] as const) {
    for (let count = honest.length; count >= 0; count--) {
      const sightings = honest.map((signer, i): Sighting => {
        const first = i < count ? final : otherSide(final);
        return { signer, first, history: histories[i]! };
      });
      if (!bestView(input, sightings, otherSide(final), false).works) continue;
      plan = planToward(input, sightings, final);
      break;
    }
    if (plan?.works) break;
  }
  // With nobody accepting one first, the other comes first without any lie.
  invariant(plan, 'one of a pair always comes first');
  return plan;
}
