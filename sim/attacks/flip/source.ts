/**
 * The vote flip against the source's rule, at message level. The liars are the roots of both transactions,
 * and of the order that phase 3 signs. They hand the two out so that every honest signer gets the one that
 * the plan wants first, collect the votes, and show one half certificates by which one of the pair is final,
 * and the other half certificates by which the other comes first. Then they have that order signed.
 *
 * Equivocating in phase 3 itself, two orders for two halves, needs L >= n - 2t and no score at all; that is
 * another attack and not played here.
 */

import { allSigners, type BatchId, type BlockDigest, type SignerId } from '../../../src/base/ids.ts';
import { Random } from '../../random.ts';
import type { Certified, SourceMessage, SourceProposal } from '../../rules/source/messages.ts';
import type { Comparison, SourceVote } from '../../rules/source/order.ts';
import { disagreementIn, sourceWorld } from '../../rules/source/run.ts';
import type { SourceAdversary, SourceWorld } from '../../rules/source/world.ts';
import type { AttackOptions, Trial } from '../attack.ts';
import {
  certificatesOf,
  effectOf,
  type FlipPlan,
  type Pair,
  type PlanInput,
  planFor,
  planWorst,
  type Sighting,
} from './plan.ts';
import { type FlipScene, flipPossible } from './theory.ts';

export interface SourceFlip {
  /** Share of n that a score must reach. */
  readonly threshold: number;
  readonly comparison: Comparison;
  readonly arrivals: 'worst' | 'random';
  readonly drift: boolean;
}

/** The adversary's messages take this long, whoever they go to: longer than any link. */
const handOverMs = 1000;
const runMs = 120_000;

/** All liars at work. */
class FlipAdversary implements SourceAdversary {
  readonly #world: SourceWorld;
  readonly #input: PlanInput;
  readonly #plan: FlipPlan;
  readonly #honest: readonly SignerId[];
  readonly #votes = new Map<BatchId, Map<SignerId, SourceVote>>();
  readonly #signers = new Set<SignerId>();
  #proposal: SourceProposal | undefined;
  #shown = false;
  #ordered = false;

  constructor(world: SourceWorld, input: PlanInput, plan: FlipPlan) {
    this.#world = world;
    this.#input = input;
    this.#plan = plan;
    this.#honest = [...world.nodes.keys()];
    for (const { id } of input.pair) this.#votes.set(id, new Map());
  }

  /** The honest signers that shall deliver one of the pair by its score; the rest see the other story. */
  get victims(): readonly SignerId[] {
    return this.#honest.slice(0, Math.ceil(this.#honest.length / 2));
  }

