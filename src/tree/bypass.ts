/**
 * The tree is a plan, not a dependency: around a silent node the message flows from its parent to its
 * children, and their votes flow past it (protocol section 3). A suspected node costs its own vote and
 * never its subtree's.
 *
 * The rule: cut every suspected node except the root out of the tree, and hang its children under its
 * parent, repeatedly. Both directions follow the same cut tree: an unsuspected `x` is among the relays
 * of `p` exactly when `p` is the effective parent of `x`, as long as both suspect the same signers.
 * Where they differ a message goes missing or comes twice, which receivers bear.
 */

import type { SignerId } from '../base/ids.ts';
import type { Tree } from './tree.ts';

/** To whom a node sends on the way down. */
export interface Reachable {
  /** Signers to send to and to wait for: children, or what stands in for suspected ones; by place in the tree. */
  readonly relays: readonly SignerId[];
  /** Suspected signers that were replaced: worth a message, not worth waiting for. */
  readonly suspects: readonly SignerId[];
}

/** The children of `node` with each suspected one replaced by its own children, repeatedly. */
export function reachableChildren(
  tree: Tree,
  node: SignerId,
  suspected: (id: SignerId) => boolean,
): Reachable {
  const relays: SignerId[] = [];
  const suspects: SignerId[] = [];
  // A stack with the next signer on top: siblings stay in order, stand-ins take their parent's place.
  const pending = tree.children(node).reverse();
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (suspected(id)) {
      suspects.push(id);
      pending.push(...tree.children(id).reverse());
    } else relays.push(id);
  }
  return { relays, suspects };
}

/**
 * The nearest ancestor that is not suspected: where `node` sends its votes. The root when all are
 * suspected, since nobody else can finish the attempt; undefined for the root itself.
 */
export function effectiveParent(
  tree: Tree,
  node: SignerId,
  suspected: (id: SignerId) => boolean,
): SignerId | undefined {
  const ancestors = tree.ancestors(node);
  return ancestors.find((id) => !suspected(id)) ?? ancestors[ancestors.length - 1];
}
