/**
 * A federation with real keys, and a hand that signs whatever a test asks for: batches, votes, blocks,
 * timeouts. Blocks are derived by the real rules onto a real committed order.
 */

import { utf8 } from '../../src/base/bytes.ts';
import { hashBytes } from '../../src/base/hash.ts';
import {
  allSigners,
  type BatchId,
  batchNumber,
  type Digest,
  type Height,
  height,
  type SignerId,
  signerId,
  type View,
} from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { blsName } from '../../src/crypto/bls.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { deriveSignerKeys, publicKeysOf } from '../../src/crypto/keys.ts';
import { providerOf } from '../../src/crypto/schemes.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';
import { keysOf } from '../../src/dependency/keys.ts';
import { type AfterEntry, type Batch, type BatchHeader, makeBatch } from '../../src/messages/batch.ts';
import {
  type Block,
  blockDigest,
  blockSigningBytes,
  genesisCertificate,
  proposalSigningBytes,
  type QuorumCertificate,
} from '../../src/messages/block.ts';
import type { SignedProposal } from '../../src/messages/evidence.ts';
import { defaultLimits, type Federation } from '../../src/messages/federation.ts';
import { formatFederation } from '../../src/messages/federation-file.ts';
import {
  type SignedTimeout,
  type TimeoutStatement,
  timeoutSigningBytes,
} from '../../src/messages/timeout.ts';
import { neverExpires, type Transaction } from '../../src/messages/transaction.ts';
import {
  type Certificate,
  certificateDigest,
  compareContent,
  type VoteClass,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { CommittedOrder } from '../../src/ordering/committed.ts';
import { deriveBlock } from '../../src/ordering/derive.ts';
import { type Quorum, quorumOf } from '../../src/ordering/quorum.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { openFederation } from '../../src/verify/federation.ts';
import { type CommittedChain, PlaceProofs } from '../../src/verify/place-make.ts';
import type { Verifier } from '../../src/verify/verifier.ts';

/** One signer's vote, what differs from the empty one. */
export interface PlainVote {
  readonly base?: number;
  readonly before?: readonly Batch[];
  readonly rejects?: readonly number[];
}

export const rootOf = (signer: SignerId): Uint8Array => hashBytes('genesis', utf8(`root ${signer}`));

export class World {
  readonly text: string;
  readonly federation: Federation;
  readonly verifier: Verifier;
  readonly quorum: Quorum;
  readonly n: number;
  readonly #votingKeys;
  readonly #signingKeys;

  constructor(n: number, byzantine: number, faulty: number, changes: Partial<Federation> = {}) {
    this.n = n;
    const roots = allSigners(n).map(rootOf);
    const provider = must(providerOf(changes.scheme ?? blsName, nodeSchemes));
    const keys = roots.map((root) => deriveSignerKeys(root, provider));
    this.#votingKeys = keys.map((one) => provider.signer(one.votingSecret));
    this.#signingKeys = keys.map((one) => nodeSignerFromSeed(one.signingSeed));
    this.text = formatFederation({
      name: 'test',
      signers: roots.map((root, i) => ({
        name: `signer-${i}`,
        address: `127.0.0.1:${7100 + i}`,
        url: `http://127.0.0.1:${7200 + i}`,
        region: '',
        ...publicKeysOf(root, provider),
      })),
      byzantine,
      faulty,
      scheme: provider.name,
      fanout: 2,
      shape: 'balanced',
      regions: [],
      latencyMs: [],
      clientSignatures: 'optional',
      limits: defaultLimits,
      ...changes,
    });
    this.verifier = must(openFederation(this.text, nodeSchemes, nodeSignatures));
    this.federation = this.verifier.federation;
    this.quorum = must(quorumOf(n, byzantine, faulty));
  }

  get epoch() {
    return this.verifier.epoch;
  }

  transaction(name: string, dependencies: readonly string[] | undefined = ['d']): Transaction {
    return {
      epoch: this.epoch,
      client: utf8('client'),
      nonce: 0,
      expires: neverExpires,
      dependencies: dependencies?.map(utf8),
      body: utf8(name),
      signature: undefined,
    };
  }

  batch(
    ingress: number,
    number: number,
    transactions: readonly (string | Transaction)[],
    after: readonly Batch[] = [],
  ): Batch {
    return makeBatch(
      {
        epoch: this.epoch,
        ingress: signerId(ingress),
        number: batchNumber(number),
        after: after.map((one): AfterEntry => ({ number: one.header.number, id: one.id })),
      },
      transactions.map((one) => (typeof one === 'string' ? this.transaction(one) : one)),
      (bytes) => this.#signingKeys[ingress]!.sign(bytes),
    );
  }

  /** A certificate, or part of one, of one vote a signer; undefined does not vote. */
  certificate(batch: Pick<Batch, 'id'>, votes: readonly (PlainVote | undefined)[]): Certificate {
    const classes = new Map<string, VoteClass & { signers: SignerId[] }>();
    const signatures: Uint8Array[] = [];
    votes.forEach((vote, i) => {
      if (!vote) return;
      const content = {
        base: height(vote.base ?? 0),
        before: (vote.before ?? []).map((one) => one.id).sort(),
        rejects: vote.rejects ?? [],
      };
      const bytes = voteSigningBytes(voteOfClass(this.epoch, batch.id, content));
      signatures.push(this.#votingKeys[i]!.sign(bytes));
      const key = JSON.stringify(content);
      const known = classes.get(key);
      if (known) known.signers.push(signerId(i));
      else classes.set(key, { ...content, signers: [signerId(i)] });
    });
    return {
      batch: batch.id,
      classes: [...classes.values()].sort(compareContent),
      signature: this.verifier.scheme.aggregate(signatures),
    };
  }

  /** Everybody casts the same vote. */
  unanimous(batch: Batch, vote: PlainVote = {}): Certificate {
    return this.certificate(batch, Array(this.n).fill(vote));
  }

  qc(block: Block, signers: readonly number[] = allSigners(this.n)): QuorumCertificate {
    return this.signBlock(block.view, blockDigest(block, this.n), signers);
  }

  signBlock(view: View, digest: QuorumCertificate['block'], signers: readonly number[]): QuorumCertificate {
    const bytes = blockSigningBytes(this.epoch, view, digest);
    return {
      view,
      block: digest,
      signers: signers.map(signerId),
      signature: this.verifier.scheme.aggregate(signers.map((i) => this.#votingKeys[i]!.sign(bytes))),
    };
  }

  proposal(signer: number, view: number, digest: QuorumCertificate['block']): SignedProposal {
    const bytes = proposalSigningBytes(this.epoch, view as View, digest);
    return { view: view as View, block: digest, signature: this.#signingKeys[signer]!.sign(bytes) };
  }

  timeout(signer: number, statement: TimeoutStatement): SignedTimeout {
    const signature = this.#signingKeys[signer]!.sign(timeoutSigningBytes(this.epoch, statement));
    return { ...statement, signer: signerId(signer), signature };
  }
}

/** A chain of committed blocks over a real committed order. Views are heights, plus what is skipped. */
export class TestChain implements CommittedChain {
  readonly committed: CommittedOrder;
  readonly proofs: PlaceProofs;
  readonly #world: World;
  readonly #store = new MemoryStore();
  readonly #blocks: Block[] = [];
  readonly #headers = new Map<BatchId, BatchHeader>();
  #view = 0;
  /** The certified, uncommitted child of the last block. */
  #child: Block | undefined;

  constructor(world: World) {
    this.#world = world;
    this.committed = new CommittedOrder(this.#store, world.epoch, world.n);
    this.proofs = new PlaceProofs(this.committed, this, (id) => this.#headers.get(id));
  }

  /** Commits one block with these entries. @param skip views that brought no block before it. */
  commit(entries: readonly { batch: Batch; certificate: Certificate }[], skip = 0): Block {
    const justify =
      this.#blocks.length === 0
        ? genesisCertificate(this.#world.epoch)
        : this.#world.qc(this.#blocks[this.#blocks.length - 1]!);
    const derived = deriveBlock(
      this.committed,
      entries.map(({ batch, certificate }) => ({
        batch,
        keys: keysOf(batch),
        certificate,
        certificateDigest: certificateDigest(certificate, this.#world.n),
      })),
      this.#world.quorum,
    );
    this.#view += 1 + skip;
    const block: Block = {
      epoch: this.#world.epoch,
      height: derived.height,
      view: this.#view as View,
      parent: justify.block,
      justify,
      entries: derived.entries
        .map((entry) => ({ batch: entry.batch.id, certificate: entry.certificateDigest }))
        .sort((a, b) => (a.batch < b.batch ? -1 : 1)),
      orderRoot: derived.orderRoot as Digest,
    };
    const digest = blockDigest(block, this.#world.n);
    const places = derived.places.map((place, i) => {
      const entry = derived.entries[i]!;
      return { place, batch: entry.batch, keys: entry.keys };
    });
    this.#store.apply(this.committed.commit(derived.height, digest, places));
    for (const { batch } of entries) this.#headers.set(batch.id, batch.header);
    this.#blocks.push(block);
    this.#child = {
      ...block,
      height: (block.height + 1) as Height,
      view: (block.view + 1) as View,
      parent: digest,
      justify: this.#world.qc(block),
      entries: [],
    };
    return block;
  }

  at(height: Height): Block | undefined {
    return this.#blocks[height - 1];
  }

  proofFor(height: Height): { proof: Block[]; qc: QuorumCertificate } | undefined {
    const rest = this.#blocks.slice(height);
    const adjacent = rest.findIndex((block, i) => block.view === (rest[i - 1] ?? this.at(height))!.view + 1);
    if (adjacent >= 0) return { proof: rest.slice(0, adjacent + 1), qc: this.#world.qc(rest[adjacent]!) };
    return this.#child && { proof: [...rest, this.#child], qc: this.#world.qc(this.#child) };
  }
}
