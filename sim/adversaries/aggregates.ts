/**
 * Inner nodes that change what passes through them (protocol sections 3, 4 and 10): one victim left out,
 * bitmaps that claim more than was signed, votes put into other classes, signatures that are wrong or that
 * cancel each other out.
 *
 * What answers them: a merge is checked before it goes on and, when it fails, part by part, so the sender is
 * found and suspected; a root asks whoever is missing for its single vote; a recovering root has another
 * tree; keys have proofs of possession, so only signers of a message stand behind its aggregate.
 */

import type { SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import { type Certificate, compareContent, signersOf, type VoteClass } from '../../src/messages/vote.ts';
import type { Liar, Strategy } from './liar.ts';

export interface OmittedVictim {
  /** What the victim is kept from: what goes down to it, its votes on the way up, or both. */
  readonly how: 'down' | 'up' | 'both';
  /** Absent: the one that the liars drew together. */
  readonly victim?: SignerId;
}

/** Everybody but one victim is served as the protocol says; the victim is left out wherever it can be. */
export function omitVictim(liar: Liar, { how, victim = liar.cabal.victim }: OmittedVictim): Strategy {
  const { cabal } = liar;
  /** Its single signatures on blocks, to be taken out of sums. */
  const blockParts = new Map<string, Uint8Array>();
  const withoutVictim = (votes: Certificate): Certificate | undefined => {
    if (!signersOf(votes.classes).includes(victim)) return votes;
    const single = cabal.singles(votes.batch).get(victim);
    return single ? cabal.cut(votes, single) : undefined;
  };
  const up = (send: Send): readonly Send[] => {
    const { message } = send;
    switch (message.type) {
      case 'votes': {
        const votes = withoutVictim(message.votes);
        return votes ? [{ ...send, message: { ...message, votes } }] : [];
      }
      case 'certificate': {
        if (message.root !== liar.id) return [send];
        const certificate = withoutVictim(message.certificate);
        const enough = certificate && signersOf(certificate.classes).length >= cabal.quorum;
        return enough ? [{ ...send, message: { ...message, certificate } }] : [send];
      }
      case 'blockVotes': {
        const single = blockParts.get(message.block);
        if (!message.signers.includes(victim)) return [send];
        if (!single) return [];
        const { scheme } = liar.world.federation.verifier;
        const signers = message.signers.filter((signer) => signer !== victim);
        const signature = scheme.subtract(message.signature, single);
        return [{ ...send, message: { ...message, signers, signature } }];
      }
      default:
        return [send];
    }
  };
  return {
    incoming(from, message) {
      if (message.type === 'blockVotes' && message.signers.length === 1 && message.signers[0] === victim)
        blockParts.set(message.block, message.signature);
      return how === 'down' || from !== victim || message.type === 'votes' || message.type === 'blockVotes';
    },
    outgoing(send): readonly Send[] {
      if (how !== 'up' && send.to === victim) return [];
      return how === 'down' ? [send] : up(send);
    },
  };
}

/**
 * How an aggregate is changed. `inflate`: claims signers that are not in it. `move`: puts a signer into
 * another class. `relabel`: another signer's vote says something else. `foreign`: the signature of another
 * batch. `zero`: the identity. `overlap`: sends twice, the second time with a part counted again. `cancel`:
 * adds to its own signature what it takes from another part, so that only their sum is right.
 */
export type Tampering = 'inflate' | 'move' | 'relabel' | 'foreign' | 'zero' | 'overlap' | 'cancel';

export interface TamperedAggregates {
  readonly kinds: readonly Tampering[];
  readonly chance: number;
}

/** Changes votes on their way up, certificates that it made, and signatures on blocks. */
export function tamperAggregates(liar: Liar, { kinds, chance }: TamperedAggregates): Strategy {
  const { scheme } = liar.world.federation.verifier;
  let previous = new Uint8Array(scheme.signatureBytes);
  const signed = (votes: Certificate): Certificate[] => {
    const old = previous;
    previous = Uint8Array.from(votes.signature);
    switch (liar.random.pick(kinds)) {
      case 'inflate':
        return [inflated(liar, votes)];
      case 'move':
        return [moved(liar, votes)];
      case 'relabel':
        return [relabelled(liar, votes)];
      case 'foreign':
        return [{ ...votes, signature: old }];
      case 'zero':
        return [{ ...votes, signature: new Uint8Array(scheme.signatureBytes) }];
      case 'overlap':
        return [...cancelling(liar, votes, false), votes];
      case 'cancel':
        return cancelling(liar, votes, true);
    }
  };
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (!liar.random.chance(chance)) return [send];
      if (message.type === 'votes')
        return signed(message.votes).map((votes) => ({ ...send, message: { ...message, votes } }));
      if (message.type === 'certificate' && message.root === liar.id)
        return signed(message.certificate).map((certificate) => ({
          ...send,
          message: { ...message, certificate },
        }));
      if (message.type === 'blockVotes') return [{ ...send, message: tamperedBlockVotes(liar, message) }];
      return [send];
    },
  };
}

