/**
 * Checks of signed objects against a federation: what is valid by its bytes and the federation alone
 * (protocol sections 2, 4 and 6). Signers, learners, clients and the offline tools use the same checks.
 * A refusal says what is wrong; nothing throws on bad input.
 */

import type { SignerSet } from '../base/bitmap.ts';
import type { BlockDigest, Epoch, SignerId, View } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import type { MultiSignatureScheme } from '../crypto/scheme.ts';
import type { SingleSignatures } from '../crypto/signing.ts';
import { type Batch, type BatchHeader, batchIdOf, batchSigningBytes } from '../messages/batch.ts';
import {
  blockDigest,
  blockSigningBytes,
  genesisDigest,
  type Proposal,
  proposalSigningBytes,
  type QuorumCertificate,
} from '../messages/block.ts';
import { epochOf, type Federation } from '../messages/federation.ts';
import { type SignedTimeout, type TimeoutCertificate, timeoutSigningBytes } from '../messages/timeout.ts';
import { type Transaction, transactionSigningBytes } from '../messages/transaction.ts';
import { type Certificate, voteCount, voteOfClass, voteSigningBytes } from '../messages/vote.ts';

const good: Result<undefined> = accept(undefined);

/** One check, as the engine asks its host for it. */
export type VerifyRequest =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'votes'; readonly votes: Certificate }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | {
      readonly kind: 'blockVotes';
      readonly view: View;
      readonly block: BlockDigest;
      readonly signers: SignerSet;
      readonly signature: Uint8Array;
    }
  | { readonly kind: 'qc'; readonly qc: QuorumCertificate }
  | { readonly kind: 'tc'; readonly tc: TimeoutCertificate }
  | { readonly kind: 'proposal'; readonly proposal: Proposal; readonly leader: SignerId }
  | {
      readonly kind: 'proposalSignature';
      readonly leader: SignerId;
      readonly view: View;
      readonly block: BlockDigest;
      readonly signature: Uint8Array;
    }
  | { readonly kind: 'timeout'; readonly timeout: SignedTimeout };

export class Verifier {
  readonly federation: Federation;
  readonly epoch: Epoch;
  readonly n: number;
  /** Votes that make a certificate. */
  readonly q: number;
  readonly scheme: MultiSignatureScheme;
  readonly #singles: SingleSignatures;

  constructor(federation: Federation, scheme: MultiSignatureScheme, singles: SingleSignatures) {
    this.federation = federation;
    this.epoch = epochOf(federation);
    this.n = federation.signers.length;
    this.q = this.n - federation.faulty;
    this.scheme = scheme;
    this.#singles = singles;
  }

  check(request: VerifyRequest): Result<undefined> {
    switch (request.kind) {
      case 'batch':
        return this.batch(request.batch);
      case 'votes':
        return this.votes(request.votes);
      case 'certificate':
        return this.certificate(request.certificate);
      case 'blockVotes':
        return this.blockVotes(request.view, request.block, request.signers, request.signature);
      case 'qc':
        return this.qc(request.qc);
      case 'tc':
        return this.tc(request.tc);
      case 'proposal':
        return this.proposal(request.proposal, request.leader);
      case 'proposalSignature':
        return this.proposalSignature(request.leader, request.view, request.block, request.signature);
      case 'timeout':
        return this.timeout(request.timeout);
    }
  }

  /** Validity of a batch (section 2): form, limits, epoch, signatures. */
  batch(batch: Batch): Result<undefined> {
    const { limits } = this.federation;
    if (batch.bytes.length > limits.batchBytesMax)
      return refuse('BATCH_SIZE', `batch has ${batch.bytes.length} bytes, at most ${limits.batchBytesMax}`);
    if (batch.transactions.length > limits.batchTransactionsMax)
      return refuse('BATCH_COUNT', `batch has ${batch.transactions.length} transactions`);
    const header = this.header(batch.header, batch.signature);
    if (!header.ok) return header;
    for (let i = 0; i < batch.transactions.length; i++) {
      const checked = this.transaction(batch.transactions[i]!, batch.transactionIds[i]!);
      if (!checked.ok) return checked;
    }
    return good;
  }

