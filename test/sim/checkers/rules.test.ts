/** What checkers work out by themselves is what the engine works out, on random input. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaderOfTerm, leafOf } from '../../../sim/checkers/rules.ts';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { hash } from '../../../src/base/hash.ts';
import { type BatchId, type CertificateDigest, digestAs, type Epoch } from '../../../src/base/ids.ts';
import { orderLeaf, type Verdict } from '../../../src/ordering/order.ts';
import { leaderOf } from '../../../src/tree/shuffle.ts';

const someDigest = fc.string().map((text) => hash('batch', utf8(text)));

describe('the rules of the checkers', () => {
  it('make the same leaves of the order', () => {
    const place = fc.record({
      batch: someDigest.map((id) => digestAs<BatchId>(id)),
      certificate: someDigest.map((id) => digestAs<CertificateDigest>(id)),
      void: fc.boolean(),
      verdicts: fc.array(fc.constantFrom<Verdict>('executed', 'rejected', 'duplicate'), { maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.maxSafeNat(), place, (position, one) => {
        expect(toHex(leafOf(position, one))).toBe(toHex(orderLeaf(position, one)));
      }),
    );
  });

  it('draw the same leaders', () => {
    // Large and odd numbers of signers refuse words, and so read on in the stream.
    const signers = fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 2 ** 31 + 1, max: 2 ** 32 - 1 }),
    );
    fc.assert(
      fc.property(someDigest, fc.maxSafeNat(), signers, (id, term, n) => {
        const epoch = digestAs<Epoch>(id);
        expect(leaderOfTerm(epoch, term, n)).toBe(leaderOf(epoch, term, n));
      }),
    );
  });
});
