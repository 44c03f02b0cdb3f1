/**
 * `musig-paxos verify`: checks a receipt, a proof or evidence offline, with nothing but the federation
 * file. What a file holds is told by its content:
 *
 *   receipt    { "kind": "receipt", ... }, as clients get it; several as JSON lines
 *   evidence   { "kind": "evidence", "hex": "..." }
 *   proof      what `GET /v1/blocks/{height}` answers: that this block is committed
 *
 * Only what was proven is printed.
 */

import { fromHex } from '../base/bytes.ts';
import type { Height } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { nodeSignatures } from '../crypto/ed25519-node.ts';
import { nodeSchemes } from '../crypto/schemes-node.ts';
import { type Block, blockDigest, decodeBlock, decodeQc } from '../messages/block.ts';
import { decodeEvidence } from '../messages/evidence.ts';
import type { Federation } from '../messages/federation.ts';
import { decodeReceiptJson } from '../messages/receipt.ts';
import { verifyEvidence } from '../verify/evidence.ts';
import { openFederation } from '../verify/federation.ts';
import { type VerifiedReceipt, verifyCommitProof, verifyReceipt } from '../verify/receipt.ts';
import type { Verifier } from '../verify/verifier.ts';

/** One thing that was verified. */
export interface Verified {
  readonly text: string;
  readonly json: object;
}

const hexMax = 64 << 20;

/** One line for a person. */
export function describeReceipt(receipt: VerifiedReceipt, federation: Federation): string {
  const { place, verdict, finality, signers, transaction } = receipt;
  const ingress = federation.signers[place.ingress]?.name ?? `${place.ingress}`;
  const where = `batch ${place.number} of ${ingress}, index ${place.index}`;
  const order = place.height === undefined ? '' : `, block ${place.height}, position ${place.position}`;
  const by = `by ${finality}, ${signers.length} of ${federation.signers.length} signers`;
  return `transaction ${transaction}: ${verdict} ${by} (${where}${order})`;
}

function checkReceipt(value: object, verifier: Verifier): Result<Verified> {
  const receipt = decodeReceiptJson(value, verifier.n);
  if (!receipt.ok) return receipt;
  const verified = verifyReceipt(receipt.value, verifier);
  if (!verified.ok) return verified;
  const text = describeReceipt(verified.value, verifier.federation);
  return accept({ text, json: { kind: 'receipt', ...verified.value } });
}

/** Bytes of a hex field of a file. */
function hexField(value: unknown, name: string): Result<Uint8Array> {
  if (typeof value !== 'string' || value.length > hexMax || !/^(?:[0-9a-f]{2})+$/.test(value))
    return refuse('VERIFY_FORM', `${name}: expected lower-case hex`);
  return accept(fromHex(value));
}

function checkEvidence(value: object, verifier: Verifier): Result<Verified> {
  const bytes = hexField('hex' in value ? value.hex : undefined, 'hex');
  if (!bytes.ok) return bytes;
  const evidence = decodeEvidence(bytes.value, verifier.n);
  if (!evidence.ok) return evidence;
  const verified = verifyEvidence(evidence.value, verifier);
  if (!verified.ok) return verified;
  const { signer, kind, explanation } = verified.value;
  const { name } = verifier.federation.signers[signer]!;
  return accept({
    text: `signer ${signer} (${name}) is faulty: ${explanation}`,
    json: { kind: 'evidence', signer, name, fault: kind, explanation },
  });
}

interface BlockFile {
  readonly height?: unknown;
  readonly digest?: unknown;
  readonly block: unknown;
  readonly proof: readonly unknown[];
  readonly qc: unknown;
}

function checkBlock(value: BlockFile, verifier: Verifier): Result<Verified> {
  const blocks: Block[] = [];
  for (const [i, hex] of [value.block, ...value.proof].entries()) {
    const bytes = hexField(hex, i === 0 ? 'block' : `proof[${i - 1}]`);
    if (!bytes.ok) return bytes;
    const block = decodeBlock(bytes.value, verifier.n);
    if (!block.ok) return block;
    blocks.push(block.value);
  }
  const qcBytes = hexField(value.qc, 'qc');
  if (!qcBytes.ok) return qcBytes;
  const qc = decodeQc(qcBytes.value, verifier.n);
  if (!qc.ok) return qc;
  const committed = verifyCommitProof({ blocks, qc: qc.value }, verifier);
  if (!committed.ok) return committed;
  const block = blocks[0]!;
  const digest = blockDigest(block, verifier.n);
  const height: Height = block.height;
  if ((value.height ?? height) !== height || (value.digest ?? digest) !== digest)
    return refuse('VERIFY_FORM', `the file says height ${value.height}, its block is ${height} (${digest})`);
  const signers = blocks[1]!.justify.signers;
  const { n } = verifier;
  return accept({
    text: `block ${height} is committed: ${block.entries.length} batches, signed by ${signers.length} of ${n} signers (${digest})`,
    json: {
      kind: 'block',
      height,
      view: block.view,
      digest,
      orderRoot: block.orderRoot,
      signers,
      entries: block.entries,
    },
  });
}

function checkOne(value: unknown, verifier: Verifier): Result<Verified> {
  if (typeof value !== 'object' || value === null)
    return refuse('VERIFY_FORM', 'expected a JSON object: a receipt, a proof or evidence');
  if ('kind' in value && value.kind === 'receipt') return checkReceipt(value, verifier);
  if ('kind' in value && value.kind === 'evidence') return checkEvidence(value, verifier);
  if ('block' in value && 'qc' in value && 'proof' in value && Array.isArray(value.proof))
    return checkBlock({ ...value, proof: value.proof }, verifier);
  return refuse('VERIFY_FORM', 'expected a receipt, a proof or evidence: "kind" is neither');
}

/** JSON values of a file: one, or one a line. */
function valuesOf(text: string): Result<{ readonly value: unknown; readonly line: number | undefined }[]> {
  try {
    return accept([{ value: JSON.parse(text), line: undefined }]);
  } catch {
    // Not one value: lines, then, and the first bad one is named.
  }
  const values: { value: unknown; line: number }[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      values.push({ value: JSON.parse(line), line: i + 1 });
    } catch {
      return refuse('VERIFY_FORM', `line ${i + 1}: expected JSON`);
    }
  }
  return values.length > 0 ? accept(values) : refuse('VERIFY_FORM', 'the file is empty');
}

/**
 * Verifies what a file holds. The refusal names the line, when there are several, and what is wrong.
 * @returns `json` is one object, or a list when the file has lines.
 */
export function verifyCommand(
  fileText: string,
  federationText: string,
): Result<{ readonly text: string; readonly json: unknown }> {
  const opened = openFederation(federationText, nodeSchemes, nodeSignatures);
  if (!opened.ok) return opened;
  const values = valuesOf(fileText);
  if (!values.ok) return values;
  const verified: Verified[] = [];
  for (const { value, line } of values.value) {
    const one = checkOne(value, opened.value);
    if (!one.ok)
      return refuse(
        one.error.code,
        line === undefined ? one.error.message : `line ${line}: ${one.error.message}`,
      );
    verified.push(one.value);
  }
  const single = values.value[0]!.line === undefined;
  return accept({
    text: verified.map((one) => `${one.text}\n`).join(''),
    json: single ? verified[0]!.json : verified.map((one) => one.json),
  });
}