  /** A batch header with its ingress's signature. */
  header(header: BatchHeader, signature: Uint8Array): Result<undefined> {
    if (header.epoch !== this.epoch) return refuse('EPOCH', 'batch is of another federation');
    const ingress = this.federation.signers[header.ingress];
    if (!ingress) return refuse('BATCH_INGRESS', `ingress ${header.ingress} is not a signer`);
    if (!this.#singles.verify(ingress.signingKey, batchSigningBytes(batchIdOf(header)), signature))
      return refuse('BATCH_SIGNATURE', `the signature of ingress ${header.ingress} does not verify`);
    return good;
  }

  /** Validity of a transaction (section 2); the id was computed from it. */
  transaction(transaction: Transaction, id: Batch['transactionIds'][number]): Result<undefined> {
    const { limits, clientSignatures } = this.federation;
    if (transaction.epoch !== this.epoch)
      return refuse('EPOCH', `transaction ${id} is of another federation`);
    if (transaction.body.length > limits.bodyBytesMax)
      return refuse('BODY_SIZE', `body has ${transaction.body.length} bytes, at most ${limits.bodyBytesMax}`);
    if ((transaction.dependencies?.length ?? 0) > limits.dependenciesMax)
      return refuse('DEPENDENCIES', `more than ${limits.dependenciesMax} dependencies`);
    if (!transaction.signature)
      return clientSignatures === 'required'
        ? refuse('CLIENT_SIGNATURE', 'this federation requires client signatures')
        : good;
    return this.#singles.verify(transaction.client, transactionSigningBytes(id), transaction.signature)
      ? good
      : refuse('CLIENT_SIGNATURE', `the client signature of transaction ${id} does not verify`);
  }

  /** An aggregate of votes, with or without a quorum. */
  votes(votes: Certificate): Result<undefined> {
    const groups = votes.classes.map((one) => ({
      signers: one.signers,
      message: voteSigningBytes(voteOfClass(this.epoch, votes.batch, one)),
    }));
    return this.scheme.verify(groups, votes.signature)
      ? good
      : refuse('VOTES_SIGNATURE', `the aggregated votes on ${votes.batch} do not verify`);
  }

  /** A quorum of votes. */
  certificate(certificate: Certificate): Result<undefined> {
    const count = voteCount(certificate.classes);
    return count < this.q
      ? refuse('CERTIFICATE_QUORUM', `certificate has ${count} votes, ${this.q} are needed`)
      : this.votes(certificate);
  }

  /** An aggregate of signatures on a block, with or without a quorum. */
  blockVotes(view: View, block: BlockDigest, signers: SignerSet, signature: Uint8Array): Result<undefined> {
    const message = blockSigningBytes(this.epoch, view, block);
    return this.scheme.verify([{ signers, message }], signature)
      ? good
      : refuse('BLOCK_SIGNATURE', `the aggregated signatures on block ${block} do not verify`);
  }

  /** An order certificate; the genesis one needs no signatures. */
  qc(qc: QuorumCertificate): Result<undefined> {
    if (qc.view === 0)
      return qc.block === genesisDigest(this.epoch) && qc.signers.length === 0 && qc.signature.length === 0
        ? good
        : refuse('QC_GENESIS', 'an order certificate for view 0 must be the genesis one');
    return qc.signers.length < this.q
      ? refuse('QC_QUORUM', `order certificate has ${qc.signers.length} signers, ${this.q} are needed`)
      : this.blockVotes(qc.view, qc.block, qc.signers, qc.signature);
  }

  timeout(timeout: SignedTimeout): Result<undefined> {
    const signer = this.federation.signers[timeout.signer];
    if (!signer) return refuse('TIMEOUT_SIGNER', `${timeout.signer} is not a signer`);
    const { leaderTerm } = this.federation.limits;
    if (timeout.end < leaderTerm || timeout.end % leaderTerm !== 0)
      return refuse('TIMEOUT_END', `view ${timeout.end} is not the last of a term`);
    if (timeout.lastSigned > timeout.end || timeout.highView > timeout.end)
      return refuse('TIMEOUT_VIEWS', 'a timeout names a view after the term that it gives up');
    return this.#singles.verify(
      signer.signingKey,
      timeoutSigningBytes(this.epoch, timeout),
      timeout.signature,
    )
      ? good
      : refuse('TIMEOUT_SIGNATURE', `the timeout of signer ${timeout.signer} does not verify`);
  }

  tc(tc: TimeoutCertificate): Result<undefined> {
    if (tc.votes.length < this.q)
      return refuse('TC_QUORUM', `timeout certificate has ${tc.votes.length} votes, ${this.q} are needed`);
    for (const vote of tc.votes) {
      const checked = this.timeout(vote);
      if (!checked.ok) return checked;
    }
    return this.qc(tc.high);
  }

  /** A block with its leader's signature, and its `justify`. */
  proposal(proposal: Proposal, leader: SignerId): Result<undefined> {
    const { block } = proposal;
    if (block.epoch !== this.epoch) return refuse('EPOCH', 'block is of another federation');
    const signed = this.proposalSignature(leader, block.view, blockDigest(block, this.n), proposal.signature);
    return signed.ok ? this.qc(block.justify) : signed;
  }

  /** A leader's signature on a proposal, by the block's digest. */
  proposalSignature(
    leader: SignerId,
    view: View,
    block: BlockDigest,
    signature: Uint8Array,
  ): Result<undefined> {
    const key = this.federation.signers[leader]?.signingKey;
    if (!key) return refuse('PROPOSAL_LEADER', `${leader} is not a signer`);
    return this.#singles.verify(key, proposalSigningBytes(this.epoch, view, block), signature)
      ? good
      : refuse('PROPOSAL_SIGNATURE', `the proposal for view ${view} is not signed by leader ${leader}`);
  }
}