  /** Hands out both transactions, and what shall arrive before them, so that all arrive at one moment. */
  begin(): void {
    const { pair, liars } = this.#input;
    const { sightings } = this.#plan;
    const longest = Math.max(...sightings.map((one) => one.history));
    const history = Array.from({ length: longest }, () => this.#world.transaction(liars[0]!, 'history', []));
    for (const transaction of [...history, ...pair]) this.#world.submit(transaction);
    for (const { signer, first, history: count } of sightings) {
      const order = first === 0 ? pair : [pair[1], pair[0]];
      for (const transaction of [...history.slice(0, count), ...order])
        this.#world.send(transaction.root, signer, { type: 'announce', transaction }, handOverMs);
    }
  }

  receive(liar: SignerId, from: SignerId, message: SourceMessage): void {
    switch (message.type) {
      case 'announce': {
        // A parent need not wait for liars below it.
        const { id } = message.transaction;
        this.#world.send(liar, from, { type: 'votes', id, votes: [] });
        return;
      }
      case 'votes':
        for (const vote of message.votes) this.#votes.get(message.id)?.set(vote.signer, vote);
        this.#show();
        return;
      case 'proposal':
        this.#world.send(liar, from, { type: 'signatures', proposal: message.proposal.id, signers: [] });
        return;
      case 'signatures':
        this.#collect(message.proposal, message.signers);
        return;
      case 'certificate':
      case 'ordered':
        return;
    }
  }

  /** Phase 2, once every honest vote is here: another pair of certificates for each half. */
  #show(): void {
    const [first, second] = this.#input.pair.map(({ id }) => [...this.#votes.get(id)!.values()]);
    const complete = first!.length === this.#honest.length && second!.length === this.#honest.length;
    if (this.#shown || !complete) return;
    this.#shown = true;
    const votes = [first!, second!] as const;
    const score = certificatesOf(this.#input, this.#plan.score, votes);
    const order = certificatesOf(this.#input, this.#plan.order, votes);
    const victims = new Set(this.victims);
    this.#world.note('the liars show two certificates of each transaction to two halves', this.victims);
    for (const to of this.#honest)
      for (const certified of victims.has(to) ? score : order)
        this.#tell(certified.transaction.root, to, { type: 'certificate', certified });
    this.#propose(order);
  }

  /** Phase 3, when the second half needs it: everybody is asked to sign its order. */
  #propose(certified: readonly Certified[]): void {
    const { byScore, contested } = effectOf(this.#input.rules, certified);
    if (byScore || contested.length === 0) return;
    const leader = contested[0]!.transaction.root;
    const proposal = this.#world.proposal(leader, contested);
    this.#proposal = proposal;
    this.#world.schedule.after(handOverMs, () => {
      for (const to of this.#honest) this.#tell(leader, to, { type: 'proposal', proposal });
    });
  }

  #collect(id: BlockDigest, signers: readonly SignerId[]): void {
    const proposal = this.#proposal;
    if (!proposal || id !== proposal.id || this.#ordered) return;
    for (const signer of [...signers, ...this.#world.liars]) this.#signers.add(signer);
    if (this.#signers.size < this.#world.options.quorum) return;
    this.#ordered = true;
    const message: SourceMessage = { type: 'ordered', proposal, signers: [...this.#signers] };
    for (const to of this.#honest) this.#tell(proposal.leader, to, message);
  }

  #tell(from: SignerId, to: SignerId, message: SourceMessage): void {
    this.#world.send(from, to, message, handOverMs);
  }
}

/** Each honest signer's own coin. */
const randomSightings = (
  random: Random,
  honest: readonly SignerId[],
  history: readonly number[],
): Sighting[] =>
  honest.map((signer, i) => ({ signer, first: random.chance(0.5) ? 0 : 1, history: history[i]! }));

/** Far enough apart that one liar moves every position past its neighbour: 1, 3, 5 ... */
const histories = (count: number, drift: boolean): number[] =>
  Array.from({ length: count }, (_, i) => (drift ? 2 * i + 1 : 0));

/** Without liars the two transactions cross by themselves, from two honest roots. */
function playHonest(world: SourceWorld, random: Random): void {
  const [a, b] = random.shuffled([...world.nodes.keys()]);
  for (const root of [a!, b ?? a!])
    world.submit(world.transaction(root, `client of s${root}`, ['contested']));
}

function playLiars(world: SourceWorld, options: AttackOptions, flip: SourceFlip, random: Random): FlipPlan {
  const { liars } = world.options;
  const roots = [liars[0]!, liars[1] ?? liars[0]!] as const;
  const made = roots.map((root, i) => world.transaction(root, `client ${i + 1}`, ['contested']));
  const input: PlanInput = {
    pair: made as unknown as Pair,
    liars,
    rules: world.options,
    faulty: options.faulty,
  };
  const honest = [...world.nodes.keys()];
  const history = histories(honest.length, flip.drift);
  const plan =
    flip.arrivals === 'worst'
      ? planWorst(input, honest, history)
      : planFor(input, randomSightings(random, honest, history));
  const adversary = new FlipAdversary(world, input, plan);
  world.adversary = adversary;
  adversary.begin();
  return plan;
}

/** Stages the attack once. */
export function flipSource(options: AttackOptions, flip: SourceFlip): Trial {
  const random = new Random(`${options.seed}/flip`);
  const liars = random
    .shuffled(allSigners(options.signers))
    .slice(0, options.liars)
    .sort((a, b) => a - b);
  const traced = options.traced ?? false;
  const title = `flip attack on the source's rule at ${flip.threshold}`;
  const world = sourceWorld({ ...options, ...flip, title, liars, traced });
  const canPlay = liars.length > 0 && world.nodes.size > 1;
  const plan = canPlay ? playLiars(world, options, flip, random) : undefined;
  if (liars.length === 0) playHonest(world, random);
  world.run(runMs);
  const found = disagreementIn(world);
  const { needed } = world.options;
  const scene = { ...options, needed, comparison: flip.comparison, drift: flip.drift };
  const possible = flipPossible(scene);
  return {
    outcome: found ? 'succeeded' : 'failed',
    reason: found
      ? `s${found.firstAt} and s${found.secondAt} deliver two conflicting transactions in different orders; ${theoryText(scene)}`
      : `no honest signers disagree; ${theoryText(scene)}`,
    blamed: [],
    liars,
    violated: [],
    figures: {
      needed,
      possible: possible ? 1 : 0,
      planned: plan?.works ? 1 : 0,
      firstAtHonest: plan?.firstAtHonest ?? 0,
    },
    traceHash: world.traceHash(),
    ...(traced ? { trace: world.trace() } : {}),
  };
}

/** What the exact conditions say of a scene: as votes are compared in it, and compared signer by signer. */
function theoryText(scene: FlipScene): string {
  const verdict = (one: FlipScene): string => (flipPossible(one) ? 'possible' : 'impossible');
  const bySigner = verdict({ ...scene, comparison: 'per-signer' });
  const here = `theory says ${verdict(scene)} for some arrivals`;
  return scene.comparison === 'per-signer'
    ? here
    : `${here} (${bySigner} if votes were compared signer by signer)`;
}
