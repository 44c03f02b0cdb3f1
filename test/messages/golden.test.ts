/**
 * Frozen bytes of everything that is signed or hashed. A change here is a change of the protocol: signers
 * of both versions would not understand each other. `UPDATE_GOLDEN=1` rewrites the file.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { possessionMessage } from '../../src/crypto/bls.ts';
import { batchSigningBytes } from '../../src/messages/batch.ts';
import {
  blockDigest,
  blockSigningBytes,
  encodeBlock,
  encodeProposal,
  encodeQc,
  genesisDigest,
  proposalSigningBytes,
} from '../../src/messages/block.ts';
import { encodeEvidence, evidenceDigest } from '../../src/messages/evidence.ts';
import { encodeTc, timeoutSigningBytes } from '../../src/messages/timeout.ts';
import { transactionId, transactionSigningBytes } from '../../src/messages/transaction.ts';
import {
  certificateDigest,
  encodeCertificate,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { type OrderLeaf, orderLeaf } from '../../src/ordering/order.ts';
import * as plain from './plain-encoder.ts';
import {
  batches,
  blocks,
  certificates,
  epoch,
  evidence,
  federation,
  n,
  qc,
  tc,
  timeouts,
  transactions,
} from './samples.ts';

type Line = readonly [name: string, code: string, independent: string];
const line = (name: string, code: Uint8Array | string, independent: Uint8Array | string): Line => [
  name,
  typeof code === 'string' ? code : toHex(code),
  typeof independent === 'string' ? independent : plain.hex(independent),
];
const raw = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

function onTransactionsAndBatches(): Line[] {
  const lines = [line('federation epoch', epoch, plain.digestIn('federation', plain.federation(federation)))];
  for (const [name, one] of Object.entries(transactions)) {
    const id = transactionId(one);
    lines.push(line(`transaction ${name}, id`, id, plain.transactionId(one)));
    lines.push(
      line(
        `transaction ${name}, signed bytes`,
        transactionSigningBytes(id),
        plain.inDomain('transaction-signed', raw(id)),
      ),
    );
  }
  for (const [name, one] of Object.entries(batches))
    lines.push(
      line(`batch ${name}, id`, one.id, plain.batchId(one)),
      line(`batch ${name}, bytes`, one.bytes, plain.batch(one)),
      line(
        `batch ${name}, signed bytes`,
        batchSigningBytes(one.id),
        plain.inDomain('batch', raw(plain.batchId(one))),
      ),
    );
  return lines;
}

function onVotes(): Line[] {
  return Object.entries(certificates).flatMap(([name, one]) => [
    ...one.classes.map((each, i) => {
      const vote = voteOfClass(epoch, one.batch, each);
      return line(`certificate ${name}, vote ${i}, signed bytes`, voteSigningBytes(vote), plain.vote(vote));
    }),
    line(`certificate ${name}, bytes`, encodeCertificate(one, n), plain.certificate(one, n)),
    line(
      `certificate ${name}, digest`,
      certificateDigest(one, n),
      plain.digestIn('certificate', plain.certificate(one, n)),
    ),
  ]);
}

function onBlocks(): Line[] {
  const lines = [
    line('genesis digest', genesisDigest(epoch), plain.digestIn('genesis', raw(epoch))),
    line('order certificate', encodeQc(qc, n), plain.quorumCertificate(qc, n)),
    line(
      'timeout, signed bytes',
      timeoutSigningBytes(epoch, timeouts[0]!),
      plain.timeoutSigned(epoch, timeouts[0]!),
    ),
    line('timeout certificate', encodeTc(tc, n), plain.timeoutCertificate(tc, n)),
  ];
  for (const [name, one] of Object.entries(blocks)) {
    const independent = plain.block(one, n);
    const digest = plain.digestIn('block', independent);
    const signature = timeouts[0]!.signature;
    lines.push(
      line(`block ${name}, bytes`, encodeBlock(one, n), independent),
      line(`block ${name}, digest`, blockDigest(one, n), digest),
      line(
        `block ${name}, signed bytes`,
        blockSigningBytes(epoch, one.view, blockDigest(one, n)),
        plain.onBlock('block', epoch, one.view, digest),
      ),
      line(
        `block ${name}, signed bytes of its proposal`,
        proposalSigningBytes(epoch, one.view, blockDigest(one, n)),
        plain.onBlock('proposal', epoch, one.view, digest),
      ),
      line(
        `block ${name}, proposal`,
        encodeProposal({ block: one, signature }, n),
        Buffer.concat([raw(independent.length.toString(16).padStart(8, '0')), independent, signature]),
      ),
    );
  }
  return lines;
}

function onTheRest(): Line[] {
  const place: OrderLeaf = {
    batch: batches.first!.id,
    certificate: certificateDigest(certificates.single!, n),
    void: false,
    verdicts: ['executed', 'rejected', 'duplicate'],
  };
  const key = federation.signers[0]!.votingKey;
  return [
    ...evidence.flatMap((one) => [
      line(`evidence ${one.kind}, bytes`, encodeEvidence(one, n), plain.evidence(one, n)),
      line(
        `evidence ${one.kind}, digest`,
        evidenceDigest(one, n),
        plain.digestIn('evidence', plain.evidence(one, n)),
      ),
    ]),
    line('order leaf', orderLeaf(7, place), plain.leaf(7, place)),
    line(
      'order leaf, void',
      orderLeaf(8, { ...place, void: true, verdicts: [] }),
      plain.leaf(8, { ...place, void: true, verdicts: [] }),
    ),
    line('possession message', possessionMessage(key), plain.inDomain('possession', key)),
  ];
}

const lines = [...onTransactionsAndBatches(), ...onVotes(), ...onBlocks(), ...onTheRest()];
const path = new URL('./golden.txt', import.meta.url);

it.each(lines)('%s is what the field list says', (_, code, independent) => {
  expect(code).toBe(independent);
});

it('every vector is as frozen', () => {
  const now = lines.map(([name, code]) => `${name}: ${code}\n`).join('');
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, now);
  expect(now).toBe(readFileSync(path, 'utf8'));
  expect(new Set(lines.map(([name]) => name)).size).toBe(lines.length);
});
