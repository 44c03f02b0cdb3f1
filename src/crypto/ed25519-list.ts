/**
 * The multi-signature scheme of small federations: an aggregate is the list of its single ed25519 signatures.
 * It grows with its signers, and each of them is checked; in exchange a signature costs a tenth of what BLS
 * takes to make and a fifteenth of what it takes to check. `schemes.ts` says where the two cross.
 *
 * Form of an aggregate: entries of 68 bytes, strictly ascending by signer (its index in the key table).
 * An entry is the first four bytes of the signer's public key, its tag, and the signature. The tag lets
 * `aggregate` and `subtract` tell signers apart without being told; two keys with one tag are refused when
 * the table is made. A list of no entries is the identity: nothing in a sum, and never a signature.
 *
 * Rules:
 * 1. A list is valid for a claim when its entries are exactly those of the signers claimed, each of whom
 *    signed one message, in the canonical order, and every signature is one that `ed25519.ts` accepts. So all
 *    implementations agree, and nobody but a signer can give its signature a second form.
 * 2. Form first: lengths, tags and order are checked before anything on the curve is computed.
 * 3. Signatures are NOT unique: a signer that lies can sign one message in many ways. So parts are taken
 *    out by signer and never by bytes. The rest of a list stands by itself whatever was taken out, since every
 *    entry is checked alone; nor can errors in two parts cancel each other.
 * 4. Lists that overlap add up to a list in which a signer stands twice, which is valid for no claim.
 *
 * Protocol sections 1, 4 and 10.
 */

