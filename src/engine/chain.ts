/**
 * The chain of blocks as this signer knows it (protocol section 6): blocks by digest, what each one
 * means on top of its parent, and which are committed.
 *
 * Invariants:
 * 1. A block is derived only on top of a derived parent, with every entry's batch and exact certificate
 *    at hand and verified; `valid` means that its height and `orderRoot` are what we derived.
 * 2. A block commits when a child of it in the next view has a QC; all its ancestors commit with it, in
 *    order. A certified block that we derive to be invalid means more than `f` liars: we halt.
 */

import { invariant } from '../base/assert.ts';
import { fromHex, utf8 } from '../base/bytes.ts';
import { u53 } from '../base/codec.ts';
import type { BlockDigest, Height, SignerId, View } from '../base/ids.ts';
import { must } from '../base/result.ts';
import {
  type Block,
  blockDigest,
  decodeBlock,
  encodeBlock,
  type QuorumCertificate,
} from '../messages/block.ts';
import { majorityListed } from '../ordering/closure.ts';
import type { Delivery, DeliveryOrder } from '../ordering/delivery.ts';
import { checkEntries, type DerivedBlock, type DeriveEntry, factsOf } from '../ordering/derive.ts';
import type { OrderPrefix, StoredPlace } from '../ordering/order.ts';
import type { Certificates } from './certificates.ts';
import type { HeadProof } from './contract.ts';
import type { Core } from './core.ts';
import { type Fetcher, type Want, wantBatch, wantBlock, wantCertificate } from './fetcher.ts';
import { decodeHeadProof, encodeHeadProof } from './head-proof.ts';
import type { Pool } from './pool.ts';

interface Node {
  readonly block: Block;
  readonly digest: BlockDigest;
  derived: DerivedBlock | undefined;
  /** Why the block is not valid, once that is known. */
  invalid: string | undefined;
  certified: boolean;
}

export interface ChainHooks {
  /** What a block of these entries means on top of its parent's order. */
  derive(prefix: OrderPrefix, entries: readonly DeriveEntry[]): DerivedBlock;
  /** A block was committed: its deliveries in order, and what became of its batches. */
  committed(
    node: { block: Block; places: readonly StoredPlace[]; entries: readonly DeriveEntry[] },
    deliveries: readonly Delivery[],
  ): void;
}

const headProofKey = utf8('head-proof');

export class Chain {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #order: DeliveryOrder;
  readonly #certificates: Certificates;
  readonly #fetcher: Fetcher;
  readonly #hooks: ChainHooks;
  readonly #nodes = new Map<BlockDigest, Node>();
  #head: HeadProof | undefined;
  /** View of the committed block at the head. */
  #committedView: View = 0 as View;

  constructor(
    core: Core,
    pool: Pool,
    order: DeliveryOrder,
    certificates: Certificates,
    fetcher: Fetcher,
    hooks: ChainHooks,
  ) {
    this.#core = core;
    this.#pool = pool;
    this.#order = order;
    this.#certificates = certificates;
    this.#fetcher = fetcher;
    this.#hooks = hooks;
  }

  /** Proof that the head is committed; undefined before the first block. */
  get head(): HeadProof | undefined {
    return this.#head;
  }

