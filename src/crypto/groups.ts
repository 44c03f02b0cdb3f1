/**
 * What a multi-signature claims, in the one form that every scheme verifies: distinct messages, each
 * with the signers that signed it, once.
 *
 * Rule: groups with equal messages are one group. A claim is refused (undefined) when it names nobody,
 * holds a group without signers, an index outside the key table, or one signer twice on one message:
 * `2 * signature` verifies against `2 * key`, so counting a signer twice would let one signer stand for
 * two. One signer on two different messages is a meaningful claim. Protocol sections 4 and 10.
 */

import { toHex } from '../base/bytes.ts';
import type { SignedGroup } from './scheme.ts';

export function mergeGroups(groups: readonly SignedGroup[], size: number): SignedGroup[] | undefined {
  if (groups.length === 0) return undefined;
  const merged = new Map<string, { signers: Set<number>; message: Uint8Array }>();
  for (const { signers, message } of groups) {
    if (signers.length === 0) return undefined;
    // The key is not needed when there is nothing to merge with, which is the usual case.
    const key = groups.length === 1 ? '' : toHex(message);
    let group = merged.get(key);
    if (!group) {
      group = { signers: new Set(), message };
      merged.set(key, group);
    }
    for (const signer of signers) {
      if (!Number.isInteger(signer) || signer < 0 || signer >= size) return undefined;
      if (group.signers.has(signer)) return undefined;
      group.signers.add(signer);
    }
  }
  return [...merged.values()].map((group) => ({ signers: [...group.signers], message: group.message }));
}
