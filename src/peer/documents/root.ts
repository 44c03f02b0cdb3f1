/**
 * The commitment to all documents, by which learners compare their states: the RFC 6962 Merkle root
 * over the documents in ascending order of their ids' UTF-8 bytes. A leaf is the digest (domain
 * `documents`) of id and canonical JSON, each with its length. It depends on the documents alone, not
 * on the order or grouping that led to them.
 *
 * It is computed by a scan that keeps O(log n) hashes. A store that wants it incrementally can keep the
 * 32-byte leaf hash beside each document, so that a scan reads and hashes no documents, and cache inner
 * nodes while ids are neither added nor removed: a change of one document then costs O(log n).
 */

import { bytesMax, type Codec, P } from '../../base/codec.ts';
import { hashBytes } from '../../base/hash.ts';
import { append, emptyFrontier, type Frontier, frontierRoot } from '../../base/merkle.ts';
import { documentBytesMax, documentIdBytesMax } from '../machine/json.ts';

/** A document as stored: its id's UTF-8 bytes, its canonical JSON's UTF-8 bytes. */
export interface DocumentEntry {
  readonly id: Uint8Array;
  readonly document: Uint8Array;
}

export const documentEntry = P.struct({
  id: bytesMax(documentIdBytesMax, 'id'),
  document: bytesMax(documentBytesMax, 'document'),
}) as unknown as Codec<DocumentEntry>;

/** The leaf data of one document, 32 bytes. */
export const documentLeaf = (entry: DocumentEntry): Uint8Array =>
  hashBytes('documents', documentEntry.encode(entry));

/** Takes documents in ascending order of id and yields their root at any time. */
export class DocumentsRoot {
  #frontier: Frontier = emptyFrontier;

  add(entry: DocumentEntry): void {
    this.#frontier = append(this.#frontier, documentLeaf(entry));
  }

  get count(): number {
    return this.#frontier.size;
  }

  get root(): Uint8Array {
    return frontierRoot(this.#frontier);
  }
}
