/**
 * Domain-separated SHA-256. Every digest in the protocol is `hash(domain, ...parts)`: the domain is
 * length-prefixed, so no digest of one kind can be mistaken for one of another kind.
 */

import { utf8 } from './bytes.ts';
import type { Digest } from './ids.ts';
import { sha256, sha256Hex } from './sha256.ts';

/** What a digest or a signature is over. The version is part of the name. */
export type Domain =
  | 'federation'
  | 'transaction'
  | 'transaction-signed'
  | 'batch'
  | 'batch-node'
  | 'vote'
  | 'certificate'
  | 'block'
  | 'proposal'
  | 'timeout'
  | 'possession'
  | 'order-leaf'
  | 'tie'
  | 'leader'
  | 'view-tree'
  | 'batch-tree'
  | 'genesis'
  | 'evidence'
  | 'learner-log'
  | 'documents';

const prefixes = new Map<Domain, Uint8Array>();

/** The bytes that start every message of a domain: one length byte, then `musig-paxos/1/<domain>`. */
export function domainPrefix(domain: Domain): Uint8Array {
  let prefix = prefixes.get(domain);
  if (!prefix) {
    const text = utf8(`musig-paxos/1/${domain}`);
    prefix = new Uint8Array(text.length + 1);
    prefix[0] = text.length;
    prefix.set(text, 1);
    prefixes.set(domain, prefix);
  }
  return prefix;
}

/** SHA-256 over the domain prefix and the parts, 32 bytes. Parts must be of self-delimiting form. */
export const hashBytes = (domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array =>
  sha256(domainPrefix(domain), ...parts);

/** The same as `hashBytes`, as hex. */
export const hash = (domain: Domain, ...parts: readonly Uint8Array[]): Digest =>
  sha256Hex(domainPrefix(domain), ...parts) as Digest;
