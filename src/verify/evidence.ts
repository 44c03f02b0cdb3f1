/**
 * Verifies evidence: that a signer made two statements which an honest one never makes both of (protocol
 * section 10). Two things must hold, and each is refused by name when it does not: both statements are
 * signed by the accused, and they contradict each other in exactly the sense of the kind.
 *
 * Why no honest signer is ever convicted: an aggregate that verifies convicts every member of its bitmap,
 * because keys have proofs of possession; and each contradiction below breaks a rule that an honest signer
 * keeps across crashes, since what binds it is durable before the statement leaves. What an honest signer
 * can produce stays on the near side of each comparison:
 *
 *   votes               one vote a batch, the same bytes on every attempt
 *   mutual              `before` holds what was accepted earlier; entries of `after` are no statement
 *   blocks, proposals   one digest a view
 *   timeouts            one statement a term
 *   signedAfterTimeout  a block signed before the timeout has view <= lastSigned, one signed after > end
 *   hiddenQc            signing raises the highest QC to `justify` first; after the timeout views are > end
 *   batches             one header a number
 */

import type { SignerSet } from '../base/bitmap.ts';
import type { SignerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { batchIdOf } from '../messages/batch.ts';
import { blockDigest, type QuorumCertificate } from '../messages/block.ts';
import type { Evidence, EvidenceKind } from '../messages/evidence.ts';
import type { SignedTimeout } from '../messages/timeout.ts';
import { type Certificate, compareContent, type VoteClass } from '../messages/vote.ts';
import type { Verifier } from './verifier.ts';

export interface VerifiedEvidence {
  readonly signer: SignerId;
  readonly kind: EvidenceKind;
  /** One line for a person. */
  readonly explanation: string;
}

type Of<Kind extends EvidenceKind> = Extract<Evidence, { kind: Kind }>;

const none = (what: string) => refuse('EVIDENCE_NONE', what);
const notSigner = (what: string) => refuse('EVIDENCE_SIGNER', what);

/** The explanation, once every check holds; else the first refusal. */
function convict(explanation: string, ...checks: readonly (() => Result<undefined>)[]): Result<string> {
  for (const check of checks) {
    const checked = check();
    if (!checked.ok) return checked;
  }
  return accept(explanation);
}

const voteOf = (votes: Certificate, signer: SignerId): VoteClass | undefined =>
  votes.classes.find((one) => one.signers.includes(signer));

const signs = (signers: SignerSet, signer: SignerId): boolean => signers.includes(signer);

function checkVotes({ signer, first, second }: Of<'votes'>, verifier: Verifier): Result<string> {
  if (first.batch !== second.batch) return none('the votes are on different batches');
  const one = voteOf(first, signer);
  const other = voteOf(second, signer);
  if (!one || !other) return notSigner(`signer ${signer} is not in both aggregates`);
  if (compareContent(one, other) === 0) return none('the two votes are the same');
  return convict(
    `two different votes on batch ${first.batch}`,
    () => verifier.votes(first),
    () => verifier.votes(second),
  );
}

function checkMutual({ signer, first, second }: Of<'mutual'>, verifier: Verifier): Result<string> {
  if (first.batch === second.batch) return none('the votes are on one batch');
  const one = voteOf(first, signer);
  const other = voteOf(second, signer);
  if (!one || !other) return notSigner(`signer ${signer} is not in both aggregates`);
  if (!one.before.includes(second.batch) || !other.before.includes(first.batch))
    return none('the two votes do not list each other');
  return convict(
    `votes on batches ${first.batch} and ${second.batch}, each as accepted after the other`,
    () => verifier.votes(first),
    () => verifier.votes(second),
  );
}

/** Some signatures on a block, a quorum or not. */
const blockVotes = (qc: QuorumCertificate, verifier: Verifier): Result<undefined> =>
  verifier.blockVotes(qc.view, qc.block, qc.signers, qc.signature);

function checkBlocks({ signer, first, second }: Of<'blocks'>, verifier: Verifier): Result<string> {
  if (first.view !== second.view) return none('the signatures are of different views');
  if (first.block === second.block) return none('the signatures are on one block');
  if (!signs(first.signers, signer) || !signs(second.signers, signer))
    return notSigner(`signer ${signer} did not sign both blocks`);
  return convict(
    `signatures on blocks ${first.block} and ${second.block} in view ${first.view}`,
    () => blockVotes(first, verifier),
    () => blockVotes(second, verifier),
  );
}

function checkTimeouts({ signer, first, second }: Of<'timeouts'>, verifier: Verifier): Result<string> {
  if (first.signer !== signer || second.signer !== signer)
    return notSigner(`the timeouts are not both by signer ${signer}`);
  if (first.end !== second.end) return none('the timeouts are for different terms');
  if (
    first.lastSigned === second.lastSigned &&
    first.highView === second.highView &&
    first.highBlock === second.highBlock
  )
    return none('the two timeouts say the same');
  return convict(
    `two different timeouts for the term that ends with view ${first.end}`,
    () => verifier.timeout(first),
    () => verifier.timeout(second),
  );
}

/** A timeout and a signature by the signer, in a view that the timeout gives up. */
function checkGivenUp(
  signer: SignerId,
  timeout: SignedTimeout,
  signed: QuorumCertificate,
): Result<undefined> {
  if (timeout.signer !== signer) return notSigner(`the timeout is not by signer ${signer}`);
  if (!signs(signed.signers, signer)) return notSigner(`signer ${signer} did not sign the block`);
  return signed.view > timeout.end
    ? none('the block is of a view after the term that the timeout gives up')
    : accept(undefined);
}

function checkSignedAfter(
  { signer, timeout, signed }: Of<'signedAfterTimeout'>,
  verifier: Verifier,
): Result<string> {
  const givenUp = checkGivenUp(signer, timeout, signed);
  if (!givenUp.ok) return givenUp;
  if (signed.view <= timeout.lastSigned) return none('the timeout admits a signature in this view or later');
  return convict(
    `a signature in view ${signed.view} beside a timeout for views up to ${timeout.end} that names ` +
      `view ${timeout.lastSigned} as the last one signed`,
    () => verifier.timeout(timeout),
    () => blockVotes(signed, verifier),
  );
}

function checkHiddenQc(
  { signer, timeout, block, signed }: Of<'hiddenQc'>,
  verifier: Verifier,
): Result<string> {
  const givenUp = checkGivenUp(signer, timeout, signed);
  if (!givenUp.ok) return givenUp;
  if (signed.block !== blockDigest(block, verifier.n) || signed.view !== block.view)
    return none('the signature is on another block');
  if (timeout.highView >= block.justify.view) return none('the timeout names a high enough certificate');
  return convict(
    `a timeout that names the order certificate of view ${timeout.highView} as the highest, beside a ` +
      `signature on a block that holds the one of view ${block.justify.view}`,
    () => verifier.timeout(timeout),
    () => blockVotes(signed, verifier),
  );
}

function checkProposals({ signer, first, second }: Of<'proposals'>, verifier: Verifier): Result<string> {
  if (first.view !== second.view) return none('the proposals are for different views');
  if (first.block === second.block) return none('the proposals are of one block');
  return convict(
    `proposals of blocks ${first.block} and ${second.block} for view ${first.view}`,
    () => verifier.proposalSignature(signer, first.view, first.block, first.signature),
    () => verifier.proposalSignature(signer, second.view, second.block, second.signature),
  );
}

function checkBatches({ signer, first, second }: Of<'batches'>, verifier: Verifier): Result<string> {
  if (first.header.ingress !== signer || second.header.ingress !== signer)
    return notSigner(`the batches are not both of ingress ${signer}`);
  if (first.header.number !== second.header.number) return none('the batches have different numbers');
  const one = batchIdOf(first.header);
  const other = batchIdOf(second.header);
  if (one === other) return none('it is one batch');
  return convict(
    `batches ${one} and ${other} with number ${first.header.number}`,
    () => verifier.header(first.header, first.signature),
    () => verifier.header(second.header, second.signature),
  );
}

function check(evidence: Evidence, verifier: Verifier): Result<string> {
  switch (evidence.kind) {
    case 'votes':
      return checkVotes(evidence, verifier);
    case 'mutual':
      return checkMutual(evidence, verifier);
    case 'blocks':
      return checkBlocks(evidence, verifier);
    case 'timeouts':
      return checkTimeouts(evidence, verifier);
    case 'signedAfterTimeout':
      return checkSignedAfter(evidence, verifier);
    case 'hiddenQc':
      return checkHiddenQc(evidence, verifier);
    case 'proposals':
      return checkProposals(evidence, verifier);
    case 'batches':
      return checkBatches(evidence, verifier);
  }
}

/**
 * Checks evidence offline.
 * @returns a refusal that says which of the two it lacks: a contradiction (`EVIDENCE_NONE`), the accused
 *   (`EVIDENCE_SIGNER`), or a signature that verifies.
 */
export function verifyEvidence(evidence: Evidence, verifier: Verifier): Result<VerifiedEvidence> {
  const { signer, kind } = evidence;
  if (!verifier.federation.signers[signer]) return notSigner(`${signer} is not a signer`);
  const checked = check(evidence, verifier);
  return checked.ok ? accept({ signer, kind, explanation: checked.value }) : checked;
}