  /** Some block after the committed head holds entries. */
  get unfinished(): boolean {
    for (const node of this.#nodes.values())
      if (node.block.entries.length > 0 && (node.derived || node.certified)) return true;
    return false;
  }

  has(digest: BlockDigest): boolean {
    return digest === this.#order.committed.block || this.#nodes.has(digest);
  }

  find(digest: BlockDigest): Block | undefined {
    const node = this.#nodes.get(digest);
    if (node) return node.block;
    return this.#head?.blocks.find((block) => blockDigest(block, this.#core.n) === digest);
  }

  /** A committed block by height. */
  at(height: Height): Block | undefined {
    const stored = this.#core.ledger.get('block', u53().encode(height));
    return stored && must(decodeBlock(stored, this.#core.n));
  }

  /** The order up to a block, when it is committed as the head or derived and valid. */
  prefix(digest: BlockDigest): OrderPrefix | undefined {
    if (digest === this.#order.committed.block) return this.#order.committed;
    return this.#nodes.get(digest)?.derived;
  }

  /** Whether some block between the committed head and this one, itself included, holds entries. */
  holdsEntries(digest: BlockDigest): boolean {
    for (let node = this.#nodes.get(digest); node; node = this.#nodes.get(node.block.parent))
      if (node.block.entries.length > 0) return true;
    return false;
  }

  /** Takes a block that somebody proposed or handed out; false when it is of the past. */
  add(block: Block): BlockDigest | undefined {
    const digest = blockDigest(block, this.#core.n);
    if (this.#nodes.has(digest)) return digest;
    if (block.view <= this.#committedView) return undefined;
    this.#nodes.set(digest, { block, digest, derived: undefined, invalid: undefined, certified: false });
    this.#core.ledger.put('blockDigest', fromHex(digest), encodeBlock(block, this.#core.n));
    this.#fetcher.arrived(wantBlock(digest));
    return digest;
  }

  /** Takes a block that we derived ourselves as the leader. */
  addOwn(block: Block, derived: DerivedBlock): BlockDigest {
    const digest = this.add(block);
    invariant(digest, 'an own block is of the past');
    const node = this.#nodes.get(digest)!;
    node.derived = derived.named(digest);
    return digest;
  }

  /**
   * Makes a block and its ancestors derived, fetching what they need, and then calls back with the
   * reason why the block is not valid, or undefined when it is.
   */
  prepare(
    digest: BlockDigest,
    from: SignerId | undefined,
    then: (invalid: string | undefined) => void,
  ): void {
    if (digest === this.#order.committed.block) {
      then(undefined);
      return;
    }
    const node = this.#nodes.get(digest);
    if (!node) {
      this.#fetcher.whenHere([wantBlock(digest)], from, () => this.prepare(digest, from, then));
      return;
    }
    if (node.derived || node.invalid) {
      then(node.invalid);
      return;
    }
    const { parent } = node.block;
    if (
      parent !== this.#order.committed.block &&
      !this.#nodes.has(parent) &&
      node.block.justify.view <= this.#committedView
    ) {
      then('it forks off below the committed head');
      return;
    }
    this.prepare(parent, from, (invalid) => {
      if (!this.#nodes.has(digest)) return;
      if (invalid) this.#refuse(node, `its parent is not valid: ${invalid}`);
      if (node.invalid) then(node.invalid);
      else this.#derive(node, from, then);
    });
  }

  /** A verified QC: commits what it commits, once all of it is derived. */
  certify(qc: QuorumCertificate, from: SignerId | undefined): void {
    if (qc.view <= this.#committedView) return;
    const child = this.#nodes.get(qc.block);
    if (!child) {
      if (qc.view > 0) this.#fetcher.whenHere([wantBlock(qc.block)], from, () => this.certify(qc, from));
      return;
    }
    child.certified = true;
    invariant(!child.invalid, `block ${qc.block} is certified and not valid: ${child.invalid}`);
    const { justify } = child.block;
    if (justify.view <= this.#committedView || justify.view + 1 !== child.block.view) return;
    this.prepare(justify.block, from, (invalid) => {
      invariant(!invalid, `block ${justify.block} is certified and not valid: ${invalid}`);
      this.#commitThrough(justify.block, child, qc);
    });
  }

  /** Blocks from a height on, for somebody who was away, and the proof for the last of them. */
  proofFor(height: Height): { readonly proof: Block[]; readonly qc: QuorumCertificate } | undefined {
    if (!this.#head) return undefined;
    const proof: Block[] = [];
    let last = this.at(height);
    for (let next = height + 1; last; next++) {
      const following: Block | undefined = this.at(next as Height);
      if (!following) break;
      proof.push(following);
      if (following.view === last.view + 1) {
        const after = this.at((next + 1) as Height) ?? this.#head.blocks[0];
        return after ? { proof, qc: after.justify } : undefined;
      }
      last = following;
    }
    return { proof: [...proof, ...this.#head.blocks], qc: this.#head.qc };
  }

  /** Resumes the uncommitted blocks and the head's proof that the ledger holds. */
  restore(): void {
    const stored = this.#core.ledger.get('meta', headProofKey);
    if (stored) this.#head = must(decodeHeadProof(stored, this.#core.n));
    const head = this.at(this.#order.committed.height);
    if (head) this.#committedView = head.view;
    const blocks = [...this.#core.ledger.range('blockDigest', new Uint8Array(0), Number.MAX_SAFE_INTEGER)]
      .map(([, bytes]) => must(decodeBlock(bytes, this.#core.n)))
      .sort((a, b) => a.view - b.view);
    for (const block of blocks) this.add(block);
  }

  #refuse(node: Node, reason: string): void {
    node.invalid = reason;
    invariant(!node.certified, `block ${node.digest} is certified and not valid: ${reason}`);
  }

  /** Derives a block whose parent is derived; fetches what is missing and tries again. */
  #derive(node: Node, from: SignerId | undefined, then: (invalid: string | undefined) => void): void {
    if (node.derived) {
      then(undefined);
      return;
    }
    const prefix = this.prefix(node.block.parent);
    if (!prefix) {
      this.prepare(node.digest, from, then);
      return;
    }
    const repeated = node.block.entries.find((entry) => prefix.has(entry.batch));
    if (repeated) {
      this.#refuse(node, `batch ${repeated.batch} is in the order already`);
      then(node.invalid);
      return;
    }
    const entries: DeriveEntry[] = [];
    const missing = this.#collect(node.block, prefix, entries);
    if (missing.length > 0) {
      this.#fetcher.whenHere(missing, from, () => this.prepare(node.digest, from, then));
      return;
    }
    this.#judge(node, prefix, entries);
    then(node.invalid);
  }

  /** The rules of validity, once everything is at hand (section 6). */
  #judge(node: Node, prefix: OrderPrefix, entries: readonly DeriveEntry[]): void {
    const checked = checkEntries(prefix, entries, this.#pool.slotOf);
    if (!checked.ok) {
      this.#refuse(node, checked.error.message);
      return;
    }
    const derived = this.#hooks.derive(prefix, entries);
    if (node.block.height !== derived.height) this.#refuse(node, `its height is ${node.block.height}`);
    else if (node.block.orderRoot !== derived.orderRoot) this.#refuse(node, 'its order root is another');
    else node.derived = derived.named(node.digest);
  }

  /** Fills in the entries of a block; returns what is missing for that. */
  #collect(block: Block, prefix: OrderPrefix, entries: DeriveEntry[]): Want[] {
    const missing: Want[] = [];
    const inBlock = new Set(block.entries.map((entry) => entry.batch));
    for (const { batch, certificate: id } of block.entries) {
      const held = this.#pool.get(batch);
      const certificate = this.#certificates.find(id, batch);
      if (!held) missing.push(wantBatch(batch));
      if (!certificate) missing.push(wantCertificate(id));
      if (!held || !certificate) continue;
      entries.push({ batch: held.batch, keys: held.keys, certificate, certificateDigest: id });
      for (const listed of majorityListed(factsOf(held.batch, certificate, prefix)))
        if (!inBlock.has(listed) && !prefix.has(listed) && !this.#pool.slotOf(listed))
          missing.push(wantBatch(listed));
    }
    return missing;
  }

  /** Commits the derived block and its ancestors. `child` in the next view is certified by `qc`. */
  #commitThrough(digest: BlockDigest, child: Node, qc: QuorumCertificate): void {
    const path: Node[] = [];
    for (let at = digest; at !== this.#order.committed.block; ) {
      const node = this.#nodes.get(at);
      if (!node?.derived) return;
      path.unshift(node);
      at = node.block.parent;
    }
    if (path.length === 0) return;
    for (const node of path) this.#commit(node);
    this.#head = { blocks: [child.block], qc };
    this.#core.ledger.put('meta', headProofKey, encodeHeadProof(this.#head, this.#core.n));
  }

  #commit(node: Node): void {
    const { block, digest } = node;
    const derived = node.derived!;
    const { height } = derived;
    for (const entry of derived.entries) {
      this.#pool.store(entry.batch);
      this.#certificates.keep(entry.certificateDigest, entry.certificate);
    }
    this.#core.ledger.put('block', u53().encode(height), encodeBlock(block, this.#core.n));
    const deliveries = this.#order.commit(derived, (writes) => this.#core.ledger.write(writes));
    this.#committedView = block.view;
    this.#prune(digest);
    const places = derived.places.map((place): StoredPlace => ({ ...place, height }));
    this.#hooks.committed({ block, places, entries: derived.entries }, deliveries);
  }

  /** Forgets blocks that can no longer commit: everything that does not descend from the new head. */
  #prune(head: BlockDigest): void {
    const committed = this.#order.committed;
    for (const node of [...this.#nodes.values()]) {
      if (node.digest !== head && node.block.view > this.#committedView) {
        if (node.block.parent === head) node.derived?.rebase(committed);
        continue;
      }
      this.#nodes.delete(node.digest);
      this.#core.ledger.delete('blockDigest', fromHex(node.digest));
      if (node.digest !== head) this.#fetcher.moot(wantBlock(node.digest));
    }
  }
}
