/** What the log says of evidence is enough to convict, with nothing but the federation file. */

import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { batchNumber, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { planTestnet } from '../../src/cli/testnet/plan.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { deriveSignerKeys } from '../../src/crypto/keys.ts';
import { makeBatch } from '../../src/messages/batch.ts';
import { epochOf } from '../../src/messages/federation.ts';
import { formatFederation } from '../../src/messages/federation-file.ts';
import { neverExpires } from '../../src/messages/transaction.ts';
import { evidenceEntry } from '../../src/signer/evidence-entry.ts';

describe('evidence in the log', () => {
  it('verifies offline, and not when a byte of it is changed', () => {
    const { federation, signers } = must(planTestnet({ signers: 4, seed: '07' }));
    const epoch = epochOf(federation);
    const ingress = signerId(2);
    const { signingSeed } = deriveSignerKeys(signers[2]!.rootSeed, blstProvider);
    const { sign } = nodeSignerFromSeed(signingSeed);
    const twin = (body: string) => {
      const transaction = {
        epoch,
        client: Uint8Array.of(1),
        nonce: 1,
        expires: neverExpires,
        dependencies: [],
        body: utf8(body),
        signature: undefined,
      };
      return makeBatch({ epoch, ingress, number: batchNumber(1), after: [] }, [transaction], sign);
    };
    const entry = evidenceEntry({ kind: 'batches', signer: ingress, first: twin('a'), second: twin('b') }, 4);
    expect(entry).toMatchObject({ accused: 2, kind: 'batches' });
    const file = formatFederation(federation);
    expect(verifyCommand(JSON.stringify(entry.proof), file)).toMatchObject({ ok: true });
    const { hex } = entry.proof;
    const last = hex.endsWith('0') ? '1' : '0';
    const changed = { ...entry.proof, hex: hex.slice(0, -1) + last };
    expect(verifyCommand(JSON.stringify(changed), file)).toMatchObject({ ok: false });
  });
});
