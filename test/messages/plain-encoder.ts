/**
 * The canonical forms once more, straight from the field lists of protocol.md and the headers in
 * `src/messages`, on a DataView: no codec, no library but SHA-256. Golden vectors must be equal to what
 * this gives, so that they are more than a snapshot of the code.
 */

import { createHash } from 'node:crypto';
import type { Batch, BatchHeader } from '../../src/messages/batch.ts';
import type { Block, QuorumCertificate } from '../../src/messages/block.ts';
import type { Evidence, SignedHeader } from '../../src/messages/evidence.ts';
import type { Federation } from '../../src/messages/federation.ts';
import type { SignedTimeout, TimeoutCertificate, TimeoutStatement } from '../../src/messages/timeout.ts';
import type { Transaction } from '../../src/messages/transaction.ts';
import type { Certificate, Vote } from '../../src/messages/vote.ts';
import type { OrderLeaf } from '../../src/ordering/order.ts';

type Bytes = Uint8Array;

function integer(value: number, width: 1 | 2 | 4 | 8): Bytes {
  const view = new DataView(new ArrayBuffer(width));
  if (width === 1) view.setUint8(0, value);
  else if (width === 2) view.setUint16(0, value);
  else if (width === 4) view.setUint32(0, value);
  else view.setBigUint64(0, BigInt(value));
  return new Uint8Array(view.buffer);
}
const u8 = (value: number): Bytes => integer(value, 1);
const u16 = (value: number): Bytes => integer(value, 2);
const u32 = (value: number): Bytes => integer(value, 4);
const u64 = (value: number): Bytes => integer(value, 8);
const join = (...parts: readonly Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));
const raw = (hex: string): Bytes => new Uint8Array(Buffer.from(hex, 'hex'));
const bytes = (value: Bytes): Bytes => join(u32(value.length), value);
const short = (value: Bytes): Bytes => join(u16(value.length), value);
const text = (value: string): Bytes => short(new Uint8Array(Buffer.from(value, 'utf8')));
const list = <T>(items: readonly T[], one: (item: T) => Bytes): Bytes =>
  join(u32(items.length), ...items.map(one));
const list16 = <T>(items: readonly T[], one: (item: T) => Bytes): Bytes =>
  join(u16(items.length), ...items.map(one));
const maybe = <T>(value: T | undefined, one: (value: T) => Bytes): Bytes =>
  value === undefined ? u8(0) : join(u8(1), one(value));

const sha = (...parts: readonly Bytes[]): Bytes =>
  new Uint8Array(
    createHash('sha256')
      .update(join(...parts))
      .digest(),
  );
export const hex = (value: Bytes): string => Buffer.from(value).toString('hex');
const prefix = (domain: string): Bytes => {
  const name = Buffer.from(`musig-paxos/1/${domain}`);
  return join(u8(name.length), new Uint8Array(name));
};
export const digestIn = (domain: string, ...parts: readonly Bytes[]): string =>
  hex(sha(prefix(domain), ...parts));
export const inDomain = (domain: string, ...parts: readonly Bytes[]): Bytes => join(prefix(domain), ...parts);

/** Lowest signer in the lowest bit of the first byte. */
function bitmap(members: readonly number[], size: number): Bytes {
  const bits = Array.from({ length: Math.ceil(size / 8) }, (_, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, bit) => sum + (members.includes(8 * i + bit) ? 2 ** bit : 0), 0),
  );
  return Uint8Array.from(bits);
}

/** The root over a batch's transactions: up to four children a node, one alone goes up as it is. */
export function treeRoot(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 1) return leaves[0]!;
  const groups = leaves.flatMap((_, i) => (i % 4 === 0 ? [leaves.slice(i, i + 4)] : []));
  return treeRoot(
    groups.map((group) => (group.length === 1 ? group[0]! : sha(prefix('batch-node'), ...group))),
  );
}

export function federation(one: Federation): Bytes {
  const { limits } = one;
  return join(
    text(one.name),
    list16(one.signers, (signer) =>
      join(
        ...[signer.name, signer.address, signer.url, signer.region].map(text),
        short(signer.votingKey),
        short(signer.possessionProof),
        signer.signingKey,
        signer.transportKey,
      ),
    ),
    u16(one.byzantine),
    u16(one.faulty),
    text(one.scheme),
    u16(one.fanout),
    text(one.shape),
    list16(one.regions, text),
    list16(one.latencyMs, (row) => list16(row, u64)),
    text(one.clientSignatures),
    ...[
      limits.window,
      limits.batchBytesMax,
      limits.batchTransactionsMax,
      limits.bodyBytesMax,
      limits.dependenciesMax,
      limits.leaderTerm,
      limits.checkpointAfterMs,
      limits.checkpointBatches,
      limits.freezeAfterMs,
      limits.viewTimeoutMs,
      limits.levelTimeoutMs,
    ].map(u32),
  );
}

