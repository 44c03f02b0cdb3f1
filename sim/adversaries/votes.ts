/** Lies in phases 1 and 2: about its own votes, in its aggregates, and in the certificates it makes. */

import type { BatchId, Height, SignerId } from '../../src/base/ids.ts';
import { height as asHeight } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import { type Certificate, type VoteContent, voteCount } from '../../src/messages/vote.ts';
import { quorumSize } from '../checkers/rules.ts';
import type { Liar, Strategy } from './liar.ts';

/** What a false vote claims was accepted before. */
export type BeforeLie = 'nothing' | 'everything' | 'reversed' | 'random' | 'truth';
/** What a false vote claims to know of the committed order. */
export type BaseLie = 'zero' | 'huge' | 'next' | 'random' | 'truth';

export interface VoteLies {
  readonly before: readonly BeforeLie[];
  readonly base: readonly BaseLie[];
  /** Chance that a vote is changed at all. */
  readonly chance: number;
  /** Whether both halves of the signers, and each attempt, get their own story. */
  readonly split: boolean;
}

function lieAbout(liar: Liar, batch: BatchId, truth: VoteContent, lies: VoteLies): VoteContent {
  const { random } = liar;
  const rivals = liar.rivalsOf(batch);
  const befores: Record<BeforeLie, () => readonly BatchId[]> = {
    nothing: () => [],
    everything: () => rivals,
    reversed: () => rivals.filter((id) => !truth.before.includes(id)),
    random: () => rivals.filter(() => random.chance(0.5)),
    truth: () => truth.before,
  };
  const known = liar.node.engine?.order.committed.height ?? 0;
  const bases: Record<BaseLie, () => Height> = {
    zero: () => asHeight(0),
    huge: () => asHeight(Number.MAX_SAFE_INTEGER),
    next: () => asHeight(known + 1),
    random: () => asHeight(random.integer(0, known + 3)),
    truth: () => truth.base,
  };
  const count = liar.batches.get(batch)?.header.count ?? 0;
  const rejects = random.chance(0.2)
    ? Array.from({ length: count }, (_, i) => i).filter(() => random.chance(0.5))
    : truth.rejects;
  return { base: bases[random.pick(lies.base)](), before: befores[random.pick(lies.before)](), rejects };
}

/** Votes that differ from what its engine says, and between those who get them. */
export function falseVotes(liar: Liar, lies: VoteLies): Strategy {
  const told = new Map<string, VoteContent>();
  const storyFor = (to: SignerId, votes: Certificate, attempt: number, truth: VoteContent): VoteContent => {
    const half = lies.split ? `${liar.side(to, votes.batch)}/${attempt}` : '';
    const key = `${votes.batch}/${half}`;
    const known = told.get(key);
    if (known) return known;
    const story = liar.random.chance(lies.chance) ? lieAbout(liar, votes.batch, truth, lies) : truth;
    told.set(key, story);
    return story;
  };
  return {
    outgoing(send) {
      const { message, to } = send;
      const votes =
        message.type === 'votes'
          ? message.votes
          : message.type === 'certificate'
            ? message.certificate
            : undefined;
      const own = votes && liar.ownIn(votes);
      if (!votes || !own || !('attempt' in message)) return [send];
      // A certificate that somebody else made stays as it is: it is a fact.
      if (message.type === 'certificate' && message.root !== liar.id) return [send];
      const changed = liar.withOwn(votes, storyFor(to, votes, message.attempt, own));
      return [
        {
          ...send,
          message:
            message.type === 'votes' ? { ...message, votes: changed } : { ...message, certificate: changed },
        },
      ];
    },
  };
}

/** The certificate with the other votes of all liars, so that it says what they agreed on. */
function withFriends(liar: Liar, certificate: Certificate, own: VoteContent): Certificate {
  const content = { ...own, before: liar.rivalsOf(certificate.batch) };
  return liar.cabal.withVotes(certificate, new Map(liar.cabal.members.map((member) => [member, content])));
}

/** Different certificates of one batch: with one vote of its own, with another of all liars, and with none. */
export function twoCertificates(liar: Liar): Strategy {
  return {
    outgoing(send) {
      const { message, to } = send;
      if (message.type !== 'certificate' || message.root !== liar.id) return [send];
      const own = liar.ownIn(message.certificate);
      if (!own || liar.side(to, message.certificate.batch) === 0) return [send];
      const rest = liar.without(message.certificate);
      const enough =
        rest &&
        voteCount(rest.classes) >=
          quorumSize({ n: liar.n, f: 0, t: liar.world.federation.federation.faulty });
      const other =
        enough && liar.random.chance(0.5)
          ? rest
          : liar.cabal.keep(withFriends(liar, message.certificate, own));
      return [{ ...send, message: { ...message, certificate: other } }];
    },
  };
}

export interface PartialLies {
  readonly chance: number;
}

/** Aggregates that do not verify, or claim signers that never signed. */
export function badPartials(liar: Liar, { chance }: PartialLies): Strategy {
  const spoil = (signature: Uint8Array): Uint8Array => {
    const spoiled = Uint8Array.from(signature);
    spoiled[liar.random.integer(0, spoiled.length)]! ^= 1 + liar.random.integer(0, 255);
    return spoiled;
  };
  const claim = (votes: Certificate): Certificate => {
    const present = new Set(votes.classes.flatMap((one) => one.signers));
    const absent = liar.others.filter((id) => !present.has(id));
    const [first, ...rest] = votes.classes;
    const signers = [...first!.signers, ...absent].sort((a, b) => a - b);
    return { ...votes, classes: [{ ...first!, signers }, ...rest] };
  };
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (!liar.random.chance(chance)) return [send];
      if (message.type === 'votes') {
        const { votes } = message;
        const bad = liar.random.chance(0.5) ? { ...votes, signature: spoil(votes.signature) } : claim(votes);
        return [{ ...send, message: { ...message, votes: bad } }];
      }
      if (message.type === 'certificate') {
        const certificate = { ...message.certificate, signature: spoil(message.certificate.signature) };
        return [{ ...send, message: { ...message, certificate } }];
      }
      if (message.type === 'blockVotes') {
        const all = [...new Set([...message.signers, ...liar.others, liar.id])].sort((a, b) => a - b);
        return liar.random.chance(0.5)
          ? [{ ...send, message: { ...message, signature: spoil(message.signature) } }]
          : [{ ...send, message: { ...message, signers: all } }];
      }
      return [send];
    },
  };
}

/** An inner node that leaves its subtree out: passes nothing down to victims, and only its own vote up. */
export function omitSubtree(liar: Liar, { share }: { readonly share: number }): Strategy {
  const victims = new Set(liar.others.filter(() => liar.random.chance(share)));
  return {
    outgoing(send) {
      const { message, to } = send;
      const down =
        message.type === 'announce' || message.type === 'certificate' || message.type === 'proposal';
      if (down && victims.has(to)) return [];
      if (message.type !== 'votes') return [send];
      const own = liar.ownIn(message.votes);
      if (!own) return [];
      return [{ ...send, message: { ...message, votes: liar.vote(message.votes.batch, own) } }];
    },
  };
}
