/** How the ledger keeps the proof that the head of the chain is committed (protocol section 6). */

import { bytesMax, type Codec, decode, listMax, P } from '../base/codec.ts';
import { accept, type Result } from '../base/result.ts';
import { type Block, decodeBlock, decodeQc, encodeBlock, encodeQc } from '../messages/block.ts';
import { frameBytesMax } from '../messages/limits.ts';
import type { HeadProof } from './contract.ts';

const part = bytesMax(frameBytesMax, 'part');
const wire = P.struct({ blocks: listMax(part, 1024, 'blocks'), qc: part }) as unknown as Codec<{
  blocks: Uint8Array[];
  qc: Uint8Array;
}>;

export const encodeHeadProof = (proof: HeadProof, n: number): Uint8Array =>
  wire.encode({ blocks: proof.blocks.map((block) => encodeBlock(block, n)), qc: encodeQc(proof.qc, n) });

export function decodeHeadProof(bytes: Uint8Array, n: number): Result<HeadProof> {
  const decoded = decode(wire, bytes, 'head proof');
  if (!decoded.ok) return decoded;
  const blocks: Block[] = [];
  for (const encoded of decoded.value.blocks) {
    const block = decodeBlock(encoded, n);
    if (!block.ok) return block;
    blocks.push(block.value);
  }
  const qc = decodeQc(decoded.value.qc, n);
  return qc.ok ? accept({ blocks, qc: qc.value }) : qc;
}
