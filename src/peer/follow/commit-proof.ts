/**
 * The proof that a block is committed, checked without knowing anything but the federation (protocol
 * section 6): a chain of blocks from it to one in the view right after its parent's, both certified. The
 * parent is then committed, and all its ancestors with it.
 *
 *   block  <-  proof[0]  <-  ...  <-  proof[k-1]  <-  proof[k]  <-  qc
 *                                     view v          view v+1
 */

import type { BlockDigest } from '../../base/ids.ts';
import { type Result, refuse } from '../../base/result.ts';
import { type Block, blockDigest, type QuorumCertificate } from '../../messages/block.ts';
import type { Verifier } from '../../verify/verifier.ts';

/** A block and what follows it, as in `BlockEvent`. */
export interface CommitProof {
  readonly block: Block;
  readonly proof: readonly Block[];
  readonly qc: QuorumCertificate;
}

/** Whether `child` may follow the block `parent` with the given digest. */
function follows(parent: Block, digest: BlockDigest, child: Block, epoch: Block['epoch']): boolean {
  return (
    child.epoch === epoch &&
    child.parent === digest &&
    child.justify.block === digest &&
    child.justify.view === parent.view &&
    child.height === parent.height + 1 &&
    child.view > parent.view
  );
}

/** A refusal says which link of the chain does not hold. Costs two verifications of order certificates. */
export function checkCommitProof(
  { block, proof, qc }: CommitProof,
  digest: BlockDigest,
  verifier: Verifier,
): Result<undefined> {
  if (block.epoch !== verifier.epoch) return refuse('EPOCH', 'the block is of another federation');
  let parent = block;
  let parentDigest = digest;
  let adjacent = false;
  for (const child of proof) {
    if (!follows(parent, parentDigest, child, verifier.epoch))
      return refuse('PROOF_CHAIN', `the proof of block ${block.height} is not a chain that starts at it`);
    adjacent = child.view === parent.view + 1;
    parent = child;
    parentDigest = blockDigest(child, verifier.n);
  }
  if (!adjacent)
    return refuse(
      'PROOF_VIEWS',
      `the proof of block ${block.height} does not end with a child in the next view`,
    );
  if (qc.block !== parentDigest || qc.view !== parent.view)
    return refuse(
      'PROOF_QC',
      `the order certificate is not for the end of the proof of block ${block.height}`,
    );
  const certified = verifier.qc(qc);
  return certified.ok ? verifier.qc(parent.justify) : certified;
}
