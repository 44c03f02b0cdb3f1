/** One block on its way through the tree of its view, at this signer (protocol section 6, 3a). */

import type { BlockDigest, SignerId, View } from '../base/ids.ts';
import type { ProposalMessage } from '../messages/peer.ts';
import type { Aggregate } from '../phases/contributions.ts';
import type { TreeRound } from '../phases/round.ts';
import type { Tree } from '../tree/tree.ts';

export interface BlockRound {
  readonly view: View;
  readonly block: BlockDigest;
  readonly leader: SignerId;
  readonly tree: Tree;
  readonly round: TreeRound<null>;
  /** Who sent us the proposal: our signatures go there. */
  readonly upstream: Set<SignerId>;
  /** Our own signature, once given. */
  own: Aggregate<null> | undefined;
  /** The proposal, once it was verified. */
  message: ProposalMessage | undefined;
}
