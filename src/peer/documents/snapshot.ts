/**
 * A snapshot: the documents of one position as a sequence of chunks, for a backup or another learner.
 *
 * Chunk 0 holds the manifest, the others documents in ascending order of id, each at least one. A chunk
 * ends with a digest of its own bytes, so damage is found at once and named. That digest proves nothing
 * against a liar; the manifest does: whoever restores brings the one it trusts, and the documents must
 * add up to its count and its state root. Until then nothing of a snapshot is visible.
 */

import { compareBytes, concat, equalBytes, toHex } from '../../base/bytes.ts';
import { type Codec, decode, digest, fixedBytes, listMax, optional, P, u32, u53 } from '../../base/codec.ts';
import { hashBytes } from '../../base/hash.ts';
import type { Digest } from '../../base/ids.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { type Manifest, type Position, SnapshotRefused } from '../api.ts';
import { canonicalJson, documentBytesMax, idFault, idOfBytes, parseJson } from '../machine/json.ts';
import { samePosition } from '../position.ts';
import { type DocumentEntry, DocumentsRoot, documentEntry } from './root.ts';

/** A chunk is closed when its documents reach this many bytes. */
const chunkBytes = 256 << 10;
const chunkBytesMax = chunkBytes + documentBytesMax + (64 << 10);
const chunkEntriesMax = 1024;
const digestBytes = 32;

const positionCodec = P.struct({ sequence: u53(), hash: digest() });

const manifestCodec = P.struct({
  format: u32(),
  genesis: positionCodec,
  position: positionCodec,
  stateRoot: digest(),
  count: u53(),
});

interface Chunk {
  readonly index: number;
  readonly manifest: Manifest | undefined;
  readonly entries: readonly DocumentEntry[];
}

const chunkCodec = P.struct({
  // Sets the digest of a chunk apart from that of a document, which starts with a length below 2^24.
  kind: fixedBytes(1),
  index: u32(),
  manifest: optional(manifestCodec),
  entries: listMax(documentEntry, chunkEntriesMax, 'entries'),
}) as unknown as Codec<Chunk & { kind: Uint8Array }>;

const kind = Uint8Array.of(1);

function encodeChunk(chunk: Chunk): Uint8Array {
  const bytes = chunkCodec.encode({ kind, ...chunk });
  return concat(bytes, hashBytes('documents', bytes));
}

function decodeChunk(bytes: Uint8Array): Result<Chunk> {
  if (bytes.length > chunkBytesMax || bytes.length <= digestBytes)
    return refuse('CHUNK_LENGTH', `has ${bytes.length} bytes`);
  const content = bytes.subarray(0, bytes.length - digestBytes);
  if (!equalBytes(hashBytes('documents', content), bytes.subarray(content.length)))
    return refuse('CHUNK_DIGEST', 'does not match its digest');
  const decoded = decode(chunkCodec, content, 'chunk');
  if (decoded.ok && !equalBytes(decoded.value.kind, kind)) return refuse('CHUNK_KIND', 'is not a chunk');
  return decoded;
}

/**
 * The chunks of a snapshot.
 * @param manifest what the entries add up to.
 * @param entries in ascending order of id.
 */
export async function* snapshotChunks(
  manifest: Manifest,
  entries: AsyncIterable<DocumentEntry>,
): AsyncGenerator<Uint8Array> {
  let index = 0;
  yield encodeChunk({ index: index++, manifest, entries: [] });
  let pending: DocumentEntry[] = [];
  let bytes = 0;
  for await (const entry of entries) {
    pending.push(entry);
    bytes += entry.id.length + entry.document.length;
    if (bytes < chunkBytes && pending.length < chunkEntriesMax) continue;
    yield encodeChunk({ index: index++, manifest: undefined, entries: pending });
    pending = [];
    bytes = 0;
  }
  if (pending.length > 0) yield encodeChunk({ index, manifest: undefined, entries: pending });
}