/** The first class claims everybody who is in none. */
function inflated(liar: Liar, votes: Certificate): Certificate {
  const present = new Set(signersOf(votes.classes));
  const [first, ...rest] = votes.classes;
  const absent = [liar.id, ...liar.others].filter((id) => !present.has(id));
  const signers = [...first!.signers, ...absent].sort((a, b) => a - b);
  return { ...votes, classes: [{ ...first!, signers }, ...rest] };
}

/** A signer of one class stands in another; with one class only, in a new one that lists nothing. */
function moved(liar: Liar, votes: Certificate): Certificate {
  const from = liar.random.pick(votes.classes);
  const who = liar.random.pick(from.signers);
  const others = votes.classes.filter((one) => one !== from);
  const target: VoteClass = others[0] ?? { ...from, base: from.base, before: [], rejects: [0], signers: [] };
  const left = { ...from, signers: from.signers.filter((signer) => signer !== who) };
  const joined = { ...target, signers: [...target.signers, who].sort((a, b) => a - b) };
  return inOrder({ ...votes, classes: [...others.filter((one) => one !== target), left, joined] });
}

/** A class says that it saw everything before, or nothing. */
function relabelled(liar: Liar, votes: Certificate): Certificate {
  const one = liar.random.pick(votes.classes);
  const before = one.before.length > 0 ? [] : liar.rivalsOf(votes.batch);
  return inOrder({ ...votes, classes: votes.classes.map((x) => (x === one ? { ...x, before } : x)) });
}

/** The form that decoders demand, or nothing would be checked but the form. */
function inOrder(votes: Certificate): Certificate {
  const classes: VoteClass[] = [];
  for (const one of votes.classes.filter((x) => x.signers.length > 0).sort(compareContent)) {
    const last = classes[classes.length - 1];
    if (last && compareContent(last, one) === 0)
      classes[classes.length - 1] = {
        ...last,
        signers: [...last.signers, ...one.signers].sort((a, b) => a - b),
      };
    else classes.push(one);
  }
  return { ...votes, classes };
}

/** Its own vote and the rest apart; when `shifted`, each is wrong and their sum is right. */
function cancelling(liar: Liar, votes: Certificate, shifted: boolean): Certificate[] {
  const own = liar.ownIn(votes);
  const rest = own && liar.without(votes);
  if (!own || !rest) return [votes];
  const mine = liar.vote(votes.batch, own);
  if (!shifted) return [mine];
  const { scheme } = liar.world.federation.verifier;
  const noise = liar.node.signer.votingKey.sign(Uint8Array.of(liar.random.integer(0, 256)));
  return [
    { ...mine, signature: scheme.aggregate([mine.signature, noise]) },
    { ...rest, signature: scheme.subtract(rest.signature, noise) },
  ];
}

function tamperedBlockVotes(
  liar: Liar,
  message: Extract<PeerMessage, { type: 'blockVotes' }>,
): Extract<PeerMessage, { type: 'blockVotes' }> {
  const { scheme } = liar.world.federation.verifier;
  const all = [liar.id, ...liar.others].sort((a, b) => a - b);
  return liar.random.pick([
    () => ({ ...message, signers: all }),
    () => ({ ...message, signers: [liar.random.pick(liar.others)] }),
    () => ({ ...message, signature: new Uint8Array(scheme.signatureBytes) }),
    () => ({ ...message, signature: scheme.aggregate([message.signature, message.signature]) }),
  ])();
}
