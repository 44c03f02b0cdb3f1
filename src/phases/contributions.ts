/**
 * Signatures gathered at one node of a tree, on their way up (protocol section 4, 1b and 3a). A
 * contribution is one aggregated signature over classes of signers that signed equal content: a child's
 * partial aggregate, a single vote, or our own.
 *
 * Contributions are merged before they are verified, so an honest tree costs a node one check whatever
 * its fanout; only when the merge does not verify are the parts checked one by one, and the sender of
 * a bad part is told apart.
 *
 * Invariants:
 * 1. A merge never counts a signer twice: overlapping parts are left out, or made disjoint by
 *    subtracting signers whose single signature is also held: on the same content, and verified.
 * 2. A part marked verified was verified, alone or in a merge.
 */

import type { SignerSet } from '../base/bitmap.ts';
import type { SignerId } from '../base/ids.ts';
import type { MultiSignatureScheme, SignedGroup } from '../crypto/scheme.ts';
import { Members } from './members.ts';

/** Signers that signed the same content. */
export interface ContentClass<C> {
  readonly content: C;
  readonly signers: SignerSet;
}

/** One aggregated signature over classes; classes have distinct content and disjoint signers. */
export interface Aggregate<C> {
  readonly classes: readonly ContentClass<C>[];
  readonly signature: Uint8Array;
}

interface Part<C> {
  readonly from: SignerId;
  readonly aggregate: Aggregate<C>;
  readonly members: Members;
  verified: boolean;
}

/** A part of a selection, less what others of the selection hold. */
interface Chosen<C> {
  readonly aggregate: Aggregate<C>;
  readonly from: SignerId;
  readonly verified: boolean;
}

/** A disjoint selection of parts as one aggregate. */
export interface Merge<C> {
  readonly aggregate: Aggregate<C>;
  /** Senders of the parts that are not verified yet; empty when nothing needs a check. */
  readonly unverified: readonly SignerId[];
}

export const membersOf = <C>(aggregate: Aggregate<C>): SignerId[] =>
  aggregate.classes.flatMap((one) => [...one.signers]);

const membersIn = (aggregate: Aggregate<unknown>): Members => {
  const members = new Members();
  for (const one of aggregate.classes) for (const signer of one.signers) members.add(signer);
  return members;
};

/** What the scheme verifies for an aggregate. */
export const groupsOf = <C>(aggregate: Aggregate<C>, message: (content: C) => Uint8Array): SignedGroup[] =>
  aggregate.classes.map((one) => ({ signers: one.signers, message: message(one.content) }));

/** Keeps at most this many parts a sender: its own vote, its subtree's, and stragglers. */
const partsPerSenderMax = 64;

export class Contributions<C> {
  readonly #scheme: MultiSignatureScheme;
  readonly #compare: (a: C, b: C) => number;
  #parts: Part<C>[] = [];

  /** @param compare total order of contents; 0 when equal. */
  constructor(scheme: MultiSignatureScheme, compare: (a: C, b: C) => number) {
    this.#scheme = scheme;
    this.#compare = compare;
  }

  /**
   * Adds a part; false when it brings nothing that its sender did not bring, or the sender brings too many.
   * Its signature is well-formed: schemes throw when they add up what is none.
   */
  add(from: SignerId, aggregate: Aggregate<C>, verified: boolean): boolean {
    const members = membersIn(aggregate);
    const own = this.#parts.filter((part) => part.from === from);
    if (own.length >= partsPerSenderMax) return false;
    // A single vote may help to take apart an aggregate of the same sender that overlaps with others.
    const covers = (part: Part<C>): boolean =>
      (members.size > 1 || part.members.size === 1) && members.within(part.members);
    if (own.some(covers)) return false;
    this.#parts.push({ from, aggregate, members, verified });
    return true;
  }