import { compareBytes, concat, equalBytes, toHex, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/sha256.ts';
import { checkSeed, malformedKey, possessionMessage } from './bls.ts';
import { signatureBytes, signingKeyBytes } from './ed25519.ts';
import { validSigningKey } from './ed25519-noble.ts';
import type { MultiSignatureScheme, SchemeProvider, SchemeSigner, SignedGroup } from './scheme.ts';
import type { SignatureCheck, SingleSigner } from './signing.ts';
import { VerifiedSignatures } from './verified-signatures.ts';

/** Name of the scheme in the federation file. */
export const listName = 'ed25519-list';

const tagBytes = 4;
const entryBytes = tagBytes + signatureBytes;
const secretLabel = utf8('musig-paxos/1/ed25519-list/secret');
/** About 2 MB. At four signers the votes on the last 2,000 batches. */
const verifiedMax = 8192;

/** What Node and browsers do in their own way. */
export interface ListLibrary {
  /** @throws when the seed is not 32 bytes. */
  readonly signerFromSeed: (seed: Uint8Array) => SingleSigner;
  /** The check of signatures under a valid key, by all the rules of `ed25519.ts`. */
  readonly checkUnder: (publicKey: Uint8Array) => SignatureCheck;
  /** A collision-resistant digest that tells messages apart in memory. */
  readonly digest: (message: Uint8Array) => string;
}

const tagAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

interface TableKey {
  /** The public key in hex. */
  readonly id: string;
  readonly check: SignatureCheck;
}

interface Entry {
  readonly signer: number;
  readonly bytes: Uint8Array;
}

/** The signers of a federation and the lists over them. */
class ListScheme implements MultiSignatureScheme {
  readonly name = listName;
  readonly signatureBytes = entryBytes;
  readonly publicKeyBytes = signingKeyBytes;
  readonly size: number;
  readonly #keys: readonly TableKey[];
  readonly #signerOfTag = new Map<number, number>();
  readonly #library: ListLibrary;
  readonly #verified: VerifiedSignatures;

  /** @throws naming the signer whose key is malformed, of small order, or has the tag of another. */
  constructor(publicKeys: readonly Uint8Array[], library: ListLibrary, verified: VerifiedSignatures) {
    this.#library = library;
    this.#verified = verified;
    this.size = publicKeys.length;
    this.#keys = publicKeys.map((publicKey, signer) => {
      if (publicKey.length !== signingKeyBytes)
        malformedKey(signer, `has ${publicKey.length} bytes, expected ${signingKeyBytes}`);
      if (!validSigningKey(publicKey)) malformedKey(signer, 'is not an ed25519 key, or of small order');
      const tag = tagAt(publicKey, 0);
      const other = this.#signerOfTag.get(tag);
      if (other !== undefined)
        malformedKey(signer, `starts with the same ${tagBytes} bytes as that of signer ${other}`);
      this.#signerOfTag.set(tag, signer);
      return { id: toHex(publicKey), check: library.checkUnder(publicKey) };
    });
  }

  verify(groups: readonly SignedGroup[], list: Uint8Array): boolean {
    const groupOf = this.#claimOf(groups, list.length);
    if (!groupOf || !this.#matches(groupOf, list)) return false;
    const digests = groups.map(({ message }) => this.#library.digest(message));
    for (let at = 0; at < list.length; at += entryBytes) {
      const signer = this.#signerAt(list, at)!;
      const group = groupOf.get(signer)!;
      const signature = list.subarray(at + tagBytes, at + entryBytes);
      if (!this.#holds(signer, groups[group]!.message, digests[group]!, signature)) return false;
    }
    return true;
  }

  aggregate(parts: readonly Uint8Array[]): Uint8Array {
    if (parts.length === 0) throw new Error('nothing to aggregate');
    const entries = parts.flatMap((part) => this.#entriesOf(part));
    entries.sort((a, b) => a.signer - b.signer || compareBytes(a.bytes, b.bytes));
    return concat(...entries.map(({ bytes }) => bytes));
  }

  subtract(aggregate: Uint8Array, part: Uint8Array): Uint8Array {
    const leaving = new Set(this.#entriesOf(part).map(({ signer }) => signer));
    const staying = this.#entriesOf(aggregate).filter(({ signer }) => !leaving.has(signer));
    return concat(...staying.map(({ bytes }) => bytes));
  }

  wellFormed(list: Uint8Array): boolean {
    return list.length > 0 && list.length % entryBytes === 0 && this.#ascending(list);
  }

  /** Signer -> the group that claims it, when the claim is one and a list of this length may be valid for it. */
  #claimOf(groups: readonly SignedGroup[], length: number): Map<number, number> | undefined {
    const claimed = groups.reduce((sum, { signers }) => sum + signers.length, 0);
    if (claimed === 0 || length !== claimed * entryBytes) return undefined;
    if (groups.some(({ signers }) => signers.length === 0)) return undefined;
    const groupOf = new Map<number, number>();
    for (const [group, { signers }] of groups.entries())
      for (const signer of signers) groupOf.set(signer, group);
    return groupOf;
  }

  /**
   * True when a list has an entry for each signer claimed, in order. It has as many as there are claims, no
   * signer stands in it twice, and all of them are claimed: so nobody is claimed twice either, nor anybody
   * who is not in the table.
   */
  #matches(groupOf: ReadonlyMap<number, number>, list: Uint8Array): boolean {
    if (!this.#ascending(list)) return false;
    for (let at = 0; at < list.length; at += entryBytes)
      if (!groupOf.has(this.#signerAt(list, at)!)) return false;
    return true;
  }

  #signerAt = (list: Uint8Array, at: number): number | undefined => this.#signerOfTag.get(tagAt(list, at));

  /** Signers of the table, strictly ascending. */
  #ascending(list: Uint8Array): boolean {
    let last = -1;
    for (let at = 0; at < list.length; at += entryBytes) {
      const signer = this.#signerAt(list, at);
      if (signer === undefined || signer <= last) return false;
      last = signer;
    }
    return true;
  }

  #holds(signer: number, message: Uint8Array, digest: string, signature: Uint8Array): boolean {
    const { id, check } = this.#keys[signer]!;
    if (this.#verified.has(digest, id, signature)) return true;
    if (!check(message, signature)) return false;
    this.#verified.add(digest, id, signature);
    return true;
  }

  /** @throws when it is no list over this table; its order does not matter. */
  #entriesOf(list: Uint8Array): Entry[] {
    if (list.length % entryBytes !== 0)
      throw new Error(`signature has ${list.length} bytes, expected a multiple of ${entryBytes}`);
    const entries: Entry[] = [];
    for (let at = 0; at < list.length; at += entryBytes) {
      const signer = this.#signerAt(list, at);
      if (signer === undefined) throw new Error('signature by a key that is not in the table');
      entries.push({ signer, bytes: list.subarray(at, at + entryBytes) });
    }
    return entries;
  }
}

/** A provider with a memory of its own for signatures that were verified, or made with its keys. */
export function createListProvider(library: ListLibrary): SchemeProvider {
  const verified = new VerifiedSignatures(verifiedMax);
  const signerOf = (secretKey: Uint8Array): SchemeSigner & { readonly publicKey: Uint8Array } => {
    const single = library.signerFromSeed(secretKey);
    const id = toHex(single.publicKey);
    const tag = single.publicKey.subarray(0, tagBytes);
    return {
      publicKey: single.publicKey,
      sign(message) {
        const signature = single.sign(message);
        verified.add(library.digest(message), id, signature);
        return concat(tag, signature);
      },
    };
  };
  return {
    name: listName,
    keyFromSeed(seed) {
      checkSeed(seed);
      const secretKey = sha256(secretLabel, seed);
      return { secretKey, publicKey: signerOf(secretKey).publicKey };
    },
    signer: signerOf,
    provePossession(secretKey) {
      const signer = signerOf(secretKey);
      return signer.sign(possessionMessage(signer.publicKey));
    },
    verifyPossession(publicKey, proof) {
      if (publicKey.length !== signingKeyBytes || proof.length !== entryBytes) return false;
      if (!equalBytes(proof.subarray(0, tagBytes), publicKey.subarray(0, tagBytes))) return false;
      if (!validSigningKey(publicKey)) return false;
      return library.checkUnder(publicKey)(possessionMessage(publicKey), proof.subarray(tagBytes));
    },
    scheme: (publicKeys) => new ListScheme(publicKeys, library, verified),
  };
}