const unsigned = (one: Transaction): Bytes =>
  join(
    raw(one.epoch),
    bytes(one.client),
    u64(one.nonce),
    u64(one.expires),
    maybe(one.dependencies, (dependencies) => list(dependencies, bytes)),
    bytes(one.body),
  );
export const transactionId = (one: Transaction): string => digestIn('transaction', unsigned(one));
export const transaction = (one: Transaction): Bytes =>
  join(
    unsigned(one),
    maybe(one.signature, (value) => value),
  );

const headerBytes = (one: BatchHeader): Bytes =>
  join(
    raw(one.epoch),
    u16(one.ingress),
    u64(one.number),
    list(one.after, (entry) => join(u64(entry.number), raw(entry.id))),
    raw(one.root),
    u32(one.count),
  );

/** The header of a batch with the root worked out from its transactions. */
function header(one: Batch): Bytes {
  const leaves = one.transactions.map((each) => {
    const id = raw(transactionId(each));
    return each.signature ? sha(prefix('transaction-signed'), id, each.signature) : id;
  });
  return headerBytes({ ...one.header, root: hex(treeRoot(leaves)) as never, count: leaves.length });
}
export const batchId = (one: Batch): string => digestIn('batch', header(one));
export const batch = (one: Batch): Bytes =>
  join(header(one), list(one.transactions, transaction), one.signature);

export const vote = (one: Vote): Bytes =>
  inDomain(
    'vote',
    raw(one.epoch),
    raw(one.batch),
    u64(one.base),
    list(one.before, raw),
    list(one.rejects, u32),
  );

export function certificate(one: Certificate, n: number): Bytes {
  const union = [...new Set(one.classes.flatMap((each) => each.before))].sort();
  return join(
    raw(one.batch),
    list(union, raw),
    list(one.classes, (each) =>
      join(
        u64(each.base),
        bytes(
          bitmap(
            each.before.map((id) => union.indexOf(id)),
            union.length,
          ),
        ),
        list(each.rejects, u32),
        bytes(bitmap(each.signers, n)),
      ),
    ),
    bytes(one.signature),
  );
}

export const quorumCertificate = (one: QuorumCertificate, n: number): Bytes =>
  join(
    u64(one.view),
    raw(one.block),
    bytes(one.signers.length === 0 ? new Uint8Array(0) : bitmap(one.signers, n)),
    bytes(one.signature),
  );

export const block = (one: Block, n: number): Bytes =>
  join(
    raw(one.epoch),
    u64(one.height),
    u64(one.view),
    raw(one.parent),
    quorumCertificate(one.justify, n),
    list(one.entries, (entry) => join(raw(entry.batch), raw(entry.certificate))),
    raw(one.orderRoot),
  );

/** What is signed for a block or a proposal. */
export const onBlock = (domain: 'block' | 'proposal', epoch: string, view: number, digest: string): Bytes =>
  inDomain(domain, raw(epoch), u64(view), raw(digest));

const statement = (one: TimeoutStatement): Bytes =>
  join(u64(one.end), u64(one.lastSigned), u64(one.highView), raw(one.highBlock));
export const timeoutSigned = (epoch: string, one: TimeoutStatement): Bytes =>
  inDomain('timeout', raw(epoch), statement(one));
const timeout = (one: SignedTimeout): Bytes => join(statement(one), u16(one.signer), one.signature);
export const timeoutCertificate = (one: TimeoutCertificate, n: number): Bytes =>
  join(u64(one.end), list(one.votes, timeout), quorumCertificate(one.high, n));

const kinds = [
  'votes',
  'mutual',
  'blocks',
  'timeouts',
  'signedAfterTimeout',
  'hiddenQc',
  'proposals',
  'batches',
];
export function evidence(one: Evidence, n: number): Bytes {
  const signedHeader = (each: SignedHeader): Bytes => join(headerBytes(each.header), each.signature);
  const parts = (): Bytes[] => {
    switch (one.kind) {
      case 'votes':
      case 'mutual':
        return [certificate(one.first, n), certificate(one.second, n)];
      case 'blocks':
        return [quorumCertificate(one.first, n), quorumCertificate(one.second, n)];
      case 'timeouts':
        return [timeout(one.first), timeout(one.second)];
      case 'signedAfterTimeout':
        return [timeout(one.timeout), quorumCertificate(one.signed, n)];
      case 'hiddenQc':
        return [timeout(one.timeout), block(one.block, n), quorumCertificate(one.signed, n)];
      case 'proposals':
        return [one.first, one.second].map((each) => join(u64(each.view), raw(each.block), each.signature));
      case 'batches':
        return [signedHeader(one.first), signedHeader(one.second)];
    }
  };
  return join(u8(kinds.indexOf(one.kind)), u16(one.signer), list(parts(), bytes));
}

export const leaf = (position: number, one: OrderLeaf): Bytes =>
  sha(
    prefix('order-leaf'),
    u64(position),
    raw(one.batch),
    raw(one.certificate),
    u8(one.void ? 1 : 0),
    list(one.verdicts, (verdict) => u8(['executed', 'rejected', 'duplicate'].indexOf(verdict))),
  );