  /** Every signer that some part claims, verified or not. */
  claimed(): Set<SignerId> {
    return new Set(this.#claimed().ids());
  }

  /** How many these are. */
  get claimedCount(): number {
    return this.#claimed().size;
  }

  #claimed(): Members {
    const claimed = new Members();
    for (const part of this.#parts) claimed.addAll(part.members);
    return claimed;
  }

  /** Every signer that a merge of the parts here holds: of parts that overlap some may be left out. */
  mergeable(): Set<SignerId> {
    return new Set(this.#select().covered.ids());
  }

  /** Forgets the parts that hold nobody but the given signers. */
  forget(members: Members): void {
    this.#parts = this.#parts.filter((part) => !part.members.within(members));
  }

  /** The largest disjoint selection found greedily, or undefined when there is no part. */
  merge(): Merge<C> | undefined {
    const { chosen } = this.#select();
    if (chosen.length === 0) return undefined;
    return {
      aggregate: this.#join(chosen.map((one) => one.aggregate)),
      unverified: [...new Set(chosen.filter((one) => !one.verified).map((one) => one.from))],
    };
  }

  #select(): { readonly chosen: Chosen<C>[]; readonly covered: Members } {
    const chosen: Chosen<C>[] = [];
    const covered = new Members();
    const bySize = [...this.#parts].sort(
      (a, b) => Number(b.verified) - Number(a.verified) || b.members.size - a.members.size || a.from - b.from,
    );
    for (const part of bySize) {
      if (part.members.within(covered)) continue;
      const overlap = part.members.meets(covered)
        ? membersOf(part.aggregate).filter((member) => covered.has(member))
        : [];
      const aggregate = overlap.length === 0 ? part.aggregate : this.#without(part.aggregate, overlap);
      if (!aggregate) continue;
      chosen.push({ aggregate, from: part.from, verified: part.verified });
      covered.addAll(part.members);
    }
    return { chosen, covered };
  }

  /** The unverified parts, for a check one by one. */
  unverified(): { readonly from: SignerId; readonly aggregate: Aggregate<C> }[] {
    return this.#parts.filter((part) => !part.verified).map(({ from, aggregate }) => ({ from, aggregate }));
  }

  /** Marks as verified every part that a verified merge contains. */
  markVerified(aggregate: Aggregate<C>): void {
    const members = membersIn(aggregate);
    for (const part of this.#parts) if (part.members.within(members)) part.verified = true;
  }

  /** Marks one part after its own check, or throws it away. */
  settle(aggregate: Aggregate<C>, ok: boolean): void {
    if (ok) for (const part of this.#parts) if (part.aggregate === aggregate) part.verified = true;
    if (!ok) this.#parts = this.#parts.filter((part) => part.aggregate !== aggregate);
  }

  /** The aggregate less the given members, when each of them is held as a verified single signature. */
  #without(aggregate: Aggregate<C>, members: readonly SignerId[]): Aggregate<C> | undefined {
    let signature = aggregate.signature;
    for (const member of members) {
      const single = this.#parts.find(
        (part) => part.verified && part.members.size === 1 && part.members.has(member),
      );
      const content = aggregate.classes.find((one) => one.signers.includes(member))?.content;
      const held = single?.aggregate.classes[0]?.content;
      if (!single || content === undefined || held === undefined || this.#compare(content, held) !== 0)
        return undefined;
      signature = this.#scheme.subtract(signature, single.aggregate.signature);
    }
    const classes = aggregate.classes
      .map((one) => ({ ...one, signers: one.signers.filter((signer) => !members.includes(signer)) }))
      .filter((one) => one.signers.length > 0);
    return { classes, signature };
  }

  #join(aggregates: readonly Aggregate<C>[]): Aggregate<C> {
    if (aggregates.length === 1) return aggregates[0]!;
    const classes: { content: C; signers: SignerId[] }[] = [];
    for (const one of aggregates.flatMap((aggregate) => aggregate.classes)) {
      const same = classes.find((other) => this.#compare(other.content, one.content) === 0);
      if (same) same.signers.push(...one.signers);
      else classes.push({ content: one.content, signers: [...one.signers] });
    }
    for (const one of classes) one.signers.sort((a, b) => a - b);
    classes.sort((a, b) => this.#compare(a.content, b.content));
    return { classes, signature: this.#scheme.aggregate(aggregates.map((one) => one.signature)) };
  }
}