/** The manifest in a snapshot's first chunk: what its maker claims. */
export function readManifest(chunk: Uint8Array): Result<Manifest> {
  const decoded = decodeChunk(chunk);
  if (!decoded.ok) return decoded;
  const { index, manifest, entries } = decoded.value;
  if (index !== 0 || manifest === undefined || entries.length > 0)
    return refuse('MANIFEST', 'is not the first chunk of a snapshot');
  return manifest.format === 1 ? accept(manifest) : refuse('MANIFEST', `has format ${manifest.format}`);
}

/** What differs between a manifest and the expected one, if anything. */
function manifestFault(manifest: Manifest, expect: Manifest): string | undefined {
  if (!samePosition(manifest.genesis, expect.genesis)) return 'is of another federation';
  if (!samePosition(manifest.position, expect.position)) return 'is of another position';
  if (manifest.stateRoot !== expect.stateRoot) return 'has another state root';
  return manifest.count === expect.count ? undefined : 'has another count';
}

/** What is wrong with a document, given the id before it, if anything. */
function entryFault(entry: DocumentEntry, previous: Uint8Array | undefined): string | undefined {
  if (previous && compareBytes(previous, entry.id) >= 0) return 'holds ids that do not ascend';
  let id: string;
  try {
    id = idOfBytes(entry.id);
  } catch {
    return 'holds an id that is not UTF-8';
  }
  const fault = idFault(id);
  if (fault !== undefined) return fault;
  const parsed = parseJson(entry.document);
  const canonical = parsed.ok ? canonicalJson(parsed.value) : parsed;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(entry.document);
  return canonical.ok && canonical.value === text ? undefined : 'holds a document that is not canonical JSON';
}

/**
 * The documents of a snapshot, one chunk at a time, checked as far as they go. Only when the generator
 * has ended without a throw are they the documents of `expect`: stage them until then.
 * @throws SnapshotRefused naming the chunk.
 */
export async function* verifiedEntries(
  chunks: AsyncIterable<Uint8Array>,
  expect: Manifest,
): AsyncGenerator<readonly DocumentEntry[]> {
  const root = new DocumentsRoot();
  let index = 0;
  let previous: Uint8Array | undefined;
  const refused = (why: string): SnapshotRefused => new SnapshotRefused(`snapshot chunk ${index} ${why}`);
  for await (const bytes of chunks) {
    if (index === 0) {
      const manifest = readManifest(bytes);
      const fault = manifest.ok ? manifestFault(manifest.value, expect) : manifest.error.message;
      if (fault !== undefined) throw refused(fault);
    } else {
      const chunk = decodeChunk(bytes);
      if (!chunk.ok) throw refused(chunk.error.message);
      if (chunk.value.index !== index) throw refused(`is number ${chunk.value.index}`);
      if (chunk.value.manifest || chunk.value.entries.length === 0) throw refused('holds no documents');
      for (const entry of chunk.value.entries) {
        const fault = entryFault(entry, previous);
        if (fault !== undefined) throw refused(fault);
        root.add(entry);
        previous = entry.id;
      }
      if (root.count > expect.count) throw refused('holds more documents than the manifest');
      yield chunk.value.entries;
    }
    index += 1;
  }
  if (index === 0 || root.count < expect.count)
    throw new SnapshotRefused(
      `the snapshot ends after chunk ${index - 1}, with ${root.count} of ${expect.count} documents`,
    );
  if (toHex(root.root) !== expect.stateRoot)
    throw new SnapshotRefused('the documents of the snapshot do not hash to the state root of the manifest');
}

/** The manifest of documents that were just scanned. */
export const manifestOf = (genesis: Position, position: Position, scanned: DocumentsRoot): Manifest => ({
  format: 1,
  genesis,
  position,
  stateRoot: toHex(scanned.root) as Digest,
  count: scanned.count,
});
