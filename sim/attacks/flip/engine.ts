/**
 * The vote flip against the real engine, staged as against the source's rule: the liars are the roots of
 * both batches, every honest signer accepts first the one that the plan wants first, and certificates with
 * chosen votes are shown to chosen signers. U shall be final by its score at one honest signer, the victim,
 * while a block orders T before U everywhere else (protocol section 5, "It is tight").
 *
 * With slack s, L liars and a quorum q, the best arrivals have n - s - L honest signers accept U first, just
 * enough for its score with the liars' votes, and s accept T first. Then
 * - *alone*: a certificate of T holds the votes of those s, of the liars, and of q - s - L others. They are no
 *   majority of it when 2(s + L) >= q, closure does not ask for U, and the block {T} is valid without it;
 * - *pair*: all but the victim are also shown a certificate of U with other votes of the liars. If the leader
 *   has both in time its block holds both, without t votes "U first": T has s + L statements against q - s - L; a
 *   tie falls to T when its hash does, which the liars know in advance, as the parent is the genesis.
 * Both ask for s + L >= q/2. The engine's own slack is c = floor((q - 1) / 2) - f, so with it L = f is one too
 * few, and one more liar or one more of slack is enough: it is tight.
 */

import { allSigners, attempt, batchNumber, height, type SignerId } from '../../../src/base/ids.ts';
import { type Batch, makeBatch } from '../../../src/messages/batch.ts';
import { genesisDigest } from '../../../src/messages/block.ts';
import type { PeerMessage } from '../../../src/messages/peer.ts';
import type { Certificate, VoteContent } from '../../../src/messages/vote.ts';
import { blockTie } from '../../../src/ordering/tie.ts';
import { Cabal } from '../../adversaries/cabal.ts';
import { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import type { AttackOptions, Trial } from '../attack.ts';
import { disagreeing, judged, sceneOf } from '../stage.ts';

export interface EngineFlip {
  readonly arrivals: 'worst' | 'random';
  /** What the block holds; see the header. */
  readonly block: 'alone' | 'pair';
}

/** Long enough that nobody gives up on a root or a leader while the scene is set. */
const limits = {
  checkpointAfterMs: 30_000,
  viewTimeoutMs: 5000,
  levelTimeoutMs: 1000,
  freezeAfterMs: 60_000,
  leaderTerm: 8,
  window: 1024,
  checkpointBatches: 64,
};
const durationMs = 8000;
const progressMs = 120_000;

const isFirst = (vote: Certificate): boolean => vote.classes[0]!.before.length === 0;

/** All liars at work; their engines are honest about everything but the two batches. */
class FlipCabal {
  readonly #world: World;
  readonly #cabal: Cabal;
  readonly #flip: EngineFlip;
  readonly #random: Random;
  /** Longer than a message and its answer take. */
  readonly #gapMs: number;
  /** Final by score at the victim, and first in the block. */
  readonly #scored: Batch;
  readonly #blocked: Batch;

  constructor(world: World, members: readonly SignerId[], flip: EngineFlip, random: Random) {
    this.#world = world;
    this.#cabal = new Cabal(world, members, random.stream('cabal'));
    this.#flip = flip;
    this.#random = random;
    const all = allSigners(world.nodes.length);
    const farthest = Math.max(...all.flatMap((from) => all.map((to) => world.network.latencyMs(from, to))));
    this.#gapMs = 20 + 3 * farthest;
    const pair = [this.#makeBatch(members[0]!, 1), this.#makeBatch(members[1] ?? members[0]!, 2)];
    const tie = blockTie(genesisDigest(world.federation.verifier.epoch));
    const [winner, loser] = pair.sort((a, b) => (tie(a.id) < tie(b.id) ? -1 : 1));
    this.#blocked = winner!;
    this.#scored = loser!;
    for (const id of members) this.#corrupt(id);
    world.schedule.after(this.#gapMs, () => this.#handOut());
  }

  #makeBatch(ingress: SignerId, number: number): Batch {
    const { epoch } = this.#world.federation.verifier;
    const { transaction } = this.#world.transaction(['contested'], `transaction ${number}`);
    const header = { epoch, ingress, number: batchNumber(number), after: [] };
    const { signingKey } = this.#world.federation.signers[ingress]!;
    return makeBatch(header, [transaction], (bytes) => signingKey.sign(bytes));
  }

  #isPair = (batch: Batch['id']): boolean => batch === this.#scored.id || batch === this.#blocked.id;

  #corrupt(id: SignerId): void {
    this.#world.byzantine.add(id);
    this.#world.nodes[id]!.tamper = {
      outgoing: (sends) => sends.filter(({ message }) => !this.#isAboutPair(message)),
      incoming: (_, message) => {
        this.#cabal.learn(message);
        return true;
      },
    };
  }

  /** What an engine of theirs would say of the two batches in phases 1 and 2. */
  #isAboutPair(message: PeerMessage): boolean {
    switch (message.type) {
      case 'announce':
        return this.#isPair(message.batch.id);
      case 'votes':
        return this.#isPair(message.votes.batch);
      case 'certificate':
        return this.#isPair(message.certificate.batch);
      case 'voteRequest':
        return this.#isPair(message.batch);
      default:
        return false;
    }
  }

  /** 1a: everybody gets the first of two, and after a while the other; votes come back to the roots. */
  #handOut(): void {
    const { honest, members } = this.#cabal;
    const firstU = this.#firstU(honest);
    this.#world.caption('the liars hand out two batches in two orders', members);
    for (const to of honest) this.#announce(to, firstU.has(to) ? this.#scored : this.#blocked);
    this.#world.schedule.after(this.#gapMs, () => {
      for (const to of honest) this.#announce(to, firstU.has(to) ? this.#blocked : this.#scored);
      // The liars' engines have both, so that they take part in phase 3.
      for (const to of members) for (const batch of [this.#blocked, this.#scored]) this.#announce(to, batch);
    });
    this.#world.schedule.after(3 * this.#gapMs, () => this.#show());
  }

  /** Who accepts first what shall be final by score. */
  #firstU(honest: readonly SignerId[]): Set<SignerId> {
    if (this.#flip.arrivals === 'random') return new Set(honest.filter(() => this.#random.chance(0.5)));
    const { n, slack } = this.#world.quorum;
    const wanted = Math.max(0, n - slack - this.#cabal.members.length);
    return new Set(this.#random.shuffled(honest).slice(0, wanted));
  }

  #announce(to: SignerId, batch: Batch): void {
    const { ingress } = batch.header;
    this.#tell(ingress, to, { type: 'announce', root: ingress, attempt: attempt(0), batch });
  }

  /** All from one of them, so that they arrive in this order. */
  #certificate(to: SignerId, certificate: Certificate): void {
    const { ingress } = (certificate.batch === this.#scored.id ? this.#scored : this.#blocked).header;
    const message: PeerMessage = { type: 'certificate', root: ingress, attempt: attempt(0), certificate };
    this.#tell(this.#cabal.members[0]!, to, message);
  }

  /** Liars tell each other everything without a network. */
  #tell(from: SignerId, to: SignerId, message: PeerMessage): void {
    if (!this.#cabal.members.includes(to)) this.#world.send(from, to, message);
    else this.#world.nodes[to]!.input({ type: 'message', from, message });
  }

  /** 2: the victim is shown that U is final; everybody else what a block needs to order T first. */
  #show(): void {
    const { honest, members } = this.#cabal;
    const leader = this.#world.nodes[honest[0]!]!.engine?.status().leader;
    const victim = this.#random.shuffled(honest).find((id) => id !== leader)!;
    this.#world.caption('the liars show a certificate to the victim alone', [victim]);
    this.#certificate(victim, this.#certify(this.#scored, Number.POSITIVE_INFINITY, true, []));
    this.#world.schedule.after(this.#gapMs, () => {
      this.#world.caption('and other certificates to everybody else', members);
      const { q } = this.#world.quorum;
      const told = [this.#certify(this.#blocked, q, true, [])];
      if (this.#flip.block === 'pair') told.push(this.#certify(this.#scored, q, false, [this.#blocked.id]));
      for (const certificate of told)
        for (const to of [...members, ...honest]) if (to !== victim) this.#certificate(to, certificate);
    });
  }

  /**
   * A certificate of a batch from honest votes and the liars' lie.
   * @param most how many votes it has at most.
   * @param favourable whether the honest votes kept are those that say the batch came first.
   */
  #certify(batch: Batch, most: number, favourable: boolean, before: VoteContent['before']): Certificate {
    const votes = [...this.#cabal.singles(batch.id)].sort(([a], [b]) => a - b).map(([, vote]) => vote);
    const kept = [
      ...votes.filter((vote) => isFirst(vote) === favourable),
      ...votes.filter((vote) => isFirst(vote) !== favourable),
    ].slice(0, Math.max(0, most - this.#cabal.members.length));
    const lie: VoteContent = { base: height(0), before, rejects: [] };
    const lies = this.#cabal.members.map((id) => this.#cabal.vote(id, batch.id, lie));
    return this.#cabal.keep(this.#cabal.join([...kept, ...lies]));
  }
}

/** `s + L >= q/2`; with more slack than that two clients may cross unluckily without any liar. */
const flipPossibleAt = ({ quorum }: World, liars: number): boolean => 2 * (quorum.slack + liars) >= quorum.q;

/** Stages the attack once. */
export function flipEngine(options: AttackOptions, flip: EngineFlip): Trial {
  const random = new Random(`${options.seed}/flip`);
  const liars = random
    .shuffled(allSigners(options.signers))
    .slice(0, options.liars)
    .sort((a, b) => a - b);
  const [a, b] = random.shuffled(allSigners(options.signers));
  const crossing = [a!, b ?? a!].map((to) => ({ at: 10, to, dependencies: ['contested'] }));
  return judged(
    options,
    {
      ...sceneOf(options),
      limits,
      // A star: every honest vote reaches its root singly, and a root may choose among them.
      fanout: Math.max(2, options.signers - 1),
      durationMs,
      progressMs,
      // The flip corrupts its liars itself, once the world is there; learners must know them before.
      adversaries: liars.map((signer) => ({ signer, strategies: [] })),
      // Without liars two clients' transactions cross by themselves.
      submissions: liars.length === 0 ? crossing : [],
      watch: (world) => {
        if (liars.length > 0) new FlipCabal(world, liars, flip, random);
      },
    },
    (run) => {
      const found = disagreeing(run);
      const possible = flipPossibleAt(run.world, liars.length);
      const { slack, threshold } = run.world.quorum;
      return {
        reached: found.length > 0,
        reason:
          found.length > 0
            ? `honest signers disagree: ${run.report.objections[found[0]!]?.[0] ?? found[0]}`
            : `all honest signers agree; theory says a flip is ${possible ? 'possible for some arrivals' : 'impossible'}`,
        figures: { slack, needed: threshold, possible: possible ? 1 : 0 },
      };
    },
    `flip attack on the engine, ${flip.block}`,
  );
}
